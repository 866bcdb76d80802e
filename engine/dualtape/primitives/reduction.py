"""Sums, extrema and searches along axes. Reductions keep their axes with size 1."""

import math
from typing import Any

import numpy as np

from dualtape.core.example import Choose, Example, Flags, Reals, one_of, over_axes
from dualtape.core.expression import choose, x, y
from dualtape.core.lowering import Fold, Kernel
from dualtape.core.primitive import Linear, NonDifferentiable, Reduction
from dualtape.core.spec import Shape, Spec, kept_shape
from dualtape.dtypes import bool_, int64
from dualtape.errors import ShapeError
from dualtape.primitives.broadcasting import SUMMED, Axes, sum
from dualtape.primitives.comparison import equal
from dualtape.primitives.continuation import extremum_along
from dualtape.primitives.selection import cast
from dualtape.summation import summing_type

_FLAG_ROWS = (Example((Flags((2, 3)),), {"axes": (1,)}),)


def _infer(x: Spec, *, axes: Axes) -> Spec:
    return Spec(kept_shape(x.shape, axes), x.dtype)


def _infer_extremum(name: str) -> Any:
    def infer(x: Spec, *, axes: Axes) -> Spec:
        if 0 in [x.shape[i] for i in axes]:
            raise ShapeError(f"`{name}` over no elements: shape {x.shape}, axes {axes}")
        return _infer(x, axes=axes)

    return infer


def _shifted(axes: Axes) -> Axes:
    return tuple(axis + 1 for axis in axes)


def _ties(x: Any, y: Any, axes: Axes) -> Any:
    attained = x == y
    return (attained.sum(axis=axes, keepdims=True) > 1) & np.isfinite(y)


def _attained(x: Any, y: Any, axes: Axes) -> Any:
    # Elements that attain the extremum share its derivative evenly.
    mask = cast(equal(x, y), dtype=y.dtype)
    return mask / sum(mask, axes=axes)


maximum_along: Reduction = Reduction(
    name="maximum_along",
    numpy=lambda x, axes: np.maximum.reduce(x, axis=axes, keepdims=True),
    lowering=Fold(-math.inf, choose((y > x) | (y != y), y, x)),
    infer=_infer_extremum("maximum_along"),
    batch=lambda size, x, axes: maximum_along(x, axes=_shifted(axes)),
    partial=_attained,
    examples=SUMMED,
    continued=extremum_along(np.maximum.reduce),
    kink=_ties,
    written="ops.amax({0}, {axes}, keepdims=True)",
    example_for=over_axes(Reals, filled=True),
)

minimum_along: Reduction = Reduction(
    name="minimum_along",
    numpy=lambda x, axes: np.minimum.reduce(x, axis=axes, keepdims=True),
    lowering=Fold(math.inf, choose((y < x) | (y != y), y, x)),
    infer=_infer_extremum("minimum_along"),
    batch=lambda size, x, axes: minimum_along(x, axes=_shifted(axes)),
    partial=_attained,
    examples=SUMMED,
    continued=extremum_along(np.minimum.reduce),
    kink=_ties,
    written="ops.amin({0}, {axes}, keepdims=True)",
    example_for=over_axes(Reals, filled=True),
)

any: NonDifferentiable = NonDifferentiable(
    name="any",
    numpy=lambda x, axes: np.logical_or.reduce(x, axis=axes, keepdims=True),
    lowering=Fold(0, x | y),
    infer=lambda x, axes: Spec(kept_shape(x.shape, axes), bool_),
    batch=lambda size, x, axes: any(x, axes=_shifted(axes)),
    examples=_FLAG_ROWS,
    example_for=over_axes(Flags),
)

all: NonDifferentiable = NonDifferentiable(
    name="all",
    numpy=lambda x, axes: np.logical_and.reduce(x, axis=axes, keepdims=True),
    lowering=Fold(1, x & y),
    infer=lambda x, axes: Spec(kept_shape(x.shape, axes), bool_),
    batch=lambda size, x, axes: all(x, axes=_shifted(axes)),
    examples=_FLAG_ROWS,
    example_for=over_axes(Flags),
)


def _infer_search(name: str) -> Any:
    def infer(x: Spec, *, axis: int) -> Spec:
        if x.shape[axis] == 0:
            raise ShapeError(f"`{name}` over no elements: shape {x.shape}, axis {axis}")
        return Spec(kept_shape(x.shape, (axis,)), int64)

    return infer


def _search_for(choose: Choose, shape: Shape) -> Example | None:
    filled = [axis for axis, size in enumerate(shape) if size]
    return Example((Reals(shape),), {"axis": one_of(choose, filled)}) if filled else None


_SEARCHES = (Example((Reals((2, 3)),), {"axis": 1}), Example((Reals((4, 3)),), {"axis": 0}))

# The first of equal extrema, as in NumPy; a NaN wins.
argmax: NonDifferentiable = NonDifferentiable(
    name="argmax",
    numpy=lambda x, axis: np.argmax(x, axis=axis, keepdims=True),
    lowering=Kernel("argmax"),
    infer=_infer_search("argmax"),
    batch=lambda size, x, axis: argmax(x, axis=axis + 1),
    examples=_SEARCHES,
    written="ops.argmax({0}, {axis}, keepdims=True)",
    kink=lambda x, y, axis: _ties(x, x.max(axis=axis, keepdims=True), (axis,)),
    example_for=_search_for,
)

argmin: NonDifferentiable = NonDifferentiable(
    name="argmin",
    numpy=lambda x, axis: np.argmin(x, axis=axis, keepdims=True),
    lowering=Kernel("argmin"),
    infer=_infer_search("argmin"),
    batch=lambda size, x, axis: argmin(x, axis=axis + 1),
    examples=_SEARCHES,
    written="ops.argmin({0}, {axis}, keepdims=True)",
    kink=lambda x, y, axis: _ties(x, x.min(axis=axis, keepdims=True), (axis,)),
    example_for=_search_for,
)


def _cumsum(x: np.ndarray, axis: int, reverse: bool) -> np.ndarray:
    given = np.flip(x, axis) if reverse else x
    sums = np.cumsum(given, axis=axis, dtype=summing_type(x.dtype)).astype(x.dtype, copy=False)
    return np.flip(sums, axis) if reverse else sums


def _cumsum_for(choose: Choose, shape: Shape) -> Example | None:
    if not shape:
        return None
    return Example((Reals(shape),), {"axis": choose(0, len(shape) - 1), "reverse": bool(choose(0, 1))})


cumsum: Linear = Linear(
    name="cumsum",
    numpy=_cumsum,
    lowering=Kernel("cumsum"),
    infer=lambda x, axis, reverse: Spec(x.shape, x.dtype),
    batch=lambda size, x, axis, reverse: cumsum(x, axis=axis + 1, reverse=reverse),
    transposes=(lambda ct, x, axis, reverse: cumsum(ct, axis=axis, reverse=not reverse),),
    examples=(
        Example((Reals((2, 3)),), {"axis": 1, "reverse": False}),
        Example((Reals((4, 3)),), {"axis": 0, "reverse": True}),
    ),
    written=lambda x, axis, reverse: None if reverse else f"ops.cumsum({x}, {axis})",
    example_for=_cumsum_for,
)
