"""Every strategy of `partials` gives the same derivatives, and the plan counts what they cost."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.autodiff.plan import find_directions, multivariate_cost, plan_partials

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
        directions = find_directions(indices)
        assert directions is not None
        assert len(directions.rows) == count


def test_the_plan_takes_what_costs_less() -> None:
    for indices in SETS:
        plan = plan_partials(indices, "auto")
        if plan.directions is not None:
            assert plan.directional == (plan.directions.cost.total < multivariate_cost(plan.algebra).total)
    text = str(dt.explain(dt.partials(field, SETS[0], "directional"), X))
    assert "-> directional jets: 4 directions of order 4" in text
    assert "   one multivariate jet: 12 multi-indices" in text


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.partials(field, [(1, 1, 1)], "fast"), ValueError, "`strategy`"),
        (lambda: dt.partials(field, [(30, 30, 30)], "directional"), ValueError, "too many directions"),
        (lambda: dt.explain(field, X), TypeError, "result of `partials`"),
        (lambda: dt.explain(dt.partials(field, [(1, 1)]), X), ValueError, "shape"),
        (lambda: dt.partials(lambda X: 3, [(1, 1, 0)], "directional")(X), TypeError, "must return a Tensor"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)
