"""Points by rejection: candidates are drawn until enough of them are kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dualtape.errors import ArgumentError

MOST = 1 << 21
"""Candidates, before a region is taken for one of which nothing is left."""

Drawn = tuple[np.ndarray, ...]


def draw_until(
    number: int, draw: Callable[[int], Drawn], keep: Callable[[Drawn], np.ndarray], what: str, at_most: int = MOST
) -> Drawn:
    """The first ``number`` rows of what ``draw`` gives for which ``keep`` holds, all arrays alike.

    ``draw(n)`` gives rows whose beginning is spread as evenly as the whole; it may give fewer, if there are no more.
    """
    candidates = number
    while True:
        drawn = draw(candidates)
        kept = keep(drawn)
        found = int(kept.sum())
        if found >= number or (found and len(kept) < candidates):  # a boundary of a few points has no more
            return tuple(array[kept][:number] for array in drawn)
        if candidates >= at_most or len(kept) < candidates:
            left = f"{found} of {len(kept)} candidates" if found else f"none of {len(kept)} candidates"
            raise ArgumentError(f"{what} is empty or nearly so: {left} lie there, and {number} are needed")
        candidates = min(at_most, max(2 * candidates, int(1.2 * candidates * number / max(found, 1))))
