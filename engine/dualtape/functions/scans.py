"""Running results along an axis, of any associative operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtape import pytree
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import int32
from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.functions.conversion import TensorLike, accumulating, as_tensor, cast_to, floating, read_flag, read_int
from dualtape.functions.indexing import take_at
from dualtape.functions.shape import cat, flip, part, stack, swapaxes
from dualtape.primitives import ordering
from dualtape.primitives.comparison import equal, greater, isfinite, isnan, logical_or
from dualtape.primitives.exponential import exp, log1p
from dualtape.primitives.movement import cut
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["associative_scan", "cummax", "cummin", "logcumsumexp"]


class RunningExtremum(NamedTuple):
    """The largest (or smallest) elements up to each place, and where they stand: Int32, as in MindSpore."""

    values: Tensor
    indices: Tensor


def associative_scan(fn: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """The results of an associative ``fn`` of all elements up to each one along ``axis``: JAX's.

    ``fn`` is called about 2 log2(n) times, on slices of many elements at once.

    Parameters
    ----------
    fn
        ``fn(a, b)`` for two values of ``elems``'s structure, elementwise along ``axis``: associative.
    elems
        A Tensor, or a nested container of Tensors of one size along ``axis``.
    reverse
        From the last element to each one, instead.

    Notes
    -----
    By odd and even elements: Blelloch 1990, *Prefix sums and their applications*.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.associative_scan(lambda a, b: a * b, dt.Tensor([1.0, 2.0, 3.0, 4.0])))
    [ 1.  2.  6. 24.]
    """
    if not callable(fn):
        raise ArgumentTypeError(f"`fn` of `associative_scan` must be a function, got {type(fn).__name__}")
    leaves, structure = pytree.flatten(elems)
    given = [as_tensor(x, "associative_scan", "elems") for x in leaves]
    places = [normalize_axis("associative_scan", read_int("associative_scan", "axis", axis), x.ndim) for x in given]
    sizes = {x.shape[i] for x, i in zip(given, places, strict=True)}
    if len(sizes) != 1:
        raise ShapeError(
            f"`elems` of `associative_scan` have the sizes {sorted(sizes)} along axis {axis}; expected one"
        )
    backwards = read_flag("associative_scan", "reverse", reverse)
    turned = [flip(x, i) if backwards else x for x, i in zip(given, places, strict=True)]

    def combine(a: list[Tensor], b: list[Tensor]) -> list[Tensor]:
        found = pytree.leaves(fn(pytree.unflatten(structure, a), pytree.unflatten(structure, b)))
        if [x.shape for x in found] != [x.shape for x in a]:
            raise ShapeError(
                f"`fn` of `associative_scan` gave the shapes {[x.shape for x in found]} for elements of "
                f"{[x.shape for x in a]}; expected the same"
            )
        return found

    scanned = _scanned(combine, turned, places)
    back = [flip(x, i) if backwards else x for x, i in zip(scanned, places, strict=True)]
    return pytree.unflatten(structure, back)


def _scanned(
    combine: Callable[[list[Tensor], list[Tensor]], list[Tensor]], elements: list[Tensor], axes: list[int]
) -> list[Tensor]:
    size = elements[0].shape[axes[0]]
    if size < 2:
        return elements

    def every(xs: list[Tensor], start: int, count: int, step: int) -> list[Tensor]:
        return [_strided(x, i, start, count, step) for x, i in zip(xs, axes, strict=True)]

    pairs = combine(every(elements, 0, size // 2, 2), every(elements, 1, size // 2, 2))
    odd = _scanned(combine, pairs, axes)
    between = (size - 1) // 2
    even = every(elements, 0, 1, 1)
    if between:
        later = combine(every(odd, 0, between, 1), every(elements, 2, between, 2))
        even = [cat([a, b], i) for a, b, i in zip(even, later, axes, strict=True)]
    return [_interleaved(a, b, i) for a, b, i in zip(even, odd, axes, strict=True)]


def _strided(x: Tensor, axis: int, start: int, count: int, step: int) -> Tensor:
    starts, sizes, steps = [0] * x.ndim, list(x.shape), [1] * x.ndim
    starts[axis], sizes[axis], steps[axis] = start, count, step
    return cut(x, starts=tuple(starts), sizes=tuple(sizes), steps=tuple(steps))


def _interleaved(even: Tensor, odd: Tensor, axis: int) -> Tensor:
    """Elements of both in turn; of ``even`` there may be one more."""
    count = odd.shape[axis]
    shape = (*odd.shape[:axis], 2 * count, *odd.shape[axis + 1 :])
    pairs = stack([part(even, axis, 0, count), odd], axis + 1).reshape(shape)
    return cat([pairs, part(even, axis, count, 1)], axis) if even.shape[axis] > count else pairs


def cummax(input: TensorLike, axis: int) -> RunningExtremum:
    """The largest element up to each place along ``axis``, and its index: of equal ones the last, with the derivative.

    From a NaN on, all are NaN.
    """
    return _running("cummax", input, axis, True)


def cummin(input: TensorLike, axis: int) -> RunningExtremum:
    """The smallest element up to each place along ``axis``, and its index; see :func:`cummax`."""
    return _running("cummin", input, axis, False)


def _running(function: str, input: TensorLike, axis: int, largest: bool) -> RunningExtremum:
    x = as_tensor(input, function)
    i = normalize_axis(function, read_int(function, "axis", axis), x.ndim)
    last = swapaxes(x, i, -1)
    places = ordering.running_extremum(last, largest=largest)
    return RunningExtremum(swapaxes(take_at(last, places), i, -1), cast_to(swapaxes(places, i, -1), int32))


def logcumsumexp(input: TensorLike, axis: int) -> Tensor:
    """log(cumsum(exp(x))) along ``axis``, without overflow."""
    x = floating("logcumsumexp", input)
    i = normalize_axis("logcumsumexp", read_int("logcumsumexp", "axis", axis), x.ndim)
    found: Tensor = associative_scan(added_exponentials, accumulating(x), axis=i)
    return cast_to(found, x.dtype)


def added_exponentials(x: Tensor, y: Tensor) -> Tensor:
    """log(exp(x) + exp(y)), made of what has derivatives of every order; -inf of twice -inf, with derivative 0."""
    a, b = stop_gradient(x), stop_gradient(y)
    first = logical_or(greater(a, b), isnan(a))  # a NaN counts as the largest, so that no infinity hides it
    largest, smallest = where(first, x, y), where(first, y, x)
    known = where(first, a, b)
    finite = isfinite(known)
    # Infinite ones are what they are: their difference would be NaN, that of -inf has nowhere to go.
    difference = where(finite, smallest - largest, -float("inf"))
    found: Tensor = where(equal(known, -float("inf")), known, largest) + where(finite, log1p(exp(difference)), 0.0)
    return found
