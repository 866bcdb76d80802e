"""New tensors with elements at given places: what MindSpore writes in place, as functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.ops.tables import named


def gather_nd(input_x: Any, indices: Any) -> Any:
    """The elements or slices at places that the last axis of ``indices`` names."""
    count = indices.shape[-1]
    return input_x[tuple(indices[..., i] for i in range(count))]


def _flat_places(indices: Any, shape: tuple[int, ...]) -> Any:
    """The places named by the last axis of ``indices``, counted through the leading axes of ``shape``."""
    place: Any = 0
    for i in range(indices.shape[-1]):
        place = place * shape[i] + indices[..., i]
    return o.reshape(place, (-1,))


def scatter_nd_add(input_x: Any, indices: Any, updates: Any) -> Any:
    """``input_x`` with ``updates`` added at places that the last axis of ``indices`` names."""
    count = indices.shape[-1]
    rest = input_x.shape[count:]
    rows = o.reshape(input_x, (math.prod(input_x.shape[:count]), *rest))
    added = _add_rows(rows, _flat_places(indices, input_x.shape), o.reshape(updates, (-1, *rest)))
    return o.reshape(added, input_x.shape)


def _add_rows(x: Any, places: Any, rows: Any) -> Any:
    """``x`` with ``rows`` added to those that ``places`` name."""
    wide = o.reshape(places, (-1, *(1,) * (rows.ndim - 1)))
    return o.scatter_add(x, 0, o.broadcast_to(wide, rows.shape), rows)


def scatter_nd(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros with ``updates`` added at places."""
    return scatter_nd_add(o.zeros(tuple(shape), updates.dtype), indices, updates)


def _require_distinct(function: str, places: Any) -> None:
    """Which of two values would stand in one place, nobody says."""
    numbers = places.asnumpy()
    if len(np.unique(numbers)) != numbers.size:
        raise ArgumentError(f"`{function}` got one place twice; what stands there then is not defined")


def tensor_scatter_elements(input_x: Any, indices: Any, updates: Any, axis: int = 0, reduction: str = "none") -> Any:
    """``input_x`` with each element of ``updates`` at, or added at, the place along ``axis`` that ``indices`` names."""
    if reduction == "add":
        return o.scatter_add(input_x, axis, indices, updates)
    if reduction != "none":
        raise ArgumentError(f"`reduction` of `tensor_scatter_elements` must be 'none' or 'add', got {reduction!r}")
    at = axis % input_x.ndim
    whole = np.ravel_multi_index(
        [
            indices.asnumpy() % input_x.shape[at] if i == at else grid
            for i, grid in enumerate(np.indices(indices.shape))
        ],
        input_x.shape,
    )
    _require_distinct("tensor_scatter_elements", dt.Tensor(whole))
    zeros = o.zeros(input_x.shape, updates.dtype)
    taken = o.scatter_add(o.zeros(input_x.shape, dt.int32), axis, indices, o.ones(updates.shape, dt.int32))
    return o.where(taken > 0, o.scatter_add(zeros, axis, indices, updates), input_x)


def tensor_scatter_update(input_x: Any, indices: Any, updates: Any) -> Any:
    """``input_x`` with ``updates`` in the place of what stands at places; each place may be named once."""
    _require_distinct("tensor_scatter_update", _flat_places(indices, input_x.shape))
    rest = input_x.shape[indices.shape[-1] :]
    taken = scatter_nd(indices, o.ones(updates.shape, dt.int32), input_x.shape[: indices.shape[-1]] + rest)
    return o.where(taken > 0, scatter_nd(indices, updates, input_x.shape), input_x)


def index_select(input: Any, axis: int, index: Any) -> Any:
    """The slices of an axis that ``index`` names."""
    return o.gather(input, index, axis)


def index_add(x: Any, indices: Any, y: Any, axis: int, use_lock: bool = True, check_index_bound: bool = True) -> Any:
    """``x`` with the slices of ``y`` added to those that ``indices`` name."""
    at = axis % x.ndim
    moved = o.swapaxes(x, 0, at)
    return o.swapaxes(_add_rows(moved, indices, o.swapaxes(y, 0, at)), 0, at)


def index_fill(x: Any, axis: int, index: Any, value: Any) -> Any:
    """``x`` with one number in the slices that ``index`` names."""
    at = axis % x.ndim
    named_slices = np.isin(np.arange(x.shape[at]), np.asarray(index.asnumpy()) % x.shape[at])
    mask = dt.Tensor(named_slices.reshape(-1, *(1,) * (x.ndim - at - 1)))
    return o.where(mask, value, x)


def unsorted_segment_sum(input_x: Any, segment_ids: Any, num_segments: int) -> Any:
    """The sums of the slices of each segment."""
    rest = input_x.shape[segment_ids.ndim :]
    zeros = o.zeros((num_segments, *rest), input_x.dtype)
    return _add_rows(zeros, o.reshape(segment_ids, (-1,)), o.reshape(input_x, (-1, *rest)))


def select(condition: Any, input: Any, other: Any) -> Any:
    """``input`` where ``condition`` is true, else ``other``."""
    if not isinstance(condition, dt.Tensor):
        raise ArgumentTypeError(f"`condition` of `select` must be a Tensor, got {type(condition).__name__}")
    return o.where(condition, input, other)


FUNCTIONS = named({
    "fill": lambda type, shape, value: o.full(shape, value, dtype=type),
    "fills": lambda x, value: o.full_like(x, value),
    "masked_fill": lambda input_x, mask, value: o.where(mask, value, input_x),
    "scatter_nd_sub": lambda input_x, indices, updates: scatter_nd_add(input_x, indices, -updates),
    "scatter": lambda input, axis, index, src: tensor_scatter_elements(input, index, src, axis),
    "sequence_mask": lambda lengths, maxlen=None:
        o.arange(int(lengths.asnumpy().max()) if maxlen is None else maxlen) < o.expand_dims(lengths, -1),
})  # fmt: skip
FUNCTIONS |= {
    "gather_nd": gather_nd, "scatter_nd": scatter_nd, "scatter_nd_add": scatter_nd_add, "index_add": index_add,
    "index_select": index_select, "index_fill": index_fill, "unsorted_segment_sum": unsorted_segment_sum,
    "tensor_scatter_elements": tensor_scatter_elements,
    "tensor_scatter_update": tensor_scatter_update, "tensor_scatter_add": scatter_nd_add,
    "tensor_scatter_sub": FUNCTIONS["scatter_nd_sub"], "select": select,
}  # fmt: skip
