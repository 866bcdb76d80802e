"""Bessel functions of whole orders by mpmath, for every argument: its own take a hundred times as long, or for ever."""

from __future__ import annotations

from typing import Any

import mpmath as mp

# From here on Hankel's expansions have 60 digits, for the orders that are tested.
FAR = 100


def bessel_j(n: int, x: Any) -> Any:
    """Of the first kind."""
    if abs(x) < FAR:
        return mp.besselj(n, x)
    return (-1) ** n * bessel_j(n, -x) if x < 0 else mp.re(_wave(n, x))


def bessel_y(n: int, x: Any) -> Any:
    """By its series (DLMF 10.8.2), the Wronskian (10.5.2) and the recurrence (10.6.1)."""
    if not x > 0:
        return mp.nan if x else -mp.inf
    return _of_order(n, x, -1) if x < FAR else mp.im(_wave(n, x))


def bessel_ie(n: int, x: Any) -> Any:
    """exp(-|x|) I(x)."""
    if abs(x) < FAR:
        return mp.exp(-abs(x)) * mp.besseli(n, x)
    size = asymptotic(n, -1 / abs(x)) / mp.sqrt(2 * mp.pi * abs(x))
    return (-1) ** n * size if x < 0 else size


def bessel_i(n: int, x: Any) -> Any:
    """Modified, of the first kind; infinite past what exp can give."""
    if abs(x) > 2000:
        return mp.inf * mp.sign(x) ** n
    return mp.exp(abs(x)) * bessel_ie(n, x) if abs(x) > FAR else mp.besseli(n, x)


def bessel_ke(n: int, x: Any) -> Any:
    """exp(x) K(x)."""
    if not x > 0:
        return mp.nan if x else mp.inf
    return mp.exp(x) * _of_order(n, x, 1) if x < FAR else mp.sqrt(mp.pi / (2 * x)) * asymptotic(n, 1 / x)


def bessel_k(n: int, x: Any) -> Any:
    """By its series (DLMF 10.31.2), the Wronskian (10.28.2) and the recurrence (10.29.1)."""
    if 0 < x < FAR:
        return _of_order(n, x, 1)
    return mp.exp(-min(x, 2000)) * bessel_ke(n, x)


def asymptotic(n: int, u: Any) -> Any:
    """The sum of a_k u^k in Hankel's expansions, until it is below the precision (DLMF 10.17.1)."""
    term, total, k = mp.mpf(1), mp.mpf(1), 0
    while abs(term) > mp.eps:
        k += 1
        term = term * (4 * n * n - (2 * k - 1) ** 2) / (8 * k) * u
        total += term
    return total


def _wave(n: int, x: Any) -> Any:
    """J + i Y (DLMF 10.17.5). Of x - pi / 4 nothing may be lost, however large x is."""
    with mp.extradps(max(0, int(mp.log10(x)))):
        turn = mp.expj(x - (2 * n + 1) * mp.pi / 4)
    return mp.sqrt(2 / (mp.pi * x)) * turn * asymptotic(n, mp.mpc(0, 1) / x)


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
