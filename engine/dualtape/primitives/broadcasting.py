"""Repeating along axes and adding up along axes: each is the transpose of the other."""

from typing import Any

import numpy as np

from dualtape.core.example import Choose, Example, Reals, over_axes
from dualtape.core.expression import x, y
from dualtape.core.lowering import Fold, Movement, View, contiguous_strides
from dualtape.core.primitive import Linear
from dualtape.core.spec import Shape, Spec, kept_shape
from dualtape.errors import ShapeError
from dualtape.primitives.movement import reshape
from dualtape.summation import add_up

Axes = tuple[int, ...]

SUMMED = (
    Example((Reals((2, 3)),), {"axes": (1,)}),
    Example((Reals((2, 3, 4)),), {"axes": (0, 2)}),
    Example((Reals((3,)),), {"axes": (0,)}),
)

sum: Linear = Linear(
    name="sum",
    numpy=add_up,
    lowering=Fold(0, x + y),
    infer=lambda x, axes: Spec(kept_shape(x.shape, axes), x.dtype),
    batch=lambda size, x, axes: sum(x, axes=tuple(axis + 1 for axis in axes)),
    transposes=(lambda ct, x, axes: broadcast_to(ct, shape=x.shape),),
    examples=SUMMED,
    written="ops.sum({0}, {axes}, keepdims=True)",
    example_for=over_axes(Reals),
)


def _infer_broadcast_to(x: Spec, *, shape: Shape) -> Spec:
    padded = (1,) * (len(shape) - len(x.shape)) + x.shape
    if len(padded) != len(shape) or any(a not in (1, b) for a, b in zip(padded, shape, strict=True)):
        raise ShapeError(f"`broadcast_to` cannot stretch shape {x.shape} to {shape}")
    return Spec(shape, x.dtype)


def _broadcast(x: Shape, shape: Shape) -> View:
    lead = len(shape) - len(x)
    strides = tuple(0 if size == 1 else step for size, step in zip(x, contiguous_strides(x), strict=True))
    return View(0, shape, (0,) * lead + strides)


def sum_to(x: Any, shape: Shape) -> Any:
    """Add up what broadcasting from ``shape`` repeated: the transpose of ``broadcast_to``."""
    lead = len(x.shape) - len(shape)
    axes = tuple(i for i, size in enumerate(x.shape) if i < lead or (shape[i - lead] == 1 and size != 1))
    if axes:
        x = sum(x, axes=axes)
    return x if x.shape == shape else reshape(x, shape=shape)


def _batch_broadcast_to(size: int, x: Any, shape: Shape) -> Any:
    lead = (1,) * (len(shape) + 1 - len(x.shape))
    return broadcast_to(reshape(x, shape=(size, *lead, *x.shape[1:])), shape=(size, *shape))


def _broadcast_for(choose: Choose, shape: Shape) -> Example:
    lead = (choose(1, 2),) * choose(0, 1)
    return Example((Reals(shape),), {"shape": lead + tuple(choose(1, 3) if n == 1 else n for n in shape)})


broadcast_to: Linear = Linear(
    name="broadcast_to",
    numpy=lambda x, shape: np.broadcast_to(x, shape),
    lowering=Movement(_broadcast),
    infer=_infer_broadcast_to,
    batch=_batch_broadcast_to,
    transposes=(lambda ct, x, shape: sum_to(ct, x.shape),),
    examples=(
        Example((Reals((3, 1)),), {"shape": (2, 3, 4)}),
        Example((Reals(()),), {"shape": (2,)}),
        Example((Reals((1, 3)),), {"shape": (2, 3)}),
        Example((Reals((1, 3, 1)),), {"shape": (2, 5, 3, 4)}),
    ),
    written="ops.broadcast_to({0}, {shape})",
    example_for=_broadcast_for,
)
