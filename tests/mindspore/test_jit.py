"""`jit` as MindSpore's: of functions, methods and cells, with its options, and back to eager where it must."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import dualtape as dt
import dualtape.mindspore as ms
from dualtape.errors import TracingError
from dualtape.mindspore import Tensor, nn, ops

X = Tensor([1.0, 2.0])


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, function: Any) -> None:
        self.count, self.function = 0, function

    def __call__(self, *args: Any) -> Any:
        self.count += 1
        return self.function(*args)


def test_a_function_is_traced_once() -> None:
    inner = Counted(lambda x: x * 2)
    jitted = ms.jit(lambda x: inner(x))
    assert [jitted(X).tolist() for _ in range(3)] == [[2.0, 4.0]] * 3
    assert inner.count == 1


@pytest.mark.parametrize(
    "options",
    [{"jit_level": "O0"}, {"capture_mode": "ast", "backend": "ms_backend"}, {"fullgraph": True}, {"input_signature": X},
     {"dynamic": 1}, {"jit_config": ms.JitConfig(jit_level="O1")}],
)  # fmt: skip
def test_options_are_accepted(options: dict[str, Any]) -> None:
    assert ms.jit(**options)(lambda x: x + 1)(X).tolist() == [2.0, 3.0]


def test_an_option_that_mindspore_has_not_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown options speed"):
        ms.jit(lambda x: x, speed=3)
    with pytest.raises(TypeError, match="`fullgraph`"):
        ms.jit(lambda x: x, fullgraph="yes")


def test_a_branch_on_a_tensor_runs_eagerly_with_one_warning_that_names_the_line() -> None:
    @ms.jit
    def branch(x: Tensor) -> Any:
        if x.sum() > 0:
            return x * x
        return -x

    with pytest.warns(RuntimeWarning, match=r"`branch` runs eagerly.*test_jit.py:\d+: if x.sum\(\) > 0:"):
        assert branch(X).tolist() == [1.0, 4.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert branch(-X).tolist() == [1.0, 2.0]


def test_fullgraph_means_the_error() -> None:
    @ms.jit(fullgraph=True)
    def branch(x: Tensor) -> Any:
        return x if x.sum() > 0 else -x

    with pytest.raises(TracingError):
        branch(X)


class Network(nn.Cell):
    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Dense(2, 1, weight_init="ones", bias_init="zeros")
        self.calls = Counted(lambda x: self.dense(x))

    @ms.jit
    def construct(self, x: Tensor) -> Any:
        return self.calls(x) * (2 if self.training else 1)


def test_a_method_is_jitted_for_each_object() -> None:
    first, second = Network(), Network()
    second.dense.weight.set_data(Tensor([[10.0, 0.0]]))
    x = Tensor([[1.0, 2.0]])
    assert [first(x).tolist(), second(x).tolist(), first(x).tolist()] == [[[3.0]], [[10.0]], [[3.0]]]
    assert (first.calls.count, second.calls.count) == (1, 1)
    first.dense.weight.set_data(Tensor([[0.0, 1.0]]))
    assert first(x).tolist() == [[2.0]]
    assert ms.grad(first, None, first.dense.weight)(x).tolist() == [[1.0, 2.0]]


def test_a_jitted_cell_sees_that_it_is_to_train() -> None:
    net, x = Network(), Tensor([[1.0, 2.0]])
    seen = [net(x).item(), net.set_train()(x).item(), net.set_train(False)(x).item()]
    assert seen == [3.0, 6.0, 3.0]
    outer = ms.jit(lambda x: net(x))
    assert [outer(x).item(), net.set_train() and outer(x).item()] == [3.0, 6.0]


def test_a_cell_and_a_class_of_cells_can_be_jitted() -> None:
    calls = Counted(lambda x: x + 1)

    class Plain(nn.Cell):
        def construct(self, x: Tensor) -> Any:
            return calls(x)

    cell = ms.jit(Plain())
    assert isinstance(cell, Plain)
    assert [cell(X).tolist() for _ in range(2)] == [[2.0, 3.0]] * 2
    assert calls.count == 1
    whole = ms.jit(Plain)()
    assert [whole(X).tolist() for _ in range(2)] == [[2.0, 3.0]] * 2
    assert calls.count == 2
    assert ms.jit_class(Plain) is Plain


def test_what_draws_numbers_is_never_frozen_in_a_program() -> None:
    draws = ms.jit(lambda x: x + ops.standard_normal((2,)))
    with pytest.warns(RuntimeWarning, match="runs eagerly"):
        first = draws(X)
    assert first.tolist() != draws(X).tolist()
    with pytest.raises(TracingError):
        dt.jit(lambda x: x + ops.rand(2))(X)


def test_dropout_drops_when_it_trains_and_only_then() -> None:
    ms.set_seed(3)
    layer, ones = nn.Dropout(p=0.25), ops.ones((400,))
    assert layer(ones).tolist() == ones.tolist()
    layer.set_train()
    kept = layer(ones)
    assert set(kept.tolist()) == {0.0, ops.ones(1).item() / 0.75} or len(set(kept.tolist())) == 2
    assert 250 < int((kept > 0).sum()) < 350
    assert ms.grad(lambda x: layer(x).sum())(ones).shape == (400,)
    jitted = ms.jit(lambda x: layer(x))
    with pytest.warns(RuntimeWarning, match="runs eagerly"):
        first = jitted(ones)
    assert first.tolist() != jitted(ones).tolist()


def test_hooks_recompute_and_other_types_work_inside_grad_and_jit() -> None:
    net = nn.SequentialCell(nn.Dense(2, 3, weight_init="ones"), nn.Tanh(), nn.Dense(3, 1, weight_init="ones"))
    x = Tensor([[0.1, 0.2]])
    (plain,) = ms.grad(net, 0)(x).tolist()
    net.recompute()
    assert ms.grad(net, 0)(x).tolist() == [plain]
    assert dt.jit(ms.grad(net, 0))(x)[0].tolist() == pytest.approx(plain)
    mixed = ms.amp.auto_mixed_precision(nn.Dense(2, 1, weight_init="ones"), "O3")
    assert mixed(x).dtype is ms.float32
    gradient = ms.grad(mixed, None, mixed.trainable_params())(x)[0]
    assert gradient.dtype is ms.float32
    assert dt.jit(mixed)(x).tolist() == mixed(x).tolist()


def test_a_step_with_loss_scaling_is_left_out_when_gradients_overflow() -> None:
    net = nn.Dense(1, 1, weight_init="ones", bias_init="zeros")
    step = nn.TrainOneStepWithLossScaleCell(
        nn.WithLossCell(net, nn.MSELoss()),
        nn.SGD(net.trainable_params(), 0.1),
        nn.DynamicLossScaleUpdateCell(2.0**10, 2, 1000),
    )
    loss, overflow, scale = step(Tensor([[1.0]]), Tensor([[0.0]]))
    assert (loss.item(), bool(overflow), scale.item()) == (1.0, False, 1024.0)
    assert net.weight.asnumpy() == pytest.approx(0.8)
    before = net.weight.tolist()
    loss, overflow, scale = step(Tensor([[1e30]]), Tensor([[0.0]]))
    assert bool(overflow)
    assert net.weight.tolist() == before
    assert step.scale_sense.item() == 512.0


def test_the_room_is_imported_without_what_only_some_programs_need(tmp_path: Path) -> None:
    heavy = ("scipy", "typer", "google", "matplotlib")
    program = f"import sys, dualtape.mindspore; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == "[]\n"
