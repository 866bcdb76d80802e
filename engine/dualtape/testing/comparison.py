"""Comparing derivatives: tolerances, and the error that says what is wrong and how to see it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dualtape.testing.numeric import NOISE, Estimate

_FEW = 4
"""Within so many roundings of the largest element nobody asks how they come about."""
_MANY = 4000
"""What is allowed where it cannot be known."""

RoundingBounds = Callable[[], list[np.ndarray] | None]
"""How far rounding may take each output, computed when it is asked for; None where it cannot be known."""


class Expected(NamedTuple):
    """A derivative by some source, one array for each output, and how far from it others may be.

    ``tolerances`` hold without further question; to these comes what ``bounds`` says of the source's own rounding.
    """

    source: str
    values: list[np.ndarray]
    tolerances: list[np.ndarray]
    bounds: Callable[[], list[np.ndarray]]


def within_rounding(
    source: str, values: list[np.ndarray], rtol: float | None, rounding: float, k: int, bounds: RoundingBounds
) -> Expected:
    """A tolerance of some roundings of the largest element for each order, or the one that is given."""
    unit = k * max(rounding, 2.3e-16)
    scales = [max(float(np.abs(y).max(initial=0)), 1e-3) for y in values]

    def within(relative: float) -> list[np.ndarray]:
        return [np.full(y.shape, relative * scale) for y, scale in zip(values, scales, strict=True)]

    def rounded() -> list[np.ndarray]:
        found = bounds()
        return within(_MANY * unit) if found is None else found

    return Expected(source, values, within(_FEW * unit if rtol is None else rtol), rounded)


def within_estimate(estimates: list[Estimate], sizes: list[float], rounding: float, bounds: RoundingBounds) -> Expected:
    """Finite differences' own estimate of their error, and what the rounding of values of some size costs beyond it.

    ``rounding`` is that of a function that gives a narrower type even for arguments of float64; ``bounds`` are those of
    the function that is differenced.
    """
    relative = max(1e-8, _MANY * rounding)
    scales = [max(size, float(np.abs(e.value).max(initial=0)), 1e-3) for e, size in zip(estimates, sizes, strict=True)]
    tolerances = [10 * e.error + relative * scale for e, scale in zip(estimates, scales, strict=True)]

    def differenced() -> list[np.ndarray]:
        found = bounds()
        return [np.zeros(e.value.shape) if found is None else NOISE * found[i] for i, e in enumerate(estimates)]

    return Expected("finite differences", [e.value for e in estimates], tolerances, differenced)


def compare(
    title: str,
    got: np.ndarray,
    expected: np.ndarray,
    tolerance: np.ndarray,
    source: str,
    code: str,
    rounding: Callable[[], np.ndarray] | None = None,
) -> None:
    """Raise an AssertionError that names the element that is worst, if there is one beyond its tolerance.

    What ``rounding`` gives is added to the tolerance; it is asked only where that decides.
    """
    again = f"To see it again:\n    {code}"
    if got.shape != expected.shape:
        raise AssertionError(f"{title}: got shape {got.shape}, expected {expected.shape} as in {source}\n{again}")
    distance = np.abs(got - expected)
    wrong = ~(distance <= tolerance)
    if wrong.any() and rounding is not None:
        tolerance = tolerance + rounding()
        wrong = ~(distance <= tolerance)
    if not wrong.any():
        return
    excess = np.where(wrong, distance / np.maximum(tolerance, 1e-300), -1)
    worst = tuple(map(int, np.unravel_index(int(np.nan_to_num(excess, nan=np.inf).argmax()), got.shape)))
    raise AssertionError(
        f"{title}, element {worst}: got {got[worst]!s}, expected {expected[worst]!s} from {source}; "
        f"they differ by {distance[worst]:.3g}, tolerance {tolerance[worst]:.3g}\n{again}"
    )
