"""Elementary functions under NumPy's names, besides those that kernels compute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape.dtypes import float32
from dualtape.errors import DTypeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    promoted_pair,
    read_number,
    tensor_pair,
    to_floating,
    to_inexact,
)
from dualtape.functions.indexing import where
from dualtape.primitives import arithmetic, comparison, complex_parts, elementary
from dualtape.primitives.exponential import exp2

if TYPE_CHECKING:
    from dualtape.core.primitive import Primitive
    from dualtape.tensor import Tensor

__all__ = [
    "cbrt", "copysign", "fmod", "frexp", "gcd", "hypot", "lcm", "ldexp", "log10", "nan_to_num", "nextafter", "signbit",
]  # fmt: skip


class FrexpResult(NamedTuple):
    """Mantissas of 1/2 or more, and below 1, and exponents (Int32) of two."""

    mantissa: Tensor
    exponent: Tensor


def log10(input: TensorLike) -> Tensor:
    """Elementwise logarithm to base ten, of complex numbers too; integers give Float32."""
    return elementary.log10(to_inexact(as_tensor(input, "log10")))


def cbrt(input: TensorLike) -> Tensor:
    """Elementwise cube root, of negative numbers too; the derivative at 0 is infinite. Runs on the host."""
    return elementary.cbrt(to_floating(as_tensor(input, "cbrt")))


def _pair(function: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    """Two tensors of floats of one type."""
    a, b = promoted_pair(function, x, y)
    dtype = b.dtype if isinstance(a, (bool, int, float)) else a.dtype
    wide = dtype if dtype.is_float else float32
    like = b if isinstance(a, (bool, int, float)) else a
    read = [
        as_tensor(np.asarray(t, wide.numpy), function).to(like.device)
        if isinstance(t, (bool, int, float))
        else cast_to(t, wide)
        for t in (a, b)
    ]
    return read[0], read[1]


def hypot(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise sqrt(x * x + y * y) without overflow; both derivatives are 0 at the origin."""
    return elementary.hypot(*_pair("hypot", x, y))


def copysign(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise magnitude of ``x`` with the sign of ``y``, by which the derivative is 0."""
    size, other = _pair("copysign", x, y)
    magnitude = arithmetic.absolute(size)
    return where(elementary.signbit(other), arithmetic.negative(magnitude), magnitude)


def fmod(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise remainder of ``x / y`` with the sign of ``x``, as in C. Runs on the host."""
    return elementary.fmod(*_pair("fmod", x, y))


def nextafter(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise next number after ``x`` towards ``y``; derivative 1 by ``x``. Runs on the host."""
    return elementary.nextafter(*_pair("nextafter", x, y))


def signbit(input: TensorLike) -> Tensor:
    """Where the sign is negative, that of -0.0 among them."""
    return elementary.signbit(as_tensor(input, "signbit"))


def frexp(input: TensorLike) -> FrexpResult:
    """Mantissa and exponent of ``mantissa * 2**exponent``; the derivative of the mantissa is ``2**-exponent``."""
    x = to_floating(as_tensor(input, "frexp"))
    exponent = elementary.binary_exponent(x)
    return FrexpResult(ldexp(x, arithmetic.negative(exponent)), exponent)


def ldexp(x: TensorLike, exponent: TensorLike) -> Tensor:
    """Elementwise ``x * 2**exponent`` of integers ``exponent``."""
    given, power = to_floating(as_tensor(x, "ldexp", "x")), as_tensor(exponent, "ldexp", "exponent")
    if not power.dtype.is_integer:
        raise DTypeError(f"`exponent` of `ldexp` must be integers, got {power.dtype}")
    power = power.to(given.device)
    # In two steps, for 2**exponent alone may be beyond the type.
    half = power // 2
    for part in (half, power - half):
        given = arithmetic.multiply(given, exp2(cast_to(part, given.dtype)))
    return given


def _of_integers(function: str, primitive: Primitive, x: TensorLike, y: TensorLike) -> Tensor:
    a, b = promoted_pair(function, *tensor_pair(function, x, y))
    if not a.dtype.is_integer:
        raise DTypeError(f"`{function}` takes integers, got {a.dtype}")
    return primitive(a, b)


def gcd(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise greatest common divisor of integers."""
    return _of_integers("gcd", elementary.gcd, x, y)


def lcm(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise least common multiple of integers."""
    return _of_integers("lcm", elementary.lcm, x, y)


def nan_to_num(input: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Numbers in the place of NaN and infinities, by default 0 and the largest of the type; derivative 0 there."""
    x = as_tensor(input, "nan_to_num")
    if x.dtype.is_complex:
        parts = (nan_to_num(part, nan, posinf, neginf) for part in (complex_parts.real(x), complex_parts.imag(x)))
        return complex_parts.join(*parts)
    if not x.dtype.is_float:
        return x
    ends = np.finfo(x.dtype.numpy)
    high: Any = float(ends.max) if posinf is None else read_number("nan_to_num", "posinf", posinf)
    low: Any = float(ends.min) if neginf is None else read_number("nan_to_num", "neginf", neginf)
    x = where(comparison.equal(x, float("inf")), high, x)
    x = where(comparison.equal(x, -float("inf")), low, x)
    return where(comparison.isnan(x), read_number("nan_to_num", "nan", nan), x)
