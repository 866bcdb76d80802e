"""Transformations inside each other: each has a level of its own, and perturbations are never confused."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.interpreter import nesting_depth
from dualtape.errors import EscapedLevelError

Unary = Callable[[dt.Tensor], dt.Tensor]


def tensor(x: object) -> dt.Tensor:
    return dt.Tensor(np.asarray(x, np.float64))


ONE = tensor(1.0)


def forward(f: Unary) -> Unary:
    return lambda x: dt.jvp(f, x, ops.ones_like(x))[1]


def by_partials(f: Unary) -> Unary:
    """The derivative by Taylor mode, of a field over one coordinate."""
    return lambda x: dt.partials(lambda X: f(X[..., 0]), [(1,)])(ops.expand_dims(x, -1))[0]


DERIVATIVES = {"jvp": forward, "grad": dt.grad, "partials": by_partials}
UP_TO_THREE = [names for k in (1, 2, 3) for names in itertools.product(DERIVATIVES, repeat=k)]
each_pair = pytest.mark.parametrize(("outer", "inner"), list(itertools.product(DERIVATIVES, repeat=2)))
each_triple = pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=3)), ids="-".join)


@each_pair
def test_perturbation_confusion(outer: str, inner: str) -> None:
    """d/dx [x d/dy (x + y)] is 1; an engine that confuses the two perturbations says 2 (Siskind & Pearlmutter 2005)."""
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert float(d(lambda x: x * e(lambda y: x + y)(ONE))(ONE)) == 1
    assert float(d(lambda x: x * e(lambda y: x * y)(tensor(3.0)))(tensor(2.0))) == 4


@each_pair
def test_inner_derivative_is_constant_in_the_outer_variable(outer: str, inner: str) -> None:
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    assert float(d(lambda x: e(lambda y: y * y)(tensor(3.0)))(ONE)) == 0
    expected = np.cos(0.5) - 0.5 * np.sin(0.5)
    assert float(d(lambda x: x * e(ops.sin)(x))(tensor(0.5))) == pytest.approx(expected, rel=1e-14)


@each_pair
def test_shared_closure(outer: str, inner: str) -> None:
    """The same function object, holding an outer variable, differentiated twice."""
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]

    def f(x: dt.Tensor) -> dt.Tensor:
        product = lambda y: x * y * y
        return e(product)(x) + e(product)(tensor(2.0)) + product(x)

    # 2x^2 + 4x + x^3
    assert float(d(f)(tensor(3.0))) == pytest.approx(12 + 4 + 27, rel=1e-14)


@each_pair
def test_same_function_nested_in_itself(outer: str, inner: str) -> None:
    d, e = DERIVATIVES[outer], DERIVATIVES[inner]
    cube = lambda x: x * x * x
    assert float(d(e(cube))(tensor(2.0))) == 12


@each_triple
def test_three_levels_in_any_order(names: tuple[str, ...]) -> None:
    f = lambda x: ops.sin(x) * ops.exp(2 * x)
    for name in names:
        f = DERIVATIVES[name](f)
    x = 0.3
    assert float(f(tensor(x))) == pytest.approx(float(((2 + 1j) ** 3 * np.exp((2 + 1j) * x)).imag), rel=1e-13)


def test_gradient_of_a_tangent_of_a_gradient() -> None:
    """grad(jvp(grad(f))) and jvp(grad(jvp(f))) of a function of vectors: contractions of the third derivative."""
    x, v, w = (tensor(a) for a in ([0.3, -0.5, 0.8], [1.0, 2.0, -1.0], [0.5, 0.1, 0.2]))
    f = lambda x: ops.sum(ops.tanh(x) * ops.sin(x[::-1]))
    along = lambda g, u: lambda x: dt.jvp(g, x, u)[1]
    first = dt.grad(lambda x: ops.sum(along(dt.grad(f), v)(x) * w))(x)
    second = along(dt.grad(along(f, v)), w)(x)
    np.testing.assert_allclose(first.asnumpy(), second.asnumpy(), rtol=1e-13)
    np.testing.assert_allclose(float(ops.sum(first * v)), float(along(along(along(f, v), w), v)(x)), rtol=1e-13)


def test_gradient_of_an_operator_of_a_gradient() -> None:
    potential = lambda X: ops.sum(X[:, 0] ** 3 * X[:, 1] ** 2)
    force = lambda X: dt.grad(potential)(X)[:, 0]
    value, divergence = dt.laplacian(force)(tensor([[2.0, 3.0]]))
    assert value.tolist() == [108]
    assert divergence.tolist() == [6 * 9 + 6 * 4]
    assert dt.grad(lambda X: dt.laplacian(force)(X)[1])(tensor([[2.0, 3.0]])).tolist() == [[24, 36]]


@pytest.mark.parametrize("name", DERIVATIVES)
def test_value_that_escapes_its_level_is_a_named_error(name: str) -> None:
    kept: list[dt.Tensor] = []

    def f(x: dt.Tensor) -> dt.Tensor:
        kept.append(x * x)
        return x * x

    DERIVATIVES[name](f)(ONE)
    with pytest.raises(EscapedLevelError, match="already returned"):
        dt.grad(lambda y: y * kept[0])(ONE)
    with pytest.raises(EscapedLevelError, match="already returned"):
        dt.jvp(lambda y: kept[0] + y, ONE, ONE)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_exception_inside_leaves_the_levels_clean(name: str) -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        return DERIVATIVES[name](lambda y: 1 / 0 if nesting_depth() else y)(x)

    with pytest.raises(ZeroDivisionError):
        dt.grad(f)(ONE)
    assert nesting_depth() == 0
    assert float(dt.grad(lambda x: x * x)(ONE)) == 2


def test_exception_restores_parameters() -> None:
    weight = dt.Parameter(dt.Tensor([1.0]), name="w")

    def f(x: dt.Tensor) -> dt.Tensor:
        raise KeyError("stop")

    with pytest.raises(KeyError):
        dt.grad(f, None, weight)(ONE)
    assert type(weight.value()) is dt.Tensor


def test_threads_do_not_see_each_others_levels() -> None:
    start = threading.Barrier(4)
    results: dict[int, float] = {}

    def work(i: int) -> None:
        def f(x: dt.Tensor) -> dt.Tensor:
            start.wait(10)
            return x * dt.grad(lambda y: x * y * y)(x)

        results[i] = float(dt.grad(f)(tensor(float(i))))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results == {i: 6.0 * i * i for i in range(4)}


@pytest.mark.parametrize("names", UP_TO_THREE, ids="-".join)
def test_stop_gradient_is_a_constant_at_every_order(names: tuple[str, ...]) -> None:
    f: Unary = lambda x: ops.stop_gradient(x) * x**3
    g: Unary = lambda x: 2.0 * x**3
    for name in names:
        f, g = DERIVATIVES[name](f), DERIVATIVES[name](g)
    assert float(f(tensor(2.0))) == float(g(tensor(2.0)))


def test_branch_on_the_value_and_printing_inside_a_transformation() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        assert str(x) == "2.0"
        return x * x if x > 1 else -x

    for derivative in (dt.grad, forward):
        assert float(derivative(f)(tensor(2.0))) == 4
