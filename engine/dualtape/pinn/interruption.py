"""Ctrl-C and SIGTERM at a safe moment: between two steps, not in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def deferred_interrupt() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into an event; a second one does what it did before.

    A signal that is ignored stays so, as Ctrl-C is in the background and under ``nohup``. One whose handler Python has
    not installed could not be given back, and is left alone, too.
    """
    interruption = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interruption  # signals come to the main thread only
        return
    found = {number: signal.getsignal(number) for number in _STOPPING}
    before = {number: handler for number, handler in found.items() if handler not in (None, signal.SIG_IGN)}

    def request(number: int, frame: FrameType | None) -> None:
        interruption.set()
        give_back()

    def give_back() -> None:
        for number, handler in before.items():
            if signal.getsignal(number) is request:
                signal.signal(number, handler)

    try:
        for number in before:
            signal.signal(number, request)
        yield interruption
    finally:
        give_back()
