"""Order, search and choice by value: what is found depends on numbers, so `jit` runs these eagerly."""

from __future__ import annotations

from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.mindspore.ops.tables import named


def _numbers(x: Any) -> np.ndarray:
    found: np.ndarray = o.stop_gradient(x).asnumpy()
    return found


def _order(x: Any, axis: int, descending: bool) -> np.ndarray:
    values = _numbers(x)
    if not descending:
        return np.asarray(np.argsort(values, axis, kind="stable"))
    # Stable from the other end, so that equal elements keep their order.
    found = np.argsort(np.flip(values, axis), axis, kind="stable")
    return np.asarray(values.shape[axis] - 1 - np.flip(found, axis))


def gather_elements(input: Any, dim: int, index: Any) -> Any:
    """``out[i][j] = input[index[i][j]][j]`` for ``dim`` 0, and so on."""
    at = dim % input.ndim
    places: list[Any] = list(np.ogrid[tuple(slice(0, n) for n in index.shape)])
    places[at] = index
    return input[tuple(places)]


def sort(input_x: Any, axis: int = -1, descending: bool = False) -> Any:
    """The elements along an axis in order, and the indices (Int32) that put them there."""
    order = _order(input_x, axis, descending)
    return gather_elements(input_x, axis, dt.Tensor(order)), dt.Tensor(order.astype(np.int32))


def topk(input: Any, k: int, dim: int | None = None, largest: bool = True, sorted: bool = True) -> Any:
    """The ``k`` largest (smallest) elements along an axis, in order, and their indices (Int32)."""
    axis = (-1 if dim is None else dim) % input.ndim
    order = np.take(_order(input, axis, largest), np.arange(k), axis)
    return gather_elements(input, axis, dt.Tensor(order)), dt.Tensor(order.astype(np.int32))


def median(input: Any, axis: int = -1, keepdims: bool = False) -> Any:
    """The middle element along an axis (the lower one of two), and its index."""
    size = input.shape[axis]
    order = np.take(_order(input, axis, False), [(size - 1) // 2], axis)
    values, index = gather_elements(input, axis, dt.Tensor(order)), dt.Tensor(order)
    return (values, index) if keepdims else (o.squeeze(values, axis), o.squeeze(index, axis))


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The places of elements that are not 0, one a row."""
    found = np.nonzero(_numbers(input))
    return tuple(map(dt.Tensor, found)) if as_tuple else dt.Tensor(np.stack(found, 1).astype(np.int64))


def searchsorted(
    sorted_sequence: Any, values: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None
) -> Any:
    """Where elements go in a sequence that is in order."""
    where = side or ("right" if right else "left")
    found = np.searchsorted(_numbers(sorted_sequence), _numbers(values), where)  # type: ignore[call-overload]
    return dt.Tensor(np.asarray(found, np.int32 if out_int32 else np.int64))


def _scan(x: Any, axis: int, better: Any, integer: Any) -> Any:
    """The best so far along an axis, and where it is: the last of equal ones."""
    values = np.moveaxis(_numbers(x), axis, 0)
    indices = np.zeros(values.shape, np.int64)
    best = values[0]
    for i, row in enumerate(values):
        indices[i] = np.where(better(row, best), i, indices[i - 1] if i else 0)
        best = np.where(better(row, best), row, best)
    places = np.moveaxis(indices, 0, axis)
    return gather_elements(x, axis, dt.Tensor(places)), dt.Tensor(places.astype(integer))


FUNCTIONS = named({
    "argsort": lambda input, axis=-1, descending=False: dt.Tensor(_order(input, axis, descending).astype(np.int32)),
    "argwhere": lambda input: nonzero(input),
    "bincount": lambda input, weights=None, minlength=0: dt.Tensor(
        np.bincount(_numbers(input), None if weights is None else _numbers(weights), minlength).astype(np.float32)
    ),
    "bucketize": lambda input, boundaries, *, right=False:
        dt.Tensor(np.searchsorted(boundaries, _numbers(input), "right" if right else "left").astype(np.int32)),
    "cummax": lambda input, axis: _scan(input, axis, np.greater_equal, np.int64),
    "cummin": lambda input, axis: _scan(input, axis, np.less_equal, np.int32),
    "masked_select": lambda input, mask: o.broadcast_to(input, np.broadcast_shapes(input.shape, mask.shape))[
        o.broadcast_to(mask, np.broadcast_shapes(input.shape, mask.shape))
    ],
    "msort": lambda input: sort(input, 0)[0],
    "unique": lambda input: tuple(map(dt.Tensor, _unique(input))),
})  # fmt: skip


def _unique(x: Any) -> Any:
    """The different elements in the order of their first places, and where in it each element is."""
    values, first, inverse = np.unique(_numbers(x), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(order.size)
    return values[order], place[inverse.reshape(x.shape)].astype(np.int64 if x.dtype is dt.int64 else np.int32)


FUNCTIONS |= {
    "sort": sort, "topk": topk, "median": median, "nonzero": nonzero, "searchsorted": searchsorted,
    "gather_elements": gather_elements,
}  # fmt: skip
FUNCTIONS["gather_d"] = lambda x, dim, index: gather_elements(x, dim, index)
FUNCTIONS["top_k"] = lambda input_x, k, sorted=True: topk(input_x, k)
