"""Errors over seconds of JAX in float64: Optax's Adam, then Optimistix's BFGS, jitted steps on the same network."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from error.peer_problems import PEER_PROBLEMS, PeerProblem, as_tuple, error_of, points_inside, soft_terms
from error.problems import Case

ADAM_STEPS = 2_000
CHUNK = 50
"""Iterations of BFGS between two looks at the clock."""
Trained = tuple[Any, Any]
"""The network's weights, and the coefficients that are found."""
Function = Callable[..., Any]


def curve(name: str, case: Case, seed: int, seconds: float) -> Iterator[dict[str, float]]:
    """Steps, seconds and errors of a run; half of the time, at most, for Adam."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import optax

    problem = PEER_PROBLEMS[name]
    solution = _solution(jnp, problem, case)
    loss = _loss(jax, problem, case, seed, solution)
    trained = _beginning(jnp, problem, case, seed)
    points: list[dict[str, float]] = []
    predict = jax.jit(jax.vmap(solution, (None, 0)))
    began, watching, following = time.perf_counter(), 0.0, 0.0

    def looked(steps: int, until: float = seconds) -> bool:
        """Take an error from time to time, which is not counted; whether there is time left."""
        nonlocal watching, following
        now = time.perf_counter()
        spent = now - began - watching
        if spent >= following:
            weights, coefficients = trained
            error = error_of(case, lambda places: predict(weights, jnp.asarray(places)), coefficients)
            points.append({"steps": steps, "seconds": round(spent, 2), "error": error})
            following = spent + seconds / 60
            watching += time.perf_counter() - now
        return spent < until

    adam = optax.adam(optax.cosine_decay_schedule(5e-3, ADAM_STEPS, 0.05))
    state = adam.init(trained)

    @jax.jit
    def step(trained: Trained, state: Any) -> Any:
        updates, state = adam.update(jax.grad(loss)(trained), state)
        return optax.apply_updates(trained, updates), state

    done = 0
    while done < ADAM_STEPS and looked(done, seconds / 2):
        trained, state = jax.block_until_ready(step(trained, state))
        done += 1
    state, chunk = _bfgs(jax, loss, trained)
    while looked(done):
        trained, state = jax.block_until_ready(chunk(trained, state))
        done += CHUNK
    yield from points


def _beginning(jnp: Any, problem: PeerProblem, case: Case, seed: int) -> Trained:
    """Weights by Glorot's normal distribution, biases of 0, and coefficients where ours begin, too."""
    random = np.random.default_rng(seed)
    inputs = len(problem.features(np, (0.0,) * len(problem.names)))
    sizes = [inputs, 20, 20, 20, 20, len(case.problem.unknowns)]
    weights = [
        (jnp.asarray(random.normal(size=(a, b)) * np.sqrt(2 / (a + b))), jnp.zeros(b)) for a, b in pairwise(sizes)
    ]
    return weights, [jnp.asarray(float(parameter)) for parameter in case.parameters]


def _solution(jnp: Any, problem: PeerProblem, case: Case) -> Function:
    """From weights and a point to all unknowns."""
    lower, upper = (np.asarray(ends, float) for ends in (case.problem.domain.lower, case.problem.domain.upper))

    def solution(weights: Any, x: Any) -> Any:
        value = jnp.stack(problem.features(jnp, tuple(2 * (x - lower) / (upper - lower) - 1)))
        for w, b in weights[:-1]:
            value = jnp.tanh(value @ w + b)
        w, b = weights[-1]
        return jnp.stack(as_tuple(problem.held(jnp, *(value @ w + b), tuple(x))))

    return solution


def _loss(jax: Any, problem: PeerProblem, case: Case, seed: int, solution: Function) -> Function:
    """The mean squares of the equations, and those of conditions with their weights."""
    jnp = jax.numpy
    inside = jnp.asarray(points_inside(case, seed))
    terms = soft_terms(problem, case, seed)

    def derivative(function: Function, axis: int) -> Function:
        along = jnp.eye(len(problem.names))[axis]
        return lambda x: jax.jvp(function, (x,), (along,))[1]

    def fields(weights: Any, x: Any) -> list[Function]:
        @cache
        def all_by(names: str) -> Any:
            function = lambda x: solution(weights, x)
            for name in names:
                function = derivative(function, problem.names.index(name))
            return function(x)

        return [lambda names="", i=i: all_by(names)[i] for i in range(len(case.problem.unknowns))]

    def residuals(weights: Any, coefficients: Any, x: Any) -> Any:
        return jnp.stack(as_tuple(problem.residual(jnp, *fields(weights, x), tuple(x), *coefficients)))

    def loss(trained: Trained) -> Any:
        weights, coefficients = trained
        found = jax.vmap(lambda x: residuals(weights, coefficients, x))(inside)
        total = jnp.sum(jnp.mean(found**2, axis=0))
        for term in terms:
            at = jax.vmap(lambda x, term=term: term.quantity(jnp, *fields(weights, x), tuple(x)))
            total += term.weight * jnp.mean((at(jnp.asarray(term.places)) - term.values[:, 0]) ** 2)
        return total

    return loss


def _bfgs(jax: Any, loss: Function, trained: Trained) -> tuple[Any, Function]:
    """Optimistix's, as its state and a function that takes some iterations."""
    import optimistix

    solver = optimistix.BFGS(rtol=0.0, atol=1e-14)
    options: dict[str, Any] = {}
    wrapped = lambda trained, _: (loss(trained), None)
    value, nothing = jax.eval_shape(lambda x: wrapped(x, None), trained)

    @jax.jit
    def chunk(trained: Trained, state: Any) -> Any:
        body = lambda _, carried: solver.step(wrapped, carried[0], None, options, carried[1], frozenset())[:2]
        return jax.lax.fori_loop(0, CHUNK, body, (trained, state))

    return solver.init(wrapped, trained, None, options, value, nothing, frozenset()), chunk
