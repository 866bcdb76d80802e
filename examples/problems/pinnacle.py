"""The problems of PINNacle, by its names for them, as they are stated here.

Hao et al. 2024, *PINNacle: a comprehensive benchmark of physics-informed neural networks for solving PDEs*, NeurIPS 37.
Coefficients and shapes are as there or simpler; tables of coefficients and data are made up, where they are read from
files there.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from dualtape import ops, pinn

pi = math.pi
SQUARE = pinn.Rectangle(x=(-0.5, 0.5), y=(-0.5, 0.5))
UNIT = pinn.Rectangle(x=(0, 1), y=(0, 1))
CORNERS = [(-0.3, -0.3), (-0.3, 0.3), (0.3, -0.3), (0.3, 0.3)]
TIME = pinn.Interval(t=(0, 5))

PROBLEMS: dict[str, Callable[[], pinn.Problem]] = {
    "Burgers1d-C": pinn.burgers,
    "Burgers2d-C": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 4), y=(0, 4), t=(0, 1)),
        lambda u, v, p: (
            u.t + u * u.x + v * u.y - 1e-3 * u.laplacian(),
            v.t + u * v.x + v * v.y - 1e-3 * v.laplacian(),
        ),
        [
            pinn.initial(lambda p: ops.sin(pi * p.x / 2), of="u"),
            pinn.initial(lambda p: ops.cos(pi * p.y / 2), of="v"),
            pinn.periodic("x"),
            pinn.periodic("y"),
        ],
    ),
    "Poisson2d-C": lambda: pinn.Problem(
        with_holes(SQUARE, 0.1),
        lambda u, p: -u.laplacian(),
        [pinn.dirichlet(1.0, on=("x-", "x+", "y-", "y+")), pinn.dirichlet(0.0, on="hole")],
    ),
    "PoissonBoltzmann2d-CG": lambda: pinn.Problem(
        with_holes(pinn.Rectangle(x=(-1, 1), y=(-1, 1)), 0.2),
        lambda u, p: -u.laplacian() + 64 * u - 10 * (17 + p.x**2 + p.y**2) * ops.sin(pi * p.x) ** 2,
        [pinn.dirichlet(0.2, on=("x-", "x+", "y-", "y+")), pinn.dirichlet(1.0, on="hole")],
    ),
    "Poisson3d-CG": lambda: pinn.Problem(
        balls_out_of_a_cube(),
        lambda u, p: -ops.where(p.z < 0.5, 1.0, 8.0) * u.laplacian() + 64 * u - ops.exp(ops.sin(4 * pi * p.x)),
        [pinn.neumann(0.0, on="boundary")],
    ),
    "Poisson2d-MS": lambda: pinn.Problem(
        pinn.Rectangle(x=(-10, 10), y=(-10, 10)),
        lambda u, p: (table(p) * u.grad()).div() + ops.sin(p.x),
        [pinn.robin(1.0, 1.0, 0.0, on="boundary")],
    ),
    "Heat2d-VC": lambda: pinn.Problem(
        UNIT * TIME,
        lambda u, p: u.t - (table(p) * u.grad()).div() - 200 * ops.sin(pi * p.x) * ops.sin(5 * pi * p.y),
        [pinn.initial(0.0), pinn.dirichlet(0.0, on="boundary")],
    ),
    "Heat2d-MS": lambda: pinn.Problem(
        UNIT * TIME,
        lambda u, p: u.t - u.xx / (500 * pi) ** 2 - u.yy / pi**2,
        [pinn.initial(lambda p: ops.sin(20 * pi * p.x) * ops.sin(pi * p.y)), pinn.dirichlet(0.0, on="boundary")],
    ),
    "Heat2d-CG": lambda: pinn.Problem(
        with_holes(pinn.Rectangle(x=(-8, 8), y=(-12, 12)), 1.0) * pinn.Interval(t=(0, 3)),
        lambda u, p: u.t - u.laplacian(),
        [
            pinn.initial(0.0),
            pinn.robin(1.0, 1.0, 0.1, on=("x-", "x+", "y-", "y+")),
            pinn.robin(1.0, 1.0, 5.0, on="hole"),
        ],
    ),
    "Heat2d-LT": lambda: pinn.Problem(
        UNIT * pinn.Interval(t=(0, 100)),
        lambda u, p: u.t - 1e-3 * u.laplacian() - 5 * ops.sin(u**2) * ops.sin(pi * p.t),
        [pinn.initial(lambda p: ops.sin(4 * pi * p.x) * ops.sin(3 * pi * p.y)), pinn.dirichlet(0.0, on="boundary")],
    ),
    "NS2d-C": lambda: pinn.Problem(
        UNIT,
        flow(1 / 100),
        [
            pinn.dirichlet(lambda p: 4 * p.x * (1 - p.x), on="y+", of="u"),
            pinn.dirichlet(0.0, on=("x-", "x+", "y-"), of="u"),
            pinn.dirichlet(0.0, on="boundary", of="v"),
            pinn.at((0, 0), lambda u, v, q, p: q),
        ],
    ),
    "NS2d-CG": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 4), y=(0, 2)) - pinn.Rectangle(x=(-1, 1), y=(1, 3)),  # a step
        flow(1 / 100),
        [
            pinn.dirichlet(lambda p: 4 * p.y * (1 - p.y), on="x-", of="u"),
            pinn.dirichlet(0.0, on=("y-", "y+", "cut x+", "cut y-"), of="u"),
            pinn.dirichlet(0.0, on=("x-", "y-", "y+", "cut x+", "cut y-"), of="v"),
            pinn.dirichlet(0.0, on="x+", of="q"),
        ],
    ),
    "NS2d-LT": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 2), y=(0, 1)) * TIME,
        flow_in_time(1 / 100),
        [
            pinn.initial(0.0, of="u"),
            pinn.initial(0.0, of="v"),
            pinn.dirichlet(lambda p: ops.sin(pi * p.y) * ops.sin(pi * p.t), on="x-", of="u"),
            pinn.dirichlet(0.0, on=("y-", "y+"), of="u"),
            pinn.dirichlet(0.0, on=("x-", "y-", "y+"), of="v"),
            pinn.dirichlet(0.0, on="x+", of="q"),
        ],
    ),
    "Wave1d-C": lambda: pinn.wave(2.0),
    "Wave2d-CG": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), y=(-1, 1)) * TIME,
        lambda u, p: u.laplacian() - u.tt / table(p),
        [
            pinn.initial(lambda p: ops.exp(-(p.x**2 + p.y**2) / 0.18)),
            pinn.initial(0.0, order=1),
            pinn.neumann(0.0, on="boundary"),
        ],
    ),
    "Wave2d-MS": lambda: pinn.Problem(
        UNIT * pinn.Interval(t=(0, 100)),
        lambda u, p: u.tt - u.xx - 2 * u.yy,
        [
            pinn.initial(lambda p: ops.sin(pi * p.x) * ops.sin(pi * p.y)),
            pinn.initial(0.0, order=1),
            pinn.dirichlet(0.0, on="boundary"),
        ],
    ),
    "GS": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), y=(-1, 1)) * pinn.Interval(t=(0, 200)),
        lambda u, v, p: (
            u.t - 1e-5 * u.laplacian() - 0.04 * (1 - u) + u * v**2,
            v.t - 5e-6 * v.laplacian() + 0.1 * v - u * v**2,
        ),
        [
            pinn.initial(lambda p: 1 - ops.exp(-80 * ((p.x + 0.05) ** 2 + (p.y + 0.02) ** 2)), of="u"),
            pinn.initial(lambda p: ops.exp(-80 * ((p.x - 0.05) ** 2 + (p.y - 0.02) ** 2)), of="v"),
        ],
    ),
    "KS": lambda: pinn.Problem(
        pinn.Rectangle(x=(0, 2 * pi), t=(0, 1)),
        lambda u, p: u.t + 100 / 16 * u * u.x + 100 / 256 * u.xx + 100 / 65536 * u.xxxx,
        [pinn.initial(lambda p: ops.cos(p.x) * (1 + ops.sin(p.x))), pinn.periodic("x", derivatives=3)],
    ),
    "PNd": lambda: pinn.Problem(
        pinn.Rectangle(**{f"x{i}": (0, 1) for i in range(5)}),
        lambda u, p: -u.laplacian() - pi**2 / 4 * total_of_sines(p, 5),
        [pinn.dirichlet(lambda p: total_of_sines(p, 5), on="boundary", points=20)],
    ),
    "HNd": lambda: pinn.Problem(
        pinn.Ball([0.0] * 5, 1.0) * pinn.Interval(t=(0, 1)),
        lambda u, p: u.t - u.laplacian() / 5 + 2.0,
        [pinn.initial(lambda p: squared(p)), pinn.neumann(lambda p: 2.0 + 0 * p.t, on="sphere")],
    ),
    "PInv": lambda: pinn.Problem(
        UNIT,
        lambda u, a, p: (a * u.grad()).div() + ops.sin(pi * p.x) * ops.sin(pi * p.y),
        [sensors("u"), pinn.dirichlet(1.0, on="boundary", of="a")],
    ),
    "HInv": lambda: pinn.Problem(
        pinn.Rectangle(x=(-1, 1), y=(-1, 1)) * pinn.Interval(t=(0, 1)),
        lambda u, a, p: u.t - (a * u.grad()).div() - ops.exp(-p.t) * ops.sin(pi * p.x),
        [
            pinn.observations(np.random.default_rng(0).uniform(0, 1, (20, 3)), np.zeros(20), of="u"),
            pinn.dirichlet(2.0, on="boundary", of="a"),
        ],
    ),
    # Three of the families, each at another value of its parameter
    "Poisson-P": lambda: pinn.Problem(
        with_holes(pinn.Rectangle(x=(-2, 2), y=(-2, 2)), 0.4),
        lambda u, p: -u.laplacian(),
        [pinn.dirichlet(1.0, on=("x-", "x+", "y-", "y+")), pinn.dirichlet(0.0, on="hole")],
    ),
    "Wave-P": lambda: pinn.wave(10.0),
    "HNd-P": lambda: pinn.Problem(
        pinn.Ball([0.0] * 10, 1.0) * pinn.Interval(t=(0, 1)),
        lambda u, p: u.t - u.laplacian() / 10 + 2.0,
        [pinn.initial(lambda p: squared(p)), pinn.neumann(lambda p: 2.0 + 0 * p.t, on="sphere")],
    ),
}  # fmt: skip


def with_holes(box: pinn.Domain, radius: float) -> pinn.Domain:
    """A box with four round holes, whose edges are one part."""
    scale = box.upper / 0.5
    holes = [pinn.Disk(np.array(corner) * scale, radius).named("hole") for corner in CORNERS]
    return box - reduce(lambda a, b: a | b, holes)


def balls_out_of_a_cube() -> pinn.Domain:
    cube = pinn.Rectangle(x=(0, 1), y=(0, 1), z=(0, 1))
    return cube - pinn.Ball((0.4, 0.3, 0.6), 0.2).named("first") - pinn.Ball((0.6, 0.7, 0.6), 0.2).named("second")


def table(p: Any) -> Any:
    """A coefficient between the knots of a table, here of three values along x."""
    knots, values = np.linspace(-10, 10, 3), (1.0, 2.0, 1.5)
    hats = [ops.maximum(0.0, 1 - ops.abs(p.x - float(knot)) / 10) for knot in knots]
    return reduce(lambda a, b: a + b, [hat * value for hat, value in zip(hats, values, strict=True)])


def flow(viscosity: float) -> Callable[..., Any]:
    return lambda u, v, q, p: (
        u * u.x + v * u.y + q.x - viscosity * u.laplacian(),
        u * v.x + v * v.y + q.y - viscosity * v.laplacian(),
        u.x + v.y,
    )


def flow_in_time(viscosity: float) -> Callable[..., Any]:
    steady = flow(viscosity)

    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        first, second, mass = steady(u, v, q, p)
        return u.t + first + ops.sin(pi * p.x) * ops.sin(pi * p.t), v.t + second, mass

    return equations


def total_of_sines(p: Any, dimension: int) -> Any:
    return reduce(lambda a, b: a + b, [ops.sin(pi / 2 * getattr(p, f"x{i}")) for i in range(dimension)])


def squared(p: Any) -> Any:
    return ops.sum(p.points[:, :-1] ** 2, 1, keepdims=True)


def sensors(name: str) -> pinn.Condition:
    places = np.stack(np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5)), -1).reshape(-1, 2)
    return pinn.observations(places, np.sin(pi * places).prod(1), of=name)
