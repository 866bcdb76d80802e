"""Numbers that are not finite, or as large or small as they get: results or errors of the library, never a crash."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import dualtape as dt
from drawn import Call, assert_same_bits, fewer
from dualtape import ops
from dualtape.errors import DualtapeError, TensorIndexError
from dualtape.testing.modes import gradient
from dualtape.testing.strategies import programs, tensors
from dualtape.testing.targets import Target


def extremes(dtype: dt.dtype.DType) -> SearchStrategy[float]:
    info = np.finfo(dtype.numpy)
    special = [
        0.0,
        -0.0,
        1.0,
        np.nan,
        np.inf,
        -np.inf,
        info.max,
        -info.max,
        info.tiny,
        info.smallest_subnormal,
        info.eps,
    ]
    return st.sampled_from([dtype.numpy.type(x) for x in special]) | st.floats(width=dtype.bits)


@st.composite
def wild_calls(draw: st.DrawFn) -> Call:
    """Programs at arguments that they were not made for."""
    dtype = draw(st.sampled_from([dt.float64, dt.float32]))
    f = draw(programs(dtype=dtype, smooth=False))
    return Call(f, [draw(tensors(spec.shape, dtype, extremes(dtype))) for spec in f.inputs])


@given(wild_calls())
def test_values_and_derivatives_of_anything(call: Call) -> None:
    def run() -> list[np.ndarray]:
        values = [y.asnumpy() for y in call.results(call.x)]
        gradients = [g.asnumpy() for g in gradient(lambda x: call.loss(*x), call.x)]
        return [*values, *gradients, *call.derivative([call.x])]

    for first, second in zip(run(), run(), strict=True):
        assert_same_bits(first, second)


@given(wild_calls())
def test_jit_of_anything_is_the_eager_run_bit_by_bit(call: Call) -> None:
    run = lambda *x: (*call.results(list(x)), *gradient(lambda a: call.loss(*a), list(x)))
    for got, expected in zip(dt.jit(run)(*call.x), run(*call.x), strict=True):
        assert_same_bits(got, expected)


@pytest.mark.dualtape_devices(jit=False)
@fewer(4)
@given(call=wild_calls())
def test_devices_survive_anything(call: Call, dualtape_device: Target) -> None:
    there = call.to(dualtape_device.device)
    for y, z in zip(there.results(there.x), call.to("host").results(call.to("host").x), strict=True):
        assert (y.shape, y.dtype) == (z.shape, z.dtype)
        y.asnumpy()
    for g in gradient(lambda x: there.loss(*x), there.x):
        g.asnumpy()


integers = st.integers(-(2**63), 2**63 - 1) | st.integers(-4, 4)


@given(x=tensors((3, 2)), index=st.lists(integers, max_size=3), axis=st.integers(-3, 3))
def test_index_out_of_range(x: dt.Tensor, index: list[int], axis: int, dualtape_device: Target) -> None:
    """It is an error; under `jit`, where indices are not known beforehand, some element is read that is there."""
    places = np.array(index, np.int64)
    take = dualtape_device(lambda x, i: ops.take(x, i, axis))
    if not -2 <= axis < 2:
        with pytest.raises(DualtapeError, match="axis"):
            take(x, dt.Tensor(places))
    elif all(-x.shape[axis] <= i < x.shape[axis] for i in index):
        np.testing.assert_array_equal(take(x, dt.Tensor(places)).asnumpy(), np.take(x.asnumpy(), places, axis))
    else:
        try:
            found = take(x, dt.Tensor(places)).asnumpy()
        except TensorIndexError:
            return
        assert dualtape_device.jitted
        assert np.isin(found, x.asnumpy()).all()
