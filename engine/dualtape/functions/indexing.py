"""Basic and advanced indexing, gathering, scattering, diagonals and masks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.core.spec import broadcast_shapes, normalize_axis
from dualtape.dtypes import bool_, float32, int64
from dualtape.errors import ArgumentError, AxisError, ShapeError, TensorIndexError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    holds_values,
    promoted_pair,
    read_int,
    read_number,
    tensor_pair,
)
from dualtape.functions.creation import arange
from dualtape.functions.shape import along, broadcast_to, expand_dims, permute, reshape
from dualtape.primitives import comparison, gathering, movement, selection
from dualtape.primitives.matrices import diagonal as square_diagonal

if TYPE_CHECKING:
    from dualtape.devices.device import Device
    from dualtape.tensor import Tensor

__all__ = ["diag", "diagonal", "gather", "one_hot", "scatter_add", "take", "tril", "triu", "where"]

_SINGLE_BOOL = "a single bool cannot index a Tensor; use None for a new axis, or a mask tensor"


def getitem(x: Tensor, key: Any) -> Tensor:
    """``x[key]`` for integers, slices, ``...``, ``None``, and integer or bool tensors, arrays and lists."""
    items = _expand(x, key if isinstance(key, tuple) else (key,))
    starts, sizes, steps, kept = [], [], [], []
    advanced: dict[int, Any] = {}
    named: list[int] = []
    axis = 0
    for item in items:
        if item is None:
            kept.append(1)
            continue
        size = x.shape[axis]
        if isinstance(item, slice):
            start, stop, step = _slice_indices(item, size)
            count = len(range(start, stop, step))
            begin = start if count else 0
        elif isinstance(item, int):
            if not -size <= item < size:
                raise TensorIndexError(f"index {item} is outside axis {axis} of size {size} (shape {x.shape})")
            begin, count, step = item % size, 1, 1
        else:
            advanced[len(kept)] = item
            named.append(axis)
            begin, count, step = 0, size, 1
        starts.append(begin)
        sizes.append(count)
        steps.append(step)
        if not isinstance(item, int):
            kept.append(count)
        axis += 1
    if tuple(sizes) != x.shape or any(step != 1 for step in steps):
        x = movement.cut(x, starts=tuple(starts), sizes=tuple(sizes), steps=tuple(steps))
    if tuple(kept) != x.shape:
        x = movement.reshape(x, shape=tuple(kept))
    if not advanced:
        return x
    # As in NumPy, an integer beside index tensors is one of them: it too says whether they stand together.
    places = [i for i, item in enumerate(items) if isinstance(item, (int, Value))]
    return _advanced(x, advanced, named, together=places == list(range(places[0], places[-1] + 1)))


def _slice_indices(item: slice, size: int) -> tuple[int, int, int]:
    try:
        return item.indices(size)
    except (TypeError, ValueError) as failure:
        raise TensorIndexError(f"cannot slice with {item}: {failure}") from failure


def _expand(x: Tensor, key: tuple[Any, ...]) -> list[Any]:
    """Read every item, turn bool masks into indices, and fill ``...`` and missing axes with full slices."""
    items: list[Any] = []
    masks: dict[int, tuple[int, ...]] = {}
    for item in key:
        if item is None or item is Ellipsis or isinstance(item, slice):
            items.append(item)
        elif isinstance(item, (bool, np.bool_)):
            raise TensorIndexError(_SINGLE_BOOL)
        elif isinstance(item, (int, np.integer)):
            items.append(int(item))
        else:
            index, mask = _read_index(item)
            items.extend(index)
            if mask is not None:
                masks[id(index[0])] = mask
    used = sum(1 for item in items if item is not None and item is not Ellipsis)
    if sum(item is Ellipsis for item in items) > 1:
        raise TensorIndexError("an index may hold one ellipsis ('...')")
    if used > x.ndim:
        raise TensorIndexError(f"{used} indices for a Tensor of {x.ndim} axes (shape {x.shape})")
    fill = [slice(None)] * (x.ndim - used)
    if Ellipsis in [item for item in items if not isinstance(item, Value)]:
        i = next(i for i, item in enumerate(items) if item is Ellipsis)
        items = items[:i] + fill + items[i + 1 :]
    else:
        items += fill
    _check_masks(x.shape, [item for item in items if item is not None], masks)
    return items


def _check_masks(shape: tuple[int, ...], items: list[Any], masks: dict[int, tuple[int, ...]]) -> None:
    """``items`` has one for each axis, ``masks`` the shapes of masks by the first of the indices that they became."""
    for axis, item in enumerate(items):
        mask = masks.get(id(item), ())
        sizes = shape[axis : axis + len(mask)]
        if mask != sizes:
            raise TensorIndexError(f"a bool mask of shape {mask} cannot index axes of sizes {sizes} (shape {shape})")


def _read_index(item: Any) -> tuple[list[Any], tuple[int, ...] | None]:
    """The indices that an item stands for, one for each axis, and its shape if it is a mask."""
    if isinstance(item, (float, str)):
        raise TensorIndexError(f"cannot index a Tensor with {item!r}; expected an int, a slice or a tensor of ints")
    index = as_tensor(item, "index", "index")
    if index.dtype is bool_:
        if index.ndim == 0:
            raise TensorIndexError(_SINGLE_BOOL)
        # The shape of the result depends on the values: they must be known now.
        return [as_tensor(found, "index") for found in np.nonzero(index.asnumpy())], index.shape
    if not index.dtype.is_integer:
        if index.size == 0:
            return [cast_to(index, int64)], None
        raise TensorIndexError(f"cannot index a Tensor with a tensor of {index.dtype}; expected integers or bools")
    if index.ndim == 0 and not _is_traced(index):
        return [int(index.asnumpy())], None
    return [index], None


def _is_traced(x: Tensor) -> bool:
    return x.level.depth != 0


def _advanced(x: Tensor, advanced: dict[int, Tensor], named: list[int], together: bool) -> Tensor:
    """Index the given axes with integer tensors that broadcast together: one `take` on merged axes.

    ``named`` are the numbers of the axes, as the user knows them. The new axes stand where the indices do if these
    stand ``together``, and come first otherwise.
    """
    axes = list(advanced)
    shape = broadcast_shapes("index", *(index.shape for index in advanced.values()))
    sizes = [x.shape[axis] for axis in axes]
    flat = _flat_indices([advanced[axis].to(x.device) for axis in axes], sizes, shape, named)
    rest = [axis for axis in range(x.ndim) if axis not in axes]
    lead = [axis for axis in rest if axis < axes[0]] if together else []
    tail = [axis for axis in rest if axis not in lead]
    merged = int(np.prod(sizes, dtype=np.int64))
    order = lead + axes + tail
    x = permute(x, order) if order != list(range(x.ndim)) else x
    x = movement.reshape(x, shape=(*x.shape[: len(lead)], merged, *x.shape[len(lead) + len(axes) :]))
    return gathering.take(x, flat, axis=len(lead))


def _flat_indices(
    indices: list[Tensor], sizes: list[int], shape: tuple[int, ...], axes: Sequence[int | None]
) -> Tensor:
    """One index for each place, into axes that are merged; those that may be outside of an axis have its number."""
    total: Any = None
    for index, size, axis in zip(indices, sizes, axes, strict=True):
        wide = cast_to(index, int64)
        if axis is not None and index.size:
            wide = gathering.inside_axis(wide, size=size, axis=axis)
        wide = selection.where(wide < 0, wide + size, wide)
        total = wide if total is None else total * size + wide
    return broadcast_to(total, shape)


def take_at(x: Tensor, places: Tensor) -> Tensor:
    """The elements of each row of ``x`` at ``places``, which lie inside of it and have its leading axes."""
    rows = math.prod(x.shape[:-1])
    flat = reshape(places, (rows, places.shape[-1])) if places.ndim != 2 else places
    if rows > 1:
        starts = np.arange(rows, dtype=np.int64)[:, None] * x.shape[-1]
        flat = flat + as_tensor(starts, "take_at").to(x.device)
    taken = gathering.take(reshape(x, (-1,)), reshape(flat, (-1,)), axis=0)
    return reshape(taken, (*x.shape[:-1], places.shape[-1]))


def where(condition: TensorLike, x: TensorLike, y: TensorLike) -> Tensor:
    """``x`` where the condition holds, else ``y``; nothing of the other branch, not even a NaN, comes through."""
    chosen = cast_to(as_tensor(condition, "where", "condition"), bool_)
    a, b = promoted_pair("where", x, y)
    if not holds_values([x, y]):
        # Neither says on which device it is: the condition does.
        a, b = _placed(a, chosen.device), _placed(b, chosen.device)
    elif not holds_values([condition]):
        one_of_them: Any = a if isinstance(a, Value) else b
        chosen = chosen.to(one_of_them.device)
    return selection.where(chosen, a, b)


def _placed(operand: Any, device: Device) -> Any:
    """An operand on ``device``; a Python number is on all of them."""
    return operand if isinstance(operand, (bool, int, float)) else operand.to(device)


def take(input: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """The slices of ``axis`` that ``indices`` name, by default of the flattened tensor; negative ones from the end."""
    x = as_tensor(input, "take")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    index = as_tensor(indices, "take", "indices")
    if not index.dtype.is_integer:
        raise TensorIndexError(f"`indices` of `take` must be integers, got {index.dtype}")
    i = normalize_axis("take", read_int("take", "axis", axis), x.ndim)
    return gathering.take(x, _flat_indices([index.to(x.device)], [x.shape[i]], index.shape, [i]), axis=i)


def gather(input_params: TensorLike, input_indices: TensorLike, axis: int = 0) -> Tensor:
    """MindSpore's name of :func:`take`."""
    return take(input_params, input_indices, axis)


