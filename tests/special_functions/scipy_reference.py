"""The exact values of the special functions that SciPy computes on the host, by mpmath, and the bounds that are stated.

A bound is in ulp of Float64, of the value, or of the largest value near by where a function crosses 0 (``absolute``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath
import numpy as np

from dualtape.ops import special
from special_functions.exact_bessel import bessel_k, bessel_y

mp = mpmath


class Exact(NamedTuple):
    """A function, its exact values, where it is tried, and how far it may be off."""

    function: Callable[..., Any]
    exact: Callable[..., Any]
    ranges: tuple[tuple[float, float], ...]
    ulps: float
    absolute: bool = False


def _one(name: str, exact: Callable[[Any], Any], low: float, high: float, ulps: float, absolute: bool = False) -> Exact:
    return Exact(getattr(special, name), exact, ((low, high),), ulps, absolute)


def _order(name: str, n: int, exact: Callable[..., Any], low: float, high: float, ulps: float, absolute: bool) -> Exact:
    return Exact(lambda x: getattr(special, name)(n, x), lambda x: exact(n, x), ((low, high),), ulps, absolute)


def _spherical(bessel: Callable[..., Any], factor: Any) -> Callable[..., Any]:
    return lambda n, x: mp.sqrt(factor / (2 * x)) * bessel(n + mp.mpf(1) / 2, x)


EXACT: dict[str, Exact] = {
    "erfinv": _one("erfinv", mp.erfinv, -0.999, 0.999, 4),
    "erfcinv": _one("erfcinv", lambda x: mp.erfinv(1 - mp.mpf(x)), 1e-4, 1.99, 4),
    "erfcx": _one("erfcx", lambda x: mp.exp(x * x) * mp.erfc(x), -5, 20, 16),
    "ndtr": _one("ndtr", mp.ncdf, -30, 8, 8),
    "ndtri": _one("ndtri", lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), 1e-5, 1 - 1e-5, 4),
    "log_ndtr": _one("log_ndtr", lambda x: mp.log(mp.ncdf(x)), -30, 5, 16),
    "logit": _one("logit", lambda x: mp.log(x / (1 - x)), 1e-6, 1 - 1e-6, 4),
    "expi": _one("expi", mp.ei, -20, 50, 4, True),
    "exp1": _one("exp1", mp.e1, 1e-3, 100, 4),
    "gamma": _one("gamma", mp.gamma, -20, 100, 4),
    "ellipk": _one("ellipk", mp.ellipk, -20, 0.999, 4),
    "ellipe": _one("ellipe", mp.ellipe, -20, 0.999, 4),
    "j0": _one("j0", lambda x: mp.besselj(0, x), -50, 50, 4, True),
    "j1": _one("j1", lambda x: mp.besselj(1, x), -50, 50, 4, True),
    "y0": _one("y0", lambda x: bessel_y(0, x), 0.1, 50, 8, True),
    "y1": _one("y1", lambda x: bessel_y(1, x), 0.1, 50, 4, True),
    "i0": _one("i0", lambda x: mp.besseli(0, x), -50, 50, 4),
    "i1": _one("i1", lambda x: mp.besseli(1, x), -50, 50, 4),
    "k0": _one("k0", lambda x: bessel_k(0, x), 1e-3, 100, 4),
    "k1": _one("k1", lambda x: bessel_k(1, x), 1e-3, 100, 4),
    "i0e": _one("i0e", lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), -100, 100, 4),
    "i1e": _one("i1e", lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), -100, 100, 4),
    "k0e": _one("k0e", lambda x: mp.exp(x) * bessel_k(0, x), 1e-3, 100, 4),
    "k1e": _one("k1e", lambda x: mp.exp(x) * bessel_k(1, x), 1e-3, 100, 4),
    "jn": _order("jn", 3, mp.besselj, -50, 50, 8, True),
    "yn": _order("yn", 3, bessel_y, 1.0, 50, 8, True),
    "iv": _order("iv", 3, mp.besseli, 0.1, 50, 16, False),
    "kn": _order("kn", 3, bessel_k, 0.1, 50, 8, False),
    "spherical_jn": _order("spherical_jn", 2, _spherical(mp.besselj, mp.pi), 0.1, 50, 64, True),
    "spherical_yn": _order("spherical_yn", 2, _spherical(mp.bessely, mp.pi), 0.5, 50, 16, True),
    "spherical_in": _order("spherical_in", 2, _spherical(mp.besseli, mp.pi), 0.1, 50, 16, False),
    "spherical_kn": _order("spherical_kn", 2, _spherical(mp.besselk, mp.pi), 0.1, 50, 16, False),
    "polygamma": _order("polygamma", 2, mp.polygamma, 0.1, 50, 8, False),
    "airy": Exact(lambda x: special.airy(x)[0], mp.airyai, ((-20, 10),), 64, True),
    "zeta": Exact(lambda q: special.zeta(2.5, q), lambda q: mp.zeta(2.5, q), ((0.1, 50),), 4),
    "hyp2f1": Exact(
        lambda x: special.hyp2f1(0.5, 1.5, 2.5, x), lambda x: mp.hyp2f1(0.5, 1.5, 2.5, x), ((-5, 0.95),), 16
    ),
    "sinc": _one("sinc", mp.sincpi, -5, 5, 8, True),
    "beta": Exact(special.beta, mp.beta, ((0.1, 20), (0.1, 20)), 64),
    "betaln": Exact(special.betaln, lambda a, b: mp.log(mp.beta(a, b)), ((0.1, 20), (0.1, 20)), 64, True),
    "gammainc": Exact(
        special.gammainc, lambda a, x: mp.gammainc(a, 0, x, regularized=True), ((0.1, 30), (0.01, 40)), 128
    ),
    "gammaincc": Exact(
        special.gammaincc, lambda a, x: mp.gammainc(a, x, regularized=True), ((0.1, 30), (0.01, 40)), 128
    ),
    "betainc": Exact(
        special.betainc,
        lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True),
        ((0.1, 20), (0.1, 20), (0.01, 0.99)),
        32,
    ),
    "xlogy": Exact(special.xlogy, lambda x, y: x * mp.log(y), ((-5, 5), (0.01, 9)), 4),
    "xlog1py": Exact(special.xlog1py, lambda x, y: x * mp.log1p(y), ((-5, 5), (-0.9, 9)), 4),
    "logaddexp": Exact(special.logaddexp, lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), ((-30, 30), (-30, 30)), 4, True),
    "entr": _one("entr", lambda x: -x * mp.log(x), 0.01, 9, 4),
    "rel_entr": Exact(special.rel_entr, lambda x, y: x * mp.log(x / y), ((0.1, 9), (0.1, 9)), 8, True),
    "kl_div": Exact(special.kl_div, lambda x, y: x * mp.log(x / y) - x + y, ((0.1, 9), (0.1, 9)), 8, True),
}


def points(name: str, count: int = 60) -> list[np.ndarray]:
    """Where a function is tried: over its ranges, the same ones every time."""
    numbers = np.random.default_rng(sum(map(ord, name)))
    return [numbers.uniform(low, high, count) for low, high in EXACT[name].ranges]


def error(name: str) -> float:
    """The largest error at the points, in ulp of Float64."""
    import dualtape as dt

    entry, at = EXACT[name], points(name)
    got = entry.function(*map(dt.Tensor, at)).asnumpy()
    with mp.workdps(60):
        exact = [entry.exact(*map(mp.mpf, x)) for x in zip(*at, strict=True)]
        sizes = [abs(y) for y in exact]
        size = [max(max(sizes), mp.mpf("1e-300")) if entry.absolute else s for s in sizes]
        return float(max(abs(mp.mpf(float(g)) - y) / s for g, y, s in zip(got, exact, size, strict=True)) * 2**52)
