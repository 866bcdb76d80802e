"""PoCL's threads, each on a core of its own.

Linux may wake two threads that have slept on one core, and leaves them there for some milliseconds: a kernel that is
shorter takes twice as long then, every other time.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

POCL_AFFINITY = "POCL_AFFINITY"
"""The environment variable by which a user decides where PoCL's threads run."""

_TASKS = Path("/proc/self/task")


def native_threads() -> set[int]:
    """The threads of this process that are not Python's; none where the system does not tell."""
    if not _TASKS.is_dir() or not hasattr(os, "sched_setaffinity"):
        return set()
    return {int(name) for name in os.listdir(_TASKS)} - {thread.native_id for thread in threading.enumerate()}


def keep_apart(workers: set[int], cores: Sequence[int]) -> None:
    """Give each worker a core, where it is sure which is whose and no core would be left without one.

    Parameters
    ----------
    workers
        The threads that came when PoCL was loaded, in all its versions.
    cores
        For each of its devices the number of its threads.
    """
    if os.environ.get(POCL_AFFINITY) is not None or not workers or len(workers) != sum(cores):
        return
    allowed = sorted(os.sched_getaffinity(0))
    if any(count != len(allowed) for count in cores):
        return
    for i, worker in enumerate(sorted(workers)):
        with suppress(OSError):  # it is gone, or the system forbids it
            os.sched_setaffinity(worker, {allowed[i % len(allowed)]})
