"""A function whose own rule calls it, as rules of linear functions do: no rule needs itself without end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import ArgumentError

A = np.array([[0.5, -0.2], [0.3, 0.9]])

negative = dt.custom_derivative(lambda x: -x, jvp=lambda x, v: negative(v[0]))
# Each by the other.
halved = dt.custom_derivative(lambda x: x / 2, jvp=lambda x, v: -halved_again(-v[0]))
halved_again = dt.custom_derivative(lambda x: 0.5 * x, jvp=lambda x, v: halved(v[0]))
product = dt.custom_derivative(lambda a, b: a @ b, jvp=lambda x, v: product(v[0], x[1]) + product(x[0], v[1]))
# On what is no tangent the rule stays in force: twice the derivative of exp, thrice that of the derivative.
steep = dt.custom_derivative(ops.exp, jvp=lambda x, v: 2 * steep(x[0]) * v[0])
transposed = dt.custom_derivative(lambda x: -x, vjp=lambda x, y, ct: (transposed(ct),))

PAIRS: dict[str, tuple[Callable[[dt.Tensor], dt.Tensor], Callable[[dt.Tensor], dt.Tensor]]] = {
    "linear": (negative, lambda x: -x),
    "each by the other": (halved, lambda x: x / 2),
    "product": (lambda a: product(product(a, a), a), lambda a: a @ a @ a),
    "vjp": (transposed, lambda x: -x),
    "in examples": (dt.vmap(negative), lambda x: -x),
    "in a loop": (lambda x: ops.fori_loop(0, 5, lambda i, c: negative(c) * x, x), lambda x: -(x**6)),
    "in a checkpoint": (dt.checkpoint(lambda x: negative(x) * x), lambda x: -x * x),
}


def cubed(f: Callable[[dt.Tensor], dt.Tensor]) -> Callable[[dt.Tensor], dt.Tensor]:
    return lambda x: (f(x) ** 3).sum()


TRANSFORMATIONS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: dt.grad(cubed(f)),
    "jacrev": dt.jacrev,
    "hessian": lambda f: dt.hessian(cubed(f)),
    "grad of grad": lambda f: dt.grad(lambda x: ops.sin(dt.grad(cubed(f))(x)).sum()),
    "grad of jvp": lambda f: dt.grad(lambda x: dt.jvp(cubed(f), x, ops.cos(x))[1]),
    "jvp": lambda f: lambda x: dt.jvp(f, x, ops.cos(x))[1],
    "third derivative": lambda f: lambda x: dt.derivative(cubed(f), x, 3)[1],
    "laplacian": lambda f: lambda x: dt.laplacian(cubed(f))(x)[1],
    "vmap of grad": lambda f: dt.vmap(dt.grad(cubed(lambda r: f(r * ops.ones((2, 2)))))),
}
FORWARD = ("hessian", "grad of jvp", "jvp", "third derivative", "laplacian")


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("pair", PAIRS)
def test_derivatives(pair: str, transformation: str, jitted: bool, device: dt.Device) -> None:
    if pair == "vjp" and transformation in FORWARD:
        return
    ours, plain = PAIRS[pair]
    run = TRANSFORMATIONS[transformation](ours)
    x = dt.Tensor(A)
    wanted = TRANSFORMATIONS[transformation](plain)(x).asnumpy()
    np.testing.assert_allclose((dt.jit(run) if jitted else run)(x).asnumpy(), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_its_own_rule_stays_in_force_for_what_is_no_tangent(jitted: bool) -> None:
    second = dt.grad(dt.grad(steep))
    x = dt.Tensor(np.array(0.3))
    assert float((dt.jit(second) if jitted else second)(x)) == pytest.approx(4 * np.exp(0.3))


def test_a_rule_that_calls_a_function_that_leaves_the_engine() -> None:
    outside = dt.custom_derivative(lambda x: dt.Tensor(-x.asnumpy()), jvp=lambda x, v: outside(v[0]))
    x = dt.Tensor(A)
    np.testing.assert_array_equal(dt.jvp(outside, x, x)[1].asnumpy(), -A)
    with pytest.raises(ArgumentError, match=r"leaves the engine.*give a `vjp`"):
        dt.grad(cubed(outside))(x)
