"""Arguments that are wrong in kind or size, each of which once ended in an error of Python's or NumPy's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import DualtapeError

X = dt.Tensor(np.ones((2, 3), np.float32))
NET = dt.nn.Dense(3, 1)
FLAGS: Any = np.array([True, False])

CALLS: dict[str, Callable[[], Any]] = {
    "an int of 1300 bits": lambda: ops.sin(10**400),
    "a list with such an int": lambda: dt.Tensor([10**400, 1.0]),
    "permute by an int": lambda: ops.permute(X, 1.5),
    "swapaxes by a str": lambda: ops.swapaxes(X, "a", 0),
    "stack along a str": lambda: ops.stack([X], "a"),
    "split by a float": lambda: ops.split(X, 1.5),
    "roll with fewer dims than shifts": lambda: ops.roll(X, (1, 2), (0,)),
    "tile past all memory": lambda: ops.tile(X, (2**45, 2**45)),
    "repeat past all memory": lambda: ops.repeat(X, 2**62),
    "zeros past all memory": lambda: ops.zeros(2**45),
    "zeros past all addresses": lambda: ops.zeros((2**45, 2**45)),
    "pad by an object": lambda: ops.pad(X, object()),
    "pad with a str": lambda: ops.pad(X, (1, 1), value="a"),
    "meshgrid indexed by an array": lambda: ops.meshgrid(X, X, indexing=np.array([1, 2])),
    "eye of a negative size": lambda: ops.eye(-1),
    "full of a str": lambda: ops.full((2,), "a"),
    "full of NaN in ints": lambda: ops.full((2,), float("nan"), dtype=dt.int64),
    "full of 300 in eight bits": lambda: ops.full((2,), 300, dtype=dt.int8),
    "cross_entropy weighed by an int": lambda: ops.cross_entropy(X, X, 0),
    "squeeze along a float of NumPy": lambda: ops.Squeeze(np.float32(1.5))(X),
    "arange of None": lambda: ops.arange(None),
    "arange up to infinity": lambda: ops.arange(float("inf")),
    "arange past all memory": lambda: ops.arange(2**45),
    "arange past all bytes": lambda: ops.arange(2**60),
    "linspace past all memory": lambda: ops.linspace(0, 1, 2**45),
    "eye past all memory": lambda: ops.eye(2**25),
    "arange past all addresses": lambda: ops.arange(10**30),
    "linspace from a str": lambda: ops.linspace("a", 1, 3),
    "axis that is an array": lambda: ops.sum(X, np.array([0, 1])),
    "keepdims that is an array": lambda: ops.sum(X, 0, np.array([1, 2])),
    "order of a norm that is a list": lambda: ops.norm(X, [1, 2]),
    "tensordot over a str": lambda: ops.tensordot(X, X, "a"),
    "tensordot over one axis twice": lambda: ops.tensordot(X, X, ((0, 0), (0, 0))),
    "a slope that is a list": lambda: ops.leaky_relu(X, [1, 2]),
    "approximate that is an array": lambda: ops.gelu(X, np.array([1, 2])),
    "expand as a str": lambda: X.expand_as("a"),
    "Map over a number": lambda: ops.Map(lambda *x: x)((X,), 3),
    "CellDict of a number": lambda: dt.nn.CellDict(3),
    "partials of a number": lambda: dt.partials(ops.sin, 3),
    "a 0-d mask": lambda: dt.Tensor(1.0)[dt.Tensor(True)],
    "one_hot with a list": lambda: ops.one_hot(dt.Tensor([1]), 3, []),
    "one_hot with 1300 bits": lambda: ops.one_hot(dt.Tensor([1]), 3, 10**400),
    "a loop past all memory": lambda: ops.fori_loop(0, 2**45, lambda i, x: x, 0),
    "a loop from an array": lambda: ops.fori_loop(np.array([1, 2]), 3, lambda i, x: x, 0),
    "a checkpoint named by a number": lambda: dt.load_checkpoint(3),
    "a checkpoint saved under a NUL": lambda: dt.save_checkpoint({"x": X}, "\0"),
    "a truncation at a list": lambda: dt.initializer.TruncatedNormal(a=[1]),
    "a slope of an initializer that is a list": lambda: dt.initializer.HeUniform([]),
    "a nonlinearity that is a list": lambda: dt.initializer.HeNormal(0, "fan_in", []),
    "ParameterTuple of a number": lambda: dt.ParameterTuple(0),
    "the tangent of a dict that is a number": lambda: dt.jvp(lambda x: x["a"], {"a": X}, 1.0),
    "arange up to 1300 bits": lambda: ops.arange(10**400),
    "classes of 1300 bits": lambda: ops.one_hot(dt.Tensor(0), 10**400),
    "a norm's order of 1300 bits": lambda: ops.clip_by_norm(X, 1.0, 10**400),
    "a coefficient of 1300 bits": lambda: dt.linear_operator(ops.sin, {(1,): 10**400}),
    "first values of 1300 bits": lambda: dt.initializer.initializer(10**400, (3,)),
    "infinitely wide first values": lambda: dt.initializer.initializer(dt.initializer.Normal(float("inf")), (3,)),
    "a truncation that is hardly ever met": lambda: dt.initializer.TruncatedNormal(a=40.0, b=41.0),
    "a layer past all memory": lambda: dt.nn.Dense(2**45, 1),
    "a sum past all memory": lambda: ops.ones((2**20, 1)) + ops.ones((1, 2**30)),
    "a view past all memory": lambda: dt.Tensor(np.broadcast_to(np.float32(1), (2, 2**45))),
    "a loss scale of 1300 bits": lambda: dt.amp.StaticLossScaler(10**400),
    "a loss scale that Float32 cannot hold": lambda: dt.amp.DynamicLossScaler(1e300, 2, 2),
    "a sensitivity that is a list": lambda: dt.nn.TrainOneStepCell(NET, dt.optim.SGD(NET.trainable_params(), 0.1), []),
    "a rate of 1300 bits": lambda: dt.optim.SGD(NET.trainable_params(), 10**400),
    "a rate that Float32 cannot hold": lambda: dt.optim.SGD(NET.trainable_params(), 1e300),
    "rates that are names": lambda: dt.optim.SGD(NET.trainable_params(), ["a"]),
    "rates in rows of two lengths": lambda: dt.optim.SGD(NET.trainable_params(), [[1.0, 2.0], [3.0]]),
    "a flag of Adam that is an array": lambda: dt.optim.Adam(NET.trainable_params(), use_nesterov=FLAGS),
    "a flag of SGD that is an array": lambda: dt.optim.SGD(NET.trainable_params(), nesterov=FLAGS),
    "a flag of RMSProp that is an array": lambda: dt.optim.RMSProp(NET.trainable_params(), centered=FLAGS),
    "a flag of a schedule that is an array": lambda: dt.optim.ExponentialDecayLR(0.1, 0.9, 4, FLAGS),
    "a flag of a Cell that is an array": lambda: dt.nn.SequentialCell(NET, auto_prefix=FLAGS),
    "a flag of GELU that is an array": lambda: dt.nn.GELU(FLAGS),
    "a flag of MatMul that is an array": lambda: ops.BatchMatMul(FLAGS)(X, X),
    "a flag of Map that is an array": lambda: ops.HyperMap(reverse=FLAGS),
    "a flag of a Parameter that is an array": lambda: dt.Parameter(X, requires_grad=FLAGS),
    "a flag of freezing that is an array": lambda: NET.freeze(FLAGS),
    "a flag of strict derivatives that is an array": lambda: dt.strict_derivatives(FLAGS),
    "what to do with unmatched names that is an array": lambda: dt.load_checkpoint("none", NET, unmatched=FLAGS),
    "a label smoothing that is a Cell": lambda: ops.cross_entropy(X, X, label_smoothing=NET),
    "an ignored class that is a list": lambda: ops.cross_entropy(X, X, ignore_index=[1]),
    "a schedule of 1300 bits": lambda: dt.optim.WarmUpLR(0.1, 10**400)(dt.Tensor(1)),
}


@pytest.mark.parametrize("name", CALLS)
def test_refused_in_the_engines_words(name: str) -> None:
    with pytest.raises(DualtapeError):
        CALLS[name]()


def test_a_python_float_beyond_float32_is_infinite_without_a_warning() -> None:
    assert dt.Tensor(1e300).item() == dt.Tensor([1e300])[0].item() == float("inf")


def test_meshgrid_of_nothing_has_no_points() -> None:
    assert [grid.shape for grid in ops.meshgrid(ops.zeros(0), ops.zeros(3))] == [(3, 0), (3, 0)]


def test_one_hot_with_an_infinite_element_was_nan_elsewhere() -> None:
    assert ops.one_hot(dt.Tensor([1]), 2, float("inf"), -1).tolist() == [[-1, float("inf")]]


def test_what_the_host_cannot_hold_is_a_memory_error() -> None:
    with pytest.raises(MemoryError, match=r"the host has no memory for a tensor of shape \(35184372088832,\)"):
        ops.zeros(2**45)
    with pytest.raises(dt.errors.DeviceMemoryError, match="what `add` gives"):
        ops.ones((2**20, 1)) + ops.ones((1, 2**30))


def test_tensors_of_two_types_are_not_added_in_place() -> None:
    x = dt.Tensor(np.ones(3))
    assert not dt.Tensor([1, 2, 3]).try_add_in_place(x)
    assert x.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("half", [np.float32(0.5), np.float64(0.5), np.array(0.5)], ids=["float32", "float64", "0-d"])
def test_numbers_of_numpy_are_numbers(half: Any) -> None:
    """An array without axes as a learning rate, which may be an array of several; scalars everywhere."""
    assert dt.optim.SGD(dt.nn.Dense(3, 1).trainable_params(), half).get_lr().item() == 0.5
    if half.dtype == np.float32:
        assert dt.initializer.initializer(dt.initializer.Constant(half), 2).tolist() == [0.5, 0.5]
        assert dt.initializer.initializer(dt.initializer.Normal(half, np.int64(1)), 2).shape == (2,)
        assert dt.amp.StaticLossScaler(np.float32(8)).scale_value.value().item() == 8
        assert dt.linear_operator(ops.sin, {(1,): half})(dt.Tensor([[0.0]])).item() == 0.5
        assert dt.optim.SGD(dt.nn.Dense(3, 1).trainable_params(), 0.1, momentum=half).momentum == 0.5


@pytest.mark.parametrize("true", [True, np.True_])
def test_what_is_true(true: Any) -> None:
    assert dt.nn.Dense(3, 1, has_bias=true).has_bias is True
    assert dt.optim.Adam(dt.nn.Dense(3, 1).trainable_params(), use_nesterov=true).use_nesterov is True
    assert dt.Parameter(X, requires_grad=true).requires_grad is True
    assert ops.sum(X, 1, keepdims=true).shape == (2, 1)


JOINING: dict[str, Callable[[dt.Tensor], Any]] = {
    "where": lambda x: ops.where([True, False], [x[0], x[1]], [0, 0]),
    "where in both": lambda x: ops.where(x > 1, [1, x[1]], [x[0], 0]),
    "add": lambda x: ops.add([1, 1], [x[0], x[1]]),
    "maximum": lambda x: ops.maximum([x[0], x[1]], np.array([1, 5])),
    "matmul": lambda x: ops.matmul([[x[0], x[1]]], [[1.0], [2.0]]),
    "cat": lambda x: ops.cat([[1.0, 2.0], x]),
    "einsum": lambda x: ops.einsum("i,i", [1.0, 2.0], x),
    "multi_dot": lambda x: ops.linalg.multi_dot([np.ones((2, 2), np.float32), np.eye(2, dtype=np.float32), x]),
    "solve": lambda x: ops.linalg.solve([[x[0], 0], [0, x[1]]], [1.0, 2.0]),
    "interp": lambda x: ops.interp([0.5], [0.0, 1.0], x),
    "take_along_axis": lambda x: ops.take_along_axis([3.0, 4.0], ops.argsort(x)),
}


@pytest.mark.opencl
@pytest.mark.parametrize("name", JOINING)
def test_lists_of_numbers_join_the_tensors_beside_them(name: str) -> None:
    there = dt.Tensor([1.0, 2.0]).to(dt.devices()[1])
    found = JOINING[name](there)
    assert found.device is there.device
    np.testing.assert_allclose(found.asnumpy(), JOINING[name](dt.Tensor([1.0, 2.0])).asnumpy())
