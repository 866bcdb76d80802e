"""Gathering slices by index, and adding slices up by index: each is the transpose of the other."""

from typing import Any

import numpy as np

from dualtape.core.example import Choose, Example, Indices, Reals, one_of
from dualtape.core.interpreter import ground
from dualtape.core.lowering import Kernel
from dualtape.core.primitive import Linear, NonDifferentiable
from dualtape.core.spec import Shape, Spec
from dualtape.errors import DTypeError, TensorIndexError, outside_axis
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import permute, reshape
from dualtape.summation import summing_type


def _inside_axis(indices: np.ndarray, size: int, axis: int, line: str | None = None) -> np.ndarray:
    if indices.size and not (-size <= indices.min() and indices.max() < size):
        outside = indices[(indices < -size) | (indices >= size)]
        raise outside_axis(int(outside[0]), axis, size, line)
    return indices


# The indices themselves, if they are inside an axis. What follows reads these, so that none escapes the check; where
# a program is written, `line` is the user's.
inside_axis: NonDifferentiable = NonDifferentiable(
    name="inside_axis",
    numpy=_inside_axis,
    lowering=Kernel("inside_axis"),
    infer=lambda indices, **_: indices,
    examples=(
        Example((Indices((5,), 4),), {"size": 4, "axis": 0}),
        Example((Indices((2, 3), 4),), {"size": 5, "axis": 1}),
    ),
    written=lambda indices, **_: None,
)


def _infer_take(x: Spec, indices: Spec, *, axis: int) -> Spec:
    if not indices.dtype.is_integer:
        raise DTypeError(f"`take` got indices of {indices.dtype}; expected integers")
    if x.shape[axis] == 0 and 0 not in indices.shape:
        raise TensorIndexError(f"`take` got indices into axis {axis} of shape {x.shape}, which has no elements")
    return Spec(x.shape[:axis] + indices.shape + x.shape[axis + 1 :], x.dtype)


def _take(x: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    return np.take(x, _inside_axis(indices, x.shape[axis], axis), axis=axis)


def _merged_indices(size: int, indices: Any, length: int) -> Any:
    """Indices into one axis in which ``size`` axes of ``length`` follow each other."""
    offsets = np.arange(size, dtype=indices.dtype.numpy).reshape(size, *(1,) * (len(indices.shape) - 1)) * length
    return add(indices, ground().constant(offsets, indices.device))


def _batch_take(size: int, x: Any, indices: Any, axis: int) -> Any:
    before, length, after = x.shape[1 : axis + 1], x.shape[axis + 1], x.shape[axis + 2 :]
    rank = len(x.shape)
    front = permute(x, axes=(0, axis + 1, *range(1, axis + 1), *range(axis + 2, rank)))
    merged = reshape(front, shape=(size * length, *before, *after))
    taken = take(merged, _merged_indices(size, indices, length), axis=0)
    i = len(indices.shape)
    order = (0, *range(i, i + axis), *range(1, i), *range(i + axis, len(taken.shape)))
    return permute(taken, axes=order)


def _take_for(choose: Choose, shape: Shape) -> Example | None:
    filled = [axis for axis, size in enumerate(shape) if size]
    if not filled:
        return None
    axis = one_of(choose, filled)
    return Example((Reals(shape), Indices(one_of(choose, ((), (2,), (0,), (2, 1))), shape[axis])), {"axis": axis})


take: Linear = Linear(
    name="take",
    numpy=_take,
    lowering=Kernel("take", computes=False),
    infer=_infer_take,
    batch=_batch_take,
    transposes=(lambda ct, x, indices, axis: scatter_sum(ct, indices, axis=axis, size=x.shape[axis]), None),
    examples=(
        Example((Reals((4, 3)), Indices((5,), 4)), {"axis": 0}),
        Example((Reals((2, 4, 3)), Indices((5, 2), 4)), {"axis": 1}),
    ),
    written="ops.take({0}, {1}, {axis})",
    example_for=_take_for,
)


def _scatter_sum(x: np.ndarray, indices: np.ndarray, axis: int, size: int) -> np.ndarray:
    wide = summing_type(x.dtype)
    result = np.zeros((*x.shape[:axis], size, *x.shape[axis + indices.ndim :]), wide)
    np.add.at(result, (*(slice(None),) * axis, indices), x.astype(wide, copy=False))  # type: ignore[arg-type]
    return result.astype(x.dtype, copy=False)


def _batch_scatter_sum(n: int, x: Any, indices: Any, axis: int, size: int) -> Any:
    i = len(indices.shape)
    before, after = range(1, axis + 1), range(axis + i, len(x.shape))
    front = permute(x, axes=(0, *range(axis + 1, axis + i), *before, *after))
    summed = scatter_sum(front, _merged_indices(n, indices, size), axis=0, size=n * size)
    split = reshape(summed, shape=(n, size, *summed.shape[1:]))
    return permute(split, axes=(0, *range(2, axis + 2), 1, *range(axis + 2, len(split.shape))))


def _scatter_for(choose: Choose, shape: Shape) -> Example | None:
    if not shape:
        return None
    axis, size = choose(0, len(shape) - 1), choose(1, 3)
    places = Indices(shape[axis : axis + choose(1, len(shape) - axis)], size)
    return Example((Reals(shape), places), {"axis": axis, "size": size})


# The transpose of `take`: adds each slice of x into the place that its index names, in order.
scatter_sum: Linear = Linear(
    name="scatter_sum",
    numpy=_scatter_sum,
    lowering=Kernel("scatter_sum"),
    infer=lambda x, indices, axis, size: Spec((*x.shape[:axis], size, *x.shape[axis + len(indices.shape) :]), x.dtype),
    batch=_batch_scatter_sum,
    transposes=(lambda ct, x, indices, axis, size: take(ct, indices, axis=axis), None),
    examples=(
        Example((Reals((5, 3)), Indices((5,), 4)), {"axis": 0, "size": 4}),
        Example((Reals((3, 2, 2, 3)), Indices((2, 2), 4)), {"axis": 1, "size": 4}),
    ),
    example_for=_scatter_for,
)
