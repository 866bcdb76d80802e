"""JAX's training step: nested forward mode, Taylor mode, and folx; reverse mode by the weights outside, all jitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from pinn.workloads import Arrays, Functions, Problem, Step, from_towers, network

FUNCTIONS = Functions(jnp.sin, jnp.tanh, jax.nn.silu, lambda x: jax.nn.gelu(x, approximate=False))
MANY = 10
"""Directions from which on a Laplacian is a vmap over directions, not a loop."""

Tower = Callable[[Any, Any, Any, int], Sequence[Any]]
"""From a field, points, a direction at each of them and k to the derivatives of orders 0 to k along it."""


def nested(field: Any, points: Any, direction: Any, order: int) -> Sequence[Any]:
    """The derivatives of orders 0 to ``order`` along a direction, by a forward mode of the forward mode."""

    def longer(below: Any) -> Any:
        def with_slope(z: Any) -> Any:
            values, slopes = jax.jvp(below, (z,), (direction,))
            return (*values, slopes[-1])

        return with_slope

    tower: Any = lambda z: (field(z),)
    for _ in range(order):
        tower = longer(tower)
    return tower(points)  # type: ignore[no-any-return]


def _taylor(field: Any, points: Any, direction: Any, order: int) -> Sequence[Any]:
    from jax.experimental.jet import jet

    value, series = jet(field, (points,), ([direction, *[jnp.zeros_like(direction)] * (order - 1)],))
    return [value, *series]


def _step(problem: Problem, derivatives: Callable[[Any, Any], list[Any]]) -> Step:
    workload = problem.workload

    def loss(weights: Any, points: Any, source: Any) -> Any:
        values = derivatives(lambda x: network(workload, FUNCTIONS, weights, x), points)
        return sum(jnp.mean(jnp.square(r)) for r in workload.residuals(FUNCTIONS, source, *values))

    fn = jax.jit(jax.value_and_grad(loss))
    given = [jnp.asarray(w) for w in problem.weights], jnp.asarray(problem.points), jnp.asarray(problem.source)

    def step() -> tuple[float, Arrays]:
        value, gradient = fn(*given)
        return float(value), [np.asarray(g) for g in gradient]

    return step


def _by_towers(tower: Tower) -> Callable[[Problem], Step]:
    def engine(problem: Problem) -> Step:
        workload = problem.workload

        def derivatives(field: Any, points: Any) -> list[Any]:
            def along(direction: Any, order: int) -> Sequence[Any]:
                return tower(field, points, jnp.broadcast_to(direction, points.shape), order)

            basis = jnp.eye(workload.sizes[0], dtype=points.dtype)
            if isinstance(workload.derivatives, str) and len(basis) >= MANY:
                return [jax.vmap(lambda direction: along(direction, 2)[2])(basis).sum(0)]
            return from_towers(workload, lambda axis, order: along(basis[axis], order))

        return _step(problem, derivatives)

    return engine


nested_jvp = _by_towers(nested)
taylor_mode = _by_towers(_taylor)


def folx_laplacian(problem: Problem) -> Step:
    from folx import forward_laplacian

    if not isinstance(problem.workload.derivatives, str):
        raise NotImplementedError("folx computes Laplacians only")
    return _step(problem, lambda field, x: [jax.vmap(lambda p: forward_laplacian(field)(p).laplacian)(x)])
