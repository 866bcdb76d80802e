"""Divergence and curl of vector fields: functions of points that give a vector for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.fields.arguments import FieldFunction, read_points, require_field
from dualtape.autodiff.fields.operators import partials
from dualtape.autodiff.transforms import jvp, require_callable, vmap
from dualtape.core.interpreter import ground
from dualtape.errors import ShapeError
from dualtape.functions.reduction import sum as sum_of
from dualtape.functions.shape import broadcast_to, stack
from dualtape.tensor import Tensor


def divergence(F: FieldFunction) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the value of a vector field and its divergence.

    Parameters
    ----------
    F
        ``F(X, *args)`` with points ``X`` of shape (..., d), which gives a vector of d components on the last axis and
        at a point depends on that point only.

    Returns
    -------
    callable
        ``(X, *args) -> (value, divergence)``, of shapes (..., d) and (...). One forward sweep over an axis of d
        directions.

    Examples
    --------
    >>> import dualtape as dt
    >>> value, div = dt.divergence(lambda X: X * X)(dt.Tensor([[1.0, 2.0]]))
    >>> print(value, div)
    [[1. 4.]] [6.]
    """
    require_callable("divergence", F)

    def value_and_divergence(X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        points = read_points("divergence", X)
        basis = ground().constant_like(np.eye(points.shape[-1]), points)
        field = lambda x: _read_vector("divergence", F(x, *args), points)

        def diagonal(v: Tensor) -> tuple[Tensor, Tensor]:
            value, slope = jvp(field, points, broadcast_to(v, points.shape))
            return value, sum_of(slope * v, -1)

        value, diagonals = vmap(diagonal, out_axes=(None, 0))(basis)
        return value, sum_of(diagonals, 0)

    return value_and_divergence


def curl(F: FieldFunction) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the value of a vector field and its curl.

    In three dimensions the curl is a vector, in two the number dF_y/dx - dF_x/dy. The arguments are those of
    :func:`divergence`.

    Examples
    --------
    >>> import dualtape as dt
    >>> rotation = lambda X: dt.ops.stack([-X[:, 1], X[:, 0]], -1)
    >>> value, vorticity = dt.curl(rotation)(dt.Tensor([[3.0, 4.0]]))
    >>> print(value, vorticity)
    [[-4.  3.]] [2.]
    """
    require_callable("curl", F)

    def value_and_curl(X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        points = read_points("curl", X)
        d = points.shape[-1]
        if d not in (2, 3):
            raise ShapeError(f"`X` of `curl` has shape {points.shape}; expected 2 or 3 coordinates on the last axis")
        field = lambda x: _read_vector("curl", F(x, *args), points)
        units = [tuple(int(i == j) for j in range(d)) for i in range(-1, d)]
        value, *slopes = partials(field, units)(points)

        def entry(i: int, j: int) -> Tensor:
            return slopes[i][..., j] - slopes[j][..., i]

        return value, entry(0, 1) if d == 2 else stack([entry(1, 2), entry(2, 0), entry(0, 1)], -1)

    return value_and_curl


def _read_vector(function: str, value: Any, points: Tensor) -> Tensor:
    found = require_field(value)
    if found.shape != points.shape:
        raise ShapeError(
            f"the field of `{function}` gave the shape {found.shape}; expected a vector for each point: {points.shape}"
        )
    return found
