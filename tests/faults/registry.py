"""What an injection is, and what is counted of it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Counts(NamedTuple):
    """What became of the faults of one kind; each is counted once.

    Attributes
    ----------
    silent
        Something else than before was given, and no error.
    lost
        What was there before is gone or unusable, or the process died or hung.
    recovered
        Everything is as before, or there was a clear error and everything else is as before.
    """

    silent: int = 0
    lost: int = 0
    recovered: int = 0

    @property
    def injections(self) -> int:
        """All of them."""
        return sum(self)

    def __add__(self, other: object) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))


class Injection(NamedTuple):
    """One kind of fault.

    Attributes
    ----------
    kind
        Its name in the table.
    inject
        From how many faults to inject to what became of them; the same in every run.
    full, few
        How many in the long run, and in a run of the tests.
    """

    kind: str
    inject: Callable[[int], Counts]
    full: int
    few: int


_enrolled: dict[str, Injection] = {}


def injection(kind: str, *, full: int, few: int) -> Callable[[Callable[[int], Counts]], Callable[[int], Counts]]:
    """Enrol a function that injects so many faults as it is told, and counts what became of them."""

    def enrol(inject: Callable[[int], Counts]) -> Callable[[int], Counts]:
        assert kind not in _enrolled, f"{kind!r} is enrolled twice"
        _enrolled[kind] = Injection(kind, inject, full, few)
        return inject

    return enrol


def injections() -> dict[str, Injection]:
    """Every kind of fault, by name: those of all modules of this folder."""
    for module in sorted(x.name for x in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if not module.startswith(("_", "test_")):
            importlib.import_module(f"faults.{module}")
    return dict(_enrolled)
