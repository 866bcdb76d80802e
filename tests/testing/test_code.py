"""Values as code to paste: what is read back has the same bits."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import dualtape as dt
from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl import opencl_devices
from dualtape.testing import as_code


class Pair(NamedTuple):
    x: Any
    n: int


NAMES = {"dt": dt, "np": np, "Pair": Pair}
QUIET = np.array([0x7FF8000000000001, 0xFFF8000000000000, 0x7FF8000000000000], np.uint64).view(np.float64)

VALUES = [
    1, -0.5, -0.0, True, None, "a", dt.float32, dt.bool_, np.inf, -np.inf, np.nan, -np.nan, float(QUIET[0]), (1,),
    complex(-0.0, np.nan), [np.float32(0.1)], {"a": (2, [3.0])}, {(1, 2): np.nan}, np.float16(0.1), np.float64(0.1),
    np.int8(-3), np.bool_(True), np.float32(-0.0), QUIET[0], np.float32(-np.nan), np.array([0.1, np.nan], np.float32),
    np.zeros((0, 3), np.int8), np.zeros((0,)), np.full((2, 3), 0.25), np.array(7, np.uint16), np.array([True, False]),
    np.array([1e-45, 3.4e38], np.float32), np.array([[1.5], [np.pi]]), np.ones(9, np.bool_), np.array(False),
    np.array([0.0, 0.0, -0.0, 0.0]), np.full(5, -0.0, np.float16), np.full((2, 2), np.nan), QUIET,
    QUIET[:1].reshape(()), np.full(4, QUIET[0]), np.array([0x7E01, 0xFE00, 0], np.uint16).view(np.float16),
    np.array([6e-8, 65504], np.float16),
    np.array([0x7FC00001], np.uint32).view(np.float32), np.array([2**64 - 1], np.uint64), np.array([-(2**63)]),
    np.array([1.5, np.nan, 2.0], ">f8"), np.array([1, 2], ">i4"),
    np.array([1 + 2j, complex(np.inf, -0.0)], np.complex64),
    np.array(["a"]), dt.Tensor([1.0, -0.0]), dt.Tensor(np.zeros((0, 2))), dt.Tensor(np.array(3, np.uint8)),
    dt.Tensor(QUIET), [dt.Tensor([True])], Pair(dt.Tensor([1.0]), 2),
]  # fmt: skip


def assert_same(got: Any, expected: Any) -> None:
    """One type, and one bit pattern."""
    assert type(got) is type(expected)
    if isinstance(expected, dt.Tensor):
        assert got.device is expected.device
        got, expected = got.asnumpy(), expected.asnumpy()
    if isinstance(expected, (tuple, list)):
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, dict):
        assert_same(list(got.items()), list(expected.items()))
    elif isinstance(expected, (np.ndarray, np.generic, float, complex)):
        one, other = np.asarray(got), np.asarray(expected)
        assert (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())
    else:
        assert got == expected


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_code_makes_the_value_again(value: Any) -> None:
    # What is no number is written as NumPy does.
    assert_same(eval(as_code(value), {**NAMES, "array": np.array}), value)


@pytest.mark.parametrize("name", [None, "fc.weight"])
@pytest.mark.parametrize("requires_grad", [True, False])
def test_code_of_a_parameter_makes_a_parameter(name: str | None, requires_grad: bool) -> None:
    parameter = dt.Parameter(dt.Tensor([0.1, -0.0]), name, requires_grad)
    again = eval(as_code(parameter), NAMES)
    assert_same(again, parameter)
    assert again.requires_grad is requires_grad
    assert again.has_default_name if name is None else again.name == name


@pytest.mark.parametrize("primitive", CATALOGUE.values(), ids=lambda p: p.name)
def test_code_of_a_primitive_finds_it(primitive: Any) -> None:
    assert eval(as_code(primitive), NAMES) is primitive


@pytest.mark.opencl
def test_code_of_a_tensor_says_where_it_is() -> None:
    for device in opencl_devices():
        x = dt.Tensor([0.1, 0.2], device=device)
        assert_same(eval(as_code({"x": x}), NAMES), {"x": x})


def test_code_of_a_large_array_is_a_description() -> None:
    assert as_code(np.arange(2000)) == "<int64 array of shape (2000,)>"
