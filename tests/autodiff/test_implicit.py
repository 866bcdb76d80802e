"""Solutions of equations and their derivatives: against closed forms, finite differences and each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.autodiff.solvers.linear_system import solve_dense
from dualtape.testing import check_derivatives

rng = np.random.default_rng(0)
A = dt.Tensor(rng.normal(size=(4, 4)))
B = dt.Tensor(rng.normal(size=(4, 2)))
START = dt.Tensor(np.array([1.0, 1.0]))
P = dt.Tensor(np.array([2.5, 3.0]))


def residual(x: dt.Tensor, p: dt.Tensor) -> dt.Tensor:
    return ops.stack([x[0] ** 2 + x[1] - p[0], x[1] ** 3 + x[0] - p[1]])


def solution(p: dt.Tensor) -> dt.Tensor:
    return dt.root(residual, START, p, steps=12)


def iterated(p: dt.Tensor) -> dt.Tensor:
    return dt.fixed_point(lambda x, p: ops.cos(x * p), START, p * 0.2, steps=200)


def test_linear_systems() -> None:
    np.testing.assert_allclose(solve_dense(A, B).asnumpy(), np.linalg.solve(A.asnumpy(), B.asnumpy()), rtol=1e-12)
    needs_pivots = dt.Tensor(np.array([[0.0, 1.0, 0], [2, 0, 1], [0, 0, 3]]))
    right = dt.Tensor(np.array([[1.0], [2], [3]]))
    np.testing.assert_allclose(solve_dense(needs_pivots, right).asnumpy(), [[0.5], [1], [1]])
    check_derivatives(solve_dense, A, B, order=3)
    np.testing.assert_allclose(dt.jit(solve_dense)(A, B).asnumpy(), solve_dense(A, B).asnumpy(), rtol=1e-14)


@pytest.mark.parametrize("f", [solution, iterated])
def test_derivatives_of_order_three(f: Callable[[dt.Tensor], dt.Tensor]) -> None:
    check_derivatives(f, P, order=3)


def test_closed_form() -> None:
    cube_root = lambda a: dt.root(lambda x, a: x**3 - a, dt.Tensor(np.array([1.0, 2.0])), a)
    a = dt.Tensor(np.array([2.0, 5.0]))
    exact = [a.asnumpy() ** (1 / 3)]
    for k in range(4):
        exact.append(exact[-1] * (1 / 3 - k) / a.asnumpy())
    np.testing.assert_allclose(cube_root(a).asnumpy(), exact[0], rtol=1e-14)
    for k in range(1, 5):
        np.testing.assert_allclose(dt.derivative(cube_root, a, k)[1].asnumpy(), exact[k], rtol=1e-12)


@pytest.mark.parametrize("f", [solution, iterated])
def test_it_composes_with_every_transformation(f: Callable[[dt.Tensor], dt.Tensor]) -> None:
    scalar = lambda p: f(p).prod()
    gradient = dt.grad(scalar)
    hessian = dt.hessian(scalar)(P).asnumpy()
    found = dt.partials(scalar, [(2, 0), (1, 1), (0, 2)])(P)
    np.testing.assert_allclose([x.item() for x in found], [hessian[0, 0], hessian[0, 1], hessian[1, 1]], rtol=1e-10)
    np.testing.assert_allclose(dt.jacrev(gradient)(P).asnumpy(), hessian, rtol=1e-10)
    assert dt.laplacian(scalar)(P)[1].item() == pytest.approx(np.trace(hessian), rel=1e-10)
    many = ops.stack([P, P * 1.1, P * 0.9])
    each = np.stack([gradient(p).asnumpy() for p in many])
    np.testing.assert_allclose(dt.vmap(gradient)(many).asnumpy(), each, rtol=1e-10)
    np.testing.assert_allclose(dt.grad(lambda P: dt.vmap(scalar)(P).sum())(many).asnumpy(), each, rtol=1e-10)
    slopes = dt.vmap(lambda p: dt.jvp(scalar, p, p)[1])(many).asnumpy()
    np.testing.assert_allclose(slopes, (each * many.asnumpy()).sum(1), rtol=1e-10)
    np.testing.assert_allclose(dt.jvp(dt.vmap(scalar), many, many)[1].asnumpy(), slopes, rtol=1e-10)
    np.testing.assert_allclose(dt.grad(dt.checkpoint(scalar))(P).asnumpy(), each[0], rtol=1e-10)
    np.testing.assert_allclose(dt.linearize(scalar, P)[1](P).item(), slopes[0], rtol=1e-10)


def test_under_jit_all_steps_are_taken() -> None:
    np.testing.assert_allclose(dt.jit(solution)(P).asnumpy(), solution(P).asnumpy(), rtol=1e-14)
    loss = lambda p: (solution(p) ** 2).sum()
    np.testing.assert_allclose(dt.jit(dt.grad(loss))(P).asnumpy(), dt.grad(loss)(P).asnumpy(), rtol=1e-12)


def test_parameters_and_containers_as_arguments() -> None:
    w = dt.Parameter(P, name="w")
    equation = lambda x, q: residual(x, q["p"] * q["scale"])
    loss = lambda q: dt.root(equation, START, q).sum()
    expected = dt.grad(lambda p: solution(p).sum())(P).asnumpy()
    np.testing.assert_allclose(dt.grad(loss)({"p": w, "scale": 1})["p"].asnumpy(), expected, rtol=1e-12)
    (by_weight,) = dt.grad(lambda: loss({"p": w, "scale": 1}), None, [w])()
    np.testing.assert_allclose(by_weight.asnumpy(), expected, rtol=1e-12)
    np.testing.assert_array_equal(dt.grad(lambda x0: dt.root(residual, x0, P).sum())(START).asnumpy(), [0, 0])


def coupled(x: dt.Tensor, p: dt.Tensor) -> dt.Tensor:
    """A symmetric positive definite derivative by x."""
    return x**3 + 3 * x - 0.5 * (ops.roll(x, 1, 0) + ops.roll(x, -1, 0)) - p


Q = dt.Tensor(rng.normal(size=7))


@pytest.mark.parametrize("solver", ["gmres", "cg"])
def test_iterations_that_form_no_matrix(solver: str) -> None:
    def scalar(solver: str) -> Callable[[dt.Tensor], dt.Tensor]:
        return lambda q: (dt.root(coupled, ops.zeros(7, dt.float64), q * q, solver=solver) ** 2).sum()

    matrix_free, dense = scalar(solver), scalar("dense")
    for derivative in (dt.grad, dt.hessian, lambda f: lambda q: dt.derivative(f, q, 4)[1]):
        np.testing.assert_allclose(
            derivative(matrix_free)(Q).asnumpy(), derivative(dense)(Q).asnumpy(), rtol=1e-9, atol=1e-11
        )
    by_vjp = dt.vhp(matrix_free, Q, Q)[1].asnumpy()
    np.testing.assert_allclose(by_vjp, dt.hvp(dense, Q, Q)[1].asnumpy(), rtol=1e-9)
    lap = dt.linear_operator(matrix_free, {(2, 0, 0, 0, 0, 0, 0): 1.0, (0, 1, 0, 0, 0, 0, 0): 2.0}, "collapsed")(Q)
    hessian, gradient = dt.hessian(dense)(Q).asnumpy(), dt.grad(dense)(Q).asnumpy()
    assert lap.item() == pytest.approx(hessian[0, 0] + 2 * gradient[1], rel=1e-9)
    rows = ops.stack([Q, 1e-3 * Q, Q + 1])
    for way in (dt.vmap(dt.grad(matrix_free)), lambda q: dt.grad(lambda q: dt.vmap(matrix_free)(q).sum())(q)):
        np.testing.assert_allclose(way(rows).asnumpy(), dt.vmap(dt.grad(dense))(rows).asnumpy(), rtol=1e-8)
    np.testing.assert_allclose(
        dt.vmap(dt.hessian(matrix_free))(rows).asnumpy(), dt.vmap(dt.hessian(dense))(rows).asnumpy(), atol=1e-9
    )
    found = dt.grad(lambda q: (dt.fixed_point(lambda x, q: ops.cos(x) * q, Q, q * 0.3, solver="gmres") ** 2).sum())(Q)
    expected = dt.grad(lambda q: (dt.fixed_point(lambda x, q: ops.cos(x) * q, Q, q * 0.3) ** 2).sum())(Q)
    np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-9)


def test_a_system_too_large_for_its_matrix() -> None:
    """Thirty thousand unknowns, whose matrix would have 7 GB."""
    q = dt.Tensor(rng.uniform(size=30_000))
    x = dt.root(coupled, q, q)
    np.testing.assert_allclose(coupled(x, q).asnumpy(), 0, atol=1e-13)
    adjoint = dt.grad(lambda q: dt.root(coupled, x, q).sum())(q)
    product = dt.jvp(lambda x: coupled(x, q), x, adjoint)[1]
    np.testing.assert_allclose(product.asnumpy(), 1, rtol=1e-11)


def test_iterations_need_numbers() -> None:
    solved = lambda q: dt.root(coupled, q, q, solver="gmres")
    with pytest.raises(TypeError, match=r"iterates on numbers.*`solver='dense'` works there"):
        dt.jit(solved)(Q)
    singular = lambda x, q: x * 0 + q * q + x.sum() * 0
    with pytest.raises(ValueError, match="nearly singular"):
        dt.root(singular, Q, Q, solver="gmres")


@pytest.mark.parametrize("find", [dt.root, dt.fixed_point])
@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda find: find(3, START), TypeError, "fn"),
        (lambda find: find(residual, 1.0, P), TypeError, "`x0`"),
        (lambda find: find(residual, dt.Tensor([1, 2]), P), TypeError, "floats"),
        (lambda find: find(residual, START, P, steps=0), ValueError, "positive"),
        (lambda find: find(residual, START, P, steps=1.0), TypeError, "`steps`"),
        (lambda find: find(residual, START, P, tolerance=-1.0), ValueError, "`tolerance`"),
        (lambda find: find(residual, START, P, solver="lu"), ValueError, "`solver`.*'gmres'"),
        (lambda find: find(lambda x, p: x.sum(), START, P), ValueError, "shape"),
        (lambda find: find(lambda x, p: x * x + 2, START, P, steps=5), ValueError, "did not converge|not finite"),
        (lambda find: find(lambda x, p: x / 0, START, P), ValueError, "not finite"),
    ],
)
def test_bad_input(find: Any, call: Callable[[Any], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text) as caught:
        call(find)
    assert isinstance(caught.value, dt.errors.DualtapeError)
