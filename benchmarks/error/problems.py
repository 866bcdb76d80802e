"""Problems of the literature, each with its error: from analytic references, or spectral ones kept in a folder."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops, pinn
from error.cavity import cavity_reference

PI = math.pi
Predict = Callable[[np.ndarray], Any]
Rate = Callable[[float, np.ndarray], np.ndarray]
Beginning = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, Rate]]


@dataclass(frozen=True)
class Case:
    """A problem, the error of a solution, a function of places, and Parameters that are trained as well."""

    problem: pinn.Problem
    error: Callable[[Predict], float]
    parameters: tuple[dt.Parameter, ...] = ()


def _compared(problem: pinn.Problem, places: np.ndarray, reference: np.ndarray) -> Case:
    """The relative L2 error at places of shape (N, d), of the first unknowns, with the reference's values there."""
    reference = reference.reshape(len(places), -1)

    def error(solution: Predict) -> float:
        values = solution(places)
        columns = np.stack(values, axis=-1) if isinstance(values, tuple) else np.asarray(values)  # of several unknowns
        found = columns.reshape(len(places), -1)[:, : reference.shape[1]]
        return float(np.linalg.norm(found - reference) / np.linalg.norm(reference))

    return Case(problem, error)


def _grid(problem: pinn.Problem, size: int = 201) -> np.ndarray:
    axes = [np.linspace(*bounds, size) for bounds in zip(problem.domain.lower, problem.domain.upper, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _known(problem: pinn.Problem, places: np.ndarray | None = None) -> Case:
    places = _grid(problem) if places is None else places
    return _compared(problem, places, np.asarray(problem.exact(*places.T)))


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
    reference = _kept(cache / "allen_cahn.npy", lambda: _by_modes(problem, 512, _allen_cahn_rate))
    return _compared(problem, _grid(problem), reference)


def _allen_cahn_rate(x: np.ndarray, waves: np.ndarray) -> tuple[np.ndarray, Rate]:
    count = len(x)

    def rate(_: float, u: np.ndarray) -> np.ndarray:
        return np.fft.irfft(waves**2 * np.fft.rfft(u), count) * 1e-4 + 5 * (u - u**3)

    return x**2 * np.cos(PI * x), rate


def kuramoto_sivashinsky(cache: Path) -> Case:
    """u_t + 100/16 u u_x + 100/16^2 u_xx + 100/16^4 u_xxxx = 0 from cos x (1 + sin x), periodic, up to t = 0.25.

    Wang, Sankaran & Perdikaris 2024 (arXiv:2203.07404), section 4.3, at the beginning.
    """
    a, b, c = 100 / 16, 100 / 16**2, 100 / 16**4
    problem = pinn.Problem(
        pinn.Rectangle(x=(0, 2 * PI), t=(0, 0.25)),
        lambda u, p: u.t + a * u * u.x + b * u.xx + c * u.xxxx,
        [pinn.initial(lambda p: ops.cos(p.x) * (1 + ops.sin(p.x)), hard=True), pinn.periodic("x", hard=True)],
    )

    def beginning(x: np.ndarray, waves: np.ndarray) -> tuple[np.ndarray, Rate]:
        count = len(x)

        def rate(_: float, u: np.ndarray) -> np.ndarray:
            linear = (b * waves**2 + c * waves**4) * np.fft.rfft(u)
            return -np.fft.irfft(linear + a / 2 * waves * np.fft.rfft(u * u), count)

        return np.cos(x) * (1 + np.sin(x)), rate

    reference = _kept(cache / "kuramoto_sivashinsky.npy", lambda: _by_modes(problem, 128, beginning))
    return _compared(problem, _grid(problem), reference)


def _by_modes(problem: pinn.Problem, count: int, beginning: Beginning) -> np.ndarray:
    """On the grid of 201 x 201, of (x, t): Fourier modes, and SciPy's explicit Runge-Kutta method to 1e-10."""
    from scipy.integrate import solve_ivp

    (left, first), (right, last) = problem.domain.lower, problem.domain.upper
    x = np.linspace(left, right, count, endpoint=False)
    waves = 2j * PI / (right - left) * np.fft.rfftfreq(count, 1 / count)
    start, rate = beginning(x, waves)
    found = solve_ivp(rate, (first, last), start, "DOP853", np.linspace(first, last, 201), rtol=1e-10, atol=1e-12)
    modes = np.fft.rfft(found.y, axis=0) / count
    modes[1:-1] *= 2
    basis = np.exp(np.outer(np.linspace(left, right, 201) - left, waves))
    return np.asarray((basis @ modes).real)


def cavity(cache: Path) -> Case:
    """The steady flow at Re = 100 under a lid that moves at 16 x^2 (1 - x)^2: no velocity jumps in a corner.

    Shen 1991, *Hopf bifurcation of the unsteady regularized driven cavity flow*, J. Comput. Phys. 95.
    """
    nu, box = 1 / 100, pinn.Rectangle(x=(0, 1), y=(0, 1))

    def equations(u: Any, v: Any, q: Any, p: Any) -> Any:
        first = u * u.x + v * u.y + q.x - nu * (u.xx + u.yy)
        second = u * v.x + v * v.y + q.y - nu * (v.xx + v.yy)
        return first, second, u.x + v.y

    walls = ("x-", "x+", "y-")
    problem = pinn.Problem(
        box,
        equations,
        [
            pinn.dirichlet(0.0, on=walls, of="u", hard=True),
            pinn.dirichlet(lambda p: 16 * p.x**2 * (1 - p.x) ** 2, on="y+", of="u", hard=True),
            pinn.dirichlet(0.0, on=(*walls, "y+"), of="v", hard=True),
            pinn.at([[0.0, 0.0]], lambda u, v, q, p: q),
        ],
    )
    places = _grid(problem, 101)
    return _compared(problem, places, _kept(cache / "cavity.npy", lambda: cavity_reference(nu, places)))


def observations_of_burgers() -> tuple[np.ndarray, np.ndarray]:
    """Places, and the values there with noise."""
    random = np.random.default_rng(0)
    places = random.uniform((-1, 0), (1, 1), (200, 2))
    exact = pinn.burgers_exact(*places.T)
    return places, exact + 0.01 * exact.std() * random.normal(size=200)


def inverse_burgers(_: Path) -> Case:
    """u_t + a u u_x = b u_xx with a = 1 and b = 0.01 / pi unknown: 200 values with noise of 1 % of their size.

    Raissi, Perdikaris & Karniadakis 2019, section 4.1.1. The error is that of the worse coefficient.
    """
    truth = 1.0, 0.01 / PI
    a, b = (dt.Parameter(dt.Tensor(x, dt.float64), name=name) for name, x in (("a", 0.0), ("log b", -4.0)))
    problem = pinn.Problem(
        pinn.Rectangle(x=(-1, 1), t=(0, 1)),
        lambda u, p: u.t + a * u * u.x - ops.exp(b) * u.xx,
        [pinn.observations(*observations_of_burgers(), weight=10.0)],
    )

    def error(_: Predict) -> float:
        return max(abs(float(a) / truth[0] - 1), abs(math.exp(float(b)) / truth[1] - 1))

    return Case(problem, error, (a, b))


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
    "kuramoto_sivashinsky": kuramoto_sivashinsky,
    "cavity": cavity,
    "inverse_burgers": inverse_burgers,
}
