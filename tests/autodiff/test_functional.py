"""Functions of parameters as functions of values that they are given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn


def test_values_stand_for_parameters_and_leave_them_alone() -> None:
    network = nn.MLP(2, 1, width=4, depth=1, seed=0)
    parameters, x = network.trainable_params(), dt.ops.ones((3, 2))
    before = [np.asarray(p) for p in parameters]
    of_values = dt.functional(network, parameters)
    np.testing.assert_array_equal(of_values([p.value() for p in parameters], x), network(x))
    moved = [p.value() * 2 for p in parameters]
    found = np.asarray(of_values(moved, x))
    for parameter, array in zip(parameters, before, strict=True):
        np.testing.assert_array_equal(parameter, array)
        parameter.set_data(parameter.value() * 2)
    np.testing.assert_array_equal(found, network(x))


def test_derivatives_by_values_are_those_by_parameters() -> None:
    w = dt.Parameter(dt.Tensor([1.0, 2.0]), name="w")

    def loss(x: Any) -> Any:
        return (w * w * x).sum()

    x = dt.Tensor([3.0, 4.0])
    np.testing.assert_array_equal(dt.grad(dt.functional(loss, w))(w.value(), x), dt.grad(loss, None, weights=w)(x))
    stacked = dt.Tensor([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(dt.vmap(dt.functional(loss, w), in_axes=(0, None))(stacked, x), [19.0, 91.0])


@pytest.mark.parametrize(
    ("values", "kind", "message"),
    [
        ([dt.ops.ones(2)] * 2, errors.ArgumentError, "takes 1 values, got 2"),
        ([dt.ops.ones(3)], errors.ShapeError, r"'w' of shape \(2,\) cannot stand for a value of shape \(3,\)"),
        (dt.ops.ones(2), errors.ArgumentTypeError, "as a tuple or list; got Tensor"),
    ],
)
def test_what_cannot_stand_for_a_parameter_is_refused(values: Any, kind: type[Exception], message: str) -> None:
    w = dt.Parameter(dt.ops.ones(2), name="w")
    with pytest.raises(kind, match=message):
        dt.functional(lambda: w, [w])(values)


def test_it_needs_parameters() -> None:
    with pytest.raises(errors.ArgumentError, match="needs `weights`"):
        dt.functional(lambda: 1, None)
