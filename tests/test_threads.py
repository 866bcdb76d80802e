"""State is per thread: threads differentiate, jit and call one network at once, and Ctrl-C leaves no trace in it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, ops
from dualtape import parameter as parameter_module

THREADS, ROUNDS = 8, 60


def work(net: nn.Cell, compiled: Callable[..., Any]) -> dict[str, Callable[[dt.Tensor], Any]]:
    weights = net.trainable_params()

    def loss(x: dt.Tensor) -> dt.Tensor:
        return ops.sum(ops.tanh(net(x)) ** 2)

    def along(x: dt.Tensor) -> dt.Tensor:
        return ops.sum(dt.jvp(net, x, ops.ones_like(x))[1] ** 2)

    return {
        "value": lambda x: (net(x), loss(x)),
        "grad": dt.grad(loss, 0, weights),
        "jvp": lambda x: dt.jvp(loss, x, ops.ones_like(x)),
        "grad of jvp": dt.value_and_grad(along, None, weights),
        "grad of grad": dt.grad(lambda x: ops.sum(dt.grad(loss, None, weights)(x)[0] ** 2), None, weights[:1]),
        "jit of value_and_grad": compiled,
        "parameters": lambda x: [(p.value(), p.data, ops.ones(p.shape, p.dtype)) for p in weights],
    }


def numbers(tree: Any) -> list[bytes]:
    return [x.asnumpy().tobytes() for x in dt.pytree.leaves(tree)]


def test_threads_that_share_a_network_get_the_bits_of_one(hurried: None) -> None:
    net = nn.SequentialCell(nn.Dense(3, 4), nn.Tanh(), nn.Dense(4, 1))
    held = [(p, p.data) for p in net.get_parameters()]
    compiled = dt.jit(dt.value_and_grad(lambda x: ops.sum(net(x) ** 2), None, net.trainable_params()))
    rng = np.random.default_rng(0)
    points = [dt.Tensor(rng.normal(size=(5, 3)).astype(np.float32)) for _ in range(THREADS)]
    jobs = work(net, compiled)
    # Compiled by the threads themselves, at the same time; what one gives is that of another one alone.
    alone = dict(jobs, **{"jit of value_and_grad": dt.jit(compiled._fn)})
    expected = [{name: numbers(job(x)) for name, job in alone.items()} for x in points]
    wrong: list[str] = []
    start = threading.Barrier(THREADS)

    def run(i: int) -> None:
        start.wait(60)
        for k in range(ROUNDS):
            for name, job in jobs.items():
                try:
                    if numbers(job(points[i])) != expected[i][name]:
                        wrong.append(f"{name}, thread {i}, round {k}: other bits")
                except Exception as failure:
                    wrong.append(f"{name}, thread {i}, round {k}: {failure!r}")
                    return

    threads = [threading.Thread(target=run, args=(i,)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong
    assert all(p.data is before and p.value() is before for p, before in held)


def test_a_thread_that_only_calls_a_network_is_not_touched_by_a_gradient_elsewhere() -> None:
    weight = dt.Parameter(dt.Tensor([2.0]), name="w")
    inside, done = threading.Event(), threading.Event()
    seen: list[Any] = []

    def f(x: dt.Tensor) -> dt.Tensor:
        inside.set()
        assert done.wait(60)
        return x * weight

    thread = threading.Thread(target=lambda: seen.append(dt.grad(f, None, weight)(dt.Tensor([3.0]))))
    thread.start()
    assert inside.wait(60)
    try:
        assert all(type(x) is dt.Tensor for x in (weight.value(), weight.data, weight.held, weight * 1))
        weight.set_data(dt.Tensor([5.0]))
        assert dt.jit(lambda x: x * weight)(dt.Tensor([1.0])).tolist() == [5]
    finally:
        done.set()
        thread.join(60)
    # The other thread read the parameter when its gradient began, and leaves what was set meanwhile.
    assert seen[0].tolist() == [3]
    assert weight.asnumpy().tolist() == [5]


def test_what_is_set_inside_a_transformation_lasts_as_long_as_it() -> None:
    inner, outer, other = (dt.Parameter(dt.Tensor(1.0), name=name) for name in ("inner", "outer", "other"))
    seen: list[list[float]] = []

    def look() -> None:
        seen.append([float(p) for p in (inner, outer, other)])

    def g(x: dt.Tensor) -> dt.Tensor:
        for p in (inner, outer, other):
            p.set_data(dt.Tensor(2.0))
        look()
        return x

    def f(x: dt.Tensor) -> dt.Tensor:
        dt.grad(g, None, inner)(dt.Tensor(1.0))
        look()
        return x

    dt.grad(f, None, outer)(dt.Tensor(1.0))
    look()
    assert seen == [[2, 2, 2], [1, 2, 2], [1, 1, 2]]


def test_shape_and_type_are_those_of_the_value_in_this_thread() -> None:
    weight = dt.Parameter(dt.Tensor([1.0, 2.0]), name="w")
    seen: list[Any] = []

    def f(x: dt.Tensor) -> dt.Tensor:
        weight.set_dtype(dt.float64)
        weight.set_data(dt.Tensor([3.0]), slice_shape=True)
        thread = threading.Thread(target=lambda: seen.append((weight.shape, weight.dtype)))
        thread.start()
        thread.join(60)
        seen.append((weight.shape, weight.dtype))
        return x

    dt.grad(f, None, weight)(dt.Tensor(1.0))
    assert seen == [((2,), dt.float32), ((1,), dt.float64)]
    assert (weight.shape, weight.dtype) == ((2,), dt.float32)


def interrupted_at(step: int, action: Callable[[], Any]) -> bool:
    """Whether ``action`` ended, Ctrl-C coming before that bytecode of those functions that put values in place."""
    left = step

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != parameter_module.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return False
    finally:
        sys.settrace(before)
    return True


@pytest.mark.parametrize("name", ["grad", "jit"])
def test_ctrl_c_at_any_bytecode_leaves_parameters_as_they_were(name: str) -> None:
    weight = dt.Parameter(dt.Tensor([2.0]), name="w")
    held = weight.data
    f = lambda x: ops.sum(x * weight)
    actions = {
        "grad": lambda: dt.grad(lambda x: f(x) + dt.grad(f)(x)[0], None, weight)(dt.Tensor([3.0])),
        "jit": lambda: dt.jit(lambda x: f(x) * 2)(dt.Tensor([3.0])),
    }
    step = 1
    while not interrupted_at(step, actions[name]):
        assert weight.value() is weight.data is held
        assert not parameter_module.is_observed()
        step += 1
    assert step > 50
