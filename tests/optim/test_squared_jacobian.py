"""J'J and JJ' of residuals, with some rows of J at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, optim


def given(dtype: Any, points: int) -> tuple[Any, list[dt.Parameter], dict[str, dt.Tensor]]:
    """Two residuals of a network and its derivatives at each point."""
    net = nn.MLP(2, 2, width=5, depth=2, dtype=dtype, seed=0)

    def residuals(rows: dict[str, dt.Tensor]) -> dt.Tensor:
        u, u_x, u_yy = dt.partials(net, [(0, 0), (1, 0), (0, 2)])(rows["x"])
        return u * u_x + 0.5 * u_yy - rows["y"]

    random = np.random.default_rng(0)
    rows = {
        "x": dt.Tensor(random.normal(size=(points, 2)), dtype),
        "y": dt.Tensor(random.normal(size=(points, 2)), dtype),
    }
    return residuals, list(net.trainable_params()), rows


@pytest.mark.parametrize("points", [11, 12, 5])  # with a rest, without one, and less than two parts
@pytest.mark.parametrize("dtype", [dt.float32, dt.float64])
def test_they_are_those_of_the_whole_matrix(points: int, dtype: Any, kind_of_device: Any) -> None:
    residuals, weights, rows = given(dtype, points)
    r, matrix = (x.asnumpy().astype(np.float64) for x in dt.jit(dt.residual_jacobian(residuals, weights))(rows))
    tolerance: dict[str, float] = (
        {"rtol": 1e-12, "atol": 1e-12} if dtype is dt.float64 else {"rtol": 2e-5, "atol": 2e-4}
    )
    equations = optim.normal_equations(residuals, weights, rows=4)
    gram = optim.residual_gram(residuals, weights, rows=4)
    for make in (lambda f: f, dt.jit):
        values, gradient, square = make(equations)(rows)
        np.testing.assert_allclose(values.asnumpy(), r, **tolerance)
        np.testing.assert_allclose(gradient.asnumpy(), matrix.T @ r, **tolerance)
        np.testing.assert_allclose(square.asnumpy(), matrix.T @ matrix, **tolerance)
        values, square = make(gram)(rows)
        np.testing.assert_allclose(values.asnumpy(), r, **tolerance)
        np.testing.assert_allclose(square.asnumpy(), matrix @ matrix.T, **tolerance)


@pytest.mark.parametrize("make", [optim.normal_equations, optim.residual_gram])
def test_unusable_arguments_are_refused(make: Any) -> None:
    w = dt.Parameter(dt.Tensor([2.0], dt.float64), name="w")
    with pytest.raises(errors.ArgumentError, match=r"`rows` of .* must be at least 1"):
        make(lambda x: x * w, w, rows=0)
    with pytest.raises(errors.ArgumentError, match="needs `weights`"):
        make(lambda x: x, [])
    with pytest.raises(errors.ArgumentTypeError, match="holds float"):
        make(lambda x, y: x * w, w)(dt.ops.ones((3, 1)), 2.0)
    with pytest.raises(errors.ShapeError, match=r"have shapes \(3, 1\), \(2, 1\)"):
        make(lambda x, y: x * w, w)(dt.ops.ones((3, 1)), dt.ops.ones((2, 1)))
