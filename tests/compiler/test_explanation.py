"""`explain` says which way a program goes, and why."""

from __future__ import annotations

import pytest

import dualtape as dt
from dualtape import ops


def f(x: dt.Tensor) -> dt.Tensor:
    def step(c: dt.Tensor, r: dt.Tensor) -> tuple[dt.Tensor, None]:
        return ops.cond(r > 0, ops.sin, ops.cos, c), None

    return ops.scan(step, x, ops.arange(5))[0]


def test_a_program_that_is_replayed() -> None:
    text = str(dt.explain(dt.jit(f), dt.Tensor([1.0, 2.0])))
    first, way, size, *control = text.splitlines()
    assert first.startswith("jit of `f`: ")
    assert way.startswith("runs operation by operation on host")
    assert "too few" in way
    assert size == "1 input of 2 elements, 1 output of 2 elements"
    assert control == [
        "  a scan of 5 steps, 2 operations in `body`",
        "    a `cond`, 1 operation in `true` and 1 operation in `false`",
    ]


def test_a_program_in_blocks(device: dt.Device) -> None:
    if device.name == "host":
        return  # blocks are of OpenCL devices
    weight = ops.ones((3, 3))
    loss = dt.jit(lambda x: ops.tanh(x @ weight).sum(), device=device)
    explanation = dt.explain(loss, ops.ones((100, 3)))
    assert "at 100 points, block by block" in str(explanation)
    assert explanation.lowered.kernels()


def test_a_program_that_cannot_go_in_blocks() -> None:
    found = dt.explain(dt.jit(lambda x: ops.cumsum(x, 0), device="host"), ops.ones(5))
    assert "not an OpenCL device" in str(found)


def test_plans_of_derivatives() -> None:
    derivatives = dt.partials(lambda X: X[:, 0] * X[:, 1], [(1, 1)])
    assert "multi-indices" in str(dt.explain(derivatives, ops.ones((4, 2))))


def test_anything_else() -> None:
    with pytest.raises(TypeError, match="result of `jit`"):
        dt.explain(ops.sin, ops.ones(2))
