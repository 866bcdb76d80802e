"""Several parameters get new values together: all of them, or none."""

from __future__ import annotations

from typing import Any

import pytest

import dualtape as dt
from dualtape.devices.device import Device


@pytest.fixture
def pair(device: Device) -> dt.ParameterTuple:
    """Of different types."""
    return dt.ParameterTuple([dt.Parameter(dt.Tensor([1.0]), name="a"), dt.Parameter(dt.Tensor(2), name="b")])


def held(parameters: Any) -> list[Any]:
    return [(str(p.dtype), p.tolist()) for p in parameters]


def test_values_are_converted_as_one_is(pair: dt.ParameterTuple) -> None:
    assert pair.set_data(x for x in (dt.Tensor([3], dt.int32), 4.0)) is pair
    assert held(pair) == [("Float32", [3.0]), ("Int64", 4)]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((dt.Tensor([3.0]), "x"), "data must be"),
        ((dt.Tensor([3.0]), dt.Tensor([1, 2])), "'b' of shape"),
        ((dt.Tensor([3.0]),), "2 parameters got 1 value"),
        ((dt.Tensor([3.0]), 1, 2), "2 parameters got 3 values"),
    ],
)
def test_one_that_does_not_fit_changes_none(pair: dt.ParameterTuple, values: Any, words: str) -> None:
    with pytest.raises(dt.errors.DualtapeError, match=words):
        pair.set_data(values)
    assert held(pair) == [("Float32", [1.0]), ("Int64", 2)]


def test_inside_a_derivative_what_it_put_in_place_lasts_as_long_as_it(pair: dt.ParameterTuple) -> None:
    a, _ = pair
    seen: list[Any] = []

    def f(x: dt.Tensor) -> dt.Tensor:
        pair.set_data((dt.Tensor([5.0]), 6))
        seen.append(held(pair))
        return x * a

    dt.grad(f, None, [a])(dt.Tensor([3.0]))
    assert seen == [[("Float32", [5.0]), ("Int64", 6)]]
    assert held(pair) == [("Float32", [1.0]), ("Int64", 6)]


def test_under_jit_they_are_set_at_the_end_of_each_call(pair: dt.ParameterTuple) -> None:
    a, b = pair
    step = dt.jit(lambda x: pair.set_data((a + x, b * 2)) and x)
    for _ in range(2):
        step(dt.Tensor([1.0]))
    assert held(pair) == [("Float32", [3.0]), ("Int64", 8)]


def test_a_hook_sees_and_changes_the_gradients_by_a_parameter() -> None:
    w, seen = dt.Parameter(dt.Tensor([2.0, 3.0]), name="w"), []
    double, watch = w.register_hook(lambda g: 2 * g), w.register_hook(seen.append)
    loss = lambda x: (w * x).sum()
    x = dt.Tensor([1.0, 4.0])
    assert dt.grad(loss, None, w)(x).tolist() == [2.0, 8.0]
    assert [g.tolist() for g in seen] == [[2.0, 8.0]]
    assert dt.vjp(loss, x, weights=[w])[1](dt.Tensor(1.0))[1][0].tolist() == [2.0, 8.0]
    assert dt.grad(loss)(x).tolist() == [2.0, 3.0]
    watch.remove()
    double.remove()
    assert dt.jit(dt.grad(loss, None, w))(x).tolist() == [1.0, 4.0]
    with pytest.raises(TypeError, match="`function` of `register_hook`"):
        w.register_hook(3)
