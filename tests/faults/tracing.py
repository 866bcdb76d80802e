"""Ctrl-C, or a signal handler, before a chosen bytecode of the engine.

Any bytecode, though Python looks for signals only behind calls, at the begin of functions and in loops. Where the
engine holds locks, in the room of OpenCL, only behind those: elsewhere no `with` on a lock could be interrupted safely.
"""

from __future__ import annotations

import contextlib
import dis
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import dualtape

# The engine itself, and what runs its context managers.
FILES = (str(Path(dualtape.__file__).parent), contextlib.__file__)
WITH_LOCKS = str(Path(dualtape.__file__).parent / "devices" / "opencl")


class _Steps:
    """Counts the bytecodes of the engine, and does something before one of them."""

    def __init__(self, last: int = 0, then: Callable[[], Any] = lambda: None) -> None:
        self.done = 0
        self._last, self._then = last, then
        self._before: dict[int, str] = {}

    def trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if not frame.f_code.co_filename.startswith(FILES):
            return None
        frame.f_trace_opcodes = True
        if event == "call":
            self._before.pop(id(frame), None)
        elif event == "opcode" and self._is_open(frame):
            self.done += 1
            if self.done == self._last:
                self._then()
        return self.trace

    def _is_open(self, frame: FrameType) -> bool:
        if not frame.f_code.co_filename.startswith(WITH_LOCKS):
            return True
        before = self._before.get(id(frame), "CALL")
        self._before[id(frame)] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        return before.startswith(("CALL", "JUMP_BACKWARD", "RESUME"))

    def count(self, action: Callable[[], Any]) -> None:
        """Run an action, counting."""
        before = sys.gettrace()
        sys.settrace(self.trace)
        try:
            action()
        finally:
            sys.settrace(before)


def interrupted_at(step: int, action: Callable[[], Any]) -> BaseException | None:
    """Run ``action`` with Ctrl-C before that bytecode, from 1; gives what it raised, or None if it ended."""
    with _quiet_finalizers():
        try:
            _Steps(step, _interrupt).count(action)
        except BaseException as failure:
            return failure.with_traceback(None)
    return None


def call_at(step: int, handler: Callable[[], Any], action: Callable[[], Any]) -> None:
    """Run ``action``, and call ``handler`` before that bytecode; while it runs, Python traces nothing."""
    _Steps(step, handler).count(action)


def _interrupt() -> None:
    raise KeyboardInterrupt


def count_steps(action: Callable[[], Any]) -> int:
    """How many bytecodes of the engine there are in ``action`` before which Ctrl-C may come."""
    steps = _Steps()
    steps.count(action)
    return steps.done


@contextlib.contextmanager
def _quiet_finalizers() -> Iterator[None]:
    """What is raised in a finalizer is dropped by Python, which says so; there is no need to hear it."""
    before, sys.unraisablehook = sys.unraisablehook, lambda what: None
    try:
        yield
    finally:
        sys.unraisablehook = before
