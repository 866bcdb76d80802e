"""Differences, integrals and interpolation of samples, polynomials and convolutions: NumPy's and SciPy's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentError, ShapeError
from dualtape.functions.complex_numbers import conj
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    promoted_pair,
    read_choice,
    read_int,
    read_ints,
    read_real,
    tensor_pair,
    to_floating,
    to_inexact,
)
from dualtape.functions.indexing import take_at, where
from dualtape.functions.linear_algebra import matmul
from dualtape.functions.reduction import cumsum
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import along, cat, flip, pad, part, reshape
from dualtape.functions.sorting import searchsorted
from dualtape.primitives import gathering

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "convolve", "correlate", "cumulative_trapezoid", "diff", "gradient", "interp", "polyval", "trapezoid",
]  # fmt: skip


def _read(function: str, x: Any, axis: Any, argument: str = "input") -> tuple[Tensor, int]:
    given = as_tensor(x, function, argument)
    return given, normalize_axis(function, read_int(function, "axis", axis), given.ndim)


def diff(input: TensorLike, n: int = 1, axis: int = -1) -> Tensor:
    """The differences of neighbours along ``axis``, ``n`` times."""
    x, i = _read("diff", input, axis)
    times = read_int("diff", "n", n)
    if times < 0:
        raise ArgumentError(f"`n` of `diff` must not be negative, got {times}")
    for _ in range(times):
        size = max(x.shape[i] - 1, 0)
        x = part(x, i, min(1, x.shape[i]), size) - part(x, i, 0, size)
    return x


def _widths(function: str, y: Tensor, x: TensorLike | None, dx: Any, i: int) -> Any:
    """The steps between samples: a number, or a tensor that broadcasts with the differences of ``y``."""
    if x is None:
        return read_real(function, "dx", dx)
    places, _ = tensor_pair(function, x, y)
    if places.ndim == 1:
        places = along(places, i, y.ndim)
    if places.ndim != y.ndim or places.shape[i] != y.shape[i]:
        raise ShapeError(
            f"`x` of `{function}` has shape {places.shape}, `y` {y.shape}; expected a vector, or y's shape"
        )
    return diff(places, axis=i)


def _panels(function: str, y: TensorLike, x: TensorLike | None, dx: Any, axis: int) -> tuple[Tensor, int]:
    samples, i = _read(function, y, axis, "y")
    samples = to_inexact(samples)
    size = max(samples.shape[i] - 1, 0)
    sums = part(samples, i, min(1, samples.shape[i]), size) + part(samples, i, 0, size)
    panels: Tensor = sums * _widths(function, samples, x, dx, i) * 0.5
    return panels, i


def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral of samples at ``x``, or at steps of ``dx``, by the trapezoidal rule; differentiable by both."""
    panels, i = _panels("trapezoid", y, x, dx, axis)
    return sum_axes(panels, i)


def cumulative_trapezoid(
    y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1, initial: float | None = None
) -> Tensor:
    """The integrals up to each sample but the first, by the trapezoidal rule; ``initial``, 0, for that too: SciPy's."""
    panels, i = _panels("cumulative_trapezoid", y, x, dx, axis)
    running = cumsum(panels, i)
    if initial is None:
        return running
    if read_real("cumulative_trapezoid", "initial", initial) != 0:
        raise ArgumentError(f"`initial` of `cumulative_trapezoid` must be None or 0, got {initial}")
    shape = tuple(1 if k == i else n for k, n in enumerate(running.shape))
    return cat([as_tensor(np.zeros(shape, running.dtype.numpy), "cumulative_trapezoid").to(running.device), running], i)


def gradient(f: TensorLike, *varargs: Any, axis: int | Sequence[int] | None = None) -> Any:
    """Differences of samples along one axis or several, central inside and one-sided at the ends: NumPy's.

    Parameters
    ----------
    varargs
        For all axes one spacing, or for each axis a spacing or a vector of coordinates; 1 by default.

    Returns
    -------
    Tensor or list of Tensor
        One for each axis; of the shape of ``f``, which has two samples or more along it.
    """
    samples = to_inexact(as_tensor(f, "gradient", "f"))
    every = range(samples.ndim) if axis is None else read_ints("gradient", "axis", axis)
    axes = [normalize_axis("gradient", a, samples.ndim) for a in every]
    spacings = list(varargs) or [1.0]
    if len(spacings) == 1 and np.ndim(spacings[0]) == 0:
        spacings *= len(axes)
    if len(spacings) != len(axes):
        raise ArgumentError(
            f"`gradient` got {len(spacings)} spacings for {len(axes)} axes; expected one, or one for each"
        )
    found = [_gradient_along(samples, i, spacing) for i, spacing in zip(axes, spacings, strict=True)]
    return found[0] if len(found) == 1 else found


