"""MindSpore's operators as classes, `Map`, `HyperMap`, and assignment."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import Parameter, Tensor, ops
from dualtape.ops import classes

A, B = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([[0.5, -1.0], [2.0, 0.25]])


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (ops.MatMul()(A, B), A @ B),
        (ops.MatMul(transpose_b=True)(A, B), A @ B.T),
        (ops.MatMul(True, False)(A, B), A.T @ B),
        (ops.BatchMatMul(True)(ops.stack([A, B]), ops.stack([B, A])), ops.stack([A.T @ B, B.T @ A])),
        (ops.Add()(A, 1.0), A + 1.0),
        (ops.Pow()(A, 3), A**3),
        (ops.Tanh()(A), ops.tanh(A)),
        (ops.ReduceSum()(A), A.sum()),
        (ops.ReduceSum(keep_dims=True)(A, 0), A.sum(0, keepdims=True)),
        (ops.ReduceMean(True)(A, (0, 1)), A.mean(keepdims=True)),
        (ops.ReduceMax()(A, 1), A.amax(1)),
        (ops.Concat(1)((A, B)), ops.cat((A, B), 1)),
        (ops.Stack()([A, B]), ops.stack([A, B])),
        (ops.Cast()(A, dt.int32), A.astype(dt.int32)),
        (ops.Reshape()(A, (4,)), A.reshape(4)),
        (ops.Transpose()(A, (1, 0)), A.T),
        (ops.Squeeze()(A.reshape(1, 2, 1, 2)), A),
        (ops.Squeeze(0)(A.reshape(1, 2, 2)), A),
        (ops.BroadcastTo((3, 2, 2))(A), A.broadcast_to((3, 2, 2))),
        (ops.Softmax(0)(A), ops.softmax(A, 0)),
        (ops.Elu(0.5)(-A), ops.elu(-A, 0.5)),
        (ops.GeLU()(A), ops.gelu(A, "tanh")),
        (ops.Gather()(A, Tensor([1]), 0), A[1:]),
        (ops.Select()(A > 1.5, A, B), ops.where(A > 1.5, A, B)),
        (ops.ZerosLike()(A), ops.zeros((2, 2))),
    ],
)
def test_an_operator_is_its_function(found: Tensor, expected: Tensor) -> None:
    assert found.dtype is expected.dtype
    np.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())


@pytest.mark.parametrize("name", classes.__all__)
def test_an_operator_bears_its_name(name: str) -> None:
    assert getattr(ops, name)().name == name


def test_operators_are_differentiable_and_print() -> None:
    assert dt.grad(ops.Sin())(Tensor([0.0])).tolist() == [1.0]
    assert repr(ops.MatMul(transpose_b=True)) == "MatMul(transpose_a=False, transpose_b=True)"
    assert ops.Sin().name == "Sin"


def test_map_takes_one_level_and_hyper_map_all() -> None:
    pairs = (Tensor(1.0), [Tensor(2.0), Tensor(3.0)])
    found = ops.HyperMap()(ops.add, pairs, pairs)
    assert type(found) is tuple
    assert type(found[1]) is list
    assert [found[0].item(), *(x.item() for x in found[1])] == [2.0, 4.0, 6.0]
    assert ops.Map(len)(([1, 2], [3])) == (2, 1)
    parameters = dt.ParameterTuple([Parameter(Tensor(2.0), name="p")])
    assert type(ops.HyperMap(ops.square)(parameters)) is tuple


def test_assignment_changes_a_parameter_and_returns_its_value() -> None:
    p = Parameter(Tensor([1.0, 2.0]), name="p")
    assert ops.assign(p, Tensor([3, 4])).tolist() == p.tolist() == [3.0, 4.0]
    assert ops.assign_add(p, 1.0).tolist() == p.tolist() == [4.0, 5.0]
    assert ops.assign_sub(p, p).tolist() == p.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: ops.MatMul()(A, A[0]), ValueError, "`MatMul` takes two matrices"),
        (lambda: ops.MatMul(1, 2, 3), TypeError, "`MatMul` takes transpose_a, transpose_b"),
        (lambda: ops.Sin(1), TypeError, "`Sin` takes no arguments"),
        (lambda: ops.ReduceSum(keepdims=True), TypeError, "`ReduceSum` takes keep_dims"),
        (lambda: ops.Map(3), TypeError, "`ops` of `Map` must be a function"),
        (lambda: ops.HyperMap()(3, (A,)), TypeError, "first argument of `HyperMap`"),
        (lambda: ops.HyperMap()(ops.sin, A), TypeError, "`HyperMap` maps tuples or lists, got Tensor"),
        (lambda: ops.Map()(ops.add, (A,), (A, A)), ValueError, "lengths 1, 2"),
        (lambda: ops.assign(A, A), TypeError, "`variable` of `assign` must be a Parameter, got Tensor"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
