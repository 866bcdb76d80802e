"""Every strategy of `partials` gives the same derivatives, and the plan counts what they cost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.autodiff.fields.directions import find_directions
from dualtape.autodiff.fields.plan import plan_partials

rng = np.random.default_rng(0)
X = dt.Tensor(rng.uniform(0.2, 0.9, size=(5, 3)))
W = dt.Parameter(dt.Tensor(rng.normal(size=(3, 4))), name="w")


def field(X: dt.Tensor) -> dt.Tensor:
    return ops.tanh(X @ W).prod(-1) + ops.sin(X[:, 0] * X[:, 1] * X[:, 2])


SETS: list[list[tuple[int, int, int]]] = [
    [(4, 0, 0), (2, 2, 0), (0, 4, 0)],
    [(1, 1, 1), (0, 0, 0)],
    [(2, 2, 2)],
    [(3, 0, 0), (1, 0, 0)],
    [(3, 2, 0), (2, 3, 1)],
    [(0, 1, 2), (1, 0, 1), (0, 0, 2)],
    [(i, j, k) for i, j, k in product(range(4), repeat=3) if i + j + k <= 3],
]


@pytest.mark.parametrize("indices", SETS, ids=lambda s: f"{len(s)} to order {max(map(sum, s))}")
def test_strategies_agree(indices: Any) -> None:
    expected = dt.partials(field, indices, "multivariate")(X)
    for derivatives in (dt.partials(field, indices, "directional"), dt.jit(dt.partials(field, indices, "directional"))):
        for found, e in zip(derivatives(X), expected, strict=True):
            np.testing.assert_allclose(found.asnumpy(), e.asnumpy(), rtol=1e-9, atol=1e-9)


def test_directional_jets_compose() -> None:
    def loss(strategy: str) -> Callable[[dt.Tensor], dt.Tensor]:
        return lambda X: sum((d**2).sum() for d in dt.partials(field, [(2, 1, 0), (0, 1, 1)], strategy)(X))  # type: ignore[return-value]

    expected = dt.grad(loss("multivariate"), 0, [W])(X)
    for way in (dt.grad(loss("directional"), 0, [W]), dt.jit(dt.grad(loss("directional"), 0, [W]))):
        for found, e in zip(dt.pytree.leaves(way(X)), dt.pytree.leaves(expected), strict=True):
            np.testing.assert_allclose(found.asnumpy(), e.asnumpy(), rtol=1e-9, atol=1e-9)
    slope = dt.jvp(loss("directional"), X, X)[1].item()
    assert slope == pytest.approx(dt.jvp(loss("multivariate"), X, X)[1].item(), rel=1e-9)
    rows = dt.vmap(lambda p: dt.partials(lambda p: field(p[None])[0], [(1, 1, 0)], "directional")(p)[0])(X)
    np.testing.assert_allclose(rows.asnumpy(), dt.partials(field, [(1, 1, 0)])(X)[0].asnumpy(), rtol=1e-9)


def test_known_numbers_of_directions() -> None:
    """xyz is a sum of four cubes, x^2 y^2 of four fourth powers with x^4 and y^4, and a Hessian takes d (d + 1) / 2."""
    for indices, count in (([(1, 1, 1)], 4), ([(4, 0), (2, 2), (0, 4)], 4), ([(2, 0), (1, 1), (0, 2)], 3)):
        directions = find_directions({index: {index: 1.0} for index in indices})
        assert directions is not None
        assert len(directions.rows) == count


def test_the_plan_takes_what_costs_less_and_counts_what_is_done() -> None:
    for indices in SETS:
        plan = plan_partials(tuple(indices), "auto")
        chosen = plan.cost(plan.strategy)
        assert chosen is not None
        assert all(way.cost is None or chosen.total <= way.cost.total for way in plan.ways)
        streams, products = plan.cost("multivariate") or (0, 0)
        assert streams == len(plan.algebra.indices)
        assert products == sum(1 + len(plan.algebra.chain(index).terms) for index in plan.algebra.indices)
    text = str(dt.explain(dt.partials(field, SETS[0], "directional"), X))
    assert "-> directional: 4 directions of order 4" in text
    assert "   multivariate: one jet over 12 multi-indices" in text
    assert "   collapsed: only for one weighted sum" in text


OPERATORS: list[dict[tuple[int, int, int], float]] = [
    {(2, 0, 0): 1.0, (0, 2, 0): 1.0, (0, 0, 2): 1.0},
    {(2, 0, 0): 1.0, (0, 2, 0): -1.0, (1, 0, 0): 3.0, (0, 0, 0): 0.5},
    {(0, 0, 1): 1.0, (2, 0, 0): -0.5, (1, 1, 0): 2.0},
    {(1, 0, 0): 2.0, (0, 1, 0): -3.0},
    {(4, 0, 0): 1.0, (2, 2, 0): 2.0, (0, 4, 0): 1.0, (0, 0, 2): -1.0, (0, 1, 0): 0.25},
    {(2, 1, 1): 1.0},
    {(3, 0, 0): 1.0, (0, 0, 3): 0.0, (1, 0, 0): 1.0},
    {(0, 0, 0): 2.0},
]


@pytest.mark.parametrize("coefficients", OPERATORS, ids=str)
@pytest.mark.parametrize("strategy", ["auto", "multivariate", "directional", "collapsed"])
def test_operators_are_weighted_sums(coefficients: Any, strategy: str) -> None:
    for f in (field, lambda X: X @ W, lambda X: ops.stack([field(X), X[:, 0] ** 4 * X[:, 2], X[:, 1] * 0], -1)):
        parts = dt.partials(f, list(coefficients), "multivariate")(X)
        expected = sum(w * p.asnumpy() for w, p in zip(coefficients.values(), parts, strict=True))
        operator = dt.linear_operator(f, coefficients, strategy)
        for apply in (operator, dt.jit(operator)):
            np.testing.assert_allclose(apply(X).asnumpy(), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("coefficients", OPERATORS[1:6], ids=str)
def test_collapsed_operators_compose(coefficients: Any) -> None:
    def loss(strategy: str) -> Callable[[dt.Tensor], dt.Tensor]:
        return lambda X: (dt.linear_operator(field, coefficients, strategy)(X) ** 2).sum()

    expected = dt.grad(loss("multivariate"), 0, [W])(X)
    for way in (dt.grad(loss("collapsed"), 0, [W]), dt.jit(dt.grad(loss("collapsed"), 0, [W]))):
        for found, e in zip(dt.pytree.leaves(way(X)), dt.pytree.leaves(expected), strict=True):
            np.testing.assert_allclose(found.asnumpy(), e.asnumpy(), rtol=1e-8, atol=1e-8 * abs(e.asnumpy()).max())
    slope = dt.jvp(loss("collapsed"), X, X)[1].item()
    assert slope == pytest.approx(dt.jvp(loss("multivariate"), X, X)[1].item(), rel=1e-9)
    rows = dt.vmap(lambda p: dt.linear_operator(lambda p: field(p[None])[0], coefficients, "collapsed")(p))(X)
    whole = dt.linear_operator(field, coefficients, "multivariate")(X)
    np.testing.assert_allclose(rows.asnumpy(), whole.asnumpy(), rtol=1e-9, atol=1e-9)


def test_custom_derivatives_and_equations_collapse() -> None:
    """Functions that bring their own rule, in a jet whose highest coefficients are one sum."""
    sine = dt.custom_derivative(ops.sin, partials=lambda x, y: ops.cos(x))
    push = dt.custom_derivative(ops.sin, jvp=lambda x, t: ops.cos(x[0]) * t[0])
    cubed = lambda x: dt.root(lambda r, a: r**3 - a, ops.ones(5, dt.float64), x)
    for own, plain in ((sine, ops.sin), (push, ops.sin), (cubed, lambda x: x ** (1 / 3))):
        for coefficients in OPERATORS[3:6]:
            f, g = (lambda X, h=h: h(X[:, 0] * X[:, 1] + X[:, 2]) for h in (own, plain))
            found = dt.linear_operator(f, coefficients, "collapsed")(X).asnumpy()
            expected = dt.linear_operator(g, coefficients, "multivariate")(X).asnumpy()
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("coefficients", OPERATORS[:6], ids=str)
def test_collapsed_operators_see_through_loops_and_conditions(coefficients: Any) -> None:
    """Inside `jit` a loop is one equation of the program."""

    def f(X: dt.Tensor) -> dt.Tensor:
        def step(c: dt.Tensor, x: dt.Tensor) -> tuple[dt.Tensor, dt.Tensor]:
            y = ops.cond(ops.stop_gradient(X).sum() > 0, lambda c: ops.sin(c * X[:, 1]) + x, lambda c: c, c)
            return y, y * x

        last, all_of_them = ops.scan(step, X[:, 0] * X[:, 1], X.T)
        return last + all_of_them.sum(0)

    expected = dt.linear_operator(f, coefficients, "multivariate")(X).asnumpy()
    operator = dt.linear_operator(f, coefficients, "collapsed")
    for apply in (operator, dt.jit(operator)):
        np.testing.assert_allclose(apply(X).asnumpy(), expected, rtol=1e-8, atol=1e-8)


def test_one_sum_of_many_terms_is_one_stream() -> None:
    """A heat operator in 100 dimensions: by one jet 200 streams, collapsed 100 and the sum."""
    units = np.eye(101, dtype=int)
    coefficients = {tuple((2 * unit).tolist()): -1.0 for unit in units[1:]} | {tuple(units[0].tolist()): 1.0}
    points = dt.Tensor(rng.normal(size=(2, 101)))
    heat = dt.linear_operator(lambda X: ops.sin(X[:, 0]) * (X[:, 1:] ** 2).sum(-1), coefficients)
    text = str(dt.explain(heat, points))
    assert "-> collapsed: 101 directions of order 1, as one tensor, and one sum of all of order 2: 102 streams" in text
    assert "   multivariate: one jet over 201 multi-indices" in text
    t, x = points.asnumpy()[:, 0], points.asnumpy()[:, 1:]
    np.testing.assert_allclose(heat(points).asnumpy(), np.cos(t) * (x**2).sum(-1) - 200 * np.sin(t), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.partials(field, [(1, 1, 1)], "fast"), ValueError, "`strategy`"),
        (lambda: dt.partials(field, [(30, 30, 30)], "directional"), ValueError, "too many of them"),
        (lambda: dt.partials(field, [(1, 1, 1)], "collapsed"), ValueError, "only for one weighted sum"),
        (lambda: dt.linear_operator(field, {(30, 30, 30): 1.0}, "collapsed"), ValueError, "too many of them"),
        (lambda: dt.linear_operator(field, {(1, 0, 0): X}), TypeError, r"weight of \(1, 0, 0\) in `coefficients`"),
        (lambda: dt.linear_operator(field, {(1, 0): 1.0, (1,): 1.0}), ValueError, "one length"),
        (lambda: dt.explain(field, X), TypeError, "result of `partials` or `linear_operator`"),
        (lambda: dt.explain(dt.partials(field, [(1, 1)]), X), ValueError, "shape"),
        (lambda: dt.partials(lambda X: 3, [(1, 1, 0)], "directional")(X), TypeError, "must return a Tensor"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)