def scatter_add(input: TensorLike, axis: int, index: TensorLike, src: TensorLike) -> Tensor:
    """``input`` plus each element of ``src`` at the place along ``axis`` that ``index`` names.

    ``index`` and ``src`` have one shape, as in MindSpore's ``Tensor.scatter_add``; places named twice add up.
    """
    x, updates = promoted_pair("scatter_add", *tensor_pair("scatter_add", input, src, ("input", "src")))
    places = as_tensor(index, "scatter_add", "index").to(x.device)
    if places.shape != updates.shape or places.ndim != x.ndim:
        raise ShapeError(
            f"`scatter_add` got index of shape {places.shape} and src of shape {updates.shape} for an input of "
            f"shape {x.shape}; expected one shape for both, with the input's number of axes"
        )
    i = normalize_axis("scatter_add", read_int("scatter_add", "axis", axis), x.ndim)
    if any(n > x.shape[j] for j, n in enumerate(places.shape) if j != i):
        raise ShapeError(f"`index` of shape {places.shape} reaches outside the input's shape {x.shape}")
    grids = [places if j == i else along(arange(n).to(x.device), j, x.ndim) for j, n in enumerate(places.shape)]
    named = [j if j == i else None for j in range(x.ndim)]
    flat = reshape(_flat_indices(grids, list(x.shape), places.shape, named), -1)
    added = gathering.scatter_sum(reshape(updates, -1), flat, axis=0, size=x.size)
    total: Tensor = x + reshape(added, x.shape)
    return total


