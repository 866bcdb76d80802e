"""Jacobians and Hessians: forward, reverse and finite differences agree."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

X = dt.Tensor(np.array([0.3, -0.7, 1.1]))
M = dt.Tensor(np.array([[0.5, 1.0], [2.0, -1.0], [0.1, 0.4]]))


def f(x: dt.Tensor) -> dt.Tensor:
    return ops.stack([ops.sin(x[0]) * x[1], ops.exp(x[2] * x[0])])


def scalar(x: dt.Tensor) -> dt.Tensor:
    return f(x).prod() + (x @ M).sum() ** 2


def test_jacobians_agree_with_central_differences() -> None:
    h = 1e-6
    columns = []
    for i in range(3):
        step = dt.Tensor(np.eye(3)[i] * h)
        columns.append((f(X + step) - f(X - step)).asnumpy() / (2 * h))
    expected = np.stack(columns, -1)
    np.testing.assert_allclose(dt.jacfwd(f)(X).asnumpy(), expected, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(dt.jacrev(f)(X).asnumpy(), dt.jacfwd(f)(X).asnumpy(), rtol=1e-14)


def test_axes_are_those_of_output_then_input() -> None:
    for jacobian in (dt.jacfwd, dt.jacrev):
        by_x, by_m = jacobian(lambda x, m: ops.outer(x, x) @ m, (0, 1))(X, M)
        assert by_x.shape == (3, 2, 3)
        assert by_m.shape == (3, 2, 3, 2)


def test_nested_outputs_and_aux() -> None:
    for jacobian in (dt.jacfwd, dt.jacrev):
        found = jacobian(lambda x: {"a": x.sum(), "b": (x * x,)})(X)
        np.testing.assert_allclose(found["a"].asnumpy(), np.ones(3))
        np.testing.assert_allclose(found["b"][0].asnumpy(), np.diag(2 * X.asnumpy()))
        matrix, extra = jacobian(lambda x: (x * x, x.sum()), has_aux=True)(X)
        np.testing.assert_allclose(matrix.asnumpy(), np.diag(2 * X.asnumpy()))
        assert extra.item() == pytest.approx(0.7)


def test_hessian_every_way() -> None:
    expected = dt.hessian(scalar)(X).asnumpy()
    np.testing.assert_allclose(expected, expected.T, atol=1e-14)
    for way in (dt.jacrev(dt.grad(scalar)), dt.jacfwd(dt.jacfwd(scalar)), dt.jacrev(dt.jacrev(scalar))):
        np.testing.assert_allclose(way(X).asnumpy(), expected, rtol=1e-12, atol=1e-14)
    gradient, product = dt.hvp(scalar, X, X)
    np.testing.assert_allclose(gradient.asnumpy(), dt.grad(scalar)(X).asnumpy(), rtol=1e-14)
    np.testing.assert_allclose(product.asnumpy(), expected @ X.asnumpy(), rtol=1e-12)


def test_under_jit() -> None:
    np.testing.assert_array_equal(dt.jit(dt.hessian(scalar))(X).asnumpy(), dt.hessian(scalar)(X).asnumpy())


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev])
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda j: j(f, None), ValueError),
        (lambda j: j(f, -1), ValueError),
        (lambda j: j(f, "x"), TypeError),
        (lambda j: j(3), TypeError),
        (lambda j: j(f, 1)(X), IndexError),
        (lambda j: j(f)(3.0), TypeError),
        (lambda j: j(f)(dt.Tensor([1, 2, 3])), TypeError),
        (lambda j: j(lambda x: x, has_aux=True)(X), ValueError),
    ],
)
def test_bad_input(jacobian, make, error) -> None:
    with pytest.raises(error) as caught:
        make(jacobian)
    assert isinstance(caught.value, dt.errors.DualtapeError)
