"""What checkpoints, loops and conditions give may be made of values that they close over, alone or among others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, ops

Function = Callable[..., dt.Tensor]
POINT = np.array([0.4, 0.7])


def one() -> dt.Tensor:
    return dt.Tensor(np.array([1.0, 1.0]))


class Squares(nn.Cell):
    def __init__(self, y: Any) -> None:
        super().__init__()
        self.y = y

    def construct(self, x: dt.Tensor) -> dt.Tensor:
        return self.y * self.y


# From a value that is differentiated outside to its square; the arguments of what is inside are not.
WAYS: dict[str, Function] = {
    "checkpoint": lambda y: dt.checkpoint(lambda x: y * y)(one()),
    "checkpoint without arguments": lambda y: dt.checkpoint(lambda: y * y)(),
    "checkpoint of numbers": lambda y: dt.checkpoint(lambda x: y * y)(1.0),
    "checkpoint of a constant beside": lambda y: dt.checkpoint(lambda x: (ops.sin(x), y * y, 3, x))(one())[1],
    "checkpoint of both": lambda y: dt.checkpoint(lambda x: x * y * y)(one()),
    "checkpoint that hands on": lambda y: dt.checkpoint(lambda x: (x, y))(one())[1] * y,
    "checkpoints": lambda y: dt.checkpoint(lambda x: dt.checkpoint(lambda x: y * y)(x))(one()),
    "checkpoint of a Cell": lambda y: dt.checkpoint(Squares(y))(one()),
    "checkpoint of a gradient": lambda y: dt.checkpoint(lambda x: dt.grad(lambda s: (s * y * y).sum())(x))(one()),
    "gradient of a checkpoint": lambda y: dt.grad(lambda s: dt.checkpoint(lambda: (s * y * y).sum())())(one()),
    "jvp of a checkpoint": lambda y: dt.jvp(lambda s: dt.checkpoint(lambda x: s * y * y)(one()), one(), one())[1],
    "vmap of a checkpoint": lambda y: dt.vmap(lambda s: dt.checkpoint(lambda x: y * y)(s))(ops.ones((3, 2)))[1],
    "checkpoint of vmap": lambda y: dt.checkpoint(lambda x: dt.vmap(lambda s: s * y)(ops.stack([y, y])))(one())[1],
    **{
        f"fori_loop of {n}": lambda y, n=n: ops.fori_loop(0, n, lambda i, c: y * y, ops.ones_like(y))
        for n in (1, 3, 4, 5, 17)
    },
    **{
        f"scan of {n}": lambda y, n=n: ops.scan(lambda c, _: (c, y * y), dt.Tensor(0.0), None, n)[1][-1]
        for n in (1, 4, 5, 17)
    },
    "scan of constants": lambda y: ops.scan(lambda c, r: (c, (r, y * y)), dt.Tensor(0), ops.arange(6))[1][1][-1],
    "scan in a scan": lambda y: ops.scan(
        lambda c, _: (ops.scan(lambda d, _: (y * y, d), c, None, 5)[0], c), ops.ones_like(y), None, 5
    )[0],
    "while_loop": lambda y: ops.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, y * y), (0, ops.ones_like(y)))[1],
    "cond": lambda y: ops.cond(y.sum() > 0, lambda x: y * y, lambda x: x, ops.ones_like(y)),
    "cond of a constant": lambda y: ops.cond(y.sum() < 0, lambda: ops.ones_like(y), lambda: y * y),
    "custom_derivative": lambda y: y * dt.custom_derivative(lambda x: x * 1, jvp=lambda x, v: v[0])(y),
}
TRANSFORMATIONS: dict[str, Callable[[Function], Function]] = {
    "value": lambda f: f,
    "grad": lambda f: dt.grad(lambda y: f(y).sum()),
    "jvp": lambda f: lambda y: dt.jvp(f, y, ops.cos(y))[1],
    "hessian": lambda f: dt.hessian(lambda y: (f(y) ** 2).sum()),
    "grad of grad": lambda f: dt.grad(lambda y: ops.sin(dt.grad(lambda y: (f(y) ** 2).sum())(y)).sum()),
    "vmap of grad": lambda f: lambda y: dt.vmap(dt.grad(lambda y: f(y).sum()))(ops.stack([y, 2 * y])),
    "grad of vmap": lambda f: dt.grad(lambda y: dt.vmap(lambda a: f(a * y))(ops.stack([y, 2 * y])).sum()),
}
FORWARD = ("value", "jvp")


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_values_closed_over_keep_their_derivatives(way: str, transformation: str, jitted: bool) -> None:
    if jitted and way == "while_loop" and transformation not in FORWARD:
        return  # a `TracingError`, as test_derivatives.py shows
    transform = TRANSFORMATIONS[transformation]
    wanted = transform(lambda y: y * y)(dt.Tensor(POINT)).asnumpy()
    run = transform(WAYS[way])
    found = (dt.jit(run) if jitted else run)(dt.Tensor(POINT)).asnumpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_parameters_closed_over_keep_their_derivatives(way: str, jitted: bool, device: dt.Device) -> None:
    if jitted and way == "while_loop":
        return
    w = dt.Parameter(dt.Tensor(POINT), name="w")
    run = dt.value_and_grad(lambda: WAYS[way](w).sum(), None, [w])
    value, (by_weight,) = (dt.jit(run) if jitted else run)()
    np.testing.assert_allclose(value.asnumpy(), (POINT**2).sum(), rtol=1e-14)
    np.testing.assert_allclose(by_weight.asnumpy(), 2 * POINT, rtol=1e-14)


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_a_loop_of_constants_alone(jitted: bool) -> None:
    run = lambda x: x + ops.fori_loop(0, 5, lambda i, c: c * 2, one())
    np.testing.assert_array_equal((dt.jit(run) if jitted else run)(dt.Tensor(POINT)).asnumpy(), POINT + 32)


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize(("lower", "upper"), [(0, 0), (3, 1)])
def test_a_loop_of_no_steps_does_not_call_its_body(lower: int, upper: int, jitted: bool, device: dt.Device) -> None:
    calls = []
    run = lambda x: ops.fori_loop(lower, upper, lambda i, c: calls.append(i) or c * i, {"x": x, "n": 2})
    found = (dt.jit(run) if jitted else run)(dt.Tensor(POINT))
    assert not calls
    np.testing.assert_array_equal(found["x"].asnumpy(), POINT)
    assert found["n"].dtype is dt.int64
    gradient = dt.grad(lambda x: run(x)["x"].sum())
    np.testing.assert_array_equal((dt.jit(gradient) if jitted else gradient)(dt.Tensor(POINT)).asnumpy(), [1, 1])


def test_nested_loops_that_set_parameters_are_traced_once_more_for_each() -> None:
    count, total = dt.Parameter(dt.Tensor(0.0), name="count"), dt.Parameter(dt.Tensor(1.0), name="total")
    traced = []

    def nested(depth: int, x: dt.Tensor) -> dt.Tensor:
        if depth == 0:
            traced.append(x)
            count.set_data(count.value() + 1)
            return x + total.value()
        if depth == 2:
            total.set_data(2 * total.value())
        if depth % 2:
            return ops.fori_loop(0, 2, lambda i, x: nested(depth - 1, x), x)
        turn = lambda state: (nested(depth - 1, state[0]), state[1] + 1)
        return ops.while_loop(lambda state: state[1] < 2, turn, (x, dt.Tensor(0)))[0]

    jitted = dt.jit(lambda x: nested(4, x))
    found = jitted(dt.Tensor(0.0))
    assert len(traced) == 5
    seen = (float(found), float(count.value()), float(total.value()))
    count.set_data(dt.Tensor(0.0))
    total.set_data(dt.Tensor(1.0))
    assert (float(nested(4, dt.Tensor(0.0))), float(count.value()), float(total.value())) == seen
    assert seen[1] == 16
