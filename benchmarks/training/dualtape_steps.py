"""This library's steps: as `pinn.solve` takes them, for Burgers' equation with conditions in the loss."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape import nn, ops, optim, pinn
from dualtape.pinn.progress import make_progress
from dualtape.pinn.training import Settings, Training
from training.rows import ADAM, DECAY_STEPS, GRADIENT, LEARNING_RATE, LOOP, Row


def training(points: int, device: str, iterations: int = 0) -> Training:
    """A run that has not begun: first weights, and the points of `pinn.solve`."""
    network = nn.MLP(2, 1, width=20, depth=4, seed=0).move_to(device)
    stages = (pinn.LBFGS(iterations),)
    settings = Settings(stages, points, "sobol", pinn.Fixed(), None, True, 0)
    with dt.device(device):
        return Training(_problem(), network, tuple(network.trainable_params()), settings)


def _problem() -> pinn.Problem:
    conditions = [
        pinn.initial(lambda p: -ops.sin(math.pi * p.x), weight=10.0),
        pinn.dirichlet(0.0, on=("x-", "x+"), points=50, weight=10.0),
    ]
    known = pinn.burgers()
    return pinn.Problem(known.domain, known.equations, conditions)


def _adam(given: Training) -> Callable[[Any], dt.Tensor]:
    """A step on batches of points, not compiled; gives the terms of the loss."""
    differentiate = dt.value_and_grad(given.objective, None, weights=given.parameters, has_aux=True)
    rate = optim.CosineDecayLR(LEARNING_RATE / 20, LEARNING_RATE, DECAY_STEPS)
    optimizer = optim.Adam(given.parameters, rate)

    def step(batches: Any) -> dt.Tensor:
        (_, terms, _), gradients = differentiate(batches)
        optimizer(gradients)
        result: dt.Tensor = terms
        return result

    return step


def reference(points: int, steps: int) -> list[float]:
    """The first losses, operation by operation on the host."""
    given = training(points, "host")
    step = _adam(given)
    return [float(step(given.batches).asnumpy().sum()) for _ in range(steps)]


def adam(points: int, device: str) -> Row:
    """Loss, gradient and update as one program."""
    given = training(points, device)
    step = dt.jit(_adam(given))
    return Row(f"dualtape, {device}", ADAM, lambda: float(step(given.batches).asnumpy().sum()))


def gradient(points: int, device: str) -> Row:
    """The loss and its gradient, at weights that stay."""
    given = training(points, device)

    def step() -> float:
        (_, terms), _ = given.work.evaluate(given.batches)
        given.device.synchronize()
        return float(terms.asnumpy().sum())

    return Row(f"dualtape, {device}", GRADIENT, step)


def loop(points: int, device: str, count: int) -> Row:
    """Many steps in one jitted function; nothing of them comes back but the last loss."""
    given = training(points, device)
    step = _adam(given)
    terms = dt.Tensor(given.losses(), device=device)
    many = dt.jit(lambda batches, first: dt.ops.fori_loop(0, count, lambda i, _: step(batches), first))
    return Row(f"dualtape, {device}", LOOP, lambda: float(many(given.batches, terms).asnumpy().sum()), count)


def lbfgs(points: int, device: str, iterations: int) -> dict[str, float]:
    """Milliseconds of one evaluation in iterations of L-BFGS, and those of them that are neither loss nor gradient.

    What is left is the search's own work, the weights from one vector to tensors and back, and what is kept of each
    iteration.
    """
    _iterate(training(points, device, 3))  # builds kernels
    given = training(points, device, iterations)
    given.losses()
    inside, compiled = [], given.work.evaluate

    def timed(batches: Any) -> Any:
        start = time.perf_counter()
        result = compiled(batches)
        given.device.synchronize()
        inside.append(time.perf_counter() - start)
        return result

    # Where the solver looks for it.
    given.work.evaluate = timed  # type: ignore[method-assign]
    given.enter(0)
    gc.collect()  # what tracing left, which other engines of this process make long work of
    start = time.perf_counter()
    _iterate(given)
    took = time.perf_counter() - start
    count = len(inside)
    own = 1e3 * (took - sum(inside)) / count
    return {"evaluations": count, "mean_ms": round(1e3 * took / count, 4), "own_ms": round(own, 4)}


def _iterate(given: Training) -> None:
    with dt.device(given.device):
        given.run(make_progress(False))
