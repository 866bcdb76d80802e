"""What derivatives cost, counted: operations that reach the device, the elements that they make, and how many live."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.interpreter import ground

rng = np.random.default_rng(0)


@dataclass
class Cost:
    """Operations, elements of all results, and the most elements that were alive at a time."""

    operations: int = 0
    elements: int = 0
    alive: int = 0
    peak: int = 0

    def release(self, size: int) -> None:
        self.alive -= size


@pytest.fixture
def cost_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], Cost]:
    """Counts while a function runs; results that are views of others count once."""
    level = type(ground())
    execute = level.interpret

    def measure(run: Callable[[], object]) -> Cost:
        cost = Cost()

        def interpret(self: Any, primitive: Any, inputs: Any, params: Any) -> Any:
            result = execute(self, primitive, inputs, params)
            cost.operations += 1
            if result.data_.base is None:
                cost.elements += result.size
                cost.alive += result.size
                cost.peak = max(cost.peak, cost.alive)
                weakref.finalize(result, cost.release, result.size)
            return result

        with monkeypatch.context() as patch:
            patch.setattr(level, "interpret", interpret)
            run()
        return cost

    return measure


Measure = Callable[[Callable[[], object]], Cost]


def poisson(d: int, points: int = 16, width: int = 32) -> Callable[[], object]:
    """Value and gradient of mean (lap u - f)^2 for a network of four layers."""
    sizes = [d, width, width, width, width, 1]
    weights = [dt.Tensor(rng.normal(size=shape) / shape[0] ** 0.5) for shape in pairwise(sizes)]
    X = dt.Tensor(rng.uniform(size=(points, d)))
    f = ops.mean(ops.sin(X), -1, keepdims=True)

    def u(weights: list[dt.Tensor], X: dt.Tensor) -> dt.Tensor:
        for w in weights[:-1]:
            X = ops.tanh(X @ w)
        return X @ weights[-1]

    loss = lambda weights: ((dt.laplacian(lambda X: u(weights, X))(X)[1] - f) ** 2).mean()
    step = dt.value_and_grad(loss)
    return lambda: step(weights)


def test_a_laplacian_takes_memory_and_work_in_proportion_to_the_dimension(cost_of: Measure) -> None:
    """One collapsed stream, d slopes as one tensor: as many operations for every d; elements and memory linear in d."""
    costs = [cost_of(poisson(d)) for d in (25, 50, 100, 200)]
    assert len({cost.operations for cost in costs}) == 1
    for name in ("elements", "peak"):
        small, *rest, large = (getattr(cost, name) for cost in costs)
        assert large <= 8 * small
        steps = np.diff([small, *rest, large]) / [25, 50, 100]
        np.testing.assert_allclose(steps, steps[0], rtol=0.1, err_msg=f"{name} is not linear")


def test_a_laplacian_carries_one_stream_of_second_derivatives(cost_of: Measure) -> None:
    """Beside the value and the slopes there is one tensor of the value's size for each operation, whatever d."""
    width, points, d = 32, 16, 100
    W = dt.Tensor(rng.normal(size=(width, width)))
    layer = lambda d: (
        lambda: dt.laplacian(lambda X: X @ dt.Tensor(rng.normal(size=(d, width))) @ W)(
            dt.Tensor(rng.uniform(size=(points, d)))
        )
    )
    # A linear layer has no second derivative at all; its slopes are the same at all points, so one row stands for all.
    assert cost_of(layer(d)).elements <= points * width * 2 + d * width * 2 + d * d


def full(x: dt.Tensor) -> dt.Tensor:
    return (ops.tanh(x) ** 2).sum() * ops.sin(x).sum() + ops.exp(-(x * x).sum() / 1000)


def test_a_hessian_is_one_batch_of_products(cost_of: Measure) -> None:
    x, identity = dt.Tensor(rng.normal(size=1000)), dt.Tensor(np.eye(1000))
    hessian = cost_of(lambda: dt.hessian(full)(x))
    batch = cost_of(lambda: dt.vmap(lambda v: dt.hvp(full, x, v)[1])(identity))
    assert hessian.operations <= batch.operations + 2
    assert hessian.elements <= 1.2 * batch.elements
    assert hessian.peak <= 1.2 * batch.peak


def network(X: dt.Tensor) -> dt.Tensor:
    for w in LAYERS:
        X = ops.tanh(X @ w)
    return X


