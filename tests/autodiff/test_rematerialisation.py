"""`checkpoint`: the same gradient bit for bit, and less memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

rng = np.random.default_rng(0)
X = dt.Tensor(rng.normal(size=(5, 4)))
W = dt.Parameter(dt.Tensor(rng.normal(size=(4, 4))), name="w")


def block(x: dt.Tensor) -> dt.Tensor:
    h = ops.tanh(x @ W)
    return ops.sin(h @ W) + h * x


def with_forward_modes(x: dt.Tensor) -> dt.Tensor:
    u, u_x, u_xy = dt.partials(lambda p: block(p)[:, 0], [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 0, 0)])(x)
    return (u * u_x + u_xy)[:, None] * dt.jvp(block, x, x)[1] + dt.laplacian(block)(x)[1]


WRAPPED = {
    "once": lambda f: dt.checkpoint(f),
    "nested": lambda f: dt.checkpoint(lambda x: dt.checkpoint(f)(x) * 1.0),
    "twice": lambda f: dt.checkpoint(dt.checkpoint(f)),
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
@pytest.mark.parametrize(("f", "rtol"), [(block, 0), (with_forward_modes, 1e-14)])
def test_gradients_are_equal_bit_for_bit(f: Any, rtol: float, wrap: Any) -> None:
    """Also where inputs and parameters are used several times, inside and outside.

    Forward modes multiply Parameters by unit vectors, which are no arguments: their sums come in another order.
    """

    def loss(g: Callable[..., Any]) -> Callable[..., Any]:
        return lambda x: (ops.exp(g(x) * 0.1) * x * W[0]).sum() + (x @ W).sum()

    expected = dt.grad(loss(f), 0, [W])(X)
    found = dt.grad(loss(wrap(f)), 0, [W])(X)
    np.testing.assert_allclose(found[0].asnumpy(), expected[0].asnumpy(), rtol=rtol)
    np.testing.assert_allclose(found[1][0].asnumpy(), expected[1][0].asnumpy(), rtol=rtol)


COMPOSED: dict[str, Callable[[Any], Any]] = {
    "value": lambda g: g(X),
    "hvp": lambda g: dt.hvp(lambda x: (g(x) ** 2).sum(), X, X),
    "grad of grad": lambda g: dt.grad(lambda x: (dt.grad(lambda x: (g(x) ** 2).sum())(x) ** 2).sum())(X),
    "weights of grad": lambda g: dt.grad(lambda: (dt.grad(lambda x: (g(x) ** 2).sum())(X) ** 2).sum(), None, [W])(),
    "grad of jvp": lambda g: dt.grad(lambda x: (dt.jvp(g, x, X)[1] ** 2).sum())(X),
    "partials": lambda g: dt.partials(g, [(2, 1, 0, 0)])(X),
    "laplacian": lambda g: dt.laplacian(g)(X),
    "vmap of grad": lambda g: dt.vmap(dt.grad(lambda r: g(r[None]).sum()))(X),
    "grad of vmap": lambda g: dt.grad(lambda x: dt.vmap(lambda r: g(r[None]).sum())(x).sum(), 0, [W])(X),
    "jacrev": lambda g: dt.jacrev(g)(X),
    "vjp": lambda g: dt.vjp(g, X)[1](X),
    "jit": lambda g: dt.jit(g)(X),
    "grad under jit": lambda g: dt.jit(dt.grad(lambda x: (g(x) ** 2).sum(), 0, [W]))(X),
}


@pytest.mark.parametrize("way", COMPOSED)
def test_it_composes_with_every_transformation(way: str) -> None:
    compute = COMPOSED[way]
    expected = [x.asnumpy() for x in dt.pytree.leaves(compute(block))]
    for wrap in WRAPPED.values():
        for found, e in zip(dt.pytree.leaves(compute(wrap(block))), expected, strict=True):
            np.testing.assert_allclose(found.asnumpy(), e, rtol=1e-12, atol=1e-13)


def test_containers_in_and_out() -> None:
    def f(p: dict[str, Any], n: int, *, s: dt.Tensor) -> Any:
        return {"y": p["a"] ** n * s, "same": p["a"], "two": (p["b"][0] * 2, 7)}

    def loss(g: Any) -> Any:
        def total(p: dict[str, Any], s: dt.Tensor) -> dt.Tensor:
            out = g(p, 3, s=s)
            assert out["two"][1] == 7
            return (out["y"] * out["same"] * out["two"][0]).sum()

        return dt.grad(total, (0, 1))

    p = {"a": X, "b": [X + 1]}
    for found, expected in zip(
        dt.pytree.leaves(loss(dt.checkpoint(f))(p, X)), dt.pytree.leaves(loss(f)(p, X)), strict=True
    ):
        np.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())


def test_the_function_is_called_once_and_draws_its_random_numbers_once() -> None:
    calls = []

    def noisy(x: dt.Tensor) -> dt.Tensor:
        calls.append(1)
        return x * x * dt.Tensor(rng.normal(size=x.shape))

    value, gradient = dt.value_and_grad(lambda x: dt.checkpoint(noisy)(x).sum())(X)
    assert len(calls) == 1
    assert (gradient * X).sum().item() == pytest.approx(2 * value.item())


def test_it_takes_less_memory() -> None:
    x = dt.Tensor(rng.normal(size=(5000, 16)))
    weights = [dt.Parameter(dt.Tensor(rng.normal(size=(16, 16)) / 4), name=f"w{i}") for i in range(16)]

    def layers(x: dt.Tensor, first: int, last: int) -> dt.Tensor:
        for w in weights[first:last]:
            x = ops.tanh(x @ w)
        return x

    def peak(wrap: Callable[[Any], Any]) -> tuple[float, np.ndarray]:
        def net(x: dt.Tensor) -> dt.Tensor:
            for first in range(0, 16, 4):
                x = wrap(lambda x, first=first: layers(x, first, first + 4))(x)
            return (x * x).sum()

        tracemalloc.start()
        try:
            gradient = dt.grad(net, None, weights)(x)[0].asnumpy()
            return tracemalloc.get_traced_memory()[1], gradient
        finally:
            tracemalloc.stop()

    usual, expected = peak(lambda f: f)
    less, found = peak(dt.checkpoint)
    np.testing.assert_array_equal(found, expected)
    assert less < 0.5 * usual


def test_bad_input() -> None:
    with pytest.raises(dt.errors.ArgumentTypeError, match="`checkpoint`"):
        dt.checkpoint(3)
    kept = []
    dt.checkpoint(lambda x: kept.append(x) or x * 2)(X)
    with pytest.raises(dt.errors.EscapedLevelError):
        kept[0] + 1


def test_output_that_a_checkpoint_only_hands_on_keeps_its_derivative() -> None:
    f = lambda x: sum(dt.checkpoint(lambda y: (y * 2, x))(x * 3))
    assert float(dt.grad(f)(dt.Tensor(1.0))) == 7
