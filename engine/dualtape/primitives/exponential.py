"""Exponentials, logarithms and hyperbolic functions."""

import math
from typing import Any

import numpy as np

from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import POSITIVE, reciprocal, rsqrt
from dualtape.primitives.continuation import magnitude
from dualtape.primitives.declaring import math_function

MODERATE = (-2.0, 2.0)

exp = math_function("exp", numpy=np.exp, partials=(lambda x, y: y,), domain=(MODERATE,))

# exp(x), not y + 1: the sum loses every digit for very negative x.
expm1 = math_function("expm1", numpy=np.expm1, partials=(lambda x, y: exp(x),), domain=(MODERATE,))

exp2 = math_function("exp2", numpy=np.exp2, partials=(lambda x, y: math.log(2) * y,), domain=(MODERATE,))

log = math_function("log", numpy=np.log, partials=(lambda x, y: reciprocal(x),), domain=(POSITIVE,))


def _log1p(x: Any) -> Any:
    """NumPy's, which of a complex number is the logarithm of 1 + x, where the digits of a small one are lost."""
    if not np.iscomplexobj(x):
        return np.log1p(x)
    found = np.array(np.log1p(x))
    near = np.abs(x) < 0.5
    inside = np.where(near, x, 0)
    size = 0.5 * np.log1p(inside.real * (inside.real + 2) + np.square(inside.imag))
    found.real = np.where(near, size, found.real)
    return found


log1p = math_function(
    "log1p", numpy=_log1p, continued=_log1p, partials=(lambda x, y: reciprocal(1 + x),), domain=((-0.8, 3.0),)
)

log2 = math_function(
    "log2", numpy=np.log2, partials=(lambda x, y: (1 / math.log(2)) * reciprocal(x),), domain=(POSITIVE,)
)

sinh: Elementwise = math_function("sinh", numpy=np.sinh, partials=(lambda x, y: cosh(x),), domain=(MODERATE,))

cosh: Elementwise = math_function("cosh", numpy=np.cosh, partials=(lambda x, y: sinh(x),), domain=(MODERATE,))

# 1 - y*y keeps an absolute, not a relative accuracy: the derivative is 0 where tanh rounds to 1
# (|x| > 9 in float32). Accepted because the polynomial in y is what makes Taylor modes cheap.
tanh = math_function("tanh", numpy=np.tanh, partials=(lambda x, y: 1 - y * y,), domain=(MODERATE,))

# Less -1, and not 1 more: on the cut of complex numbers that leaves the sign of a zero.
asinh = math_function("asinh", numpy=np.arcsinh, partials=(lambda x, y: rsqrt(x * x - -1),), domain=(MODERATE,))


def _area_slope(x: Any) -> Any:
    """1 / sqrt(x**2 - 1), by factors; of complex numbers each has a root of its own, as acosh's cut wants it."""
    if x.dtype.is_complex:
        return rsqrt(x - 1) * rsqrt(x - -1)
    return rsqrt((x - 1) * (x + 1))


acosh = math_function("acosh", numpy=np.arccosh, partials=(lambda x, y: _area_slope(x),), domain=((1.2, 4.0),))

atanh = math_function(
    "atanh", numpy=np.arctanh, partials=(lambda x, y: reciprocal((1 - x) * (1 + x)),), domain=((-0.8, 0.8),)
)


def _sigmoid(x: np.ndarray) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _sigmoid_continued(x: Any) -> Any:
    small = np.exp(-magnitude(x))
    return np.where(np.real(x) >= 0, 1 / (1 + small), small / (1 + small))


# y * (1 - y): absolute accuracy, like tanh's.
sigmoid = math_function(
    "sigmoid", numpy=_sigmoid, partials=(lambda x, y: y * (1 - y),), domain=(MODERATE,), continued=_sigmoid_continued
)

softplus = math_function(
    "softplus",
    numpy=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    partials=(lambda x, y: sigmoid(x),),
    domain=(MODERATE,),
    continued=lambda x: np.where(np.real(x) >= 0, x, 0) + np.log1p(np.exp(-magnitude(x))),
)
