"""The elementary and special functions: their exact values by mpmath, and how far the kernels may be off, in ulp."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

INFINITY = math.inf
# Past this an exponential of either precision has overflowed, and mpmath would need forever.
FAR = 2000


class Expected(NamedTuple):
    exact: Callable[..., Any]  # on mpmath numbers, where it may return a complex number for "undefined"
    ulps: float  # the bound that the function's comment states; 0 means equal bits
    numpy: Callable[..., Any] | None = None  # for the special values
    arguments: int = 1
    order: int | None = None  # a leading integer argument; the name here then ends in it


def _clamped(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: function(min(max(x, -FAR), FAR))


def _power(x: Any, y: Any) -> Any:
    size = abs(y * mpmath.log(abs(x))) if x != 0 else 0
    if size > FAR:
        value = mpmath.mpf(INFINITY) if (abs(x) > 1) == (y > 0) else mpmath.mpf(0)
        return mpmath.nan if x < 0 and y != mpmath.floor(y) else -value if x < 0 and y % 2 == 1 else value
    return mpmath.power(x, y)


def _lgamma(x: Any) -> Any:
    pole = x <= 0 and x == mpmath.floor(x)
    return mpmath.mpf(INFINITY) if pole else mpmath.re(mpmath.loggamma(x))


def _polygamma(n: int) -> Callable[[Any], Any]:
    def exact(x: Any) -> Any:
        f = x - mpmath.floor(x)
        if x <= 0 and f == 0:
            return (-1) ** (n + 1) * mpmath.mpf(INFINITY)
        if x > -10:
            return mpmath.polygamma(n, x)
        # By itself, mpmath would go from x up to 0 in steps of 1.
        reflected = mpmath.polygamma(n, 1 - x) - mpmath.polygamma(n, 1 - f)
        return mpmath.polygamma(n, f) + (-1) ** n * reflected

    return exact


POLYGAMMA_ORDERS = (1, 2, 3, 5)

FUNCTIONS: dict[str, Expected] = {
    "dt_exp": Expected(_clamped(mpmath.exp), 1.2, np.exp),
    "dt_exp2": Expected(_clamped(lambda x: mpmath.mpf(2) ** x), 1.2, np.exp2),
    "dt_expm1": Expected(_clamped(mpmath.expm1), 2.5, np.expm1),
    "dt_log": Expected(mpmath.log, 1, np.log),
    "dt_log2": Expected(lambda x: mpmath.log(x) / mpmath.log(2), 2, np.log2),
    "dt_log1p": Expected(mpmath.log1p, 2, np.log1p),
    "dt_sin": Expected(mpmath.sin, 1, np.sin),
    "dt_cos": Expected(mpmath.cos, 1, np.cos),
    "dt_tan": Expected(mpmath.tan, 3, np.tan),
    "dt_asin": Expected(mpmath.asin, 3, np.arcsin),
    "dt_acos": Expected(mpmath.acos, 2, np.arccos),
    "dt_atan": Expected(mpmath.atan, 2, np.arctan),
    "dt_atan2": Expected(mpmath.atan2, 2, np.arctan2, 2),
    "dt_sinh": Expected(_clamped(mpmath.sinh), 2, np.sinh),
    "dt_cosh": Expected(_clamped(mpmath.cosh), 2, np.cosh),
    "dt_tanh": Expected(_clamped(mpmath.tanh), 3, np.tanh),
    "dt_asinh": Expected(mpmath.asinh, 3, np.arcsinh),
    "dt_acosh": Expected(mpmath.acosh, 3, np.arccosh),
    "dt_atanh": Expected(mpmath.atanh, 3, np.arctanh),
    "dt_sigmoid": Expected(_clamped(lambda x: 1 / (1 + mpmath.exp(-x))), 3),
    "dt_softplus": Expected(lambda x: max(x, 0) + mpmath.log1p(mpmath.exp(-min(abs(x), FAR))), 2),
    "dt_erf": Expected(lambda x: mpmath.erf(min(max(x, -100), 100)), 1.5),
    "dt_erfc": Expected(lambda x: mpmath.erfc(min(max(x, -100), 100)), 4),
    "dt_lgamma": Expected(_lgamma, 4),
    "dt_digamma": Expected(mpmath.digamma, 4),
    "dt_pow": Expected(_power, 2, np.power, 2),
    "dt_sqrt": Expected(mpmath.sqrt, 0.5, np.sqrt),
    "dt_rsqrt": Expected(lambda x: 1 / mpmath.sqrt(x), 2, lambda x: 1 / np.sqrt(x)),
    "dt_floor": Expected(mpmath.floor, 0, np.floor),
    "dt_ceil": Expected(mpmath.ceil, 0, np.ceil),
    "dt_round": Expected(mpmath.nint, 0, np.rint),
    "dt_trunc": Expected(lambda x: mpmath.sign(x) * mpmath.floor(abs(x)), 0, np.trunc),
    "dt_abs": Expected(abs, 0, np.abs),
    "dt_sign": Expected(mpmath.sign, 0, np.sign),
    "dt_mod": Expected(lambda x, y: x - y * mpmath.floor(x / y), 0.5, np.mod, 2),
    "dt_maximum": Expected(max, 0, np.maximum, 2),
    "dt_minimum": Expected(min, 0, np.minimum, 2),
}
FUNCTIONS |= {f"dt_polygamma_{n}": Expected(_polygamma(n), 5 if n <= 3 else 7, order=n) for n in POLYGAMMA_ORDERS}


# How far NumPy and SciPy may be off on the host, where that is not 4 ulp.
HOST_ULPS: dict[str, float] = {
    "dt_cos": 10,
    "dt_erfc": 6,
    "dt_lgamma": 6,
    "dt_polygamma_1": 8,
    "dt_polygamma_2": 8,
    "dt_polygamma_3": 8,
    "dt_polygamma_5": 10,
}


def in_c(name: str) -> str:
    """The name in OpenCL C."""
    return name.removesuffix(f"_{FUNCTIONS[name].order}")


# What NumPy has no function for, at special values: (x, f(x)).
NAN = math.nan
SPECIAL: dict[str, list[tuple[float, float]]] = {
    "dt_sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INFINITY, 1.0), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_softplus": [(INFINITY, INFINITY), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_erf": [(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (NAN, NAN)],
    "dt_erfc": [(0.0, 1.0), (-0.0, 1.0), (INFINITY, 0.0), (-INFINITY, 2.0), (NAN, NAN)],
    "dt_lgamma": [(pole, INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0)]
    + [(1.0, 0.0), (2.0, 0.0), (INFINITY, INFINITY), (-INFINITY, INFINITY), (NAN, NAN)],
    "dt_digamma": [(pole, NAN) for pole in (-1.0, -2.0, -3.0, -INFINITY, NAN)]
    + [(0.0, -INFINITY), (-0.0, INFINITY), (INFINITY, INFINITY)],
}
for n in POLYGAMMA_ORDERS:
    sign = 1.0 if n % 2 else -1.0
    SPECIAL[f"dt_polygamma_{n}"] = [(pole, sign * INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0, -INFINITY)]
    SPECIAL[f"dt_polygamma_{n}"] += [(INFINITY, sign * 0.0), (NAN, NAN)]
