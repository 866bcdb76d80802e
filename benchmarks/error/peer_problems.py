"""The problems once more, for other engines: equations from derivatives, and conditions that hold by construction.

Networks, hard conditions, points and weights are those of `problems.py`. ``f`` stands for the engine's functions
(``sin``, ``cos``, ``exp``), ``x`` for a tuple of coordinates, and an unknown ``u`` for its derivatives: ``u("xt")`` is
that by x, then by t, and ``u()`` the value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from error.problems import Case, Predict

PI = math.pi
POINTS = 2_500
"""At which equations are taken."""
TEN = "abcdefghij"
Unknown = Callable[..., Any]
Coordinates = tuple[Any, ...]


@dataclass(frozen=True)
class PeerProblem:
    """A problem on a box, which is that of the case of this name.

    Attributes
    ----------
    names
        A letter for each coordinate.
    residual
        Of ``f``, the unknowns, the coordinates and the coefficients that are found: one, or a tuple of them.
    held
        What of a network's outputs fulfils the conditions: of ``f``, the outputs and the coordinates, as many as there
        are outputs.
    features
        What the network is given, from coordinates that run from -1 to 1.
    soft
        For each condition that is in the loss, what has the values that are given, or is 0: of ``f``, the unknowns and
        the coordinates.
    """

    names: str
    residual: Callable[..., Any]
    held: Callable[..., Any]
    features: Callable[[Any, Coordinates], Coordinates] = lambda f, x: x
    soft: tuple[Callable[..., Any], ...] = ()


class SoftTerm(NamedTuple):
    """What the loss asks for: ``quantity`` has ``values`` of shape (N, 1) at ``places`` of shape (N, d)."""

    quantity: Callable[..., Any]
    places: np.ndarray
    values: np.ndarray
    weight: float


def points_inside(case: Case, seed: int) -> np.ndarray:
    """Where the equations are taken, of shape (N, d): the points that a training of ours has at first."""
    return case.problem.domain.points_inside(POINTS, "sobol", (seed, 0, 0))


def soft_terms(problem: PeerProblem, case: Case, seed: int) -> list[SoftTerm]:
    """The conditions in the loss, at the points that a training of ours has at first, and with its weights.

    A condition without one of its own has the least that ours would find, 10.
    """
    terms = []
    for i, (quantity, condition) in enumerate(zip(problem.soft, case.problem.conditions, strict=True)):
        drawn = condition.sample(case.problem.domain, "sobol", (seed, 0, i + 1))
        places = drawn["points"]
        values = drawn.get("values", np.zeros((len(places), 1)))
        terms.append(SoftTerm(quantity, places, values, 10.0 if condition.weight is None else condition.weight))
    return terms


def error_of(case: Case, predict: Predict, coefficients: Iterable[float]) -> float:
    """That of a peer's solution, and of the coefficients that it found."""
    for parameter, found in zip(case.parameters, coefficients, strict=True):
        parameter.set_data(dt.Tensor(float(found), dt.float64))
    return case.error(predict)


def as_tuple(values: Any) -> tuple[Any, ...]:
    """Of one value, that alone."""
    return values if isinstance(values, tuple) else (values,)


def _klein_gordon(f: Any, u: Unknown, x: Coordinates) -> Any:
    a, t = x
    exact = a * f.cos(5 * PI * t) + (a * t) ** 3
    source = -25 * PI**2 * a * f.cos(5 * PI * t) + 6 * a**3 * t - 6 * a * t**3 + exact**3
    return u("tt") - u("xx") + u() ** 3 - source


def _cavity(f: Any, u: Unknown, v: Unknown, q: Unknown, x: Coordinates) -> Any:
    carried = lambda w: u() * w("x") + v() * w("y") - (w("xx") + w("yy")) / 100
    return carried(u) + q("x"), carried(v) + q("y"), u("x") + v("y")


