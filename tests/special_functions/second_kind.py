"""Bessel functions of the second kind, Y and K, at whole orders: mpmath's own take a hundred times as long there."""

from __future__ import annotations

from typing import Any

import mpmath as mp


def bessel_y(n: int, x: Any) -> Any:
    """By its series (DLMF 10.8.2), the Wronskian (10.5.2) and the recurrence (10.6.1)."""
    return _of_order(n, x, -1)


def bessel_k(n: int, x: Any) -> Any:
    """By its series (DLMF 10.31.2), the Wronskian (10.28.2) and the recurrence (10.29.1)."""
    return _of_order(n, x, 1)


def _of_order(n: int, x: Any, sign: int) -> Any:
    with mp.extradps(10 + int(x)):  # for the series is as large as exp(x), and what is left may be as small as exp(-x)
        x = mp.mpf(x)
        first = mp.besseli if sign == 1 else mp.besselj
        zeroth = _rest(x, sign) - (mp.log(x / 2) + mp.euler) * first(0, x)
        wronskian = 1 / x
        if sign == -1:
            zeroth, wronskian = -2 / mp.pi * zeroth, -2 / (mp.pi * x)
        found = [zeroth, (wronskian - sign * first(1, x) * zeroth) / first(0, x)]
        for order in range(1, n):
            found.append(2 * order / x * found[order] + sign * found[order - 1])
        return found[n]


def _rest(x: Any, sign: int) -> Any:
    """The sum of (1 + ... + 1/k) (x/2)^2k / k!^2, of alternating signs if ``sign`` is -1."""
    quarter, term, harmonic, total, k = sign * x * x / 4, mp.mpf(1), mp.mpf(0), mp.mpf(0), 0
    while k < x or abs(term) > mp.eps * abs(total):
        k += 1
        term, harmonic = term * quarter / (k * k), harmonic + mp.mpf(1) / k
        total += term * harmonic
    return total
