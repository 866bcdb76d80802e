"""The collapsed Laplacian with its axis of directions, its estimators, and the other operators of vector calculus."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.interpreter import ground
from dualtape.core.primitive import Elementwise
from dualtape.primitives import CATALOGUE

rng = np.random.default_rng(0)
X = dt.Tensor(rng.uniform(0.2, 0.9, size=(5, 3)))
M = dt.Tensor(rng.normal(size=(3, 3)))

FIELDS: dict[str, Callable[[dt.Tensor], dt.Tensor]] = {
    "square": lambda X: (X * X).sum(-1),
    "product of a layer": lambda X: ops.tanh(X @ M).prod(-1),
    "quotient": lambda X: ops.sin(X[:, 0] * X[:, 1]) / X[:, 2],
    "softmax": lambda X: ops.softmax(X @ M)[:, 1],
    "logsumexp": lambda X: ops.logsumexp(ops.exp(X), -1),
    "maximum": lambda X: ops.amax(X @ M, -1) ** 3,
    "two inputs": lambda X: ops.atan2(X[:, 0], X[:, 1]) * ops.pow(X[:, 2], X[:, 0]),
    "norm": lambda X: ops.norm(X, dim=-1),
    "several outputs": lambda X: ops.stack([X[:, 0] ** 3, ops.erf(X[:, 1]), X[:, 0] * 0], -1),
    "both factors of a matrix product": lambda X: ops.matmul(X[:, None, :], ops.sin(X)[:, :, None])[:, 0, 0],
    "constant second factor": lambda X: ops.matmul(M, ops.sin(X)[:, :, None])[:, :, 0],
    "gathered": lambda X: ops.gather(X, dt.Tensor([2, 0]), 1).prod(-1) * ops.cumsum(X, 1)[:, 1],
    "where": lambda X: ops.where(X[:, 0] > 0.5, X[:, 0] ** 3, ops.exp(X[:, 1])),
    "constant": lambda X: ops.ones_like(X[:, 0]),
    "linear": lambda X: X.sum(-1),
}


@pytest.mark.parametrize("f", FIELDS.values(), ids=FIELDS)
def test_it_is_the_sum_of_partials(f: Callable[[dt.Tensor], dt.Tensor]) -> None:
    expected = dt.linear_operator(f, {(2, 0, 0): 1.0, (0, 2, 0): 1.0, (0, 0, 2): 1.0})(X).asnumpy()
    value, lap = dt.laplacian(f)(X)
    np.testing.assert_array_equal(value.asnumpy(), f(X).asnumpy())
    np.testing.assert_allclose(lap.asnumpy(), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(dt.jit(dt.laplacian(f))(X)[1].asnumpy(), lap.asnumpy())


@pytest.mark.parametrize("name", [name for name, p in sorted(CATALOGUE.items()) if isinstance(p, Elementwise)])
def test_of_every_elementwise_primitive(name: str) -> None:
    """Inputs that are products of powers of the coordinates, drawn inside the domain."""
    primitive: Any = CATALOGUE[name]
    for params in primitive.params:
        centres = [0.5 * (low + high) for low, high in primitive.domain]
        spread = [0.2 * (high - low) for low, high in primitive.domain]

        def f(X: dt.Tensor, centres: Any = centres, spread: Any = spread, params: Any = params) -> dt.Tensor:
            inner = [X[:, 0] * X[:, 1], X[:, 1] - X[:, 2] * X[:, 2], X[:, 0] * X[:, 2]]
            return primitive(*(c + s * x for c, s, x in zip(centres, spread, inner, strict=False)), **params)  # type: ignore[no-any-return]

        expected = dt.linear_operator(f, {(2, 0, 0): 1.0, (0, 2, 0): 1.0, (0, 0, 2): 1.0})(X).asnumpy()
        np.testing.assert_allclose(dt.laplacian(f)(X)[1].asnumpy(), expected, rtol=1e-11, atol=1e-12)


def network(d: int, width: int) -> tuple[Callable[[dt.Tensor], dt.Tensor], list[dt.Parameter]]:
    sizes = [d, width, width, 1]
    weights = [
        dt.Parameter(dt.Tensor(rng.normal(size=(a, b)) / a**0.5), name=f"w{a}{b}{i}")
        for i, (a, b) in enumerate(pairwise(sizes))
    ]

    def u(X: dt.Tensor) -> dt.Tensor:
        for w in weights[:-1]:
            X = ops.tanh(X @ w)
        return X @ weights[-1]

    return u, weights


def test_a_hundred_dimensions_are_not_a_hundred_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    interpret = type(ground()).interpret

    def counted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return interpret(*args)

    monkeypatch.setattr(type(ground()), "interpret", counted)
    counts = []
    for d in (2, 100):
        u, weights = network(d, 8)
        points = dt.Tensor(rng.normal(size=(4, d)))
        calls = 0
        dt.grad(lambda points, u=u: ((dt.laplacian(u)(points)[1] - 1) ** 2).mean(), None, weights)(points)
        counts.append(calls)
    assert counts[0] == counts[1] < 200


def test_gradients_of_a_residual_agree_with_nested_reverse_mode() -> None:
    u, weights = network(3, 6)

    def trace(X: dt.Tensor) -> dt.Tensor:
        return sum(dt.grad(lambda X, i=i: dt.grad(u)(X)[:, i])(X)[:, i] for i in range(3))  # type: ignore[return-value]

    loss = lambda lap: lambda X: ((lap(X) - 1) ** 2).mean()
    expected = dt.grad(loss(trace), 0, weights)(X)
    for way in (lambda f: f, dt.jit):
        found = way(dt.grad(loss(lambda X: dt.laplacian(u)(X)[1][:, 0]), 0, weights))(X)
        for a, b in zip(dt.pytree.leaves(found), dt.pytree.leaves(expected), strict=True):
            np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-11)


def test_it_nests_and_maps() -> None:
    f = FIELDS["quotient"]
    lap = dt.laplacian(f)(X)[1].asnumpy()
    rows = dt.vmap(lambda x: dt.laplacian(lambda p: f(p[None])[0])(x)[1])(X)
    np.testing.assert_allclose(rows.asnumpy(), lap, rtol=1e-13)
    slopes = dt.jvp(lambda X: dt.laplacian(f)(X)[1], X, X)[1]
    gradient = dt.grad(lambda X: dt.laplacian(f)(X)[1].sum())(X)
    np.testing.assert_allclose((gradient * X).sum(-1).asnumpy(), slopes.asnumpy(), rtol=1e-12)


def test_bilaplacian() -> None:
    f = FIELDS["quotient"]
    weights = {(4, 0, 0): 1.0, (0, 4, 0): 1.0, (0, 0, 4): 1.0, (2, 2, 0): 2.0, (2, 0, 2): 2.0, (0, 2, 2): 2.0}
    value, found = dt.bilaplacian(f)(X)
    np.testing.assert_allclose(value.asnumpy(), f(X).asnumpy(), rtol=1e-15)
    np.testing.assert_allclose(found.asnumpy(), dt.linear_operator(f, weights)(X).asnumpy(), rtol=1e-11)
    gradient = dt.grad(lambda X: dt.bilaplacian(lambda p: (p**5).sum(-1))(X)[1].sum())(X)
    np.testing.assert_allclose(gradient.asnumpy(), 120 * np.ones((5, 3)), rtol=1e-12)


@pytest.mark.parametrize("estimator", ["hutchinson", "stde"])
def test_estimators_are_unbiased(estimator: str) -> None:
    """The mean of many estimates lies within five of its own standard errors, which is small beside the Laplacian."""
    f = lambda X: ops.sin(X[:, 0] * X[:, 1]) * ops.exp(X[:, 2]) + X[:, 0] ** 4
    exact = dt.laplacian(f)(X)[1].asnumpy()
    estimate = dt.laplacian(f, estimator=estimator, samples=2, seed=3)
    drawn = np.stack([estimate(X)[1].asnumpy() for _ in range(400)])
    assert drawn.std() > 0
    error = drawn.std(0) / len(drawn) ** 0.5
    assert (np.abs(drawn.mean(0) - exact) <= 5 * error).all()
    assert (error < 0.1 * np.abs(exact).max()).all()
    again = dt.laplacian(f, estimator=estimator, samples=2, seed=3)
    np.testing.assert_array_equal(again(X)[1].asnumpy(), drawn[0])


def test_estimators_that_leave_nothing_to_chance() -> None:
    f = FIELDS["quotient"]
    exact = dt.laplacian(f)(X)[1].asnumpy()
    np.testing.assert_allclose(dt.laplacian(f, estimator="stde", samples=3)(X)[1].asnumpy(), exact, rtol=1e-13)
    signs = dt.Tensor(np.array([[1.0, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]]))
    np.testing.assert_allclose(dt.laplacian(f, estimator=signs)(X)[1].asnumpy(), exact, rtol=1e-12)
    jitted = dt.jit(lambda X, V: dt.laplacian(f, estimator=V)(X)[1])
    np.testing.assert_allclose(jitted(X, signs).asnumpy(), exact, rtol=1e-12)


def swirl(X: dt.Tensor) -> dt.Tensor:
    x, y, z = X[:, 0], X[:, 1], X[:, 2]
    return ops.stack([x * y * z, ops.sin(x) * z, x**2 * ops.exp(y)], -1)


def test_divergence_and_curl() -> None:
    x, y, z = X.asnumpy().T
    value, div = dt.divergence(swirl)(X)
    np.testing.assert_array_equal(value.asnumpy(), swirl(X).asnumpy())
    np.testing.assert_allclose(div.asnumpy(), y * z, rtol=1e-14)
    expected = np.stack([x**2 * np.exp(y) - np.sin(x), x * y - 2 * x * np.exp(y), np.cos(x) * z - x * z], -1)
    np.testing.assert_allclose(dt.curl(swirl)(X)[1].asnumpy(), expected, rtol=1e-13)
    curl_free = dt.curl(lambda X: dt.grad(lambda p: swirl(p).sum())(X))(X)[1]
    np.testing.assert_allclose(curl_free.asnumpy(), 0, atol=1e-14)
    by_jit = dt.jit(lambda X: (dt.divergence(swirl)(X)[1], dt.curl(swirl)(X)[1]))(X)
    np.testing.assert_allclose(by_jit[0].asnumpy(), y * z, rtol=1e-14)
    np.testing.assert_allclose(by_jit[1].asnumpy(), expected, rtol=1e-13)
    lap = dt.divergence(lambda X: dt.grad(lambda p: swirl(p)[:, 2].sum())(X))(X)[1]
    np.testing.assert_allclose(lap.asnumpy(), dt.laplacian(lambda X: swirl(X)[:, 2])(X)[1].asnumpy(), rtol=1e-13)
    rows = dt.vmap(lambda p: dt.divergence(lambda p: swirl(p[None])[0])(p)[1])(X)
    np.testing.assert_allclose(rows.asnumpy(), y * z, rtol=1e-14)
    gradient = dt.grad(lambda X: dt.divergence(swirl)(X)[1].sum())(X)
    np.testing.assert_allclose(gradient.asnumpy(), np.stack([0 * x, z, y], -1), atol=1e-14)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.laplacian(3), TypeError, "fn"),
        (lambda: dt.laplacian(swirl, estimator="best"), ValueError, "'hutchinson' or 'stde'"),
        (lambda: dt.laplacian(swirl, estimator="stde", samples=0), ValueError, "`samples`"),
        (lambda: dt.laplacian(swirl, estimator="stde", samples=1.5), TypeError, "`samples`"),
        (lambda: dt.laplacian(swirl, estimator="hutchinson", seed=-1), ValueError, "`seed`"),
        (lambda: dt.laplacian(swirl, estimator="stde", samples=4)(X), ValueError, "only 3 coordinates"),
        (lambda: dt.laplacian(swirl, estimator=dt.Tensor([1.0]))(X), ValueError, r"\(m, 3\)"),
        (lambda: dt.laplacian(lambda X: 3)(X), TypeError, "must return a Tensor"),
        (lambda: dt.bilaplacian(swirl)(3), TypeError, "`X` of `bilaplacian`"),
        (lambda: dt.divergence(lambda X: X.sum(-1))(X), ValueError, "a vector for each point"),
        (lambda: dt.curl(lambda X: X)(X[:, :1]), ValueError, "2 or 3"),
        (lambda: dt.curl(lambda X: X)(dt.Tensor([[1, 2]])), TypeError, "floats"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)
