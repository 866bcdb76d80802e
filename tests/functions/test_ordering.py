"""Sorting, searching and counting: devices, `jit`, `vmap`, NaN, and what they refuse."""

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
from functions.ordering_cases import CASES

# The others need the numbers.
STATIC = [name for name in CASES if name not in ("nonzero", "masked_select", "unique", "bincount", "associative_scan")]


def call(name: str, *args: Any) -> list[dt.Tensor]:
    outputs = getattr(ops, name)(*args, **CASES[name][0].kwargs)
    return [x for x in pytree.leaves(outputs) if isinstance(x, dt.Tensor)]


@pytest.mark.parametrize("name", STATIC)
def test_jit_gives_the_same_on_a_device(name: str, kind_of_device: Device) -> None:
    args = convert(CASES[name][0].args, np.float32)
    for got, want in zip(dt.jit(lambda *x: tuple(call(name, *x)))(*args), call(name, *args), strict=True):
        assert got.device is kind_of_device
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in STATIC if name != "histogram"])
def test_vmap_is_a_loop(name: str) -> None:
    first, *rest = convert(CASES[name][0].args, np.float64)
    several = ops.stack([first, first * first])
    mapped = dt.vmap(lambda x: tuple(call(name, x, *rest)))(several)
    for i in range(2):
        for got, want in zip(mapped, call(name, several[i], *rest), strict=True):
            np.testing.assert_allclose(got.asnumpy()[i], want.asnumpy(), rtol=1e-14)


def test_a_histogram_of_each_example() -> None:
    x = np.random.default_rng(0).normal(size=(3, 20))
    mapped = dt.vmap(lambda row: ops.histogram(row, 5).hist)(dt.Tensor(x)).asnumpy()
    np.testing.assert_array_equal(mapped, [np.histogram(row, 5)[0] for row in x])


def test_counts_inside_jit_have_a_length() -> None:
    count = dt.jit(lambda x: ops.bincount(x, length=4))
    np.testing.assert_array_equal(count(dt.Tensor([0, 3, 3])).asnumpy(), [1, 0, 0, 2])
    with pytest.raises(DualtapeError, match="outside"):
        count(dt.Tensor([0, 4]))
    with pytest.raises(DualtapeError, match="outside"):
        ops.bincount(dt.Tensor([0, -1]), length=4)


def test_nan_is_the_largest_and_makes_quantiles_nan() -> None:
    x = np.array([[2.0, np.nan, 1.0], [3.0, 1.0, 2.0]])
    np.testing.assert_array_equal(ops.sort(dt.Tensor(x)).values.asnumpy(), np.sort(x))
    np.testing.assert_array_equal(ops.topk(dt.Tensor(x), 2).values.asnumpy(), [[np.nan, 2.0], [3.0, 2.0]])
    np.testing.assert_array_equal(ops.median(dt.Tensor(x), axis=1).asnumpy(), [np.nan, 2.0])
    np.testing.assert_array_equal(ops.cummax(dt.Tensor(x), 1).values.asnumpy(), np.maximum.accumulate(x, 1))
    np.testing.assert_array_equal(dt.grad(lambda t: ops.median(t[1]))(dt.Tensor(x)).asnumpy()[1], [0, 0, 1])


def test_equal_elements_keep_their_own_derivative() -> None:
    x = dt.Tensor([2.0, 1.0, 2.0, 1.0])
    np.testing.assert_array_equal(dt.grad(lambda t: ops.sort(t).values[0])(x).asnumpy(), [0, 1, 0, 0])
    np.testing.assert_array_equal(dt.grad(lambda t: ops.topk(t, 1).values[0])(x).asnumpy(), [1, 0, 0, 0])
    np.testing.assert_array_equal(dt.grad(lambda t: ops.cummax(t, 0).values[3])(x).asnumpy(), [0, 0, 1, 0])
    np.testing.assert_array_equal(dt.grad(lambda t: ops.unique(t).sum())(x).asnumpy(), [1, 1, 0, 0])


def test_running_sums_of_exponentials_far_out() -> None:
    x = dt.Tensor(np.array([-np.inf, -np.inf, 700.0, 800.0, np.inf]))
    with np.errstate(invalid="ignore"):
        expected = [-np.inf, -np.inf, 700.0, 800.0, np.inf]
    np.testing.assert_array_equal(ops.logcumsumexp(x, 0).asnumpy(), expected)
    slope = dt.grad(lambda t: ops.logcumsumexp(t, 0)[:4].sum())(x).asnumpy()
    np.testing.assert_allclose(slope, [1, 0, 1, 1, 0], atol=1e-15)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 13])
