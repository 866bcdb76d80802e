"""Programs that run as a block kernel: the same numbers as eager float64, whatever is in the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from compiler.losses import CASES, RNG, flat, largest_error, network, points, tensors, weights
from dualtape import ops, pytree
from dualtape.devices.opencl import opencl_devices

DEVICES = [device.name for device in opencl_devices() if device.architecture.is_processor]
pytestmark = pytest.mark.opencl


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_in_float32(name: str, device: str) -> None:
    loss, values = CASES[name]
    expected = dt.value_and_grad(loss)(*tensors(values, dt.float64))
    jitted = dt.jit(dt.value_and_grad(loss), device=device)
    arguments = tensors(values, dt.float32)
    assert jitted.lower(*arguments).explanation.startswith("runs ")
    assert jitted.lower(*arguments).kernels(), jitted.lower(*arguments).explanation
    first = jitted(*arguments)
    assert largest_error(first, expected) < 2e-5
    for x, y in zip(flat(first), flat(jitted(*arguments)), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["burgers", "poisson, with a source", "wave, wide", "choices", "many directions"])
def test_value_and_gradient_in_float64(name: str, device: str) -> None:
    loss, values = CASES[name]
    arguments = tensors(values, dt.float64)
    jitted = dt.jit(dt.value_and_grad(loss), device=device)
    assert jitted.lower(*arguments).kernels()
    assert largest_error(jitted(*arguments), dt.value_and_grad(loss)(*arguments)) < 1e-12


def test_what_is_chosen_for_many_directions_is_explained() -> None:
    for name, expected in (("many directions, wide", True), ("many directions", False)):
        loss, values = CASES[name]
        jitted = dt.jit(dt.value_and_grad(loss), device=DEVICES[0])
        found = jitted.lower(*tensors(values, dt.float32)).explanation
        assert ("; sums over points and directions with features on the lanes: 2; " in str(found)) is expected


def test_results_at_the_points() -> None:
    layers, x = tensors([weights(2, 6, 3), points(50)], dt.float32)

    def fields(layers: list[dt.Tensor], x: dt.Tensor) -> Any:
        u, u_x = dt.partials(lambda z: network(layers, z), [(0, 0), (1, 0)])(x)
        return u, u_x.T, u > 0, (u * u).sum()

    jitted = dt.jit(fields, device=DEVICES[0])
    assert jitted.lower(layers, x).kernels()
    found, expected = jitted(layers, x), fields(layers, x)
    assert found[2].dtype is dt.bool_
    for a, b in zip(flat(found), flat(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_inputs_on_the_device_stay_there() -> None:
    loss, values = CASES["two outputs"]
    expected = dt.value_and_grad(loss)(*tensors(values, dt.float64))
    with dt.device(DEVICES[0]):
        arguments = tensors(values, dt.float32)
        jitted = dt.jit(dt.value_and_grad(loss), device=DEVICES[0])
        found = jitted(*arguments)
        assert jitted.lower(*arguments).kernels()
    assert found[0].device.name == DEVICES[0]
    assert largest_error(found, expected) < 2e-5


def test_new_values_of_inputs_are_seen() -> None:
    loss, values = CASES["two outputs"]
    jitted = dt.jit(loss, device=DEVICES[0])
    for factor in (1.0, 0.5):
        scaled = tensors(pytree.map(lambda x, factor=factor: factor * x, values), dt.float32)
        np.testing.assert_allclose(jitted(*scaled).item(), loss(*scaled).item(), rtol=1e-5)


def test_inputs_handed_through_need_no_kernel_type() -> None:
    x, labels = dt.Tensor(points(30).astype(np.float32)), dt.Tensor(np.arange(30))
    jitted = dt.jit(lambda x, labels: (ops.exp(x).sum(), labels), device=DEVICES[0])
    assert jitted.lower(x, labels).kernels()
    np.testing.assert_array_equal(jitted(x, labels)[1].asnumpy(), np.arange(30))


def test_zero_wins_over_infinity() -> None:
    def loss(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        return ops.where(x > 0, ops.sqrt(x) * w, 0.0).sum()

    x = dt.Tensor(np.linspace(-1, 1, 41, dtype=np.float32).reshape(41, 1))
    w = dt.Tensor(np.ones((1, 3), np.float32))
    step = dt.grad(loss, (0, 1))
    jitted = dt.jit(step, device=DEVICES[0])
    assert jitted.lower(w, x).kernels()
    for a, b in zip(flat(jitted(w, x)), flat(step(w, x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@pytest.mark.parametrize("home", ["host", "opencl:0"])
def test_zero_wins_over_infinity_in_results_at_the_points(home: str) -> None:
    """No sum over the points is asked for, and one point in the middle needs products in which zero wins."""
    values = np.linspace(-1.0, 1.0, 3001, dtype=np.float32)
    values[1500] = 0
    slopes = dt.vmap(dt.grad(lambda x: ops.where(x > 0, ops.sqrt(x) * ops.exp(x), x) + ops.tanh(x) ** 2))
    x = dt.Tensor(values)
    found = dt.jit(slopes, device="opencl:0")(x.to(home)).asnumpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, slopes(x).asnumpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("reason", "function"),
    [
        ("cumsum", lambda w, x: ops.sqrt(ops.square(ops.cumsum(x, 0)).sum())),
        ("Int32", lambda w, x: x.astype(dt.int32).sum()),
        ("reorders", lambda w, x: ops.flip(x, 0)),
    ],
)
def test_what_is_not_blockable_is_replayed_and_says_why(reason: str, function: Callable[..., dt.Tensor]) -> None:
    w, x = tensors([RNG.normal(size=(2, 3)), points(30)], dt.float32)
    jitted = dt.jit(function, device=DEVICES[0])
    lowered = jitted.lower(w, x)
    assert not lowered.kernels()
    assert reason in lowered.explanation
    np.testing.assert_array_equal(jitted(w, x).asnumpy(), function(w, x).asnumpy())


def test_small_programs_are_replayed_unless_a_device_is_named() -> None:
    loss, values = CASES["two outputs"]
    assert "too few" in dt.jit(loss).lower(*tensors(values, dt.float32)).explanation
    assert not dt.jit(loss, device="host").lower(*tensors(values, dt.float32)).kernels()


def test_nothing_at_each_point_is_no_kernel() -> None:
    """A product without rows or without columns is left to the equations."""
    x = dt.Tensor(points(9).astype(np.float32))
    nothing, inner = dt.ops.zeros((2, 0)), dt.ops.zeros((0, 3))
    wide = dt.jit(lambda x: ops.tanh(x @ nothing) + x[:, :0], device=DEVICES[0])(x)
    assert wide.shape == (9, 0)
    sums = dt.jit(lambda x: (ops.exp(x), ops.tanh(x @ nothing) @ inner), device=DEVICES[0])(x)
    np.testing.assert_array_equal(sums[1].asnumpy(), np.zeros((9, 3)))
