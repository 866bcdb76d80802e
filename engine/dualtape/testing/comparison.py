"""Comparing derivatives: tolerances, and the error that says what is wrong and how to see it again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dualtape.testing.numeric import Estimate

_ROUNDINGS = 4000


class Expected(NamedTuple):
    """A derivative by some source, one array for each output, and how far from it others may be."""

    source: str
    values: list[np.ndarray]
    tolerances: list[np.ndarray]


def within_rounding(source: str, values: list[np.ndarray], rtol: float | None, rounding: float, k: int) -> Expected:
    """A tolerance of some roundings of the largest element for each order, or the one that is given."""
    relative = rtol if rtol is not None else _ROUNDINGS * k * max(rounding, 2.3e-16)
    tolerances = [np.full(y.shape, relative * max(float(np.abs(y).max(initial=0)), 1e-3)) for y in values]
    return Expected(source, values, tolerances)


def within_estimate(estimates: list[Estimate], sizes: list[float], rounding: float) -> Expected:
    """Finite differences' own estimate of their error, and what the rounding of values of some size costs beyond it.

    ``rounding`` is that of a function that gives a narrower type even for arguments of float64.
    """
    relative = max(1e-8, _ROUNDINGS * rounding)
    scales = [max(size, float(np.abs(e.value).max(initial=0)), 1e-3) for e, size in zip(estimates, sizes, strict=True)]
    tolerances = [10 * e.error + relative * scale for e, scale in zip(estimates, scales, strict=True)]
    return Expected("finite differences", [e.value for e in estimates], tolerances)


def compare(title: str, got: np.ndarray, expected: np.ndarray, tolerance: np.ndarray, source: str, code: str) -> None:
    """Raise an AssertionError that names the element that is worst, if there is one beyond its tolerance."""
    again = f"To see it again:\n    {code}"
    if got.shape != expected.shape:
        raise AssertionError(f"{title}: got shape {got.shape}, expected {expected.shape} as in {source}\n{again}")
    distance = np.abs(got - expected)
    wrong = ~(distance <= tolerance)
    if not wrong.any():
        return
    excess = np.where(wrong, distance / np.maximum(tolerance, 1e-300), -1)
    worst = tuple(map(int, np.unravel_index(int(np.nan_to_num(excess, nan=np.inf).argmax()), got.shape)))
    raise AssertionError(
        f"{title}, element {worst}: got {got[worst]!s}, expected {expected[worst]!s} from {source}; "
        f"they differ by {distance[worst]:.3g}, tolerance {tolerance[worst]:.3g}\n{again}"
    )
