"""Sums, means, extrema and searches over any axes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dualtape.core.primitive import Primitive
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import DType, bool_, float32, int32, int64, part_dtype
from dualtape.errors import ArgumentError, DTypeError, ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    accumulating,
    as_tensor,
    cast_to,
    floating,
    inexact,
    read_axes,
    read_flag,
    read_int,
    read_number,
    to_inexact,
)
from dualtape.functions.creation import full, ones_like
from dualtape.functions.shape import along, part
from dualtape.primitives import arithmetic, comparison, exponential, movement, reduction
from dualtape.primitives.broadcasting import sum as sum_primitive
from dualtape.primitives.complex_parts import imag, real
from dualtape.primitives.power import power, root_of_squares
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import where as select

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "all", "amax", "amin", "any", "argmax", "argmin", "cumprod", "cumsum", "logsumexp", "max", "mean", "min", "norm",
    "prod", "std", "sum", "var",
]  # fmt: skip

Axis = int | tuple[int, ...] | list[int] | None
Kept = TensorLike | None


def _drop(x: Tensor, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    """Remove the axes that a reduction has kept with size 1."""
    if read_flag("a reduction", "keepdims", keepdims) or not axes:
        return x
    return movement.reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def _wide(x: Tensor) -> Tensor:
    """Small integers and bools are added up in Int64."""
    return x if x.dtype.is_inexact else cast_to(x, int64)


def _kept(function: str, x: Tensor, where: Kept, otherwise: Any) -> Tensor:
    """The elements where the mask holds, else what changes nothing in the reduction."""
    if where is None:
        return x
    mask = as_tensor(where, function, "where")
    if mask.dtype is not bool_:
        raise DTypeError(f"`where` of `{function}` must be a Tensor of Bools, got {mask.dtype}")
    return select(mask.to(x.device), x, otherwise)


def sum(input: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Kept = None) -> Tensor:
    """The sum over ``axis`` (all axes by default), of the elements ``where``; integers and bools give Int64."""
    x = _wide(as_tensor(input, "sum"))
    return _reduced("sum", sum_primitive, _kept("sum", x, where, 0.0 if x.dtype.is_inexact else 0), axis, keepdims)


def _reduced(name: str, primitive: Primitive, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = read_axes(name, axis, x.ndim)
    return _drop(primitive(x, axes=axes), axes, keepdims) if axes else x


def mean(input: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Kept = None) -> Tensor:
    """The mean over ``axis`` (all axes by default). Integers stay integers and are truncated, as in MindSpore.

    Of the elements ``where`` a mask holds; those must be floats, and the mean of none is NaN.
    """
    x = as_tensor(input, "mean")
    if where is not None:
        return _mean_where(inexact("mean", x), axis, keepdims, where)
    if x.dtype is bool_:
        raise DTypeError("`mean` of a Bool tensor is not defined; cast it to a float type first")
    axes = read_axes("mean", axis, x.ndim)
    if not axes:
        return x
    count = math.prod(x.shape[i] for i in axes)
    total = sum_primitive(accumulating(_wide(x)), axes=axes)
    if not x.dtype.is_inexact:
        whole = arithmetic.absolute(total) // (count or 1)
        return cast_to(_drop(select(total < 0, -whole, whole), axes, keepdims), x.dtype)
    # Dividing, not multiplying by 1/count: the mean of equal numbers is that number.
    return _drop(cast_to(arithmetic.divide(total, count), x.dtype), axes, keepdims)


def _mean_where(x: Tensor, axis: Axis, keepdims: bool, where: Kept) -> Tensor:
    total = sum(accumulating(x), axis, keepdims, where=where)
    count = sum(ones_like(accumulating(x)), axis, keepdims, where=where)
    return cast_to(arithmetic.divide(total, count), x.dtype)


def prod(input: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Kept = None) -> Tensor:
    """The product over ``axis``, of the elements ``where``.

    A tree of products: its derivatives of every order are right at zeros.
    """
    x = _wide(as_tensor(input, "prod"))
    x = _kept("prod", x, where, 1.0 if x.dtype.is_inexact else 1)
    axes = read_axes("prod", axis, x.ndim)
    for i in axes:
        x = _prod_along(x, i)
    return _drop(x, axes, keepdims)


def _prod_along(x: Tensor, axis: int) -> Tensor:
    if x.shape[axis] == 0:
        return sum_primitive(x, axes=(axis,)) + 1
    while (size := x.shape[axis]) > 1:
        half = size // 2
        pairs = arithmetic.multiply(part(x, axis, 0, half), part(x, axis, half, half))
        x = movement.concatenate(pairs, part(x, axis, size - 1, 1), axis=axis) if size % 2 else pairs
    return x


def _extremum(
    name: str, primitive: Any, input: TensorLike, axis: Axis, keepdims: bool, initial: Any = None, where: Kept = None
) -> Tensor:
    x = as_tensor(input, name)
    if where is not None:
        if initial is None:
            raise ArgumentError(f"`{name}` with `where` needs `initial`, its value where the mask holds nowhere")
        x = _kept(name, x, where, read_number(name, "initial", initial))
    if initial is not None:
        axes = read_axes(name, axis, x.ndim)
        outer = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        if 0 in (x.shape[i] for i in axes):
            found = full(outer, read_number(name, "initial", initial), dtype=x.dtype)
        else:
            known = primitive(x, axes=axes) if axes else x
            extreme = arithmetic.maximum if primitive is reduction.maximum_along else arithmetic.minimum
            found = extreme(known, read_number(name, "initial", initial))
        return _drop(found, axes, keepdims)
    if x.dtype is bool_:
        raise DTypeError(f"`{name}` of a Bool tensor is not defined; use any or all")
    axes = read_axes(name, axis, x.ndim)
    if 0 in (x.shape[i] for i in axes):
        raise ShapeError(f"`{name}` over no elements: shape {x.shape}, axis {axis}")
    return _drop(primitive(x, axes=axes), axes, keepdims) if axes else x


def amax(
    input: TensorLike,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    initial: float | None = None,
    where: Kept = None,
) -> Tensor:
    """The largest element over ``axis``; equal largest elements share the derivative evenly.

    Compared is also the number ``initial``; with it, a mask ``where`` may say which elements count.
    """
    return _extremum("amax", reduction.maximum_along, input, axis, keepdims, initial, where)


def amin(
    input: TensorLike,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    initial: float | None = None,
    where: Kept = None,
) -> Tensor:
    """The smallest element over ``axis``; equal smallest elements share the derivative evenly.

    Compared is also the number ``initial``; with it, a mask ``where`` may say which elements count.
    """
    return _extremum("amin", reduction.minimum_along, input, axis, keepdims, initial, where)


def _search(name: str, primitive: Any, input: TensorLike, axis: int | None, keepdims: bool) -> Tensor:
    x = as_tensor(input, name)
    if x.dtype is bool_:
        x = cast_to(x, float32)
    if axis is None:
        found = primitive(movement.reshape(x, shape=(x.size,)), axis=0)
        return movement.reshape(found, shape=(1,) * x.ndim if read_flag(name, "keepdims", keepdims) else ())
    i = normalize_axis(name, read_int(name, "axis", axis), x.ndim)
    return _drop(primitive(x, axis=i), (i,), keepdims)


def argmax(input: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index (Int64) of the first largest element along ``axis``, or of the flattened tensor."""
    return _search("argmax", reduction.argmax, input, axis, keepdims)


