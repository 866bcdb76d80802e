"""Distributions of floats as functions of a key: quantiles of uniform numbers, with derivatives by all parameters."""

from __future__ import annotations

import math
from functools import reduce
from typing import Any

from dualtape.core.spec import Shape, broadcast_shapes
from dualtape.dtypes import DType, float32, promote
from dualtape.errors import ArgumentError, ShapeError
from dualtape.functions.conversion import as_tensor, cast_to, read_real, read_shape
from dualtape.functions.elementwise import log1p, maximum, minimum
from dualtape.functions.indexing import where
from dualtape.functions.special import betaincinv, erfinv, gammaincinv, ndtr, ndtri
from dualtape.random.units import between, centred, half_open, read_float
from dualtape.tensor import Tensor

SampleShape = int | tuple[int, ...] | None
NumberOrTensor = float | Tensor


def uniform(
    key: Tensor,
    shape: SampleShape = None,
    low: NumberOrTensor = 0.0,
    high: NumberOrTensor = 1.0,
    dtype: DType | None = None,
) -> Tensor:
    """Numbers from ``low`` up to but without ``high``; rounding may give ``high`` where it is not 0 or 1.

    Parameters
    ----------
    key
        Of shape (2,), from :func:`key`, :func:`split` or :func:`fold_in`.
    shape
        Of the result; by default that to which the parameters broadcast.
    low, high
        Numbers or tensors, which broadcast to ``shape``.
    dtype
        A type of floats; by default that of the parameters that are tensors, else Float32.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.uniform(dt.random.key(0), (3,)))
    [0.39904642 0.88052016 0.73571277]
    """
    sizes, kind, (start, end) = _read("uniform", key, shape, dtype, low=low, high=high)
    _require_order("uniform", low, high)
    unit = half_open("uniform", key, sizes, kind)
    return unit if _are(low, 0, high, 1) else start + (end - start) * unit


def normal(
    key: Tensor,
    shape: SampleShape = None,
    mean: NumberOrTensor = 0.0,
    stddev: NumberOrTensor = 1.0,
    dtype: DType | None = None,
) -> Tensor:
    """Numbers of the normal distribution, as quantiles of uniform ones: none is farther out than 5.4 (Float64: 8.2).

    The parameters are those of :func:`uniform`, with mean and standard deviation.

    Examples
    --------
    >>> import dualtape as dt
    >>> sample = dt.random.normal(dt.random.key(0), (10_000,), mean=3.0, stddev=0.1)
    >>> print(f"{sample.mean().item():.2f} {sample.std().item():.2f}")
    3.00 0.10
    """
    sizes, kind, (centre, spread) = _read("normal", key, shape, dtype, mean=mean, stddev=stddev)
    standard = math.sqrt(2) * erfinv(centred("normal", key, sizes, kind))
    return standard if _are(mean, 0, stddev, 1) else centre + spread * standard


def truncated_normal(
    key: Tensor, low: NumberOrTensor, high: NumberOrTensor, shape: SampleShape = None, dtype: DType | None = None
) -> Tensor:
    """Numbers of the standard normal distribution on the condition that they are from ``low`` to ``high``.

    Parameters
    ----------
    low, high
        Numbers or tensors, infinite or not; far out in a tail, too. Samples have derivatives by them.

    The others are those of :func:`uniform`.

    Examples
    --------
    >>> import dualtape as dt
    >>> sample = dt.random.truncated_normal(dt.random.key(0), 8.0, 9.0, (1000,))
    >>> print(bool(((sample >= 8) & (sample <= 9)).all()), f"{sample.mean().item():.2f}")
    True 8.12
    """
    sizes, kind, (start, end) = _read("truncated_normal", key, shape, dtype, low=low, high=high)
    _require_order("truncated_normal", low, high)
    unit = between("truncated_normal", key, sizes, kind)
    start, end = (x if isinstance(x, Tensor) else Tensor(x, kind, device=unit.device) for x in (start, end))
    # In the left tail, where the distribution function keeps its digits.
    is_right = start + end > 0
    left, right = where(is_right, -end, start), where(is_right, -start, end)
    below = ndtr(left)
    found = minimum(maximum(ndtri(below + unit * (ndtr(right) - below)), left), right)
    return where(is_right, -found, found)


