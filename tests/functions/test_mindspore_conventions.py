"""Conventions that NumPy and MindSpore share are those of this library; extrema read axes as MindSpore does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import Parameter, Tensor, ops

MATRIX = Tensor([[1.0, -5.0, 3.0], [4.0, 2.0, -6.0]])


@pytest.mark.parametrize("order", [None, 1, -1, np.inf, -np.inf, "fro"])
@pytest.mark.parametrize("keepdim", [False, True])
def test_norm_of_a_matrix_is_numpys(order: Any, keepdim: bool) -> None:
    expected = np.linalg.norm(MATRIX.asnumpy(), order, axis=(0, 1), keepdims=keepdim)
    for axes in (None, (0, 1)):
        np.testing.assert_array_max_ulp(MATRIX.norm(order, axes, keepdim).asnumpy(), np.float32(expected), 2)


@pytest.mark.parametrize("order", [None, 0, 1, 2, 3, 0.5, np.inf, -np.inf])
def test_norm_of_vectors_is_numpys(order: float | None) -> None:
    expected = np.linalg.norm(MATRIX.asnumpy().astype(np.float64), order, axis=1)
    np.testing.assert_allclose(ops.norm(MATRIX, order, dim=1).asnumpy(), expected, rtol=3e-7)


def test_norm_of_any_order_has_derivative_0_at_0() -> None:
    assert dt.grad(lambda x: ops.norm(x, 3))(ops.zeros(2)).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("shape", "order"), [((2, 2), 2), ((2, 2), 3), ((2, 2, 2), 1), ((3,), "fro")])
def test_norm_refuses_orders_that_the_axes_do_not_have(shape: tuple[int, ...], order: Any) -> None:
    with pytest.raises(ValueError, match="`ord` of `norm` over"):
        ops.norm(ops.ones(shape), order)


def test_take_without_axis_takes_from_the_flattened_tensor() -> None:
    assert MATRIX.take(Tensor([1, 4])).tolist() == [-5.0, 2.0]
    assert ops.take(MATRIX, Tensor([1, 0]), 0).tolist() == [[4.0, 2.0, -6.0], [1.0, -5.0, 3.0]]
    assert MATRIX.gather(Tensor([1]), 0).tolist() == [[4.0, 2.0, -6.0]]


def test_extrema_along_an_axis_are_numpys_however_it_is_given() -> None:
    assert MATRIX.max(1).tolist() == MATRIX.max(axis=1).tolist() == [3.0, 4.0]
    assert MATRIX.min(0, keepdims=True).tolist() == [[1.0, -5.0, -6.0]]
    assert MATRIX.max((0, 1)).tolist() == 4.0
    assert MATRIX.min().tolist() == -6.0
    with pytest.raises(TypeError, match="multiple values"):
        MATRIX.max(0, axis=1)


@pytest.mark.parametrize("jacobian", [dt.jacfwd, dt.jacrev, dt.jacobian])
def test_jacobians_of_several_outputs_by_several_inputs_are_ordered_by_output(jacobian: Any) -> None:
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (by_x, by_y), (_, sum_by_y) = jacobian(lambda x, y: (x * y, x + 5 * y), (0, 1))(x, y)
    assert (by_x.tolist(), by_y.tolist()) == ([[3, 0], [0, 4]], [[1, 0], [0, 2]])
    assert sum_by_y.tolist() == [[5, 0], [0, 5]]


def test_a_weight_that_is_named_twice_has_its_gradient_twice() -> None:
    w = Parameter(Tensor([2.0]), name="w")
    first, second = dt.grad(lambda x: x * w, None, [w, w])(Tensor([3.0]))
    assert first.tolist() == second.tolist() == [3.0]
