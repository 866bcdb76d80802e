"""What a fork leaves of OpenCL: nothing that could be used.

A fork copies memory, but of all threads only the one that forks. A driver's own threads are missing in the child,
while its memory says that they are there: whatever is asked of it waits for ever. PoCL starts its threads when its
platforms are listed, and cannot start again, nor can the drivers of GPUs. So in the child every OpenCL device refuses
at once, and what the drivers have made is never released, for that would call them.
"""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from dualtape.errors import ForkedError

_ADVICE = "begin processes by multiprocessing.get_context('spawn')"


class Abandonable(Protocol):
    """A device that a fork takes away."""

    @property
    def is_started(self) -> bool:
        """Whether it has been computed with."""
        ...

    def abandon(self) -> None:
        """Forget all that the driver has made, and refuse from now on."""
        ...


class _Forks:
    """What this process knows of forks."""

    def __init__(self) -> None:
        self.watched = self.warned = self.lost = False


_forks = _Forks()


def watch_forks(devices: Callable[[], Iterable[Abandonable]], in_child: Callable[[], None]) -> None:
    """From now on, warn of forks, and take ``devices`` away from the children; ask before a driver is first called."""
    if _forks.watched or not hasattr(os, "register_at_fork"):
        return

    def before() -> None:
        if not _forks.warned and any(device.is_started for device in devices()):
            _forks.warned = True
            warnings.warn(
                "os.fork() was called after OpenCL was started, whose threads a fork does not copy: in the child, "
                "OpenCL devices raise DeviceError, and only the host computes. "
                f"To compute with OpenCL there, {_ADVICE}",
                RuntimeWarning,
                stacklevel=2,
            )

    def after_in_child() -> None:
        _forks.lost = True
        in_child()
        for device in devices():
            device.abandon()

    _forks.watched = True
    os.register_at_fork(before=before, after_in_child=after_in_child)


def refuse_forked(name: str) -> None:
    """Raise an error that says what to do if a fork has taken OpenCL away from this process."""
    if _forks.lost:
        raise ForkedError(
            f"{name} cannot be used in this process, which was forked from one that had started OpenCL: a fork does "
            f"not copy OpenCL's threads. To compute with OpenCL here, {_ADVICE}. The host computes all the same, as in "
            "`with dt.device('host')`, on tensors that were there before the fork: `x.to('host')`"
        )


def keep_for_ever(kept: Any) -> None:
    """Hold an object beyond the end of the interpreter, so that nothing in it is ever released."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
