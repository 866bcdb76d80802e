"""Discrete Fourier transforms under NumPy's names and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import ground
from dualtape.core.spec import normalize_axis
from dualtape.dtypes import DType, complex_dtype, float16, float32
from dualtape.errors import ArgumentError, AxisError, DTypeError, ShapeError
from dualtape.functions.complex_numbers import conj
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    read_choice,
    read_int,
    read_ints,
    read_real,
    to_inexact,
)
from dualtape.functions.shape import roll
from dualtape.primitives import fourier, movement

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

Norm = str | None
NewSizes = int | Sequence[int] | None
_LAST_TWO = (-2, -1)


def read_norm(function: str, norm: Norm) -> str:
    """Which direction is scaled."""
    return "backward" if norm is None else read_choice(function, "norm", norm, ("backward", "ortho", "forward"))


def read_signal(function: str, x: TensorLike) -> Tensor:
    """What is transformed: floats or complex numbers."""
    found = to_inexact(as_tensor(x, function))
    if found.ndim == 0:
        raise ShapeError(f"`{function}` takes tensors of one axis or more, got a 0-d one")
    return found


def resized(function: str, x: Tensor, size: Any, axis: int) -> Tensor:
    """``x`` cut off along an axis, or with zeros behind."""
    n = x.shape[axis] if size is None else read_int(function, "n", size)
    if n < 1:
        raise ArgumentError(f"`n` of `{function}` must be 1 or more, got {n}")
    if n == x.shape[axis]:
        return x
    shape = (*x.shape[:axis], n, *x.shape[axis + 1 :])
    rank = (0,) * x.ndim
    if n < x.shape[axis]:
        return movement.cut(x, starts=rank, sizes=shape, steps=(1,) * x.ndim)
    return movement.embed(x, shape=shape, starts=rank, steps=(1,) * x.ndim)


def _axis(function: str, axis: Any, rank: int) -> int:
    return normalize_axis(function, read_int(function, "axis", axis), rank)


def read_transformed(function: str, rank: int, s: NewSizes, axes: Any) -> tuple[tuple[int, ...], list[int | None]]:
    """Several axes, and for each its size, if that is given."""
    sizes = None if s is None else read_ints(function, "s", s)
    if axes is None:
        axes = tuple(range(rank)) if sizes is None else tuple(range(-len(sizes), 0))
    found = tuple(normalize_axis(function, axis, rank) for axis in read_ints(function, "axes", axes))
    if len(set(found)) != len(found):
        raise AxisError(f"`axes` of `{function}` names an axis twice: {axes}")
    if sizes is not None and len(sizes) != len(found):
        raise ShapeError(f"`s` of `{function}` has {len(sizes)} sizes for {len(found)} axes")
    # NumPy's -1 stands for the size that there is.
    return found, [None if sizes is None or sizes[i] == -1 else sizes[i] for i in range(len(found))]


def _complex(x: Tensor) -> Tensor:
    return cast_to(x, complex_dtype(x.dtype))


def _real(function: str, x: TensorLike) -> Tensor:
    found = read_signal(function, x)
    if found.dtype.is_complex:
        raise DTypeError(f"`{function}` takes real signals, got {found.dtype}; use `{function.replace('r', '', 1)}`")
    return cast_to(found, float32) if found.dtype is float16 else found


def _along(function: str, input: TensorLike, s: NewSizes, axes: Any, norm: Norm, inverse: bool) -> Tensor:
    x = read_signal(function, input)
    found, sizes = read_transformed(function, x.ndim, s, axes)
    for axis, size in zip(found, sizes, strict=True):
        x = resized(function, x, size, axis)
    scaling = read_norm(function, norm)
    return fourier.fft(_complex(x), axes=found, inverse=inverse, norm=scaling) if found else _complex(x)


def fft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The discrete Fourier transform along an axis: sums of ``x[j] * exp(-2j * pi * j * k / n)``.

    Runs on the host, by SciPy's pocketfft; so do all functions of this module. Derivatives are of every order.

    Parameters
    ----------
    input
        Tensors of floats or complex numbers; integers become Float32, and Float16 does.
    n
        How many elements to take, cut off or with zeros behind; by default all.
    norm
        Which direction is scaled by ``1 / n``: "backward" (the inverse, by default), "forward", or both by the root,
        "ortho".

    Returns
    -------
    Tensor
        Complex64, or Complex128 for input of 64 bits.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.fft.fft(dt.Tensor([1.0, 0.0, 0.0, 0.0])))
    [1.+0.j 1.+0.j 1.+0.j 1.+0.j]
    """
    return _along("fft", input, None if n is None else (n,), (axis,), norm, inverse=False)


def ifft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The inverse of :func:`fft`."""
    return _along("ifft", input, None if n is None else (n,), (axis,), norm, inverse=True)


def fftn(input: TensorLike, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """:func:`fft` along several axes, by default all; ``s`` gives their sizes."""
    return _along("fftn", input, s, axes, norm, inverse=False)


def ifftn(input: TensorLike, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """The inverse of :func:`fftn`."""
    return _along("ifftn", input, s, axes, norm, inverse=True)


def fft2(input: TensorLike, s: NewSizes = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Tensor:
    """:func:`fftn` along the last two axes."""
    return _along("fft2", input, s, axes, norm, inverse=False)


def ifft2(input: TensorLike, s: NewSizes = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Tensor:
    """The inverse of :func:`fft2`."""
    return _along("ifft2", input, s, axes, norm, inverse=True)


def rfft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """:func:`fft` of a real signal: coefficients 0 to ``n // 2``, of which the others are conjugates.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.fft.rfft(dt.Tensor([1.0, 2.0, 3.0, 2.0])))
    [ 8.+0.j -2.+0.j  0.+0.j]
    """
    x = _real("rfft", input)
    i = _axis("rfft", axis, x.ndim)
    return fourier.rfft(resized("rfft", x, n, i), axis=i, norm=read_norm("rfft", norm), adjoint=False)


def irfft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The real signal of ``n`` elements with these first coefficients: the inverse of :func:`rfft`.

    By default ``n`` is even, twice the coefficients less 2. The imaginary part of the first one, and of that at
    ``n / 2``, does not count.
    """
    return _halves("irfft", input, n, axis, read_norm("irfft", norm))