def one_hot(
    indices: TensorLike, depth: int, on_value: float | Tensor = 1, off_value: float | Tensor = 0, axis: int = -1
) -> Tensor:
    """A new axis of size ``depth`` with ``on_value`` where its index equals the element, else ``off_value``."""
    index = as_tensor(indices, "one_hot", "indices")
    if not index.dtype.is_integer:
        raise TensorIndexError(f"`indices` of `one_hot` must be integers, got {index.dtype}")
    size = read_int("one_hot", "depth", depth)
    if size < 0:
        raise ArgumentError(f"`depth` of `one_hot` must not be negative, got {size}")
    i = normalize_axis("one_hot", read_int("one_hot", "axis", axis), index.ndim + 1)
    expanded = expand_dims(cast_to(index, int64), i)
    line = along(arange(size).to(index.device), i, index.ndim + 1)
    on, off = _read_element("on_value", on_value, index), _read_element("off_value", off_value, index)
    filled: Tensor = cast_to(where(comparison.equal(expanded, line), on, off), float32)
    return filled


def _read_element(argument: str, value: Any, index: Tensor) -> Any:
    if not isinstance(value, Value):
        return read_number("one_hot", argument, value)
    if math.prod(value.shape) != 1:
        raise ShapeError(f"`{argument}` of `one_hot` must be a number or have one element, got shape {value.shape}")
    return reshape(value, ()).to(index.device)


