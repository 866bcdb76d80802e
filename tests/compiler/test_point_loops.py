"""Loops and conditions that map over points are part of the block kernel, in every mode of differentiation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from compiler.losses import largest_error
from compiler.point_loops import PROGRAMS, arguments, loss_of
from devices.architectures import WithUndefinedMemory, with_work_items
from dualtape import ops, pytree
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl


def gradient_and_tangent(name: str) -> Callable[[Any, Any], Any]:
    """Value, tangent and gradient of a program in one: one kernel to build."""
    program = PROGRAMS[name]
    loss = loss_of(program)

    def everything(u: Any, c: Any) -> Any:
        forward = dt.jvp(program, (u, c), (u * u, ops.ones_like(c)))
        return [x for x in pytree.leaves(forward) if x.dtype.is_float], dt.grad(loss, (0, 1))(u, c)

    return everything


def is_whole(explanation: str) -> bool:
    """Whether all of a program's loops are in its kernels."""
    return "block by block" in explanation and "operation by operation" not in explanation


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_mode_agrees_with_the_eager_one(name: str) -> None:
    """On one device or another, in one type or another; the same bits from call to call."""
    place = list(PROGRAMS).index(name)
    device, dtype = DEVICES[place % len(DEVICES)], dt.float64 if place % 3 == 1 else dt.float32
    function = gradient_and_tangent(name)
    jitted = dt.jit(function, device=device)
    given = arguments(dtype)
    assert is_whole(jitted.lower(*given).explanation)
    first = jitted(*given)
    assert largest_error(first, function(*arguments(dt.float64))) < (2e-5 if dtype is dt.float32 else 1e-12)
    for x, y in zip(pytree.leaves(first), pytree.leaves(jitted(*given)), strict=True):
        np.testing.assert_array_equal(x.asnumpy(), y.asnumpy())


@pytest.mark.parametrize("work_items", [None, 4, 32])
@pytest.mark.parametrize("name", ["many steps", "flagged"])
def test_no_number_is_read_before_it_is_written(name: str, work_items: int | None) -> None:
    """On lanes and on work-items, with memory that holds NaN until something is written there."""
    layout = {} if work_items is None else {"points_on_work_items": True, "largest_group": work_items}
    device = WithUndefinedMemory(DEVICES[0], **layout)
    loss = dt.value_and_grad(loss_of(PROGRAMS[name]), (0, 1))
    found = dt.jit(loss, device=device)(*arguments(dt.float32))
    assert largest_error(found, loss(*arguments(dt.float64))) < 2e-5


@pytest.mark.parametrize("name", ["chosen by index", "wide"])
def test_points_on_work_items(name: str) -> None:
    function = PROGRAMS[name]
    found = dt.jit(function, device=with_work_items(DEVICES[0], 32))(*arguments(dt.float32))
    assert largest_error([found], [function(*arguments(dt.float64))]) < 2e-5


def test_where_zero_meets_infinity_zero_wins() -> None:
    """The root has an infinite slope at zero, where nothing depends on it."""

    def loss(u: Any) -> Any:
        return ops.fori_loop(0, 3, lambda i, u: ops.where(u > 0, ops.sqrt(ops.abs(u)), u * 2), u).sum()

    u = dt.Tensor(np.linspace(-1, 1, 41, dtype=np.float32))
    jitted = dt.jit(dt.grad(loss), device=DEVICES[0])
    assert is_whole(jitted.lower(u).explanation)
    found = jitted(u).asnumpy()
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, dt.grad(loss)(u).asnumpy(), rtol=1e-5)


STAYING: dict[str, tuple[Callable[[Any], Any], str]] = {
    "sum goes back": (
        lambda u: ops.fori_loop(0, 3, lambda i, u: u - u.mean(), u),
        "`strong_multiply` of a sum|`divide` of a sum|takes a sum over the points back to the points, in a loop",
    ),
    "sorted": (lambda u: ops.fori_loop(0, 3, lambda i, u: ops.sort(u, 0)[0] * 0.5, u), "a loop at the points|blocks"),
    "while": (lambda u: ops.while_loop(lambda u: u.sum() > 1, lambda u: u / 2, u), "`while_loop` is not part"),
    "along the points": (lambda u: ops.scan(lambda c, x: (c + x, c), u[0], u)[1], "`scan` along the points"),
}


@pytest.mark.parametrize("case", STAYING)
def test_what_is_no_loop_at_the_points_stays_as_it_is(case: str) -> None:
    """And the explanation says why."""
    function, reason = STAYING[case]
    u = dt.Tensor(np.linspace(0.1, 1, 82, dtype=np.float32).reshape(41, 2))
    jitted = dt.jit(lambda u: ops.square(function(u)).sum(), device=DEVICES[0])
    explanation = jitted.lower(u).explanation
    assert any(part in explanation for part in reason.split("|")), explanation
    np.testing.assert_allclose(jitted(u).asnumpy(), ops.square(function(u)).sum().asnumpy(), rtol=1e-5)


def test_a_loop_too_long_to_compile_stays_as_it_is() -> None:
    def step(i: Any, u: Any) -> Any:
        for _ in range(60):
            u = ops.sin(u) + ops.cos(u)
        return u

    u = dt.Tensor(np.linspace(0.1, 1, 64, dtype=np.float32))
    jitted = dt.jit(lambda u: ops.fori_loop(0, 2, step, u), device=DEVICES[0])
    assert "operations would take long to compile" in jitted.lower(u).explanation
