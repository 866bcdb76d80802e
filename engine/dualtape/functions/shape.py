"""Reshaping, permuting, joining, repeating and padding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from dualtape import pytree
from dualtape.core.interpreter import Value
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import as_dtype, bool_, promote
from dualtape.errors import ArgumentError, ArgumentTypeError, AxisError, ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    device_among,
    promoted_pair,
    read_axes,
    read_choice,
    read_int,
    read_ints,
    read_number,
    read_shape,
)
from dualtape.functions.creation import ones_like
from dualtape.primitives import movement, selection
from dualtape.primitives.broadcasting import broadcast_to as broadcast_primitive
from dualtape.primitives.rounding import stop_gradient as stop_primitive

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "broadcast_to", "cast", "cat", "concat", "expand_dims", "flatten", "flip", "meshgrid", "moveaxis", "pad", "permute",
    "repeat", "repeat_interleave", "reshape", "roll", "split", "squeeze", "stack", "stop_gradient", "swapaxes", "tile",
    "transpose",
]  # fmt: skip


def reshape(input: TensorLike, shape: Any) -> Tensor:
    """The same elements in another shape; one size may be -1."""
    x = as_tensor(input, "reshape")
    wanted = read_shape("reshape", "shape", shape, rank_free=True)
    if wanted.count(-1) > 1:
        raise ShapeError(f"`shape` of `reshape` may hold one -1, got {wanted}")
    if -1 in wanted:
        rest = math.prod(n for n in wanted if n != -1)
        if rest == 0 or x.size % rest:
            raise ShapeError(
                f"`reshape` cannot turn shape {x.shape} into {wanted}: {x.size} elements, not a multiple of {rest}"
            )
        wanted = tuple(x.size // rest if n == -1 else n for n in wanted)
    return x if wanted == x.shape else movement.reshape(x, shape=wanted)


def flatten(input: TensorLike) -> Tensor:
    """All elements in one axis."""
    return reshape(input, -1) if as_tensor(input, "flatten").size else reshape(input, 0)


def broadcast_to(input: TensorLike, shape: Any) -> Tensor:
    """Repeat along new axes and axes of size 1; -1 keeps a size."""
    x = as_tensor(input, "broadcast_to")
    wanted = read_shape("broadcast_to", "shape", shape, rank_free=True)
    lead = len(wanted) - x.ndim
    if lead < 0:
        raise ShapeError(f"`broadcast_to` cannot stretch shape {x.shape} to {wanted}: fewer axes")
    wanted = tuple(x.shape[i - lead] if n == -1 and i >= lead else n for i, n in enumerate(wanted))
    if -1 in wanted:
        raise ShapeError(f"`shape` of `broadcast_to` has -1 on a new axis: {wanted}")
    return x if wanted == x.shape else broadcast_primitive(x, shape=wanted)


def permute(input: TensorLike, axis: Sequence[int]) -> Tensor:
    """Put the axes in the given order."""
    x = as_tensor(input, "permute")
    given = read_ints("permute", "axis", axis)
    axes = tuple(normalize_axis("permute", a, x.ndim) for a in given)
    if sorted(axes) != list(range(x.ndim)):
        raise ShapeError(f"`axis` of `permute` must name each of {x.ndim} axes once, got {given}")
    return movement.permute(x, axes=axes)


def transpose(input: TensorLike, input_perm: Sequence[int] | None = None) -> Tensor:
    """Reverse the axes, or put them in the given order."""
    x = as_tensor(input, "transpose")
    return permute(x, tuple(reversed(range(x.ndim))) if input_perm is None else input_perm)


def swapaxes(input: TensorLike, axis0: int, axis1: int) -> Tensor:
    """Exchange two axes."""
    x = as_tensor(input, "swapaxes")
    i = normalize_axis("swapaxes", read_int("swapaxes", "axis0", axis0), x.ndim)
    j = normalize_axis("swapaxes", read_int("swapaxes", "axis1", axis1), x.ndim)
    order = list(range(x.ndim))
    order[i], order[j] = order[j], order[i]
    return movement.permute(x, axes=tuple(order))


def matrix_transpose(function: str, x: Tensor) -> Tensor:
    """The transposed matrices of the last two axes, for ``function``."""
    if x.ndim < 2:
        raise ShapeError(f"`{function}` takes a Tensor of two axes or more, got shape {x.shape}")
    return swapaxes(x, -1, -2)


def moveaxis(input: TensorLike, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """The axes ``source`` moved to ``destination``, the others in their order: NumPy's."""
    x = as_tensor(input, "moveaxis")
    sources, targets = (
        [normalize_axis("moveaxis", i, x.ndim) for i in read_ints("moveaxis", name, given)]
        for name, given in (("source", source), ("destination", destination))
    )
    if len(sources) != len(targets) or len(set(sources)) != len(sources) or len(set(targets)) != len(targets):
        raise AxisError(f"`moveaxis` got {source} and {destination}; expected as many axes, each of them once")
    order = [i for i in range(x.ndim) if i not in sources]
    for target, origin in sorted(zip(targets, sources, strict=True)):
        order.insert(target, origin)
    return movement.permute(x, axes=tuple(order))


