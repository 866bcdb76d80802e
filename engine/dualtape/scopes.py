"""What is open in a thread, though Ctrl-C may come at any moment.

An interrupt may come before any bytecode, the first one of ``__exit__`` too, so that no ``with`` is sure to close
what it opened. But what is entered is held by its ``with`` statement alone, and is gone with the frame. So a thread
remembers weakly what it has entered, in a tuple that is replaced as a whole, and whoever looks at it leaves out what
is gone.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

Scopes = tuple["ref[Any]", ...]
"""What has been entered, the innermost last."""


def still_open(scopes: Scopes) -> Scopes:
    """``scopes`` without those at the end that were interrupted on the way out."""
    while scopes and scopes[-1]() is None:
        scopes = scopes[:-1]
    return scopes
