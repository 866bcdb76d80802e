"""Reductions that leave NaNs out: NumPy's names. By an element that is left out, the derivative is 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtape.functions.conversion import TensorLike, cast_to, floating, read_int
from dualtape.functions.indexing import where
from dualtape.functions.reduction import all as all_axes
from dualtape.functions.reduction import amax, amin, cumsum, mean, prod
from dualtape.functions.reduction import sum as sum_axes
from dualtape.primitives import arithmetic, comparison
from dualtape.primitives.power import root_of_squares

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum", "nanvar"]

Axis = int | tuple[int, ...] | list[int] | None


def _known(function: str, input: TensorLike) -> tuple[Tensor, Tensor]:
    x = floating(function, input)
    return x, comparison.logical_not(comparison.isnan(x))


def nansum(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over ``axis`` of what is not NaN: 0 of nothing."""
    x, known = _known("nansum", input)
    return sum_axes(x, axis, keepdims, where=known)


def nanprod(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over ``axis`` of what is not NaN: 1 of nothing."""
    x, known = _known("nanprod", input)
    return prod(x, axis, keepdims, where=known)


def nanmean(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over ``axis`` of what is not NaN: NaN of nothing."""
    x, known = _known("nanmean", input)
    return mean(x, axis, keepdims, where=known)


def nanmax(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over ``axis`` that is not NaN: NaN of nothing."""
    return _extremum("nanmax", input, axis, keepdims, amax, -float("inf"))


def nanmin(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over ``axis`` that is not NaN: NaN of nothing."""
    return _extremum("nanmin", input, axis, keepdims, amin, float("inf"))


def _extremum(function: str, input: TensorLike, axis: Axis, keepdims: bool, extreme: Any, worst: float) -> Tensor:
    x, known = _known(function, input)
    found: Tensor = extreme(where(known, x, worst), axis, keepdims)
    return where(all_axes(comparison.logical_not(known), axis, keepdims), float("nan"), found)


def nanvar(input: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The variance over ``axis`` of what is not NaN, divided by how many there are less ``ddof``."""
    x, known = _known("nanvar", input)
    centred = where(known, x - mean(x, axis, keepdims=True, where=known), 0.0)
    count = sum_axes(cast_to(known, x.dtype), axis, keepdims) - read_int("nanvar", "ddof", ddof)
    freedom = where(comparison.greater(count, 0.0), count, float("nan"))
    return arithmetic.divide(sum_axes(arithmetic.square(centred), axis, keepdims), freedom)


def nanstd(input: TensorLike, axis: Axis = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
    """The standard deviation over ``axis`` of what is not NaN; its derivative is 0 where all elements are equal."""
    return root_of_squares(nanvar(input, axis, ddof, keepdims))


def nancumsum(input: TensorLike, axis: int) -> Tensor:
    """Running sums along ``axis`` in which NaN counts as 0."""
    x, known = _known("nancumsum", input)
    return cumsum(where(known, x, 0.0), axis)
