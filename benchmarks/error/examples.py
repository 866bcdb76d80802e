"""Problems of DeepXDE's examples and others; each function is the whole statement of one.

Conditions hold exactly where they can; networks are small, and chosen for each problem; all else is default.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from dualtape import nn, ops, pinn
from error.references import lorenz_path, moving_vortices

PI = math.pi


class Stated(NamedTuple):
    """What `pinn.solve` is given."""

    problem: pinn.Problem
    network: Callable[[], nn.Cell]
    parameters: tuple[dt.Parameter, ...] = ()


def unknown(name: str, value: float = 1.0) -> dt.Parameter:
    return dt.Parameter(dt.Tensor([value], dt.float64), name=name)


def ode_system() -> Stated:
    starts = [pinn.initial(0.0, of="a", hard=True), pinn.initial(1.0, of="b", hard=True)]
    problem = pinn.Problem(pinn.Interval(t=(0, 10)), lambda a, b, p: (a.t - b, b.t + a), starts)
    return Stated(problem, lambda: nn.MLP(1, 2, seed=0))


def lorenz_inverse() -> Stated:
    a, b, c = (unknown(name) for name in "abc")
    times = np.linspace(0, 3, 25)
    seen = [pinn.observations(times[:, None], x, of=n) for n, x in zip("xyz", lorenz_path(times), strict=True)]
    equations = lambda x, y, z, p: (x.t - a * (y - x), y.t - x * (b - z) + y, z.t - x * y + c * z)
    problem = pinn.Problem(pinn.Interval(t=(0, 3)), equations, seen)
    return Stated(problem, lambda: nn.MLP(1, 3, width=40, depth=3, seed=0), (a, b, c))


def volterra() -> Stated:
    equation = lambda u, p: u.t + u - p.integral(lambda s, p: ops.exp(s - p.t) * u.at(s), 0.0, p.t)
    problem = pinn.Problem(pinn.Interval(t=(0, 5)), equation, [pinn.initial(1.0, hard=True)])
    return Stated(problem, lambda: nn.MLP(1, 1, seed=0))


def helmholtz_with_a_hole() -> Stated:
    k, wave = 2 * PI, lambda p: ops.sin(2 * PI * p.x) * ops.sin(2 * PI * p.y)
    plate = pinn.Rectangle(x=(0, 1), y=(0, 1)) - pinn.Disk((0.5, 0.5), 0.25).named("hole")
    sides = pinn.dirichlet(0.0, on=("x-", "x+", "y-", "y+"), hard=True)
    hole = pinn.boundary(lambda u, p: u.normal - (u * 0 + wave(p)).normal, on="hole")
    return Stated(
        pinn.Problem(plate, lambda u, p: u.laplacian() + k**2 * (u + wave(p)), [sides, hole]),
        lambda: nn.MLP(2, 1, seed=0),
    )


def l_shape() -> Stated:
    corners = [(0, 0), (1, 0), (1, -1), (-1, -1), (-1, 1), (0, 1)]
    edges = [pinn.dirichlet(0.0, on="boundary", hard=True)]
    problem = pinn.Problem(pinn.Polygon(corners), lambda u, p: u.laplacian() + 1, edges)
    return Stated(problem, lambda: nn.MLP(2, 1, seed=0))


def allen_cahn() -> Stated:
    strip = pinn.Rectangle(x=(-1, 1), t=(0, 1))
    ends = [pinn.initial(lambda p: p.x**2 * ops.cos(PI * p.x), hard=True)]
    ends += [pinn.dirichlet(-1.0, on=("x-", "x+"), hard=True)]
    return Stated(
        pinn.Problem(strip, lambda u, p: u.t - 1e-3 * u.xx - 5 * (u - u**3), ends), lambda: nn.MLP(2, 1, seed=0)
    )


def klein_gordon() -> Stated:
    wave = lambda p: p.x * ops.cos(p.t)
    ends = [pinn.initial(wave, hard=True), pinn.initial(0.0, order=1, hard=True)]
    ends += [pinn.dirichlet(wave, on=("x-", "x+"), hard=True)]
    equation = lambda u, p: u.tt - u.xx + u**2 + wave(p) - wave(p) ** 2
    return Stated(pinn.Problem(pinn.Rectangle(x=(-1, 1), t=(0, 10)), equation, ends), lambda: nn.MLP(2, 1, seed=0))


def unknown_field() -> Stated:
    points = np.linspace(-1, 1, 100)[:, None]
    known = [pinn.dirichlet(0.0, on="boundary", of="u"), pinn.observations(points, np.sin(PI * points), of="u")]
    problem = pinn.Problem(pinn.Interval(x=(-1, 1)), lambda u, q, p: u.xx - q, known)
    return Stated(problem, lambda: nn.MLP(1, 2, seed=0))


def schroedinger() -> Stated:
    def equations(u: Any, v: Any, p: Any) -> Any:
        density = u**2 + v**2
        return u.t + 0.5 * v.xx + density * v, v.t - 0.5 * u.xx - density * u

    # Periodic but for e^-5, so that the beginning need not be so exactly.
    ends = [pinn.initial(lambda p: 2 / ops.cosh(p.x), of="u"), pinn.initial(0.0, of="v"), pinn.periodic("x", hard=True)]
    return Stated(pinn.Problem(pinn.Rectangle(x=(-5, 5), t=(0, PI / 2)), equations, ends), lambda: nn.MLP(3, 2, seed=0))


def kovasznay() -> Stated:
    nu, decay = 1 / 20, 10 - math.sqrt(100 + 4 * PI**2)

    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        flow = pinn.Vector(u, v)
        momentum = [c.grad().dot(flow) - nu * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
        return (*momentum, flow.div())

    along = lambda p: 1 - ops.exp(decay * p.x) * ops.cos(2 * PI * p.y)
    across = lambda p: decay / (2 * PI) * ops.exp(decay * p.x) * ops.sin(2 * PI * p.y)
    sides = [pinn.dirichlet(x, on="boundary", of=name, hard=True) for name, x in (("u", along), ("v", across))]
    sides += [pinn.at((1.0, 0.0), lambda u, v, q, p: q - (1 - ops.exp(2 * decay * p.x)) / 2)]
    return Stated(
        pinn.Problem(pinn.Rectangle(x=(-0.5, 1), y=(-0.5, 1.5)), equations, sides), lambda: nn.MLP(2, 3, seed=0)
    )


def cavity() -> Stated:
    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        flow = pinn.Vector(u, v)
        momentum = [flow.dot(c.grad()) - 0.01 * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
        return (*momentum, flow.div())

    walls = ("x-", "x+", "y-")
    sides = [pinn.dirichlet(0.0, on=walls, of="u", hard=True), pinn.dirichlet(0.0, on="boundary", of="v", hard=True)]
    sides += [pinn.dirichlet(lambda p: 16 * p.x**2 * (1 - p.x) ** 2, on="y+", of="u", hard=True)]
    sides += [pinn.at((0.0, 0.0), lambda u, v, q, p: q)]
    return Stated(pinn.Problem(pinn.Rectangle(x=(0, 1), y=(0, 1)), equations, sides), lambda: nn.MLP(2, 3, seed=0))


def beam() -> Stated:
    ends = [pinn.dirichlet(0.0, on="x-", hard=True), pinn.neumann(0.0, on="x-")]
    ends += [pinn.boundary(lambda u, p: (u.xx, u.xxx), on="x+")]
    return Stated(pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.xxxx + 1, ends), lambda: nn.MLP(1, 1, seed=0))


def wave() -> Stated:
    start = pinn.initial(lambda p: ops.sin(PI * p.x) + ops.sin(2 * PI * p.x), hard=True)
    ends = [start, pinn.initial(0.0, order=1, hard=True), pinn.dirichlet(0.0, on=("x-", "x+"), hard=True)]
    problem = pinn.Problem(pinn.Rectangle(x=(0, 1), t=(0, 1)), lambda u, p: u.tt - 100 * u.xx, ends)
    # Standing waves are products of functions of one coordinate, and the sine has many periods in each.
    return Stated(problem, lambda: pinn.SeparableMLP(2, 1, width=24, depth=2, rank=4, activation="sin", seed=0))


def burgers() -> Stated:
    start = pinn.initial(lambda p: -ops.sin(PI * p.x), hard=True)
    ends = [start, pinn.dirichlet(0.0, on=("x-", "x+"), hard=True)]
    equation = lambda u, p: u.t + u * u.x - 0.01 / PI * u.xx
    return Stated(pinn.Problem(pinn.Rectangle(x=(-1, 1), t=(0, 1)), equation, ends), lambda: nn.MLP(2, 1, seed=0))


def heat_in_five_dimensions() -> Stated:
    squared = lambda p: ops.sum(p.points[:, :5] ** 2, 1, keepdims=True)
    known = lambda p: ops.exp(squared(p) / 2 + p.t)
    ball = pinn.Ball([0.0] * 5, 1.0) * pinn.Interval(t=(0, 1))
    ends = [pinn.initial(known, hard=True), pinn.neumann(known, on="sphere", points=1_000)]
    equation = lambda u, p: u.t - u.laplacian() / 5 + squared(p) / 5 * known(p)
    return Stated(pinn.Problem(ball, equation, ends), lambda: nn.MLP(6, 1, width=32, depth=2, seed=0))


def elasticity() -> Stated:
    def stresses(u: Any, v: Any) -> Any:
        return 2 * u.x + v.y, 2 * v.y + u.x, 0.5 * (u.y + v.x)

    def equations(u: Any, v: Any, p: Any) -> Any:
        sx, cx, double = ops.sin(PI * p.x), ops.cos(PI * p.x), 2 * PI * p.x
        f = -8.5 * PI**2 * ops.cos(double) * ops.sin(PI * p.y) + 6 * PI * cx * p.y**3
        g = -3 * PI**2 * ops.sin(double) * ops.cos(PI * p.y) - 0.5 * PI**2 * sx * p.y**4 + 24 * sx * p.y**2
        across, along, shear = stresses(u, v)
        return across.d("x") + shear.d("y") - f, shear.d("x") + along.d("y") - g

    sides = [pinn.dirichlet(0.0, on=("y-", "y+"), of="u", hard=True)]
    sides += [pinn.dirichlet(0.0, on=("x-", "x+", "y-"), of="v", hard=True)]
    sides += [pinn.boundary(lambda u, v, p: stresses(u, v)[0], on=("x-", "x+"))]
    top = lambda u, v, p: stresses(u, v)[1] - 8 * ops.sin(PI * p.x)
    sides += [pinn.boundary(top, on="y+")]
    return Stated(pinn.Problem(pinn.Rectangle(x=(0, 1), y=(0, 1)), equations, sides), lambda: nn.MLP(2, 2, seed=0))


def navier_stokes_inverse() -> Stated:
    a, b = unknown("a", 0.5), unknown("b", 0.1)

    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        flow = pinn.Vector(u, v)
        momentum = [c.t + a * flow.dot(c.grad()) - b * c.laplacian() + d for c, d in ((u, q.x), (v, q.y))]
        return (*momentum, flow.div())

    points = np.random.default_rng(0).uniform((0, 0, 0), (2, 2, 1), (1_000, 3))
    seen = [pinn.observations(points, x, of=n) for n, x in zip("uv", moving_vortices(points), strict=True)]
    domain = pinn.Rectangle(x=(0, 2), y=(0, 2), t=(0, 1))
    return Stated(pinn.Problem(domain, equations, seen), lambda: nn.MLP(3, 3, width=24, depth=3, seed=0), (a, b))


def lotka_volterra() -> Stated:
    equations = lambda r, f, p: (r.t - 20 * (2 * r - 8 * r * f), f.t - 20 * (4 * r * f - 1.06 * f))
    starts = [pinn.initial(0.5, of="r"), pinn.initial(0.075, of="f")]
    problem = pinn.Problem(pinn.Interval(t=(0, 1)), equations, starts)
    # Five periods, with peaks of a tenth of one.
    return Stated(problem, lambda: pinn.FourierMLP(1, 2, width=20, depth=2, deviations=(3.0,), seed=0))


def american_put() -> Stated:
    def put(u: Any, p: Any) -> Any:
        waiting = u.t - (0.02 * p.s**2 * u.ss + 0.05 * p.s * u.s - 0.05 * u)
        return ops.minimum(waiting, u - ops.maximum(1 - p.s, 0.0))

    sides = [pinn.initial(lambda p: ops.maximum(1 - p.s, 0.0)), pinn.dirichlet(0.0, on="s+")]
    return Stated(pinn.Problem(pinn.Rectangle(s=(0, 3), t=(0, 1)), put, sides), lambda: nn.MLP(2, 1, seed=0))


STATEMENTS: dict[str, Callable[[], Stated]] = {
    function.__name__: function
    for function in (
        ode_system, lorenz_inverse, volterra, helmholtz_with_a_hole, l_shape, allen_cahn, klein_gordon, unknown_field,
        schroedinger, cavity, kovasznay, beam, wave, burgers, heat_in_five_dimensions, elasticity,
        navier_stokes_inverse, lotka_volterra, american_put,
    )
}  # fmt: skip
