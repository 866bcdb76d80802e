"""Bessel functions of whole orders, cylindrical and spherical, and Airy's; SciPy computes them on the host.

Their derivatives are those of neighbouring orders (DLMF 10.6.1, 10.29.1, 10.51.1, 10.51.4, 9.2.1), so they need no
division, and hold at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.primitive import Elementwise
from dualtape.primitives.arithmetic import add, subtract
from dualtape.primitives.on_host import host_function, of_order, rounded
from dualtape.primitives.rounding import sign

ABOVE_ZERO = ((0.3, 4.0),)
_EVERYWHERE = ((-3.0, 3.0),)
_ORDERS: Any = ({"n": 0}, {"n": 1}, {"n": 2})


def _cylindrical(general: str, lowest: tuple[str, str]) -> Callable[..., np.ndarray]:
    """SciPy's function of any order, and its more accurate ones of the orders 0 and 1."""

    def compute(x: np.ndarray, n: int) -> Any:
        from scipy import special

        return getattr(special, lowest[n])(x) if n < 2 else getattr(special, general)(n, x)

    return rounded(compute)


bessel_j: Elementwise = host_function(
    "bessel_j",
    partials=(
        lambda x, y, n: -bessel_j(x, n=1) if n == 0 else 0.5 * subtract(bessel_j(x, n=n - 1), bessel_j(x, n=n + 1)),
    ),
    domain=_EVERYWHERE,
    numpy=_cylindrical("jv", ("j0", "j1")),
    params=_ORDERS,
)

bessel_y: Elementwise = host_function(
    "bessel_y",
    partials=(
        lambda x, y, n: -bessel_y(x, n=1) if n == 0 else 0.5 * subtract(bessel_y(x, n=n - 1), bessel_y(x, n=n + 1)),
    ),
    domain=ABOVE_ZERO,
    numpy=_cylindrical("yn", ("y0", "y1")),
    params=_ORDERS,
)

bessel_i: Elementwise = host_function(
    "bessel_i",
    partials=(lambda x, y, n: bessel_i(x, n=1) if n == 0 else 0.5 * add(bessel_i(x, n=n - 1), bessel_i(x, n=n + 1)),),
    domain=_EVERYWHERE,
    numpy=_cylindrical("iv", ("i0", "i1")),
    params=_ORDERS,
)

bessel_k: Elementwise = host_function(
    "bessel_k",
    partials=(lambda x, y, n: -bessel_k(x, n=1) if n == 0 else -0.5 * add(bessel_k(x, n=n - 1), bessel_k(x, n=n + 1)),),
    domain=ABOVE_ZERO,
    numpy=_cylindrical("kn", ("k0", "k1")),
    params=_ORDERS,
)

# exp(-|x|) I(x); at 0 the derivative is that of I, the middle of both sides.
bessel_ie: Elementwise = host_function(
    "bessel_ie",
    partials=(
        lambda x, y, n: (
            (bessel_ie(x, n=1) if n == 0 else 0.5 * add(bessel_ie(x, n=n - 1), bessel_ie(x, n=n + 1))) - sign(x) * y
        ),
    ),
    domain=ABOVE_ZERO,
    numpy=_cylindrical("ive", ("i0e", "i1e")),
    params=_ORDERS,
)

# exp(x) K(x)
bessel_ke: Elementwise = host_function(
    "bessel_ke",
    partials=(
        lambda x, y, n: y - (bessel_ke(x, n=1) if n == 0 else 0.5 * add(bessel_ke(x, n=n - 1), bessel_ke(x, n=n + 1))),
    ),
    domain=ABOVE_ZERO,
    numpy=_cylindrical("kve", ("k0e", "k1e")),
    params=_ORDERS,
)


def _spherical(x: Any, n: int, function: Elementwise, sign_below: int, sign_above: int) -> Any:
    above = sign_above * (n + 1) / (2 * n + 1) * function(x, n=n + 1)
    return above if n == 0 else sign_below * n / (2 * n + 1) * function(x, n=n - 1) + above


spherical_j: Elementwise = host_function(
    "spherical_j",
    partials=(lambda x, y, n: _spherical(x, n, spherical_j, 1, -1),),
    domain=_EVERYWHERE,
    numpy=of_order("spherical_jn"),
    params=_ORDERS,
)

spherical_y: Elementwise = host_function(
    "spherical_y",
    partials=(lambda x, y, n: _spherical(x, n, spherical_y, 1, -1),),
    domain=ABOVE_ZERO,
    numpy=of_order("spherical_yn"),
    params=_ORDERS,
)

spherical_i: Elementwise = host_function(
    "spherical_i",
    partials=(lambda x, y, n: _spherical(x, n, spherical_i, 1, 1),),
    domain=ABOVE_ZERO,
    numpy=of_order("spherical_in"),
    params=_ORDERS,
)

spherical_k: Elementwise = host_function(
    "spherical_k",
    partials=(lambda x, y, n: _spherical(x, n, spherical_k, -1, -1),),
    domain=ABOVE_ZERO,
    numpy=of_order("spherical_kn"),
    params=_ORDERS,
)


def _airy(place: int) -> Callable[..., np.ndarray]:
    def compute(x: np.ndarray) -> Any:
        from scipy import special

        return special.airy(x)[place]

    return rounded(compute)


airy_ai: Elementwise = host_function(
    "airy_ai", partials=(lambda x, y: airy_ai_prime(x),), domain=_EVERYWHERE, numpy=_airy(0)
)
airy_ai_prime: Elementwise = host_function(
    "airy_ai_prime", partials=(lambda x, y: x * airy_ai(x),), domain=_EVERYWHERE, numpy=_airy(1)
)
airy_bi: Elementwise = host_function(
    "airy_bi", partials=(lambda x, y: airy_bi_prime(x),), domain=_EVERYWHERE, numpy=_airy(2)
)
airy_bi_prime: Elementwise = host_function(
    "airy_bi_prime", partials=(lambda x, y: x * airy_bi(x),), domain=_EVERYWHERE, numpy=_airy(3)
)
