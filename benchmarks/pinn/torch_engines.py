"""PyTorch's training step: nested reverse mode, as most codes have it, and `torch.func`, compiled or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from pinn.workloads import Arrays, Functions, Problem, Step, from_towers, network

FUNCTIONS = Functions(
    torch.sin, torch.tanh, lambda x: x * torch.sigmoid(x), lambda x: 0.5 * x * (1 + torch.erf(x * 0.5**0.5))
)
MANY = 10
"""Directions from which on `torch.func` takes the trace of Hessians, not a loop."""


def _step(
    problem: Problem,
    derivatives: Callable[[Any, Any], list[Any]],
    transform: Callable[[Callable[..., Any]], Callable[..., Any]] = lambda fn: fn,
) -> Step:
    workload = problem.workload
    weights = [torch.tensor(w, requires_grad=True) for w in problem.weights]
    points, source = torch.tensor(problem.points), torch.tensor(problem.source)

    def loss(weights: Any, points: Any, source: Any) -> Any:
        values = derivatives(lambda x: network(workload, FUNCTIONS, weights, x), points)
        return sum(torch.mean(torch.square(r)) for r in workload.residuals(FUNCTIONS, source, *values))

    loss = transform(loss)

    def step() -> tuple[float, Arrays]:
        value = loss(weights, points, source)
        gradient = torch.autograd.grad(value, weights, allow_unused=True)
        found = [
            np.zeros_like(w) if g is None else g.cpu().numpy() for g, w in zip(gradient, problem.weights, strict=True)
        ]
        return value.item(), found

    return step


def nested_grad(problem: Problem) -> Step:
    """Reverse mode of reverse mode; a gradient is computed once and used for all axes."""

    def derivatives(field: Any, points: Any) -> list[Any]:
        at = points.detach().requires_grad_(True)
        outputs = field(at)
        gradients: dict[tuple[int, ...], Any] = {}

        def slope(output: int, path: tuple[int, ...]) -> Any:
            if not path:
                return outputs[:, output]
            key = (output, *path[:-1])
            if key not in gradients:
                inner = slope(output, path[:-1])
                gradients[key] = torch.autograd.grad(inner.sum(), at, create_graph=True)[0]
            return gradients[key][:, path[-1]]

        def tower(axis: int, order: int) -> Sequence[Any]:
            columns = range(outputs.shape[1])
            return [torch.stack([slope(o, (axis,) * k) for o in columns], 1) for k in range(order + 1)]

        found = from_towers(problem.workload, tower)
        gradients.clear()
        return found

    return _step(problem, derivatives)


def functional(problem: Problem) -> Step:
    """Forward mode of forward mode; for Laplacians in many dimensions the trace of the Hessian at each point."""
    return _step(problem, _forward_mode(problem))


def compiled(problem: Problem) -> Step:
    """The same, compiled by inductor: the reverse mode by the weights, too."""
    return _step(problem, _forward_mode(problem), lambda loss: torch.compile(loss, fullgraph=True))


def _forward_mode(problem: Problem) -> Callable[[Any, Any], list[Any]]:

    def derivatives(field: Any, points: Any) -> list[Any]:
        dimensions = points.shape[1]
        if isinstance(problem.workload.derivatives, str) and dimensions >= MANY:
            hessian = torch.func.hessian(lambda x: field(x)[0])
            return [torch.vmap(lambda x: torch.diagonal(hessian(x)).sum(0, keepdim=True))(points)]
        basis = torch.eye(dimensions, dtype=points.dtype, device=points.device)
        return from_towers(problem.workload, lambda axis, k: _tower(field, points, basis[axis].expand_as(points), k))

    return derivatives


def _tower(field: Any, points: Any, direction: Any, order: int) -> Sequence[Any]:
    def longer(below: Any) -> Any:
        def with_slope(z: Any) -> Any:
            values, slopes = torch.func.jvp(below, (z,), (direction,))
            return (*values, slopes[-1])

        return with_slope

    tower: Any = lambda z: (field(z),)
    for _ in range(order):
        tower = longer(tower)
    return tower(points)  # type: ignore[no-any-return]
