"""Integrals in equations, by Gauss's quadrature at each point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ShapeError
from dualtape.pinn.sampling import read_count


def gauss_integral(
    integrand: Callable[[dt.Tensor, Any], Any],
    lower: Any,
    upper: Any,
    nodes: int,
    like: dt.Tensor,
    repeated: Callable[[int], Any],
) -> dt.Tensor:
    """See :meth:`dualtape.pinn.Points.integral`; ``like`` is a column of the points."""
    number = read_count("nodes", nodes)
    places, weights = np.polynomial.legendre.leggauss(number)
    low, length = _column(lower, like), _column(upper, like) - _column(lower, like)
    s = dt.ops.cat([low + length * float((place + 1) / 2) for place in places])
    values = integrand(s, repeated(number))
    rows = like.shape[0]
    if not isinstance(values, dt.Tensor) or values.shape != (number * rows, 1):
        found = values.shape if isinstance(values, dt.Tensor) else type(values).__name__
        raise ShapeError(
            f"the integrand gave {found} for {number} nodes at {rows} points; expected shape {(number * rows, 1)}: "
            "use the points that it is given, and unknowns where it is asked, as in lambda s, p: u.at(s, p.t)"
        )
    parts = [values[k * rows : (k + 1) * rows] * float(weight / 2) for k, weight in enumerate(weights)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total * length


def _column(value: Any, like: dt.Tensor) -> dt.Tensor:
    column: dt.Tensor = dt.ops.zeros_like(like) + value
    return column
