"""Powers of powers at 0: roots and magnitudes have no derivatives there, and their powers may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.testing.modes import composed, nested_duals, taylor

inf, nan = np.inf, np.nan
Unary = Callable[[dt.Tensor], dt.Tensor]


def tensor(x: object) -> dt.Tensor:
    return dt.Tensor(np.asarray(x, np.float64))


def times_itself(x: dt.Tensor) -> dt.Tensor:
    return x * x


class Case(NamedTuple):
    """A function of one number and its derivatives of order 1, 2, ... at some points.

    ``computed`` says that no infinite slope is met on the way to them, so that they hold when zero is not strong.
    """

    name: str
    f: Unary
    expected: dict[float, tuple[float, ...]]
    computed: bool = True


LINE = {0.0: (1, 0, 0), 0.7: (1, 0, 0), -1.3: (nan, nan, nan)}
PARABOLA = {0.0: (0, 2, 0), 0.7: (1.4, 2, 0), -1.3: (-2.6, 2, 0)}
EVEN_AND_ODD = {0.0: (0, 0, 0), 0.5: (0.75, 3, 6), -0.5: (-0.75, 3, -6)}

CASES = [
    Case("sqrt(x) ** 2", lambda x: ops.sqrt(x) ** 2, LINE),
    Case("square of sqrt(x)", lambda x: ops.square(ops.sqrt(x)), LINE),
    Case("sqrt(x) times itself", lambda x: times_itself(ops.sqrt(x)), LINE),
    Case("(x ** 0.5) ** 2", lambda x: (x**0.5) ** 2, LINE),
    Case("(x ** (1 / 3)) ** 3", lambda x: (x ** (1 / 3)) ** 3, LINE),
    Case("sqrt(x) ** 4", lambda x: ops.sqrt(x) ** 4, {0.0: (0, 2, 0), 0.7: (1.4, 2, 0), -1.3: (nan, nan, nan)}),
    Case("sqrt(x) ** 3", lambda x: ops.sqrt(x) ** 3, {0.0: (0, inf), 1.0: (1.5, 0.75, -0.375)}),
    Case("sqrt(x) ** 1.5", lambda x: ops.sqrt(x) ** 1.5, {0.0: (inf, -inf), 1.0: (0.75, -0.1875)}, computed=False),
    Case("sqrt(sqrt(x)) ** 4", lambda x: ops.sqrt(ops.sqrt(x)) ** 4, LINE),
    Case("abs(x) ** 2", lambda x: ops.abs(x) ** 2, PARABOLA),
    Case("abs(x) times itself", lambda x: times_itself(ops.abs(x)), PARABOLA),
    Case("abs(x) ** 3", lambda x: ops.abs(x) ** 3, EVEN_AND_ODD),
    Case("abs(x * x)", lambda x: ops.abs(x * x), PARABOLA),
    Case("abs(x ** 3)", lambda x: ops.abs(x**3), EVEN_AND_ODD),
    Case("sqrt(x * x)", lambda x: ops.sqrt(x * x), {0.0: (0, 0), 0.7: (1, 0), -1.3: (-1, 0)}),
    Case("sqrt(x ** 4)", lambda x: ops.sqrt(x**4), PARABOLA),
    Case("sqrt((x ** 2) ** 2)", lambda x: ops.sqrt((x**2) ** 2), PARABOLA),
    Case("sqrt(abs(x)) ** 4", lambda x: ops.sqrt(ops.abs(x)) ** 4, PARABOLA),
    Case("norm(x) ** 2", lambda x: ops.norm(ops.stack([x, 2 * x])) ** 2, {0.0: (0, 10, 0), -1.3: (-13, 10, 0)}),
    Case("norm(x) ** 4", lambda x: ops.norm(ops.stack([x, x])) ** 4, {0.0: (0, 0, 0, 96), 1.0: (16, 48, 96)}),
    Case(
        "norm(x) ** 3", lambda x: ops.norm(ops.stack([x, 0 * x])) ** 3, {0.0: (0, 0), -0.5: (-0.75, 3)}, computed=False
    ),
    Case("std(x) ** 2", lambda x: ops.std(ops.stack([x, -x])) ** 2, PARABOLA),
    Case("sqrt(1 / x)", lambda x: ops.sqrt(1 / x) ** -2, {0.25: (1, 0)}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("strict", [False, True], ids=["", "strict"])
def test_derivatives_in_every_mode(case: Case, strict: bool) -> None:
    one, g = [tensor(1.0)], lambda a: [case.f(a[0])]
    for at, derivatives in case.expected.items():
        for order, expected in enumerate(derivatives, start=1):
            along = [one] * order
            kinds = dict.fromkeys(["R" * order, "F" * (order - 1) + "R", "R" + "F" * (order - 1)])
            with dt.strict_derivatives(strict and case.computed):
                found = {kind: composed(g, one, along, kind)([tensor(at)]) for kind in kinds}
                found["nested duals"] = nested_duals(g, [tensor(at)], along)[0]
                found["Taylor"] = taylor(g, [tensor(at)], along)[0]
            for mode, got in found.items():
                what = f"{mode}, order {order} at {at}"
                np.testing.assert_allclose(got.asnumpy(), expected, rtol=1e-12, atol=1e-12, err_msg=what)


def test_hessian_of_a_square_of_a_norm(device: Device) -> None:
    x = dt.Tensor(np.zeros(3, np.float32))
    for hessian in (dt.hessian(lambda x: ops.norm(x) ** 2), dt.jacrev(dt.grad(lambda x: ops.square(ops.norm(x))))):
        for run in (hessian, dt.jit(hessian)):
            assert run(x).tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


def test_laplacian_of_a_square_of_a_norm() -> None:
    X = tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]])
    value, laplacian = dt.laplacian(lambda X: ops.norm(X, dim=-1) ** 2)(X)
    np.testing.assert_allclose(value.asnumpy(), [0, 14], rtol=1e-15)
    np.testing.assert_allclose(laplacian.asnumpy(), [6, 6], rtol=1e-14)
    assert dt.linear_operator(lambda X: ops.abs(X[:, 0]) ** 4, {(4, 0, 0): 1.0})(X).tolist() == [24, 24]


@pytest.mark.parametrize("wrap", [dt.vmap, dt.checkpoint, dt.jit], ids=["vmap", "checkpoint", "jit"])
def test_within_other_transformations(wrap: Callable[[Unary], Unary]) -> None:
    x = tensor([0.0, 4.0])
    assert dt.grad(lambda x: wrap(lambda x: ops.sqrt(x) ** 2)(x).sum())(x).tolist() == [1, 1]
    assert wrap(dt.grad(lambda x: (ops.sqrt(x) ** 2).sum()))(x).tolist() == [1, 1]


@pytest.mark.parametrize("f", [case.f for case in CASES], ids=[case.name for case in CASES])
def test_values_are_computed_as_they_are_written(f: Unary) -> None:
    """Only derivatives are those of one power: the value has the same bits, differentiated or not."""
    for at in (0.0, 0.1, 1e-3, 12.3, 0.7):
        value = f(tensor(at)).asnumpy()
        assert dt.value_and_grad(f)(tensor(at))[0].asnumpy().tobytes() == value.tobytes()
        assert dt.jvp(f, tensor(at), tensor(1.0))[0].asnumpy().tobytes() == value.tobytes()


@pytest.mark.parametrize("p", [inf, nan, -inf, 0, 1e200, 10**30, -2])
def test_exponents_of_which_nothing_is_remembered(p: float) -> None:
    for f in (lambda x: ops.sqrt(x) ** p, lambda x: ops.sqrt(x**p)):
        value = f(tensor(0.7)).asnumpy()
        np.testing.assert_array_equal(dt.value_and_grad(f)(tensor(0.7))[0].asnumpy(), value)
        np.testing.assert_array_equal(dt.jvp(f, tensor(0.7), tensor(1.0))[0].asnumpy(), value)


def test_a_value_remembers_one_other_and_no_history() -> None:
    """In a long chain of powers, forward mode would otherwise hold on to every value."""

    def f(x: dt.Tensor) -> dt.Tensor:
        for _ in range(4):
            x = ops.abs((x * x) ** -0.5) ** -1
            x = ops.sqrt(x * x)
            assert not hasattr(x.known_power.base, "known_power")
        return x

    assert dt.jvp(f, tensor(2.0), tensor(1.0))[1].item() == 1
    assert dt.grad(f)(tensor(2.0)).item() == 1
