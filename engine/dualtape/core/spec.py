"""Shape and element type of a value, and the rules of broadcasting."""

from __future__ import annotations

from typing import NamedTuple

from dualtape.dtypes import DType
from dualtape.errors import AxisError, ShapeError

Shape = tuple[int, ...]


class Spec(NamedTuple):
    """What is known of a value without its numbers."""

    shape: Shape
    dtype: DType


def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """The shape that NumPy broadcasting gives, or a :class:`ShapeError` that names all shapes."""
    rank = max(len(shape) for shape in shapes)
    result = [1] * rank
    for shape in shapes:
        for i, size in enumerate(shape, start=rank - len(shape)):
            if size != 1 and size != result[i]:
                if result[i] != 1:
                    listed = " and ".join(str(s) for s in shapes)
                    raise ShapeError(
                        f"`{name}` got shapes {listed}, which do not broadcast: "
                        f"sizes {result[i]} and {size} meet on axis {i - rank}; expected equal sizes, or a 1"
                    )
                result[i] = size
    return tuple(result)


def normalize_axis(name: str, axis: int, rank: int) -> int:
    """A non-negative axis, or an :class:`AxisError` that names the allowed range."""
    if not -rank <= axis < rank:
        allowed = f"from {-rank} to {rank - 1}" if rank else "of a 0-d tensor: none"
        raise AxisError(f"`axis` of `{name}` is {axis}; expected an axis {allowed}")
    return axis + rank if axis < 0 else axis


def kept_shape(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """``shape`` after a reduction over ``axes`` that keeps them with size 1."""
    return tuple(1 if i in axes else size for i, size in enumerate(shape))
