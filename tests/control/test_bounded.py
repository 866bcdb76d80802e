"""Loops that end by themselves have gradients inside `jit`, if it is known after how many steps they end at most."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.control.bounded import bounded_while_loop
from dualtape.testing import check_derivatives


def grown(x: dt.Tensor, rate: dt.Tensor) -> dt.Tensor:
    """Multiplied until it is 10 or more; an integer and a bool are carried, too."""

    def step(state: tuple[dt.Tensor, dt.Tensor, dt.Tensor]) -> tuple[dt.Tensor, dt.Tensor, dt.Tensor]:
        value, count, odd = state
        return value * ops.where(odd, rate, rate + 0.1 * ops.sin(value)), count + 1, ~odd

    first = (x, dt.Tensor(0), dt.Tensor(False))
    found = bounded_while_loop(lambda state: state[0] < 10, step, first, 40)
    return found[0] + found[1].astype(x.dtype)


X, RATE = dt.Tensor(0.3, dt.float64), dt.Tensor(1.3, dt.float64)


def test_gradients_inside_jit_are_those_outside() -> None:
    for x in (0.3, 9.5, 20.0):  # many steps, one, and none
        expected = dt.grad(grown, (0, 1))(dt.Tensor(x, dt.float64), RATE)
        found = dt.jit(dt.grad(grown, (0, 1)))(dt.Tensor(x, dt.float64), RATE)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a.item(), b.item(), rtol=1e-12)


def test_each_example_goes_back_over_its_own_steps() -> None:
    starts = dt.Tensor([0.3, 9.5, 20.0, 1.0], dt.float64)
    found = dt.jit(dt.vmap(dt.grad(grown, (0, 1)), in_axes=(0, None)))(starts, RATE)
    for i, x in enumerate(starts):
        for a, b in zip(found, dt.grad(grown, (0, 1))(x, RATE), strict=True):
            np.testing.assert_allclose(a[i].item(), b.item(), rtol=1e-12)


def test_forward_mode_around_a_gradient_inside_jit() -> None:
    check_derivatives(dt.jit(grown), X, RATE, order=1)
    one = ops.ones_like(X)
    found = dt.jit(lambda x: dt.jvp(dt.grad(lambda x: grown(x, RATE)), x, one)[1])(X)
    expected = dt.jvp(dt.grad(lambda x: grown(x, RATE)), X, one)[1]
    np.testing.assert_allclose(found.item(), expected.item(), rtol=1e-10)


def test_a_gradient_of_a_gradient_inside_jit_is_an_error_that_says_so() -> None:
    with pytest.raises(RuntimeError, match="reverse mode through a `while_loop`"):
        dt.jit(dt.grad(dt.grad(lambda x: grown(x, RATE))))(X)
