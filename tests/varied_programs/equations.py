"""Equations: systems, high and mixed orders, many dimensions, coefficients that are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import RNG, Program, mean_square, network, points, weights


def navier_stokes(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Velocity and pressure in two dimensions, without time."""
    indices = [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)]
    values, by_x, by_y, by_xx, by_yy = dt.partials(lambda z: network(layers, z), indices)(x)
    u, v = values[:, 0], values[:, 1]
    viscous = 0.05 * (by_xx + by_yy)
    momentum_x = u * by_x[:, 0] + v * by_y[:, 0] + by_x[:, 2] - viscous[:, 0]
    momentum_y = u * by_x[:, 1] + v * by_y[:, 1] + by_y[:, 2] - viscous[:, 1]
    return mean_square(momentum_x) + mean_square(momentum_y) + mean_square(by_x[:, 0] + by_y[:, 1])


def vorticity(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """A stream function: the equation of its vorticity has third derivatives, pure and mixed."""
    names = {"x": (1, 0), "y": (0, 1), "xxx": (3, 0), "xxy": (2, 1), "xyy": (1, 2), "yyy": (0, 3)}
    d = dict(zip(names, dt.partials(lambda z: network(layers, z), list(names.values()))(x), strict=True))
    return mean_square(d["y"] * (d["xxx"] + d["xyy"]) - d["x"] * (d["xxy"] + d["yyy"]))


def maxwell(layers: dict[str, Any], x: dt.Tensor) -> dt.Tensor:
    """Curl of one field against another, and no divergence of either."""
    electric, curl = dt.curl(lambda z: network(layers["E"], z))(x)
    magnetic, divergence = dt.divergence(lambda z: network(layers["B"], z))(x)
    return mean_square(curl + magnetic) + mean_square(divergence) + mean_square(electric)


def schroedinger(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    h, h_t, h_xx = dt.partials(lambda z: network(layers, z), [(0, 0), (0, 1), (2, 0)])(x)
    size = ops.square(h).sum(1)
    real = -h_t[:, 1] + 0.5 * h_xx[:, 0] + size * h[:, 0]
    imaginary = h_t[:, 0] + 0.5 * h_xx[:, 1] + size * h[:, 1]
    return mean_square(real) + mean_square(imaginary)


def allen_cahn(parameters: dict[str, Any], x: dt.Tensor) -> dt.Tensor:
    """Two coefficients that are trained, one of them positive by construction."""
    u, u_t, u_xx = dt.partials(lambda z: network(parameters["layers"], z), [(0, 0), (0, 1), (2, 0)])(x)
    return mean_square(u_t - ops.exp(parameters["log diffusion"]) * u_xx + parameters["reaction"] * (u**3 - u))


def varying_diffusion(networks: list[list[dt.Tensor]], x: dt.Tensor) -> dt.Tensor:
    """Two networks: div(k(x) grad u), k unknown as well."""
    u_x, u_y, u_xx, u_yy = dt.partials(lambda z: network(networks[0], z), [(1, 0), (0, 1), (2, 0), (0, 2)])(x)
    log_k, k_x, k_y = dt.partials(lambda z: network(networks[1], z), [(0, 0), (1, 0), (0, 1)])(x)
    return mean_square(ops.exp(log_k) * (u_xx + u_yy + k_x * u_x + k_y * u_y) + 1)


def nonlinear_diffusion(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    def flux(z: dt.Tensor) -> dt.Tensor:
        u, u_x = dt.partials(lambda q: network(layers, q), [(0, 0), (1, 0)])(z)
        return (1 + u * u) * u_x

    (change,) = dt.partials(lambda z: network(layers, z), [(0, 1)])(x)
    (spread,) = dt.partials(flux, [(1, 0)])(x)
    return mean_square(change - spread)


def operator(coefficients: dict[tuple[int, ...], float]) -> Callable[..., dt.Tensor]:
    def loss(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        return mean_square(dt.linear_operator(lambda z: network(layers, z), coefficients)(x))

    return loss


def biharmonic(layers: list[dt.Tensor], x: dt.Tensor, load: dt.Tensor) -> dt.Tensor:
    return mean_square(dt.bilaplacian(lambda z: network(layers, z))(x)[1][:, 0] - load)


def laplacian(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u, lap = dt.laplacian(lambda z: network(layers, z, ops.silu))(x)
    return mean_square(lap + u**3)


def along_a_direction(layers: list[dt.Tensor], x: dt.Tensor, direction: dt.Tensor) -> dt.Tensor:
    """A derivative along a direction of its own at each point."""
    u, slope = dt.jvp(lambda z: network(layers, z), x, direction)
    return mean_square(slope + u)


def with_curvature(layers: list[dt.Tensor], x: dt.Tensor, direction: dt.Tensor) -> dt.Tensor:
    """A product with the Hessian at each point, forward over reverse."""
    gradient, product = dt.hvp(lambda z: network(layers, z).sum(), x, direction)
    return mean_square(product + gradient)


def eikonal(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Reverse mode at the points, inside reverse mode by the weights."""
    slope = dt.grad(lambda z: network(layers, z).sum())(x)
    return mean_square(ops.norm(slope, dim=1) - 1)


def full_hessian(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Monge-Ampère: the determinant of the matrix of second derivatives."""
    u_xx, u_xy, u_yy = dt.partials(lambda z: network(layers, z), [(2, 0), (1, 1), (0, 2)])(x)
    return mean_square(u_xx * u_yy - u_xy * u_xy - 1)


def minimal_surface(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u_x, u_y = dt.partials(lambda z: network(layers, z), [(1, 0), (0, 1)])(x)
    return ops.sqrt(1 + u_x * u_x + u_y * u_y).mean()


PROGRAMS: dict[str, Program] = {
    "Navier-Stokes": Program(navier_stokes, [weights(2, 10, 10, 3), points(365)], (365,)),
    "vorticity": Program(vorticity, [weights(2, 8, 8, 1), points(348)], (348,)),
    "Maxwell": Program(maxwell, [{"E": weights(3, 8, 3), "B": weights(3, 9, 3)}, points(356, 3)], (356,)),
    "Schroedinger": Program(schroedinger, [weights(2, 10, 2), points(357)], (357,)),
    "two trained coefficients": Program(
        allen_cahn,
        [{"layers": weights(2, 8, 8, 1), "log diffusion": np.array(-1.0), "reaction": np.array(0.7)}, points(358)],
        (358,),
    ),
    "two networks": Program(varying_diffusion, [[weights(2, 9, 1), weights(2, 6, 1)], points(359)], (359,)),
    "nested partials": Program(nonlinear_diffusion, [weights(2, 8, 8, 1), points(361)], (361,)),
    "Korteweg-de Vries": Program(operator({(3, 0): 1.0, (0, 1): 1.0}), [weights(2, 8, 8, 1), points(346)], (346,)),
    "mixed third order": Program(operator({(2, 1): 1.0, (0, 0): 0.5}), [weights(2, 8, 8, 1), points(344)], (344,)),
    "beam, order 4": Program(operator({(4, 0): 1.0, (0, 2): 1.0}), [weights(2, 8, 8, 1), points(343)], (343,)),
    "order 6": Program(operator({(6,): 0.1, (0,): 1.0}), [weights(1, 6, 6, 1), points(342, 1)], (342,)),
    "biharmonic": Program(biharmonic, [weights(2, 8, 8, 1), points(341), RNG.normal(size=341)], (341,)),
    "10 dimensions": Program(laplacian, [weights(10, 12, 12, 1), points(340, 10)], (340,)),
    "jvp": Program(along_a_direction, [weights(3, 8, 8, 1), points(362, 3), points(362, 3)], (362,)),
    "hvp": Program(with_curvature, [weights(3, 8, 8, 1), points(366, 3), points(366, 3)], (366,)),
    "eikonal": Program(eikonal, [weights(2, 9, 9, 1), points(367)], (367,)),
    "determinant of the Hessian": Program(full_hessian, [weights(2, 8, 8, 1), points(368)], (368,)),
    "minimal surface": Program(minimal_surface, [weights(2, 8, 8, 1), points(369)], (369,)),
}