def exponential(
    key: Tensor, shape: SampleShape = None, scale: NumberOrTensor = 1.0, dtype: DType | None = None
) -> Tensor:
    """Numbers from 0 on of the exponential distribution with the mean ``scale``.

    The other parameters are those of :func:`uniform`.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.random.exponential(dt.random.key(0), (3,)))
    [0.5092376 2.1246076 1.3307188]
    """
    sizes, kind, (mean,) = _read("exponential", key, shape, dtype, scale=scale)
    _require_positive("exponential", scale=scale)
    standard = -log1p(-half_open("exponential", key, sizes, kind))
    return standard if _are(scale, 1) else mean * standard


def gamma(key: Tensor, a: NumberOrTensor, shape: SampleShape = None, dtype: DType | None = None) -> Tensor:
    """Numbers of the gamma distribution with the shape parameter ``a`` and the scale 1.

    They are computed on the host, whatever the device. Samples have derivatives by ``a`` of every order, those of
    implicit reparameterisation (Figurnov, Mohamed & Mnih 2018, arXiv:1805.08498).

    Parameters
    ----------
    a
        A positive number or tensor.

    The others are those of :func:`uniform`.

    Examples
    --------
    >>> import dualtape as dt
    >>> mean = lambda a: dt.random.gamma(dt.random.key(0), a, (10_000,)).mean()
    >>> value, slope = dt.value_and_grad(mean)(dt.Tensor(2.0))
    >>> print(f"{value.item():.1f} {slope.item():.1f}")
    2.0 1.0
    """
    sizes, kind, (given,) = _read("gamma", key, shape, dtype, a=a)
    _require_positive("gamma", a=a)
    return gammaincinv(given, between("gamma", key, sizes, kind))


def beta(
    key: Tensor, a: NumberOrTensor, b: NumberOrTensor, shape: SampleShape = None, dtype: DType | None = None
) -> Tensor:
    """Numbers from 0 to 1 of the beta distribution with the shape parameters ``a`` and ``b``.

    As :func:`gamma`, with derivatives by both.

    Examples
    --------
    >>> import dualtape as dt
    >>> sample = dt.random.beta(dt.random.key(0), 2.0, 6.0, (10_000,))
    >>> print(f"{sample.mean().item():.2f}")
    0.25
    """
    sizes, kind, (first, second) = _read("beta", key, shape, dtype, a=a, b=b)
    _require_positive("beta", a=a, b=b)
    return betaincinv(first, second, between("beta", key, sizes, kind))


def _read(
    function: str, key: Any, shape: SampleShape, dtype: DType | None, **given: Any
) -> tuple[Shape, DType, list[Any]]:
    """The shape and type of the result, and the parameters: tensors of that type beside the key, or numbers."""
    tensors = {name: as_tensor(x, function, name) for name, x in given.items() if not isinstance(x, (int, float))}
    kinds = [x.dtype for x in tensors.values() if x.dtype.is_float]
    kind = read_float(function, dtype if dtype is not None else reduce(promote, kinds) if kinds else float32)
    found = broadcast_shapes(function, (), *(x.shape for x in tensors.values()))
    sizes = found if shape is None else read_shape(function, "shape", shape)
    if shape is not None and broadcast_shapes(function, sizes, found) != sizes:
        named = ", ".join(f"`{name}` of shape {x.shape}" for name, x in tensors.items())
        raise ShapeError(f"`{function}` got {named}; expected what broadcasts to `shape`, {sizes}")
    values: list[Any] = []
    for name, x in given.items():
        if name not in tensors and math.isnan(x):
            raise ArgumentError(f"`{name}` of `{function}` is NaN")
        values.append(cast_to(tensors[name], kind) if name in tensors else x)
    return sizes, kind, values


def _are(*pairs: Any) -> bool:
    """Whether each parameter is the number that follows it; what a tensor holds may not be known."""
    return all(isinstance(x, (int, float)) and x == number for x, number in zip(pairs[::2], pairs[1::2], strict=True))


def _require_order(function: str, low: Any, high: Any) -> None:
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low > high:
        raise ArgumentError(f"`low` of `{function}` is {low}, which is above `high`, {high}")


def _require_positive(function: str, **shapes: Any) -> None:
    for name, x in shapes.items():
        if isinstance(x, (int, float)) and not read_real(function, name, x) > 0:
            raise ArgumentError(f"`{name}` of `{function}` must be positive, got {x}")
