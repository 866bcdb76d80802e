"""Where functions are tried: arguments of every size and kind, with the exact values there, and errors in ulp."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import mpmath
import numpy as np

from special_functions.reference import BESSEL_ORDERS, FUNCTIONS, INFINITY, POLYGAMMA_ORDERS

POINTS = 2048
# Of these, only so many are different where mpmath takes long.
FEW = 512
SLOW = {name for name in FUNCTIONS if name.startswith(("dt_bessel", "dt_gammainc"))}

# Where a function is hard to get right, or changes from one formula to another.
HARD: dict[str, Sequence[float]] = {
    "dt_exp": (88.72, -87.3, -103.9, 709.78, -708.4, -745.1),
    "dt_expm1": (0.34657, -0.34657, 88.72, 709.78, -17.3, -37.4),
    "dt_exp2": (128, -126, -149, 1024, -1022, -1074, 0.5),
    "dt_log": (1, math.sqrt(0.5), math.sqrt(2)),
    "dt_log2": (1, math.sqrt(0.5), math.sqrt(2)),
    "dt_log1p": (-1, math.sqrt(0.5) - 1, math.sqrt(2) - 1, 1),
    "dt_asin": (0.5, 1, -1),
    "dt_acos": (0.5, 1, -1),
    "dt_atan": (math.tan(math.pi / 8), 1, 1 / math.tan(math.pi / 8)),
    "dt_sinh": (1, 89.4, 710.47),
    "dt_cosh": (1, 89.4, 710.47),
    "dt_tanh": (0.17, 9.01, 19.06),
    "dt_acosh": (1, 2**30),
    "dt_atanh": (1, -1, 0.17, 0.5),
    "dt_asinh": (0.41, 2**30),
    "dt_erf": (0.5, 1, 3.9, 5.9),
    "dt_erfc": (0.5, 1, -0.5, 9.2, 10.05, 26.5, 27.2),
    "dt_erfinv": (0.5, -0.5, 0.99, 1 - 1e-6, -1 + 1e-7, 1 - 1e-12, 1, -1),
    "dt_lgamma": (1, 2, 1.5, 2.5, 8, 0.5, -2.457, -2.7476, -0.5, -3.1436),
    "dt_digamma": (1.4616321, 1, 2, 3, 8, -0.504083, -1.573498),
    "dt_pow": (1, 1.41, 1.4142, 0.7072, 0.71, 2.82),
    "dt_softplus": (0, -87, -103, -745),
    "dt_sigmoid": (0, -87, -103, -745),
}
TURNS = [k * math.pi / 2 for k in (1, 2, 3, 4, 7, 100, 63661, 63663, 10**6, 636619771, 636619773, 10**12)]
# The float64 and float32 that come closest to a multiple of pi/2.
CLOSEST = [6381956970095103 * 2.0**797, 16367173 * 2.0**72]
HARD |= dict.fromkeys(("dt_sin", "dt_cos", "dt_tan"), TURNS + CLOSEST)
HARD |= {
    f"dt_bessel_j_{n}": (2, 4, 2.404825557695773, 3.8317059702075125, 5.52007811028631, n, 25) for n in BESSEL_ORDERS
}
HARD |= {
    f"dt_bessel_y_{n}": (2, 4, 0.8935769662791675, 2.197141326031017, 3.957678419314858, n + 0.5) for n in BESSEL_ORDERS
}
HARD |= {f"dt_bessel_{kind}_{n}": (8, 16, 2 * n * n + 0.1, 91, 713) for kind in ("i", "ie") for n in BESSEL_ORDERS}
HARD |= {f"dt_bessel_{kind}_{n}": (1, 0.5, 88, 104, 708, 744) for kind in ("k", "ke") for n in BESSEL_ORDERS}
HARD |= {f"dt_polygamma_{n}": (1, 2, n + 3, n + 8, -0.5, -1.5, -2.5, -3.001) for n in POLYGAMMA_ORDERS}


class Cases(NamedTuple):
    arguments: tuple[np.ndarray, ...]
    high: np.ndarray  # the exact values, each as the sum of two float64
    low: np.ndarray


def _argument(name: str, dtype: str, generator: np.random.Generator) -> np.ndarray:
    """Finite arguments of every size and kind, the same on every run."""
    limits = np.finfo(dtype)
    some = POINTS // 5
    decades = np.log10(float(limits.smallest_subnormal)), np.log10(float(limits.max))
    hard = np.repeat(np.array(HARD.get(name, (1.0, -1.0, 0.5, 3.0))), 16)
    with np.errstate(over="ignore"):
        hard = hard.astype(dtype)
    hard = hard[np.isfinite(hard)]
    parts = [
        10.0 ** generator.uniform(*decades, some) * generator.choice([-1, 1], some),
        generator.integers(0, 2**limits.bits, some, dtype=f"uint{limits.bits}").view(dtype),
        generator.uniform(-12, 12, some),
        generator.uniform(-1.5, 1.5, some),
        (hard.view(f"int{limits.bits}") + generator.integers(-3, 4, hard.size)).view(dtype),
        hard * (1 + generator.normal(0, 1, hard.size) * 10.0 ** generator.uniform(-6, -1, hard.size)),
    ]
    with np.errstate(all="ignore"):
        values = np.concatenate([part.astype(dtype) for part in parts])
    values = values[np.isfinite(values) & (values != 0)]
    return np.resize(generator.permutation(values), POINTS)


def _arguments(name: str, dtype: str) -> tuple[np.ndarray, ...]:
    generator = np.random.default_rng(list(name.encode()))
    first = _argument(name, dtype, generator)
    if FUNCTIONS[name].arguments == 1:
        return (first,)
    if name.startswith("dt_gammainc"):
        # Shapes of all sizes for which mpmath ends, and numbers of all sizes, around the shape, and within its spread
        shape = 10.0 ** generator.uniform(-4, 4, POINTS)
        narrow = np.choose(np.arange(POINTS) % 4, (0.3, 1, 4, np.sqrt(shape + 1)))
        around = shape * np.exp(generator.normal(0, 1, POINTS) / narrow)
        return shape.astype(dtype), around.astype(dtype)
    second = _argument(name, dtype, generator)
    if name == "dt_pow":
        # Exponents that make the most of the range of results, and small integers
        largest = np.log(float(np.finfo(dtype).max))
        with np.errstate(all="ignore"):
            scaled = generator.uniform(-1.1, 1.05, POINTS) * largest / np.abs(np.log(np.abs(first.astype(float))))
            integers = generator.integers(-6, 7, POINTS)
            second = np.where(np.arange(POINTS) % 3 == 0, integers, np.nan_to_num(scaled)).astype(dtype)
            second = np.nan_to_num(second)
        first = np.where(np.arange(POINTS) % 3 == 0, first, np.abs(first))
    return first, second


@cache
def cases(name: str, dtype: str) -> Cases:
    arguments = _arguments(name, dtype)
    count = FEW if name in SLOW else POINTS
    arguments = tuple(np.resize(values[:count], POINTS) for values in arguments)
    high, low = np.empty(count), np.zeros(count)
    with mpmath.workdps(700 if name in ("dt_mod", "dt_floor_divide") else 50):
        for i, values in enumerate(zip(*(values[:count] for values in arguments), strict=True)):
            try:
                exact = FUNCTIONS[name].exact(*(mpmath.mpf(float(value)) for value in values))
            except (ValueError, ZeroDivisionError):  # a pole
                exact = mpmath.nan
            if isinstance(exact, mpmath.mpc):
                exact = exact.real if exact.imag == 0 else mpmath.nan
            high[i] = float(exact)
            if math.isfinite(high[i]):
                low[i] = float(exact - high[i])
    return Cases(arguments, np.resize(high, POINTS), np.resize(low, POINTS))


def ulps(got: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """The error of `got` in units of the last place of the exact value."""
    limits = np.finfo(got.dtype)
    largest = float(limits.max)
    with np.errstate(all="ignore"):
        rounded = high.astype(got.dtype)
        same = (got == rounded) & ~np.isfinite(rounded) | np.isnan(got) & np.isnan(high)
        # Just below the largest number an error of an ulp may overflow, and just above it may not.
        edge = (np.abs(high) >= largest * (1 - 4 * limits.eps)) & (np.abs(got) >= largest * (1 - 4 * limits.eps))
        unit = np.spacing(np.minimum(np.abs(rounded), limits.max)).astype(float)
        error = np.abs((got.astype(float) - high) - low) / unit
    error[same | edge & (np.sign(got) == np.sign(high))] = 0
    return np.where(np.isnan(error), INFINITY, error)


def _with_exponent(y: Any) -> Any:
    return y * (1 - mpmath.log(y)) if y > 0 else y


# What an error is measured by where it is larger than the function: around zeros, and where an exponent is rounded.
SIZES: dict[str, Callable[..., Any]] = {
    "dt_lgamma": lambda x: max(1, mpmath.loggamma(1 - x)) if x < 0 else 0,
    "dt_digamma": lambda x: max(1, mpmath.digamma(1 - x)) if x < 0 else 0,
    "dt_polygamma_2": lambda x: max(1, -mpmath.polygamma(2, abs(x - mpmath.nint(x)))) if x < 0 else 0,
}
SIZES |= {
    name: lambda a, x, f=FUNCTIONS[name].exact: _with_exponent(f(a, x)) for name in ("dt_gammainc", "dt_gammaincc")
}
_OF_WAVES: Callable[[Any], Any] = lambda x: min(1, mpmath.sqrt(2 / (mpmath.pi * abs(x))))
SIZES |= {f"dt_bessel_{kind}_{n}": _OF_WAVES for kind in "jy" for n in BESSEL_ORDERS}


def near_zeros(
    name: str, arguments: tuple[np.ndarray, ...], got: np.ndarray, error: np.ndarray, bound: float
) -> np.ndarray:
    """Where it is above the bound, in units of the last place of what the function is a difference of, if larger."""
    rescaled = error.copy()
    for i in np.flatnonzero(error > bound):
        with np.errstate(over="ignore"):
            other = np.array(float(SIZES[name](*(mpmath.mpf(float(x[i])) for x in arguments))), got.dtype)
        rescaled[i] *= min(1.0, float(np.spacing(np.abs(got[i])) / np.spacing(other)))
    return rescaled
