"""`eval_shape`: shapes and element types of what a function returns, with nothing computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.devices.device import Device
from dualtape.errors import TracingError


def test_containers_keep_their_structure_and_what_is_no_tensor(device: Device) -> None:
    found = dt.eval_shape(lambda x, n: {"y": (x @ x.T, n), "z": [x.sum()]}, dt.ops.ones((3, 2)), 4)
    assert found == {"y": (dt.Spec((3, 3), dt.float32), 4), "z": [dt.Spec((), dt.float32)]}


def test_no_kernel_runs_and_parameters_keep_their_values(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = dt.Parameter(dt.Tensor([1.0]))
    x = dt.ops.ones(5)

    def fn(x: dt.Tensor) -> dt.Tensor:
        counter.set_data(counter + 1)
        return dt.grad(lambda x: (dt.ops.tanh(x) * counter).sum())(x)

    if device.name != "host":
        monkeypatch.setattr(type(device), "execute", lambda *_: pytest.fail("a kernel ran"))
    assert dt.eval_shape(fn, x) == dt.Spec((5,), dt.float32)
    monkeypatch.undo()
    assert counter.asnumpy() == 1


def test_arrays_are_tensors() -> None:
    assert dt.eval_shape(lambda x: x * 2, np.ones((2, 3))) == dt.Spec((2, 3), dt.float64)


def test_a_function_that_asks_for_numbers_is_refused() -> None:
    with pytest.raises(TracingError, match="no numbers yet"):
        dt.eval_shape(lambda x: x if x.sum() > 0 else -x, dt.ops.ones(2))


def test_inside_another_transformation_it_gives_the_same() -> None:
    found = []

    def fn(x: dt.Tensor) -> dt.Tensor:
        found.append(dt.eval_shape(lambda y: dt.ops.stack([y, y]), x))
        return (x * x).sum()

    dt.grad(fn)(dt.ops.ones(3))
    dt.jit(fn)(dt.ops.ones(3))
    assert found == [dt.Spec((2, 3), dt.float32)] * 2


@pytest.mark.parametrize("around", [dt.jit, lambda fn: dt.value_and_grad(lambda x: fn(x).sum()), dt.vmap])
def test_inside_another_transformation_it_sets_nothing(around: Callable[..., Any]) -> None:
    p = dt.Parameter(dt.Tensor([1.0, 1.0]))

    def setting(x: dt.Tensor) -> dt.Tensor:
        p.set_data(p.value() + 1)
        return x * p

    def fn(x: dt.Tensor) -> dt.Tensor:
        assert dt.eval_shape(setting, x).shape == (2,)
        return x * p.value().sum()

    around(fn)(dt.ops.ones(2))
    np.testing.assert_array_equal(p.asnumpy(), [1, 1])


def test_an_error_of_the_function_comes_through() -> None:
    with pytest.raises(dt.errors.ShapeError, match="matmul"):
        dt.eval_shape(lambda x, y: x @ y, dt.ops.ones((2, 3)), dt.ops.ones((2, 3)))


def test_while_a_function_is_traced_no_kernel_is_built_for_its_constants(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = dt.Tensor([1.0, 2.0, 4.0])
    if device.name != "host":
        monkeypatch.setattr(type(device), "execute", lambda *_: pytest.fail("a kernel would have been built"))
    program = dt.jit(lambda x: x + (row * 0.5)[1:]).lower(dt.Tensor([1.0, 2.0])).program
    assert [equation.primitive.name for equation in program.equations] == ["add"]
    monkeypatch.undo()
    found = dt.jit(lambda x: x + (row * 0.5)[1:])(dt.Tensor([1.0, 2.0]))
    np.testing.assert_allclose(found.asnumpy(), [2.0, 4.0], rtol=1e-6)
    assert found.device is device
