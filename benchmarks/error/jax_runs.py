"""Errors over seconds of JAX in float64: Optax's Adam, then Optimistix's BFGS, jitted steps on the same network."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from error.peer_problems import PEER_PROBLEMS
from error.problems import Case

ADAM_STEPS = 2_000
CHUNK = 50
"""Iterations of BFGS between two looks at the clock."""


def curve(name: str, case: Case, seed: int, seconds: float) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors of a run."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax
    import optimistix

    problem = PEER_PROBLEMS[name]
    if problem.unknown:
        return  # this peer finds functions only
    lower, upper = np.array(problem.lower, float), np.array(problem.upper, float)
    random = np.random.default_rng(seed)
    inside = jnp.asarray(random.uniform(lower, upper, (2_500, len(lower))))
    sizes = [len(problem.features(jnp, tuple(jnp.zeros(len(lower))))), 20, 20, 20, 20, 1]
    weights = [
        (jnp.asarray(random.normal(size=(a, b)) * np.sqrt(2 / (a + b))), jnp.zeros(b)) for a, b in pairwise(sizes)
    ]

    def solution(weights: Any, x: Any) -> Any:
        scaled = 2 * (x - lower) / (upper - lower) - 1
        value = jnp.stack(problem.features(jnp, tuple(scaled)))
        for w, b in weights[:-1]:
            value = jnp.tanh(value @ w + b)
        w, b = weights[-1]
        return problem.held(jnp, (value @ w + b)[0], tuple(x))

    def derivative(function: Any, axis: int) -> Any:
        along = jnp.eye(len(lower))[axis]
        return lambda x: jax.jvp(function, (x,), (along,))[1]

    def residual(weights: Any, x: Any) -> Any:
        def by(names: str) -> Any:
            function = lambda x: solution(weights, x)
            for name in names:
                function = derivative(function, problem.names.index(name))
            return function(x)

        return problem.residual(jnp, by, tuple(x))

    def loss(weights: Any, _: Any = None) -> Any:
        total = jnp.mean(jax.vmap(lambda x: residual(weights, x))(inside) ** 2)
        if problem.begins is not None:
            start = jnp.linspace(lower[0], upper[0], 400)
            places = jnp.stack([start, jnp.full_like(start, lower[1])], axis=1)
            found = jax.vmap(lambda x: solution(weights, x))(places)
            total += 100 * jnp.mean((found - problem.begins(jnp, start)) ** 2)
        return total

    points: list[dict[str, float]] = []
    predict = jax.jit(jax.vmap(solution, (None, 0)))
    began, watching, following = time.perf_counter(), 0.0, 0.0

    def looked(steps: int) -> bool:
        """Take an error from time to time, which is not counted; whether there is time left."""
        nonlocal watching, following
        now = time.perf_counter()
        spent = now - began - watching
        if spent >= following:
            error = case.error(lambda places: predict(weights, jnp.asarray(places)))
            points.append({"steps": steps, "seconds": round(spent, 2), "error": error})
            following = spent + seconds / 60
            watching += time.perf_counter() - now
        return spent < seconds

    adam = optax.adam(optax.cosine_decay_schedule(5e-3, ADAM_STEPS, 0.05))
    state = adam.init(weights)

    @jax.jit
    def step(weights: Any, state: Any) -> Any:
        gradient = jax.grad(loss)(weights)
        updates, state = adam.update(gradient, state)
        return optax.apply_updates(weights, updates), state

    for number in range(ADAM_STEPS):
        weights, state = step(weights, state)
        jax.block_until_ready(weights)
        if not looked(number + 1):
            break
    solver = optimistix.BFGS(rtol=0.0, atol=1e-14)
    options, structure = {}, jax.eval_shape(lambda w: (loss(w), None), weights)
    args = (None, options, structure[0], structure[1], frozenset())
    wrapped = lambda weights, args: (loss(weights), None)

    @jax.jit
    def chunk(weights: Any, state: Any) -> Any:
        body = lambda _, carried: solver.step(wrapped, carried[0], None, options, carried[1], frozenset())[:2]
        return jax.lax.fori_loop(0, CHUNK, body, (weights, state))

    state = solver.init(wrapped, weights, *args)
    done = ADAM_STEPS
    while looked(done):
        weights, state = chunk(weights, state)
        jax.block_until_ready(weights)
        done += CHUNK
    yield from points
