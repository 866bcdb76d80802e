"""This library's training step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dualtape as dt
from pinn.workloads import Arrays, Functions, Problem, Step, network

FUNCTIONS = Functions(dt.ops.sin, dt.ops.tanh, dt.ops.silu, dt.ops.gelu)


def value_and_gradient(problem: Problem) -> Callable[..., Any]:
    """From weights, points and source to loss and gradient, not compiled."""
    workload = problem.workload

    def loss(weights: list[dt.Tensor], points: dt.Tensor, source: dt.Tensor) -> dt.Tensor:
        def field(x: dt.Tensor) -> dt.Tensor:
            found: dt.Tensor = network(workload, FUNCTIONS, weights, x)
            return found

        if isinstance(workload.derivatives, str):
            values = [dt.laplacian(field)(points)[1]]
        else:
            values = list(dt.partials(field, list(workload.derivatives))(points))
        residuals = workload.residuals(FUNCTIONS, source, *values)
        return sum((dt.ops.square(r).mean() for r in residuals[1:]), start=dt.ops.square(residuals[0]).mean())

    return dt.value_and_grad(loss)


def tensors(problem: Problem) -> tuple[list[dt.Tensor], dt.Tensor, dt.Tensor]:
    return [dt.Tensor(w) for w in problem.weights], dt.Tensor(problem.points), dt.Tensor(problem.source)


def _step(fn: Callable[..., Any], problem: Problem) -> Step:
    given = tensors(problem)

    def step() -> tuple[float, Arrays]:
        value, gradient = fn(*given)
        return value.item(), [g.asnumpy() for g in gradient]

    return step


def jitted(problem: Problem) -> Step:
    return _step(dt.jit(value_and_gradient(problem)), problem)


def eager(problem: Problem) -> Step:
    """Operation by operation on the host, without a compiler: the reference."""
    return _step(value_and_gradient(problem), problem)


def explanation(problem: Problem) -> str:
    return dt.jit(value_and_gradient(problem)).lower(*tensors(problem)).explanation


def pool_bytes() -> int:
    """The most that was in use of the memory of OpenCL devices."""
    from dualtape.devices.opencl import opencl_devices

    return sum(device.memory().peak for device in opencl_devices())
