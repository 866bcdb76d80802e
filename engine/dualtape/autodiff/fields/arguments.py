"""Fields, functions of points with coordinates on the last axis: what they are given, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels import MultiIndex
from dualtape.core.interpreter import value_of
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.tensor import Tensor

FieldFunction = Callable[..., Tensor]


def read_multi_indices(function: str, indices: Sequence[Any]) -> tuple[MultiIndex, ...]:
    """One multi-index or more, all of one length."""
    if not isinstance(indices, (tuple, list)):
        raise ArgumentTypeError(
            f"`indices` of `{function}` must be a list of multi-indices, got {type(indices).__name__}"
        )
    wanted = tuple(_read_multi_index(index) for index in indices)
    if not wanted:
        raise ArgumentError(f"`indices` of `{function}` is empty; expected at least one multi-index")
    lengths = sorted(set(map(len, wanted)))
    if len(lengths) > 1:
        raise ArgumentError(f"the multi-indices in `indices` of `{function}` must have one length, got {lengths}")
    return wanted


def _read_multi_index(index: Any) -> MultiIndex:
    if not isinstance(index, (tuple, list)) or not index:
        raise ArgumentTypeError(f"a multi-index is a tuple of orders such as (2, 0), got {index!r}")
    if not all(isinstance(i, int) and not isinstance(i, bool) for i in index):
        raise ArgumentTypeError(f"the orders of a multi-index must be ints, got {index!r}")
    if min(index) < 0:
        raise ArgumentError(f"the orders of a multi-index must not be negative, got {index!r}")
    return tuple(index)


def require_field(value: Any) -> Tensor:
    """What a field returned, if it is a Tensor."""
    if not isinstance(value, Tensor):
        raise ArgumentTypeError(f"a field must return a Tensor, got {type(value).__name__}")
    return value


def read_points(function: str, X: Any, dimension: int | None = None) -> Tensor:
    """``X``, if it is a tensor of points."""
    if not isinstance(X, Tensor):
        raise ArgumentTypeError(f"`X` of `{function}` must be a Tensor of points, got {type(X).__name__}")
    if not X.dtype.is_float:
        raise DTypeError(f"`X` of `{function}` must hold floats, got {X.dtype}")
    if X.ndim == 0 or (dimension is not None and X.shape[-1] != dimension):
        raise ShapeError(
            f"`X` of `{function}` has shape {X.shape}; expected the coordinates on the last axis"
            + (f", {dimension} of them as in the multi-indices" if dimension is not None else "")
        )
    found: Tensor = value_of(X)
    return found
