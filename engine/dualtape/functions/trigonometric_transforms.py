"""Discrete cosine and sine transforms under SciPy's names and parameters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import ground
from dualtape.core.spec import normalize_axis
from dualtape.errors import ArgumentError
from dualtape.functions.conversion import TensorLike, read_int
from dualtape.functions.fourier import NewSizes, Norm, read_norm, read_signal, read_transformed, resized
from dualtape.functions.shape import along
from dualtape.primitives import fourier

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["dct", "dctn", "dst", "dstn", "idct", "idctn", "idst", "idstn"]


def dct(input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The discrete cosine transform of ``type`` 1 to 4: SciPy's, orthonormal with ``norm="ortho"``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.fft.dct(dt.ops.ones(4, dtype=dt.float64)))
    [8. 0. 0. 0.]
    """
    return _one("dct", input, type, n, axis, norm, inverse=False)


def idct(input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The inverse of :func:`dct`."""
    return _one("dct", input, type, n, axis, norm, inverse=True)


def dst(input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The discrete sine transform of ``type`` 1 to 4: SciPy's."""
    return _one("dst", input, type, n, axis, norm, inverse=False)


def idst(input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: Norm = None) -> Tensor:
    """The inverse of :func:`dst`."""
    return _one("dst", input, type, n, axis, norm, inverse=True)


def dctn(input: TensorLike, type: int = 2, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """:func:`dct` along several axes, by default all."""
    return _several("dct", input, type, s, axes, norm, inverse=False)


def idctn(input: TensorLike, type: int = 2, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """The inverse of :func:`dctn`."""
    return _several("dct", input, type, s, axes, norm, inverse=True)


def dstn(input: TensorLike, type: int = 2, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """:func:`dst` along several axes, by default all."""
    return _several("dst", input, type, s, axes, norm, inverse=False)


def idstn(input: TensorLike, type: int = 2, s: NewSizes = None, axes: Any = None, norm: Norm = None) -> Tensor:
    """The inverse of :func:`dstn`."""
    return _several("dst", input, type, s, axes, norm, inverse=True)


def _one(name: str, input: TensorLike, type: Any, n: Any, axis: Any, norm: Norm, inverse: bool) -> Tensor:
    x = read_signal(name, input)
    i = normalize_axis(name, read_int(name, "axis", axis), x.ndim)
    return _transformed(name, resized(name, x, n, i), type, i, norm, inverse)


def _several(name: str, input: TensorLike, type: Any, s: NewSizes, axes: Any, norm: Norm, inverse: bool) -> Tensor:
    x = read_signal(name, input)
    found, sizes = read_transformed(name, x.ndim, s, axes)
    for axis, size in zip(found, sizes, strict=True):
        x = _transformed(name, resized(name, x, size, axis), type, axis, norm, inverse)
    return x


def _transformed(name: str, x: Tensor, type: Any, axis: int, norm: Norm, inverse: bool) -> Tensor:
    kind, scaling, size = read_int(name, "type", type), read_norm(name, norm), x.shape[axis]
    if kind not in fourier.TRANSPOSED_TYPE:
        raise ArgumentError(f"`type` of `{name}` must be 1, 2, 3 or 4, got {kind}")
    if name == "dct" and kind == 1 and size < 2:
        raise ArgumentError(f"`dct` of type 1 needs 2 elements or more along its axis, got {size}")
    if inverse:
        kind, scaling = fourier.TRANSPOSED_TYPE[kind], fourier.OTHER_WAY[scaling]
    transform = fourier.dct if name == "dct" else fourier.dst
    if scaling == "ortho":
        return transform(x, type=kind, axis=axis)
    before, after = _weights(name, kind, size)
    if scaling == "forward":
        after = after / _round_trip(name, kind, size)
    return _weighted(transform(_weighted(x, before, axis), type=kind, axis=axis), after, axis)


def _weighted(x: Tensor, weights: np.ndarray, axis: int) -> Tensor:
    dtype = x.real.dtype.numpy
    found: Tensor = x * along(ground().constant(weights.astype(dtype), x.device), axis, x.ndim)
    return found


def _round_trip(name: str, kind: int, n: int) -> int:
    """What a transform and the one back multiply by, if neither is scaled."""
    return 2 * (n + (0 if kind > 1 else 1 if name == "dst" else -1))


def _weights(name: str, kind: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """What the orthonormal transform is of elements before it, and of coefficients after it, if nothing is scaled."""
    before, after = np.ones(n), np.full(n, math.sqrt(_round_trip(name, kind, n)))
    special = 0 if name == "dct" else -1
    if kind == 2:
        after[special] *= math.sqrt(2)
    elif kind == 3:
        before[special] = math.sqrt(0.5)
    elif kind == 1 and name == "dct":
        before[[0, -1]] = math.sqrt(0.5)
        after[[0, -1]] *= math.sqrt(2)
    return before, after
