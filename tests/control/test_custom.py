"""What changes a derivative on purpose still does so in the body of a loop, also where that is a program."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

X = dt.Tensor(np.array([0.4, 0.7]))
Function = Callable[[dt.Tensor], dt.Tensor]

straight_through = dt.custom_derivative(lambda x: ops.round(x * 4) / 4, partials=lambda x, y: ops.ones_like(x))
tripled = dt.custom_derivative(lambda x, power: ops.sin(x) ** power, jvp=lambda inputs, tangents: 3 * tangents[0])
reversed_only = dt.custom_derivative(lambda x: ops.sin(x), vjp=lambda x, y, cotangent: (5 * cotangent * y,))

STEPS: dict[str, Callable[[dt.Tensor, dt.Tensor], dt.Tensor]] = {
    "partials": lambda y, x: straight_through(y) * x,
    "jvp": lambda y, x: tripled(y, 2) * x,
    "vjp": lambda y, x: reversed_only(y) * x,
    "fixed point": lambda y, x: dt.fixed_point(lambda z, a: 0.3 * ops.cos(z) + a, y, y * x),
    "stop_gradient": lambda y, x: ops.stop_gradient(ops.sin(y)) * x + y * x,
    "checkpoint": lambda y, x: dt.checkpoint(lambda y: ops.sin(y) * x)(y),
    "gradient": lambda y, x: y - 0.1 * dt.grad(lambda y: (ops.cos(y) * x).sum())(y),
    "jet": lambda y, x: dt.derivative(lambda y: ops.sin(y) * x, y, 2)[1],
    "laplacian": lambda y, x: y * dt.laplacian(lambda y: (ops.sin(y) * x).sum())(y)[1],
    "where": lambda y, x: ops.where(y > 0.3, ops.log(ops.abs(y)), x),
}


def looped(name: str) -> Function:
    return lambda x: ops.fori_loop(0, 3, lambda i, y: STEPS[name](y, x), x)


def by_python(name: str) -> Function:
    def run(x: dt.Tensor) -> dt.Tensor:
        y = x
        for _ in range(3):
            y = STEPS[name](y, x)
        return y

    return run


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("name", STEPS)
def test_gradients(name: str, jitted: bool) -> None:
    for transform in (dt.grad, lambda f: dt.grad(lambda x: ops.sin(dt.grad(f)(x)).sum())):
        run = transform(looped(name))
        found = (dt.jit(run) if jitted else run)(X)
        np.testing.assert_allclose(found.asnumpy(), transform(by_python(name))(X).asnumpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("name", [name for name in STEPS if name != "vjp"])
def test_forward(name: str, jitted: bool) -> None:
    ours = looped(name)
    for order in (1, 2, 3):
        run = lambda x, order=order: dt.derivative(ours, x, order)[1]
        wanted = dt.derivative(by_python(name), X, order)[1]
        found = (dt.jit(run) if jitted else run)(X)
        np.testing.assert_allclose(found.asnumpy(), wanted.asnumpy(), rtol=1e-11, atol=1e-11)


def test_a_rule_that_forward_mode_lacks_is_named() -> None:
    with pytest.raises(TypeError, match="only a `vjp`"):
        dt.jit(lambda x: dt.jvp(looped("vjp"), x, x)[1])(X)


def test_a_custom_function_that_captures_what_is_differentiated_is_an_error() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        scaled = dt.custom_derivative(lambda y: y * x, partials=lambda y, out: ops.ones_like(y))
        return ops.fori_loop(0, 3, lambda i, y: scaled(y), ops.ones_like(x))

    with pytest.raises(ValueError, match="none of its arguments"):
        dt.jit(dt.grad(lambda x: (f(x) * x).sum()))(X)


def test_nothing_of_it_is_left_in_the_program() -> None:
    assert "stop_gradient" not in str(dt.jit(looped("stop_gradient")).lower(X).optimised)
