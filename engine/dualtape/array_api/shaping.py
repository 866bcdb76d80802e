"""Elements in other places, products over axes, and bounds, with the arguments of the array API standard."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.functions import activation, complex_numbers, elementwise, linear_algebra, reduction, shape
from dualtape.functions.conversion import as_array, as_tensor, cast_to
from dualtape.functions.indexing import take as take_elements

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "broadcast_arrays", "clip", "concat", "flip", "matrix_transpose", "meshgrid", "permute_dims", "positive", "repeat",
    "reshape", "roll", "stack", "tensordot", "unstack", "vecdot",
]  # fmt: skip


def positive(x: Tensor, /) -> Tensor:
    """``x``."""
    return as_tensor(x, "positive", "x")


def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor:
    """``x`` within bounds, of which one or both may be missing."""
    return positive(x) if min is None and max is None else activation.clamp(x, min, max)


def reshape(x: Tensor, /, shape: Any, *, copy: builtins.bool | None = None) -> Tensor:
    """The elements in another shape."""
    return _reshaped(x, shape)


_reshaped = shape.reshape


def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
    """Tensors one after another along ``axis``; flattened, if that is None."""
    if axis is None:
        return shape.concat([_reshaped(x, (-1,)) for x in arrays], 0)
    return shape.concat(arrays, axis)


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """Tensors beside each other along a new axis."""
    return shape.stack(arrays, axis)


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The slices along ``axis``."""
    first = shape.moveaxis(x, axis, 0)
    return tuple(first[i] for i in range(first.shape[0]))


def flip(x: Tensor, /, *, axis: Any = None) -> Tensor:
    """The elements in the opposite order along ``axis``, all by default."""
    return shape.flip(x, tuple(range(x.ndim)) if axis is None else axis) if x.ndim else x


def roll(x: Tensor, /, shift: Any, *, axis: Any = None) -> Tensor:
    """The elements moved along ``axis``, from the end to the beginning."""
    return shape.roll(x, shift, axis)


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """Each element ``repeats`` times; a tensor of them, one for each, cannot be traced, for it makes the shape."""
    if not isinstance(repeats, Value):
        return shape.repeat_interleave(x, repeats, axis)
    size = x.size if axis is None else x.shape[normalize_axis("repeat", axis, x.ndim)]
    counts = as_array(repeats, "repeats")
    if counts.dtype.kind not in "iu" or counts.ndim > 1 or (counts < 0).any() or counts.size not in (1, size):
        raise ShapeError(f"`repeats` of `repeat` must be {size} integers that are not negative, or one; got {counts}")
    places = np.repeat(np.arange(size), counts)
    return take_elements(x, as_tensor(places, "repeat").to(x.device), axis)


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """Tensors in the shape that they broadcast to."""
    shared = np.broadcast_shapes(*(x.shape for x in arrays))
    return [shape.broadcast_to(x, shared) for x in arrays]


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """Coordinate grids of vectors."""
    return list(shape.meshgrid(*arrays, indexing=indexing))


def matrix_transpose(x: Tensor, /) -> Tensor:
    """The transposed matrices of the last two axes."""
    return shape.matrix_transpose("matrix_transpose", x)


def permute_dims(x: Tensor, /, axes: tuple[int, ...]) -> Tensor:
    """The axes in another order."""
    return shape.permute(x, axes)


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: Any = 2) -> Tensor:
    """The sums of the products over some axes of both."""
    return linear_algebra.tensordot(x1, x2, axes)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The sums of the products along ``axis``, of the conjugates of ``x1``."""
    if not isinstance(axis, int) or axis >= 0:
        raise ArgumentTypeError(f"`axis` of `vecdot` must be a negative int, got {axis!r}")
    if max(-x1.ndim, -x2.ndim) > axis or x1.shape[axis] != x2.shape[axis]:
        raise ShapeError(f"`vecdot` multiplies vectors of one length along axis {axis}, got {x1.shape} and {x2.shape}")
    products = elementwise.mul(complex_numbers.conj(x1), x2)
    return cast_to(reduction.sum(products, axis), products.dtype)
