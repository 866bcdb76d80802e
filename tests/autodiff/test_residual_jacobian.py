"""The Jacobian of residuals by weights, one row for each residual."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn


def network(dtype: Any = dt.float64) -> nn.MLP:
    return nn.MLP(2, 2, width=5, depth=2, dtype=dtype, seed=0)


def of_points(net: nn.MLP) -> Callable[[dt.Tensor], dt.Tensor]:
    """Two residuals for each point, with derivatives of the network in them."""

    def residuals(x: dt.Tensor) -> dt.Tensor:
        u, u_x, u_yy = dt.partials(net, [(0, 0), (1, 0), (0, 2)])(x)
        return u * u_x + 0.5 * u_yy

    return residuals


@pytest.mark.parametrize("jitted", [False, True])
@pytest.mark.parametrize("dtype", [dt.float32, dt.float64])
def test_each_row_is_the_gradient_of_one_residual(jitted: bool, dtype: Any, device: Any) -> None:
    with dt.device(device):
        net = network(dtype)
        weights = net.trainable_params()
        points = dt.Tensor(np.random.default_rng(0).normal(size=(6, 2)), dtype)
        function = dt.residual_jacobian(of_points(net), weights)
        residuals, matrix = (dt.jit(function) if jitted else function)(points)
        assert residuals.dtype is matrix.dtype is dtype
        expected = of_points(net)(points)
        tolerance = 1e-12 if dtype is dt.float64 else 2e-5
        np.testing.assert_allclose(residuals.asnumpy(), expected.asnumpy().ravel(), rtol=tolerance, atol=tolerance)
        for i, j in ((0, 0), (3, 1), (5, 0)):
            gradients = dt.grad(lambda i=i, j=j: of_points(net)(points)[i, j], None, weights=weights)()
            row = np.concatenate([g.asnumpy().ravel() for g in gradients])
            np.testing.assert_allclose(matrix.asnumpy()[2 * i + j], row, rtol=tolerance, atol=tolerance)


def test_arguments_in_containers() -> None:
    w = dt.Parameter(dt.Tensor([2.0], dt.float64), name="w")
    batch = {"x": dt.Tensor([[1.0], [3.0]], dt.float64), "y": dt.Tensor([[1.0], [5.0]], dt.float64)}
    residuals, matrix = dt.residual_jacobian(lambda rows: (w * rows["x"] - rows["y"]).reshape(-1), w)(batch)
    assert residuals.asnumpy().tolist() == [1.0, 1.0]
    assert matrix.asnumpy().tolist() == [[1.0], [3.0]]


@pytest.mark.parametrize(
    ("fn", "weights", "message"),
    [
        (3, None, "residual_jacobian"),
        (lambda x: x, None, "needs `weights`"),
        (lambda x: 3.0, 1, "must return a Tensor, got float"),
        (lambda x: x.reshape(2, 1), 1, r"returned shape \(2, 1\) for one row"),
    ],
)
def test_unusable_arguments_are_refused(fn: Any, weights: Any, message: str) -> None:
    w = dt.Parameter(dt.Tensor([2.0], dt.float64), name="w")
    with pytest.raises(errors.DualtapeError, match=message):
        dt.residual_jacobian(fn, w if weights else None)(dt.ops.ones((3, 2), dt.float64))


def test_products_with_the_jacobian_are_those_of_the_matrix() -> None:
    net = dt.nn.MLP(2, 2, width=5, depth=2, dtype=dt.float64, seed=0)
    weights = net.trainable_params()
    random = np.random.default_rng(1)
    x = dt.Tensor(random.normal(size=(7, 2)))
    v = tuple(dt.Tensor(random.normal(size=w.shape)) for w in weights)
    flat = lambda tensors: np.concatenate([t.asnumpy().ravel() for t in tensors])
    _, matrix = dt.residual_jacobian(lambda row: net(row) ** 2, weights)(x)
    product = dt.gauss_newton_product(lambda x: net(x) ** 2, weights)
    for call in (product, dt.jit(product)):
        found = flat(call(v, x))
        np.testing.assert_allclose(found, matrix.asnumpy().T @ (matrix.asnumpy() @ flat(v)), rtol=1e-10)
    _, slopes = dt.jvp(lambda x: net(x) ** 2, x, (dt.ops.zeros_like(x), v), weights=weights)
    np.testing.assert_allclose(slopes.asnumpy().ravel(), matrix.asnumpy() @ flat(v), rtol=1e-10)


def test_second_derivatives_by_weights() -> None:
    w = dt.Parameter(dt.Tensor([2.0, 3.0], dt.float64), name="w")
    v = dt.Tensor([1.0, -1.0], dt.float64)
    loss = lambda x: (w[0] ** 3 * w[1] ** 2 * x).sum()
    x = dt.Tensor([2.0], dt.float64)
    gradient, product = dt.hvp(loss, x, v, weights=w)
    np.testing.assert_allclose(gradient.asnumpy(), [2 * 3 * 4 * 9, 2 * 8 * 6])
    matrix = 2 * np.array([[6 * 2 * 9, 3 * 4 * 6], [3 * 4 * 6, 8 * 2.0]])
    np.testing.assert_allclose(product.asnumpy(), matrix @ v.asnumpy())
    (first,), (second,) = dt.hvp(lambda: loss(x), (), [v], weights=[w])
    np.testing.assert_array_equal(second.asnumpy(), product.asnumpy())
    np.testing.assert_array_equal(first.asnumpy(), gradient.asnumpy())
    with pytest.raises(errors.ArgumentError, match="must be a pair"):
        dt.jvp(loss, x, x, weights=w)
    with pytest.raises(errors.ArgumentError, match="one tangent in `v` for each of `weights`"):
        dt.jvp(loss, x, (x, [v, v]), weights=[w])
    with pytest.raises(errors.ShapeError, match=r"w of `jvp` has shape \(2,\), its tangent \(1,\)"):
        dt.jvp(loss, x, (x, x), weights=w)


def test_a_weight_that_is_named_twice_moves_along_both() -> None:
    w, x = dt.Parameter(dt.Tensor([3.0, 1.0], dt.float64), name="w"), dt.Tensor([1.0, 2.0], dt.float64)
    one, other = dt.Tensor([1.0, 0.0], dt.float64), dt.Tensor([0.0, 10.0], dt.float64)
    _, tangent = dt.jvp(lambda x: w * x, x, (dt.ops.zeros_like(x), [one, other]), weights=[w, w])
    assert tangent.tolist() == [1.0, 20.0]


def test_products_ask_nothing_of_inputs() -> None:
    """Integers and numbers among the inputs do not move."""
    w = dt.Parameter(dt.Tensor([3.0, 1.0], dt.float64), name="w")
    v = dt.Tensor([1.0, 2.0], dt.float64)
    _, product = dt.hvp(lambda i, c: (c * w[i] ** 3).sum(), (dt.Tensor([1, 1]), 2.0), v, weights=w)
    assert product.tolist() == [0.0, 48.0]
