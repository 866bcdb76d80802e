"""The elementary and special functions: their exact values by mpmath, and how far the kernels may be off, in ulp."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np

from dualtape import opencl_kernels
from dualtape.primitives import CATALOGUE
from special_functions import exact_bessel, exact_gammainc

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


def _of_order(name: str, n: int) -> Callable[[Any], Any]:
    if name.startswith("dt_polygamma"):
        return _polygamma(n)
    function = getattr(exact_bessel, name.removeprefix("dt_").removesuffix(f"_{n}"))
    return lambda x: function(n, x)


POLYGAMMA_ORDERS = (1, 2, 3, 5)
BESSEL_ORDERS = (0, 1, 3)
# A leading integer of a function, in the table of errors behind its name: those that are tried.
ORDERS = {f"dt_bessel_{kind}": BESSEL_ORDERS for kind in "jyik"} | {"dt_bessel_ie": (1,), "dt_bessel_ke": (1,)}
ORDERS["dt_polygamma"] = POLYGAMMA_ORDERS

# Exact values where mpmath has no function of the same name, or needs help far out.
_EXACT: dict[str, Callable[..., Any]] = {
    **{name: _clamped(getattr(mpmath, name)) for name in ("exp", "expm1", "sinh", "cosh", "tanh")},
    "exp2": _clamped(lambda x: mpmath.mpf(2) ** x),
    "log2": lambda x: mpmath.log(x) / mpmath.log(2),
    "sigmoid": _clamped(lambda x: 1 / (1 + mpmath.exp(-x))),
    "softplus": lambda x: max(x, 0) + mpmath.log1p(mpmath.exp(-min(abs(x), FAR))),
    "erf": lambda x: mpmath.erf(min(max(x, -100), 100)),
    "erfc": lambda x: mpmath.erfc(min(max(x, -100), 100)),
    "erfinv": lambda x: mpmath.erfinv(x) if abs(x) < 1 else mpmath.sign(x) * INFINITY if abs(x) == 1 else mpmath.nan,
    "lgamma": _lgamma,
    "pow": _power,
    "rsqrt": lambda x: 1 / mpmath.sqrt(x),
    "round": mpmath.nint,
    "trunc": lambda x: mpmath.sign(x) * mpmath.floor(abs(x)),
    "abs": abs,
    "mod": lambda x, y: x - y * mpmath.floor(x / y),
    "floor_divide": lambda x, y: mpmath.floor(x / y),
    "maximum": max,
    "minimum": min,
    "gammainc": exact_gammainc.gammainc,
    "gammaincc": exact_gammainc.gammaincc,
}
_ROUNDED_ONCE = ("dt_sqrt", "dt_mod")
_OF_HOST = {"pow": "power", "abs": "absolute"}


def host_name(name: str) -> str | None:
    """The primitive that a function of the kernels computes, if there is one."""
    plain = re.sub(r"_\d+$", "", name.removeprefix("dt_"))
    found = _OF_HOST.get(plain, plain)
    return found if found in CATALOGUE else None


def _stated_bounds() -> dict[str, float]:
    """What the comments above the functions in C say, in ulp; those that say nothing are exact."""
    found = {}
    for file in Path(opencl_kernels.__file__).parent.glob("math_*.cl"):
        text = file.read_text(encoding="utf-8")
        for comment, name in re.findall(r"((?://[^\n]*\n)*)FUNCTION(?:32|64)? \w+ (dt_\w+)\(", text):
            bound = re.search(r"within ([\d.]+)\s+(?:// )?ulp", comment, re.IGNORECASE)
            found[name] = float(bound[1]) if bound else 0.5 if name in _ROUNDED_ONCE else 0
            # The narrowest one that speaks of an order comes first.
            for ulps, order in reversed(re.findall(r"([\d.]+) ulp for\s+(?:// )?n <= (\d+)", comment)):
                found |= {f"{name}_{n}": float(ulps) for n in ORDERS[name] if n <= int(order)}
    return found


def _expected(name: str, ulps: float) -> Expected:
    plain = name.removeprefix("dt_")
    host = host_name(name)
    numpy = CATALOGUE[host].numpy if host else getattr(np, plain)
    exact = _EXACT.get(plain) or getattr(mpmath, plain)
    arguments = 2 if plain in ("gammainc", "gammaincc") else getattr(numpy, "nin", 1)
    return Expected(exact, ulps, None if name in SPECIAL else numpy, arguments)


# How far NumPy and SciPy may be off on the host, where that is not 4 ulp.
HOST_ULPS: dict[str, float] = {
    "dt_bessel_i_1": 10,
    "dt_bessel_i_3": 10,
    "dt_bessel_ie_1": 6,
    "dt_bessel_j_0": 8,
    "dt_bessel_j_1": 12,
    "dt_bessel_j_3": 8,
    "dt_bessel_k_0": 8,
    "dt_bessel_k_3": 6,
    "dt_bessel_ke_1": 6,
    "dt_bessel_y_0": 20,
    "dt_bessel_y_1": 10,
    "dt_bessel_y_3": 20,
    "dt_cos": 10,
    "dt_erfc": 6,
    "dt_gammainc": 32,
    "dt_gammaincc": 96,
    "dt_lgamma": 6,
    "dt_polygamma_1": 8,
    "dt_polygamma_2": 8,
    "dt_polygamma_3": 8,
    "dt_polygamma_5": 10,
}


def in_c(name: str) -> str:
    """The name in OpenCL C."""
    return name.removesuffix(f"_{FUNCTIONS[name].order}")


def _at_ends(lowest: float, highest: float) -> list[tuple[Any, float]]:
    """The incomplete gamma functions there."""
    undefined = ((0.0, 0.0), (INFINITY, INFINITY), (-1.0, 1.0), (1.0, -1.0), (NAN, 1.0), (1.0, NAN), (NAN, NAN))
    low = ((2.0, 0.0), (2.0, -0.0), (INFINITY, 2.0))
    high = ((0.0, 2.0), (2.0, INFINITY), (0.0, INFINITY))
    return [*((x, NAN) for x in undefined), *((x, lowest) for x in low), *((x, highest) for x in high)]


# What NumPy has no function for, at special values: (x, f(x)), or ((a, x), f(a, x)).
NAN = math.nan
SPECIAL: dict[str, list[tuple[Any, float]]] = {
    "dt_sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INFINITY, 1.0), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_softplus": [(INFINITY, INFINITY), (-INFINITY, 0.0), (NAN, NAN)],
    "dt_erf": [(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (NAN, NAN)],
    "dt_erfc": [(0.0, 1.0), (-0.0, 1.0), (INFINITY, 0.0), (-INFINITY, 2.0), (NAN, NAN)],
    "dt_erfinv": [(0.0, 0.0), (-0.0, -0.0), (1.0, INFINITY), (-1.0, -INFINITY)]
    + [(outside, NAN) for outside in (2.0, -2.0, INFINITY, -INFINITY, NAN)],
    "dt_lgamma": [(pole, INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0)]
    + [(1.0, 0.0), (2.0, 0.0), (INFINITY, INFINITY), (-INFINITY, INFINITY), (NAN, NAN)],
    "dt_gammainc": _at_ends(0.0, 1.0),
    "dt_gammaincc": _at_ends(1.0, 0.0),
    "dt_digamma": [(pole, NAN) for pole in (-1.0, -2.0, -3.0, -INFINITY, NAN)]
    + [(0.0, -INFINITY), (-0.0, INFINITY), (INFINITY, INFINITY)],
}
_BOUNDS = _stated_bounds()
_IN_ORDERS = {f"{name}_{n}": n for name, orders in ORDERS.items() for n in orders}
FUNCTIONS = {name: _expected(name, ulps) for name, ulps in _BOUNDS.items() if name not in {*ORDERS, *_IN_ORDERS}}
FUNCTIONS |= {name: Expected(_of_order(name, n), _BOUNDS[name], order=n) for name, n in _IN_ORDERS.items()}

for n in POLYGAMMA_ORDERS:
    sign = 1.0 if n % 2 else -1.0
    SPECIAL[f"dt_polygamma_{n}"] = [(pole, sign * INFINITY) for pole in (0.0, -0.0, -1.0, -2.0, -3.0, -INFINITY)]
    SPECIAL[f"dt_polygamma_{n}"] += [(INFINITY, sign * 0.0), (NAN, NAN)]
for n in BESSEL_ORDERS:
    sign = -1.0 if n % 2 else 1.0
    for kind, at_zero, at_infinity in (("j", 0.0, 0.0), ("i", 0.0, INFINITY), ("ie", 0.0, 0.0)):
        SPECIAL[f"dt_bessel_{kind}_{n}"] = [(0.0, at_zero if n else 1.0), (INFINITY, at_infinity), (NAN, NAN)]
        SPECIAL[f"dt_bessel_{kind}_{n}"] += [(-INFINITY, sign * at_infinity)]
    for kind, at_zero in (("y", -INFINITY), ("k", INFINITY), ("ke", INFINITY)):
        SPECIAL[f"dt_bessel_{kind}_{n}"] = [(0.0, at_zero), (-0.0, at_zero), (INFINITY, 0.0), (NAN, NAN)]
        SPECIAL[f"dt_bessel_{kind}_{n}"] += [(-1.0, NAN), (-INFINITY, NAN)]
