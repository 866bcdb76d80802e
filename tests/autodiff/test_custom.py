"""`custom_derivative`: every mode follows from partials or a jvp, reverse mode from a vjp; and it is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

rng = np.random.default_rng(0)
X = dt.Tensor(rng.normal(size=(5, 4)))
Y = dt.Tensor(rng.normal(size=(4,)))


def plain(x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
    return ops.tanh(x) * y


def own_jvp(inputs: Any, tangents: Any) -> dt.Tensor:
    x, y = inputs
    dx, dy = tangents
    return (1 - ops.tanh(x) ** 2) * y * dx + ops.tanh(x) * dy


def own_vjp(x: dt.Tensor, y: dt.Tensor, out: dt.Tensor, ct: dt.Tensor) -> tuple[dt.Tensor, dt.Tensor]:
    t = ops.tanh(x)
    by_y = ct * t
    return ct * (1 - t * t) * y, by_y if by_y.ndim == y.ndim else by_y.sum(0)


by_partials = dt.custom_derivative(
    plain, partials=[lambda x, y, z: (1 - ops.tanh(x) ** 2) * y, lambda x, y, z: ops.tanh(x)]
)
by_output = dt.custom_derivative(plain, partials=[lambda x, y, z: y - z * z / y, lambda x, y, z: z / y])
by_jvp = dt.custom_derivative(plain, jvp=own_jvp)
by_vjp = dt.custom_derivative(plain, vjp=own_vjp)

REVERSE: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: dt.grad(lambda x, y: ops.exp(f(x, y)).sum(), (0, 1))(X, Y),
    "grad of grad": lambda f: dt.grad(lambda x: (dt.grad(lambda x: ops.exp(f(x, Y)).sum())(x) ** 2).sum())(X),
    "grad under jit": lambda f: dt.jit(dt.grad(lambda x, y: ops.exp(f(x, y)).sum(), (0, 1)))(X, Y),
    "vmap of grad": lambda f: dt.vmap(dt.grad(lambda x, y: ops.exp(f(x, y)).sum(), (0, 1)), in_axes=(0, None))(X, Y),
    "grad of vmap": lambda f: dt.grad(lambda y: (dt.vmap(f, in_axes=(0, None))(X, y) ** 2).sum())(Y),
    "jacrev": lambda f: dt.jacrev(f, 1)(X, Y),
    "checkpointed": lambda f: dt.grad(lambda x: dt.checkpoint(f)(x, Y).sum())(X),
}
FORWARD: dict[str, Callable[[Any], Any]] = {
    "jvp": lambda f: dt.jvp(f, (X, Y), (X, Y)),
    "hvp": lambda f: dt.hvp(lambda x, y: ops.exp(f(x, y)).sum(), (X, Y), (X, Y)),
    "grad of jvp": lambda f: dt.grad(lambda x: dt.jvp(f, (x, Y), (X, Y))[1].sum())(X),
    "partials": lambda f: dt.partials(lambda p: f(p, Y)[:, 0] * f(p, Y)[:, 1], [(2, 1, 0, 0), (3, 2, 0, 0)])(X),
    "derivative": lambda f: dt.derivative(lambda x: f(x, Y), X, 5),
    "laplacian": lambda f: dt.laplacian(lambda p: (f(p, Y) ** 2).sum(-1))(X),
    "grad of laplacian": lambda f: dt.grad(lambda y: dt.laplacian(lambda p: (f(p, y) ** 2).sum(-1))(X)[1].sum())(Y),
    "jacfwd": lambda f: dt.jacfwd(f)(X, Y),
    "vmap of jvp": lambda f: dt.vmap(lambda x: dt.jvp(lambda x: f(x, Y), x, x)[1])(X),
    "linearize": lambda f: dt.linearize(f, X, Y)[1](X, Y),
    "jit": lambda f: dt.jit(lambda x: dt.hvp(lambda x: ops.exp(f(x, Y)).sum(), x, x))(X),
}
CASES = [(f, way) for f in (by_partials, by_output, by_jvp) for way in (*REVERSE, *FORWARD)] + [
    (by_vjp, way) for way in REVERSE
]


@pytest.mark.parametrize(("f", "way"), CASES, ids=lambda x: x if isinstance(x, str) else "")
def test_every_mode_follows(f: Any, way: str) -> None:
    compute = {**REVERSE, **FORWARD}[way]
    for found, expected in zip(dt.pytree.leaves(compute(f)), dt.pytree.leaves(compute(plain)), strict=True):
        np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("f", [by_partials, by_output, by_jvp, by_vjp])
def test_check_accepts_a_right_derivative(f: Any) -> None:
    f.check(X, Y)
    f.check(X.astype(dt.float32), Y.astype(dt.float32))


def test_the_rule_is_used_and_a_wrong_one_is_found() -> None:
    wrong = dt.custom_derivative(ops.sin, partials=lambda x, y: 100 * x)
    np.testing.assert_array_equal(dt.grad(wrong)(X).asnumpy(), 100 * X.asnumpy())
    np.testing.assert_array_equal(dt.grad(dt.checkpoint(lambda x: wrong(x)))(X).asnumpy(), 100 * X.asnumpy())
    with pytest.raises(AssertionError, match=r"tangent of output 0 of `sin`, element \(0, 0\)"):
        wrong.check(X)
    with pytest.raises(AssertionError, match="cotangents"):
        dt.custom_derivative(ops.sin, vjp=lambda x, out, ct: (ct,)).check(X)


def test_a_function_that_leaves_the_engine() -> None:
    cube = dt.custom_derivative(lambda x: dt.Tensor(x.asnumpy() ** 3), partials=lambda x, y: 3 * x * x)
    np.testing.assert_allclose(dt.grad(cube)(X).asnumpy(), 3 * X.asnumpy() ** 2, rtol=1e-14)
    _, second = dt.derivative(dt.grad(cube), X, 1)
    np.testing.assert_allclose(second.asnumpy(), 6 * X.asnumpy(), rtol=1e-14)
    cube.check(X)


def test_containers_static_arguments_and_several_outputs() -> None:
    def fn(p: dict[str, dt.Tensor], n: int) -> tuple[dt.Tensor, dt.Tensor]:
        return p["a"] ** n, p["a"] * p["b"]

    def jvp(inputs: Any, tangents: Any) -> Any:
        (p, n), (t, none) = inputs, tangents
        assert none is None
        return n * p["a"] ** (n - 1) * t["a"], p["a"] * t["b"] + p["b"] * t["a"]

    def vjp(p: Any, n: int, out: Any, ct: Any) -> Any:
        return {"a": n * p["a"] ** (n - 1) * ct[0] + p["b"] * ct[1], "b": p["a"] * ct[1]}, None

    point = {"a": X, "b": X + 1}
    for f in (dt.custom_derivative(fn, jvp=jvp), dt.custom_derivative(fn, vjp=vjp)):
        loss = lambda p, f=f: (f(p, 3)[0] * f(p, 3)[1]).sum() + f(p, 2)[1].sum()
        expected = dt.grad(lambda p, loss=loss: loss(p, fn))(point)
        for key, gradient in dt.grad(loss)(point).items():
            np.testing.assert_allclose(gradient.asnumpy(), expected[key].asnumpy(), rtol=1e-13)
        f.check(point, 3)


def test_forward_mode_of_a_vjp_says_what_to_give() -> None:
    for compute in (FORWARD["jvp"], FORWARD["partials"], FORWARD["laplacian"], FORWARD["hvp"]):
        with pytest.raises(TypeError, match=r"forward mode through `plain`.*give `jvp` or `partials`") as caught:
            compute(by_vjp)
        assert isinstance(caught.value, dt.errors.DualtapeError)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: dt.custom_derivative(3, partials=plain), TypeError, "fn"),
        (lambda: dt.custom_derivative(plain), ValueError, "exactly one"),
        (lambda: dt.custom_derivative(plain, jvp=plain, vjp=plain), ValueError, "jvp and vjp"),
        (lambda: dt.custom_derivative(plain, jvp=3), TypeError, "must be a function"),
        (lambda: dt.custom_derivative(plain, partials=[]), TypeError, "sequence"),
        (lambda: dt.custom_derivative(plain, partials=lambda x, z: x)(X, Y), ValueError, "1 `partials`.*2 arguments"),
        (lambda: dt.custom_derivative(lambda x: x.sum(), partials=lambda x, z: x)(X), ValueError, "elementwise"),
        (
            lambda: dt.jvp(dt.custom_derivative(ops.sin, jvp=lambda x, t: t[0].sum()), X, X),
            ValueError,
            "tangent of output 0",
        ),
        (lambda: dt.grad(dt.custom_derivative(ops.sin, vjp=lambda x, y, ct: ct))(X), ValueError, "must return a tuple"),
        (
            lambda: dt.grad(dt.custom_derivative(ops.sin, vjp=lambda x, y, ct: (Y,)))(X),
            ValueError,
            "cotangent of input 0",
        ),
        (lambda: dt.grad(lambda y: by_closure(y)(y))(Y), ValueError, "none of its arguments"),
        (lambda: dt.custom_derivative(ops.sin, partials=ops.cos).check(3), TypeError, "Tensor of floats"),
    ],
)
def test_bad_input(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, dt.errors.DualtapeError)


def by_closure(y: dt.Tensor) -> Any:
    return dt.custom_derivative(lambda x: x * y, partials=lambda x, z: y)
