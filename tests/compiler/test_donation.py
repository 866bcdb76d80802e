"""Donated arguments: the same results in less memory, and an error for who uses one afterwards."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.registry import HOST
from dualtape.errors import DonatedError


def step(state: dict[str, dt.Tensor], rate: float, batch: dt.Tensor) -> dict[str, dt.Tensor]:
    slope = dt.grad(lambda w: ops.square(batch @ w).sum())(state["w"])
    momentum = 0.9 * state["m"] + slope
    return {"w": state["w"] - rate * momentum, "m": momentum}


def fresh() -> dict[str, dt.Tensor]:
    return {"w": dt.Tensor(np.linspace(0, 1, 6).reshape(3, 2)), "m": ops.ones((3, 2), dtype=dt.float64)}


BATCH = dt.Tensor(np.arange(12.0).reshape(4, 3))


def test_results_are_the_same(device: dt.Device) -> None:
    kept, donating = dt.jit(step), dt.jit(step, donate_argnums=0)
    batch = BATCH.to(device)
    first, second = ({key: x.to(device) for key, x in fresh().items()} for _ in range(2))
    for _ in range(3):
        first, second = kept(first, 0.1, batch), donating(second, 0.1, batch)
    for key in first:
        np.testing.assert_array_equal(first[key].asnumpy(), second[key].asnumpy())


@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        lambda x: 1 - x,
        lambda x: x.shape,
        lambda x: x.asnumpy(),
        lambda x: str(x),
        lambda x: dt.grad(lambda x: x.sum())(x),
        lambda x: dt.jit(lambda x: x)(x),
        lambda x: ops.concat([x, x]),
        lambda x: dt.Parameter(x),
    ],
)
def test_use_after_donation_names_the_line(use: Callable[[dt.Tensor], Any]) -> None:
    x = dt.Tensor([1.0, 2.0])
    assert dt.jit(lambda x: x * 2, donate_argnums=(0,))(x).tolist() == [2.0, 4.0]
    with pytest.raises(DonatedError, match="donate_argnums") as caught:
        use(x)
    assert __file__ in "".join(caught.value.__notes__)


def test_a_donated_argument_may_be_a_result() -> None:
    x = dt.Tensor([1.0, 2.0])
    same, double = dt.jit(lambda x: (x, x * 2), donate_argnums=0)(x)
    assert same.tolist() == [1.0, 2.0]
    assert double.tolist() == [2.0, 4.0]


def most_alive(donate: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    """Arrays alive at once, of the size of the argument, while a chain of operations runs."""
    alive: list[weakref.ref[np.ndarray]] = []
    counts: list[int] = []
    execute = type(HOST).execute

    def watching(self: Any, primitive: Any, operands: Any, params: Any) -> np.ndarray:
        result = execute(self, primitive, operands, params)
        alive.append(weakref.ref(result))
        counts.append(sum(ref() is not None for ref in alive))
        return result

    run = dt.jit(lambda x: ops.sin(ops.cos(ops.sin(x))), device="host", donate_argnums=donate)
    run(dt.Tensor(np.ones(100)))
    x = dt.Tensor(np.ones(100))
    alive.append(weakref.ref(x.data_))
    with monkeypatch.context() as patch:
        patch.setattr(type(HOST), "execute", watching)
        run(x)
    gc.collect()
    return max(counts)


def test_memory_of_a_donated_argument_is_free_once_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert most_alive((), monkeypatch) == 3
    assert most_alive(0, monkeypatch) == 2


def test_memory_of_a_device_is_used_again(device: dt.Device) -> None:
    if device is HOST:
        return  # NumPy's memory is counted above
    count = 1 << 16

    def most(donate: Any) -> int:
        run = dt.jit(lambda x: ops.sin(ops.cos(ops.sin(x))), device=device, donate_argnums=donate)
        run(ops.ones(count))
        x = ops.ones(count)
        before = device.memory().in_use  # type: ignore[attr-defined]
        result = run(x)
        after = device.memory().in_use  # type: ignore[attr-defined]
        assert result.shape == (count,)
        return int(after - before)

    assert most(()) == 4 * count
    assert most(0) == 0


def test_inside_a_transformation_nothing_is_used_up() -> None:
    double = dt.jit(lambda x: x * 2, donate_argnums=0)
    x = dt.Tensor([1.0])
    assert dt.grad(lambda x: double(x).sum())(x).item() == 2
    assert dt.jit(lambda x: double(x) + x)(x).item() == 3
    assert x.item() == 1


def test_a_failing_trace_uses_nothing_up() -> None:
    x = dt.Tensor([1.0])
    with pytest.raises(ValueError, match="on purpose"):
        dt.jit(fails, donate_argnums=0)(x)
    assert x.item() == 1


def test_a_run_that_fails_before_it_uses_memory_again_uses_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    run = dt.jit(lambda x, y: x * y, donate_argnums=0)
    x, y = dt.Tensor([1.0, 2.0]), dt.Tensor([3.0, 4.0])
    run(dt.Tensor([1.0, 2.0]), y)

    def interrupted(self: Any, arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("dualtape.compiler.replay.Replay._values", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run(x, y)
    assert run(x, y).tolist() == [3.0, 8.0]


def fails(x: dt.Tensor) -> dt.Tensor:
    raise ValueError("on purpose")


@pytest.mark.parametrize(
    ("positions", "arguments", "kind", "words"),
    [
        (2, lambda x: (x, x), IndexError, "argument 2 is to be donated"),
        (0, lambda x: (x, x), ValueError, "a second time"),
        (0, lambda x: (dt.Parameter(x, name="w"), x), TypeError, "Parameter 'w'"),
    ],
)
def test_arguments_that_cannot_be_donated(positions: Any, arguments: Any, kind: Any, words: str) -> None:
    x = dt.Tensor([1.0])
    with pytest.raises(kind, match=words):
        dt.jit(lambda x, y: x + y, donate_argnums=positions)(*arguments(x))
    assert x.item() == 1


@pytest.mark.parametrize("positions", ["0", 1.5, (0, "x"), -1, (True,)])
def test_positions_that_are_none(positions: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="donate_argnums"):
        dt.jit(lambda x: x, donate_argnums=positions)
