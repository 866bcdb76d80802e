"""Reverse mode through n steps keeps about sqrt(n) carries, and a replayed program frees what it has read."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.replay import replayed
from dualtape.devices.host import Host

SIZE = 1000


class Watching(Host):
    """A host that counts the elements that are alive in what it has computed."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "watching"
        self.alive = self.most = 0

    def execute(self, primitive: Any, operands: Any, params: dict[str, Any]) -> np.ndarray:
        result = super().execute(primitive, operands, params)
        if result.base is not None:
            result = result.copy()
        self.alive += result.size
        self.most = max(self.most, self.alive)
        weakref.finalize(result, self._died, result.size)
        return result

    def _died(self, size: int) -> None:
        self.alive -= size


def walk(x: dt.Tensor, length: int) -> dt.Tensor:
    return ops.fori_loop(0, length, lambda i, y: ops.sin(y) * x, x).sum()


def carries_alive_in_jit(length: int, order: int) -> float:
    f = lambda x: walk(x, length)
    for _ in range(order):
        f = (lambda g: lambda x: dt.grad(g)(x).sum())(f)
    x = dt.Tensor(np.linspace(0, 1, SIZE))
    program = dt.jit(f, device="host").lower(x).optimised
    device = Watching()
    (found,) = replayed(program, device)([device.put(x.asnumpy())])
    np.testing.assert_allclose(found.asnumpy(), f(x).asnumpy(), rtol=1e-9)
    return device.most / SIZE


@pytest.mark.parametrize("order", [1, 2])
def test_inside_jit(order: int) -> None:
    """Stacks live twice while they are made: four times sqrt(n), and again so for each order."""
    for length in (100, 400, 1600):
        assert carries_alive_in_jit(length, order) < order * 6 * np.sqrt(length) + 40


def test_a_jitted_value_needs_no_memory_for_the_steps() -> None:
    assert carries_alive_in_jit(1600, 0) < 10


def test_outside_jit() -> None:
    for length in (100, 400, 1600):
        device = Watching()
        # A tensor there by hand: the device is in no list of devices.
        x = dt.Tensor(np.linspace(0, 1, SIZE))
        x.device_ = device
        found = dt.grad(lambda x, n=length: walk(x, n))(x)
        np.testing.assert_allclose(found.asnumpy(), dt.grad(lambda x, n=length: walk(x, n))(dt.Tensor(x.asnumpy())))
        assert device.most / SIZE < 8 * np.sqrt(length) + 40
