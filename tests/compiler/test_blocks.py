"""Programs that run as a block kernel: the same numbers as eager float64, whatever is in the program."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pytree
from dualtape.devices.opencl import opencl_devices

DEVICES = [device.name for device in opencl_devices() if device.architecture.is_processor]
pytestmark = pytest.mark.skipif(not DEVICES, reason="no OpenCL device")

Case = tuple[Callable[..., Any], list[Any]]
RNG = np.random.default_rng(7)


def weights(*sizes: int) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for rows, columns in pairwise(sizes):
        found += [RNG.normal(size=(rows, columns)) / np.sqrt(rows), 0.1 * RNG.normal(size=columns)]
    return found


def network(
    layers: list[dt.Tensor], x: dt.Tensor, activation: Callable[[dt.Tensor], dt.Tensor] = ops.tanh
) -> dt.Tensor:
    for i in range(0, len(layers) - 2, 2):
        x = activation(x @ layers[i] + layers[i + 1])
    return x @ layers[-2] + layers[-1]


def points(count: int, dimensions: int = 2) -> np.ndarray:
    return RNG.uniform(-1, 1, (count, dimensions))


def burgers(activation: Callable[[dt.Tensor], dt.Tensor] = ops.tanh) -> Callable[..., dt.Tensor]:
    def loss(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        u, u_x, u_t, u_xx = dt.partials(lambda z: network(layers, z, activation), [(0, 0), (1, 0), (0, 1), (2, 0)])(x)
        return ops.square(u_t + u * u_x - 0.01 * u_xx).mean()

    return loss


def poisson(layers: list[dt.Tensor], x: dt.Tensor, source: dt.Tensor) -> dt.Tensor:
    _, laplacian = dt.laplacian(lambda z: network(layers, z))(x)
    return ops.square(laplacian[:, 0] + source).mean()


def wave(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u, u_xx, u_tt = dt.partials(lambda z: network(layers, z), [(0, 0), (2, 0), (0, 2)])(x)
    return ops.square(u_tt - u_xx + ops.sin(u)).mean()


def order(k: int) -> Callable[..., dt.Tensor]:
    def loss(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
        (derivative,) = dt.partials(lambda z: network(layers, z), [(k,)])(x)
        return ops.square(derivative).mean()

    return loss


def residual_blocks(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    def field(z: dt.Tensor) -> dt.Tensor:
        h = ops.tanh(z @ layers[0] + layers[1])
        h = h + ops.tanh(h @ layers[2] + layers[3]) * ops.sigmoid(h @ layers[4] + layers[5])
        return h @ layers[6] + layers[7]

    u, u_x = dt.partials(field, [(0, 0), (1, 0)])(x)
    return ops.square(u_x - u).sum()


def two_outputs(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    values, by_x, by_y = dt.partials(lambda z: network(layers, z), [(0, 0), (1, 0), (0, 1)])(x)
    divergence = by_x[:, 0] + by_y[:, 1]
    return ops.square(divergence).mean() + ops.square(values[:, 0] * by_y[:, 0] - values[:, 1]).mean()


def trainable_coefficient(parameters: dict[str, Any], x: dt.Tensor) -> dt.Tensor:
    u, u_t, u_xx = dt.partials(lambda z: network(parameters["layers"], z), [(0, 0), (0, 1), (2, 0)])(x)
    return ops.square(u_t - parameters["nu"] * u_xx + ops.exp(-u * u)).mean()


def choices(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u = network(layers, x)
    inside = ops.where(ops.abs(x[:, :1]) < 0.5, u, 2 * u - 1)
    return (ops.maximum(inside, 0.1 * x[:, 1:]) * ops.concat([u, x], 1).sum(1, keepdims=True)).mean()


CASES: dict[str, Case] = {
    "burgers": (burgers(), [weights(2, 7, 7, 1), points(117)]),
    "burgers, sin": (burgers(ops.sin), [weights(2, 8, 8, 1), points(64)]),
    "burgers, silu": (burgers(lambda x: x * ops.sigmoid(x)), [weights(2, 5, 5, 1), points(33)]),
    "burgers, gelu": (burgers(ops.gelu), [weights(2, 6, 6, 1), points(40)]),
    "fewer points than a tile": (burgers(), [weights(2, 6, 6, 1), points(3)]),
    "poisson, with a source": (poisson, [weights(2, 10, 10, 1), points(50), RNG.normal(size=50)]),
    "wave, wide": (wave, [weights(2, 36, 36, 1), points(70)]),
    "order 4": (order(4), [weights(1, 6, 6, 1), points(45, 1)]),
    "residual and gated": (
        residual_blocks,
        [weights(2, 6) + weights(6, 6) + weights(6, 6) + weights(6, 1), points(90)],
    ),
    "two outputs": (two_outputs, [weights(2, 9, 2), points(41)]),
    "trainable coefficient": (
        trainable_coefficient,
        [{"layers": weights(2, 6, 1), "nu": np.array(0.3)}, points(77)],
    ),
    "choices": (choices, [weights(2, 6, 1), points(55)]),
    "many directions": (poisson, [weights(12, 11, 11, 1), points(37, 12), RNG.normal(size=37)]),
    "many directions, wide": (poisson, [weights(9, 40, 40, 1), points(20, 9), RNG.normal(size=20)]),
}


def tensors(values: list[Any], dtype: Any) -> list[Any]:
    return pytree.map(lambda x: dt.Tensor(np.asarray(x, dtype.numpy)), values)


def flat(values: Any) -> list[np.ndarray]:
    return [x.asnumpy() for x in pytree.flatten(values)[0]]


def largest_error(found: Any, expected: Any) -> float:
    pairs = list(zip(flat(found), flat(expected), strict=True))
    assert all(x.shape == y.shape for x, y in pairs)
    return max(float(np.abs(x - y).max() / (np.abs(y).max() + 1e-12)) for x, y in pairs)


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
