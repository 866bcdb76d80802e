"""Arithmetic and comparisons with promotion, and functions of one variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dualtape.core.primitive import Primitive
from dualtape.dtypes import bool_, float32, int32, int64
from dualtape.errors import DTypeError
from dualtape.functions.conversion import (
    TensorLike,
    UnreadableError,
    answered,
    as_tensor,
    cast_to,
    floating,
    inexact,
    promoted_pair,
    to_inexact,
)
from dualtape.primitives import arithmetic as a
from dualtape.primitives import comparison as c
from dualtape.primitives import exponential as e
from dualtape.primitives import power as p
from dualtape.primitives import rounding as r
from dualtape.primitives import special as s
from dualtape.primitives import trigonometric as t
from dualtape.primitives.complex_parts import imag, real
from dualtape.primitives.elementary import hypot
from dualtape.primitives.selection import where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "ceil", "cos", "cosh", "digamma", "div",
    "equal", "erf", "erfc", "exp", "exp2", "expm1", "floor", "floor_divide", "greater", "greater_equal", "isfinite",
    "isinf", "isnan", "less", "less_equal", "lgamma", "log", "log1p", "log2", "logical_and", "logical_not",
    "logical_or", "logical_xor", "maximum", "minimum", "mod", "mul", "neg", "not_equal", "pow", "reciprocal", "relu",
    "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "softplus", "sqrt", "square", "sub", "tan", "tanh", "trunc",
]  # fmt: skip


def add(x: TensorLike, y: TensorLike) -> Tensor:
    """``x + y``, with broadcasting and promotion."""
    try:
        return a.add(*promoted_pair("add", x, y))
    except UnreadableError as failure:
        return answered(failure, x, y, "__radd__")


def sub(x: TensorLike, y: TensorLike) -> Tensor:
    """``x - y``, with broadcasting and promotion."""
    try:
        return a.subtract(*_numbers("sub", x, y))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rsub__")


def mul(x: TensorLike, y: TensorLike) -> Tensor:
    """``x * y``, with broadcasting and promotion; a 0-d tensor does not widen the other's type."""
    try:
        return a.multiply(*promoted_pair("mul", x, y, zero_rank_is_weak=True))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rmul__")


def div(x: TensorLike, y: TensorLike) -> Tensor:
    """``x / y``; integers give Float32."""
    try:
        x, y = promoted_pair("div", x, y, zero_rank_is_weak=True)
    except UnreadableError as failure:
        return answered(failure, x, y, "__rtruediv__")
    if not _dtype(x, y).is_inexact:
        x, y = cast_to(x, float32), cast_to(y, float32)
    return a.divide(x, y)


def floor_divide(x: TensorLike, y: TensorLike) -> Tensor:
    """``floor(x / y)``, with derivative 0."""
    try:
        return r.floor_divide(*_numbers("floor_divide", x, y))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rfloordiv__")


def mod(x: TensorLike, y: TensorLike) -> Tensor:
    """The remainder of ``x / y``, with the sign of ``y`` as in Python."""
    try:
        return a.mod(*_numbers("mod", x, y))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rmod__")


def pow(input: TensorLike, exponent: TensorLike) -> Tensor:
    """``input ** exponent``."""
    try:
        x, y = _numbers("pow", input, exponent)
    except UnreadableError as failure:
        return answered(failure, input, exponent, "__rpow__")
    if type(y) in (int, float) and not isinstance(x, (int, float)) and x.dtype.is_inexact:
        if y == 2:
            return a.square(x)
        if y == 1:
            same: Tensor = x
            return same
    return p.power(x, y)


def maximum(x: TensorLike, y: TensorLike) -> Tensor:
    """The larger of two; where they are equal, each gets half of the derivative."""
    return a.maximum(*promoted_pair("maximum", x, y))


def minimum(x: TensorLike, y: TensorLike) -> Tensor:
    """The smaller of two; where they are equal, each gets half of the derivative."""
    return a.minimum(*promoted_pair("minimum", x, y))


