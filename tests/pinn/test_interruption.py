"""Ctrl-C and SIGTERM stop training between two steps, with a checkpoint; handlers are left as they were."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import dualtape as dt
from dualtape.pinn.interruption import deferred_interrupt
from faults.children import run_program

STOPPING = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = [(number, signal.getsignal(number)) for number in STOPPING]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPPING)
def test_the_first_signal_is_an_event_and_the_second_what_it_was_before(number: signal.Signals) -> None:
    heard: list[int] = []
    own = {other: lambda which, frame: heard.append(which) for other in STOPPING}
    for other, handler in own.items():
        signal.signal(other, handler)
    with deferred_interrupt() as interruption:
        assert not interruption.is_set()
        signal.raise_signal(number)
        assert interruption.is_set()
        assert not heard
        signal.raise_signal(number)
        assert heard == [number]
    assert {other: signal.getsignal(other) for other in STOPPING} == own


def test_a_handler_that_was_set_meanwhile_is_kept() -> None:
    mine = lambda number, frame: None
    with deferred_interrupt():
        signal.signal(signal.SIGINT, mine)
    assert signal.getsignal(signal.SIGINT) is mine


@pytest.mark.parametrize("number", STOPPING)
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    signal.signal(number, signal.SIG_IGN)
    with deferred_interrupt() as interruption:
        signal.raise_signal(number)
        assert not interruption.is_set()
    assert signal.getsignal(number) is signal.SIG_IGN


def test_a_handler_that_python_has_not_installed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    set_to: list[Any] = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda *what: set_to.append(what))
    with deferred_interrupt():
        pass
    assert not set_to


def test_another_thread_sets_up_nothing() -> None:
    before = [signal.getsignal(number) for number in STOPPING]
    seen: list[Any] = []

    def run() -> None:
        with deferred_interrupt():
            seen.append([signal.getsignal(number) for number in STOPPING])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [before]


TRAINING = """
import os, signal, sys, threading, time
import dualtape as dt
from dualtape import nn, pinn
signal.signal(signal.SIGINT, {handler})
problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
class Steps(pinn.progress.Progress):
    def step(self, done, names, terms, error):
        if done == 5:
            os.kill(os.getpid(), signal.{number})
pinn.solver.make_progress = lambda show: Steps()
try:
    pinn.solve(problem, nn.MLP(1, 1, width=4, depth=1), 20, lbfgs_steps=0, points=10, checkpoint=sys.argv[1])
    print("finished")
except KeyboardInterrupt as stop:
    print(stop)
"""


@pytest.mark.parametrize(
    ("number", "handler", "said"),
    [
        ("SIGTERM", "signal.default_int_handler", "stopped at step 5"),
        ("SIGINT", "signal.default_int_handler", "stopped at step 5"),
        ("SIGINT", "signal.SIG_IGN", "finished"),
    ],
)
def test_a_process_is_stopped_or_goes_on(number: str, handler: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    assert run_program(TRAINING.format(number=number, handler=handler), os.fspath(path)) == (0, f"{said}\n")
    assert dt.load_checkpoint(path).metadata["steps"] == ([20] if said == "finished" else [5])
