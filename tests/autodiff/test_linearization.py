"""`linearize`, `jacobian` by shape, and `vhp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

rng = np.random.default_rng(0)
X = dt.Tensor(rng.normal(size=(4, 3)))
V = dt.Tensor(rng.normal(size=(4, 3)))
W = dt.Parameter(dt.Tensor(rng.normal(size=(3, 3))), name="w")


def f(x: dt.Tensor) -> dt.Tensor:
    return ops.tanh(x @ W) / (1 + x * x)


def test_the_map_is_jvp_and_runs_the_function_once() -> None:
    calls = []
    value, push = dt.linearize(lambda x: calls.append(1) or f(x), X)
    np.testing.assert_array_equal(value.asnumpy(), f(X).asnumpy())
    for v in (V, X, 0 * V):
        np.testing.assert_allclose(push(v).asnumpy(), dt.jvp(f, X, v)[1].asnumpy(), rtol=1e-14)
    assert len(calls) == 1


def test_containers_and_outputs_that_do_not_move() -> None:
    value, push = dt.linearize(lambda p, y: {"s": p["a"] * y, "c": ops.ones(2), "a": p["a"]}, {"a": X}, V)
    pushed = push({"a": V}, X)
    np.testing.assert_allclose(pushed["s"].asnumpy(), (V * V + X * X).asnumpy(), rtol=1e-15)
    np.testing.assert_array_equal(pushed["c"].asnumpy(), [0, 0])
    np.testing.assert_array_equal(pushed["a"].asnumpy(), V.asnumpy())
    np.testing.assert_array_equal(value["s"].asnumpy(), (X * V).asnumpy())


COMPOSED: dict[str, Callable[[Callable[..., Any]], Any]] = {
    "grad by the tangent": lambda push: dt.grad(lambda v: push(f)(X)(v).sum())(V),
    "grad by the point": lambda push: dt.grad(lambda x: (push(f)(x)(V) ** 2).sum(), 0, [W])(X),
    "vmap": lambda push: dt.vmap(push(f)(X))(ops.stack([X, V])),
    "jvp": lambda push: dt.jvp(lambda x: push(f)(x)(V), X, V),
    "partials": lambda push: dt.partials(lambda x: push(f)(x)(V), [(2, 0, 1)])(X),
    "nested": lambda push: push(lambda x: push(f)(x)(V))(X)(V),
    "of a gradient": lambda push: push(dt.grad(lambda x: (f(x) ** 2).sum()))(X)(V),
    "jit": lambda push: dt.jit(lambda x, v: push(f)(x)(v))(X, V),
    "jit of the map": lambda push: dt.jit(push(f)(X))(V),
}


@pytest.mark.parametrize("way", COMPOSED)
def test_it_composes_with_every_transformation(way: str) -> None:
    by_jvp = lambda f: lambda x: lambda v: dt.jvp(f, x, v)[1]
    by_linearize = lambda f: lambda x: dt.linearize(f, x)[1]
    found, expected = (dt.pytree.leaves(COMPOSED[way](push)) for push in (by_linearize, by_jvp))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-12, atol=1e-14)


def test_jacobian_takes_the_cheaper_mode() -> None:
    wide, tall = (lambda x: (x * x).sum()), (lambda x: ops.outer(x.flatten(), x.flatten()))
    for function in (wide, tall, f):
        found = dt.jacobian(function)(X).asnumpy()
        np.testing.assert_allclose(found, dt.jacrev(function)(X).asnumpy(), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(dt.jit(dt.jacobian(function))(X).asnumpy(), found, rtol=1e-14)
    only_reverse = dt.custom_derivative(wide, vjp=lambda x, y, ct: (2 * x * ct,))
    np.testing.assert_allclose(dt.jacobian(only_reverse)(X).asnumpy(), 2 * X.asnumpy())
    only_forward_is_cheap = dt.jacobian(lambda x, y: (ops.outer(x[0], y[0]), x), (0, 1), has_aux=True)(X, V)
    assert [j.shape for j in only_forward_is_cheap[0]] == [(3, 3, 4, 3), (3, 3, 4, 3)]
    np.testing.assert_array_equal(only_forward_is_cheap[1].asnumpy(), X.asnumpy())


def test_vhp_is_hvp() -> None:
    scalar = lambda x: (f(x) ** 2).sum()
    for found, expected in zip(dt.vhp(scalar, X, V), dt.hvp(scalar, X, V), strict=True):
        np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-12, atol=1e-14)
    two = lambda x, y: (ops.sin(x) * y * y).sum()
    found, expected = dt.vhp(two, (X, V), (V, X)), dt.hvp(two, (X, V), (V, X))
    for a, b in zip(dt.pytree.leaves(found), dt.pytree.leaves(expected), strict=True):
        np.testing.assert_allclose(a.asnumpy(), b.asnumpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        dt.jit(lambda x, v: dt.vhp(scalar, x, v)[1])(X, V).asnumpy(), dt.hvp(scalar, X, V)[1].asnumpy(), rtol=1e-12
    )


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.linearize(3, X), TypeError, "fn"),
        (lambda: dt.linearize(f), ValueError, "no inputs"),
        (lambda: dt.linearize(f, 3.0), TypeError, "float"),
        (lambda: dt.linearize(f, dt.Tensor([[1, 2, 3]])), TypeError, "Int64"),
        (lambda: dt.linearize(f, X)[1](X, X), ValueError, "structure"),
        (lambda: dt.linearize(f, X)[1](X[0]), ValueError, "shape"),
        (lambda: dt.linearize(f, X)[1](X.astype(dt.float32)), TypeError, "Float32"),
        (lambda: dt.linearize(f, X)[1](1.0), TypeError, "must be a Tensor"),
        (lambda: dt.jacobian(f, -1), ValueError, "grad_position"),
        (lambda: dt.jacobian(f)(3.0), TypeError, "must be a Tensor"),
        (lambda: dt.vhp(3, X, V), TypeError, "fn"),
        (lambda: dt.vhp(lambda x: (x * x).sum(), X, V[0]), ValueError, "shape"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)
