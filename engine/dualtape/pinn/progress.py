"""What training shows: a live bar on a terminal, a line now and then elsewhere, or nothing."""

from __future__ import annotations

import sys
import time
from abc import abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

Error = Callable[[], float] | None
ERROR_SECONDS = 5.0  # between two errors that are measured


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

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn
        from rich.table import Column

        self._bar: Any = Progress(
            TextColumn("{task.description:>6}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=12),
            TextColumn("{task.completed:.0f}/{task.total:.0f}", table_column=Column(no_wrap=True)),
            TextColumn("{task.fields[facts]}", table_column=Column(no_wrap=True)),
            # The only column that gives way on a narrow terminal.
            TextColumn("[dim]{task.fields[terms]}", table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1)),
            console=Console(stderr=True),
            auto_refresh=False,
            expand=True,
        )
        self._bar.start()
        return self

    def say(self, line: str) -> None:
        self._bar.console.print(line)

    def begin(self, stage: str, steps: int, done: int = 0) -> None:
        super().begin(stage, steps, done)
        self._task = self._bar.add_task(stage, total=steps, completed=done, facts="", terms="")

    def show(self, done: int, loss: str, rate: float, left: str, each: str) -> None:
        facts = f"loss {loss}  [cyan]{rate:.1f}[/] steps/s  {left} left"
        self._bar.update(self._task, completed=done, facts=facts, terms=each, refresh=True)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