def argmin(input: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index (Int32, as in MindSpore) of the first smallest element along ``axis``, or of the flattened tensor."""
    x = as_tensor(input, "argmin")
    if x.dtype is bool_:
        raise DTypeError("`argmin` of a Bool tensor is not defined; cast it first")
    return cast_to(_search("argmin", reduction.argmin, x, axis, keepdims), int32)


def max(input: TensorLike, axis: int | None = None, keepdims: bool = False) -> Any:
    """MindSpore's pair (values, indices) along ``axis``; without ``axis``, the largest element and index 0.

    Along an axis the derivative goes to the first largest element.
    """
    return _with_index("max", amax, reduction.argmax, input, axis, keepdims)


def min(input: TensorLike, axis: int | None = None, keepdims: bool = False) -> Any:
    """MindSpore's pair (values, indices) along ``axis``; see :func:`max`."""
    return _with_index("min", amin, reduction.argmin, input, axis, keepdims)


def _with_index(name: str, extremum: Any, search: Any, input: TensorLike, axis: int | None, keepdims: bool) -> Any:
    x = as_tensor(input, name)
    if axis is None:
        return extremum(x), cast_to(as_tensor(0, name), int64)
    i = normalize_axis(name, read_int(name, "axis", axis), x.ndim)
    indices = _search(name, search, x, i, keepdims=True)
    positions = as_tensor(list(range(x.shape[i])), name).to(x.device)
    chosen = comparison.equal(along(positions, i, x.ndim), indices)
    values = sum_primitive(select(chosen, x, 0.0 if x.dtype.is_float else 0), axes=(i,))
    return _drop(values, (i,), keepdims), _drop(indices, (i,), keepdims)


def any(input: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Kept = None) -> Tensor:
    """Whether some element over ``axis`` is true."""
    x = _kept("any", cast_to(as_tensor(input, "any"), bool_), where, False)
    return _reduced("any", reduction.any, x, axis, keepdims)


def all(input: TensorLike, axis: Axis = None, keepdims: bool = False, *, where: Kept = None) -> Tensor:
    """Whether every element over ``axis`` is true."""
    x = _kept("all", cast_to(as_tensor(input, "all"), bool_), where, True)
    return _reduced("all", reduction.all, x, axis, keepdims)


def cumsum(input: TensorLike, axis: int) -> Tensor:
    """Running sums along ``axis``; bools and small integers give Int32, as in MindSpore."""
    x = as_tensor(input, "cumsum")
    x = x if x.dtype.is_float or x.dtype.bits >= 32 else cast_to(x, int32)
    return reduction.cumsum(x, axis=normalize_axis("cumsum", read_int("cumsum", "axis", axis), x.ndim), reverse=False)


def cumprod(input: TensorLike, axis: int) -> Tensor:
    """Running products along ``axis``; integers and bools give Int64. Its derivatives are right at zeros."""
    x = _wide(as_tensor(input, "cumprod"))
    i = normalize_axis("cumprod", read_int("cumprod", "axis", axis), x.ndim)
    size, step = x.shape[i], 1
    # Each round doubles the number of elements whose product stands in each place.
    while step < size:
        later = arithmetic.multiply(part(x, i, step, size - step), part(x, i, 0, size - step))
        x = movement.concatenate(part(x, i, 0, step), later, axis=i)
        step *= 2
    return x


def logsumexp(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) without overflow; -inf where all elements are -inf, with derivative 0."""
    given = floating("logsumexp", input)
    axes = read_axes("logsumexp", axis, given.ndim)
    shift, rest = shifted_logsumexp(accumulating(given), axes)
    return _drop(cast_to(rest + shift, given.dtype), axes, keepdims)


def shifted_logsumexp(x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The largest element along ``axes``, a constant, and by how much log(sum(exp(x))) exceeds it: to the last digits.

    Where it exceeds it by little, the sum is 1 and a little. So the largest elements are counted, less one, and what
    the others add is added up without them.
    """
    if 0 in [x.shape[i] for i in axes]:  # of nothing the sum is 0
        nothing = sum_primitive(x, axes=axes)
        return nothing, nothing - float("inf")
    detached = stop_gradient(x)
    largest = reduction.maximum_along(detached, axes=axes) if axes else detached
    shift = select(comparison.isfinite(largest), largest, 0.0)
    ones = cast_to(comparison.equal(detached, shift), x.dtype)
    others = exponential.exp(x - shift) - ones
    if axes:
        others, ones = sum_primitive(others, axes=axes), sum_primitive(ones, axes=axes)
    return shift, exponential.log1p(others + (ones - 1))


def var(input: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance over ``axis``, divided by the number of elements less ``ddof``; of complex numbers it is real."""
    x = _read_numbers("var", input)
    return cast_to(_variance(accumulating(x), axis, ddof, keepdims), _real_dtype(x))


def _read_numbers(function: str, input: TensorLike) -> Tensor:
    x = as_tensor(input, function)
    if x.dtype is bool_:
        raise DTypeError(f"`{function}` of a Bool tensor is not defined; cast it to a float type first")
    return to_inexact(x)


def _real_dtype(x: Tensor) -> DType:
    return part_dtype(x.dtype) if x.dtype.is_complex else x.dtype


def _variance(x: Tensor, axis: Axis, ddof: int, keepdims: bool) -> Tensor:
    axes = read_axes("var", axis, x.ndim)
    count = math.prod(x.shape[i] for i in axes)
    centred = x - mean(x, axes, keepdims=True) if axes else x - x
    if x.dtype.is_complex:
        squared = arithmetic.square(real(centred)) + arithmetic.square(imag(centred))
    else:
        squared = arithmetic.square(centred)
    squares = sum_primitive(squared, axes=axes) if axes else squared
    freedom = count - read_int("var", "ddof", ddof)
    return _drop(arithmetic.divide(squares, freedom if freedom > 0 else float("nan")), axes, keepdims)


def std(input: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation over ``axis``; its derivative is 0 where all elements are equal."""
    x = _read_numbers("std", input)
    return cast_to(root_of_squares(_variance(accumulating(x), axis, ddof, keepdims)), _real_dtype(x))


def norm(A: TensorLike, ord: float | str | None = None, dim: Axis = None, keepdim: bool = False) -> Tensor:
    """The norm of order ``ord`` over ``dim``; derivative 0 at 0.

    Over one axis it is that of vectors: the number of elements that are not 0 for 0, the largest and smallest magnitude
    for inf and -inf, else ``sum(|x| ** ord) ** (1 / ord)``. Over two it is that of matrices: ``'fro'``, and for 1 and
    inf (-1 and -inf) the largest (smallest) sum of magnitudes in a column and in a row. Without ``ord`` it is the root
    of the sum of squares over any axes. NumPy and MindSpore have the same conventions.
    """
    x = floating("norm", A, "A")
    axes = read_axes("norm", dim, x.ndim)
    order = None if ord is None or ord == "fro" else read_number("norm", "ord", ord)
    if ord is None or (ord == "fro" and len(axes) == 2) or (order == 2 and len(axes) == 1):
        squares = arithmetic.square(accumulating(x))
        total = _drop(sum_primitive(squares, axes=axes) if axes else squares, axes, keepdim)
        return cast_to(root_of_squares(total), x.dtype)
    if len(axes) == 2 and order is not None and order in (1, -1, math.inf, -math.inf):
        return _matrix_norm(x, order, axes, keepdim)
    if len(axes) == 1 and order is not None:
        return _vector_norm(x, order, axes, keepdim)
    raise ArgumentError(
        f"`ord` of `norm` over {len(axes)} axes got {ord!r}; expected None, over one axis also any number, "
        "over two also 1, -1, inf, -inf or 'fro'"
    )


def _matrix_norm(x: Tensor, order: float, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    added, compared = axes if math.isfinite(order) else reversed(axes)
    sums = sum(arithmetic.absolute(x), added, keepdims=True)
    return _drop((amax if order > 0 else amin)(sums, compared, keepdims=True), axes, keepdim)


def _vector_norm(x: Tensor, order: float, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    sizes = arithmetic.absolute(x)
    if math.isinf(order):
        return (amax if order > 0 else amin)(sizes, axes, keepdim)
    if order == 0:
        return sum(cast_to(comparison.not_equal(x, 0), x.dtype), axes, keepdim)
    if order == 1:
        return sum(sizes, axes, keepdim)
    total = sum(power(sizes, order), axes, keepdim)
    result: Tensor = select(total == 0, total, power(select(total == 0, 1.0, total), 1 / order))
    return result
