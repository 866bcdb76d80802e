"""Every device, eagerly and under `jit`, computes what the host does: bit by bit, or within a stated tolerance."""

from __future__ import annotations

import pytest
from hypothesis import given

import dualtape as dt
from drawn import Call, assert_close, assert_same_bits, calls, fewer
from dualtape.primitives import CATALOGUE
from dualtape.testing.targets import Target

# What IEEE arithmetic fixes to the last bit, and what only moves elements; zeros of `strong_multiply` have either sign.
MOVING = ["broadcast_to", "cast", "concatenate", "cut", "embed", "permute", "reshape", "take", "where"]
ARITHMETIC = ["absolute", "add", "maximum", "minimum", "multiply", "negative", "relu", "step", "subtract"]
DECIDING = ["equal", "greater", "greater_equal", "less", "less_equal", "not_equal", "logical_and", "logical_or"]
SEARCHING = ["argmax", "argmin", "maximum_along", "minimum_along"]
OTHERS = ["ceil", "floor", "isfinite", "isnan", "sign", "stop_gradient", "logical_not"]
EXACT = [CATALOGUE[name] for name in (*MOVING, *ARITHMETIC, *DECIDING, *SEARCHING, *OTHERS)]
# Relative to the largest element: programs of about ten operations and their derivative.
TOLERANCE = {dt.float64: 1e-12, dt.float32: 1e-4}
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


@each_dtype
@fewer(4)
@given(call=calls(max_steps=3))
def test_value_and_gradient_are_the_hosts(call: Call, dtype: dt.dtype.DType, dualtape_device: Target) -> None:
    expected = dt.value_and_grad(call.to("host").loss, call.everything)(*call.to("host").x)
    there = call.to(dualtape_device.device, dtype)
    got = dualtape_device(dt.value_and_grad(there.loss, call.everything))(*there.x)
    for a, b in zip((got[0], *got[1]), (expected[0], *expected[1]), strict=True):
        assert a.device is dualtape_device.device
        assert a.dtype is dtype
        assert_close(a, b, TOLERANCE[dtype])


@each_dtype
@fewer(4)
@given(call=calls(max_steps=2, bounds=(-0.5, 0.5), smooth=False, primitives=EXACT))
def test_exact_operations_give_the_hosts_bits(call: Call, dtype: dt.dtype.DType, dualtape_device: Target) -> None:
    expected = call.to("host", dtype)
    there = call.to(dualtape_device.device, dtype)
    if {"sin", "tanh"} & set(call.f.primitives):
        return
    got = dualtape_device(lambda *x: tuple(there.results(list(x))))(*there.x)
    for a, b in zip(got, expected.results(expected.x), strict=True):
        assert_same_bits(a, b)
