"""Lists with tensors in them are stacked, and their derivatives with them, wherever an array may be given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.testing import check_derivatives

ONE = dt.Tensor(1.0)
WEIGHTS = np.array([3.0, 5.0])

# Functions of one number whose derivative was cut where the list, or the number, became an array.
USES: dict[str, Callable[[dt.Tensor], Any]] = {
    "Tensor": lambda x: dt.Tensor([x, x * x]),
    "Tensor of another type": lambda x: dt.Tensor((x, 2.0), dt.float64),
    "Tensor of a shape": lambda x: dt.Tensor(x * x, shape=(2,)),
    "Tensor of lists of lists": lambda x: dt.Tensor([[x, 1.0], [0.5, x * x]]),
    "Tensor of rows": lambda x: dt.Tensor([[1.0, 2.0], [x, x * x], ops.stack([x, x]), WEIGHTS]),
    "Tensor of Tensor": lambda x: dt.Tensor(dt.Tensor(x * x)),
    "a function": lambda x: ops.sin([x, x * x]),
    "two functions": lambda x: ops.concat([[x, 1.0], [2 * x]]),
    "an operand": lambda x: WEIGHTS * dt.Tensor([x, x * x]) + [x, 2.0],
    "an operand on the left": lambda x: [x, 2.0] * dt.Tensor(WEIGHTS),
    "an operand of NumPy's": lambda x: np.multiply(dt.Tensor(WEIGHTS), [x, x * x]),
    "where": lambda x: ops.where(WEIGHTS > 4, [x, x * x], [1.0, x]),
    "a matrix": lambda x: ops.matmul(dt.Tensor([WEIGHTS, WEIGHTS]), [x, x * x]),
    "einsum": lambda x: ops.einsum("i,i->", dt.Tensor(WEIGHTS), [x, x * x]),
    "full": lambda x: ops.full((2,), x * x),
    "full_like": lambda x: ops.full_like(WEIGHTS, x * x),
    "one_hot": lambda x: ops.one_hot(dt.Tensor([0, 1]), 3, x * x, dt.Tensor([2.0]) * x).astype(dt.float64),
    "a linear layer": lambda x: dt.nn.Dense(2, 1, "ones", 0.5, dtype=dt.float64)([[x, x * x]]),
}


def total(use: str, x: dt.Tensor) -> dt.Tensor:
    return (ops.reshape(USES[use](x), -1) * 1.0).sum()


@pytest.mark.parametrize("use", USES)
def test_the_derivative_was_cut(use: str) -> None:
    x, h = dt.Tensor(np.array(0.7)), 1e-3
    f = lambda x: total(use, x)
    slope = float(dt.grad(f)(x))
    assert slope == pytest.approx((float(f(x + h)) - float(f(x - h))) / (2 * h), rel=1e-3)
    assert float(dt.jvp(f, x, x)[1]) == pytest.approx(0.7 * slope)
    if use != "one_hot":  # which gives Float32
        check_derivatives(USES[use], x)
    examples = dt.Tensor(np.array([0.7, -0.2]))
    expected = [float(dt.grad(f)(examples[i])) for i in range(2)]
    for found in (dt.vmap(dt.grad(f))(examples), dt.jit(dt.vmap(dt.grad(f)))(examples)):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("use", ["Tensor of rows", "an operand", "full", "one_hot"])
def test_a_list_is_where_its_tensors_are(device: Device, use: str) -> None:
    if use != "an operand":  # whose other operand is made by the test
        elsewhere = dt.devices()[0] if device is not dt.devices()[0] else device
        x = dt.Tensor(np.array(0.7))
        with dt.device(elsewhere):
            assert dt.Tensor([x, 1.0]).device is device
    assert dt.grad(lambda x: total(use, x))(dt.Tensor(np.array(0.7))).device is device


def test_fields_may_be_made_of_lists() -> None:
    points = dt.Tensor(np.array([[0.5, 2.0], [1.0, 3.0]]))
    field = lambda X: dt.Tensor([[X[i, 0] ** 2 * X[i, 1]] for i in range(2)])
    _, by_x, by_xx, by_xt = dt.partials(field, [(0, 0), (1, 0), (2, 0), (1, 1)])(points)
    np.testing.assert_allclose(by_x, [[2.0], [6.0]])
    np.testing.assert_allclose(by_xx, [[4.0], [6.0]])
    np.testing.assert_allclose(by_xt, [[1.0], [2.0]])


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        ([dt.Tensor(1.0), 2], dt.float32, [1, 2]),
        ([dt.Tensor(1), 2.5], dt.float32, [1, 2.5]),
        ([dt.Tensor(1), 2], dt.int64, [1, 2]),
        ([dt.Tensor(True), False], dt.bool_, [True, False]),
        ([dt.Tensor(np.float16(1)), dt.Tensor(2.0)], dt.float32, [1, 2]),
        ([dt.Tensor(np.float64(1)), 1 / 3], dt.float64, [1, 1 / 3]),
        ([dt.Tensor(1.0), np.float64(1 / 3)], dt.float64, [1, 1 / 3]),
        ([[dt.Tensor(1.0)], [np.array(2, np.int64)]], dt.float32, [[1], [2]]),
        ([dt.Tensor([1.0, 2.0]), [3, 4.0], (5, dt.Tensor(6.0))], dt.float32, [[1, 2], [3, 4], [5, 6]]),
        ([dt.Parameter(1.0, name="w"), 2.0], dt.float32, [1, 2]),
        ([ops.zeros((0,)), []], dt.float32, [[], []]),
        ([dt.Tensor(1.0), 1j], dt.complex64, [1, 1j]),
        ([dt.Tensor(np.float64(1)), 1j], dt.complex128, [1, 1j]),
        ([dt.Tensor(1 + 2j), 0.5], dt.complex64, [1 + 2j, 0.5]),
    ],
)
def test_numbers_beside_tensors_do_not_widen_their_type(data: Any, dtype: dt.DType, expected: Any) -> None:
    found = dt.Tensor(data)
    assert found.dtype is dtype
    assert found.tolist() == expected


@pytest.mark.parametrize("data", [[ONE, [2.0]], [dt.Tensor([1.0, 2.0]), [3.0]], [[ONE], [1.0, 2]]])
def test_shapes_that_differ_are_named(data: Any) -> None:
    with pytest.raises(ValueError, match=r"`input_data` is a list of tensors and numbers of the shapes \(.*\), \("):
        dt.Tensor(data)


@pytest.mark.parametrize("data", [[ONE, "a"], [ONE, None], [dt.Tensor(1j), "a"]])
def test_what_is_no_number_is_refused(data: Any) -> None:
    with pytest.raises(TypeError, match="`input_data`"):
        dt.Tensor(data)


def test_a_filled_tensor_has_the_type_of_the_number_that_fills_it() -> None:
    assert ops.full((2,), dt.Tensor(np.array(1 / 3))).tolist() == [1 / 3, 1 / 3]
    assert ops.full((2,), dt.Tensor(3)).dtype is dt.int64
    with pytest.raises(ValueError, match="Int8 cannot hold"):
        ops.full((2,), dt.Tensor(300), dtype=dt.int8)
    with pytest.raises(ValueError, match=r"`on_value` of `one_hot`.*\(2,\)"):
        ops.one_hot(dt.Tensor([0]), 2, dt.Tensor([1.0, 2.0]))
