"""The incomplete gamma and beta functions, with derivatives of every order in all of their arguments.

Each is the integral of a density that depends on shapes a (and b). By them it is differentiated under the integral: the
n-th derivative of exp(h) is exp(h) times a polynomial in the derivatives of h (Faa di Bruno), and the integral along
t = x exp(-s) is the trapezoidal rule of s = exp(u - exp(-u)) (Takahasi and Mori 1974, *Double exponential formulas*).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import comb
from typing import Any

import numpy as np

from dualtape.core.expression import call, x, y
from dualtape.core.primitive import Elementwise
from dualtape.primitives.beta import betaln
from dualtape.primitives.declaring import elementwise
from dualtape.primitives.entropy import xlog1py, xlogy
from dualtape.primitives.exponential import exp, log, log1p
from dualtape.primitives.on_host import as_value, host_function, rounded
from dualtape.primitives.special import digamma, lgamma, polygamma

_STEP = 1 / 16
_NODES = np.arange(-56, 240) * _STEP


def by_shapes(n: int, m: int, h: Callable[[int, int], Any]) -> Any:
    """The derivative of exp(h) of order ``n`` by one shape and ``m`` by another one, divided by exp(h)."""

    @cache
    def found(n: int, m: int) -> Any:
        if n == m == 0:
            return 1.0
        if n == 0:
            terms = [comb(m - 1, j) * found(0, m - 1 - j) * h(0, j + 1) for j in range(m)]
        else:
            terms = [
                comb(n - 1, i) * comb(m, j) * found(n - 1 - i, m - j) * h(i + 1, j)
                for i in range(n)
                for j in range(m + 1)
            ]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    return found(n, m)


def _integrated(of: Callable[[Any], Any], shape: tuple[int, ...]) -> np.ndarray:
    """The integral of a function of s from 0 to infinity."""
    total = np.zeros(shape)
    # As many nodes at once as keep the arrays in the cache.
    at_once = max(1, 2**14 // max(total.size, 1))
    with np.errstate(all="ignore"):
        for first in range(0, _NODES.size, at_once):
            u = _NODES[first : first + at_once][(..., *(None,) * len(shape))]
            s = np.exp(u - np.exp(-u))
            total += (of(s) * (s * (1 + np.exp(-u)) * _STEP)).sum(0)
    return total


def _psi(order: int, x: Any) -> Any:
    """The derivative of the logarithm of the gamma function of an order, 1 or more."""
    from scipy import special

    return special.digamma(x) if order == 1 else special.polygamma(order - 1, x)


def _gamma_series(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The lower function of a few units below and around its shape (DLMF 8.7.1), where SciPy's is 100 ulp off."""
    from scipy import special

    term = total = np.ones_like(x)
    for n in range(1, 48):
        term = term * x / (a + n)
        total = total + term
    return np.asarray(total * x**a * np.exp(-x) / special.gamma(a + 1))


def _gammainc(a: np.ndarray, x: np.ndarray) -> Any:
    from scipy import special

    a, x = np.broadcast_arrays(a, x)
    value = np.array(special.gammainc(a, x))
    by_series = (a > 0) & (a < 8) & (x > 0) & (x < a + 1)
    value[by_series] = _gamma_series(a[by_series], x[by_series])
    return value


def _gammainc_by_shape(a: np.ndarray, x: np.ndarray, n: int = 1) -> Any:
    from scipy import special

    a, x = np.broadcast_arrays(a, x)
    upper = x > a
    slopes = [_psi(i, a) for i in range(1, n + 1)]
    norm = special.gammaln(a)

    def of(s: Any) -> Any:
        logarithm = np.log(x) + np.where(upper, s, -s)
        density = np.exp(a * logarithm - np.exp(logarithm) - norm)
        return density * by_shapes(n, 0, lambda i, _: (logarithm if i == 1 else 0) - slopes[i - 1])

    inside = (x > 0) & (x < np.inf) & (a > 0)
    at_ends = np.where(((x == 0) | (x == np.inf)) & (a > 0), 0.0, np.nan)
    return np.where(inside, np.where(upper, -1, 1) * _integrated(of, x.shape), at_ends)


def gamma_density(a: Any, x: Any, n: int) -> Any:
    """The derivative by x of the ``n``-th one by a."""

    def h(i: int, _: int) -> Any:
        return log(x) - digamma(a) if i == 1 else -polygamma(a, n=i - 1)

    density = exp(xlogy(a - 1, x) - x - lgamma(a))
    return density if n == 0 else density * by_shapes(n, 0, h)


