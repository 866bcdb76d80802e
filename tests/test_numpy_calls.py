"""NumPy's functions of tensors: the library's own where both have one, else NumPy's of their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.numpy_calls import _UFUNCS
from dualtape.testing import check_derivatives

ROWS = np.array([[0.25, 0.5], [0.75, 0.125]])
X = dt.Tensor(ROWS)


@pytest.mark.parametrize("ufunc", _UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_functions_of_elements_are_the_librarys_own(ufunc: np.ufunc) -> None:
    at = ROWS + 1 if ufunc is np.arccosh else ROWS
    if not any("d->" in types for types in ufunc.types):
        at = np.arange(4).reshape(2, 2)  # it takes integers only
    arguments = [at, at[::-1]][: ufunc.nin]
    found = ufunc(*map(dt.Tensor, arguments))
    assert isinstance(found, dt.Tensor)
    np.testing.assert_allclose(found, ufunc(*arguments), rtol=1e-14)
    if found.dtype.is_float and ufunc not in (np.floor_divide, np.maximum, np.minimum):
        check_derivatives(lambda *x: ufunc(*x) * 1.0, *map(dt.Tensor, arguments))


@pytest.mark.parametrize(
    "call",
    [
        np.sum, np.mean, np.std, np.prod, np.max, np.argsort, np.median, np.linalg.norm, np.linalg.inv, np.diag,
        lambda x: np.sum(x, axis=0), lambda x: np.where(x > 0.3, x, 0), lambda x: np.clip(x, 0.3, 0.6),
        lambda x: np.dot(x, x), lambda x: np.stack([x, x]), lambda x: np.concatenate((x, np.ones((1, 2)))),
        lambda x: np.add.reduce(x, 0), lambda x: np.multiply.outer(x, [1, 2]),
        lambda x: np.sin(x, dtype=np.float64), lambda x: np.add(x, 1, out=np.zeros((2, 2))), np.divmod, np.transpose,
        np.copy,
        lambda x: np.divmod(x, 0.3), scipy.special.erf, lambda x: np.isclose(x, 0.25), lambda x: np.einsum("ij->i", x),
        lambda x: np.full_like(x, 2), np.shape, np.ndim, np.size, np.result_type, lambda x: np.size(x, 1),
        lambda x: np.zeros((2, 2)).__iadd__(x), lambda x: np.take(ROWS, np.argmin(x)), lambda x: np.allclose(x, ROWS),
        lambda x: np.interp(x, [0.0, 1.0], [1.0, 3.0]), lambda x: np.vstack({"a": x}.values()), np.nansum,
    ],
)  # fmt: skip
def test_all_others_are_numpys(device: Device, call: Callable[[Any], Any]) -> None:
    try:
        expected = call(ROWS)
    except TypeError:
        with pytest.raises(TypeError):
            call(X)
        return
    found = call(dt.Tensor(ROWS))
    assert type(found) is type(expected)
    np.testing.assert_array_equal(found, expected)


def test_a_function_of_the_same_name_is_not_the_librarys() -> None:
    square = np.frompyfunc(lambda x: x**3, 1, 1)
    np.testing.assert_array_equal(square(dt.Tensor([2.0, 3.0])), [8, 27])
    with pytest.raises(dt.errors.ConversionError):
        dt.grad(lambda x: ops.sum(square(x)))(dt.Tensor([2.0, 3.0]))


def test_arrays_are_changed_in_place() -> None:
    array = np.zeros((2, 2))
    array += X
    np.add.at(array, [0], X[:1])
    np.copyto(array[1:], X[:1])
    np.testing.assert_array_equal(array, [[0.5, 1.0], [0.25, 0.5]])
    with pytest.raises(ValueError, match="read-only"):
        np.add(1.0, X, out=X)


class Quantity(np.ndarray[Any, Any]):
    """Another class with its own functions of elements."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> str:
        return f"{ufunc.__name__} of a quantity"


def test_classes_with_their_own_functions_get_their_turn() -> None:
    quantity = np.zeros(2).view(Quantity)
    assert np.add(X, quantity) == "add of a quantity"
    assert np.hypot(quantity, X) == "hypot of a quantity"
