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
