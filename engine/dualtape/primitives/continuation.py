"""Functions made of pieces, on complex numbers: each piece continues by itself, and a kink between them does not."""

from collections.abc import Callable
from typing import Any

import numpy as np


class NotAnalytic(Exception):
    """A primitive, or a point, at which there is no complex derivative."""


def pieces(condition: Any, x: Any, y: Any, kink: Any) -> Any:
    """``x`` where the condition holds, else ``y``; at a kink between them there is no derivative to be had."""
    if np.any(kink):
        raise NotAnalytic("a point on a kink")
    return np.where(condition, x, y)


def magnitude(x: Any) -> Any:
    """The absolute value of a real number: x or -x."""
    return np.where(np.real(x) < 0, -x, x)


def extremum(wins: np.ufunc) -> Callable[[Any, Any], Any]:
    return lambda x, y: pieces(wins(np.real(x), np.real(y)), x, y, np.equal(np.real(x), np.real(y)))


def extremum_along(reduce: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(x: Any, axes: tuple[int, ...]) -> Any:
        attained = np.real(x) == reduce(np.real(x), axis=axes, keepdims=True)
        return pieces(attained, x, 0, attained.sum(axis=axes) > 1).sum(axis=axes, keepdims=True)

    return evaluate
