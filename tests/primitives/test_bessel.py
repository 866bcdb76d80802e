"""Bessel functions on the host where one formula passes to another: far out, near 0, and at infinity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from dualtape.primitives import CATALOGUE

ORDERS = (0, 1, 2, 3, 5)
SCIPYS: dict[str, Callable[..., Any]] = {
    "bessel_j": special.jv, "bessel_y": special.yn, "bessel_ie": special.ive, "bessel_ke": special.kve,
}  # fmt: skip
EXACT: dict[str, Callable[[int, Any], Any]] = {
    "bessel_j": mpmath.besselj,
    "bessel_y": mpmath.bessely,
    "bessel_i": mpmath.besseli,
    "bessel_k": mpmath.besselk,
    "bessel_ie": lambda n, x: mpmath.besseli(n, x) * mpmath.exp(-abs(x)),
    "bessel_ke": lambda n, x: mpmath.besselk(n, x) * mpmath.exp(x),
}
OF_BOTH_SIDES = ("bessel_j", "bessel_i", "bessel_ie")


def value(name: str, x: Any, n: int) -> np.ndarray:
    return np.asarray(CATALOGUE[name].numpy(np.asarray(x), n=n))


@pytest.mark.parametrize("name", SCIPYS)
def test_far_out_it_is_scipys_as_long_as_that_has_digits(name: str) -> None:
    """On both sides of where the expansions begin, to a few roundings of the wave's height."""
    for n in (*ORDERS, 40):
        start = 30 + n * n
        x = np.concatenate([np.linspace(25, start + 3, 61), np.linspace(start, start + 300, 60)])
        height = np.sqrt(2 / np.pi / x)
        np.testing.assert_allclose(value(name, x, n) / height, SCIPYS[name](n, x) / height, rtol=2e-13, atol=2e-13)
        if name in OF_BOTH_SIDES:
            np.testing.assert_array_equal(value(name, -x, n), (-1) ** n * value(name, x, n))


@pytest.mark.parametrize("name", EXACT)
def test_digits_where_a_formula_begins_and_ends(name: str) -> None:
    tiny = [1e-9, 9.9e-6, 1e-5, 1.01e-5, 1e-3] if name == "bessel_i" else [1e-3]
    with mpmath.workdps(30):
        for n in ORDERS:
            x = [*tiny, 0.5, 30.0 + n * n, 31.5 + n * n, 700.0]
            exact = np.array([float(EXACT[name](n, mpmath.mpf(v))) for v in x])
            height = np.where(np.array(x) > 20, np.sqrt(2 / np.pi / np.array(x)), np.abs(exact))
            scale = np.abs(exact) if name in ("bessel_i", "bessel_k") else height
            assert (np.abs(value(name, x, n) - exact) <= 8e-15 * scale).all(), (n, value(name, x, n), exact)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bessel_j", [0, 0, 0]), ("bessel_y", [0, 0, 0]), ("bessel_i", [np.inf] * 3), ("bessel_k", [0, 0, 0]),
        ("bessel_ie", [0, 0, 0]), ("bessel_ke", [0, 0, 0]),
    ],
)  # fmt: skip
def test_at_infinity(name: str, expected: list[float]) -> None:
    with np.errstate(all="ignore"):
        for dtype in (np.float32, np.float64):
            found = [value(name, np.array([np.inf, np.nan], dtype), n) for n in (0, 1, 2)]
            np.testing.assert_array_equal([float(f[0]) for f in found], expected)
            assert all(np.isnan(f[1]) and f.dtype == dtype for f in found)
            if name in OF_BOTH_SIDES:
                below = [float(value(name, np.array(-np.inf, dtype), n)) for n in (0, 1, 2)]
                np.testing.assert_array_equal(below, [expected[0], -expected[1], expected[2]])


@pytest.mark.parametrize("name", OF_BOTH_SIDES)
def test_at_zero_and_beside_it(name: str) -> None:
    for n in ORDERS:
        assert value(name, 0.0, n) == (1 if n == 0 else 0)
        x = np.array([1e-7, 1e-5, 0.3])
        np.testing.assert_array_equal(value(name, -x, n), (-1) ** n * value(name, x, n))