def atan2(y: TensorLike, x: TensorLike) -> Tensor:
    """The angle of the point (x, y); both derivatives are 0 at the origin."""
    y, x = promoted_pair("atan2", y, x)
    if not _dtype(y, x).is_float:
        y, x = cast_to(y, float32), cast_to(x, float32)
    return t.atan2(y, x)


def _dtype(x: Any, y: Any) -> Any:
    return y.dtype if isinstance(x, (bool, int, float)) else x.dtype


def _numbers(function: str, x: TensorLike, y: TensorLike) -> tuple[Any, Any]:
    """Operands of an operation that truth values do not have."""
    x, y = promoted_pair(function, x, y)
    if _dtype(x, y) is bool_:
        raise DTypeError(f"`{function}` of two Bools has no meaning; cast one of them, or use a logical function")
    return x, y


def _compare(primitive: Primitive, reflected: str = "") -> Callable[[TensorLike, TensorLike], Tensor]:
    def compare(x: TensorLike, y: TensorLike) -> Tensor:
        try:
            return primitive(*promoted_pair(primitive.name, x, y))
        except UnreadableError as failure:
            return answered(failure, x, y, reflected)

    compare.__name__ = compare.__qualname__ = primitive.name
    compare.__doc__ = f"Elementwise ``{primitive.name}``; a Tensor of bools."
    return compare


equal = _compare(c.equal)
not_equal = _compare(c.not_equal)
less = _compare(c.less, "__gt__")
less_equal = _compare(c.less_equal, "__ge__")
greater = _compare(c.greater, "__lt__")
greater_equal = _compare(c.greater_equal, "__le__")


def _as_bool(x: TensorLike, function: str) -> Tensor:
    return cast_to(as_tensor(x, function), bool_)