LAYERS = [dt.Tensor(rng.normal(size=shape)) for shape in ((1, 8), (8, 8), (8, 1))]


def test_a_derivative_of_order_k_is_at_most_quadratic_in_k(cost_of: Measure) -> None:
    X = dt.Tensor(rng.uniform(size=(4, 1)))
    costs = {k: cost_of(lambda k=k: dt.partials(network, [(k,)])(X)).operations for k in range(1, 11)}
    second_differences = np.diff(list(costs.values()), 2)
    assert second_differences.max() <= second_differences[0] + 12, "it grows faster than a square"
    assert costs[8] <= 64 * costs[1]
    nested = cost_of(lambda: nested_jvp(network, 8)(X)).operations
    assert costs[8] < nested / 4


def nested_jvp(f: Callable[[dt.Tensor], dt.Tensor], order: int) -> Callable[[dt.Tensor], dt.Tensor]:
    for _ in range(order):
        f = lambda X, f=f: dt.jvp(f, X, ops.ones_like(X))[1]
    return f


def test_ways_to_a_product_with_the_hessian(cost_of: Measure) -> None:
    """Of the weights of a network: all agree, and none costs more than a few evaluations."""
    X = dt.Tensor(rng.uniform(size=(16, 1)))

    def loss(*weights: dt.Tensor) -> dt.Tensor:
        h = X
        for w in weights:
            h = ops.tanh(h @ w)
        return (h * h).mean()

    inner = lambda *weights: sum((g * v).sum() for g, v in zip(dt.grad(loss, (0, 1, 2))(*weights), LAYERS, strict=True))
    ways = {
        "evaluation": lambda: loss(*LAYERS),
        "gradient": lambda: dt.grad(loss, (0, 1, 2))(*LAYERS),
        "forward over reverse": lambda: dt.hvp(loss, tuple(LAYERS), tuple(LAYERS))[1],
        "reverse over reverse": lambda: dt.vhp(loss, tuple(LAYERS), tuple(LAYERS))[1],
        "reverse over forward": lambda: dt.grad(lambda *w: dt.jvp(loss, w, tuple(LAYERS))[1], (0, 1, 2))(*LAYERS),
        "gradient of a gradient": lambda: dt.grad(inner, (0, 1, 2))(*LAYERS),
    }
    costs = {name: cost_of(run) for name, run in ways.items()}
    expected, *others = (run() for run in list(ways.values())[2:])
    for found in others:
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-11, atol=1e-14)
    assert costs["gradient"].operations <= 5 * costs["evaluation"].operations
    for name in list(ways)[2:]:
        assert costs[name].operations <= 3.5 * costs["gradient"].operations
        assert costs[name].peak <= 3.5 * costs["gradient"].peak
    assert min(list(ways)[2:], key=lambda name: costs[name].operations) == "reverse over forward"
    assert max(ways, key=lambda name: costs[name].operations) == "gradient of a gradient"


def test_a_loss_of_derivatives_is_cheapest_by_reverse_over_forward(cost_of: Measure) -> None:
    """The same gradient of a residual by the weights: jets inside, or reverse mode throughout."""
    X = dt.Tensor(rng.uniform(size=(4, 1)))

    def u(weights: list[dt.Tensor], X: dt.Tensor) -> dt.Tensor:
        for w in weights:
            X = ops.tanh(X @ w)
        return X

    def by_jet(weights: list[dt.Tensor]) -> dt.Tensor:
        return (dt.partials(lambda X: u(weights, X), [(2,)])(X)[0] ** 2).mean()

    def by_reverse(weights: list[dt.Tensor]) -> dt.Tensor:
        return (dt.grad(lambda X: dt.grad(lambda X: u(weights, X))(X))(X) ** 2).mean()

    gradients = [dt.grad(loss)(LAYERS) for loss in (by_jet, by_reverse)]
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-11, atol=1e-13)
    jet, reverse = (cost_of(lambda loss=loss: dt.grad(loss)(LAYERS)) for loss in (by_jet, by_reverse))
    assert jet.operations < reverse.operations
    assert jet.elements < reverse.elements


def test_linearize_is_cheaper_than_jvp_for_many_tangents(cost_of: Measure) -> None:
    X = dt.Tensor(rng.uniform(size=(4, 1)))
    push = dt.linearize(network, X)[1]
    assert cost_of(lambda: push(X)).operations < 0.7 * cost_of(lambda: dt.jvp(network, X, X)).operations
