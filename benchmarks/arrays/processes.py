"""Engines in processes of their own, which take turns.

Threads of a BLAS wait for their next product by trying again and again, and hold a core for some milliseconds after it.
In one process that is taken from whoever comes next; here all others have slept for a while before a turn begins.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from typing import Any

Step = Callable[[], Any]
Answer = Callable[..., dict[str, Step]]
"""The steps of a program, by their names, in the engine's own process."""

REST = 0.1
"""Seconds without work before a turn, in which threads that wait for work fall asleep."""
UNCOUNTED = 3
"""Steps at the beginning of a turn, which find a processor and caches that have rested."""


class EngineProcess:
    """An engine that sleeps until its turn.

    Parameters
    ----------
    prepare
        What makes the steps of a program of ``arguments`` and of those of :meth:`ask`, a function of a module.
    """

    def __init__(self, prepare: Answer, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, prepare, arguments), daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, *arguments: Any) -> list[str]:
        """The names of the steps of a program, which are the next ones to run."""
        names: list[str] = self._answer("prepare", *arguments)
        return names

    def turn(self, name: str, seconds: float) -> list[float]:
        """Milliseconds of steps, one after the other."""
        times: list[float] = self._answer("turn", name, seconds)
        return times

    def end(self) -> None:
        self._connection.close()
        self._process.join(timeout=20)

    def _answer(self, *request: Any) -> Any:
        self._connection.send(request)
        kind, found = self._connection.recv()
        if kind == "error":
            raise found
        return found


def in_turns_apart(
    engines: Mapping[str, EngineProcess], names: Mapping[str, list[str]], seconds: float, turns: int = 5
) -> dict[str, list[float]]:
    """Milliseconds of all steps of all engines, ``seconds`` for each of them, in so many turns."""
    times: dict[str, list[float]] = {}
    for _ in range(turns):
        for engine, process in engines.items():
            for name in names[engine]:
                time.sleep(REST)
                times.setdefault(name, []).extend(process.turn(name, seconds / turns))
    return times


def _serve(connection: Connection, prepare: Answer, arguments: tuple[Any, ...]) -> None:
    steps: dict[str, Step] = {}
    while True:
        try:
            request, *rest = connection.recv()
        except EOFError:
            return
        try:
            if request == "prepare":
                steps.clear()  # memory of the program before goes first
                steps.update(prepare(*arguments, *rest))
                connection.send(("found", list(steps)))
            else:
                connection.send(("found", _timed(steps[rest[0]], rest[1])))
        except Exception as failure:
            connection.send(("error", failure))


def _timed(step: Step, seconds: float) -> list[float]:
    for _ in range(UNCOUNTED):
        step()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - start))
    return times