@pytest.mark.parametrize("reverse", [False, True])
def test_scan_of_an_operation_that_does_not_commute(size: int, reverse: bool) -> None:
    """Affine maps, one after another."""
    numbers = np.random.default_rng(size).normal(size=(2, size, 2))

    def after(f: Any, g: Any) -> Any:
        return f[0] * g[0], g[0] * f[1] + g[1]

    found = ops.associative_scan(after, (dt.Tensor(numbers[0]), dt.Tensor(numbers[1])), reverse=reverse)
    maps = [(numbers[0, i], numbers[1, i]) for i in range(size)]
    running: list[Any] = []
    for one in maps[::-1] if reverse else maps:
        running.append(one if not running else after(running[-1], one))
    running = running[::-1] if reverse else running
    for k in range(2):
        expected = np.array([x[k] for x in running]).reshape(size, 2)
        np.testing.assert_allclose(found[k].asnumpy(), expected, rtol=1e-12)


def test_scan_along_another_axis_has_derivatives() -> None:
    x = dt.Tensor(np.random.default_rng(0).uniform(0.5, 1.5, (2, 5)))
    dt.testing.check_derivatives(lambda t: ops.associative_scan(lambda a, b: a * b, t, axis=1), x)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: ops.sort(x[0, 0]), "one axis or more"),
        (lambda x: ops.topk(x, 5), "from 0 to 4"),
        (lambda x: ops.take_along_axis(x, dt.Tensor([1])), "number of axes"),
        (lambda x: ops.take_along_axis(x, dt.Tensor([[4]]), 1), "outside axis 1 of size 4"),
        (lambda x: ops.take_along_axis(x, x), "integers"),
        (lambda x: ops.searchsorted(x, x[0]), "leading axes"),
        (lambda x: ops.searchsorted(x[0], x, side="middle"), "'middle'"),
        (lambda x: ops.quantile(x, 1.5), "from 0 to 1"),
        (lambda x: ops.quantile(x, 0.5, method="other"), "'other'"),
        (lambda x: ops.median(x[:0]), "no elements"),
        (lambda x: ops.histogram(x, 0), "positive"),
        (lambda x: ops.histogram(x, 3, (1.0, 1.0)), "rising"),
        (lambda x: ops.bincount(x[0]), "vector of integers"),
        (lambda x: ops.masked_select(x, x), "Bools"),
        (lambda x: dt.jit(ops.nonzero)(x), "nonzero|numbers"),
        (lambda x: ops.associative_scan(lambda a, b: a[:, :1], x), "expected the same"),
        (lambda x: ops.associative_scan(1, x), "function"),
    ],
)
def test_what_it_refuses_is_named(wrong: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(DualtapeError, match=words):
        wrong(dt.Tensor(np.arange(12.0).reshape(3, 4)))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searching_tells_the_sides_of_equal_elements(side: str) -> None:
    rows = np.array([[1.0, 2.0, 2.0, 5.0], [0.0, 0.0, 3.0, 3.0]])
    values = np.array([[2.0, 0.0, 5.0], [3.0, 6.0, -1.0]])
    got = ops.searchsorted(dt.Tensor(rows), dt.Tensor(values), side=side).asnumpy()
    np.testing.assert_array_equal(got, [np.searchsorted(r, v, side) for r, v in zip(rows, values, strict=True)])
    got = ops.searchsorted(dt.Tensor(rows[0]), dt.Tensor(values), side=side).asnumpy()
    np.testing.assert_array_equal(got, np.searchsorted(rows[0], values, side))


def test_running_extrema_are_numpys() -> None:
    x = np.array([[2.0, -1.0, 2.0, 3.0, -4.0], [0.5, np.nan, 7.0, -8.0, 0.0]])
    for name, numpy in (("cummax", np.maximum), ("cummin", np.minimum)):
        values, places = getattr(ops, name)(dt.Tensor(x), 1)
        np.testing.assert_array_equal(values.asnumpy(), numpy.accumulate(x, axis=1))
        np.testing.assert_array_equal(np.take_along_axis(x, places.asnumpy().astype(int), 1), values.asnumpy())
