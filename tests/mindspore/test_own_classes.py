"""MindSpore's methods stand on the room's own classes: plain dualtape is what it was, and programs meet only theirs."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import dualtape as dt
import dualtape.mindspore as ms
from dualtape.errors import DualtapeError
from dualtape.mindspore import Parameter, Tensor, nn, ops

X = Tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])


def test_importing_the_room_changes_no_class_of_dualtapes() -> None:
    program = """
import inspect, json
import dualtape as dt

def shown():
    rooms = (dt, dt.nn, dt.ops, dt.amp, dt.initializer, dt.optim)
    classes = {c for room in rooms for c in vars(room).values() if inspect.isclass(c)}
    classes |= {base for c in classes for base in c.__mro__ if base.__module__.startswith("dualtape")}
    return {f"{c.__module__}.{c.__qualname__}": {n: id(x) for n, x in vars(c).items()} for c in classes}

before = shown()
import dualtape.mindspore
after = {name: attributes for name, attributes in shown().items() if ".mindspore" not in name}
print(json.dumps([name for name in before if before[name] != after[name]] + sorted(set(after) ^ set(before))))
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == []


def test_a_plain_tensor_has_numpys_conventions_and_none_of_mindspores_methods() -> None:
    plain = dt.Tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    assert plain.max(1).tolist() == plain.max(axis=1).tolist() == [5.0, 6.0]
    values, indices = X.max(1)
    assert (values.tolist(), indices.tolist(), X.max(axis=1).tolist()) == ([5.0, 6.0], [1, 2], [5.0, 6.0])
    with pytest.raises(AttributeError, match="addcmul"):
        plain.addcmul(plain, plain)
    with pytest.raises(TypeError):
        plain.sum(dim=1)


def _network() -> Any:
    class Network(nn.Cell):
        def __init__(self) -> None:
            super().__init__()
            self.dense = nn.Dense(3, 1, activation="tanh")

        def construct(self, x: Any) -> Any:
            assert type(x) is Tensor
            y = self.dense(x)
            assert type(y) is Tensor
            return y.mean(axis=1, keep_dims=True)

    return Network()


def _seen(x: Any) -> Any:
    """What a program's function does with a tensor that dualtape gives it."""
    assert type(x) is Tensor, type(x)
    return x.square().sum(dim=-1) + x.addcmul(x, x).sum()


@pytest.mark.parametrize(
    "made",
    [
        lambda: X + 1, lambda: 1 - X, lambda: X @ X.T, lambda: -X, lambda: X[0], lambda: X > 2, lambda: X == X,
        lambda: next(iter(X)), lambda: np.float32(2) * X, lambda: np.exp(X), lambda: X.sum(), lambda: X.max(1)[1],
        lambda: ops.exp(X), lambda: ops.MatMul()(X, X.T), lambda: ops.ReduceSum(True)(X, 1), lambda: ops.zeros((2,)),
        lambda: ops.stack([X, X]), lambda: ms.numpy.linspace(0, 1, 3), lambda: ms.mint.sum(X),
        lambda: ops.split(X, 1)[0],
        lambda: ms.grad(_seen)(X[0]), lambda: ms.jvp(_seen, X[0], X[0])[1], lambda: ms.vmap(_seen)(X),
        lambda: ms.vjp(_seen, X[0])[1](Tensor(1.0))[0], lambda: ms.jacrev(_seen)(X), lambda: ms.jacfwd(_seen)(X),
        lambda: ms.hessian(_seen)(X[0]), lambda: ms.jit(_seen)(X), lambda: ms.jit(ms.grad(_seen))(X[0]),
        lambda: ops.GradOperation()(_seen)(X[0]), lambda: ms.value_and_grad(lambda x: _seen(x).sum())(X)[0],
        lambda: ms.recompute(_seen, X), lambda: ops.cond(X.sum() > 0, _seen, _seen, X),
        lambda: ms.jit(lambda x: ops.while_loop(lambda y: y.max(axis=0) < 9, lambda y: y.mul(2), x))(X[0]),
        lambda: _network()(X), lambda: ms.grad(_network().construct)(X), lambda: ms.jit(_network())(X),
        lambda: nn.MSELoss()(X, X), lambda: nn.WithLossCell(_network(), nn.MSELoss())(X, X[:, :1]),
        lambda: ms.grad(_network(), None, _network().trainable_params())(X)[0],
        lambda: nn.get_activation("tanh")(X),
        lambda: nn.Dense(3, 1, activation=_seen)(X), lambda: ms.common.initializer.initializer("ones", (2,)),
        lambda: Parameter(X).sum(dim=1), lambda: Parameter(X).T, lambda: Parameter(X).value(), lambda: Parameter(X) * 2,
        lambda: ops.assign(Parameter(X), X), lambda: copy.deepcopy(X), lambda: pickle.loads(pickle.dumps(X)),
        lambda: next(ms.dataset.NumpySlicesDataset([1.0, 2.0]).create_tuple_iterator())[0],
        lambda: ms.amp.StaticLossScaler(2.0).scale(X), lambda: ops.Map(ops.square)((X,))[0],
    ],
)  # fmt: skip
def test_what_a_program_is_given_is_mindspores(made: Any) -> None:
    assert type(made()) is Tensor


