"""How far a network is from the exact solution while it is trained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import dualtape as dt
from dualtape.pinn.problem import Problem
from dualtape.pinn.unknowns import Network

POINTS = 1_024


def validation_of(
    problem: Problem, field: Network, tensor: Callable[[np.ndarray], dt.Tensor]
) -> Callable[[], float] | None:
    """A function that measures the relative L2 error at some points; ``None`` where no exact solution is known."""
    exact = problem.exact
    if exact is None:
        return None
    compared: list[np.ndarray] = []
    compute = dt.jit(field)

    def error() -> float:
        if not compared:
            points = problem.domain.points_inside(POINTS)
            values = exact(*points.T)
            columns = values if isinstance(values, (tuple, list)) else (values,)
            wanted = np.stack([np.broadcast_to(np.asarray(x, np.float64), len(points)) for x in columns], axis=1)
            compared.extend((points, wanted))
        points, wanted = compared
        known = ~np.isnan(wanted)
        found = compute(tensor(points)).asnumpy().astype(np.float64)
        size = np.linalg.norm(wanted[known])
        return float(np.linalg.norm((found - wanted)[known]) / (size or 1.0))

    return error
