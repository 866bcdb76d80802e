"""From floats to integers on the host: the whole part modulo what the type holds; 0 beyond what 64 bits hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dualtape as dt

VALUES = (
    0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 300.7, -300.7, 2.0**31, -(2.0**31), 2.0**40 + 5.0, -(2.0**40) - 5.0,
    2.0**62, 2.0**63 - 1024.0, 2.0**63, -(2.0**63), -(2.0**63) + 1024.0, -(2.0**63) - 2048.0, 1.5 * 2.0**63,
    2.0**64 - 2048.0, 2.0**64, 2.0**65, -(2.0**64), 3.0e30, -3.0e30, math.inf, -math.inf, math.nan,
)  # fmt: skip
INTEGERS = (dt.int8, dt.int16, dt.int32, dt.int64, dt.uint8, dt.uint16, dt.uint32, dt.uint64)


def expected(value: float, dtype: np.dtype) -> int:
    if not math.isfinite(value) or not -(2.0**63) <= value < 2.0**64:
        return 0
    bits = 8 * dtype.itemsize
    rest = math.trunc(value) % 2**bits
    return rest - 2**bits if dtype.kind == "i" and rest >= 2 ** (bits - 1) else rest


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("floats", [np.float64, np.float32])
def test_floats_become_their_whole_part(dtype: dt.dtype.DType, floats: type) -> None:
    values = np.array(VALUES, floats)
    found = dt.Tensor(values).astype(dtype).asnumpy()
    assert found.tolist() == [expected(float(value), dtype.numpy) for value in values]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
def test_narrow_floats_become_their_whole_part(dtype: dt.dtype.DType) -> None:
    values = np.array([0.0, -0.5, 2.5, -2.5, 300.0, -300.0, 65504.0, math.inf, math.nan], np.float16)
    found = dt.Tensor(values).astype(dtype).asnumpy()
    assert found.tolist() == [expected(float(value), dtype.numpy) for value in values]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@pytest.mark.parametrize("given", INTEGERS, ids=str)
def test_integers_wrap(given: dt.dtype.DType, dtype: dt.dtype.DType) -> None:
    limits = np.iinfo(given.numpy)
    values = np.array([limits.min, limits.max, limits.max - 1, 0, 1], given.numpy)
    found = dt.Tensor(values).astype(dtype).asnumpy()
    rest = [int(value) % 2**dtype.bits for value in values]
    signed = dtype.numpy.kind == "i"
    assert found.tolist() == [r - 2**dtype.bits if signed and r >= 2 ** (dtype.bits - 1) else r for r in rest]
