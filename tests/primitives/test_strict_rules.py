"""Rules that ask for the convention: what they give at a kink and beside it, by the default one and strictly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.primitive import CATALOGUE

Slopes = Callable[[], np.ndarray]


def at(*x: float) -> dt.Tensor:
    return dt.Tensor(np.array(x))


def root(x: dt.Tensor) -> dt.Tensor:
    found: dt.Tensor = CATALOGUE["root_of_squares"](x)
    return found


CASES: dict[str, tuple[Slopes, list[float], list[float]]] = {
    "root of squares": (
        lambda: dt.grad(lambda x: root(x).sum())(at(0.0, 4.0, 0.25)).asnumpy(),
        [0.0, 0.25, 1.0],
        [np.inf, 0.25, 1.0],
    ),
    "root of squares, forward": (
        lambda: dt.jvp(root, at(0.0, 4.0, 0.25), at(1.0, 1.0, 3.0))[1].asnumpy(),
        [0.0, 0.25, 3.0],
        [np.inf, 0.25, 3.0],
    ),
    "power by its exponent": (
        lambda: dt.grad(lambda p: (at(0.0, 0.0, np.e) ** p).sum())(at(0.0, 2.0, 1.0)).asnumpy(),
        [0.0, 0.0, np.e],
        [-np.inf, 0.0, np.e],
    ),
    "angle": (
        lambda: dt.grad(lambda y: ops.atan2(y, at(0.0, 2.0)).sum())(at(0.0, 0.0)).asnumpy(),
        [0.0, 0.5],
        [np.nan, 0.5],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_at_kinks_and_beside_them(name: str) -> None:
    slopes, chosen, strict = CASES[name]
    np.testing.assert_allclose(slopes(), chosen, rtol=1e-14)
    with dt.strict_derivatives():
        np.testing.assert_allclose(slopes(), strict, rtol=1e-14)
    np.testing.assert_allclose(slopes(), chosen, rtol=1e-14)
