"""The problems once more, for other engines: residuals from derivatives, and conditions that hold by construction.

Networks, points and hard conditions are those of `problems.py`; ``f`` stands for the engine's functions (``sin``,
``cos``), ``x`` for a tuple of coordinates, and ``d("xt")`` for the derivative of the solution by x, then by t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from error.problems import observations_of_burgers

PI = math.pi
Derivative = Callable[[str], Any]


@dataclass(frozen=True)
class PeerProblem:
    """A problem on a box.

    Attributes
    ----------
    names, lower, upper
        Of the coordinates.
    residual
        Of ``f``, the derivatives ``d`` (``d("")`` is the value) and the coordinates.
    held
        What of a network's output fulfils the conditions: of ``f``, the output and the coordinates.
    features
        What the network is given, from coordinates that run from -1 to 1.
    begins
        An initial value that the loss asks for, with the weight 100, where ``held`` does not.
    unknown
        Where coefficients begin that are found, which the residual takes, too.
    observed
        Places and the values there, that the loss asks for with the weight 10.
    """

    names: str
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    residual: Callable[..., Any]
    held: Callable[[Any, Any, tuple[Any, ...]], Any]
    features: Callable[[Any, tuple[Any, ...]], tuple[Any, ...]] = lambda f, x: x
    begins: Callable[[Any, Any], Any] | None = None
    unknown: tuple[float, ...] = ()
    observed: Callable[[], tuple[np.ndarray, np.ndarray]] | None = None


def _klein_gordon(f: Any, d: Derivative, x: tuple[Any, ...]) -> Any:
    a, t = x
    u = a * f.cos(5 * PI * t) + (a * t) ** 3
    source = -25 * PI**2 * a * f.cos(5 * PI * t) + 6 * a**3 * t - 6 * a * t**3 + u**3
    return d("tt") - d("xx") + d("") ** 3 - source


def _ends(f: Any, x: Any, t: Any) -> Any:
    """x at t = 0 and at rest, 0 at the left and cos(5 pi t) + t^3 at the right."""
    return x * (f.cos(5 * PI * t) + t**3)


def _around(f: Any, x: tuple[Any, ...]) -> tuple[Any, ...]:
    """A period along the first coordinate."""
    return f.cos(PI * x[0]), f.sin(PI * x[0]), x[1]


PEER_PROBLEMS: dict[str, PeerProblem] = {
    "burgers": PeerProblem(
        "xt", (-1, 0), (1, 1),
        lambda f, d, x: d("t") + d("") * d("x") - 0.01 / PI * d("xx"),
        lambda f, u, x: -f.sin(PI * x[0]) + x[1] * (1 - x[0] ** 2) * u,
    ),
    "allen_cahn": PeerProblem(
        "xt", (-1, 0), (1, 1),
        lambda f, d, x: d("t") - 1e-4 * d("xx") - 5 * (d("") - d("") ** 3),
        lambda f, u, x: u,
        _around,
        lambda f, x: x**2 * f.cos(PI * x),
    ),
    "klein_gordon": PeerProblem(
        "xt", (0, 0), (1, 1),
        _klein_gordon,
        lambda f, u, x: _ends(f, *x) + x[1] ** 2 * x[0] * (1 - x[0]) * u,
    ),
    "helmholtz": PeerProblem(
        "xy", (-1, -1), (1, 1),
        lambda f, d, x: d("xx") + d("yy") + d("") - (1 - 17 * PI**2) * f.sin(PI * x[0]) * f.sin(4 * PI * x[1]),
        lambda f, u, x: (1 - x[0] ** 2) * (1 - x[1] ** 2) * u,
    ),
    "wave": PeerProblem(
        "xt", (0, 0), (1, 1),
        lambda f, d, x: d("tt") - d("xx"),
        lambda f, u, x: f.sin(PI * x[0]) + x[1] ** 2 * x[0] * (1 - x[0]) * u,
    ),
    "heat": PeerProblem(
        "xt", (0, 0), (1, 1),
        lambda f, d, x: d("t") - 0.1 * d("xx"),
        lambda f, u, x: f.sin(PI * x[0]) + x[1] * x[0] * (1 - x[0]) * u,
    ),
    "poisson": PeerProblem(
        "xy", (0, 0), (1, 1),
        lambda f, d, x: d("xx") + d("yy") + 2 * PI**2 * f.sin(PI * x[0]) * f.sin(PI * x[1]),
        lambda f, u, x: x[0] * (1 - x[0]) * x[1] * (1 - x[1]) * u,
    ),
    "kuramoto_sivashinsky": PeerProblem(
        "xt", (0, 0), (2 * PI, 0.25),
        lambda f, d, x: d("t") + 6.25 * d("") * d("x") + 100 / 16**2 * d("xx") + 100 / 16**4 * d("xxxx"),
        lambda f, u, x: f.cos(x[0]) * (1 + f.sin(x[0])) + 4 * x[1] * u,
        _around,
    ),
    "inverse_burgers": PeerProblem(
        "xt", (-1, 0), (1, 1),
        lambda f, d, x, a, b: d("t") + a * d("") * d("x") - f.exp(b) * d("xx"),
        lambda f, u, x: u,
        unknown=(0.0, -4.0),
        observed=observations_of_burgers,
    ),
}  # fmt: skip
