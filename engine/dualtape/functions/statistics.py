"""Order statistics and histograms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape.dtypes import bool_, float32
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    promoted_pair,
    read_axes,
    read_choice,
    read_flag,
    read_int,
    read_real,
    to_floating,
)
from dualtape.functions.indexing import where
from dualtape.functions.reduction import amax, amin
from dualtape.functions.reduction import any as any_axes
from dualtape.functions.shape import permute, reshape, stack
from dualtape.functions.sorting import searchsorted, sort
from dualtape.primitives import comparison, gathering

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["histogram", "median", "percentile", "quantile"]

Axis = int | tuple[int, ...] | list[int] | None
_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


class Histogram(NamedTuple):
    """How many elements lie in each bin, and the bins' edges."""

    hist: Tensor
    bin_edges: Tensor


def quantile(
    input: TensorLike, q: float | list[float], axis: Axis = None, keepdims: bool = False, method: str = "linear"
) -> Tensor:
    """The elements at the parts ``q`` of the sorted ones along ``axis``, or between them: NumPy's.

    Parameters
    ----------
    q
        A number from 0 to 1, or a list of them, which become the first axis.
    method
        Between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    Notes
    -----
    Where there is a NaN, the result is NaN. The derivative goes to the one or two elements that are taken.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.quantile(dt.Tensor([4.0, 1.0, 2.0]), 0.75))
    3.0
    """
    return _quantiles("quantile", input, q, axis, keepdims, method, 1.0)


def percentile(
    input: TensorLike, q: float | list[float], axis: Axis = None, keepdims: bool = False, method: str = "linear"
) -> Tensor:
    """:func:`quantile` of ``q`` in percent."""
    return _quantiles("percentile", input, q, axis, keepdims, method, 100.0)


