"""Bugs of the catalogue, one test each, named for what went wrong."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ShapeError
from dualtape.primitives import CATALOGUE, reduction


@pytest.mark.parametrize("primitive", [reduction.maximum_along, reduction.minimum_along], ids=lambda p: p.name)
def test_shape_rule_of_an_extremum_called_the_primitive_any(primitive: reduction.Reduction) -> None:
    assert primitive.infer(Spec((2, 3), dt.float32), axes=(1,)) == Spec((2, 1), dt.float32)
    with pytest.raises(ShapeError, match=r"over no elements: shape \(0, 3\)"):
        primitive.infer(Spec((0, 3), dt.float32), axes=(0,))


def test_nan_behind_where_came_back_through_a_bounded_slope() -> None:
    """tanh's slope is finite at every number, but not at NaN: 0 * NaN reached the logarithm."""
    gradient = dt.grad(lambda x: ops.where(x > 0, ops.tanh(ops.log(x)), 0.0))
    assert gradient(dt.Tensor([-1.0, 0.0])).tolist() == [0, 0]


def test_nan_behind_where_came_back_in_the_second_gradient() -> None:
    """An infinite cotangent met the zero that `where` had left in the other factor."""
    f = lambda x: ops.where(x > 0, x ** (0.5 + 0 * x), 0.0)
    assert dt.grad(dt.grad(f))(dt.Tensor([-1.0])).tolist() == [0]


def test_gradient_of_sqrt_of_a_square_was_nan_in_reverse_and_zero_in_forward() -> None:
    f = lambda x: ops.sqrt(x * x)
    zero = dt.Tensor([0.0])
    assert dt.grad(f)(zero).tolist() == dt.jvp(f, zero, dt.Tensor([1.0]))[1].tolist() == [0]


def test_negative_python_base_warned_instead_of_giving_nan() -> None:
    assert np.isnan(dt.grad(lambda y: (-2.0) ** y)(dt.Tensor([2.0])).asnumpy()).all()


def test_index_into_an_empty_axis_under_jit_read_memory_that_was_not_the_tensors(device: Device) -> None:
    """Indices are not known while a function is traced, but that there is nothing to index is."""
    take = dt.jit(lambda x, i: ops.take(x, i, 0))
    with pytest.raises(IndexError, match=r"axis 0 of shape \(0, 2\), which has no elements"):
        take(dt.Tensor(np.zeros((0, 2))), dt.Tensor([0, 1]))
    assert take(dt.Tensor(np.zeros((0, 2))), dt.Tensor(np.zeros(0, np.int64))).shape == (0, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_polygamma_of_a_very_negative_number_never_returned(dtype: type) -> None:
    """SciPy steps from x to 0; the gradient of digamma asked for it."""
    x = dt.Tensor(np.array([-1e30, -1000.5, -10.5], dtype))
    near = 4.9348022005446793  # polygamma(1, 1/2), to which that of -n - 1/2 adds what is below 1 / n from pi**2
    found = dt.grad(lambda x: ops.digamma(x).sum())(x).asnumpy()
    assert np.isinf(found[0])
    np.testing.assert_allclose(found[1], 2 * near - 1 / 1001, rtol=1e-5)


def test_second_derivative_of_atan2_at_the_origin_was_the_guard_of_a_division() -> None:
    slope = lambda y, x: dt.grad(dt.ops.atan2)(y, x)
    zero = dt.Tensor(0.0)
    assert dt.grad(slope, (0, 1))(zero, zero) == (0, 0)


def test_sign_of_a_zero_depended_on_a_nan_elsewhere_in_the_array(device: Device) -> None:
    """Zero times -3 is -0 by itself on the host; the rule by which zero wins over NaN made it 0 in company."""
    alone, beside = (
        CATALOGUE["strong_multiply"](dt.Tensor(x), dt.Tensor(y)).asnumpy()
        for x, y in (([0.0, 0.0], [-3.0, 3.0]), ([0.0, 0.0, 0.0, np.nan], [-3.0, 3.0, np.inf, 1.0]))
    )
    assert alone.tobytes() == beside[:2].tobytes()
    assert beside[2] == 0
    assert np.isnan(beside[3])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_length_of_a_nan_and_a_zero_was_zero(device: Device, dtype: str) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 3.0], dtype)
    x, y = (a.ravel() for a in np.meshgrid(values, values))
    np.testing.assert_allclose(ops.hypot(dt.Tensor(x), dt.Tensor(y)).asnumpy(), np.hypot(x, y), rtol=1e-6)
