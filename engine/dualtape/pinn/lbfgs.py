"""SciPy's L-BFGS on a loss that may be infinite or NaN at some of the points that it tries.

Such a point is told to the line search as one that lies too high, so that it tries a nearer one. How high matters: the
next trial is where a cubic through the values is least, and a cubic through an infinity, or the largest float, has its
minimum at the place where the search began, which SciPy then takes for convergence. Told is the parabola that rises as
far as the line falls, with a slope of zero: the next trial is at about a tenth of the way.

Reference: Moré & Thuente, Line search algorithms with guaranteed sufficient decrease, ACM TOMS 20 (1994), section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualtape.pinn.blas import one_thread

_PAST = 50
"""How many past gradients it remembers."""
_TRIALS = 50
"""Along one direction, at most."""


class _Point(NamedTuple):
    vector: np.ndarray
    loss: float
    gradient: np.ndarray

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.loss) and np.isfinite(self.gradient).all())


def descend(
    evaluate: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    iterations: int,
    after_iteration: Callable[[np.ndarray], None],
) -> None:
    """At most so many iterations from ``start``, with a call after each that has lowered the loss.

    Where the loss or its gradient is not finite at the start, or no way leads down, there is none.
    """
    from scipy import optimize

    best = latest = _Point(start, *evaluate(start))
    if not best.is_finite:
        return

    def tried(vector: np.ndarray) -> tuple[float, np.ndarray]:
        nonlocal latest
        if not np.array_equal(vector, latest.vector):
            latest = _Point(vector.copy(), *evaluate(vector))
            if not latest.is_finite:
                rise = 2 * abs(float(best.gradient @ (vector - best.vector)))
                latest = latest._replace(loss=best.loss + rise, gradient=np.zeros_like(vector))
        return latest.loss, latest.gradient

    def iterated(vector: np.ndarray) -> None:
        nonlocal best
        # SciPy counts as an iteration, too, that it has found no better point.
        if latest.loss < best.loss:
            best = latest
            after_iteration(best.vector)

    minimize: Any = optimize.minimize
    options = {"maxiter": iterations, "maxfun": 1 << 30, "maxcor": _PAST, "ftol": 0.0, "gtol": 1e-12, "maxls": _TRIALS}
    with one_thread():
        minimize(tried, start, jac=True, method="L-BFGS-B", callback=iterated, options=options)