def _gradient_along(f: Tensor, i: int, spacing: Any) -> Tensor:
    n = f.shape[i]
    if n < 2:
        raise ShapeError(f"`gradient` needs two samples or more along axis {i}, got shape {f.shape}")
    steps = diff(f, axis=i)
    if np.ndim(spacing) == 0:
        width = spacing if hasattr(spacing, "dtype") else read_real("gradient", "spacing", spacing)
        slopes = steps / width
        # Of the neighbours alone: an infinity is felt beside it, and not where it is.
        inner = (part(f, i, 2, n - 2) - part(f, i, 0, n - 2)) / (2.0 * width)
    else:
        widths = _widths("gradient", f, spacing, 1.0, i)
        slopes = steps / widths
        left, right = part(widths, i, 0, n - 2), part(widths, i, 1, n - 2)
        inner = (part(slopes, i, 0, n - 2) * right + part(slopes, i, 1, n - 2) * left) / (left + right)
    return cat([part(slopes, i, 0, 1), inner, part(slopes, i, n - 2, 1)], i)


def interp(
    x: TensorLike, xp: TensorLike, fp: TensorLike, left: float | None = None, right: float | None = None
) -> Tensor:
    """The piecewise linear function through the points (``xp``, ``fp``) at ``x``: NumPy's, differentiable by all.

    ``xp`` must rise. Outside it is ``left`` and ``right``, by default the first and the last of ``fp``. At a point its
    slope is that of the piece on the right.
    """
    known = next((t for t in (x, xp, fp) if isinstance(t, Value)), fp)
    values, places, heights = (
        tensor_pair("interp", t, known, (name, "fp"))[0] for t, name in ((x, "x"), (xp, "xp"), (fp, "fp"))
    )
    values, places = promoted_pair("interp", values, places)
    values, heights = promoted_pair("interp", to_floating(values), to_floating(heights))
    places = cast_to(places, values.dtype)
    if places.ndim != 1 or places.shape != heights.shape or places.shape[0] == 0:
        raise ShapeError(f"`interp` got xp of shape {places.shape} and fp of {heights.shape}; expected equal vectors")
    n = places.shape[0]
    flat = reshape(values, (-1,))
    if n == 1:
        inside = flat * 0.0 + heights[0]
    else:
        above = searchsorted(places, flat, right=True)
        piece = where(above > n - 1, n - 1, where(above < 1, 1, above)) - 1
        x0, x1, y0, y1 = (take_at(t, piece + k) for t in (places, heights) for k in (0, 1))
        inside = y0 + (y1 - y0) / (x1 - x0) * (flat - x0)
    low = heights[0] if left is None else read_real("interp", "left", left)
    high = heights[n - 1] if right is None else read_real("interp", "right", right)
    found = where(flat < places[0], low, where(flat > places[n - 1], high, inside))
    return reshape(found, values.shape)


def polyval(p: Any, x: TensorLike) -> Tensor:
    """The polynomial with the coefficients ``p``, the highest power first, at ``x``, by Horner's rule: NumPy's."""
    coefficients, at = promoted_pair("polyval", *tensor_pair("polyval", p, x, ("p", "x")))
    if coefficients.ndim != 1:
        raise ShapeError(f"`p` of `polyval` must be a vector, got shape {coefficients.shape}")
    total: Any = at * 0
    for k in range(coefficients.shape[0]):
        total = total * at + coefficients[k]
    result: Tensor = total
    return result


_MODES = ("full", "same", "valid")


def convolve(a: TensorLike, v: TensorLike, mode: str = "full") -> Tensor:
    """The convolution of two vectors: "full", "same" (the longer one's size), or "valid": NumPy's."""
    return _convolved("convolve", a, v, mode, reverse=False)


def correlate(a: TensorLike, v: TensorLike, mode: str = "valid") -> Tensor:
    """The correlation of two vectors, the convolution with the reversed conjugate of the second one: NumPy's."""
    return _convolved("correlate", a, v, mode, reverse=True)


def _convolved(function: str, a: Any, v: Any, mode: str, reverse: bool) -> Tensor:
    x, y = promoted_pair(function, *tensor_pair(function, a, v, ("a", "v")))
    mode = read_choice(function, "mode", mode, _MODES)
    if x.ndim != 1 or y.ndim != 1 or 0 in (x.size, y.size):
        raise ShapeError(f"`{function}` takes two vectors with elements, got shapes {x.shape} and {y.shape}")
    y = flip(conj(y), 0) if reverse else y
    long, short = (x, y) if x.size >= y.size else (y, x)
    n, m = long.size, short.size
    # Each row holds the elements that meet the reversed shorter vector at one place.
    wide = pad(long, (m - 1, m - 1))
    windows = np.arange(n + m - 1, dtype=np.int64)[:, None] + np.arange(m, dtype=np.int64)
    rows = gathering.take(wide, as_tensor(windows, function).to(x.device), axis=0)
    full = matmul(rows, flip(short, 0))
    if mode == "full":
        return full
    if mode == "valid":
        return part(full, 0, m - 1, n - m + 1)
    # Of an even number of further elements each end loses half; of an odd one, as in NumPy.
    start = (m - 1) // 2 if not (reverse and x.size < y.size) else m // 2
    return part(full, 0, start, n)
