"""What elementwise functions make of complex numbers: NumPy on the host, elsewhere pairs of reals.

They stand here together, and not each with its primitive: circular functions of complex numbers are made of hyperbolic
ones, and these of those. Branch cuts are those of C99, Annex G, as in NumPy.

Reference: Kahan, *Branch cuts for complex elementary functions*, in *The State of the Art in Numerical Analysis*, 1987.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from dualtape.core.complex_rule import Pair, by_parts, is_number, minus, part_of, plus, times
from dualtape.core.primitive import Primitive
from dualtape.primitives import arithmetic, comparison, elementary, exponential, power, rounding, trigonometric
from dualtape.primitives.arithmetic import absolute, maximum, minimum, multiply, reciprocal, sqrt, square
from dualtape.primitives.exponential import cosh, exp, expm1, log, log1p, sinh, tanh
from dualtape.primitives.selection import where
from dualtape.primitives.trigonometric import atan2, cos, sin, tan

_Parts = tuple[Any, Any]
_MOST_PRODUCTS = 16


def _of_parts(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of one variable, by its parts."""
    return lambda _, operands, params: function(*operands[0].parts)


def _summed(combine: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def rule(_: Primitive, operands: tuple[Any, ...], params: dict[str, Any]) -> _Parts:
        x, y = operands
        return combine(part_of(x, 0), part_of(y, 0)), combine(part_of(x, 1), part_of(y, 1))

    return rule


def _size_and_ratio(x: Any, y: Any) -> _Parts:
    """The size of the larger part, and by how much the other one is smaller."""
    u, v = absolute(x), absolute(y)
    large, small = maximum(u, v), minimum(u, v)
    # Of two zeros, and of an infinite part, the quotient is none.
    usual = (large > 0) & (large < math.inf)
    return large, small / where(usual, large, 1.0)


def magnitude(x: Any, y: Any) -> Any:
    """|x + iy|, without overflow on the way."""
    large, ratio = _size_and_ratio(x, y)
    return large * sqrt(1 + square(ratio))


def product(a: _Parts, b: _Parts) -> _Parts:
    """The product of two complex numbers."""
    return (
        minus(times(multiply, a[0], b[0]), times(multiply, a[1], b[1])),
        plus(times(multiply, a[0], b[1]), times(multiply, a[1], b[0])),
    )


def inverse(x: Any, y: Any) -> _Parts:
    """1 / (x + iy), the larger part taken out first, so that no square overflows."""
    size = maximum(absolute(x), absolute(y))
    u, v = x / size, y / size
    below = reciprocal(square(u) + square(v)) / size
    return u * below, -(v * below)


def _divide(_: Primitive, operands: tuple[Any, ...], params: dict[str, Any]) -> _Parts:
    x, y = operands
    above = part_of(x, 0), part_of(x, 1)
    if is_number(part_of(y, 1)) and part_of(y, 1) == 0:
        below = part_of(y, 0)
        re, im = (0 if is_number(part) and part == 0 else part / below for part in above)
        return re, im
    return product(above, inverse(*y.parts))


def _logarithm(x: Any, y: Any) -> _Parts:
    large, ratio = _size_and_ratio(x, y)
    return log(large) + 0.5 * log1p(square(ratio)), atan2(y, x)


def _logarithm_of_one_and(x: Any, y: Any) -> _Parts:
    near = (absolute(x) < 0.5) & (absolute(y) < 0.5)
    close = 0.5 * log1p(where(near, x * (x + 2) + square(y), 0.0))
    far, angle = _logarithm(1 + x, y)
    return where(near, close, far), angle


def _scaled(function: Callable[[Any, Any], _Parts], factor: float) -> Callable[[Any, Any], _Parts]:
    def scaled(x: Any, y: Any) -> _Parts:
        re, im = function(x, y)
        return re * factor, im * factor

    return scaled


def _exponential(x: Any, y: Any) -> _Parts:
    size = exp(x)
    return size * cos(y), size * sin(y)


def _minus_one(x: Any, y: Any) -> _Parts:
    return expm1(x) * cos(y) - multiply(square(sin(multiply(y, 0.5))), 2), exp(x) * sin(y)


def _root(x: Any, y: Any) -> _Parts:
    half = sqrt((magnitude(x, y) + absolute(x)) * 0.5)
    size = absolute(y)
    other = where(size == math.inf, size, size / where(half == 0, 1.0, half * 2))
    left = x < 0
    im = where(left, half, other)
    return where(left, other, half), where(elementary.signbit(y), -im, im)


def _inverse_root(x: Any, y: Any) -> _Parts:
    return inverse(*_root(x, y))


def _tangent(t: Any, u: Any) -> _Parts:
    """tan(x + iy), of t = tan(x) and u = tanh(y)."""
    below = reciprocal(1 + square(t * u))
    return t * (1 - u * u) * below, u * (1 + t * t) * below


def _square(x: Any, y: Any) -> _Parts:
    return (x - y) * (x + y), 2 * (x * y)


def _power(_: Primitive, operands: tuple[Any, ...], params: dict[str, Any]) -> _Parts:
    base, exponent = operands
    if isinstance(base, Pair):
        exponent = _known(exponent)
    if is_number(exponent) and float(exponent).is_integer() and abs(exponent) <= _MOST_PRODUCTS:
        return _by_products(base, int(exponent))
    if is_number(exponent) and exponent == 0.5:
        return _root(*base.parts)
    to = part_of(exponent, 0), part_of(exponent, 1)
    if is_number(base) and base != 0:
        found = product(to, (math.log(abs(base)), math.pi if base < 0 else 0))
        re, im = (exponent.whole(part) for part in found)
        return _exponential(re, im)
    re, im = base.parts if isinstance(base, Pair) else (base, exponent.whole(0))
    origin = (re == 0) & (im == 0)
    length, angle = _logarithm(where(origin, 1.0, re), im)
    usual = _exponential(*product(to, (length, angle)))
    at_origin = _at_origin(*to)
    return where(origin, at_origin, usual[0]), where(origin, at_origin * 0.0, usual[1])


def _known(x: Any) -> Any:
    """The real number that a pair is everywhere, or what else it is."""
    return x.re if isinstance(x, Pair) and is_number(x.re) and is_number(x.im) and x.im == 0 else x


def _at_origin(re: Any, im: Any) -> Any:
    """0 to a power: 1 to that of 0, 0 to one with a positive real part, else not a number."""
    if is_number(re) and is_number(im):
        return 0.0 if re > 0 else math.nan  # the power of 0 is a product
    nothing = (re == 0) & (im == 0)
    zero = multiply(im if is_number(re) else re, 0.0)
    return where(re > 0, zero, where(nothing, zero + 1, math.nan))


def _by_products(base: Pair, n: int) -> _Parts:
    if n == 0:
        return 1, 0
    if n < 0:
        return inverse(*(base.whole(part) for part in _by_products(base, -n)))
    square_: _Parts = (base.re, base.im)
    found: _Parts | None = None
    while n:
        if n & 1:
            found = square_ if found is None else product(found, square_)
        n >>= 1
        square_ = product(square_, square_) if n else square_
    assert found is not None
    return found


def _compared(_: Primitive, operands: tuple[Any, ...], params: dict[str, Any]) -> Any:
    x, y = ((whole.parts if isinstance(whole, Pair) else (whole, 0.0)) for whole in operands)
    return comparison.logical_and(x[0] == y[0], x[1] == y[1])


def _either(join: Primitive) -> Callable[..., Any]:
    """A test of both parts, joined."""
    return lambda test, operands, params: join(*map(test, operands[0].parts))


arithmetic.negative.continue_by(by_parts)
rounding.stop_gradient.continue_by(by_parts)
arithmetic.add.continue_by(_summed(plus))
arithmetic.subtract.continue_by(_summed(minus))
arithmetic.divide.continue_by(_divide)
power.power.continue_by(_power)
comparison.equal.continue_by(_compared)
comparison.not_equal.continue_by(lambda *call: comparison.logical_not(_compared(*call)))
comparison.isnan.continue_by(_either(comparison.logical_or))
comparison.isfinite.continue_by(_either(comparison.logical_and))

arithmetic.reciprocal.continue_by(_of_parts(inverse))
arithmetic.square.continue_by(_of_parts(_square))
arithmetic.sqrt.continue_by(_of_parts(_root))
arithmetic.rsqrt.continue_by(_of_parts(_inverse_root))
exponential.exp.continue_by(_of_parts(_exponential))
exponential.expm1.continue_by(_of_parts(_minus_one))
exponential.exp2.continue_by(_of_parts(lambda x, y: _exponential(x * math.log(2), y * math.log(2))))
exponential.log.continue_by(_of_parts(_logarithm))
exponential.log1p.continue_by(_of_parts(_logarithm_of_one_and))
exponential.log2.continue_by(_of_parts(_scaled(_logarithm, 1 / math.log(2))))
elementary.log10.continue_by(_of_parts(_scaled(_logarithm, 1 / math.log(10))))
exponential.sinh.continue_by(_of_parts(lambda x, y: (multiply(sinh(x), cos(y)), multiply(cosh(x), sin(y)))))
exponential.cosh.continue_by(_of_parts(lambda x, y: (multiply(cosh(x), cos(y)), multiply(sinh(x), sin(y)))))
exponential.tanh.continue_by(_of_parts(lambda x, y: _tangent(tan(y), tanh(x))[::-1]))
trigonometric.sin.continue_by(_of_parts(lambda x, y: (multiply(sin(x), cosh(y)), multiply(cos(x), sinh(y)))))
trigonometric.cos.continue_by(_of_parts(lambda x, y: (multiply(cos(x), cosh(y)), -multiply(sin(x), sinh(y)))))
trigonometric.tan.continue_by(_of_parts(lambda x, y: _tangent(tan(x), tanh(y))))

# Those of no kernel: devices leave them to the host.
for _primitive in (
    trigonometric.asin, trigonometric.acos, trigonometric.atan,
    exponential.asinh, exponential.acosh, exponential.atanh,
):  # fmt: skip
    _primitive.continue_by(None)
