"""What training shows: a live bar on a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

import sys
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

Error = Callable[[], float] | None
ERROR_SECONDS = 5.0  # between two errors that are measured
_WIDE = 70  # columns that a whole bar takes
_terminal = threading.Lock()  # whose bar is live on it


class Progress(AbstractContextManager["Progress"]):
    """Shows nothing; the others do."""

    def say(self, line: str) -> None:
        """Something to know before it begins."""

    def begin(self, stage: str, steps: int, done: int = 0) -> None:
        """A stage of ``steps`` steps begins, of which some may be done already."""

    def step(self, done: int, names: tuple[str, ...], terms: np.ndarray, error: Error = None) -> None:
        """``done`` steps of the stage are done; these are its losses, and what tells the error if that is known."""

    def __exit__(self, *_: object) -> None:
        pass


def make_progress(show: bool | None) -> Progress:
    """A bar on a terminal, lines elsewhere; nothing if ``show`` is False."""
    if show is False:
        return Progress()
    return _Bar() if sys.stderr.isatty() else _Lines()


class _Timed(Progress):
    """Shows the first step of a stage, the last one, and some between, with steps a second over the last seconds."""

    seconds: float
    """Between two steps that are shown."""

    def begin(self, stage: str, steps: int, done: int = 0) -> None:
        self._stage, self._steps = stage, steps
        self._marks = [(time.perf_counter(), done)]
        self._shown = -float("inf")
        self._error: float | None = None
        self._measured = 0.0

    def step(self, done: int, names: tuple[str, ...], terms: np.ndarray, error: Error = None) -> None:
        now = time.perf_counter()
        if now - self._shown < self.seconds and done < self._steps:
            return
        self._shown = now
        self._marks.append((now, done))
        while len(self._marks) > 2 and now - self._marks[0][0] > 10:
            self._marks.pop(0)
        began, first = self._marks[0]
        rate = (done - first) / max(now - began, 1e-9)
        known = done - first > 2  # the first steps take longest, as they import and compile
        left = _clock((self._steps - done) / rate if known else float("inf"))
        # The terms of the loss, if there are several.
        each = ", ".join(f"{name} {value:.1e}" for name, value in zip(names, terms, strict=True))
        if error is not None and (self._error is None or now - self._measured > ERROR_SECONDS or done == self._steps):
            self._error, self._measured = error(), now
        loss = f"{terms.sum():.2e}" + ("" if self._error is None else f"  error {self._error:.1e}")
        self.show(done, loss, rate, left, each if len(names) > 1 else "")

    @abstractmethod
    def show(self, done: int, loss: str, rate: float, left: str, each: str) -> None:
        """Show a step: loss and error, steps a second, the time left, the terms of the loss if there are several."""


def _clock(seconds: float) -> str:
    return "?" if not np.isfinite(seconds) else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


class _Lines(_Timed):
    """For logs: a line at the first and last step, and every ten seconds between."""

    seconds = 10.0

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    def show(self, done: int, loss: str, rate: float, left: str, each: str) -> None:
        line = f"{self._stage} {done}/{self._steps}  loss {loss}  {rate:.1f} steps/s  {left} left  {each}"
        print(line.rstrip(), file=sys.stderr, flush=True)


class _Bar(_Timed):
    """For terminals: one live bar for each stage."""

    seconds = 0.2
    _holds = False

    def __enter__(self) -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        console = Console(stderr=True)
        self._wide = wide = console.width >= _WIDE
        self._bar: Any = Bar(
            TextColumn("{task.description:>6}", table_column=Column(no_wrap=True)),
            *([BarColumn(bar_width=12)] if wide else []),
            TextColumn("{task.completed:.0f}/{task.total:.0f}", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[facts]}", table_column=Column(no_wrap=True)),
            # The only column that gives way on a narrow terminal.
            TextColumn("[dim]{task.fields[terms]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
            console=console,
            auto_refresh=False,
            expand=True,
        )
        if not _terminal.acquire(blocking=False):
            return _Lines()  # two bars, of trainings in two threads, would draw over each other
        self._holds = True
        self._bar.start()
        return self

    def say(self, line: str) -> None:
        self._bar.console.print(line)

    def begin(self, stage: str, steps: int, done: int = 0) -> None:
        super().begin(stage, steps, done)
        self._task = self._bar.add_task(_plain(stage), total=steps, completed=done, facts="", terms="")

    def show(self, done: int, loss: str, rate: float, left: str, each: str) -> None:
        speed = f"  [cyan]{rate:.1f}[/] steps/s  {left} left"
        facts = f"loss {loss}{speed}" if self._wide else loss.partition(" ")[0]
        self._bar.update(self._task, completed=done, facts=facts, terms=_plain(each), refresh=True)

    def __exit__(self, *_: object) -> None:
        if self._holds:
            self._bar.stop()
            self._holds = False
            _terminal.release()


def _plain(text: str) -> str:
    """As it is: a name such as ``u[t]`` has no colours in it."""
    from rich.markup import escape

    return escape(text)
