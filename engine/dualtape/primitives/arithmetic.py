"""Sums, products, quotients, powers and extrema."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.example import Example, Reals
from dualtape.core.expression import by_type, call, choose, x, y
from dualtape.core.primitive import Bilinear
from dualtape.primitives.continuation import extremum, pieces
from dualtape.primitives.convention import conventions, is_strict
from dualtape.primitives.declaring import Power, elementwise, infer_elementwise, math_function, piecewise_constant
from dualtape.primitives.rounding import floor_divide, sign

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

REAL = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)
_PAIR = (
    Example((Reals((2, 3)), Reals((2, 3)))),
    Example((Reals((2, 1)), Reals((4, 1, 3)))),
    Example((Reals(()), Reals((3,)))),
)

add = elementwise(
    "add",
    numpy=np.add,
    opencl=x + y,
    partials=(lambda x, y, z: 1, lambda x, y, z: 1),
    domain=(REAL, REAL),
    written="{0} + {1}",
)

subtract = elementwise(
    "subtract",
    numpy=np.subtract,
    opencl=x - y,
    partials=(lambda x, y, z: 1, lambda x, y, z: -1),
    domain=(REAL, REAL),
    written="{0} - {1}",
)

negative = elementwise(
    "negative", numpy=np.negative, opencl=-x, partials=(lambda x, y: -1,), domain=(REAL,), written="-{0}"
)


def _strong_product(c: Any, d: Any) -> Any:
    product = c * d
    if isinstance(d, (int, float)) and d != 0 and math.isfinite(d):
        return product
    # One sum of squares tells whether there is a NaN (which differs from itself) at a fraction of np.isnan's cost.
    squares = np.vdot(product, product)
    if squares != squares:
        # Only what is NaN by itself: the sign of a zero must not depend on what else is in the array.
        cut_off = np.isnan(product) & (np.equal(c, 0) | np.equal(d, 0))
        return np.where(cut_off, np.zeros((), product.dtype), product)
    return product


def times_slope(derivative: Any, slope: Any) -> Tensor:
    """The product of a derivative and a slope, by the convention that holds in this thread."""
    if conventions.entered and is_strict():
        return multiply(derivative, slope)
    return strong_multiply(derivative, slope)


# The product of a derivative and a partial in which zero wins over what is infinite or undefined: what
# `where` has cut off must not come back as 0 * inf = NaN. Either factor may be the one that was cut
# off, for a derivative of a derivative multiplies by them in turn.
strong_multiply: Bilinear = Bilinear(
    name="strong_multiply",
    numpy=_strong_product,
    lowering=choose((x == 0) | (y == 0), 0, x * y),
    infer=infer_elementwise("strong_multiply"),
    transposes=(lambda ct, x, y: times_slope(ct, y), lambda ct, x, y: times_slope(x, ct)),
    of_derivatives=times_slope,
    commutes=True,
    examples=_PAIR,
)

multiply: Bilinear = Bilinear(
    name="multiply",
    numpy=np.multiply,
    lowering=x * y,
    infer=infer_elementwise("multiply"),
    transposes=(lambda ct, x, y: times_slope(ct, y), lambda ct, x, y: times_slope(ct, x)),
    of_derivatives=times_slope,
    commutes=True,
    examples=_PAIR,
    written="{0} * {1}",
    power=lambda x, y: Power(x, 2) if x is y else None,
)


def _inverse(y: Any) -> Any:
    # Python's own 1 / 0 is an exception, a tensor's is infinite.
    return math.copysign(math.inf, y) if isinstance(y, (int, float)) and y == 0 else 1 / y


divide = elementwise(
    "divide",
    numpy=np.divide,
    opencl=x / y,
    partials=(lambda x, y, z: _inverse(y), lambda x, y, z: -(z / y)),
    domain=(REAL, POSITIVE),
    written="{0} / {1}",
)

reciprocal = elementwise(
    "reciprocal",
    numpy=lambda x: np.divide(1, x),
    opencl=1 / x,
    partials=(lambda x, y: -(y * y),),
    domain=(POSITIVE,),
    continued=lambda x: 1 / x,
)

square = elementwise(
    "square",
    numpy=np.square,
    opencl=x * x,
    partials=(lambda x, y: 2 * x,),
    domain=(REAL,),
    power=lambda x: Power(x, 2),
)

sqrt = math_function(
    "sqrt", numpy=np.sqrt, partials=(lambda x, y: 0.5 / y,), domain=(POSITIVE,), power=lambda x: Power(x, 0.5)
)

rsqrt = math_function(
    "rsqrt",
    numpy=lambda x: np.divide(1, np.sqrt(x)),
    partials=(lambda x, y: -0.5 * (y / x),),
    domain=(POSITIVE,),
    continued=lambda x: 1 / np.sqrt(x),
)


def _step(x: Any, y: Any) -> Any:
    # Infinities of one sign are a tie; their difference would be NaN.
    half = np.asarray(0.5, np.result_type(x, y))
    return np.where(np.equal(x, y), half, np.heaviside(np.subtract(x, y), half))


# The derivative of maximum(x, y) by x: ties are shared evenly.
step = piecewise_constant(
    "step",
    numpy=_step,
    opencl=choose(x > y, 1, choose(x == y, 0.5, choose(x < y, 0, x - y))),
    examples=_PAIR,
    kink=lambda x, y, z: x == y,
)

maximum = elementwise(
    "maximum",
    numpy=np.maximum,
    opencl=by_type(call("dt_maximum", x, y), choose(x > y, x, y)),
    partials=(lambda x, y, z: step(x, y), lambda x, y, z: step(y, x)),
    domain=((0.0, 1.0), (1.0, 2.0)),
    continued=extremum(np.greater),
    kink=lambda x, y, z: x == y,
)

minimum = elementwise(
    "minimum",
    numpy=np.minimum,
    opencl=by_type(call("dt_minimum", x, y), choose(x < y, x, y)),
    partials=(lambda x, y, z: step(y, x), lambda x, y, z: step(x, y)),
    domain=((0.0, 1.0), (1.0, 2.0)),
    continued=extremum(np.less),
    kink=lambda x, y, z: x == y,
)

absolute = elementwise(
    "absolute",
    numpy=np.absolute,
    opencl=by_type(call("dt_abs", x), choose(x < 0, -x, x)),
    partials=(lambda x, y: sign(x),),
    domain=(POSITIVE,),
    written="ops.abs({0})",
    continued=lambda x: pieces(np.real(x) < 0, -x, x, np.real(x) == 0),
    power=lambda x: Power(x, 1, of_magnitude=True),
    kink=lambda x, y: x == 0,
)

relu = elementwise(
    "relu",
    numpy=lambda x: np.maximum(x, np.zeros((), x.dtype)),
    opencl=choose(x <= 0, 0, x),
    partials=(lambda x, y: sign(y),),
    domain=(POSITIVE,),
    continued=lambda x: pieces(np.real(x) < 0, 0, x, np.real(x) == 0),
    kink=lambda x, y: x == 0,
)

# The sign of the result is the divisor's, as in Python.
mod = elementwise(
    "mod",
    numpy=np.mod,
    opencl=by_type(call("dt_mod", x, y), call("dt_integer_mod", x, y)),
    partials=(lambda x, y, z: 1, lambda x, y, z: -floor_divide(x, y)),
    domain=((2.2, 2.9), (1.5, 2.0)),
    continued=lambda x, y: x - y * np.floor(np.real(x) / np.real(y)),
    kink=lambda x, y, z: z == 0,
)
