"""Conversions and quotients that C leaves open, or rounds another way, are NumPy's on every device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape.dtypes import as_dtype

Same = Callable[..., None]
VALUES = [
    np.nan,
    np.inf,
    -np.inf,
    -0.0,
    -0.5,
    -1.0,
    -1.5,
    -128.5,
    -300.0,
    300.0,
    7e4,
    3e9,
    -3e9,
    2.0**63,
    -(2.0**63),
    1e19,
    2e19,
    -1e19,
]
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
@pytest.mark.parametrize("target", INTEGERS)
def test_casts_of_nan_and_of_negative_numbers(same: Same, source: str, target: str) -> None:
    """-1.0 as UInt8 was 255 on the host and 0 on a device; NaN as Int32 was whatever the processor made of it."""
    with np.errstate(over="ignore"):
        x = np.array(VALUES).astype(source)
    same("cast", x, dtype=as_dtype(target))


@pytest.mark.parametrize("target", INTEGERS)
def test_a_cast_is_the_whole_part_modulo_the_type(target: str) -> None:
    bits = np.iinfo(target).bits
    cast = dt.Tensor(np.array(VALUES)).astype(target)
    made = dt.Tensor(np.array(VALUES), dtype=as_dtype(target))
    for value, found, other in zip(VALUES, cast.tolist(), made.tolist(), strict=True):
        held = -(2**63) <= value < 2**64
        assert found % 2**bits == (int(value) % 2**bits if held else 0)
        assert found == other


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floor_divide_is_of_the_exact_quotient(same: Same, dtype: str) -> None:
    """floor_divide(6, 0.1) was 60 on a device: the quotient was rounded first."""
    values = np.array([6, -6, 0.1, -0.1, 0.3, 1, -1, 3, 0.0, -0.0, 1e-3, 100, np.inf, -np.inf, np.nan], dtype)
    x, y = (grid.ravel() for grid in np.meshgrid(values, values))
    same("floor_divide", x, y)
    same("floor_divide", values, 0.1)


def test_slope_of_mod_is_that_of_the_exact_quotient() -> None:
    six, tenth = dt.Tensor([6.0]), dt.Tensor([0.1])
    assert dt.grad(lambda y: dt.ops.mod(six, y))(tenth).tolist() == [-59]
    assert dt.ops.floor_divide(six, tenth).tolist() == [59]


def test_relu_of_minus_zero_is_zero(same: Same) -> None:
    same("relu", np.array([-0.0, 0.0, -1.0, np.nan], np.float32))
