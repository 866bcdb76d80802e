"""Circular functions and their inverses."""

import math
from typing import Any

import numpy as np

from dualtape.core.expression import call, x, y
from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import REAL, maximum, reciprocal, rsqrt, strong_multiply
from dualtape.primitives.convention import is_strict
from dualtape.primitives.declaring import elementwise, math_function
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import where

sin: Elementwise = math_function("sin", numpy=np.sin, partials=(lambda x, y: cos(x),), domain=(REAL,))

cos: Elementwise = math_function("cos", numpy=np.cos, partials=(lambda x, y: -sin(x),), domain=(REAL,))

tan = math_function("tan", numpy=np.tan, partials=(lambda x, y: 1 + y * y,), domain=((-1.2, 1.2),))


def _arc_slope(x: Any) -> Any:
    """1 / sqrt(1 - x**2), by factors, not 1 - x * x: exact where the function is steep.

    Of complex numbers each factor has a root of its own, whose cut is the function's. To subtract a number leaves the
    sign of a zero in the imaginary part, which says on which side of the cut it lies; to add one does not.
    """
    if x.dtype.is_complex:
        return rsqrt(-(x - 1)) * rsqrt(x - -1)
    return rsqrt((1 - x) * (1 + x))


asin = math_function("asin", numpy=np.arcsin, partials=(lambda x, y: _arc_slope(x),), domain=((-0.8, 0.8),))

acos = math_function("acos", numpy=np.arccos, partials=(lambda x, y: -_arc_slope(x),), domain=((-0.8, 0.8),))

atan = math_function("atan", numpy=np.arctan, partials=(lambda x, y: reciprocal(1 + x * x),), domain=(REAL,))


def _over_square_radius(a: Any, y: Any, x: Any) -> Any:
    """a / (y**2 + x**2), and 0 at the origin, where the angle has no derivative.

    The larger of |y| and |x| is taken out first, as a constant: any number may be, and the squares then neither
    underflow nor overflow.
    """
    size = stop_gradient(maximum(abs(y), abs(x)))
    origin = size == 0
    size = where(origin, 1.0, size)
    v, u = y / size, x / size
    square_radius = where(origin, 1.0, v * v + u * u)
    return where(origin, math.nan if is_strict() else 0.0, strong_multiply(a / size, reciprocal(square_radius)) / size)


def _atan2_continued(y: Any, x: Any) -> Any:
    flat = np.abs(np.real(x)) > np.abs(np.real(y))
    with np.errstate(all="ignore"):
        turned = np.where(flat, np.arctan(np.divide(y, x)), -np.arctan(np.divide(x, y)))
    return np.arctan2(np.real(y), np.real(x)) + 1j * np.imag(turned)


atan2 = elementwise(
    "atan2",
    numpy=np.arctan2,
    opencl=call("dt_atan2", x, y),
    partials=(lambda y, x, z: _over_square_radius(x, y, x), lambda y, x, z: -_over_square_radius(y, y, x)),
    domain=((0.1, 2.0), (-2.0, 2.0)),
    continued=_atan2_continued,
    kink=lambda y, x, z: (y == 0) & (x == 0),
)
