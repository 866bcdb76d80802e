"""Cells that bring their own derivative, and what stands around a cell's calls."""

from __future__ import annotations

from typing import Any

import pytest

import dualtape as dt
from dualtape import Parameter, Tensor, nn


class Scaled(nn.Cell):
    """`x * x * w`, whose `bprop` says x squared, as nothing else would."""

    def __init__(self) -> None:
        super().__init__()
        self.w = Parameter(Tensor([2.0]), name="w")

    def construct(self, x: Tensor) -> Any:
        return x * x * self.w

    def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
        return (x * x * dout,)


class Pair(nn.Cell):
    def construct(self, x: Tensor, y: Tensor) -> Any:
        return x * y, x + y

    def bprop(self, x: Tensor, y: Tensor, out: Any, dout: Any) -> Any:
        return x * 100 * dout[0], y


X = Tensor([3.0])


@pytest.mark.parametrize("around", [lambda f: f, dt.jit], ids=["eager", "jit"])
def test_bprop_is_the_derivative_of_first_and_second_order(around: Any) -> None:
    net = Scaled()
    assert net(X).tolist() == [18.0]
    assert around(dt.grad(net))(X).tolist() == [9.0]
    assert around(dt.grad(dt.grad(net)))(X).tolist() == [6.0]


@pytest.mark.parametrize("around", [lambda f: f, dt.jit], ids=["eager", "jit"])
def test_parameters_get_no_derivative_through_a_bprop(around: Any) -> None:
    net = Scaled()
    of_input, (of_weight,) = around(dt.grad(net, 0, net.trainable_params()))(X)
    assert (of_input.tolist(), of_weight.tolist()) == ([9.0], [0.0])


def test_bprop_of_several_inputs_and_outputs_and_of_a_part() -> None:
    first, second = dt.grad(Pair(), (0, 1))(Tensor([1.0, 2.0]), Tensor([3.0, 4.0]))
    assert (first.tolist(), second.tolist()) == ([100.0, 200.0], [3.0, 4.0])
    assert dt.grad(lambda x: Pair()(x, y=X)[0] * 2)(X).tolist() == [600.0]


def test_one_cotangent_need_not_be_a_tuple() -> None:
    class Bare(Scaled):
        def bprop(self, x: Tensor, out: Tensor, dout: Tensor) -> Any:
            return x * x * dout

    assert dt.grad(Bare())(X).tolist() == [9.0]


def test_what_stands_around_a_cell_is_called_from_outside_to_inside() -> None:
    seen: list[str] = []

    def named(name: str) -> Any:
        def around(cell: nn.Cell, run: Any, x: Tensor) -> Any:
            seen.append(name)
            return run(x) + 1

        return around

    relu = nn.ReLU()
    remove_inner, remove_outer = relu.surround(named("inner")), relu.surround(named("outer"))
    assert relu(X).tolist() == [5.0]
    remove_inner()
    assert relu(X).tolist() == [4.0]
    remove_outer()
    assert relu(X).tolist() == [3.0]
    assert seen == ["outer", "inner", "outer"]


def test_the_same_function_may_stand_around_a_cell_twice() -> None:
    relu = nn.ReLU()
    double = lambda cell, run, x: 2 * run(x)
    remove = relu.surround(double)
    relu.surround(double)
    remove()
    assert relu(X).tolist() == [6.0]