def _halves(function: str, input: TensorLike, n: Any, axis: Any, norm: str) -> Tensor:
    given = read_signal(function, input)
    x = _complex(given)
    i = _axis(function, axis, x.ndim)
    size = 2 * (x.shape[i] - 1) if n is None else read_int(function, "n", n)
    if size < 1:
        raise ArgumentError(f"`n` of `{function}` must be 1 or more, got {size}")
    found = fourier.irfft(resized(function, x, size // 2 + 1, i), n=size, axis=i, norm=norm, adjoint=False)
    return cast_to(found, float16) if given.dtype is float16 else found


def rfftn(input: TensorLike, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """:func:`fftn` of a real signal: half of the coefficients along the last of the axes."""
    return _rfftn("rfftn", input, s, axes, norm)


def rfft2(input: TensorLike, s: NewSizes = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Tensor:
    """:func:`rfftn` along the last two axes."""
    return _rfftn("rfft2", input, s, axes, norm)


def _rfftn(function: str, input: TensorLike, s: NewSizes, axes: Any, norm: Norm) -> Tensor:
    x = _real(function, input)
    found, sizes = read_transformed(function, x.ndim, s, axes)
    if not found:
        raise AxisError(f"`axes` of `{function}` must name one axis or more")
    for axis, size in zip(found, sizes, strict=True):
        x = resized(function, x, size, axis)
    scaling = read_norm(function, norm)
    half = fourier.rfft(x, axis=found[-1], norm=scaling, adjoint=False)
    return fourier.fft(half, axes=found[:-1], inverse=False, norm=scaling) if found[:-1] else half


def irfftn(input: TensorLike, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """The inverse of :func:`rfftn`; the last of the sizes ``s`` is that of the signal, by default even."""
    return _irfftn("irfftn", input, s, axes, norm)


def irfft2(input: TensorLike, s: NewSizes = None, axes: Any = _LAST_TWO, norm: Norm = None) -> Tensor:
    """The inverse of :func:`rfft2`."""
    return _irfftn("irfft2", input, s, axes, norm)


def _irfftn(function: str, input: TensorLike, s: NewSizes, axes: Any, norm: Norm) -> Tensor:
    given = read_signal(function, input)
    x = _complex(given)
    found, sizes = read_transformed(function, x.ndim, s, axes)
    if not found:
        raise AxisError(f"`axes` of `{function}` must name one axis or more")
    for axis, size in zip(found[:-1], sizes[:-1], strict=True):
        x = resized(function, x, size, axis)
    scaling = read_norm(function, norm)
    if found[:-1]:
        x = fourier.fft(x, axes=found[:-1], inverse=True, norm=scaling)
    signal = _halves(function, x, sizes[-1], found[-1], scaling)
    return cast_to(signal, float16) if given.dtype is float16 else signal


def hfft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The real spectrum of a signal of which the other half are conjugates: :func:`irfft`, the other way round."""
    return _halves("hfft", conj(input), n, axis, fourier.OTHER_WAY[read_norm("hfft", norm)])


def ihfft(input: TensorLike, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The inverse of :func:`hfft`."""
    x = _real("ihfft", input)
    i = _axis("ihfft", axis, x.ndim)
    scaling = fourier.OTHER_WAY[read_norm("ihfft", norm)]
    return conj(fourier.rfft(resized("ihfft", x, n, i), axis=i, norm=scaling, adjoint=False))


def fftfreq(n: int, d: float = 1.0, *, dtype: DType = float32) -> Tensor:
    """The frequencies of the coefficients of :func:`fft`, in cycles for each unit of the spacing ``d``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.fft.fftfreq(4, 0.5))
    [ 0.   0.5 -1.  -0.5]
    """
    return _frequencies("fftfreq", n, d, dtype)


def rfftfreq(n: int, d: float = 1.0, *, dtype: DType = float32) -> Tensor:
    """The frequencies of the coefficients of :func:`rfft`."""
    return _frequencies("rfftfreq", n, d, dtype)


def _frequencies(function: str, n: Any, d: Any, dtype: DType) -> Tensor:
    count, spacing = read_int(function, "n", n), read_real(function, "d", d)
    if count < 1 or spacing == 0:
        raise ArgumentError(f"`{function}` needs `n` of 1 or more and `d` other than 0, got {count} and {spacing}")
    return ground().constant(getattr(np.fft, function)(count, spacing).astype(dtype.numpy))


def fftshift(input: TensorLike, axes: Any = None) -> Tensor:
    """The coefficients in the order of their frequencies, 0 in the middle."""
    return _shifted("fftshift", input, axes, 1)


def ifftshift(input: TensorLike, axes: Any = None) -> Tensor:
    """The inverse of :func:`fftshift`."""
    return _shifted("ifftshift", input, axes, -1)


def _shifted(function: str, input: TensorLike, axes: Any, way: int) -> Tensor:
    x = as_tensor(input, function)
    found, _ = read_transformed(function, x.ndim, None, axes)
    for axis in found:
        x = roll(x, way * (x.shape[axis] // 2), axis)
    return x
