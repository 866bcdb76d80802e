"""Tensors with other elements at some places; tensors themselves never change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import int64
from dualtape.errors import ArgumentTypeError, DTypeError, ShapeError, TensorIndexError
from dualtape.functions.conversion import TensorLike, as_tensor, cast_to, read_choice, read_int, read_ints, read_shape
from dualtape.functions.creation import zeros
from dualtape.functions.elementwise import maximum, minimum
from dualtape.functions.indexing import getitem, where
from dualtape.functions.segments import segment_max, segment_min, segment_prod
from dualtape.functions.shape import along, broadcast_to, reshape
from dualtape.primitives import comparison, segments
from dualtape.primitives.gathering import scatter_sum, take
from dualtape.primitives.movement import cut

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "dynamic_slice", "dynamic_update_slice", "gather_nd", "index_add", "index_update", "scatter_nd",
    "tensor_scatter_add", "tensor_scatter_max", "tensor_scatter_min", "tensor_scatter_mul", "tensor_scatter_sub",
    "tensor_scatter_update",
]  # fmt: skip

_MODES = ("set", "add", "multiply", "min", "max")


def index_update(x: TensorLike, key: Any, values: TensorLike, mode: str = "set") -> Tensor:
    """``x`` with ``values`` at ``x[key]``: what NumPy's ``x[key] = values`` and JAX's ``x.at[key].set(values)`` do.

    Parameters
    ----------
    key
        Whatever can index a Tensor; indices may be traced, a mask of Bools must be known.
    values
        Of a shape that broadcasts to that of ``x[key]``; they take ``x``'s element type.
    mode
        "set", or what is made of an element and its value: "add", "multiply", "min" or "max". Where a place is named
        several times, the last value is set, and all are added, multiplied or compared.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.index_update(dt.Tensor([1.0, 2.0, 3.0]), slice(1, None), 5.0))
    [1. 5. 5.]
    >>> print(dt.ops.index_update(dt.Tensor([1.0, 2.0, 3.0]), [0, 0], 5.0, "add"))
    [11.  2.  3.]
    """
    mode = read_choice("index_update", "mode", mode, _MODES)
    given = as_tensor(x, "index_update", "x")
    numbers = as_tensor(np.arange(given.size, dtype=np.int64).reshape(given.shape), "index_update").to(given.device)
    places = getitem(numbers, key)
    return _updated("index_update", given, places, values, mode)


def _updated(function: str, x: Tensor, places: Tensor, values: Any, mode: str) -> Tensor:
    """``x`` with ``values`` at the flat ``places``."""
    updates = as_tensor(values, function, "values")
    if updates.dtype.is_float and not x.dtype.is_float:
        raise DTypeError(f"`{function}` got values of {updates.dtype} for a Tensor of {x.dtype}; cast one of the two")
    try:
        fitted = broadcast_to(cast_to(updates, x.dtype).to(x.device), places.shape)
    except ShapeError as failure:
        raise ShapeError(
            f"`{function}` got values of shape {updates.shape} for places of shape {places.shape}, to which they do "
            "not broadcast"
        ) from failure
    flat, at, new = reshape(x, (-1,)), reshape(places, (-1,)), reshape(fitted, (-1,))
    return reshape(_COMBINED[mode](flat, at, new), x.shape) if x.size and new.size else x


def _set(x: Tensor, at: Tensor, new: Tensor) -> Tensor:
    last = segments.last_of(at, size=x.size)
    kept = comparison.less(last, 0)
    return where(kept, x, take(new, where(kept, 0, last), axis=0))


_COMBINED: dict[str, Any] = {
    "set": _set,
    "add": lambda x, at, new: x + scatter_sum(new, at, axis=0, size=x.size),
    "multiply": lambda x, at, new: x * segment_prod(new, at, x.size),
    "min": lambda x, at, new: minimum(x, segment_min(new, at, x.size)),
    "max": lambda x, at, new: maximum(x, segment_max(new, at, x.size)),
}


def _nd_key(function: str, indices: TensorLike, shape: Sequence[int]) -> tuple[Any, ...]:
    """The indices of the last axis, one for each of the first axes of a tensor."""
    index = as_tensor(indices, function, "indices")
    if not index.dtype.is_integer:
        raise TensorIndexError(f"`indices` of `{function}` must be integers, got {index.dtype}")
    if index.ndim == 0 or not 1 <= index.shape[-1] <= len(shape):
        raise ShapeError(
            f"`{function}` got indices of shape {index.shape} for a Tensor of shape {tuple(shape)}; expected a last "
            f"axis of 1 to {len(shape)} indices"
        )
    return tuple(index[..., k] for k in range(index.shape[-1]))


def gather_nd(input_x: TensorLike, indices: TensorLike) -> Tensor:
    """MindSpore's: the slices that the last axis of ``indices`` names, an index for each of the first axes."""
    x = as_tensor(input_x, "gather_nd", "input_x")
    return getitem(x, _nd_key("gather_nd", indices, x.shape))


def scatter_nd(indices: TensorLike, updates: TensorLike, shape: Any) -> Tensor:
    """MindSpore's: zeros of ``shape`` with ``updates`` added where :func:`gather_nd` would find them."""
    values = as_tensor(updates, "scatter_nd", "updates")
    blank = zeros(read_shape("scatter_nd", "shape", shape), values.dtype).to(values.device)
    return index_update(blank, _nd_key("scatter_nd", indices, blank.shape), values, "add")


