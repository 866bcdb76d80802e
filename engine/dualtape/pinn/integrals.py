"""Integrals in equations, by Gauss's quadrature at each point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.pinn.domains import Domain
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
    return _weighted(integrand(s, repeated(number)), weights / 2, like.shape[0], "lambda s, p: u.at(s, p.t)") * length


def domain_integral(
    integrand: Callable[[Any, Any], Any],
    domain: Domain,
    nodes: int,
    points: dt.Tensor,
    made: Callable[[dt.Tensor], Any],
    repeated: Callable[[int], Any],
) -> dt.Tensor:
    """See :meth:`dualtape.pinn.Points.integral_over`; ``made`` makes points of coordinates of shape (n, d)."""
    if not isinstance(domain, Domain):
        raise ArgumentTypeError(f"`domain` of `integral_over` must be a domain, got {type(domain).__name__}")
    places, weights = domain.quadrature(read_count("nodes", nodes))
    rows = points.shape[0]
    everywhere = np.repeat(places, rows, axis=0).astype(points.dtype.numpy)
    q = made(dt.Tensor(everywhere, device=points.device))
    return _weighted(integrand(q, repeated(len(places))), weights, rows, "lambda q, p: u.at(q)")


def _weighted(values: Any, weights: np.ndarray, rows: int, example: str) -> dt.Tensor:
    """The sum over nodes of values at them, which stand one set of points behind the other."""
    expected = (len(weights) * rows, 1)
    if not isinstance(values, dt.Tensor) or values.shape != expected:
        found = values.shape if isinstance(values, dt.Tensor) else type(values).__name__
        raise ShapeError(
            f"the integrand gave {found} for {len(weights)} nodes at {rows} points; expected shape {expected}: "
            f"use the points that it is given, and unknowns where they are, as in {example}"
        )
    parts = [values[k * rows : (k + 1) * rows] * float(weight) for k, weight in enumerate(weights)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _column(value: Any, like: dt.Tensor) -> dt.Tensor:
    column: dt.Tensor = dt.ops.zeros_like(like) + value
    return column
