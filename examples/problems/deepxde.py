"""The problems of DeepXDE's examples, by its names for them, as they are stated here.

Each is a function that makes the problem; a few lines, with coefficients as there or simpler. They are statements, not
trained here. Those of fractional Laplacians in more dimensions or of unknown order are missing, as there are none
in `pinn`. Data are made up, where they are read from files there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops, pinn

pi = math.pi
LINE, SQUARE = pinn.Interval(x=(-1, 1)), pinn.Rectangle(x=(0, 1), y=(0, 1))
STRIP = pinn.Rectangle(x=(-1, 1), t=(0, 1))
IN_TIME = pinn.Interval(t=(0, 10))

FORWARD: dict[str, Callable[[], pinn.Problem]] = {
    "Allen_Cahn": lambda: pinn.Problem(
        STRIP,
        lambda u, p: u.t - 1e-3 * u.xx - 5 * (u - u**3),
        [pinn.initial(lambda p: p.x**2 * ops.cos(pi * p.x)), pinn.dirichlet(-1.0, on="boundary")],
    ),
    "Beltrami_flow": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), y=(-1, 1), z=(-1, 1), t=(0, 1)),
        navier_stokes(1.0),
        [pinn.dirichlet(0.0, on="boundary", of=name) for name in ("u", "v", "w")],
    ),
    "Burgers": pinn.burgers,
    "Burgers_NNCG": pinn.burgers,
    "Burgers_RAR": pinn.burgers,  # `solve` draws points where the residual is large
    "Euler_beam": lambda: pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, p: u.xxxx + 1,
        [
            pinn.dirichlet(0.0, on="x-"),
            pinn.neumann(0.0, on="x-"),
            pinn.boundary(lambda u, p: (u.xx, u.xxx), on="x+"),
        ],
    ),
    "Helmholtz_Dirichlet_2d": lambda: helmholtz(SQUARE),
    "Helmholtz_Dirichlet_2d_HPO": lambda: helmholtz(SQUARE),
    "Helmholtz_Neumann_2d_hole": lambda: pinn.Problem(
        SQUARE - pinn.Disk((0.5, 0.5), 0.25).named("hole"),
        lambda u, p: u.laplacian() + (2 * pi) ** 2 * u + (2 * pi) ** 2 * waves(p),
        [
            pinn.boundary(lambda u, p: u.normal - (u * 0 + waves(p)).normal, on="hole"),
            pinn.dirichlet(lambda p: waves(p), on=("x-", "x+", "y-", "y+")),
        ],
    ),
    "Helmholtz_Sound_hard_ABC_2d": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), y=(-1, 1)) - pinn.Disk((0, 0), 0.25).named("scatterer"),
        lambda u, v, p: (u.laplacian() + 4 * u, v.laplacian() + 4 * v),  # the real and the imaginary part
        [
            pinn.boundary(lambda u, v, p: (u.normal + 2 * v, v.normal - 2 * u), on=("x-", "x+", "y-", "y+")),
            pinn.boundary(
                lambda u, v, p: (
                    u.normal + p.normal_along("x") * 2 * ops.sin(2 * p.x),
                    v.normal - p.normal_along("x") * 2 * ops.cos(2 * p.x),
                ),
                on="scatterer",
            ),
        ],
    ),
    "Klein_Gordon": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), t=(0, 10)),
        lambda u, p: u.tt - u.xx + u**2 + p.x * ops.cos(p.t) - (p.x * ops.cos(p.t)) ** 2,
        [
            pinn.initial(lambda p: p.x),
            pinn.initial(0.0, order=1),
            pinn.dirichlet(lambda p: p.x * ops.cos(p.t), on="boundary"),
        ],
    ),
    "Kovasznay_flow": lambda: pinn.Problem(
        pinn.Rectangle(x=(-0.5, 1), y=(-0.5, 1.5)),
        steady_flow(1 / 20),
        [
            pinn.dirichlet(lambda p: 1 - ops.exp(-1.81 * p.x) * ops.cos(2 * pi * p.y), on="boundary", of="u"),
            pinn.dirichlet(lambda p: -0.288 * ops.exp(-1.81 * p.x) * ops.sin(2 * pi * p.y), on="boundary", of="v"),
            pinn.dirichlet(lambda p: (1 - ops.exp(-3.62 * p.x)) / 2, on="x+", of="q"),
        ],
    ),
    "Laplace_disk": lambda: pinn.Problem(
        pinn.Rectangle(r=(0.01, 1), th=(0, 2 * pi)),
        lambda u, p: p.r * u.r + p.r**2 * u.rr + u.by("th", "th"),
        [pinn.dirichlet(lambda p: ops.cos(p.th), on="r+"), pinn.periodic("th")],
    ),
    "Lotka_Volterra": lambda: pinn.Problem(
        pinn.Interval(t=(0, 1)),
        lambda r, f, p: (r.t - 20 * (2 * r - 4 * r * f), f.t - 20 * (2 * r * f - 1.5 * f)),
        [pinn.initial(100 / 200, of="r"), pinn.initial(15 / 200, of="f")],
    ),
    "Poisson_Dirichlet_1d": lambda: poisson_line([pinn.dirichlet(0.0, on="boundary")]),
    "Poisson_Dirichlet_1d_exactBC": lambda: poisson_line([], transform=lambda u, p: (1 - p.x**2) * u),
    "Poisson_Lshape": lambda: pinn.Problem(
        pinn.Polygon([(0, 0), (1, 0), (1, -1), (-1, -1), (-1, 1), (0, 1)]),
        lambda u, p: u.laplacian() + 1,
        [pinn.dirichlet(0.0, on="boundary")],
    ),
    "Poisson_Neumann_1d": lambda: poisson_line(
        [pinn.dirichlet(lambda p: (p.x + 1) ** 2, on="x-"), pinn.neumann(lambda p: 2 * (p.x + 1), on="x+")]
    ),
    "Poisson_PointSetOperator_1d": lambda: poisson_line(
        [pinn.dirichlet(0.0, on="x-"), pinn.at([[1.0]], lambda u, p: u.x - 4)]
    ),
    "Poisson_Robin_1d": lambda: poisson_line(
        [pinn.dirichlet(0.0, on="x-"), pinn.robin(-1.0, 1.0, 0.0, on="x+")]
    ),
    "Poisson_multiscale_1d": lambda: pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, p: u.xx + (2 * pi) ** 2 * ops.sin(2 * pi * p.x) + 0.1 * (50 * pi) ** 2 * ops.sin(50 * pi * p.x),
        [pinn.dirichlet(0.0, on="boundary")],
    ),
    "Poisson_periodic_1d": lambda: poisson_line([pinn.dirichlet(0.0, on="x-"), pinn.periodic("x", derivatives=0)]),
    "Schrodinger": lambda: pinn.Problem(
        pinn.Rectangle(x=(-5, 5), t=(0, pi / 2)),
        lambda u, v, p: (u.t + 0.5 * v.xx + (u**2 + v**2) * v, v.t - 0.5 * u.xx - (u**2 + v**2) * u),
        [
            pinn.initial(lambda p: 2 / ops.cosh(p.x), of="u"),
            pinn.initial(0.0, of="v"),
            pinn.periodic("x", derivatives=1),
        ],
    ),
    "Volterra_IDE": lambda: pinn.Problem(
        pinn.Interval(t=(0, 5)),
        lambda u, p: u.t + u - p.integral(lambda s, p: ops.exp(s - p.t) * u.at(s), 0.0, p.t),
        [pinn.initial(1.0)],
    ),
    "american_put": lambda: pinn.Problem(
        pinn.Rectangle(s=(0, 3), t=(0, 1)),  # t is the time that is left
        lambda u, p: ops.minimum(u.t - black_scholes(u, p), u - ops.maximum(1 - p.s, 0.0)),
        [pinn.initial(lambda p: ops.maximum(1 - p.s, 0.0)), pinn.dirichlet(0.0, on="s+")],
    ),
    "black_scholes_call": lambda: pinn.Problem(
        pinn.Rectangle(s=(0, 3), t=(0, 1)),
        lambda u, p: u.t - black_scholes(u, p),
        [pinn.initial(lambda p: ops.maximum(p.s - 1, 0.0)), pinn.dirichlet(0.0, on="s-")],
    ),
    "diffusion_1d": lambda: diffusion(),
    "diffusion_1d_exactBC": lambda: diffusion(
        [], transform=lambda u, p: p.t * (1 - p.x**2) * u + ops.sin(pi * p.x)
    ),
    "diffusion_1d_resample": lambda: diffusion(),
    "diffusion_reaction": lambda: pinn.Problem(
        pinn.Rectangle(x=(-pi, pi), t=(0, 1)),
        lambda u, p: u.t - u.xx - ops.exp(-p.t) * (1.5 * ops.sin(2 * p.x) + 63 / 8 * ops.sin(8 * p.x)),
        [pinn.initial(lambda p: ops.sin(p.x) + ops.sin(8 * p.x) / 8), pinn.dirichlet(0.0, on="boundary")],
    ),
    "elasticity_plate": lambda: pinn.Problem(
        SQUARE,
        elasticity,
        [
            pinn.dirichlet(0.0, on=("y-", "y+"), of="u"),
            pinn.dirichlet(0.0, on=("x-", "x+", "y-"), of="v"),
            pinn.boundary(lambda u, v, p: 2 * u.x + v.y, on=("x-", "x+")),
            pinn.boundary(lambda u, v, p: 2 * v.y + u.x - 2 * ops.sin(pi * p.x), on="y+"),
        ],
    ),
    "fractional_Poisson_1d": lambda: pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, p: pinn.riesz(u, p, "x", 1.5, (0, 1)) - 1.0,
        [pinn.dirichlet(0.0, on="boundary")],
    ),
    "fractional_diffusion_1d": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 1), t=(0, 1)),
        lambda u, p: u.t + pinn.riesz(u, p, "x", 1.8, (0, 1)) - ops.exp(-p.t),
        [pinn.dirichlet(0.0, on="boundary"), pinn.initial(lambda p: p.x**3 * (1 - p.x) ** 3)],
    ),
    "heat": lambda: pinn.heat(0.4),
    "heat_resample": lambda: pinn.heat(0.4),
    "ide": lambda: pinn.Problem(
        pinn.Interval(t=(0, 1)),
        lambda u, p: u.t + u - p.integral(lambda s, p: ops.exp(p.t - s) * u.at(s), 0.0, p.t) - 2 * ops.cos(2 * p.t),
        [pinn.initial(0.0)],
    ),
    "ode_2nd": lambda: pinn.Problem(
        pinn.Interval(t=(0, 0.25)),
        lambda y, p: y.tt - 10 * y.t + 9 * y - 5 * p.t,
        [pinn.initial(-1.0), pinn.initial(2.0, order=1)],
    ),
    "ode_system": lambda: pinn.Problem(
        IN_TIME,
        lambda a, b, p: (a.t - b, b.t + a),
        [pinn.initial(0.0, of="a"), pinn.initial(1.0, of="b")],
    ),
    "wave_1d": lambda: pinn.wave(2.0),
    # Functions and data
    "func": lambda: pinn.Problem(LINE, lambda u, p: u - p.x * ops.sin(5 * p.x)),
    "dataset": lambda: observed(np.linspace(-1, 1, 20)[:, None]),
    "mf_func": lambda: two_fidelities(),
    "mf_dataset": lambda: two_fidelities(),
}  # fmt: skip

INVERSE: dict[str, Callable[[], pinn.Problem]] = {
    "Klein_Gordon_inverse": lambda: klein_gordon(unknown("alpha"), unknown("beta")),
    "Lorenz_inverse": lambda: lorenz(lambda p: 0.0),
    "Lorenz_inverse_forced": lambda: lorenz(lambda p: 10 * ops.sin(2 * pi * p.t)),
    "Navier_Stokes_inverse": lambda: pinn.Problem(
        pinn.Rectangle(x=(1, 8), y=(-2, 2), t=(0, 7)),
        plane_flow(unknown("convection"), unknown("viscosity")),
        [pinn.observations([[2.0, 0.0, 1.0]], [1.0], of=name) for name in ("u", "v")],
    ),
    "brinkman_forchheimer": lambda: pinn.Problem(
        pinn.Interval(x=(0, 1)),
        brinkman(unknown("viscosity"), unknown("permeability")),
        [pinn.dirichlet(0.0, on="boundary"), pinn.observations([[0.3], [0.6]], [0.8, 0.9])],
    ),
    "diffusion_1d_inverse": lambda: diffusion(
        [pinn.initial(lambda p: ops.sin(pi * p.x)), pinn.observations([[0.5, 1.0]], [0.36])], rate=unknown("rate")
    ),
    "diffusion_reaction_rate": lambda: pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, k, p: 0.01 * u.xx - k * u - ops.sin(2 * pi * p.x),
        [pinn.dirichlet(0.0, on="boundary", of="u"), pinn.observations([[0.2], [0.8]], [0.1, 0.2], of="u")],
    ),
    "elliptic_inverse_field": lambda: pinn.Problem(
        LINE,
        lambda u, q, p: u.xx - q,
        [pinn.dirichlet(0.0, on="boundary", of="u"), pinn.observations([[0.2], [0.8]], [0.1, 0.2], of="u")],
    ),
    "elliptic_inverse_field_batch": lambda: INVERSE["elliptic_inverse_field"](),
    "elliptic_inverse_field_manual_dynamic_loss_weights": lambda: INVERSE["elliptic_inverse_field"](),
    "reaction_inverse": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 1), t=(0, 10)),
        reaction(unknown("kf"), unknown("D")),
        [pinn.initial(lambda p: ops.exp(-20 * p.x), of="a"), pinn.observations([[0.5, 5.0]], [0.3], of="b")],
    ),
}  # fmt: skip


def unknown(name: str) -> dt.Parameter:
    """A number to be found; `solve` is given it among `parameters`."""
    return dt.Parameter(dt.Tensor(1.0, dtype=dt.float64), name=name)


def klein_gordon(alpha: dt.Parameter, beta: dt.Parameter) -> pinn.Problem:
    known = lambda p: p.x * ops.cos(p.t)
    return pinn.Problem(
        STRIP,
        lambda u, p: u.tt + alpha * u.xx + beta * u + u**2 + known(p) - known(p) ** 2,
        [pinn.initial(known), pinn.observations([[0.5, 0.5]], [0.44]), pinn.dirichlet(known, on="boundary")],
    )


def black_scholes(u: Any, p: Any) -> Any:
    return 0.5 * 0.2**2 * p.s**2 * u.ss + 0.05 * p.s * u.s - 0.05 * u


def waves(p: Any) -> Any:
    return ops.sin(2 * pi * p.x) * ops.sin(2 * pi * p.y)


def helmholtz(domain: pinn.Domain) -> pinn.Problem:
    k = 4 * pi
    return pinn.Problem(
        domain,
        lambda u, p: -u.laplacian() - k**2 * u - k**2 * ops.sin(k * p.x) * ops.sin(k * p.y),
        [pinn.dirichlet(0.0, on="boundary")],
    )


def poisson_line(conditions: list[pinn.Condition], **options: Any) -> pinn.Problem:
    return pinn.Problem(LINE, lambda u, p: u.xx - 2, conditions, **options)


def diffusion(conditions: list[pinn.Condition] | None = None, rate: Any = 1.0, **options: Any) -> pinn.Problem:
    usual = [pinn.initial(lambda p: ops.sin(pi * p.x)), pinn.dirichlet(0.0, on="boundary")]
    return pinn.Problem(
        STRIP,
        lambda u, p: u.t - rate * u.xx + ops.exp(-p.t) * (1 - pi**2) * ops.sin(pi * p.x),
        usual if conditions is None else conditions,
        **options,
    )


def navier_stokes(viscosity: float) -> Callable[..., Any]:
    def equations(u: Any, v: Any, w: Any, q: Any, p: Any) -> Any:
        flow = pinn.Vector(u, v, w)
        momentum = [c.t + flow.dot(c.grad()) - viscosity * c.laplacian() for c in (u, v, w)]
        pressure = q.grad()
        return (flow.div(), *(m + pressure[i] for i, m in enumerate(momentum)))

    return equations


def plane_flow(convection: Any, viscosity: Any) -> Callable[..., Any]:
    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        flow = pinn.Vector(u, v)
        return (
            u.t + convection * flow.dot(u.grad()) + q.x - viscosity * u.laplacian(),
            v.t + convection * flow.dot(v.grad()) + q.y - viscosity * v.laplacian(),
            flow.div(),
        )

    return equations


def steady_flow(viscosity: float) -> Callable[..., Any]:
    return lambda u, v, q, p: (
        u * u.x + v * u.y + q.x - viscosity * u.laplacian(),
        u * v.x + v * v.y + q.y - viscosity * v.laplacian(),
        u.x + v.y,
    )


def elasticity(u: Any, v: Any, p: Any) -> Any:
    """Stresses are expressions, and their divergence is taken."""
    across, along, shear = 2 * u.x + v.y, 2 * v.y + u.x, (u.y + v.x) / 2
    return across.d("x") + shear.d("y"), shear.d("x") + along.d("y")


def lorenz(force: Callable[[Any], Any]) -> pinn.Problem:
    a, b, c = unknown("a"), unknown("b"), unknown("c")
    times = np.linspace(0, 3, 25)[:, None]
    return pinn.Problem(
        pinn.Interval(t=(0, 3)),
        lambda x, y, z, p: (x.t - a * (y - x), y.t - x * (b - z) + y, z.t - x * y + c * z - force(p)),
        [pinn.observations(times, np.zeros(25), of=name) for name in ("x", "y", "z")],
    )


def brinkman(viscosity: dt.Parameter, permeability: dt.Parameter) -> Callable[..., Any]:
    return lambda u, p: -viscosity / 0.4 * u.xx + 1e-3 / permeability * u - 1.0


def reaction(kf: dt.Parameter, diffusivity: dt.Parameter) -> Callable[..., Any]:
    return lambda a, b, p: (
        a.t - 1e-3 * diffusivity * a.xx + kf * a * b**2,
        b.t - 1e-3 * diffusivity * b.xx + 2 * kf * a * b**2,
    )


def observed(points: np.ndarray) -> pinn.Problem:
    return pinn.Problem(LINE, None, [pinn.observations(points, np.sin(points))], outputs=("u",))


def two_fidelities() -> pinn.Problem:
    """Of much poor data and little good: the good one is a function of the point and the poor one."""
    poor, good = np.linspace(-1, 1, 20)[:, None], np.array([[-0.5], [0.5]])
    data = [pinn.observations(poor, np.sin(poor), of="low"), pinn.observations(good, np.sin(good), of="high")]
    return pinn.Problem(LINE, lambda low, high, p: 0.0 * (low + high), data)
