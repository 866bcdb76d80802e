"""Elementary functions that few programs need in a kernel, and those of the digits of numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dualtape.core.example import Example, Indices, Reals
from dualtape.core.expression import by_type, call, choose, x, y
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import NonDifferentiable
from dualtape.core.spec import Spec
from dualtape.dtypes import int32
from dualtape.primitives.arithmetic import POSITIVE, REAL, divide, reciprocal
from dualtape.primitives.comparison import equal, less
from dualtape.primitives.continuation import pieces
from dualtape.primitives.declaring import elementwise, piecewise_constant, predicate
from dualtape.primitives.on_host import host_function
from dualtape.primitives.rounding import ceil, floor
from dualtape.primitives.selection import where

_INTEGERS = (Example((Indices((2, 3), 30), Indices((3,), 30))),)

log10 = elementwise(
    "log10",
    numpy=np.log10,
    opencl=call("dt_log2", x) * math.log10(2),
    partials=(lambda x, y: (1 / math.log(10)) * reciprocal(x),),
    domain=(POSITIVE,),
)

cbrt = host_function("cbrt", partials=(lambda x, y: reciprocal(3 * (y * y)),), domain=(POSITIVE,), numpy=np.cbrt)


def _share(x: Any, length: Any) -> Any:
    """x / length, and 0 at the origin."""
    origin = equal(length, 0.0)
    return where(origin, 0.0, divide(x, where(origin, 1.0, length)))


_sizes = call("dt_abs", x), call("dt_abs", y)
_order = _sizes[0] > _sizes[1]
_large, _small = choose(_order, *_sizes), choose(_order, *reversed(_sizes))
_ratio = _small / _large
_length = choose(_sizes[0] + _sizes[1] == 0, 0, _large * call("dt_sqrt", 1 + _ratio * _ratio))  # NaN is no 0


def _hypot_continued(x: Any, y: Any) -> Any:
    return pieces(True, np.sqrt(x * x + y * y), 0, (np.real(x) == 0) & (np.real(y) == 0))


# The length of (x, y), without overflow; both derivatives are 0 at the origin.
hypot = elementwise(
    "hypot",
    opencl=choose((_sizes[0] == math.inf) | (_sizes[1] == math.inf), math.inf, _length),
    partials=(
        lambda x, y, z: _share(x, z),
        lambda x, y, z: _share(y, z),
    ),
    domain=(REAL, POSITIVE),
    numpy=np.hypot,
    continued=_hypot_continued,
    kink=lambda x, y, z: z == 0,
)


def truncated(x: Any) -> Any:
    """The next integer towards 0."""
    return where(less(x, 0.0), ceil(x), floor(x))


# The remainder of x / y with the sign of x.
fmod = host_function(
    "fmod",
    partials=(
        lambda x, y, z: 1,
        lambda x, y, z: -truncated(divide(x, y)),
    ),
    domain=((-1.8, 1.8), (2.0, 3.0)),
    numpy=np.fmod,
    kink=lambda x, y, z: (z == 0) & (x != 0),
)

# The next number of the type after x, towards y: a little more than x.
nextafter = host_function(
    "nextafter",
    partials=(
        lambda x, y, z: 1,
        lambda x, y, z: 0,
    ),
    domain=(REAL, POSITIVE),
    numpy=np.nextafter,
)

signbit = predicate(
    "signbit",
    numpy=np.signbit,
    opencl=by_type((x < 0) | ((x == 0) & (1 / x < 0)), x < 0),
    examples=(Example((Reals((2, 3)),)),),
    kink=lambda x, z: x == 0,
)

# The e of x = m 2^e with 1/2 <= |m| < 1.
binary_exponent: NonDifferentiable = NonDifferentiable(
    name="binary_exponent",
    numpy=lambda x: np.frexp(x)[1],
    lowering=OnHost(),
    infer=lambda x: Spec(x.shape, int32),
    examples=(Example((Reals((2, 3)),)),),
    written="ops.frexp({0})[1]",
    kink=lambda x, z: np.isin(np.abs(np.frexp(x)[0]), (0, 0.5)),
)

gcd = piecewise_constant("gcd", numpy=np.gcd, opencl=OnHost(), examples=_INTEGERS)
lcm = piecewise_constant("lcm", numpy=np.lcm, opencl=OnHost(), examples=_INTEGERS)
