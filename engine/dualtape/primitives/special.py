"""Error and gamma functions; on the host SciPy computes them, where it is accurate."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.expression import call, static, x
from dualtape.core.primitive import Elementwise
from dualtape.primitives.declaring import elementwise, math_function
from dualtape.primitives.exponential import MODERATE, exp

ABOVE_POLES = (0.3, 4.0)


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy import special

    return np.asarray(special.erf(x), x.dtype)


def _erfc(x: np.ndarray) -> np.ndarray:
    from scipy import special

    # Far out SciPy's has the error of rounding the square in exp(-x * x). The square of a Float32 is exact in Float64.
    size = np.minimum(x.astype(np.float64), 100.0)  # it is 0 from 28 on
    high = size.astype(np.float32).astype(np.float64)
    tail = np.exp(-high * high) * np.exp(-(size - high) * (size + high)) * special.erfcx(size)
    return np.asarray(np.where(x > 0.5, tail, special.erfc(x)), x.dtype)


def _lgamma(x: np.ndarray) -> np.ndarray:
    """Around its zeros 1 and 2 by the series of Abramowitz & Stegun, 6.1.33: SciPy's has an absolute accuracy there."""
    from scipy import special

    wide = np.where(np.isinf(x), np.inf, x.astype(np.float64))  # SciPy gives -inf at -inf
    near = np.abs(wide - 1.5) < 1
    whole = np.rint(wide)
    past = wide - whole
    powers = np.arange(2, 28)
    terms = (-1.0) ** powers * special.zetac(powers) / powers
    above_2 = past * np.polynomial.polynomial.polyval(past, [1 - np.euler_gamma, *terms])
    series = above_2 - np.where(whole == 1, np.log1p(past), 0)
    return np.asarray(np.where(near, series, special.gammaln(wide)), x.dtype)


def _digamma(x: np.ndarray) -> np.ndarray:
    """Of negative numbers by the reflection formula (Abramowitz & Stegun, 6.3.7), with the exact distance to a pole."""
    from scipy import special

    wide = x.astype(np.float64)
    past = _past_integer(wide)
    reflected = (wide < 0) & (past != 0)
    value = special.digamma(np.where(reflected, 1 - wide, wide))
    turn = np.where(reflected, np.pi / np.tan(np.pi * past), 0)
    return np.asarray(value - turn, x.dtype)


def _polygamma(x: np.ndarray, n: int) -> np.ndarray:
    from scipy import special

    # For negative x SciPy climbs up to 0 in steps of 1: for ever, from a large one. The cotangent, whose derivative the
    # reflection formula adds (Abramowitz & Stegun, 6.4.7), has the period 1, and leads to the integer nearest to x.
    wide = x.astype(np.float64)
    negative = np.signbit(wide)
    near = np.where(negative, _past_integer(wide), wide)
    here, there = (special.polygamma(n, np.where(negative, 1 - at, 1)) for at in (near, wide))
    return np.asarray(special.polygamma(n, near) + (-1) ** n * (there - here), x.dtype)


def _past_integer(x: np.ndarray) -> np.ndarray:
    """How far it is from the nearest integer to ``x``, exactly; 0 from infinity, as from every large number."""
    fraction, _ = np.modf(x)
    past: np.ndarray = fraction - np.rint(fraction)
    return past


def _of_complex(name: str) -> Callable[[Any], Any]:
    def evaluate(x: Any) -> Any:
        from scipy import special

        return getattr(special, name)(x)

    return evaluate


def _lgamma_continued(x: Any) -> Any:
    """SciPy's function subtracts numbers of size 1: near its extrema, where the slope is small, that has lost digits.

    The slope of the real function, which keeps them, stands in: a step off the real line is too small for another.
    """
    from scipy import special

    slope = special.digamma(np.real(x))
    return np.where(np.abs(slope) < 0.5, special.gammaln(np.real(x)) + 1j * np.imag(x) * slope, special.loggamma(x))


erf = math_function(
    "erf",
    numpy=_erf,
    partials=(lambda x, y: (2 / math.sqrt(math.pi)) * exp(-(x * x)),),
    domain=(MODERATE,),
    continued=_of_complex("erf"),
)

erfc = math_function(
    "erfc",
    numpy=_erfc,
    partials=(lambda x, y: (-2 / math.sqrt(math.pi)) * exp(-(x * x)),),
    domain=(MODERATE,),
    continued=_of_complex("erfc"),
)

lgamma = math_function(
    "lgamma",
    numpy=_lgamma,
    partials=(lambda x, y: digamma(x),),
    domain=(ABOVE_POLES,),
    continued=_lgamma_continued,
)

digamma: Elementwise = math_function(
    "digamma",
    numpy=_digamma,
    partials=(lambda x, y: polygamma(x, n=1),),
    domain=(ABOVE_POLES,),
    continued=_of_complex("digamma"),
)

# The n-th derivative of digamma, n >= 1.
polygamma: Elementwise = elementwise(
    "polygamma",
    numpy=_polygamma,
    opencl=call("dt_polygamma", static("n"), x),
    partials=(lambda x, y, n: polygamma(x, n=n + 1),),
    domain=(ABOVE_POLES,),
    params=({"n": 1}, {"n": 3}),
)
