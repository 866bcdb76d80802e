"""Programs that need more than one kernel: several sets of points, sums that the points read again, detours."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops, pytree
from dualtape.devices.opencl import opencl_devices

DEVICES = [device.name for device in opencl_devices() if device.architecture.is_processor]
pytestmark = pytest.mark.opencl
RNG = np.random.default_rng(11)

WEIGHTS = [RNG.normal(size=(2, 8)) / 2, 0.1 * RNG.normal(size=8), RNG.normal(size=(8, 1)) / 3, np.zeros(1)]
INSIDE, EDGE, START = (RNG.uniform(-1, 1, (count, 2)) for count in (70, 19, 33))


def network(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    return ops.tanh(x @ layers[0] + layers[1]) @ layers[2] + layers[3]


def residual(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    u, u_t, u_xx = dt.partials(lambda z: network(layers, z), [(0, 0), (0, 1), (2, 0)])(x)
    return u_t + u - 0.1 * u_xx


def with_conditions(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    terms = [residual(layers, inside), network(layers, edge), network(layers, start) - ops.sin(start[:, :1])]
    return sum(ops.square(term).mean() for term in terms)


def periodic(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    jump = network(layers, edge) - network(layers, edge + 2.0)
    return ops.square(residual(layers, inside)).mean() + 10 * ops.square(jump).mean() + network(layers, start).mean()


def normalised(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    weights = ops.exp(-inside[:, 1:])
    return (weights * ops.square(residual(layers, inside))).sum() / weights.sum() / (1 + network(layers, inside).sum())


def weighted_by_size(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    size = ops.abs(residual(layers, inside))
    attention = ops.stop_gradient(size / size.mean())
    return (attention * ops.square(size)).mean() + ops.square(network(layers, edge)).mean()


def with_a_detour(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    causal = ops.exp(-0.01 * ops.cumsum(ops.square(residual(layers, inside)), 0))
    return (ops.stop_gradient(causal) * ops.square(residual(layers, inside))).mean()


def joined(layers: list[dt.Tensor], inside: dt.Tensor, edge: dt.Tensor, start: dt.Tensor) -> dt.Tensor:
    both = ops.concat([residual(layers, inside), network(layers, edge)], 0)
    return ops.square(both).mean()


LOSSES: dict[str, tuple[Callable[..., dt.Tensor], list[int]]] = {
    "conditions": (with_conditions, [19, 33, 70]),
    "periodic": (periodic, [19, 70]),
    "normalised": (normalised, [70, 70]),
    "weighted by size": (weighted_by_size, [19, 70, 70]),
    "with a detour": (with_a_detour, [70, 70]),
    "joined": (joined, [70, 70]),
}


def tensors(dtype: Any) -> list[Any]:
    values = [WEIGHTS, INSIDE, EDGE, START]
    return pytree.map(lambda x: dt.Tensor(x.astype(dtype.numpy)), values)  # type: ignore[no-any-return]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [dt.float32, dt.float64], ids=str)
@pytest.mark.parametrize("name", LOSSES)
def test_value_and_gradient(name: str, dtype: Any, device: str) -> None:
    loss, sets = LOSSES[name]
    expected, _ = pytree.flatten(dt.value_and_grad(loss)(*tensors(dt.float64)))
    jitted = dt.jit(dt.value_and_grad(loss), device=device)
    lowered = jitted.lower(*tensors(dtype))
    found = re.findall(r"at (\d+) points", lowered.explanation)
    assert sorted(map(int, found)) == sets, lowered.explanation
    for _ in range(2):
        found, _ = pytree.flatten(jitted(*tensors(dtype)))
        for x, y in zip(found, expected, strict=True):
            scale = np.abs(y.asnumpy()).max() + 1e-12
            error = np.abs(x.asnumpy() - y.asnumpy()).max() / scale
            assert error < (3e-5 if dtype is dt.float32 else 1e-12)


def test_points_that_the_function_closes_over() -> None:
    inside = dt.Tensor(INSIDE.astype(np.float32))
    layers = tensors(dt.float32)[0]
    jitted = dt.jit(dt.value_and_grad(lambda w: ops.square(residual(w, inside)).mean()), device=DEVICES[0])
    assert jitted.lower(layers).kernels(), jitted.lower(layers).explanation
    expected = dt.value_and_grad(lambda w: ops.square(residual(w, inside)).mean())(layers)
    np.testing.assert_allclose(jitted(layers)[0].asnumpy(), expected[0].asnumpy(), rtol=1e-5)


def test_a_training_step_sees_what_it_changed() -> None:
    """New values of parameters are results, and inputs of the next step."""
    w = dt.Parameter(np.ones((2, 3), np.float32))
    x = dt.Tensor(INSIDE.astype(np.float32))

    def step(x: dt.Tensor) -> dt.Tensor:
        loss, gradient = dt.value_and_grad(lambda: ops.square(ops.tanh(x @ w)).mean(), None, weights=w)()
        w.set_data(w.value() - 0.5 * gradient)
        return loss

    jitted = dt.jit(step, device=DEVICES[0])
    losses = [jitted(x).item() for _ in range(3)]
    assert losses[0] > losses[1] > losses[2]


def test_a_kernel_that_cannot_be_built_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, inside, *_ = tensors(dt.float32)
    loss = dt.jit(lambda w, x: ops.square(residual(w, x)).mean(), device=DEVICES[0])
    expected = ops.square(residual(layers, inside)).mean().item()
    monkeypatch.setattr("dualtape.compiler.blocks.emit.kernel.source", lambda name: "not OpenCL C CASES PARAMETERS")
    with pytest.warns(UserWarning, match="operation by operation on host.*cannot build"):
        assert loss(layers, inside).item() == pytest.approx(expected, rel=1e-5)
    assert loss(layers, inside).item() == pytest.approx(expected, rel=1e-5)


def test_memory_does_not_grow_with_points() -> None:
    """What a step holds beside its inputs is a few blocks of points, however many points there are."""
    device = next(device for device in dt.devices() if device.name == DEVICES[0])
    layers = tensors(dt.float32)[0]
    held = []
    for count in (1_000, 200_000):
        x = dt.Tensor(RNG.uniform(-1, 1, (count, 2)).astype(np.float32))
        before = device.memory().in_use
        step = dt.jit(dt.value_and_grad(lambda w, x: ops.square(residual(w, x)).mean()), device=DEVICES[0])
        step(layers, x)
        held.append(device.memory().in_use - before - x.asnumpy().nbytes)
    assert held[1] < 2 * held[0] < 10_000_000
