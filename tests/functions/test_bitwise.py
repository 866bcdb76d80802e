"""Operators on the bits of integers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError, DTypeError

OPERATORS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
each_operator = pytest.mark.parametrize("apply", OPERATORS, ids=lambda o: o.__name__)


@each_operator
@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint8, np.uint32], ids=lambda d: d.__name__)
def test_operators_are_those_of_numpy(apply: Callable[..., Any], dtype: type) -> None:
    """They were logical: `6 & 3` was True."""
    x, y = np.array([6, 3, 12, 1], dtype), np.array([3, 5, 2, 7], dtype)
    for a, b in ((x, y), (x, 2), (2, y)):
        expected = apply(a, b)
        ours = [dt.Tensor(v) if isinstance(v, np.ndarray) else v for v in (a, b)]
        got = apply(*ours).asnumpy()
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)
        np.testing.assert_array_equal(dt.jit(lambda a, b: apply(a, b))(*ours).asnumpy(), expected)


@each_operator
def test_operators_on_devices(apply: Callable[..., Any], device: Device) -> None:
    x, y = np.array([6, -3, 12, 1], np.int32), np.array([3, 5, 2, 7], np.int32)
    for run in (apply, dt.jit(lambda a, b: apply(a, b))):
        np.testing.assert_array_equal(run(dt.Tensor(x), dt.Tensor(y)).asnumpy(), apply(x, y))


def test_all_bits_inverted(device: Device) -> None:
    for array in (np.array([0, 5, 255], np.uint8), np.array([0, -1, 7], np.int32), np.array([True, False])):
        np.testing.assert_array_equal((~dt.Tensor(array)).asnumpy(), ~array)


@each_operator
def test_of_floats_they_are_refused(apply: Callable[..., Any]) -> None:
    with pytest.raises(DTypeError, match="takes integers"):
        apply(dt.Tensor([1.0, 2.0]), dt.Tensor([1, 2]))


def test_a_number_that_the_type_does_not_hold_is_refused() -> None:
    with pytest.raises(ArgumentError, match="300, which UInt8 does not hold"):
        dt.Tensor(np.array([1], np.uint8)) & 300
    assert (dt.Tensor(np.array([1], np.uint8)) | 255).asnumpy().item() == 255


def test_numpy_functions_of_tensors_are_ours() -> None:
    x = dt.Tensor([6, 5])
    for function in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift):
        got = function(x, 2)
        assert isinstance(got, dt.Tensor)
        np.testing.assert_array_equal(got.asnumpy(), function(np.array([6, 5]), 2))


def test_under_vmap() -> None:
    x = np.arange(6).reshape(2, 3)
    got = dt.vmap(lambda row: row & dt.Tensor([1, 2, 3]))(dt.Tensor(x))
    np.testing.assert_array_equal(got.asnumpy(), x & [1, 2, 3])
