"""Tests in a child of this process: it has everything imported, can be spoiled, crash or hang, and leaves no trace.

A fork takes OpenCL away from the child: there a test passes that needs the host alone.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

import pytest
from _pytest.runner import runtestprotocol

# A test hangs that uses the processor for so long, and one that takes so much more memory has lost its way.
SECONDS, BYTES = 30, 4 * 2**30


def fails(item: pytest.Function) -> bool:
    """Whether a test fails, in this process; one that hangs ends the process."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS, most))
    item._initrequest()
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def first_failing(
    items: Sequence[pytest.Function], change: Callable[[], AbstractContextManager[None]] = nullcontext
) -> int | None:
    """The number of the first test that fails, crashes or hangs in a child in which ``change`` is in force."""

    def run(tell: Callable[[int], None]) -> bool:
        with change():
            for number, item in enumerate(items):
                tell(number)
                if fails(item):
                    return False
        return True

    begun, passed = in_child(run)
    return None if passed else begun or 0


def in_child(run: Callable[[Callable[[int], None]], bool]) -> tuple[int | None, bool]:
    """The last number that a child told of, and whether it came to its end, and ``run`` was true."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 2
        try:
            os.close(reading)
            limit = _size() + BYTES
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            code = 0 if run(lambda number: _tell(writing, number)) else 1
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as told:
        numbers = told.read().split()
    _, status = os.waitpid(child, 0)
    return (int(numbers[-1]) if numbers else None), status == 0


def seconds_of_children() -> float:
    """For how long the children of this process have used the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(writing: int, number: int) -> None:
    os.write(writing, f"{number}\n".encode())


def _size() -> int:
    """Bytes of the addresses of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
