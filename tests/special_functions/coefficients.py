"""The coefficients of the kernels' Bessel functions: ``python -m special_functions.coefficients`` writes them again.

Each stands in `opencl_kernels/math_bessel*.cl` as the body of a helper, and is a polynomial, or a ratio of two, that
interpolates a function at Chebyshev nodes, computed here in 60 digits. The command runs in the root of the repository,
with PYTHONPATH=tests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
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

    With ``below``, those of a denominator that begins with 1, it is a ratio. The variable begins at ``low``.
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


SERIES = [series for n in (0, 1) for series in _of_order(n)]


def coefficients(series: Series) -> tuple[list[Any], list[Any]]:
    """Those of the numerator and of the denominator, the lowest power first."""
    count = series.above + series.below
    middle, half = mp.mpf(series.low + series.high) / 2, mp.mpf(series.high - series.low) / 2
    equations, values = mp.matrix(count), mp.matrix(count, 1)
    for i in range(count):
        at = middle + half * mp.cos(mp.pi * (2 * i + 1) / (2 * count))
        values[i] = series.of(at)
        for k in range(series.above):
            equations[i, k] = (at - series.low) ** k
        for k in range(1, series.below + 1):
            equations[i, series.above + k - 1] = -values[i] * (at - series.low) ** k
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
    for file in sorted(FOLDER.glob("math_bessel*.cl")):
        text = file.read_text(encoding="utf-8")
        for series in SERIES:
            if found := definition(series, text):
                text = text[: found.start(3)] + body(series, found[2]) + text[found.end(3) :]
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
