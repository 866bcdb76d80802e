"""Sorting, searching and counting: what is found has derivative 0, what is taken from there that of its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape.core.spec import normalize_axis
from dualtape.dtypes import bool_, int32, int64
from dualtape.errors import ArgumentError, DTypeError, ShapeError, TensorIndexError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    device_among,
    promoted_pair,
    read_choice,
    read_flag,
    read_int,
    tensor_pair,
)
from dualtape.functions.indexing import take_at, where
from dualtape.functions.shape import broadcast_to, part, reshape, swapaxes
from dualtape.primitives import comparison, ordering
from dualtape.primitives.gathering import inside_axis, scatter_sum, take

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "argsort", "bincount", "masked_select", "nonzero", "searchsorted", "sort", "take_along_axis", "topk", "unique",
]  # fmt: skip


class Sorted(NamedTuple):
    """Elements in their order, and where they stood: Int32, as in MindSpore."""

    values: Tensor
    indices: Tensor


def _along_last(function: str, input: TensorLike, axis: int) -> tuple[Tensor, int]:
    x = as_tensor(input, function)
    if x.ndim == 0:
        raise ShapeError(f"`{function}` takes a Tensor of one axis or more, got a number")
    i = normalize_axis(function, read_int(function, "axis", axis), x.ndim)
    return (x if i == x.ndim - 1 else swapaxes(x, i, -1)), i


def _back(x: Tensor, axis: int) -> Tensor:
    return x if axis == x.ndim - 1 else swapaxes(x, axis, -1)


def sort(input: TensorLike, axis: int = -1, descending: bool = False) -> Sorted:
    """The elements along ``axis`` in their order, and their indices: MindSpore's pair.

    Equal elements keep their order, and each the derivative of its own; NaN counts as the largest.

    Examples
    --------
    >>> import dualtape as dt
    >>> values, indices = dt.ops.sort(dt.Tensor([3.0, 1.0, 2.0]))
    >>> print(values, indices)
    [1. 2. 3.] [1 2 0]
    """
    x, i = _along_last("sort", input, axis)
    order = ordering.argsort(x, descending=read_flag("sort", "descending", descending))
    return Sorted(_back(take_at(x, order), i), cast_to(_back(order, i), int32))


def argsort(input: TensorLike, axis: int = -1, descending: bool = False) -> Tensor:
    """The indices (Int32, as in MindSpore) in whose order the elements along ``axis`` are sorted; see :func:`sort`."""
    x, i = _along_last("argsort", input, axis)
    return cast_to(_back(ordering.argsort(x, descending=read_flag("argsort", "descending", descending)), i), int32)


def topk(input: TensorLike, k: int, dim: int | None = None, largest: bool = True, sorted: bool = True) -> Sorted:
    """The ``k`` largest (or smallest) elements along ``dim``, the last axis by default, and their indices (Int32).

    They are in their order, whether that is asked for (``sorted``) or not.
    """
    x, i = _along_last("topk", input, -1 if dim is None else dim)
    count = read_int("topk", "k", k)
    read_flag("topk", "sorted", sorted)
    if not 0 <= count <= x.shape[-1]:
        raise ArgumentError(f"`k` of `topk` must be from 0 to {x.shape[-1]}, got {count}")
    order = ordering.argsort(x, descending=read_flag("topk", "largest", largest))
    chosen = part(order, x.ndim - 1, 0, count)
    return Sorted(_back(take_at(x, chosen), i), cast_to(_back(chosen, i), int32))


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int | None = -1) -> Tensor:
    """NumPy's: ``x[..., indices[..., i, ...], ...]`` along ``axis``, of the flattened ``x`` if that is None.

    ``indices`` have ``x``'s number of axes; other axes broadcast. Negative ones count from the end.
    """
    device = device_among(x, indices)
    given, places = (as_tensor(t, "take_along_axis", name, device) for t, name in ((x, "x"), (indices, "indices")))
    if not places.dtype.is_integer:
        raise TensorIndexError(f"`indices` of `take_along_axis` must be integers, got {places.dtype}")
    if axis is None:
        given, axis = reshape(given, (-1,)), 0
    if given.ndim != places.ndim:
        raise ShapeError(
            f"`take_along_axis` got indices of shape {places.shape} for an x of shape {given.shape}; expected the same "
            "number of axes"
        )
    i = normalize_axis("take_along_axis", read_int("take_along_axis", "axis", axis), given.ndim)
    last, at = (swapaxes(t, i, -1) if i != given.ndim - 1 else t for t in (given, cast_to(places, int64)))
    try:
        lead = np.broadcast_shapes(last.shape[:-1], at.shape[:-1])
    except ValueError as failure:
        raise ShapeError(
            f"`take_along_axis` got indices of shape {places.shape} for an x of shape {given.shape}, which do not "
            f"broadcast beside axis {i}"
        ) from failure
    last, at = (broadcast_to(t, (*lead, t.shape[-1])) for t in (last, at.to(given.device)))
    if at.size:
        at = inside_axis(at, size=last.shape[-1], axis=i)
    at = at + cast_to(comparison.less(at, 0), int64) * last.shape[-1]
    return _back(take_at(last, at), i)


def searchsorted(sorted_sequence: TensorLike, values: TensorLike, *, right: bool = False, side: str = "left") -> Tensor:
    """Where ``values`` belong in a sorted vector, or in the rows of a Tensor: Int64, with derivative 0.

    Before equal elements, or behind them if ``right`` or ``side`` is "right".
    """
    side = read_choice("searchsorted", "side", side, ("left", "right"))
    pair = tensor_pair("searchsorted", sorted_sequence, values, ("sorted_sequence", "values"))
    rows, given = promoted_pair("searchsorted", *pair)
    from_right = read_flag("searchsorted", "right", right) or side == "right"
    if rows.ndim == 0 or (rows.ndim > 1 and rows.shape[:-1] != given.shape[:-1]):
        raise ShapeError(
            f"`searchsorted` got a sequence of shape {rows.shape} and values of shape {given.shape}; expected a "
            "vector, or rows with the leading axes of the values"
        )
    if rows.ndim == 1:
        return reshape(ordering.searchsorted(rows, reshape(given, (-1,)), right=from_right), given.shape)
    return ordering.searchsorted(rows, given, right=from_right)


def nonzero(input: TensorLike) -> tuple[Tensor, ...]:
    """NumPy's: the indices (Int64) of the elements that are not 0, a vector for each axis.

    How many there are depends on the numbers: they must be known, so that it cannot be jitted.
    """
    x = as_tensor(input, "nonzero")
    if x.ndim == 0:
        raise ShapeError("`nonzero` takes a Tensor of one axis or more, got a number")
    return tuple(as_tensor(found, "nonzero").to(x.device) for found in np.nonzero(x.asnumpy()))


def masked_select(input: TensorLike, mask: TensorLike) -> Tensor:
    """The elements of ``input`` where ``mask``, which broadcasts with it, holds, as a vector; cannot be jitted."""
    x, chosen = as_tensor(input, "masked_select"), as_tensor(mask, "masked_select", "mask")
    if chosen.dtype is not bool_:
        raise DTypeError(f"`mask` of `masked_select` must be a Tensor of Bools, got {chosen.dtype}")
    shape = np.broadcast_shapes(x.shape, chosen.shape)
    places = np.flatnonzero(np.broadcast_to(chosen.asnumpy(), shape))
    return take(reshape(broadcast_to(x, shape), (-1,)), as_tensor(places, "masked_select").to(x.device), axis=0)


def unique(
    input: TensorLike, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False
) -> Any:
    """NumPy's: the different elements, sorted; the derivative of each is that of the first of its kind.

    How many there are depends on the numbers: they must be known, so that it cannot be jitted.
    """
    x = as_tensor(input, "unique")
    _, index, inverse, counts = np.unique(x.asnumpy(), return_index=True, return_inverse=True, return_counts=True)

    def to_tensor(found: np.ndarray) -> Tensor:
        return as_tensor(found.astype(np.int64), "unique").to(x.device)

    values = take(reshape(x, (-1,)), to_tensor(index), axis=0)
    wanted = {"return_index": return_index, "return_inverse": return_inverse, "return_counts": return_counts}
    found = zip(wanted.items(), (index, inverse.reshape(x.shape), counts), strict=True)
    rest = [to_tensor(numbers) for (name, flag), numbers in found if read_flag("unique", name, flag)]
    return (values, *rest) if rest else values


def bincount(
    input: TensorLike, weights: TensorLike | None = None, minlength: int = 0, length: int | None = None
) -> Tensor:
    """How often each integer from 0 on is there (Int64), or the sums of the ``weights`` of its places.

    Parameters
    ----------
    minlength
        The result has as many elements, or more if there are larger numbers.
    length
        The result has as many elements, larger numbers are an error: what jitted programs need.
    """
    x = as_tensor(input, "bincount")
    if x.ndim != 1 or not x.dtype.is_integer:
        raise DTypeError(f"`bincount` takes a vector of integers, got a Tensor of {x.dtype} of shape {x.shape}")
    if length is None:
        numbers = x.asnumpy()
        if numbers.min(initial=0) < 0:
            raise ArgumentError(f"`bincount` takes integers from 0 on, got {numbers.min()}")
        size = max(int(numbers.max(initial=-1)) + 1, read_int("bincount", "minlength", minlength))
    else:
        size = read_int("bincount", "length", length)
    given = as_tensor(np.ones(x.shape, np.int64), "bincount") if weights is None else as_tensor(weights, "bincount")
    if given.shape != x.shape:
        raise ShapeError(f"`weights` of `bincount` have shape {given.shape}, the numbers {x.shape}; expected one shape")
    places = cast_to(x, int64)
    places = where(comparison.less(places, 0), size, places)  # outside of it, too
    if x.size:
        places = inside_axis(places, size=size, axis=0)
    return scatter_sum(given.to(x.device), places, axis=0, size=size)