def median(input: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The middle element of the sorted ones along ``axis``, or the mean of the two in the middle: NumPy's."""
    return _quantiles("median", input, 0.5, axis, keepdims, "linear", 1.0)


def _quantiles(function: str, input: Any, q: Any, axis: Any, keepdims: bool, method: str, whole: float) -> Tensor:
    x = as_tensor(input, function)
    if x.dtype is bool_:
        raise DTypeError(f"`{function}` of a Bool tensor is not defined; cast it to a float type first")
    x = to_floating(x)
    axes = read_axes(function, axis, x.ndim)
    parts = [read_real(function, "q", part) / whole for part in (q if isinstance(q, (list, tuple)) else [q])]
    if not all(0 <= part <= 1 for part in parts):
        raise ArgumentError(f"`q` of `{function}` must be from 0 to {whole:g}, got {q}")
    method = read_choice(function, "method", method, _METHODS)
    rest = [i for i in range(x.ndim) if i not in axes]
    kept = tuple(x.shape[i] for i in rest)
    rows = reshape(permute(x, [*rest, *axes]), (*kept, int(np.prod([x.shape[i] for i in axes], dtype=np.int64))))
    if rows.shape[-1] == 0:
        raise ShapeError(f"`{function}` over no elements: shape {x.shape}, axis {axis}")
    ordered = sort(rows).values
    undefined = any_axes(comparison.isnan(rows), -1)
    found = [where(undefined, float("nan"), _between(ordered, part, method)) for part in parts]
    if read_flag(function, "keepdims", keepdims):
        shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
        found = [reshape(y, shape) for y in found]
    return stack(found, 0) if isinstance(q, (list, tuple)) else found[0]


def _between(ordered: Tensor, part: float, method: str) -> Tensor:
    """What lies at a part of sorted rows."""
    place = part * (ordered.shape[-1] - 1)
    low, high = int(np.floor(place)), int(np.ceil(place))
    nearest: int = {"lower": low, "higher": high, "nearest": int(np.rint(place))}.get(method, low)
    if low == high or method in ("lower", "higher", "nearest"):
        element: Tensor = ordered[..., nearest]
        return element
    weight = 0.5 if method == "midpoint" else place - low
    # Not by their difference: that of an element and an infinite one would be infinite at weight 0, too.
    between: Tensor = ordered[..., low] * (1 - weight) + ordered[..., high] * weight
    return between


def histogram(
    input: TensorLike,
    bins: int | TensorLike = 10,
    range: tuple[float, float] | None = None,
    weights: TensorLike | None = None,
    density: bool = False,
) -> Histogram:
    """How many elements (Int64) lie in each of some bins, or the sums of their ``weights``: NumPy's.

    Parameters
    ----------
    bins
        How many, of equal width, or a sorted vector of edges. The last bin holds its upper edge, too.
    range
        From where to where; by default from the smallest element to the largest. What lies outside is not counted.
    density
        Divide by the total and the widths, so that the integral is 1.

    Notes
    -----
    Differentiable by the ``weights``; by ``input`` the counts have derivative 0.
    """
    x = as_tensor(input, "histogram")
    flat = reshape(x if x.dtype.is_float else cast_to(x, float32), (-1,))
    edges = _edges(flat, bins, range)
    flat, edges = promoted_pair("histogram", flat, edges)
    count = edges.shape[0] - 1
    places = searchsorted(edges, flat, right=True) - 1
    last = edges[count]
    places = where(comparison.equal(flat, last), count - 1, places)
    inside = (flat >= edges[0]) & (flat <= last)
    places = where(inside, places, count)
    ones = as_tensor(np.ones(x.size, np.int64), "histogram").to(x.device)
    given = ones if weights is None else reshape(as_tensor(weights, "histogram", "weights"), (-1,))
    if given.shape != flat.shape:
        raise ShapeError(f"`weights` of `histogram` have {given.size} elements, `input` has {x.size}; expected as many")
    # What lies outside goes into one more bin, that is left out.
    totals = gathering.scatter_sum(given, places, axis=0, size=count + 1)[:count]
    if not read_flag("histogram", "density", density):
        return Histogram(totals, edges)
    widths = edges[1:] - edges[:-1]
    return Histogram(cast_to(totals, flat.dtype) / widths / cast_to(totals.sum(), flat.dtype), edges)


def _edges(x: Tensor, bins: Any, range: Any) -> Tensor:
    if not isinstance(bins, (int, np.integer)) or isinstance(bins, bool):
        edges = as_tensor(bins, "histogram", "bins")
        if edges.ndim != 1 or edges.shape[0] < 2:
            raise ShapeError(
                f"`bins` of `histogram` must be an int or a vector of two edges or more, got {edges.shape}"
            )
        return to_floating(edges)
    count = read_int("histogram", "bins", bins)
    if count < 1:
        raise ArgumentError(f"`bins` of `histogram` must be positive, got {count}")
    if range is not None:
        if not isinstance(range, (tuple, list)) or len(range) != 2:
            raise ArgumentTypeError(f"`range` of `histogram` must be a pair of numbers, got {range!r}")
        low, high = (read_real("histogram", "range", end) for end in range)
        if not low < high:
            raise ArgumentError(f"`range` of `histogram` must be rising, got {low} and {high}")
        return as_tensor(np.linspace(low, high, count + 1).astype(x.dtype.numpy), "histogram").to(x.device)
    if x.size == 0:
        return as_tensor(np.linspace(0, 1, count + 1).astype(x.dtype.numpy), "histogram").to(x.device)
    least, most = amin(x), amax(x)
    same = comparison.equal(least, most)  # as in NumPy, one on either side, half of it
    least, most = where(same, least - 0.5, least), where(same, most + 0.5, most)
    steps = as_tensor((np.arange(count + 1) / count).astype(x.dtype.numpy), "histogram").to(x.device)
    edges = least + (most - least) * steps
    return where(comparison.equal(steps, 1.0), most, edges)
