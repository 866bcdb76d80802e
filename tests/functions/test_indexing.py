"""Indexing against NumPy, key by key; and the gradient of each, which counts how often an element was taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.devices.device import Device
from dualtape.errors import DualtapeError
from dualtape.testing import check_derivatives

X = np.arange(24.0).reshape(2, 3, 4) + 1
rows, columns = np.array([0, 1, 1]), np.array([2, 0, -1])
cube = X > 7
matrix = np.array([[True, False, True], [False, True, False]])

KEYS: list[Any] = [
    0, -1, (0, 1), (0, 1, 2), (0, -1, -4), (), Ellipsis, None, slice(None), slice(1, None), slice(-1, None),
    slice(None, None, -1), slice(5, 1), slice(0, 0), slice(-9, 9), (slice(None), slice(None, None, 2)),
    (slice(None), slice(2, 0, -1), slice(3, None, -2)), (slice(None), slice(None), slice(-1, -5, -3)), (Ellipsis, 0),
    (0, Ellipsis), (0, Ellipsis, 1), (Ellipsis, slice(1, 3)), (Ellipsis, None), (None, 0, None), (0, None, 1),
    (slice(None), None, 1), (Ellipsis, None, 2), (None, Ellipsis, None), [1, 0], np.array([1, 1]),
    np.array([[0, 1], [1, 0]]), np.array(1), (0, np.array(2)), np.zeros(0, np.int64), [], (rows, columns),
    (rows, slice(None), columns), (slice(None), columns), (slice(None), columns, rows),
    (slice(None), slice(None), columns), (slice(None), [0, 2], slice(1, 3)), (rows, 1), (1, columns),
    (0, slice(None), columns), (Ellipsis, columns), (rows, Ellipsis, columns), (None, rows), (rows, None, columns),
    (slice(None), rows, None), (rows[:, None], columns), (rows[:, None], columns, rows),
    (np.array([[0], [1]]), np.array([0, 2])), (rows, columns, columns), cube, matrix, np.array([True, False]),
    (0, np.array([True, False, True])), (slice(None), np.array([False, True, True])),
    (np.array([True, True]), columns[:2]), (matrix, 0),
    (slice(None), slice(None), np.array([True, False, False, True])), np.zeros((2, 3, 4), bool),
    (slice(None), slice(None, None, -1), columns), np.uint8(1), (np.int32(0), np.int64(1)),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=lambda key: repr(key).replace("\n", ""))
def test_indexing_is_numpys(key: Any) -> None:
    got = dt.Tensor(X)[key]
    np.testing.assert_array_equal(got.asnumpy(), X[key])
    counts = np.zeros(X.shape)
    np.add.at(counts, tuple(key) if isinstance(key, tuple) else key, 1)
    np.testing.assert_array_equal(dt.grad(lambda x: x[key])(dt.Tensor(X)).asnumpy(), counts)


@pytest.mark.parametrize("key", [KEYS[17], (rows, slice(None), columns), cube], ids=["slices", "integers", "mask"])
def test_indexing_in_every_mode(key: Any) -> None:
    check_derivatives(lambda x: x[key] ** 3, dt.Tensor(X / 10))


def test_indices_may_be_tensors() -> None:
    x = dt.Tensor(X)
    np.testing.assert_array_equal(x[dt.Tensor(rows), dt.Tensor(columns)].asnumpy(), X[rows, columns])
    np.testing.assert_array_equal(x[x > 7].asnumpy(), X[cube])
    np.testing.assert_array_equal(x[dt.Tensor(1)].asnumpy(), X[1])


def test_mask_may_come_from_the_differentiated_value() -> None:
    gradient = dt.grad(lambda x: (x[x > 7] ** 2).sum())(dt.Tensor(X))
    np.testing.assert_array_equal(gradient.asnumpy(), np.where(cube, 2 * X, 0))


def test_iteration_and_length() -> None:
    x = dt.Tensor(X)
    assert len(x) == 2
    np.testing.assert_array_equal(np.stack([part.asnumpy() for part in x]), X)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (2, "index 2 .*axis 0 of size 2"),
        ((0, -4), "index -4 .*axis 1 of size 3"),
        ((0, 0, 0, 0), "4 indices .*3 axes"),
        ((Ellipsis, Ellipsis), "one ellipsis"),
        (np.array([0, 2]), "index 2 is outside axis 0 of size 2"),
        (np.array([0.5]), "expected integers or bools"),
        (0.5, "0.5"),
        ("a", "'a'"),
        (True, "single bool"),
        (slice("a"), "slice"),
        (slice(None, None, 0), "slice"),
        (np.array([True, False, True]), "mask|bool|size"),
    ],
)
def test_bad_index(key: Any, text: str) -> None:
    with pytest.raises(IndexError, match=text) as caught:
        dt.Tensor(X)[key]
    assert isinstance(caught.value, DualtapeError)


def test_tensors_do_not_change_in_place() -> None:
    x = dt.Tensor(X)
    with pytest.raises(TypeError, match="do not change"):
        x[0] = 1


@pytest.mark.parametrize(("x", "y"), [(1.0, 2.0), (3, 0.5), (np.array([1.0, 2.0]), 0), ([1, 2], [3, 4]), (True, False)])
def test_where_of_no_tensors_is_on_the_device_of_its_condition(x: Any, y: Any, kind_of_device: Device) -> None:
    condition = dt.Tensor([True, False])
    with dt.device("host"):
        found = dt.ops.where(condition, x, y)
    assert found.device is kind_of_device
    np.testing.assert_array_equal(found.asnumpy(), np.where([True, False], x, y))


def test_where_takes_an_array_as_its_condition_to_the_device_of_the_others(kind_of_device: Device) -> None:
    x = dt.Tensor([1.0, 2.0])
    with dt.device("host"):
        found = [dt.ops.where(np.array([True, False]), *pair) for pair in ((x, 0.0), (0.0, x), (x, x + 1))]
    for got, expected in zip(found, ([1, 0], [0, 2], [1, 3]), strict=True):
        assert got.device is kind_of_device
        assert got.tolist() == expected
