"""`jit` changes no meaning: a traced program computes what the eager run does."""

from __future__ import annotations

import pytest
from hypothesis import given

import dualtape as dt
from drawn import Call, assert_close, assert_same_bits, calls, fewer, seeded_directions, seeds
from dualtape.testing.rounding import rounding_bound
from dualtape.testing.targets import Target


@given(calls(smooth=False))
def test_value_and_gradient_are_those_of_the_eager_run_bit_by_bit(call: Call) -> None:
    run = dt.value_and_grad(call.loss, call.everything)
    value, gradients = dt.jit(run)(*call.x)
    expected, expected_gradients = run(*call.x)
    for got, wanted in zip((value, *gradients), (expected, *expected_gradients), strict=True):
        assert_same_bits(got, wanted)


@given(calls(), seeds)
def test_second_derivative_is_that_of_the_eager_run(call: Call, seed: int) -> None:
    v = tuple(seeded_directions(call.x, seed))
    curved = lambda *x: dt.jvp(dt.grad(call.loss, call.everything), x, v)[1]
    bounds = lambda: rounding_bound(lambda x: list(curved(*x)), call.x)
    for i, (got, wanted) in enumerate(zip(dt.jit(curved)(*call.x), curved(*call.x), strict=True)):
        assert_close(got, wanted, 1e-13, lambda i=i: bounds()[i])


@given(calls(smooth=False))
def test_second_call_of_a_jitted_function_is_bit_identical(call: Call) -> None:
    jitted = dt.jit(lambda *x: tuple(call.results(list(x))))
    for first, second in zip(jitted(*call.x), jitted(*call.x), strict=True):
        assert_same_bits(first, second)


@pytest.mark.dualtape_devices(jit=False)
@fewer(20)
@given(call=calls(inputs=[(9, 2), (2,)], max_steps=3))
def test_kernel_over_blocks_of_points_is_the_eager_run(call: Call, dualtape_device: Target) -> None:
    """Small programs, too, run as one kernel where a device is asked for; sums are then in another order."""
    call = call.to("host")
    with dt.device("host"):
        run = dt.value_and_grad(call.loss, call.everything)
        value, gradients = dt.jit(run, device=dualtape_device.device)(*call.x)
        expected, expected_gradients = run(*call.x)
    for got, wanted in zip((value, *gradients), (expected, *expected_gradients), strict=True):
        assert_close(got, wanted, 1e-12)
