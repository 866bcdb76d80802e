"""A dict that forgets what has not been used for long."""

from __future__ import annotations

from typing import TypeVar

Key = TypeVar("Key")
Held = TypeVar("Held")


class Recent(dict[Key, Held | None]):
    """What was used last, by key: asked for with ``recent[key]``, which gives None for what is not there.

    Of two generations the young one is this dict itself, so that what is found there costs what it costs in any dict.
    What is only in the old one moves over when it is asked for. When ``limit`` entries are young they become the old
    ones, and those that were old are dropped: the ``limit`` entries that were used last always stay, and never more
    than twice as many. Threads may use one together.

    Examples
    --------
    >>> recent = Recent(limit=1)
    >>> recent["a"] = 1
    >>> recent["b"] = 2
    >>> recent["b"], recent["a"], recent["c"]
    (2, 1, None)
    >>> recent["d"] = 4
    >>> recent["b"] is None
    True
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self._old: dict[Key, Held | None] = {}

    # There is no lock, which a fork or a signal handler could find held for ever: each step is one operation of a dict,
    # and what comes between two of them costs an entry its place at most.

    def __missing__(self, key: Key) -> Held | None:
        value = self._old.get(key)
        if value is not None:
            self[key] = value
        return value

    def __setitem__(self, key: Key, value: Held | None) -> None:
        if len(self) >= self.limit and not super().__contains__(key):
            self._old = self.copy()
            super().clear()
        super().__setitem__(key, value)

    def held(self) -> int:
        """How many entries there are, of both generations."""
        return len(self | self._old)

    def clear(self) -> None:
        self._old = {}
        super().clear()
