"""The host's error and gamma functions in Float64, where they pass from one formula to another, against mpmath."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape.primitives import CATALOGUE

# Larger than the bounds in docs/accuracy.md, and smaller than what any other formula loses.
ULPS = 12
INFINITY = math.inf

FUNCTIONS: dict[str, tuple[Callable[[Any], Any], list[float]]] = {
    "erf": (mpmath.erf, [-30.0, -0.7, 0.0, 1e-9, 2.5]),
    "erfc": (mpmath.erfc, [-30.0, -3.0, -0.7, 0.0, 0.3, 0.7, 3.1, 9.3, 17.7, 26.4, 90.0]),
    "lgamma": (
        lambda x: mpmath.re(mpmath.loggamma(x)),
        [-30.2, -0.3, 0.3, 0.5, 0.7, 1 - 1e-9, 1 + 1e-7, 1.4, 1.5, 1.6, 2 - 1e-8, 2 + 1e-10, 2.4, 2.5, 3.7, 1e3],
    ),
    "digamma": (mpmath.digamma, [-1e5 - 1e-6, -30.2, -2.999, -0.7, -1e-9, 1e-9, 0.99, 1.0, 7.0]),
    "polygamma": (
        lambda x: mpmath.polygamma(2, x),
        [-99.75, -11.6, -10.3, -9.6, -0.7, -0.3, -1e-9, 1e-9, 0.3, 1.7, 40.0],
    ),
}
VALUES: dict[str, list[tuple[float, float]]] = {
    "erf": [(-INFINITY, -1), (INFINITY, 1)],
    "erfc": [(-INFINITY, 2), (INFINITY, 0)],
    "lgamma": [(-INFINITY, INFINITY), (INFINITY, INFINITY), (-2.0, INFINITY), (0.0, INFINITY), (1.0, 0), (2.0, 0)],
    "digamma": [(-2.0, math.nan), (-0.0, INFINITY), (0.0, -INFINITY), (INFINITY, INFINITY), (-INFINITY, math.nan)],
    "polygamma": [(-INFINITY, -INFINITY), (-2.0, -INFINITY), (0.0, -INFINITY), (INFINITY, 0)],
}


def evaluate(name: str, x: np.ndarray, n: int = 2) -> np.ndarray:
    found: dt.Tensor = CATALOGUE[name](dt.Tensor(x), **({"n": n} if name == "polygamma" else {}))
    return found.asnumpy()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_accurate_on_both_sides_of_every_switch(name: str) -> None:
    exact, points = FUNCTIONS[name]
    with mpmath.workdps(40):
        expected = [exact(mpmath.mpf(x)) for x in points]
        found = evaluate(name, np.array(points))
        error = [abs(float((y - e) / math.ulp(e))) for y, e in zip(map(float, found), expected, strict=True)]
    assert max(error) <= ULPS, dict(zip(points, error, strict=True))


@pytest.mark.parametrize("name", VALUES)
def test_at_poles_zeros_and_infinities(name: str) -> None:
    points, expected = zip(*VALUES[name], strict=True)
    for dtype in (np.float16, np.float32, np.float64):
        found = evaluate(name, np.array(points, dtype))
        np.testing.assert_array_equal(found, np.array(expected, dtype))


def test_trigamma_has_the_other_sign_of_the_reflection() -> None:
    found = evaluate("polygamma", np.array([-11.25, -0.25]), n=1)
    np.testing.assert_allclose(found, [float(mpmath.polygamma(1, x)) for x in (-11.25, -0.25)], rtol=1e-14)


@pytest.mark.parametrize("name", ["polygamma"])
def test_far_from_zero_needs_no_steps_to_it(name: str) -> None:
    """Where neither SciPy nor mpmath returns: two of its values add up to this, but for what is below 1e-26."""
    found = evaluate(name, np.array([-1e13 - 0.25]))
    np.testing.assert_allclose(found, float(mpmath.polygamma(2, -0.25) - mpmath.polygamma(2, 1.25)), rtol=1e-14)
