"""Many steps of training are one call of a jitted loop, with the bits of as many calls of a jitted step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, ops, optim
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl
STEPS = 7


def training(home: Any, optimizer: type[optim.Optimizer]) -> tuple[Any, dt.Tensor, dt.ParameterTuple]:
    """A step, its points, and everything that it changes."""
    dt.set_seed(5)
    net = nn.MLP(2, 1, width=8, depth=2).move_to(home)
    weights = net.trainable_params()
    update = optimizer(weights, 0.01)
    points = dt.Tensor(np.random.default_rng(1).uniform(-1, 1, (900, 2)).astype(np.float32), device=home)

    def loss(x: dt.Tensor) -> dt.Tensor:
        u, u_t, u_xx = dt.partials(net, [(0, 0), (0, 1), (2, 0)])(x)
        return ops.square(u_t - 0.1 * u_xx + u).mean()

    gradient = dt.value_and_grad(loss, None, weights)

    def step(x: dt.Tensor) -> dt.Tensor:
        value, slopes = gradient(x)
        update(slopes)
        return value

    return step, points, dt.ParameterTuple(dict.fromkeys([*weights, *update.get_parameters()]))


@pytest.mark.parametrize("optimizer", [optim.Adam, optim.SGD])
@pytest.mark.parametrize("home", ["host", *DEVICES], ids=str)
def test_a_loop_of_steps_has_the_bits_of_steps(home: Any, optimizer: type[optim.Optimizer]) -> None:
    step, points, state = training(home, optimizer)
    jitted = dt.jit(step, device=DEVICES[0] if home == "host" else home)
    losses = [jitted(points).item() for _ in range(STEPS)]
    expected = [parameter.asnumpy().tobytes() for parameter in state]

    step, points, state = training(home, optimizer)
    run = lambda x: ops.scan(lambda carry, _: (carry, step(x)), (), None, STEPS)[1]
    many = dt.jit(run, device=DEVICES[0] if home == "host" else home)
    assert "what it repeats runs" in str(dt.explain(many, points))
    assert many(points).tolist() == losses
    assert [parameter.asnumpy().tobytes() for parameter in state] == expected


def test_an_error_in_a_step_changes_nothing() -> None:
    step, points, state = training("host", optim.Adam)
    before = [parameter.asnumpy().tobytes() for parameter in state]

    def turn(i: dt.Tensor, total: dt.Tensor) -> dt.Tensor:
        return total + step(points) + points[i * 300, 0]

    with pytest.raises(IndexError, match="index 900 is outside axis 0 of size 900"):
        dt.jit(lambda: ops.fori_loop(0, 4, turn, dt.Tensor(0.0)))()
    assert [parameter.asnumpy().tobytes() for parameter in state] == before
