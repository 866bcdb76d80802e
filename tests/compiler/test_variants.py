"""Programs that are kept for the kinds of arguments used last, and a warning where the kinds abound."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.recent import Recent


def compiled(jitted: Any) -> int:
    return int(jitted._programs.held())


def test_the_tenth_compilation_says_what_changed() -> None:
    step = dt.jit(lambda weights, points: points * weights["w"])
    weights = {"w": dt.Tensor(2.0)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(100, 109):
            step(weights, dt.Tensor(np.zeros(n)))
    with pytest.warns(
        UserWarning, match=r"10 times.*the shape of argument 1 `points` \(9x, last \(108,\) -> \(109,\)\)"
    ) as seen:
        step(weights, dt.Tensor(np.zeros(109)))
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for n in range(110, 125):
            step(weights, dt.Tensor(np.zeros(n)))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (lambda i: (dt.Tensor([1.0]), 0.5 * i), r"the static value of argument 1 `y` \(9x, last 4.0 -> 4.5\)"),
        (
            lambda i: (dt.Tensor([1.0], [dt.float32, dt.float64][i % 2]), i // 2),
            r"the element type of argument 0 `x` \(9x, last float32\[1\] -> float64\[1\]\)",
        ),
        (lambda i: (dt.Tensor([1.0]), {"a": (dt.Tensor(np.zeros(i)), 3)}), r"shape of argument 1 `y`\['a'\]\[0\]"),
        (lambda i: (dt.Tensor([1.0]), [0] * i), "the structure of the arguments"),
    ],
)
def test_what_changed_is_named(arguments: Any, what: str) -> None:
    f = dt.jit(lambda x, y: x)
    for i in range(9):
        f(*arguments(i))
    with pytest.warns(UserWarning, match=what):
        f(*arguments(9))


def test_keyword_arguments_are_named() -> None:
    f = dt.jit(lambda x, rate=0.0: x)
    for i in range(9):
        f(dt.Tensor(1.0), rate=float(i))
    with pytest.warns(UserWarning, match="the static value of argument 'rate'"):
        f(dt.Tensor(1.0), rate=9.0)


def test_programs_that_are_not_used_are_dropped() -> None:
    f = dt.jit(lambda x, n: x * n, max_programs=2)
    x = dt.Tensor([1.0])
    assert f(x, 0).item() == 0
    program = weakref.ref(f.lower(x, 0).program)
    for n in range(1, 5):
        f(x, n)
    gc.collect()
    assert program() is None
    assert compiled(f) <= 4
    assert [f(x, n).item() for n in (0, 4)] == [0, 4]


def test_the_programs_used_last_are_kept() -> None:
    traced = []
    f = dt.jit(lambda x, n: (traced.append(n), x)[1], max_programs=3)
    for n in [0, 1, 2, 0, 1, 2, 0, 1, 2]:
        f(dt.Tensor([1.0]), n)
    assert traced == [0, 1, 2]


@pytest.mark.parametrize(("given", "error"), [(0, ArgumentError), (-1, ArgumentError), (1.0, ArgumentTypeError)])
def test_a_limit_is_a_positive_int(given: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_programs"):
        dt.jit(lambda x: x, max_programs=given)


@pytest.mark.filterwarnings("ignore:`jit` has compiled")
def test_a_program_is_dropped_while_a_thread_runs_it(device: Any) -> None:
    f = dt.jit(lambda x, n: (x + n) * 2.0 - x, max_programs=1)
    x = dt.Tensor(np.arange(64.0))
    wrong: list[Any] = []

    def work(first: int) -> None:
        for i in range(40):
            n = (first + i) % 5
            found = f(x, n).asnumpy()
            if not np.array_equal(found, (np.arange(64.0) + n) * 2 - np.arange(64.0)):
                wrong.append((n, found))

    threads = [threading.Thread(target=lambda k=k, d=device: _on(d, work, k)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert compiled(f) <= 2


def _on(device: Any, work: Any, k: int) -> None:
    with dt.device(device):
        work(k)


@pytest.mark.opencl
def test_kernels_go_with_their_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    device: Any = dt.devices()[1]
    programs = device.runtime.programs
    monkeypatch.setattr(programs, "_latest", Recent(1))
    f = dt.jit(lambda x, n: (x + n) * x, device=device, max_programs=1)
    x = dt.Tensor(np.ones(9, np.float32))
    gc.collect()
    before = len(programs._kernels)
    for n in range(100, 106):
        assert f(x, n).tolist() == [n + 1.0] * 9
        assert f.lower(x, n).kernels()
    gc.collect()
    assert len(programs._kernels) <= before + 3