def diagonal(input: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements whose indices along two axes differ by ``offset``, as a last axis: NumPy's."""
    x = as_tensor(input, "diagonal")
    if x.ndim < 2:
        raise ShapeError(f"`diagonal` takes a Tensor of two axes or more, got shape {x.shape}")
    i, j = (
        normalize_axis("diagonal", read_int("diagonal", name, axis), x.ndim)
        for name, axis in (("axis1", axis1), ("axis2", axis2))
    )
    if i == j:
        raise AxisError(f"`axis1` and `axis2` of `diagonal` are one axis: {axis1} and {axis2}")
    k = read_int("diagonal", "offset", offset)
    last = permute(x, [*(a for a in range(x.ndim) if a not in (i, j)), i, j])
    rows, columns = last.shape[-2:]
    size = max(min(rows + min(k, 0), columns - max(k, 0)), 0)
    lead = (0,) * (x.ndim - 2)
    starts = (*lead, min(max(-k, 0), rows), min(max(k, 0), columns))
    part = movement.cut(last, starts=starts, sizes=(*last.shape[:-2], size, size), steps=(1,) * x.ndim)
    return square_diagonal(part)


def diag(input: TensorLike) -> Tensor:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix."""
    x = as_tensor(input, "diag")
    if x.ndim == 1:
        n = x.shape[0]
        flat = movement.embed(x, shape=(n * n,), starts=(0,), steps=(n + 1,))
        return movement.reshape(flat, shape=(n, n))
    if x.ndim == 2:
        n = min(x.shape)
        return square_diagonal(movement.cut(x, starts=(0, 0), sizes=(n, n), steps=(1, 1)))
    raise ShapeError(f"`diag` takes a vector or a matrix, got shape {x.shape}")


def _triangle(function: str, input: TensorLike, diagonal: int, upper: bool) -> Tensor:
    x = as_tensor(input, function)
    if x.ndim < 2:
        raise ShapeError(f"`{function}` takes a Tensor of two axes or more, got shape {x.shape}")
    rows, columns = x.shape[-2:]
    k = read_int(function, "diagonal", diagonal)
    mask = (np.triu if upper else np.tril)(np.ones((rows, columns), np.bool_), k)
    kept = as_tensor(mask, function).to(x.device)
    return kept & x if x.dtype is bool_ else selection.where(kept, x, 0.0 if x.dtype.is_float else 0)


def triu(input: TensorLike, diagonal: int = 0) -> Tensor:
    """The upper triangle of the last two axes, zeros below ``diagonal``."""
    return _triangle("triu", input, diagonal, upper=True)


def tril(input: TensorLike, diagonal: int = 0) -> Tensor:
    """The lower triangle of the last two axes, zeros above ``diagonal``."""
    return _triangle("tril", input, diagonal, upper=False)
