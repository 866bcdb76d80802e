"""Equations that are integrated here, in this library's operations and in NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt


class Problem(NamedTuple):
    """``f(t, y, stack)`` is a right-hand side in the operations of whoever stacks."""

    f: Callable[..., Any]
    y0: tuple[float, ...]
    end: float

    def ours(self, t: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
        slopes: dt.Tensor = self.f(t, y, dt.ops.stack)
        return slopes

    def numpy(self, t: float, y: np.ndarray) -> np.ndarray:
        return np.asarray(self.f(t, y, np.stack))


def _kepler(t: Any, y: Any, stack: Any) -> Any:
    cube = (y[0] * y[0] + y[1] * y[1]) ** 1.5
    return stack([y[2], y[3], -y[0] / cube, -y[1] / cube])


PROBLEMS = {
    "lorenz": Problem(
        lambda t, y, stack: stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - (8 / 3) * y[2]]),
        (1.0, 2.0, 20.0),
        1.0,
    ),
    "van der pol": Problem(lambda t, y, stack: stack([y[1], 2 * (1 - y[0] * y[0]) * y[1] - y[0]]), (2.0, 0.0), 4.0),
    "kepler": Problem(_kepler, (0.6, 0.0, 0.0, 1.5275252316519468), 3.0),  # of the eccentricity 0.4
}
