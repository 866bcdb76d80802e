"""Problems of the literature with references: analytic ones, or spectral ones that are kept in a folder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dualtape import ops, pinn

PI = math.pi


@dataclass(frozen=True)
class Case:
    """A problem; where errors are taken, of shape (N, d); the reference there."""

    problem: pinn.Problem
    places: np.ndarray
    reference: np.ndarray


def _grid(problem: pinn.Problem, size: int = 201) -> np.ndarray:
    axes = [np.linspace(*bounds, size) for bounds in zip(problem.domain.lower, problem.domain.upper, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _known(problem: pinn.Problem, places: np.ndarray | None = None) -> Case:
    places = _grid(problem) if places is None else places
    return Case(problem, places, np.asarray(problem.exact(*places.T)))


def helmholtz(_: Path) -> Case:
    """u_xx + u_yy + u = q with a1 = 1, a2 = 4: Wang, Teng & Perdikaris 2021."""
    a, b = PI, 4 * PI
    source = lambda p: (1 - a**2 - b**2) * ops.sin(a * p.x) * ops.sin(b * p.y)
    return _known(
        pinn.Problem(
            pinn.Rectangle(x=(-1, 1), y=(-1, 1)),
            lambda u, p: u.xx + u.yy + u - source(p),
            [pinn.dirichlet(0.0, on=("x-", "x+", "y-", "y+"), hard=True)],
            exact=lambda x, y: np.sin(a * x) * np.sin(b * y),
        )
    )


def klein_gordon(_: Path) -> Case:
    """u_tt - u_xx + u^3 = f with u = x cos(5 pi t) + (x t)^3: Wang, Teng & Perdikaris 2021."""
    exact = lambda f, x, t: x * f.cos(5 * PI * t) + (x * t) ** 3

    def source(p: Any) -> Any:
        u = exact(ops, p.x, p.t)
        return -25 * PI**2 * p.x * ops.cos(5 * PI * p.t) + 6 * p.x**3 * p.t - 6 * p.x * p.t**3 + u**3

    return _known(
        pinn.Problem(
            pinn.Rectangle(x=(0, 1), t=(0, 1)),
            lambda u, p: u.tt - u.xx + u**3 - source(p),
            [
                pinn.initial(lambda p: p.x, hard=True),
                pinn.initial(0.0, order=1, hard=True),
                pinn.dirichlet(0.0, on="x-", hard=True),
                pinn.dirichlet(lambda p: ops.cos(5 * PI * p.t) + p.t**3, on="x+", hard=True),
            ],
            exact=lambda x, t: exact(np, x, t),
        )
    )


def poisson_10d(_: Path) -> Case:
    """-laplace u = pi^2 / 4 sum sin(pi x_i / 2) in ten dimensions, with the exact values around it in the loss."""
    names = [f"x{i}_" for i in range(10)]
    domain = pinn.Rectangle(**dict.fromkeys(names, (-1, 1)))
    total = lambda p: sum(ops.sin(PI / 2 * getattr(p, name)) for name in names)

    def equation(u: Any, p: Any) -> Any:
        return sum(u.by(name, name) for name in names) + PI**2 / 4 * total(p)

    problem = pinn.Problem(
        domain,
        equation,
        [pinn.dirichlet(total, on=domain.faces, points=20, weight=10.0)],
        exact=lambda *x: sum(np.sin(PI / 2 * axis) for axis in x),
    )
    return _known(problem, np.random.default_rng(0).uniform(-1, 1, (10_000, 10)))


def allen_cahn(cache: Path) -> Case:
    """u_t = 1e-4 u_xx + 5 (u - u^3) from x^2 cos(pi x), periodic: Raissi, Perdikaris & Karniadakis 2019.

    The beginning has a kink where the period closes, and is no hard condition therefore.
    """
    problem = pinn.Problem(
        pinn.Rectangle(x=(-1, 1), t=(0, 1)),
        lambda u, p: u.t - 1e-4 * u.xx - 5 * (u - u**3),
        [pinn.initial(lambda p: p.x**2 * ops.cos(PI * p.x), points=400, weight=100.0), pinn.periodic("x", hard=True)],
    )
    places = _grid(problem)
    return Case(problem, places, _kept(cache / "allen_cahn.npy", _allen_cahn_reference).ravel())


def _allen_cahn_reference() -> np.ndarray:
    """On the grid of 201 x 201: 512 Fourier modes, and SciPy's implicit Runge-Kutta method to 1e-10."""
    from scipy.integrate import solve_ivp

    count = 512
    x = np.linspace(-1, 1, count, endpoint=False)
    waves = 1j * PI * np.fft.rfftfreq(count, 1 / count)

    def rate(_: float, u: np.ndarray) -> np.ndarray:
        return np.fft.irfft(waves**2 * np.fft.rfft(u), count) * 1e-4 + 5 * (u - u**3)

    times = np.linspace(0, 1, 201)
    found = solve_ivp(rate, (0, 1), x**2 * np.cos(PI * x), "DOP853", times, rtol=1e-10, atol=1e-12)
    modes = np.fft.rfft(found.y, axis=0) / count
    modes[1:-1] *= 2
    places = np.linspace(-1, 1, 201)
    basis = np.exp(np.outer(places + 1, waves))
    return np.asarray((basis @ modes).real)


def _kept(path: Path, compute: Callable[[], np.ndarray]) -> np.ndarray:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, compute())
    return np.asarray(np.load(path))


PROBLEMS: dict[str, Callable[[Path], Case]] = {
    "burgers": lambda _: _known(pinn.burgers()),
    "allen_cahn": allen_cahn,
    "klein_gordon": klein_gordon,
    "helmholtz": helmholtz,
    "wave": lambda _: _known(pinn.wave()),
    "heat": lambda _: _known(pinn.heat()),
    "poisson": lambda _: _known(pinn.poisson()),
    "poisson_10d": poisson_10d,
}