def _under_lid(f: Any, u: Any, v: Any, q: Any, x: Coordinates) -> Any:
    """Velocities that are 0 at the walls, but for the lid's."""
    inside = _inside(x[0]) * _inside(x[1])
    return 16 * x[0] ** 2 * (1 - x[0]) ** 2 * x[1] + inside * u, inside * v, q


def _inside(x: Any) -> Any:
    """0 at 0 and 1, 1 between them."""
    return 4 * x * (1 - x)


def _sines(f: Any, x: Coordinates) -> Any:
    return sum(f.sin(PI / 2 * a) for a in x)


def _around(f: Any, x: Coordinates) -> Coordinates:
    """A period along the first coordinate."""
    angle = PI * (x[0] + 1)
    return f.cos(angle), f.sin(angle), x[1]


PEER_PROBLEMS: dict[str, PeerProblem] = {
    "burgers": PeerProblem(
        "xt",
        lambda f, u, x: u("t") + u() * u("x") - 0.01 / PI * u("xx"),
        lambda f, u, x: -f.sin(PI * x[0]) + x[1] * (1 - x[0] ** 2) * u,
    ),
    "allen_cahn": PeerProblem(
        "xt",
        lambda f, u, x: u("t") - 1e-4 * u("xx") - 5 * (u() - u() ** 3),
        lambda f, u, x: u,
        _around,
        soft=(lambda f, u, x: u() - x[0] ** 2 * f.cos(PI * x[0]),),
    ),
    "klein_gordon": PeerProblem(
        "xt",
        _klein_gordon,
        lambda f, u, x: x[0] * (f.cos(5 * PI * x[1]) + x[1] ** 3) + x[1] ** 2 * _inside(x[0]) * u,
    ),
    "helmholtz": PeerProblem(
        "xy",
        lambda f, u, x: u("xx") + u("yy") + u() - (1 - 17 * PI**2) * f.sin(PI * x[0]) * f.sin(4 * PI * x[1]),
        lambda f, u, x: (1 - x[0] ** 2) * (1 - x[1] ** 2) * u,
    ),
    "wave": PeerProblem(
        "xt",
        lambda f, u, x: u("tt") - u("xx"),
        lambda f, u, x: f.sin(PI * x[0]) + x[1] ** 2 * _inside(x[0]) * u,
    ),
    "heat": PeerProblem(
        "xt",
        lambda f, u, x: u("t") - 0.1 * u("xx"),
        lambda f, u, x: f.sin(PI * x[0]) + x[1] * _inside(x[0]) * u,
    ),
    "poisson": PeerProblem(
        "xy",
        lambda f, u, x: u("xx") + u("yy") + 2 * PI**2 * f.sin(PI * x[0]) * f.sin(PI * x[1]),
        lambda f, u, x: _inside(x[0]) * _inside(x[1]) * u,
    ),
    "poisson_10d": PeerProblem(
        TEN,
        lambda f, u, x: sum(u(2 * name) for name in TEN) + PI**2 / 4 * _sines(f, x),
        lambda f, u, x: u,
        soft=(lambda f, u, x: u() - _sines(f, x),),
    ),
    "kuramoto_sivashinsky": PeerProblem(
        "xt",
        lambda f, u, x: u("t") + 6.25 * u() * u("x") + 100 / 16**2 * u("xx") + 100 / 16**4 * u("xxxx"),
        lambda f, u, x: f.cos(x[0]) * (1 + f.sin(x[0])) + 4 * x[1] * u,
        _around,
    ),
    "cavity": PeerProblem("xy", _cavity, _under_lid, soft=(lambda f, u, v, q, x: q(),)),
    "inverse_burgers": PeerProblem(
        "xt",
        lambda f, u, x, a, b: u("t") + a * u() * u("x") - f.exp(b) * u("xx"),
        lambda f, u, x: u,
        soft=(lambda f, u, x: u(),),
    ),
}
