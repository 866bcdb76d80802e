"""A step along a direction that lowers a function enough: the strong Wolfe conditions, by bracketing and zooming.

A trial at which the function is infinite or NaN counts as one that lies too high, and the next one is nearer.

Reference: Nocedal & Wright 2006, *Numerical Optimization*, algorithms 3.5 and 3.6; equation 3.59 for the cubic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DECREASE, CURVATURE = 1e-4, 0.9
"""Which part of the fall that the first slope promises must come true, and which part of that slope may remain."""
TRIALS = 30
"""Along one direction, at most."""


class Trial(NamedTuple):
    """A place along the direction: how far it is, and what the function is there."""

    length: float
    vector: np.ndarray
    loss: float
    gradient: np.ndarray
    slope: float

    @property
    def is_finite(self) -> bool:
        return math.isfinite(self.loss) and math.isfinite(self.slope) and bool(np.isfinite(self.gradient).all())


def search(trial: Callable[[float], Trial], start: Trial, first: float) -> Trial | None:
    """A trial that fulfils the strong Wolfe conditions; the lowest one if there is none; ``None`` if none is lower.

    Parameters
    ----------
    trial
        Evaluates the function at a distance along the direction.
    start
        Where the search begins, with a negative slope.
    first
        The distance to try first.
    """
    before, length = start, first
    for count in range(TRIALS):
        now = trial(length)
        if not _is_lower(start, now) or (count and now.loss >= before.loss):
            return _zoom(trial, start, before, now, TRIALS - count - 1)
        if abs(now.slope) <= -CURVATURE * start.slope:
            return now
        if now.slope >= 0:
            return _zoom(trial, start, now, before, TRIALS - count - 1)
        before, length = now, min(max(_least(before, now), 2 * length), 8 * length)
    return before


def _zoom(trial: Callable[[float], Trial], start: Trial, low: Trial, high: Trial, trials: int) -> Trial | None:
    """The same between two trials, of which ``low`` is the lower one and falls towards ``high``."""
    for _ in range(trials):
        width = high.length - low.length
        if abs(width) <= np.finfo(float).eps * max(low.length, high.length):
            break
        share = (_least(low, high) - low.length) / width if high.is_finite else 0.25
        now = trial(low.length + min(max(share, 0.1), 0.9) * width)
        if not _is_lower(start, now) or now.loss >= low.loss:
            high = now
            continue
        if abs(now.slope) <= -CURVATURE * start.slope:
            return now
        if now.slope * width >= 0:
            high = low
        low = now
    return low if low.length else None


def _is_lower(start: Trial, now: Trial) -> bool:
    return now.is_finite and now.loss <= start.loss + DECREASE * now.length * start.slope


def _least(one: Trial, other: Trial) -> float:
    """Where the cubic through both values and slopes is least; the middle where it has no minimum."""
    width = other.length - one.length
    d1 = one.slope + other.slope - 3 * (other.loss - one.loss) / width
    square = d1 * d1 - one.slope * other.slope
    if not square >= 0:
        return one.length + width / 2
    d2 = math.copysign(math.sqrt(square), width)
    below = other.slope - one.slope + 2 * d2
    found = other.length - width * (other.slope + d2 - d1) / below if below else math.nan
    return found if math.isfinite(found) else one.length + width / 2
