"""The regularized incomplete gamma functions by mpmath, for shapes up to some 10^5: its own take too long there."""

from __future__ import annotations

from typing import Any

import mpmath as mp


def gammainc(a: Any, x: Any) -> Any:
    """The lower one, with all digits where it is small."""
    return _both(a, x)[0]


def gammaincc(a: Any, x: Any) -> Any:
    """The upper one, with all digits where it is small."""
    return _both(a, x)[1]


def _both(a: Any, x: Any) -> tuple[Any, Any]:
    # About exp(-far) is the smaller of the two.
    far = x - a - a * mp.log(x / a)
    if far > 900:
        return (mp.mpf(0), mp.mpf(1)) if x < a else (mp.mpf(1), mp.mpf(0))
    with mp.extradps(20 + int(far / 2.3) + max(0, int(-mp.log10(a)))):
        term, total, n = mp.mpf(1), mp.mpf(1), 0
        while term > mp.eps * total:
            n += 1
            term = term * x / (a + n)
            total += term
        lower = total * mp.exp(a * mp.log(x) - x - mp.loggamma(a + 1))
        return lower, 1 - lower
