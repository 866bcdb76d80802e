"""What is open in a thread, though Ctrl-C may come at any moment.

An interrupt may come before any bytecode, the first one of ``__exit__`` too, so that no ``with`` is sure to close
what it opened. But what is entered is held by its ``with`` statement alone, and is gone with the frame. So a thread
remembers weakly what it has entered, in a tuple that is replaced as a whole, and whoever looks at it leaves out what
is gone.
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import ref


class Scopes(threading.local):
    """What this thread has entered, the innermost last."""

    entered: tuple[ref[Any], ...] = ()

    def still_open(self) -> tuple[ref[Any], ...]:
        """What it has entered, without that at the end which was interrupted on the way out."""
        found = self.entered
        while found and found[-1]() is None:
            found = found[:-1]
        return found
