"""`jvp`: what it takes and gives back."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops

X, V = dt.Tensor([1.0, 2.0]), dt.Tensor([1.0, 10.0])


def test_value_and_tangent() -> None:
    value, tangent = dt.jvp(lambda x: x * x, X, V)
    assert (value.tolist(), tangent.tolist()) == ([1, 4], [2, 40])
    assert type(value) is type(tangent) is dt.Tensor


def test_several_inputs_and_outputs() -> None:
    values, tangents = dt.jvp(lambda x, y: (x * y, y), (X, V), (V, X))
    assert [t.tolist() for t in tangents] == [[1 + 1, 100 + 4], [1, 2]]
    assert [y.tolist() for y in values] == [[1, 20], [1, 10]]


def test_output_that_does_not_depend_on_the_input_has_zeros() -> None:
    _, tangents = dt.jvp(lambda x: (dt.Tensor([5.0]), x > 1, ops.argmax(x), ops.stop_gradient(x)), X, V)
    assert [t.tolist() for t in tangents] == [[0], [False, False], 0, [0, 0]]
    assert [t.dtype for t in tangents] == [dt.float32, dt.bool_, dt.int64, dt.float32]


def test_auxiliary_output() -> None:
    value, tangent, aux = dt.jvp(lambda x: (x * x, ops.sum(x)), X, V, has_aux=True)
    assert (value.tolist(), tangent.tolist(), aux.tolist()) == ([1, 4], [2, 40], 3)
    assert type(aux) is dt.Tensor
    with pytest.raises(ValueError, match="has_aux"):
        dt.jvp(lambda x: x, X, V, has_aux=True)


def test_linear_function_is_its_own_derivative() -> None:
    f = lambda x: ops.flip(ops.cumsum(3 * x, 0), 0)
    np.testing.assert_array_equal(dt.jvp(f, X, V)[1].asnumpy(), f(V).asnumpy())


def test_inputs_stay_as_they_are() -> None:
    dt.jvp(lambda x: x + x + x, X, V)
    assert (X.tolist(), V.tolist()) == ([1, 2], [1, 10])
