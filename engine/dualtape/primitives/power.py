"""Powers with any exponent."""

import math
from typing import Any

import numpy as np

from dualtape.core.expression import by_type, call, x, y
from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import POSITIVE, multiply, strong_multiply
from dualtape.primitives.convention import is_strict
from dualtape.primitives.declaring import Power, elementwise
from dualtape.primitives.exponential import log
from dualtape.primitives.selection import where


def _by_base(x: Any, p: Any, z: Any) -> Any:
    # A static exponent counts down to exactly 0, so that x**2 has a clean third derivative at 0.
    if isinstance(p, (int, float)):
        return 0 if p == 0 else multiply(power(x, p - 1), p)
    return strong_multiply(p, power(x, p - 1))


def _by_exponent(x: Any, p: Any, z: Any) -> Any:
    # The derivative of 0**p by p is 0, also at p = 0, where it is none: unless it must not be chosen.
    if isinstance(x, (int, float)):
        return multiply(z, math.log(x) if x > 0 else math.nan) if x != 0 else 0
    return strong_multiply(z, log(x if is_strict() else where(x == 0, 1.0, x)))


power: Elementwise = elementwise(
    "power",
    numpy=np.power,
    opencl=by_type(call("dt_pow", x, y, swallows_nan=True), call("dt_integer_power", x, y)),
    partials=(_by_base, _by_exponent),
    domain=((0.1, 4.0), (-2.0, 3.0)),
    written="ops.pow({0}, {1})",
    power=lambda x, p: Power(x, p) if isinstance(p, (int, float)) else None,
    kink=lambda x, p, z: (x == 0) & (p == 0) & isinstance(p, np.ndarray),
)


def _slope_of_root(x: Any, y: Any) -> Any:
    if is_strict():
        return 0.5 / y
    zero = y == 0
    return where(zero, 0.0, 0.5 / where(zero, 1.0, y))


# The root of a sum of squares, such as a norm: it has a kink at 0, where its derivative is 0, the one of least norm.
root_of_squares = elementwise(
    "root_of_squares",
    numpy=np.sqrt,
    opencl=call("dt_sqrt", x),
    partials=(_slope_of_root,),
    domain=(POSITIVE,),
    power=lambda x: Power(x, 0.5),
    kink=lambda x, y: x == 0,
)
