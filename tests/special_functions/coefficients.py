"""Coefficients of the Bessel functions and gammainc in the kernels: ``python -m special_functions.coefficients``.

The command writes them. Each stands in `opencl_kernels/math_*.cl` as the body of a helper, and is a polynomial, or a
ratio of two, that interpolates a function at Chebyshev nodes, computed here in 60 digits. The command runs in the root
of the repository, with PYTHONPATH=tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from special_functions.exact_bessel import FAR, asymptotic, bessel_ie, bessel_k, bessel_ke, bessel_y

FOLDER = Path(__file__).parents[2] / "opencl_kernels"
DIGITS = 60


class Series(NamedTuple):
    """A helper of so many bits: what it is of a variable in an interval, and the numbers of its coefficients.

    With ``below``, those of a denominator that begins with 1, it is a ratio. The variable begins at ``low``, if that
    is above 0.
    """

    helper: str
    bits: int
    of: Callable[[Any], Any]
    low: float
    high: float
    above: int
    below: int = 0


# For |x| < 2, as a function of z = x^2.
def _of_square(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda z: function(mp.sqrt(z))


def _rest_of_y(order: int) -> Callable[[Any], Any]:
    """What is left of Y beside 2 / pi log(x) J, and at order 1 beside the pole; over x there."""

    def rest(x: Any) -> Any:
        pole = -2 / (mp.pi * x) if order else 0
        return (bessel_y(order, x) - 2 / mp.pi * mp.log(x) * mp.besselj(order, x) - pole) / x**order

    return _of_square(rest)


def _rest_of_k(order: int) -> Callable[[Any], Any]:
    """What is left of K beside the product of log(x / 2) and I, and at order 1 beside the pole; over x there."""

    def rest(x: Any) -> Any:
        pole = 1 / x if order else 0
        return (bessel_k(order, x) + (-1) ** order * mp.log(x / 2) * mp.besseli(order, x) - pole) / x**order

    return _of_square(rest)


@cache
def _hankel(order: int, z: Any) -> Any:
    """(J + i Y) exp(-i (x - (2 order + 1) pi / 4)) sqrt(pi x / 2) at x = 1 / sqrt(z)."""
    x = 1 / mp.sqrt(z)
    if x >= FAR:
        return asymptotic(order, mp.mpc(0, 1) / x)
    wave = mp.mpc(mp.besselj(order, x), bessel_y(order, x))
    return wave * mp.expj(-(x - (2 * order + 1) * mp.pi / 4)) * mp.sqrt(mp.pi * x / 2)


def _amplitude(order: int) -> Callable[[Any], Any]:
    return lambda z: mp.sqrt(2 / mp.pi) * abs(_hankel(order, z))


def _phase(order: int) -> Callable[[Any], Any]:
    return lambda z: mp.arg(_hankel(order, z)) / mp.sqrt(z)


# Beyond, of u = 1 / x.
def _scaled_i(order: int) -> Callable[[Any], Any]:
    return lambda u: bessel_ie(order, 1 / u) / mp.sqrt(u)


def _scaled_k(order: int) -> Callable[[Any], Any]:
    return lambda u: bessel_ke(order, 1 / u) / mp.sqrt(u)


def _over_power(bessel: Callable[..., Any], order: int) -> Callable[[Any], Any]:
    return _of_square(lambda x: bessel(order, x) / x**order)


def _atanh_rest(z: Any) -> Any:
    root = mp.sqrt(z)
    return (mp.atanh(root) - root) / root**3


@cache
def _temme(count: int = 6, terms: int = 40) -> list[list[Fraction]]:
    """The series in eta of the coefficients in Temme's expansion, from dmu/deta = eta (1 + mu) / mu (DLMF 8.12.10)."""
    # mu = eta (m_0 + m_1 eta + ...), where eta (1 + mu) = mu mu'.
    m = [Fraction(1)]
    for n in range(1, terms + 2 * count + 2):
        known = sum((m[i] * m[n - i] * (n - i + 1) for i in range(1, n)), Fraction(0))
        m.append((m[n - 1] - known) / (n + 2))
    inverse = [Fraction(1)]  # of mu / eta
    for n in range(1, len(m)):
        inverse.append(-sum((m[i] * inverse[n - i] for i in range(1, n + 1)), Fraction(0)))
    found = [inverse[1:]]
    for _ in range(1, count):
        # C_k = C_(k-1)' / eta + gamma_k / mu, in which the pole goes: gamma_k = -C_(k-1)'(0)
        slope = [(n + 1) * c for n, c in enumerate(found[-1][1:])]
        found.append([s - slope[0] * c for s, c in zip(slope[1:], inverse[1:], strict=False)])
    return found


def _of_temme(k: int) -> Callable[[Any], Any]:
    return lambda eta: mp.polyval([mp.mpf(c.numerator) / c.denominator for c in reversed(_temme()[k])], eta)


