"""Differential operators of fields: functions of points whose coordinates lie on the last axis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.autodiff.algebra import Algebra, Index, LaplacianAlgebra, MultiIndex, MultiIndices
from dualtape.autodiff.jet import Jet, JetLevel
from dualtape.autodiff.request import require_callable
from dualtape.core.interpreter import entered, ground
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.creation import zeros_like
from dualtape.parameter import Parameter
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.tensor import Tensor

Field = Callable[..., Tensor]


def partials(f: Field, indices: Sequence[MultiIndex]) -> Callable[..., tuple[Tensor, ...]]:
    """A function that returns the wanted partial derivatives of ``f``, from one forward sweep.

    Parameters
    ----------
    f
        A field: ``f(X, *args)`` with points ``X`` of shape (..., d), whose value at a point depends on that point
        only. It may return a tensor of any shape whose leading axes are those of ``X``.
    indices
        One multi-index of length d for each wanted derivative: ``(2, 0, 1)`` is the second derivative in the first
        coordinate and the first in the third; all zeros is the value itself.

    Returns
    -------
    callable
        ``(X, *args) -> tuple``: the derivatives in the order of ``indices``, each of the shape of ``f``'s value.

    Notes
    -----
    One jet over the smallest downward-closed set of multi-indices that holds all wanted ones (Griewank & Walther,
    *Evaluating Derivatives*, ch. 13).

    Examples
    --------
    >>> import dualtape as dt
    >>> X = dt.Tensor([[2.0, 3.0]])
    >>> u, u_xxy = dt.partials(lambda X: X[:, 0] ** 2 * X[:, 1] ** 2, [(0, 0), (2, 1)])(X)
    >>> print(u, u_xxy)
    [36.] [12.]
    """
    require_callable("partials", f)
    wanted = [_read_multi_index(index) for index in indices]
    if not wanted:
        raise ArgumentError("`indices` of `partials` is empty; expected at least one multi-index")
    algebra = MultiIndices(wanted)

    def derivatives(X: Tensor, *args: Any) -> tuple[Tensor, ...]:
        points = _read_points("partials", X, len(wanted[0]))
        axes = [i for i in range(len(wanted[0])) if any(index[i] for index in wanted)]
        directions = {tuple(int(i == j) for j in range(len(wanted[0]))): i for i in axes}
        primal, coefficient = _sweep(f, points, args, algebra, directions)
        return tuple(
            _scaled(primal, coefficient(index) if any(index) else primal, math.prod(map(math.factorial, index)))
            for index in wanted
        )

    return derivatives


def laplacian(f: Field) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns the value of ``f`` and its Laplacian over the last axis of the points.

    The second derivatives travel as one stream that holds their sum (forward Laplacian, Li et al. 2023,
    arXiv:2307.08214), so d dimensions cost d + 2 streams.

    Examples
    --------
    >>> import dualtape as dt
    >>> u, lap = dt.laplacian(lambda X: (X * X).sum(-1))(dt.Tensor([[1.0, 2.0, 3.0]]))
    >>> print(u, lap)
    [14.] [6.]
    """
    require_callable("laplacian", f)

    def value_and_laplacian(X: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
        points = _read_points("laplacian", X, None)
        d = points.shape[-1]
        primal, coefficient = _sweep(f, points, args, LaplacianAlgebra(d), {i: i for i in range(d)})
        return primal, _scaled(primal, coefficient(LaplacianAlgebra.SUM), 2)

    return value_and_laplacian


def linear_operator(f: Field, coefficients: Mapping[MultiIndex, float]) -> Callable[..., Tensor]:
    """A function that returns a weighted sum of partial derivatives of ``f``.

    Parameters
    ----------
    coefficients
        A weight for each multi-index, as in ``{(4, 0): 1.0, (2, 2): 2.0, (0, 4): 1.0}`` for the bilaplacian
        in the plane.

    Examples
    --------
    >>> import dualtape as dt
    >>> heat = dt.linear_operator(lambda X: X[:, 0] * X[:, 1] ** 2, {(1, 0): 1.0, (0, 2): -0.5})
    >>> print(heat(dt.Tensor([[3.0, 2.0]])))
    [1.]
    """
    if not isinstance(coefficients, Mapping) or not coefficients:
        raise ArgumentTypeError("`coefficients` of `linear_operator` must be a dict from multi-indices to numbers")
    derivatives = partials(f, list(coefficients))
    weights = list(coefficients.values())

    def combination(X: Tensor, *args: Any) -> Tensor:
        total: Any = None
        for weight, value in zip(weights, derivatives(X, *args), strict=True):
            term = value if weight == 1 else value * weight
            total = term if total is None else total + term
        return total  # type: ignore[no-any-return]

    return combination


def _sweep(
    f: Field, points: Tensor, args: tuple[Any, ...], algebra: Algebra, directions: Mapping[Any, int]
) -> tuple[Tensor, Callable[[Index], Tensor | None]]:
    """Call ``f`` on a jet whose coefficient at each index of ``directions`` is the unit vector of that coordinate."""
    level = JetLevel(algebra)
    with entered(level):
        seeds: dict[Index, Tensor] = {}
        for index, axis in directions.items():
            unit = np.zeros(points.shape[-1], points.dtype.numpy)
            unit[axis] = 1
            seeds[index] = broadcast_to(ground().constant(unit, points.device), shape=points.shape)
        value = f(level.jet(points, seeds), *args)
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(f"a field must return a Tensor, got {type(value).__name__}")
    if isinstance(value, Jet) and value.level is level:
        return value.primal, value.coefficient
    return value, lambda index: None


def _scaled(primal: Tensor, coefficient: Tensor | None, factor: int) -> Tensor:
    if coefficient is None:
        return zeros_like(primal)
    return coefficient if factor == 1 else coefficient * factor


def _read_multi_index(index: Any) -> MultiIndex:
    if not isinstance(index, (tuple, list)) or not index:
        raise ArgumentTypeError(f"a multi-index is a tuple of orders such as (2, 0), got {index!r}")
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in index):
        raise ArgumentTypeError(f"the orders of a multi-index must be ints, got {index!r}")
    if min(index) < 0:
        raise ArgumentError(f"the orders of a multi-index must not be negative, got {index!r}")
    return tuple(index)


def _read_points(function: str, X: Any, dimension: int | None) -> Tensor:
    if not isinstance(X, Tensor):
        raise ArgumentTypeError(f"`X` of `{function}` must be a Tensor of points, got {type(X).__name__}")
    if not X.dtype.is_float:
        raise DTypeError(f"`X` of `{function}` must hold floats, got {X.dtype}")
    if X.ndim == 0 or (dimension is not None and X.shape[-1] != dimension):
        raise ShapeError(
            f"`X` of `{function}` has shape {X.shape}; expected the coordinates on the last axis"
            + (f", {dimension} of them as in the multi-indices" if dimension is not None else "")
        )
    return X.value() if isinstance(X, Parameter) else X
