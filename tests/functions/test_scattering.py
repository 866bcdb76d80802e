"""Updates at places and segments: devices, `jit`, `vmap`, derivatives at zeros, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.errors import DualtapeError
from functions.cases import convert
from functions.scattering_cases import CASES, updated

JITTED = [name for name in CASES if name != "index_update"]


def call(name: str, *args: Any) -> dt.Tensor:
    found: dt.Tensor = getattr(ops, name)(*args, **CASES[name][0].kwargs)
    return found


@pytest.mark.parametrize("name", JITTED)
def test_jit_gives_the_same_on_a_device(name: str, kind_of_device: Device) -> None:
    args = convert(CASES[name][0].args, np.float32)
    got = dt.jit(lambda *x: call(name, *x))(*args)
    assert got.device is kind_of_device
    np.testing.assert_allclose(got.asnumpy(), call(name, *args).asnumpy(), rtol=1e-6)


@pytest.mark.parametrize("mode", ["set", "add", "multiply", "min", "max"])
def test_update_at_traced_places(mode: str, device: Device) -> None:
    x, at, v = np.arange(12.0).reshape(3, 4), np.array([2, 0, 2]), np.linspace(-3, 3, 12).reshape(3, 4)
    update = dt.jit(lambda x, i, v: ops.index_update(x, i, v, mode))
    np.testing.assert_allclose(update(*map(dt.Tensor, (x, at, v))).asnumpy(), updated(at, mode)(x, v))


@pytest.mark.parametrize("mode", ["set", "add", "multiply", "min", "max"])
def test_update_of_each_example(mode: str) -> None:
    x, v = np.arange(24.0).reshape(2, 3, 4), np.linspace(-3, 3, 24).reshape(2, 3, 4)
    at = np.array([[2, 0, 2], [1, 1, 0]])
    mapped = dt.vmap(lambda x, i, v: ops.index_update(x, i, v, mode))(*map(dt.Tensor, (x, at, v))).asnumpy()
    for i in range(2):
        np.testing.assert_allclose(mapped[i], updated(at[i], mode)(x[i], v[i]))


@pytest.mark.parametrize("name", ["segment_sum", "segment_max", "segment_min", "segment_prod"])
def test_segments_of_each_example(name: str) -> None:
    x, ids = np.random.default_rng(0).normal(size=(2, 5)), np.array([[1, 0, 1, 2, 1], [0, 0, 2, 2, 0]])
    function = getattr(ops, name)
    mapped = dt.vmap(lambda x, i: function(x, i, 3))(dt.Tensor(x), dt.Tensor(ids)).asnumpy()
    for i in range(2):
        np.testing.assert_allclose(mapped[i], function(dt.Tensor(x[i]), dt.Tensor(ids[i]), 3).asnumpy())


def test_products_of_segments_have_derivatives_at_zeros() -> None:
    x, ids = dt.Tensor(np.array([0.0, 2.0, 0.0, 3.0, 5.0])), dt.Tensor([0, 0, 1, 1, 1])
    product = lambda x: ops.segment_prod(x, ids, 2)
    np.testing.assert_array_equal(dt.grad(lambda x: product(x).sum())(x).asnumpy(), [2, 0, 15, 0, 0])
    second = dt.hessian(lambda x: product(x).sum())(x).asnumpy()
    assert (second[0, 1], second[2, 3], second[2, 4], second[3, 4]) == (1, 5, 3, 0)
    dt.testing.check_derivatives(product, x, order=2)


def test_the_last_of_several_values_is_set_and_has_the_derivative() -> None:
    x, v = dt.Tensor([1.0, 2.0]), dt.Tensor([5.0, 6.0, 7.0])
    set_at = lambda x, v: ops.index_update(x, [0, 0, 0], v).sum()
    np.testing.assert_array_equal(dt.grad(set_at, 0)(x, v).asnumpy(), [0, 1])
    np.testing.assert_array_equal(dt.grad(set_at, 1)(x, v).asnumpy(), [0, 0, 1])


def test_empty_segments_and_no_data() -> None:
    none = dt.Tensor(np.zeros((0, 2)))
    ids = dt.Tensor(np.zeros(0, np.int64))
    for name, expected in (("sum", 0), ("prod", 1), ("max", -np.inf), ("min", np.inf)):
        found = getattr(ops, f"segment_{name}")(none, ids, 2).asnumpy()
        np.testing.assert_array_equal(found, np.full((2, 2), expected))
    counts = ops.segment_max(dt.Tensor(np.array([3, 1], np.int32)), dt.Tensor([1, 1]), 2)
    np.testing.assert_array_equal(counts.asnumpy(), [np.iinfo(np.int32).min, 3])
    assert ops.segment_sum(dt.Tensor([1.0, 2.0]), dt.Tensor([2, 0])).shape == (3,)


def test_slices_that_move_with_a_traced_start() -> None:
    x = np.arange(20.0).reshape(4, 5)
    cut = dt.jit(lambda x, i, j: ops.dynamic_slice(x, (i, j), (2, 3)))
    paste = dt.jit(lambda x, new, i: ops.dynamic_update_slice(x, new, (i, 1)))
    for i, j in ((0, 0), (2, 2), (9, 9), (-3, 1)):
        top, left = min(max(i, 0), 2), min(max(j, 0), 2)
        got = cut(dt.Tensor(x), dt.Tensor(i), dt.Tensor(j)).asnumpy()
        np.testing.assert_array_equal(got, x[top : top + 2, left : left + 3])
        expected = x.copy()
        expected[top : top + 2, 1:4] = -1
        np.testing.assert_array_equal(
            paste(dt.Tensor(x), dt.Tensor(-np.ones((2, 3))), dt.Tensor(i)).asnumpy(), expected
        )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: ops.index_update(x, 0, 1.0, "divide"), "'divide'"),
        (lambda x: ops.index_update(x, 9, 1.0), "outside axis 0"),
        (lambda x: ops.index_update(x, 0, dt.ops.ones(3)), "broadcast"),
        (lambda x: ops.index_update(dt.Tensor([1, 2]), 0, 1.5), "Float32"),
        (lambda x: ops.segment_sum(x, dt.Tensor([0, 1])), "one number for each"),
        (lambda x: ops.segment_sum(x, dt.Tensor([0, 1, 5]), 3), "outside"),
        (lambda x: ops.segment_max(x, dt.Tensor([0, 1, -1]), 3), "outside"),
        (lambda x: ops.segment_sum(x, x[0]), "integers"),
        (lambda x: ops.gather_nd(x, dt.Tensor([0, 0, 0])), "last axis|last"),
        (lambda x: ops.dynamic_slice(x, (0, 0), (9, 1)), "size 9"),
        (lambda x: ops.dynamic_slice(x, (0,), (1, 1)), "start_indices"),
        (lambda x: ops.dynamic_update_slice(x, x[0], (0, 0)), "update of shape"),
    ],
)
def test_what_it_refuses_is_named(wrong: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(DualtapeError, match=words):
        wrong(dt.Tensor(np.arange(12.0).reshape(3, 4)))