def test_what_dualtape_makes_of_a_programs_tensors_is_its_own() -> None:
    assert type(dt.ops.exp(X)) is dt.Tensor
    assert dt.ops.exp(X).tolist() == ops.exp(X).tolist()
    assert isinstance(dt.ops.exp(X), Tensor)
    assert dt.grad(lambda x: (x * X).sum())(dt.ops.ones((2, 3))).tolist() == X.tolist()
    assert np.asarray(X).tolist() == X.tolist()


def test_the_parameters_of_a_network_have_mindspores_methods() -> None:
    net = _network()
    assert {type(p) for p in net.trainable_params()} == {Parameter}
    assert net.dense.weight.sum(dim=1).shape == (1,)
    assert type(net.dense.weight.clone()) is Parameter
    assert {type(p) for p in ms.ParameterTuple(net.trainable_params()).clone("copy")} == {Parameter}
    fresh = copy.deepcopy(net)
    assert fresh(X).tolist() == net(X).tolist()
    assert isinstance(dt.Parameter(1.0), Parameter)


def test_a_programs_own_derivative_hook_and_optimizer_see_mindspores_tensors() -> None:
    class Doubled(nn.Cell):
        def construct(self, x: Any) -> Any:
            return x.addcmul(x, x)

        def bprop(self, x: Any, out: Any, dout: Any) -> Any:
            return (dout.mul(2).addcmul(x, x),)

    class Descent(nn.Optimizer):
        def construct(self, gradients: Any) -> Any:
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                ops.assign_sub(parameter, gradient.mul(0.5))
            return True

    cell = Doubled()
    hook = cell.register_forward_hook(lambda cell, inputs, output: output.mul(inputs[0].sum(dim=0)))
    assert cell(X[0]).tolist() == [18.0, 270.0, 108.0]
    hook.remove()
    assert ms.grad(cell)(X[0]).tolist() == [3.0, 27.0, 11.0]
    assert ms.jit(ms.grad(cell))(X[0]).tolist() == [3.0, 27.0, 11.0]
    w = Parameter(Tensor([1.0]), name="w")
    Descent(0.1, [w])((dt.Tensor([2.0]),))
    assert w.tolist() == [0.0]


def test_a_tensor_changes_in_place_as_mindspores_does_and_derivatives_follow() -> None:
    x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    row, same = x[0], x
    x[0, 1:] = 9.0
    x[Tensor([1]), Tensor([0])] = Tensor([7])
    x[x > 8] = 0
    assert (same.tolist(), row.tolist()) == ([[1.0, 0.0, 0.0], [7.0, 5.0, 6.0]], [1.0, 2.0, 3.0])
    with pytest.raises(IndexError):
        x[2] = 1.0

    def changed(x: Any, y: Any) -> Any:
        x[1] = y * y
        return (x * x).sum()

    for gradient in (ms.grad(changed, (0, 1)), ms.jit(ms.grad(changed, (0, 1)))):
        by_x, by_y = gradient(Tensor([1.0, 2.0, 3.0]), Tensor(2.0))
        assert (by_x.tolist(), by_y.item()) == ([2.0, 0.0, 6.0], 32.0)
    counts = Tensor([1, 2])
    assert (counts.set_dtype(ms.float32), counts.dtype) == (ms.float32, ms.float32)


@pytest.mark.parametrize("name", ["cross", "median", "view_as", "topk", "moveaxis", "sort"])
def test_what_a_method_cannot_read_is_told_in_its_name(name: str) -> None:
    for given in (["a", "b"], [object()]):
        with pytest.raises(DualtapeError, match=f"`{name}"):
            getattr(X, name)(*given)
    with pytest.raises(TypeError, match=r"`cross\(.*got \(Tensor, str\)"):
        X.cross("a")