def logical_and(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise *and* of truth values."""
    try:
        return c.logical_and(_as_bool(x, "logical_and"), _as_bool(y, "logical_and"))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rand__")


def logical_or(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise *or* of truth values."""
    try:
        return c.logical_or(_as_bool(x, "logical_or"), _as_bool(y, "logical_or"))
    except UnreadableError as failure:
        return answered(failure, x, y, "__ror__")


def logical_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """Elementwise *exclusive or* of truth values."""
    try:
        return c.logical_xor(_as_bool(x, "logical_xor"), _as_bool(y, "logical_xor"))
    except UnreadableError as failure:
        return answered(failure, x, y, "__rxor__")


def logical_not(input: TensorLike) -> Tensor:
    """Elementwise *not* of truth values."""
    return c.logical_not(_as_bool(input, "logical_not"))


def isnan(input: TensorLike) -> Tensor:
    """Where ``input`` is NaN."""
    return c.isnan(as_tensor(input, "isnan"))


def isfinite(input: TensorLike) -> Tensor:
    """Where ``input`` is neither infinite nor NaN."""
    return c.isfinite(as_tensor(input, "isfinite"))


def isinf(input: TensorLike) -> Tensor:
    """Where ``input`` is infinite."""
    x = inexact("isinf", input)
    if x.dtype.is_complex:
        return c.logical_or(isinf(real(x)), isinf(imag(x)))
    return c.logical_not(c.logical_or(c.isfinite(x), c.isnan(x)))


def _of_floats(primitive: Primitive, text: str) -> Callable[[TensorLike], Tensor]:
    """A function that MindSpore defines for floats only; some are functions of complex numbers too."""
    read = floating if primitive.on_complex is None else inexact

    def function(input: TensorLike) -> Tensor:
        return primitive(read(primitive.name, input))

    function.__name__ = function.__qualname__ = primitive.name
    kinds = "floats" if read is floating else "floats or complex numbers"
    function.__doc__ = f"Elementwise {text}. Takes tensors of {kinds}."
    return function


exp = _of_floats(e.exp, "exponential")
expm1 = _of_floats(e.expm1, "exp(x) - 1, accurate near 0")
exp2 = _of_floats(e.exp2, "power of two")
log = _of_floats(e.log, "natural logarithm")
log1p = _of_floats(e.log1p, "log(1 + x), accurate near 0")
log2 = _of_floats(e.log2, "logarithm to base two")
sin = _of_floats(t.sin, "sine")
cos = _of_floats(t.cos, "cosine")
tan = _of_floats(t.tan, "tangent")
asin = _of_floats(t.asin, "inverse sine")
acos = _of_floats(t.acos, "inverse cosine")
atan = _of_floats(t.atan, "inverse tangent")
sinh = _of_floats(e.sinh, "hyperbolic sine")
cosh = _of_floats(e.cosh, "hyperbolic cosine")
tanh = _of_floats(e.tanh, "hyperbolic tangent")
asinh = _of_floats(e.asinh, "inverse hyperbolic sine")
acosh = _of_floats(e.acosh, "inverse hyperbolic cosine")
atanh = _of_floats(e.atanh, "inverse hyperbolic tangent")
sigmoid = _of_floats(e.sigmoid, "1 / (1 + exp(-x))")
softplus = _of_floats(e.softplus, "log(1 + exp(x)), also for large x")
erf = _of_floats(s.erf, "error function")
erfc = _of_floats(s.erfc, "complementary error function")
lgamma = _of_floats(s.lgamma, "logarithm of the absolute value of the gamma function")
digamma = _of_floats(s.digamma, "logarithmic derivative of the gamma function")


def sqrt(input: TensorLike) -> Tensor:
    """Square root; integers give Float32. The derivative at 0 is infinite."""
    return a.sqrt(to_inexact(as_tensor(input, "sqrt")))


def rsqrt(input: TensorLike) -> Tensor:
    """1 / sqrt(x). Takes tensors of floats."""
    return a.rsqrt(inexact("rsqrt", input))


def reciprocal(input: TensorLike) -> Tensor:
    """1 / x; integers give Float32."""
    return a.reciprocal(to_inexact(as_tensor(input, "reciprocal")))


def square(input: TensorLike) -> Tensor:
    """x * x."""
    return a.square(_not_bool("square", input))


def neg(input: TensorLike) -> Tensor:
    """-x."""
    return a.negative(_not_bool("neg", input))


def _not_bool(function: str, input: TensorLike) -> Tensor:
    x = as_tensor(input, function)
    if x.dtype is bool_:
        raise DTypeError(f"`{function}` of a Bool tensor has no meaning; cast it, or use a logical function")
    return x


def abs(input: TensorLike) -> Tensor:
    """Absolute value, of complex numbers too; its derivative at 0 is 0."""
    x = as_tensor(input, "abs")
    if x.dtype.is_complex:
        return hypot(real(x), imag(x))
    return x if x.dtype is bool_ else a.absolute(x)


def relu(input: TensorLike) -> Tensor:
    """max(x, 0); its derivative at 0 is 0."""
    x = as_tensor(input, "relu")
    return x if x.dtype is bool_ else a.relu(x)


def sign(input: TensorLike) -> Tensor:
    """-1, 0 or 1; derivative 0. Takes floats, Int32 and Int64, as in MindSpore."""
    return r.sign(_wide_number("sign", input))


floor = _of_floats(r.floor, "next integer below; derivative 0")
ceil = _of_floats(r.ceil, "next integer above; derivative 0")


def round(input: TensorLike) -> Tensor:
    """The nearest integer, halves to even; derivative 0. Takes floats, and Int32 and Int64, which pass."""
    x = _wide_number("round", input)
    return r.round(x) if x.dtype.is_float else x


def trunc(input: TensorLike) -> Tensor:
    """The next integer towards 0; derivative 0. Integers pass."""
    x = as_tensor(input, "trunc")
    if x.dtype.is_complex:
        raise DTypeError(f"`trunc` is a function of real numbers, and got a Tensor of {x.dtype}")
    return where(c.less(x, 0.0), r.ceil(x), r.floor(x)) if x.dtype.is_float else x


def _wide_number(function: str, input: TensorLike) -> Tensor:
    x = as_tensor(input, function)
    if not x.dtype.is_float and x.dtype not in (int32, int64):
        raise DTypeError(f"`{function}` takes floats, Int32 and Int64, got a Tensor of {x.dtype}; cast it first")
    return x
