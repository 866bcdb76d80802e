"""Samples, reductions of some elements, and elementary functions: conventions, devices, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pytree
from dualtape.devices.device import Device
from dualtape.errors import DualtapeError
from functions.cases import convert
from functions.numeric_cases import CASES

NAMES = [name for name in CASES if name not in ("sum", "prod", "mean", "any", "all", "amax", "amin", "frexp")]


def call(name: str, *args: Any) -> list[dt.Tensor]:
    outputs = getattr(ops, name)(*args, **CASES[name][0].kwargs)
    return [x for x in pytree.leaves(outputs) if isinstance(x, dt.Tensor)]


@pytest.mark.parametrize("name", NAMES)
def test_jit_gives_the_same_on_a_device(name: str, kind_of_device: Device) -> None:
    args = list(convert(CASES[name][0].args, np.float32))
    tensors = [x for x in args if isinstance(x, dt.Tensor)]

    def function(*given: dt.Tensor) -> tuple[dt.Tensor, ...]:
        rest = iter(given)
        return tuple(call(name, *(next(rest) if isinstance(x, dt.Tensor) else x for x in args)))

    for got, want in zip(dt.jit(function)(*tensors), function(*tensors), strict=True):
        assert got.device is kind_of_device
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=2e-6, atol=2e-6)


def slope(function: Callable[[Any], Any], *at: float) -> np.ndarray:
    return dt.grad(lambda x: ops.sum(function(x)))(dt.Tensor(np.array(at))).asnumpy()


def test_chosen_derivatives() -> None:
    one = dt.Tensor(np.array([0.0]))
    assert slope(ops.cbrt, 0.0) == np.inf
    assert slope(lambda x: ops.hypot(x, 0.0), 0.0) == 0
    assert slope(lambda x: ops.copysign(3.0, x), 0.0) == 0
    assert slope(lambda x: ops.nextafter(x, 9.0), 1.0) == 1
    np.testing.assert_array_equal(slope(ops.nan_to_num, 1.0, np.nan, np.inf), [1, 0, 0])
    np.testing.assert_array_equal(slope(ops.nansum, 1.0, np.nan, 2.0), [1, 0, 1])
    np.testing.assert_array_equal(slope(ops.nanmax, 1.0, np.nan, 2.0), [0, 0, 1])
    np.testing.assert_allclose(slope(ops.nanstd, 1.0, np.nan, 3.0), [-0.5, 0, 0.5])
    assert slope(ops.nanstd, 2.0, np.nan, 2.0).tolist() == [0, 0, 0]
    np.testing.assert_array_equal(slope(lambda x: ops.frexp(x).mantissa, 3.0, 0.75), [0.25, 1])
    assert np.isnan(ops.nanmean(dt.Tensor(np.array([np.nan]))).asnumpy())
    assert ops.diff(one).shape == (0,)


def test_a_point_of_an_interpolation_belongs_to_the_piece_on_its_right() -> None:
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 1.0])
    found = slope(lambda x: ops.interp(x, xp, fp), 0.0, 0.5, 1.0, 3.0, -1.0, 4.0)
    np.testing.assert_allclose(found, [2, 2, -0.5, -0.5, 0, 0])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: ops.amax(x, where=x > 0), "needs `initial`"),
        (lambda x: ops.sum(x, where=x), "Bools"),
        (lambda x: ops.moveaxis(x, (0, 1), 0), "each of them once"),
        (lambda x: ops.diagonal(x, 0, 1, 1), "one axis"),
        (lambda x: ops.diagonal(x[0]), "two axes"),
        (lambda x: ops.gcd(x, 2), "integers"),
        (lambda x: ops.ldexp(x, x), "integers"),
        (lambda x: ops.diff(x, -1), "negative"),
        (lambda x: ops.gradient(x, 1.0, 2.0, 3.0), "3 spacings for 2 axes"),
        (lambda x: ops.gradient(x[:1]), "two samples"),
        (lambda x: ops.trapezoid(x, x[0, :2]), "expected a vector"),
        (lambda x: ops.interp(x, x, x), "equal vectors"),
        (lambda x: ops.polyval(x, x), "vector"),
        (lambda x: ops.convolve(x, x), "two vectors"),
        (lambda x: ops.convolve(x[0], x[0], "other"), "'other'"),
        (lambda x: ops.cumulative_trapezoid(x, initial=1.0), "None or 0"),
        (lambda x: ops.nansum(dt.Tensor([1, 2])), "Float"),
    ],
)
def test_what_it_refuses_is_named(wrong: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(DualtapeError, match=words):
        wrong(dt.Tensor(np.arange(12.0).reshape(3, 4)))