def _nd_update(mode: str, name: str, text: str) -> Any:
    def function(input_x: TensorLike, indices: TensorLike, updates: TensorLike) -> Tensor:
        x = as_tensor(input_x, name, "input_x")
        return index_update(x, _nd_key(name, indices, x.shape), updates, mode)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"MindSpore's: ``input_x`` {text} ``updates`` where :func:`gather_nd` finds the elements."
    return function


tensor_scatter_update = _nd_update("set", "tensor_scatter_update", "with")
tensor_scatter_add = _nd_update("add", "tensor_scatter_add", "plus")
tensor_scatter_mul = _nd_update("multiply", "tensor_scatter_mul", "times")
tensor_scatter_min = _nd_update("min", "tensor_scatter_min", "or the smaller of")
tensor_scatter_max = _nd_update("max", "tensor_scatter_max", "or the larger of")


def tensor_scatter_sub(input_x: TensorLike, indices: TensorLike, updates: TensorLike) -> Tensor:
    """MindSpore's: ``input_x`` minus ``updates`` where :func:`gather_nd` finds the elements."""
    return tensor_scatter_add(input_x, indices, -as_tensor(updates, "tensor_scatter_sub", "updates"))  # type: ignore[no-any-return]


def index_add(x: TensorLike, indices: TensorLike, y: TensorLike, axis: int) -> Tensor:
    """MindSpore's: ``x`` plus the slices of ``y`` along ``axis`` where ``indices`` name them."""
    given = as_tensor(x, "index_add", "x")
    i = normalize_axis("index_add", read_int("index_add", "axis", axis), given.ndim)
    return index_update(given, (slice(None),) * i + (as_tensor(indices, "index_add", "indices"),), y, "add")


def _starts(function: str, x: Tensor, starts: Any, sizes: Sequence[int]) -> list[Any]:
    """Where a slice begins, moved as far as it must be to lie inside, as in JAX."""
    given: Any = starts
    if isinstance(starts, Value) and starts.shape:
        rows = as_tensor(starts, function)
        given = [rows[i] for i in range(rows.shape[0])]
    if not isinstance(given, (tuple, list)) or len(given) != x.ndim:
        raise ArgumentTypeError(f"`start_indices` of `{function}` must be {x.ndim} ints or 0-d Tensors of integers")
    found: list[Any] = []
    for i, (start, size) in enumerate(zip(given, sizes, strict=True)):
        last = x.shape[i] - size
        if not 0 <= size <= x.shape[i]:
            raise ShapeError(f"`{function}` got the size {size} for axis {i} of shape {x.shape}")
        if isinstance(start, Value):
            if start.shape or not start.dtype.is_integer:
                raise ArgumentTypeError(f"`start_indices` of `{function}` must be ints or 0-d Tensors of integers")
            found.append(minimum(maximum(cast_to(start, int64), 0), last))
        else:
            found.append(min(max(read_int(function, "start_indices", start), 0), last))
    return found


def dynamic_slice(operand: TensorLike, start_indices: Any, slice_sizes: Sequence[int]) -> Tensor:
    """JAX's: the slice of some sizes that begins at ``start_indices``, which may be Tensors, traced ones too.

    A slice that would reach outside is moved inside.
    """
    x = as_tensor(operand, "dynamic_slice", "operand")
    sizes = read_ints("dynamic_slice", "slice_sizes", slice_sizes)
    if len(sizes) != x.ndim:
        raise ShapeError(f"`slice_sizes` of `dynamic_slice` must be {x.ndim} ints for shape {x.shape}, got {sizes}")
    starts = _starts("dynamic_slice", x, start_indices, sizes)
    known = [0 if isinstance(start, Value) else start for start in starts]
    kept = [x.shape[i] if isinstance(start, Value) else sizes[i] for i, start in enumerate(starts)]
    found = cut(x, starts=tuple(known), sizes=tuple(kept), steps=(1,) * x.ndim)
    for i, start in enumerate(starts):
        if isinstance(start, Value) and found.shape[i]:
            steps = as_tensor(np.arange(sizes[i]), "dynamic_slice").to(x.device)
            found = take(found, steps + start, axis=i)
    return found


def dynamic_update_slice(operand: TensorLike, update: TensorLike, start_indices: Any) -> Tensor:
    """JAX's: ``operand`` with ``update`` in the place of the slice that begins at ``start_indices``, moved inside."""
    x = as_tensor(operand, "dynamic_update_slice", "operand")
    new = cast_to(as_tensor(update, "dynamic_update_slice", "update"), x.dtype).to(x.device)
    if new.ndim != x.ndim:
        raise ShapeError(f"`dynamic_update_slice` got an update of shape {new.shape} for shape {x.shape}")
    starts = _starts("dynamic_update_slice", x, start_indices, new.shape)
    if new.size == 0:
        return x
    inside: Any = None
    for i, start in enumerate(starts):
        place = as_tensor(np.arange(x.shape[i]), "dynamic_update_slice").to(x.device) - start
        here = (place >= 0) & (place < new.shape[i])
        inside = along(here, i, x.ndim) if inside is None else inside & along(here, i, x.ndim)
        new = take(new, where(here, place, 0), axis=i)
    return where(inside, new, x) if x.ndim else new
