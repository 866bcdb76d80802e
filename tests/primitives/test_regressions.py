"""Bugs of the catalogue, one test each, named for what went wrong."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.spec import Spec
from dualtape.errors import ShapeError
from dualtape.primitives import reduction


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