# The n-th derivative by a of the regularized lower incomplete gamma function of a and x, n >= 1.
gammainc_by_shape: Elementwise = host_function(
    "gammainc_by_shape",
    partials=(
        lambda a, x, y, n=1: gammainc_by_shape(a, x, n=n + 1),
        lambda a, x, y, n=1: gamma_density(as_value(a, y), x, n),
    ),
    domain=((0.5, 3.0), (0.3, 4.0)),
    numpy=rounded(_gammainc_by_shape),
    params=({"n": 1}, {"n": 2}),
)

# The regularized lower incomplete gamma function of a and x.
gammainc = elementwise(
    "gammainc",
    numpy=rounded(_gammainc),
    opencl=call("dt_gammainc", x, y),
    partials=(
        lambda a, x, y: gammainc_by_shape(a, x, n=1),
        lambda a, x, y: gamma_density(as_value(a, y), x, 0),
    ),
    domain=((0.5, 3.0), (0.3, 4.0)),
)


def _gammaincc(a: np.ndarray, x: np.ndarray) -> Any:
    from scipy import special

    a, x = np.broadcast_arrays(a, x)
    value = np.array(special.gammaincc(a, x))
    # Below 1/2 the difference would be small.
    by_series = (a >= 0.5) & (a < 8) & (x > 0) & (x < a + 1)
    value[by_series] = 1 - _gamma_series(a[by_series], x[by_series])
    return value


# The upper one.
gammaincc = elementwise(
    "gammaincc",
    numpy=rounded(_gammaincc),
    opencl=call("dt_gammaincc", x, y),
    partials=(
        lambda a, x, y: -gammainc_by_shape(a, x, n=1),
        lambda a, x, y: -gamma_density(as_value(a, y), x, 0),
    ),
    domain=((0.5, 3.0), (0.3, 4.0)),
)


def _betainc(a: np.ndarray, b: np.ndarray, x: np.ndarray, n: int, m: int) -> Any:
    from scipy import special

    if n == m == 0:
        return special.betainc(a, b, x)
    a, b, x = np.broadcast_arrays(a, b, x)
    # From the nearer end, seen from the mean of the distribution.
    far = x > a / (a + b)
    near, beyond = np.where(far, b, a), np.where(far, a, b)
    end = np.where(far, 1 - x, x)
    norm = special.betaln(a, b)
    both = [_psi(i, a + b) for i in range(1, n + m + 1)]

    def of(s: Any) -> Any:
        logarithm = np.log(end) - s
        other = np.log1p(-np.exp(logarithm))
        density = np.exp(near * logarithm + (beyond - 1) * other - norm)
        of_t, of_rest = np.where(far, other, logarithm), np.where(far, logarithm, other)

        def h(i: int, j: int) -> Any:
            slope = both[i + j - 1]
            if j == 0:
                slope = slope - _psi(i, a) + (of_t if i == 1 else 0)
            elif i == 0:
                slope = slope - _psi(j, b) + (of_rest if j == 1 else 0)
            return slope

        return density * by_shapes(n, m, h)

    inside = (x > 0) & (x < 1) & (a > 0) & (b > 0)
    at_ends = np.where(((x == 0) | (x == 1)) & (a > 0) & (b > 0), 0.0, np.nan)
    return np.where(inside, np.where(far, -1, 1) * _integrated(of, x.shape), at_ends)


def beta_density(a: Any, b: Any, x: Any, n: int, m: int) -> Any:
    """The derivative by x of those by a and b."""

    def psi(order: int, at: Any) -> Any:
        return digamma(at) if order == 1 else polygamma(at, n=order - 1)

    def h(i: int, j: int) -> Any:
        slope = psi(i + j, a + b)
        if j == 0:
            slope = slope - psi(i, a)
            slope = slope + log(x) if i == 1 else slope
        elif i == 0:
            slope = slope - psi(j, b)
            slope = slope + log1p(-x) if j == 1 else slope
        return slope

    density = exp(xlogy(a - 1, x) + xlog1py(b - 1, -x) - betaln(a, b))
    return density if n == m == 0 else density * by_shapes(n, m, h)


# Derivatives, n-th by a and m-th by b, of the regularized incomplete beta function.
betainc: Elementwise = host_function(
    "betainc",
    partials=(
        lambda a, b, x, y, n, m: betainc(a, b, x, n=n + 1, m=m),
        lambda a, b, x, y, n, m: betainc(a, b, x, n=n, m=m + 1),
        lambda a, b, x, y, n, m: beta_density(a, b, x, n, m),
    ),
    domain=((0.5, 3.0), (0.5, 3.0), (0.1, 0.9)),
    numpy=rounded(_betainc),
    params=({"n": 0, "m": 0}, {"n": 1, "m": 1}),
)
