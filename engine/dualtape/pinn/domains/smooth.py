"""Smooth functions that are positive in a domain and 0 on its boundary, put together of such functions of its pieces.

Rvachev & Sheiko 1995, *R-functions in boundary value problems in mechanics*, Applied Mechanics Reviews 48; Sukumar &
Srivastava 2022, *Exact imposition of boundary conditions with distance functions in physics-informed deep neural
networks*, CMAME 389. Each has a slope of 1 along the inward normal, as a distance has: it is normalized to first order.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np


def conjunction(first: Any, second: Any) -> Any:
    """Positive where both are, and 0 where their common region ends: the R-conjunction a + b - sqrt(a^2 + b^2)."""
    return first + second - np.sqrt(first * first + second * second)


def disjunction(first: Any, second: Any) -> Any:
    """Positive where one is: the R-disjunction a + b + sqrt(a^2 + b^2)."""
    return first + second + np.sqrt(first * first + second * second)


def between_ends(x: Any, low: float, up: float) -> Any:
    """Positive from ``low`` to ``up``."""
    return (x - low) * (up - x) * (1 / (up - low))


def segments_together(x: Any, y: Any, segments: np.ndarray) -> Any:
    """0 on each of several segments, and positive elsewhere.

    Of one: sqrt(f^2 + (sqrt(t^2 + f^4) - t)^2 / 4), with f the distance from its line and t positive where a circle
    around it is. Joined, a b / (a + b) is 0 where either is, and has the slope of that one there.
    """
    return reduce(_joined, [_of_segment(x, y, segment) for segment in segments.tolist()])


def _joined(a: Any, b: Any) -> Any:
    both = a + b
    return a * b / np.where(both == 0, 1.0, both)  # at a corner both are 0


def _of_segment(x: Any, y: Any, segment: Sequence[Sequence[float]]) -> Any:
    (x1, y1), (x2, y2) = segment
    length = float(np.hypot(x2 - x1, y2 - y1))
    f = ((x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)) * (1 / length)
    u, v = x - (x1 + x2) / 2, y - (y1 + y2) / 2
    t = ((length / 2) ** 2 - u * u - v * v) * (1 / length)
    trimmed = (np.sqrt(t * t + f * f * f * f) - t) * 0.5
    return np.sqrt(f * f + trimmed * trimmed)
