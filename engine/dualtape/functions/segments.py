"""Sums, products and extrema of the slices that share a number: JAX's names, and MindSpore's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.dtypes import int64
from dualtape.errors import ArgumentError, DTypeError, ShapeError
from dualtape.functions.conversion import TensorLike, as_tensor, cast_to, read_int
from dualtape.functions.indexing import take_at
from dualtape.functions.scans import associative_scan
from dualtape.functions.shape import broadcast_to, permute, reshape
from dualtape.primitives import comparison, ordering, segments
from dualtape.primitives.gathering import inside_axis, scatter_sum, take
from dualtape.primitives.movement import concatenate
from dualtape.primitives.selection import where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "segment_max", "segment_min", "segment_prod", "segment_sum", "unsorted_segment_max", "unsorted_segment_min",
    "unsorted_segment_prod", "unsorted_segment_sum",
]  # fmt: skip


def checked_places(places: Tensor, size: int, axis: int = 0) -> Tensor:
    """Indices from 0 to ``size`` - 1, or an error; negative ones do not count from the end."""
    wide = cast_to(places, int64)
    if not wide.size:
        return wide
    return inside_axis(where(comparison.less(wide, 0), size, wide), size=size, axis=axis)


def _read(function: str, data: TensorLike, ids: TensorLike, count: int | None) -> tuple[Tensor, Tensor, int]:
    x, numbers = as_tensor(data, function, "data"), as_tensor(ids, function, "segment_ids")
    if not numbers.dtype.is_integer:
        raise DTypeError(f"`segment_ids` of `{function}` must be integers, got {numbers.dtype}")
    if numbers.ndim != 1 or x.ndim == 0 or x.shape[0] != numbers.shape[0]:
        raise ShapeError(
            f"`{function}` got data of shape {x.shape} and segment_ids of shape {numbers.shape}; expected a vector "
            "with one number for each slice of the data's first axis"
        )
    size = int(numbers.asnumpy().max(initial=-1)) + 1 if count is None else read_int(function, "num_segments", count)
    if size < 0:
        raise ArgumentError(f"`num_segments` of `{function}` must not be negative, got {size}")
    return x, checked_places(numbers.to(x.device), size), size


def segment_sum(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None) -> Tensor:
    """The sums of the slices of ``data``'s first axis that have the same number; 0 for a number that none has.

    Parameters
    ----------
    segment_ids
        A number from 0 on for each slice, in any order; one that is not below ``num_segments`` is an error.
    num_segments
        How many sums; by default up to the largest number, which must then be known: not inside `jit`.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.segment_sum(dt.Tensor([1.0, 2.0, 4.0]), dt.Tensor([0, 1, 0])))
    [5. 2.]
    """
    x, ids, size = _read("segment_sum", data, segment_ids, num_segments)
    return scatter_sum(x, ids, axis=0, size=size)


def segment_max(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None) -> Tensor:
    """The largest of each segment, -inf (or the smallest integer) for none; see :func:`segment_sum`.

    Of equal ones, the first has the derivative.
    """
    return _extremum("segment_max", data, segment_ids, num_segments, True)


def segment_min(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None) -> Tensor:
    """The smallest of each segment, inf (or the largest integer) for none; see :func:`segment_max`."""
    return _extremum("segment_min", data, segment_ids, num_segments, False)


def _extremum(function: str, data: Any, ids: Any, count: Any, largest: bool) -> Tensor:
    x, numbers, size = _read(function, data, ids, count)
    rank = x.ndim
    rows = permute(x, [*range(1, rank), 0]) if rank > 1 else x
    places = segments.extremum_of(rows, numbers, size=size, largest=largest)
    found = _chosen(rows, places, identity(x.dtype, largest))
    return permute(found, [rank - 1, *range(rank - 1)]) if rank > 1 else found


def _chosen(rows: Tensor, places: Tensor, otherwise: float) -> Tensor:
    """The elements of rows at places, ``otherwise`` at -1."""
    missing = comparison.less(places, 0)
    if rows.shape[-1] == 0:
        filled: Tensor = cast_to(places, rows.dtype) * 0 + otherwise
        return filled
    return where(missing, otherwise, take_at(rows, where(missing, 0, places)))


def identity(dtype: Any, largest: bool) -> Any:
    """What no element is larger (or smaller) than."""
    if dtype.is_float:
        return -float("inf") if largest else float("inf")
    if dtype.kind == "bool":
        raise DTypeError("extrema of Bools are not defined; use any, all or a sum")
    limits = np.iinfo(dtype.numpy)
    return int(limits.min if largest else limits.max)


def segment_prod(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None) -> Tensor:
    """The products of each segment, 1 for none; see :func:`segment_sum`.

    Its derivatives of every order are right at zeros: it is a tree of products, and divides by nothing.
    """
    x, ids, size = _read("segment_prod", data, segment_ids, num_segments)
    order = ordering.argsort(ids, descending=False)
    sorted_ids = take(ids, order, axis=0)
    begins = comparison.not_equal(sorted_ids[1:], sorted_ids[:-1]) if x.shape[0] > 1 else sorted_ids[:0] != 0
    first = broadcast_to(as_tensor(True, "segment_prod").to(x.device), (min(x.shape[0], 1),))
    flags = concatenate(first, begins, axis=0)
    over = reshape(flags, (x.shape[0], *(1,) * (x.ndim - 1)))

    def combine(a: Any, b: Any) -> Any:
        return a[0] | b[0], where(b[0], b[1], a[1] * b[1])

    _, running = associative_scan(combine, (over, take(x, order, axis=0)))
    ends = segments.last_of(sorted_ids, size=size)
    missing = reshape(comparison.less(ends, 0), (size, *(1,) * (x.ndim - 1)))
    if x.shape[0] == 0:
        return broadcast_to(as_tensor(np.ones((), x.dtype.numpy), "segment_prod").to(x.device), (size, *x.shape[1:]))
    return where(missing, 1 if not x.dtype.is_float else 1.0, take(running, where(ends < 0, 0, ends), axis=0))


def unsorted_segment_sum(inputs: TensorLike, segment_ids: TensorLike, num_segments: int) -> Tensor:
    """MindSpore's name of :func:`segment_sum`."""
    return segment_sum(inputs, segment_ids, num_segments)


def unsorted_segment_max(x: TensorLike, segment_ids: TensorLike, num_segments: int) -> Tensor:
    """MindSpore's name of :func:`segment_max`."""
    return segment_max(x, segment_ids, num_segments)


def unsorted_segment_min(x: TensorLike, segment_ids: TensorLike, num_segments: int) -> Tensor:
    """MindSpore's name of :func:`segment_min`."""
    return segment_min(x, segment_ids, num_segments)


def unsorted_segment_prod(x: TensorLike, segment_ids: TensorLike, num_segments: int) -> Tensor:
    """MindSpore's name of :func:`segment_prod`."""
    return segment_prod(x, segment_ids, num_segments)
