"""Fourier transforms: the extension ``fft`` of the array API standard, on the functions of ``dualtape.ops.fft``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtape.array_api.new_tensors import placed
from dualtape.dtypes import float32
from dualtape.functions import fourier

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft", "irfftn", "rfft",
    "rfftfreq", "rfftn",
]  # fmt: skip


def fft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The spectrum along an axis."""
    return fourier.fft(x, n, axis, norm)


def ifft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The inverse of :func:`fft`."""
    return fourier.ifft(x, n, axis, norm)


def fftn(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Tensor:
    """The spectrum along several axes."""
    return fourier.fftn(x, s, axes, norm)


def ifftn(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Tensor:
    """The inverse of :func:`fftn`."""
    return fourier.ifftn(x, s, axes, norm)


def rfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The half of the spectrum of real numbers of which the other half are conjugates."""
    return fourier.rfft(x, n, axis, norm)


def irfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The inverse of :func:`rfft`."""
    return fourier.irfft(x, n, axis, norm)


def rfftn(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Tensor:
    """The half of the spectrum of real numbers along several axes."""
    return fourier.rfftn(x, s, axes, norm)


def irfftn(x: Tensor, /, *, s: Any = None, axes: Any = None, norm: Any = "backward") -> Tensor:
    """The inverse of :func:`rfftn`."""
    return fourier.irfftn(x, s, axes, norm)


def hfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The real spectrum of a signal of which the other half are conjugates."""
    return fourier.hfft(x, n, axis, norm)


def ihfft(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: Any = "backward") -> Tensor:
    """The inverse of :func:`hfft`."""
    return fourier.ihfft(x, n, axis, norm)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the coefficients of :func:`fft`."""
    return placed(fourier.fftfreq(n, d, dtype=float32 if dtype is None else dtype), device)


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: Any = None, device: Any = None) -> Tensor:
    """The frequencies of the coefficients of :func:`rfft`."""
    return placed(fourier.rfftfreq(n, d, dtype=float32 if dtype is None else dtype), device)


def fftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """The coefficients in the order of their frequencies, 0 in the middle."""
    return fourier.fftshift(x, axes)


def ifftshift(x: Tensor, /, *, axes: Any = None) -> Tensor:
    """The inverse of :func:`fftshift`."""
    return fourier.ifftshift(x, axes)
