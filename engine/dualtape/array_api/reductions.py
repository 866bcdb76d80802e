"""Reductions, sorting and searching, with the arguments of the array API standard."""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtape.dtypes import as_dtype, int64, uint64
from dualtape.errors import ShapeError
from dualtape.functions import calculus, creation, elementwise, indexing, reduction, shape, sorting
from dualtape.functions.conversion import as_tensor, cast_to, read_axes, read_real

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "UniqueAll", "UniqueCounts", "UniqueInverse", "all", "any", "argsort", "count_nonzero", "cumulative_prod",
    "cumulative_sum", "diff", "max", "mean", "min", "prod", "searchsorted", "sort", "std", "sum", "take", "unique_all",
    "unique_counts", "unique_inverse", "unique_values", "var",
]  # fmt: skip


def _in_type(function: str, x: Any, dtype: Any) -> Tensor:
    """A tensor in the type in which it is added up: integers by default in the widest of their kind."""
    found = as_tensor(x, function, "x")
    if dtype is None:
        dtype = found.dtype if found.dtype.is_inexact else uint64 if found.dtype.kind == "unsigned" else int64
    return cast_to(found, as_dtype(dtype))


def _over(x: Any, axis: Any, keepdims: builtins.bool) -> tuple[Tensor, Any, builtins.bool]:
    """What is reduced, and over which axes: over none, if there are none in a tuple, which elsewhere means all."""
    given = as_tensor(x, "a reduction", "x")
    if isinstance(axis, tuple) and not axis:
        return shape.expand_dims(given, -1), -1, False
    return given, axis, keepdims


def sum(x: Tensor, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """The sum over ``axis``."""
    given = _in_type("sum", x, dtype)
    return cast_to(reduction.sum(*_over(given, axis, keepdims)), given.dtype)


def prod(x: Tensor, /, *, axis: Any = None, dtype: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """The product over ``axis``."""
    given = _in_type("prod", x, dtype)
    return cast_to(reduction.prod(*_over(given, axis, keepdims)), given.dtype)


def mean(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """The mean over ``axis``, of floats."""
    return reduction.mean(*_over(x, axis, keepdims))


def max(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """The largest elements over ``axis``."""
    return reduction.amax(*_over(x, axis, keepdims))


def min(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """The smallest elements over ``axis``."""
    return reduction.amin(*_over(x, axis, keepdims))


def var(x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Tensor:
    """The variance over ``axis``, divided by the number of elements less ``correction``."""
    given, axes, kept = _over(x, axis, keepdims)
    return reduction.var(given, axes, 0, kept) * _corrected("var", given, axes, correction)


def std(x: Tensor, /, *, axis: Any = None, correction: float = 0.0, keepdims: builtins.bool = False) -> Tensor:
    """The standard deviation over ``axis``, of the variance with that ``correction``."""
    given, axes, kept = _over(x, axis, keepdims)
    return reduction.std(given, axes, 0, kept) * math.sqrt(_corrected("std", given, axes, correction))


def _corrected(function: str, x: Tensor, axis: Any, correction: Any) -> float:
    """What a variance that is divided by the number of elements is multiplied by; NaN where too few are left."""
    count = math.prod(x.shape[i] for i in read_axes(function, axis, x.ndim))
    left = count - read_real(function, "correction", correction)
    return count / left if left > 0 else math.nan


def _one_axis(function: str, x: Any, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise ShapeError(f"`{function}` of a tensor of {x.ndim} axes needs `axis`")
    return 0 if axis is None else axis


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: builtins.bool = False
) -> Tensor:
    """The running sums along ``axis``, after a 0 if ``include_initial``."""
    given, i = _in_type("cumulative_sum", x, dtype), _one_axis("cumulative_sum", x, axis)
    return _after(cast_to(reduction.cumsum(given, i), given.dtype), creation.zeros_like, i, include_initial)


def cumulative_prod(
    x: Tensor, /, *, axis: int | None = None, dtype: Any = None, include_initial: builtins.bool = False
) -> Tensor:
    """The running products along ``axis``, after a 1 if ``include_initial``."""
    given, i = _in_type("cumulative_prod", x, dtype), _one_axis("cumulative_prod", x, axis)
    return _after(cast_to(reduction.cumprod(given, i), given.dtype), creation.ones_like, i, include_initial)


def _after(found: Tensor, first: Any, axis: int, wanted: builtins.bool) -> Tensor:
    if not wanted:
        return found
    one = tuple(1 if i == axis % found.ndim else n for i, n in enumerate(found.shape))
    return shape.concat([first(creation.zeros(one, found.dtype).to(found.device)), found], axis)


def count_nonzero(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """How many elements over ``axis`` are not 0."""
    return reduction.sum(*_over(elementwise.not_equal(x, 0), axis, keepdims))


def diff(x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Tensor:
    """The ``n``-th differences along ``axis``."""
    whole = [part for part in (prepend, x, append) if part is not None]
    return calculus.diff(shape.concat(whole, axis) if len(whole) > 1 else x, n, axis)


def sort(x: Tensor, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """The elements along ``axis`` in their order; equal ones stay as they are, whether that is asked for or not."""
    return sorting.sort(x, axis, descending).values


def all(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Whether all elements over ``axis`` are not 0."""
    return reduction.all(*_over(x, axis, keepdims))


def any(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False) -> Tensor:
    """Whether an element over ``axis`` is not 0."""
    return reduction.any(*_over(x, axis, keepdims))


def argsort(x: Tensor, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """The indices, of Int64, in whose order the elements along ``axis`` are sorted."""
    return cast_to(sorting.argsort(x, axis, descending), int64)


def searchsorted(x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Any = None) -> Tensor:
    """Where the elements of ``x2`` belong in the sorted ``x1``."""
    return sorting.searchsorted(x1 if sorter is None else indexing.take(x1, sorter, 0), x2, side=side)


class UniqueAll(NamedTuple):
    """What :func:`unique_all` finds."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What :func:`unique_counts` finds."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What :func:`unique_inverse` finds."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: Tensor, /) -> UniqueAll:
    """The different elements, where the first of each stands, which one is at each place, and how many there are."""
    return UniqueAll(*sorting.unique(x, True, True, True))


def unique_counts(x: Tensor, /) -> UniqueCounts:
    """The different elements, and how many of each there are."""
    return UniqueCounts(*sorting.unique(x, return_counts=True))


def unique_inverse(x: Tensor, /) -> UniqueInverse:
    """The different elements, and which one is at each place."""
    return UniqueInverse(*sorting.unique(x, return_inverse=True))


def unique_values(x: Tensor, /) -> Tensor:
    """The different elements."""
    found: Tensor = sorting.unique(x)
    return found


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The elements of ``x`` along ``axis`` that ``indices`` name."""
    return indexing.take(x, indices, _one_axis("take", x, axis))
