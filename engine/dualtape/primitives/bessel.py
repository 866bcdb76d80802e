"""Bessel functions of whole orders, cylindrical and spherical, and Airy's.

On the host SciPy computes them. Far out, where its cylindrical ones lose the phase of a wave, or give NaN, Hankel's
expansions stand for them (DLMF 10.17, 10.40). Devices have kernels of the cylindrical ones.

Their derivatives are those of neighbouring orders (DLMF 10.6.1, 10.29.1, 10.51.1, 10.51.4, 9.2.1), so they need no
division, and hold at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.expression import call, static, x
from dualtape.core.primitive import Elementwise, Partial
from dualtape.primitives.arithmetic import add, subtract
from dualtape.primitives.declaring import elementwise
from dualtape.primitives.on_host import host_function, of_order, rounded
from dualtape.primitives.rounding import sign

ABOVE_ZERO = ((0.3, 4.0),)
_EVERYWHERE = ((-3.0, 3.0),)
_ORDERS: Any = ({"n": 0}, {"n": 1}, {"n": 2})


def _cylindrical(general: str, lowest: tuple[str, str]) -> Callable[..., Any]:
    """SciPy's function of any order, and its more accurate ones of the orders 0 and 1."""

    def compute(x: np.ndarray, n: int) -> Any:
        from scipy import special

        return getattr(special, lowest[n])(x) if n < 2 else getattr(special, general)(n, x)

    return compute


def _asymptotic(n: int, u: np.ndarray) -> Any:
    """The sum of a_k(n) u^k in Hankel's expansions (DLMF 10.17.1), to the last digit where ``_with_far`` uses it."""
    term: Any = 1.0
    total: Any = 1.0
    for k in range(1, 21):
        term = term * u * ((4 * n * n - (2 * k - 1) ** 2) / (8 * k))
        total = total + term
    return total


def _wave(x: np.ndarray, n: int) -> Any:
    """J(x) + i Y(x), and 0 at infinity."""
    angle = np.where(np.isinf(x), 0.0, x)
    turn = (np.cos(angle) + 1j * np.sin(angle)) * ((1 - 1j) * math.sqrt(0.5)) * (-1j) ** n
    return turn * _asymptotic(n, 1j / x) * np.sqrt(2 / np.pi / x)


def _with_far(near: Callable[..., Any], far: Callable[..., Any], both: bool) -> Callable[..., np.ndarray]:
    """``near``, and ``far`` from 30 + n^2 on; with ``both``, (-1)^n as much on the other side."""

    def compute(x: np.ndarray, n: int) -> Any:
        is_far = (np.abs(x) if both else x) >= 30 + n * n
        value = near(np.where(is_far, 1.0, x), n=n)
        beyond = far(np.where(is_far, np.abs(x), 100.0), n)
        return np.where(is_far, np.where(x < 0, (-1) ** n, 1) * beyond, value)

    return rounded(compute)


def _j(x: np.ndarray, n: int) -> np.ndarray:
    return _with_far(_cylindrical("jv", ("j0", "j1")), lambda x, n: _wave(x, n).real, both=True)(x, n=n)


def _y(x: np.ndarray, n: int) -> np.ndarray:
    return _with_far(_cylindrical("yn", ("y0", "y1")), lambda x, n: _wave(x, n).imag, both=False)(x, n=n)


def _ie(x: np.ndarray, n: int) -> np.ndarray:
    far = lambda x, n: _asymptotic(n, -1 / x) * np.sqrt(0.5 / np.pi / x)
    return _with_far(_cylindrical("ive", ("i0e", "i1e")), far, both=True)(x, n=n)


def _ke(x: np.ndarray, n: int) -> np.ndarray:
    far = lambda x, n: _asymptotic(n, 1 / x) * np.sqrt(np.pi / 2 / x)
    return _with_far(_cylindrical("kve", ("k0e", "k1e")), far, both=False)(x, n=n)


def _first_terms(x: np.ndarray, n: int) -> Any:
    half = x / 2
    return half**n / math.factorial(n) * (1 + half * half / (n + 1))


def _i(x: np.ndarray, n: int) -> Any:
    """SciPy gives NaN at infinity, and above order 1 0 for small numbers, where the series has all digits."""
    small, infinite = np.abs(x) < 1e-5, np.isinf(x)
    value = _cylindrical("iv", ("i0", "i1"))(np.where(infinite, 1.0, x), n=n)
    value = np.where(small, _first_terms(np.where(small, x, 0.0), n), value)
    return np.where(infinite, x if n % 2 else np.abs(x), value)


def _k(x: np.ndarray, n: int) -> Any:
    """Above order 1, SciPy's own loses digits as it becomes small."""
    return _cylindrical("kn", ("k0", "k1"))(x, n=n) if n < 2 else _ke(x, n=n) * np.exp(-x)


def _in_kernels(
    name: str,
    *,
    partials: tuple[Partial],
    domain: tuple[tuple[float, float]],
    numpy: Callable[..., np.ndarray],
) -> Elementwise:
    return elementwise(
        name,
        numpy=numpy,
        opencl=call(f"dt_{name}", static("n"), x),
        partials=partials,
        domain=domain,
        params=_ORDERS,
    )


bessel_j: Elementwise = _in_kernels(
    "bessel_j",
    partials=(
        lambda x, y, n: -bessel_j(x, n=1) if n == 0 else 0.5 * subtract(bessel_j(x, n=n - 1), bessel_j(x, n=n + 1)),
    ),
    domain=_EVERYWHERE,
    numpy=_j,
)

bessel_y: Elementwise = _in_kernels(
    "bessel_y",
    partials=(
        lambda x, y, n: -bessel_y(x, n=1) if n == 0 else 0.5 * subtract(bessel_y(x, n=n - 1), bessel_y(x, n=n + 1)),
    ),
    domain=ABOVE_ZERO,
    numpy=_y,
)

bessel_i: Elementwise = _in_kernels(
    "bessel_i",
    partials=(lambda x, y, n: bessel_i(x, n=1) if n == 0 else 0.5 * add(bessel_i(x, n=n - 1), bessel_i(x, n=n + 1)),),
    domain=_EVERYWHERE,
    numpy=rounded(_i),
)

bessel_k: Elementwise = _in_kernels(
    "bessel_k",
    partials=(lambda x, y, n: -bessel_k(x, n=1) if n == 0 else -0.5 * add(bessel_k(x, n=n - 1), bessel_k(x, n=n + 1)),),
    domain=ABOVE_ZERO,
    numpy=rounded(_k),
)

# exp(-|x|) I(x); at 0 the derivative is that of I, the middle of both sides.
bessel_ie: Elementwise = _in_kernels(
    "bessel_ie",
    partials=(
        lambda x, y, n: (
            (bessel_ie(x, n=1) if n == 0 else 0.5 * add(bessel_ie(x, n=n - 1), bessel_ie(x, n=n + 1))) - sign(x) * y
        ),
    ),
    domain=ABOVE_ZERO,
    numpy=_ie,
)

# exp(x) K(x)
bessel_ke: Elementwise = _in_kernels(
    "bessel_ke",
    partials=(
        lambda x, y, n: y - (bessel_ke(x, n=1) if n == 0 else 0.5 * add(bessel_ke(x, n=n - 1), bessel_ke(x, n=n + 1))),
    ),
    domain=ABOVE_ZERO,
    numpy=_ke,
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