def _of_incomplete_gamma() -> Iterator[Series]:
    yield Series("dt_atanh_rest_series", 32, _atanh_rest, 0, 1 / 8, 6)
    yield Series("dt_atanh_rest_series", 64, _atanh_rest, 0, 1 / 8, 13)
    for bits, counts in ((32, (8, 5, 3)), (64, (17, 14, 11, 8, 6, 3))):
        for k, count in enumerate(counts):
            yield Series(f"dt_temme{k}_series", bits, _of_temme(k), -0.41, 0.32, count)


def _of_order(n: int) -> Iterator[Series]:
    first, second, modified, other = (f"dt_bessel_{kind}{n}" for kind in "jyik")
    yield Series(f"{first}_series", 32, _over_power(mp.besselj, n), 0, 4, 7)
    yield Series(f"{first}_series", 64, _over_power(mp.besselj, n), 0, 4, 11)
    yield Series(f"{second}_series", 32, _rest_of_y(n), 0, 4, 7)
    yield Series(f"{second}_series", 64, _rest_of_y(n), 0, 4, 11)
    yield Series(f"{first}_amplitude", 32, _amplitude(n), 0, 1 / 4, 4, 3)
    yield Series(f"{first}_amplitude_near", 64, _amplitude(n), 1 / 16, 1 / 4, 8, 7)
    yield Series(f"{first}_amplitude_far", 64, _amplitude(n), 0, 1 / 16, 8, 7)
    yield Series(f"{first}_phase", 32, _phase(n), 0, 1 / 4, 4, 3)
    yield Series(f"{first}_phase_near", 64, _phase(n), 1 / 16, 1 / 4, 7, 6)
    yield Series(f"{first}_phase_far", 64, _phase(n), 0, 1 / 16, 8, 7)
    yield Series(f"{modified}_series", 32, _over_power(mp.besseli, n), 0, 64, 13)
    yield Series(f"{modified}_series", 64, _over_power(mp.besseli, n), 0, 256, 24)
    yield Series(f"{modified}_far_series", 32, _scaled_i(n), 0, 1 / 8, 7)
    yield Series(f"{modified}_far_series", 64, _scaled_i(n), 0, 1 / 16, 14)
    yield Series(f"{other}_series", 32, _rest_of_k(n), 0, 1, 5)
    yield Series(f"{other}_series", 64, _rest_of_k(n), 0, 1, 8)
    yield Series(f"{other}_far_ratio", 32, _scaled_k(n), 0, 1, 5, 4)
    yield Series(f"{other}_far_ratio", 64, _scaled_k(n), 0, 1, 11, 10)


SERIES = [*_of_order(0), *_of_order(1), *_of_incomplete_gamma()]


def coefficients(series: Series) -> tuple[list[Any], list[Any]]:
    """Those of the numerator and of the denominator, the lowest power first."""
    count = series.above + series.below
    middle, half = mp.mpf(series.low + series.high) / 2, mp.mpf(series.high - series.low) / 2
    begin = max(series.low, 0)
    equations, values = mp.matrix(count), mp.matrix(count, 1)
    for i in range(count):
        at = middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * count))
        values[i] = series.of(at)
        for k in range(series.above):
            equations[i, k] = (at - begin) ** k
        for k in range(1, series.below + 1):
            equations[i, series.above + k - 1] = -values[i] * (at - begin) ** k
    found = list(mp.lu_solve(equations, values))
    return found[: series.above], [mp.mpf(1), *found[series.above :]]


def _horner(name: str, variable: str, powers: list[Any], bits: int) -> Iterator[str]:
    single = bits == 32
    first, *others = (str(np.float32(float(c))) + "f" if single else repr(float(c)) for c in reversed(powers))
    yield f"    REAL {name} = {first};"
    for c in others:
        yield f"    {name} = {name} * {variable} {'-' if c[0] == '-' else '+'} {c.removeprefix('-')};"


def body(series: Series, variable: str) -> str:
    """What stands between the braces of the helper."""
    with mp.workdps(DIGITS):
        above, below = coefficients(series)
    lines = list(_horner("p", variable, above, series.bits))
    if series.below:
        lines += _horner("q", variable, below, series.bits)
    return "\n".join([*lines, f"    return {'p / q' if series.below else 'p'};"]) + "\n"


def definition(series: Series, text: str) -> re.Match[str] | None:
    """Where a helper stands in a file: what is before its body, its variable, and its body."""
    head = rf"^(HELPER{series.bits} REAL {series.helper}\(REAL (\w+)\)\n\{{\n)(.*?)^\}}\n"
    return re.search(head, text, re.MULTILINE | re.DOTALL)


def main() -> None:
    """Compute all of them, and write them into the files."""
    for file in sorted(FOLDER.glob("math_*.cl")):
        text = file.read_text(encoding="utf-8")
        for series in SERIES:
            if found := definition(series, text):
                text = text[: found.start(3)] + body(series, found[2]) + text[found.end(3) :]
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
