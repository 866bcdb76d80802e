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
