"""Layers that repeat are written, and called, once: the time to build a kernel does not grow with depth."""

from __future__ import annotations

import re

import numpy as np
import pytest

import dualtape as dt
from devices.architectures import with_work_items
from dualtape import nn, ops
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl
X = dt.Tensor(np.random.default_rng(0).uniform(-1, 1, (300, 2)).astype(np.float32))


def residual_loss(depth: int, device: dt.Device) -> tuple[dt.Jitted, dt.Tensor]:
    dt.set_seed(0)
    net = nn.MLP(2, 1, width=8, depth=depth)

    def loss(x: dt.Tensor) -> dt.Tensor:
        u, slope, curvature = dt.partials(net, [(0, 0), (1, 0), (0, 2)])(x)
        return ops.mean((slope + u * curvature) ** 2)

    step = dt.value_and_grad(loss, None, net.trainable_params())
    return dt.jit(step, device=device), step(X)


def calls(source: str) -> list[str]:
    """The names of functions of steps and of loops, each as often as it is written or called."""
    return re.findall(r"dt_[fn]\d+(?=\()", source)


@pytest.mark.parametrize("depth", [3, 12])
def test_each_function_is_called_in_one_place(depth: int) -> None:
    jitted, _ = residual_loss(depth, DEVICES[0])
    for table in jitted.lower(X).kernels().split("switch (at[0])")[1:]:
        called = re.findall(r"case \d+: (dt_[fn]\d+)\(", table)
        assert called == list(dict.fromkeys(called)) != []


def test_functions_are_as_many_for_any_depth() -> None:
    counts = {len(calls(residual_loss(depth, DEVICES[0])[0].lower(X).kernels())) for depth in (4, 8, 16)}
    assert len(counts) == 1


def test_steps_that_differ_in_where_values_lie_are_one_function() -> None:
    """The first layer keeps less than those behind it, so that what a layer reads lies elsewhere."""
    dt.set_seed(0)
    net = nn.MLP(2, 1, width=8, depth=4)
    step = dt.value_and_grad(lambda x: ops.mean(dt.laplacian(net)(x)[1] ** 2), None, net.trainable_params())
    source = dt.jit(step, device=DEVICES[0]).lower(X).kernels()
    functions = re.findall(r"^static DT_WIDE void dt_f\d+(\(.*?^})", source, re.DOTALL | re.MULTILINE)
    without_distances = [re.sub(r"^enum .*|const int d\d+", "", text, flags=re.MULTILINE) for text in functions]
    assert len(set(without_distances)) == len(functions) > 8


@pytest.mark.parametrize("work_items", [None, 4])
def test_a_deep_network_is_that_of_single_operations(work_items: int | None) -> None:
    device = DEVICES[0] if work_items is None else with_work_items(DEVICES[0], work_items)
    jitted, (value, gradients) = residual_loss(20, device)
    found, slopes = jitted(X)
    np.testing.assert_allclose(found.asnumpy(), value.asnumpy(), rtol=1e-5)
    for slope, expected in zip(slopes, gradients, strict=True):
        largest = np.abs(expected.asnumpy()).max()
        np.testing.assert_allclose(slope.asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-5 * largest)


def test_a_chain_of_very_many_operations_is_several_loops() -> None:
    def chain(x: dt.Tensor) -> dt.Tensor:
        y = x
        for _ in range(60):
            y = ops.sin(y) + x
        return ops.sum(y)

    jitted = dt.jit(dt.value_and_grad(chain), device=DEVICES[0])
    names = set(calls(jitted.lower(X).kernels()))
    assert len(names) > 4
    value, slope = jitted(X)
    expected, along = dt.value_and_grad(chain)(X)
    np.testing.assert_allclose(value.asnumpy(), expected.asnumpy(), rtol=1e-6)
    np.testing.assert_allclose(slope.asnumpy(), along.asnumpy(), rtol=1e-4, atol=1e-6)
