"""Every transformation inside every other one, and each under `jit` and around it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

Fn = Callable[[dt.Tensor], dt.Tensor]
X = dt.Tensor(np.array([[0.3, -0.5, 0.8], [1.1, 0.2, -0.4]]))
V = dt.Tensor(np.array([[1.0, 0.5, -0.2], [0.3, -1.0, 0.7]]))


def field(x: dt.Tensor) -> dt.Tensor:
    """A number for each point along the last axis."""
    return ops.sin(x[..., 0] * x[..., 1]) * ops.exp(x[..., 2]) + ops.tanh(x).prod(-1)


def spread(y: dt.Tensor) -> dt.Tensor:
    """Something like a point for each number of a field, so that transformations may follow each other."""
    return ops.stack([ops.sin(y), ops.cos(y), ops.tanh(y)], -1)


def inner(g: Fn) -> Fn:
    return lambda x: field(spread(g(x)))


# Each takes a field and gives a field: a number for each point, of whatever shape the points have.
TRANSFORMATIONS: dict[str, Callable[[Fn], Fn]] = {
    "grad": lambda f: lambda x: dt.grad(f)(x).sum(-1),
    "value_and_grad": lambda f: lambda x: dt.value_and_grad(f)(x)[1].sum(-1),
    "vjp": lambda f: lambda x: (dt.vjp(f, x)[1](f(x))[0] ** 2).sum(-1),
    "jvp": lambda f: lambda x: dt.jvp(f, x, x * 2)[1],
    "hvp": lambda f: lambda x: dt.hvp(lambda x: f(x).sum(), x, x * 2)[1].sum(-1),
    "vhp": lambda f: lambda x: dt.vhp(lambda x: f(x).sum(), x, x * 2)[1].sum(-1),
    "linearize": lambda f: lambda x: dt.linearize(f, x)[1](x * 2),
    "derivative": lambda f: lambda x: dt.derivative(f, x, 2)[1],
    "jet": lambda f: lambda x: dt.jet(f, x, ops.stack([x, x * x]))[1][1],
    "partials": lambda f: lambda x: dt.partials(f, [(1, 1, 0)], "multivariate")(x)[0],
    "directional": lambda f: lambda x: dt.partials(f, [(1, 1, 0)], "directional")(x)[0],
    "collapsed": lambda f: lambda x: dt.linear_operator(f, {(1, 2, 0): 1.0, (0, 0, 1): 2.0}, "collapsed")(x),
    "laplacian": lambda f: lambda x: dt.laplacian(f)(x)[1],
    "estimator": lambda f: lambda x: dt.laplacian(f, estimator=V)(x)[1],
    "bilaplacian": lambda f: lambda x: dt.bilaplacian(f)(x)[1],
    "divergence": lambda f: lambda x: dt.divergence(lambda p: spread(f(p)))(x)[1],
    "curl": lambda f: lambda x: dt.curl(lambda p: spread(f(p)))(x)[1].sum(-1),
    "jacfwd": lambda f: lambda x: dt.jacfwd(lambda x: f(x).sum())(x).sum(-1),
    "jacrev": lambda f: lambda x: dt.jacrev(lambda x: f(x).sum())(x).sum(-1),
    "jacobian": lambda f: lambda x: dt.jacobian(lambda x: f(x).sum())(x).sum(-1),
    "hessian": lambda f: lambda x: (dt.hessian(lambda x: f(x).sum())(x) ** 2).sum((-3, -2, -1)),
    "vmap": lambda f: lambda x: dt.vmap(f, in_axes=-1, out_axes=-1)(ops.stack([x, x * x], -1)).sum(-1),
    "checkpoint": lambda f: lambda x: dt.checkpoint(f)(x) * 2,
    "custom_derivative": lambda f: dt.custom_derivative(lambda x: f(x) * 2, jvp=lambda x, t: dt.jvp(f, x, t)[1] * 2),
    "root": lambda f: (
        lambda x: dt.root(lambda r, x: r**3 + 3 * r - ops.tanh(f(x)), ops.zeros(2, dt.float64), x, steps=8)
    ),
    "stop_gradient": lambda f: lambda x: f(x) * ops.stop_gradient(f(x)),
    "jit": dt.jit,
}
# Those that are another one with a small difference need not meet all the others.
VARIANTS = {"value_and_grad", "jacobian", "jet", "estimator", "vhp"}
PAIRS = list(product(*[[name for name in TRANSFORMATIONS if name not in VARIANTS]] * 2))
PAIRS += [pair for name in sorted(VARIANTS) for pair in ((name, "grad"), ("jvp", name), ("jit", name))]


def eager(f: Fn) -> Fn:
    return f


def built(outer: str, within: str, jit: Callable[[Fn], Fn] = eager) -> Fn:
    chosen = {**TRANSFORMATIONS, "jit": jit}
    return chosen[outer](inner(chosen[within](field)))


def differences(f: Fn, x: dt.Tensor, v: dt.Tensor) -> np.ndarray:
    """The derivative along v, by central differences of order 6."""
    h = 2e-3
    weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    return sum(w * (f(x + v * (k * h)) - f(x - v * (k * h))).asnumpy() for k, w in weights.items()) / h  # type: ignore[no-any-return]


@pytest.mark.parametrize(("outer", "within"), PAIRS, ids=str)
def test_each_inside_each_and_under_jit(outer: str, within: str) -> None:
    """The pair under `jit` is the pair; and `jit` around the inner one alone changes nothing."""
    expected = built(outer, within)(X).asnumpy()
    assert np.isfinite(expected).all()
    jitted = dt.jit(built(outer, within))(X).asnumpy()
    scale = max(float(np.abs(expected).max()), 1e-3)
    np.testing.assert_allclose(jitted, expected, rtol=0, atol=1e-10 * scale)
    around_inner = TRANSFORMATIONS[outer](inner(dt.jit(TRANSFORMATIONS[within](field))))(X).asnumpy()
    np.testing.assert_allclose(around_inner, expected, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("within", TRANSFORMATIONS)
def test_derivatives_of_each_are_those_of_its_values(within: str) -> None:
    """Forward and reverse over each transformation, beside differences of what it gives."""
    f = TRANSFORMATIONS[within](field)
    if within == "stop_gradient":
        expected = dt.jvp(field, X, V)[1].asnumpy() * field(X).asnumpy()
    else:
        expected = differences(f, X, V)
    scale = float(np.abs(expected).max())
    np.testing.assert_allclose(dt.jvp(f, X, V)[1].asnumpy(), expected, rtol=0, atol=1e-8 * scale)
    pulled = (dt.grad(lambda x: f(x).sum())(X) * V).sum().item()
    assert pulled == pytest.approx(expected.sum(), abs=1e-8 * scale)
