"""The same in JAX with optax: nested forward mode for the equation, reverse mode by the weights, all jitted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax
from pinn.jax_engines import nested

from training.rows import ADAM, DECAY_STEPS, GRADIENT, LEARNING_RATE, LOOP, Row

Weights = list[tuple[Any, Any]]
VISCOSITY = 0.01 / jnp.pi


def _network(weights: Weights, points: Any) -> Any:
    # Time runs from 0 to 1, and the network is given coordinates from -1 to 1.
    x = points * jnp.array([1, 2], points.dtype) - jnp.array([0, 1], points.dtype)
    for matrix, bias in weights[:-1]:
        x = jnp.tanh(x @ matrix.T + bias)
    matrix, bias = weights[-1]
    return x @ matrix.T + bias


def _loss(weights: Weights, inside: Any, start: Any, ends: Any) -> Any:
    field = lambda points: _network(weights, points)
    along = lambda axis, order: nested(field, inside, jnp.zeros_like(inside).at[:, axis].set(1), order)
    u, u_x, u_xx = along(0, 2)
    u_t = along(1, 1)[1]
    equation = u_t + u * u_x - VISCOSITY * u_xx
    initial = field(start) + jnp.sin(jnp.pi * start[:, :1])
    mean = lambda residual: jnp.mean(jnp.square(residual))
    return mean(equation) + 10 * mean(initial) + 10 * mean(field(ends))


class Steps:
    """The rows of JAX, from the points and first weights of a run of this library."""

    def __init__(self, points: int) -> None:
        from training.dualtape_steps import training

        given = training(points, "host")
        arrays = [jnp.asarray(parameter.asnumpy()) for parameter in given.parameters]
        self._weights = list(zip(arrays[::2], arrays[1::2], strict=True))
        self._batches = tuple(jnp.asarray(batch["points"].asnumpy()) for batch in given.batches)
        self._optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, DECAY_STEPS, alpha=1 / 20))
        self._value_and_grad = jax.value_and_grad(_loss)

    def _step(self, state: Any, batches: Any) -> tuple[Any, Any]:
        weights, moments = state
        loss, gradient = self._value_and_grad(weights, *batches)
        updates, moments = self._optimizer.update(gradient, moments)
        return (optax.apply_updates(weights, updates), moments), loss

    def _trained(self, compiled: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[], float]:
        state = self._weights, self._optimizer.init(self._weights)

        def step() -> float:
            nonlocal state
            state, loss = jax.block_until_ready(compiled(state, self._batches))
            return float(loss)

        return step

    def adam(self) -> Row:
        """Loss, gradient and update as one program."""
        return Row("jax", ADAM, self._trained(jax.jit(self._step)))

    def gradient(self) -> Row:
        """The loss and its gradient, at weights that stay."""
        compiled = jax.jit(self._value_and_grad)
        step = lambda: float(jax.block_until_ready(compiled(self._weights, *self._batches))[0])
        return Row("jax", GRADIENT, step)

    def loop(self, count: int) -> Row:
        """Many steps in one call; nothing of them comes back but the last loss and the weights."""

        def many(state: Any, batches: Any) -> tuple[Any, Any]:
            first = state, jnp.zeros((), batches[0].dtype)
            result: tuple[Any, Any] = jax.lax.fori_loop(0, count, lambda i, s: self._step(s[0], batches), first)
            return result

        return Row("jax", LOOP, self._trained(jax.jit(many)), count)