def squeeze(input: TensorLike, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Remove axes of size 1: all of them, or those named."""
    x = as_tensor(input, "squeeze")
    axes = tuple(i for i, n in enumerate(x.shape) if n == 1) if axis is None else read_axes("squeeze", axis, x.ndim)
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"`squeeze` cannot remove axis {i} of shape {x.shape}: its size is {x.shape[i]}, not 1")
    return movement.reshape(x, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))


def expand_dims(input: TensorLike, axis: int) -> Tensor:
    """A new axis of size 1 at ``axis``."""
    x = as_tensor(input, "expand_dims")
    i = normalize_axis("expand_dims", read_int("expand_dims", "axis", axis), x.ndim + 1)
    return movement.reshape(x, shape=(*x.shape[:i], 1, *x.shape[i:]))


def _as_tensors(function: str, tensors: Any) -> list[Tensor]:
    if not isinstance(tensors, (tuple, list)):
        raise ArgumentTypeError(
            f"`tensors` of `{function}` must be a tuple or list of Tensors, got {type(tensors).__name__}"
        )
    if not tensors:
        raise ArgumentError(f"`tensors` of `{function}` is empty; expected at least one Tensor")
    device = device_among(tensors)
    found = [as_tensor(x, function, f"tensors[{i}]", device) for i, x in enumerate(tensors)]
    common = reduce(promote, (x.dtype for x in found))
    return [cast_to(x, common) for x in found]


def cat(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors along an axis that they have."""
    found = _as_tensors("cat", tensors)
    i = normalize_axis("cat", read_int("cat", "axis", axis), found[0].ndim)
    return movement.concatenate(*found, axis=i) if len(found) > 1 else found[0]


concat = cat


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    found = _as_tensors("stack", tensors)
    for x in found:
        if x.shape != found[0].shape:
            raise ShapeError(f"`stack` got shapes {found[0].shape} and {x.shape}; expected equal shapes")
    i = normalize_axis("stack", read_int("stack", "axis", axis), found[0].ndim + 1)
    return cat([expand_dims(x, i) for x in found], i)


def split(tensor: TensorLike, split_size_or_sections: int | Sequence[int], axis: int = 0) -> tuple[Tensor, ...]:
    """Cut into pieces of one size (the last may be smaller), or of given sizes."""
    x = as_tensor(tensor, "split", "tensor")
    i = normalize_axis("split", read_int("split", "axis", axis), x.ndim)
    size = x.shape[i]
    if not isinstance(split_size_or_sections, (tuple, list)):
        step = read_int("split", "split_size_or_sections", split_size_or_sections)
        if step <= 0:
            raise ArgumentError(f"`split_size_or_sections` of `split` must be positive, got {step}")
        sections = [min(step, size - start) for start in range(0, size, step)] or [0]
    else:
        sections = list(read_ints("split", "split_size_or_sections", split_size_or_sections))
        if sum(sections) != size or min(sections, default=0) < 0:
            raise ShapeError(f"`split` into sizes {tuple(sections)} does not cover axis {i} of size {size}")
    return tuple(part(x, i, start, length) for start, length in zip(accumulate([0, *sections]), sections, strict=False))


def part(x: Tensor, axis: int, start: int, size: int) -> Tensor:
    """So many slices of ``axis``, from ``start`` on."""
    starts = tuple(start if i == axis else 0 for i in range(x.ndim))
    sizes = tuple(size if i == axis else n for i, n in enumerate(x.shape))
    return movement.cut(x, starts=starts, sizes=sizes, steps=(1,) * x.ndim)


def flip(input: TensorLike, dims: int | Sequence[int]) -> Tensor:
    """Reverse the order of elements along ``dims``."""
    x = as_tensor(input, "flip")
    axes = read_axes("flip", tuple(dims) if isinstance(dims, list) else dims, x.ndim)
    reverse = [i in axes and n > 0 for i, n in enumerate(x.shape)]
    starts = tuple(n - 1 if back else 0 for back, n in zip(reverse, x.shape, strict=True))
    return movement.cut(x, starts=starts, sizes=x.shape, steps=tuple(-1 if back else 1 for back in reverse))


def roll(input: TensorLike, shifts: int | Sequence[int], dims: int | Sequence[int] | None = None) -> Tensor:
    """Shift elements cyclically along ``dims``, or through the flattened tensor."""
    x = as_tensor(input, "roll")
    if dims is None:
        return reshape(roll(reshape(x, (x.size,)), shifts, 0), x.shape)
    counts, places = read_ints("roll", "shifts", shifts), read_ints("roll", "dims", dims)
    if len(counts) != len(places):
        raise ArgumentError(f"`roll` got {len(counts)} `shifts` for {len(places)} `dims`; expected one for each")
    for shift, dim in zip(counts, places, strict=True):
        i = normalize_axis("roll", dim, x.ndim)
        size = x.shape[i]
        by = shift % size if size else 0
        if by:
            head, tail = split(x, (size - by, by), i)
            x = cat((tail, head), i)
    return x


def tile(input: TensorLike, dims: Sequence[int]) -> Tensor:
    """Repeat the whole tensor ``dims[i]`` times along axis i."""
    x = as_tensor(input, "tile")
    counts = read_shape("tile", "dims", dims)
    shape = (1,) * (len(counts) - x.ndim) + x.shape
    read_shape("tile", "dims", tuple(c * n for c, n in zip(counts[::-1], shape[::-1], strict=False)))
    counts = (1,) * (len(shape) - len(counts)) + counts
    spread = movement.reshape(x, shape=tuple(v for n in shape for v in (1, n)))
    spread = broadcast_primitive(spread, shape=tuple(v for c, n in zip(counts, shape, strict=True) for v in (c, n)))
    return movement.reshape(spread, shape=tuple(c * n for c, n in zip(counts, shape, strict=True)))


def repeat_interleave(input: TensorLike, repeats: int, axis: int | None = None) -> Tensor:
    """Repeat each element ``repeats`` times along ``axis``, or of the flattened tensor."""
    x = as_tensor(input, "repeat_interleave")
    count = read_int("repeat_interleave", "repeats", repeats)
    if count < 0:
        raise ArgumentError(f"`repeats` of `repeat_interleave` must not be negative, got {count}")
    if axis is None:
        x, axis = reshape(x, (x.size,)), 0
    i = normalize_axis("repeat_interleave", read_int("repeat_interleave", "axis", axis), x.ndim)
    read_shape("repeat_interleave", "repeats", (*x.shape[:i], x.shape[i] * count, *x.shape[i + 1 :]))
    before, after = x.shape[: i + 1], x.shape[i + 1 :]
    spread = broadcast_primitive(movement.reshape(x, shape=(*before, 1, *after)), shape=(*before, count, *after))
    return movement.reshape(spread, shape=(*x.shape[:i], x.shape[i] * count, *after))


repeat = repeat_interleave


def pad(input: TensorLike, padding: Sequence[int], mode: str = "constant", value: float = 0.0) -> Tensor:
    """Add ``value`` around the last axes; ``padding`` is (left, right) of the last axis, then of the one before."""
    x = as_tensor(input, "pad")
    if not isinstance(mode, str) or mode != "constant":
        raise ArgumentError(f"`mode` of `pad` must be 'constant', got {mode!r}")
    widths = read_ints("pad", "padding", padding)
    if len(widths) % 2 or len(widths) > 2 * x.ndim:
        raise ArgumentError(f"`padding` of `pad` must hold pairs for at most {x.ndim} axes, got {widths}")
    if min(widths, default=0) < 0:
        raise ArgumentError(f"`padding` of `pad` must not be negative, got {widths}")
    pairs = [(0, 0)] * (x.ndim - len(widths) // 2) + list(zip(widths[::2], widths[1::2], strict=True))[::-1]
    shape = tuple(n + left + right for n, (left, right) in zip(x.shape, pairs, strict=True))
    read_shape("pad", "padding", shape)
    value = read_number("pad", "value", value)
    layout: dict[str, Any] = {"shape": shape, "starts": tuple(left for left, _ in pairs), "steps": (1,) * x.ndim}
    padded = movement.embed(x, **layout)
    if value == 0:
        return padded
    inside = cast_to(movement.embed(ones_like(x), **layout), bool_)
    return selection.where(inside, *promoted_pair("pad", padded, value))


def cast(input: TensorLike, dtype: Any) -> Tensor:
    """Convert the elements; float to integer truncates."""
    return cast_to(as_tensor(input, "cast"), as_dtype(dtype))


def stop_gradient(value: Any) -> Any:
    """The same value, a constant to every derivative of every order. Containers and numbers pass unchanged in type."""
    return pytree.map(lambda x: stop_primitive(x) if isinstance(x, Value) else x, value)


def meshgrid(*inputs: TensorLike, indexing: str = "xy") -> tuple[Tensor, ...]:
    """Coordinate grids of 1-d tensors, as in NumPy."""
    indexing = read_choice("meshgrid", "indexing", indexing, ("xy", "ij"))
    tensors = [flatten(as_tensor(x, "meshgrid")) for x in inputs]
    sizes = [x.shape[0] for x in tensors]
    order = list(range(len(sizes)))
    if indexing == "xy" and len(order) > 1:
        order[0], order[1] = 1, 0
    shape = tuple(sizes[i] for i in order)
    return tuple(broadcast_to(along(x, order.index(i), len(order)), shape) for i, x in enumerate(tensors))


def along(line: Tensor, axis: int, rank: int) -> Tensor:
    """A vector as a tensor of so many axes, along one of them."""
    return movement.reshape(line, shape=tuple(line.size if i == axis else 1 for i in range(rank)))
