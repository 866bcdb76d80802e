"""Norms of vectors and matrices, with NumPy's orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentError, ArgumentTypeError, AxisError
from dualtape.functions.conversion import (
    TensorLike,
    accumulating,
    as_tensor,
    cast_to,
    read_axes,
    read_flag,
    read_ints,
    read_real,
    to_inexact,
)
from dualtape.functions.elementwise import abs as magnitudes
from dualtape.functions.reduction import amax, amin
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import expand_dims, permute, reshape
from dualtape.primitives import arithmetic, comparison, factorization
from dualtape.primitives.power import power, root_of_squares
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["matrix_norm", "norm", "vector_norm"]

Order = float | str | None
Axes = int | tuple[int, ...] | list[int] | None


def norm(x: TensorLike, ord: Order = None, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """NumPy's norm: of the vectors along one axis, of the matrices along two, or of all elements.

    Its derivative at 0 is 0.

    Parameters
    ----------
    ord
        For vectors a number, infinite ones among them; for matrices "fro", "nuc", 1, -1, 2, -2, inf or -inf. By default
        the root of the sum of squares.
    axis
        One axis, or two; by default all, of which there may be one or two if ``ord`` is given.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.linalg.norm(dt.Tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc"))
    7.0
    """
    given = to_inexact(as_tensor(x, "norm", "x"))
    if axis is None and ord is None:
        return vector_norm(given, 2, None, keepdims)
    axes = tuple(range(given.ndim)) if axis is None else read_ints("norm", "axis", axis)
    if len(axes) == 1:
        return vector_norm(given, 2 if ord is None else ord, axes, keepdims)
    if len(axes) == 2:
        return matrix_norm(given, "fro" if ord is None else ord, axes, keepdims)
    raise AxisError(f"`norm` of order {ord!r} takes one axis or two, got {len(axes)}: {axes}")


def vector_norm(x: TensorLike, ord: Any = 2, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The norm of the vectors along ``axis`` (all elements by default), of any order; derivative 0 at 0."""
    given = to_inexact(as_tensor(x, "vector_norm", "x"))
    axes = read_axes("vector_norm", axis, given.ndim)
    order = read_real("vector_norm", "ord", ord)
    wide = magnitudes(accumulating(given))
    if order == float("inf"):
        found = amax(wide, axes, keepdims)
    elif order == -float("inf"):
        found = amin(wide, axes, keepdims)
    elif order == 0:
        found = sum_axes(cast_to(comparison.not_equal(wide, 0.0), wide.dtype), axes, keepdims)
    elif order == 1:
        found = sum_axes(wide, axes, keepdims)
    elif order == 2:
        found = root_of_squares(sum_axes(arithmetic.square(wide), axes, keepdims))
    else:
        found = _of_order(wide, order, axes, keepdims)
    return found if given.dtype.is_complex else cast_to(found, given.dtype)


def _of_order(size: Tensor, order: float, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """The powers of elements of the largest one, lest they overflow."""
    largest = stop_gradient(amax(size, axes, keepdims=True)) if size.size else 1.0
    unit: Any = where(comparison.greater(largest, 0.0), largest, 1.0) if size.size else 1.0
    total = sum_axes(power(size / unit, order), axes, keepdims)
    back = unit if keepdims or not size.size else reshape(unit, total.shape)
    return power(total, 1 / order) * back


_OF_SINGULAR_VALUES = ("nuc", 2, -2)


def matrix_norm(x: TensorLike, ord: Any = "fro", axis: Axes = (-2, -1), keepdims: bool = False) -> Tensor:
    """The norm of the matrices along two axes: "fro", "nuc", 1, -1, 2, -2, inf or -inf."""
    given = to_inexact(as_tensor(x, "matrix_norm", "x"))
    axes = tuple(normalize_axis("matrix_norm", a, given.ndim) for a in read_ints("matrix_norm", "axis", axis))
    if len(axes) != 2 or axes[0] == axes[1]:
        raise AxisError(f"`axis` of `matrix_norm` must name two axes, got {axis}")
    keepdims = read_flag("matrix_norm", "keepdims", keepdims)
    if ord == "fro":
        return vector_norm(given, 2, axes, keepdims)
    if isinstance(ord, bool):
        raise ArgumentTypeError("`ord` of `matrix_norm` must be a number, 'fro' or 'nuc', got a bool")
    if ord in _OF_SINGULAR_VALUES:
        found = _of_singular_values(given, ord, axes)
    elif ord in (1, -1, float("inf"), -float("inf")):
        rows, columns = axes
        added, searched = (rows, columns) if ord in (1, -1) else (columns, rows)
        totals = sum_axes(magnitudes(given), added, keepdims=True)
        extreme = amax if ord > 0 else amin
        kept = extreme(totals, searched, keepdims=True)
        found = reshape(kept, tuple(n for i, n in enumerate(given.shape) if i not in axes))
    else:
        raise ArgumentError(f"`ord` of `matrix_norm` must be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {ord!r}")
    if keepdims:
        for i in sorted(axes):
            found = expand_dims(found, i)
    return found


def _of_singular_values(x: Tensor, ord: Any, axes: tuple[int, ...]) -> Tensor:
    rest = [i for i in range(x.ndim) if i not in axes]
    values = factorization.singular_values(permute(x, [*rest, *axes]))
    if ord == "nuc":
        return sum_axes(values, -1)
    chosen: Tensor = values[..., 0 if ord == 2 else -1]
    return chosen
