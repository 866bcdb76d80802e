"""Exponentials, logarithms and hyperbolic functions."""

import math
from typing import Any

import numpy as np

from dualtape.core.expression import call, x
from dualtape.core.primitive import Elementwise, elementwise
from dualtape.primitives.arithmetic import POSITIVE, reciprocal, rsqrt
from dualtape.primitives.continuation import magnitude

MODERATE = (-2.0, 2.0)

exp = elementwise("exp", numpy=np.exp, opencl=call("dt_exp", x), partials=(lambda x, y: y,), domain=(MODERATE,))

# exp(x), not y + 1: the sum loses every digit for very negative x.
expm1 = elementwise(
    "expm1", numpy=np.expm1, opencl=call("dt_expm1", x), partials=(lambda x, y: exp(x),), domain=(MODERATE,)
)

exp2 = elementwise(
    "exp2", numpy=np.exp2, opencl=call("dt_exp2", x), partials=(lambda x, y: math.log(2) * y,), domain=(MODERATE,)
)

log = elementwise(
    "log", numpy=np.log, opencl=call("dt_log", x), partials=(lambda x, y: reciprocal(x),), domain=(POSITIVE,)
)

log1p = elementwise(
    "log1p",
    numpy=np.log1p,
    opencl=call("dt_log1p", x),
    partials=(lambda x, y: reciprocal(1 + x),),
    domain=((-0.8, 3.0),),
)

log2 = elementwise(
    "log2",
    numpy=np.log2,
    opencl=call("dt_log2", x),
    partials=(lambda x, y: (1 / math.log(2)) * reciprocal(x),),
    domain=(POSITIVE,),
)

sinh: Elementwise = elementwise(
    "sinh", numpy=np.sinh, opencl=call("dt_sinh", x), partials=(lambda x, y: cosh(x),), domain=(MODERATE,)
)

cosh: Elementwise = elementwise(
    "cosh", numpy=np.cosh, opencl=call("dt_cosh", x), partials=(lambda x, y: sinh(x),), domain=(MODERATE,)
)

# 1 - y*y keeps an absolute, not a relative accuracy: the derivative is 0 where tanh rounds to 1
# (|x| > 9 in float32). Accepted because the polynomial in y is what makes Taylor modes cheap.
tanh = elementwise(
    "tanh", numpy=np.tanh, opencl=call("dt_tanh", x), partials=(lambda x, y: 1 - y * y,), domain=(MODERATE,)
)

asinh = elementwise(
    "asinh", numpy=np.arcsinh, opencl=call("dt_asinh", x), partials=(lambda x, y: rsqrt(1 + x * x),), domain=(MODERATE,)
)

acosh = elementwise(
    "acosh",
    numpy=np.arccosh,
    opencl=call("dt_acosh", x),
    partials=(lambda x, y: rsqrt((x - 1) * (x + 1)),),
    domain=((1.2, 4.0),),
)

atanh = elementwise(
    "atanh",
    numpy=np.arctanh,
    opencl=call("dt_atanh", x),
    partials=(lambda x, y: reciprocal((1 - x) * (1 + x)),),
    domain=((-0.8, 0.8),),
)


def _sigmoid(x: np.ndarray) -> Any:
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


def _sigmoid_continued(x: Any) -> Any:
    small = np.exp(-magnitude(x))
    return np.where(np.real(x) >= 0, 1 / (1 + small), small / (1 + small))


# y * (1 - y): absolute accuracy, like tanh's.
sigmoid = elementwise(
    "sigmoid",
    numpy=_sigmoid,
    opencl=call("dt_sigmoid", x),
    partials=(lambda x, y: y * (1 - y),),
    domain=(MODERATE,),
    continued=_sigmoid_continued,
)

softplus = elementwise(
    "softplus",
    numpy=lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    opencl=call("dt_softplus", x),
    partials=(lambda x, y: sigmoid(x),),
    domain=(MODERATE,),
    continued=lambda x: np.where(np.real(x) >= 0, x, 0) + np.log1p(np.exp(-magnitude(x))),
)
