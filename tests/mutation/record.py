"""What runs have found, kept in a folder, so that the next one goes on from there.

``fates.jsonl`` has a line for each mutant that was tried, ``tests.jsonl`` one for each test that was run without a
mutant. Lines are only added, each at once, so that a run may be ended at any moment, and several may write.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .sites import Mutant


class Known(NamedTuple):
    """A test without mutants: its seconds, whether it passes on the host alone, and which rules it runs, if known."""

    seconds: float
    on_host: bool
    rules: frozenset[str] | None


class Record:
    """The fates of mutants, and what is known of tests, in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._fates, self._tests = folder / "fates.jsonl", folder / "tests.jsonl"

    def fates(self, after: int = 0) -> dict[str, str]:
        """What became of each mutant, by its key; "begun" of one that ended its session, or is being tried.

        With ``after``, only what was written when :meth:`size` had been that.
        """
        return {key: fate for key, fate, _ in _lines(self._fates, after)}

    def tests(self) -> dict[str, Known]:
        """What is known of each test, by its id."""
        found = {}
        for test, seconds, on_host, rules in _lines(self._tests):
            found[test] = Known(seconds, on_host, None if rules is None else frozenset(rules))
        return found

    def tell(self, mutant: Mutant, fate: str) -> None:
        """Write down what became of a mutant."""
        _add(self._fates, [mutant.key, fate, mutant.name])

    def tell_of_test(self, test: str, known: Known) -> None:
        """Write down what a test does without mutants."""
        rules = None if known.rules is None else sorted(known.rules)
        _add(self._tests, [test, round(known.seconds, 4), known.on_host, rules])

    def size(self) -> int:
        """How many bytes tell of mutants."""
        return self._fates.stat().st_size if self._fates.exists() else 0


def _lines(path: Path, after: int = 0) -> Iterator[Any]:
    if path.exists():
        for line in path.read_bytes()[after:].splitlines():
            yield json.loads(line)


def _add(path: Path, line: Any) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
