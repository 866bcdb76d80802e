"""`jit` gives the bits of the eager run, whatever constants, static arguments and operands a program meets.

Operation by operation it makes the same calls, so sums are included; loops on a device add up in their own way. Only a
product in which zero is strong may differ, by the sign of a zero, when it is dropped for a factor of one; programs of
derivatives hold it, those here do not. A kernel over blocks of points rounds a product and a sum once where the device
fuses them: there the bits are the eager ones of programs without products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from hypothesis.strategies import SearchStrategy

import dualtape as dt
from drawn import Call, assert_same_bits, fewer
from dualtape.compiler.blocks import planning
from dualtape.primitives import CATALOGUE
from dualtape.testing.composition import Application, Composition
from dualtape.testing.extend import pool
from dualtape.testing.strategies import programs, tensors
from dualtape.testing.targets import Target

# Whether a matrix is refused depends on its numbers, which may be any here.
REFUSING = ("cholesky", "solve", "solve_triangular")
ORDINARY = [primitive for primitive in pool() if primitive.name not in ("strong_multiply", *REFUSING)]
# What block kernels compute as every device does: rounded once and not fused, for there is no product, or not at all.
ONCE = ["absolute", "negative", "relu", "maximum", "minimum", "where", "add", "subtract", "greater", "less_equal"]
MOVING = ["broadcast_to", "permute", "reshape", "stop_gradient"]
each_dtype = pytest.mark.parametrize("dtype", [dt.float32, dt.float64], ids=str)


def elements(dtype: dt.dtype.DType) -> SearchStrategy[Any]:
    info = np.finfo(dtype.numpy)
    ends = [info.max, -info.max, info.tiny, info.smallest_subnormal, -info.smallest_subnormal, info.eps]
    special = [0.0, -0.0, 0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, *ends]
    return st.sampled_from([dtype.numpy.type(x) for x in special]) | st.floats(-4, 4, width=dtype.bits)


def uniform(constant: np.ndarray, dtype: dt.dtype.DType) -> SearchStrategy[np.ndarray]:
    """Constants of one number, or of two zeros, or of any."""
    one = elements(dtype).map(lambda x: np.full(constant.shape, x, constant.dtype))
    zeros = arrays(constant.dtype, constant.shape, elements=st.sampled_from([dtype.numpy.type(x) for x in (0.0, -0.0)]))
    return one | zeros | arrays(constant.dtype, constant.shape, elements=elements(dtype))


@dataclass(frozen=True)
class WithStatics:
    """A program whose numbers are static arguments; prints as Python to paste."""

    call: Call
    statics: tuple[float, ...]

    def __call__(self, statics: tuple[float, ...], *x: dt.Tensor) -> list[dt.Tensor]:
        given = iter(statics)
        steps = [
            step._replace(operands=tuple(next(given) if type(x) is float else x for x in step.operands))
            for step in self.call.f.steps
        ]
        return Call(replace(self.call.f, steps=tuple(steps)), list(x)).results(list(x))


@st.composite
def calls_with_statics(draw: Any, dtype: dt.dtype.DType, primitives: Any = ORDINARY, **options: Any) -> WithStatics:
    f: Composition = draw(programs(dtype=dtype, smooth=False, primitives=primitives, **options))
    steps = []
    for step in f.steps:
        floats = [isinstance(x, np.ndarray) and x.dtype == dtype.numpy for x in step.operands]
        operands = [draw(uniform(x, dtype)) if own else x for x, own in zip(step.operands, floats, strict=True)]
        steps.append(Application(step.primitive, tuple(operands), step.params))
    f = replace(f, steps=tuple(steps))
    numbers = [x for step in f.steps for x in step.operands if type(x) is float]
    statics = tuple(draw(st.just(x) | elements(dtype).map(float)) for x in numbers)
    return WithStatics(Call(f, [draw(tensors(spec.shape, dtype, elements(dtype))) for spec in f.inputs]), statics)


def turned(statics: tuple[float, ...]) -> tuple[float, ...]:
    """The same numbers but for the signs of zeros and the objects of NaN."""
    return tuple(-x if x == 0 else float(repr(x)) for x in statics)


def assert_bits(run: Callable[..., Any], jitted: Callable[..., Any], drawn: WithStatics) -> None:
    for statics in (drawn.statics, turned(drawn.statics), drawn.statics):
        pairs = zip(jitted(statics, *drawn.call.x), run(statics, *drawn.call.x), strict=True)
        for got, wanted in pairs:
            assert_same_bits(got, wanted)


def assert_bits_on(target: Target, drawn: WithStatics) -> None:
    with target.active():
        there = replace(drawn, call=drawn.call.to(target.device))
        assert_bits(there, dt.jit(there), there)


@each_dtype
@given(data=st.data())
def test_on_the_host(dtype: dt.dtype.DType, data: st.DataObject) -> None:
    drawn = data.draw(calls_with_statics(dtype))
    assert_bits(drawn, dt.jit(drawn), drawn)


@each_dtype
@pytest.mark.dualtape_devices(jit=False)
@fewer(4)
@given(data=st.data())
def test_on_every_device(dtype: dt.dtype.DType, data: st.DataObject, dualtape_device: Target) -> None:
    drawn = data.draw(calls_with_statics(dtype, max_steps=3))
    assert_bits_on(dualtape_device, drawn)


@each_dtype
@pytest.mark.dualtape_devices(jit=False)
@fewer(4)
@given(data=st.data())
def test_as_loops(dtype: dt.dtype.DType, data: st.DataObject, dualtape_device: Target) -> None:
    """However few operations there are; what has no loops runs operation by operation."""
    without_sums = [primitive for primitive in ORDINARY if primitive.name not in ("sum", "matmul")]
    drawn = data.draw(calls_with_statics(dtype, without_sums, max_steps=3))
    with mock.patch.object(planning, "FEWEST_ALONE", 1):
        assert_bits_on(dualtape_device, drawn)


@each_dtype
@pytest.mark.dualtape_devices(jit=False)
@fewer(4)
@given(data=st.data())
def test_in_blocks_of_points(dtype: dt.dtype.DType, data: st.DataObject, dualtape_device: Target) -> None:
    """From arrays of the host, beside the host's own operations."""
    primitives = [CATALOGUE[name] for name in (*ONCE, *MOVING)]
    drawn = data.draw(calls_with_statics(dtype, primitives, inputs=[(9, 2), (2,)], max_steps=3, bounds=(-0.5, 0.5)))
    if not {step.primitive.name for step in drawn.call.f.steps} <= {*ONCE, *MOVING}:
        return  # what brings operands into a domain is a product and a sum
    with dt.device("host"):
        assert_bits(drawn, dt.jit(drawn, device=dualtape_device.device), drawn)
