"""Which tests run which rules: those that say so by their parameters, and the others as they have been watched."""

from __future__ import annotations

import os
import random
import time
from bisect import bisect
from collections.abc import Iterable, Sequence

import pytest
from coverage import Coverage

from dualtape.core.primitive import CATALOGUE, Primitive

from .children import fails, in_child
from .record import Known, Record
from .sites import Mutant, places

# So many tests are watched in one child.
_AT_ONCE = 200


def about(item: pytest.Function) -> str | None:
    """The name of the primitive that a test is parametrized with."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    for value in (params.get("primitive"), params.get("name")):
        if isinstance(value, Primitive):
            return value.name
        # Functions have the names of their modules in front, as in "linalg.det".
        if isinstance(value, str) and (name := value.rpartition(".")[2]) in CATALOGUE:
            return name
    return None


def reaches(item: pytest.Function, mutant: Mutant, known: Known | None) -> bool:
    """Whether a test runs the rule that a mutant changes, as far as that is known."""
    if known is None or known.rules is None or mutant.where in known.rules:
        return True
    # NumPy's own functions are not watched.
    return mutant.function is None and any(primitive.name in item.nodeid for primitive in mutant.primitives)


def watch(items: Iterable[pytest.Function], record: Record) -> None:
    """Run tests on the host without a mutant, and write down which rules they run, and how long they take.

    Several sessions that do so at the same time share the work: each takes some that nobody has written down yet.
    """
    left = list(items)
    random.Random(os.getpid()).shuffle(left)
    while left:
        known = record.tests()
        left = [item for item in left if item.nodeid not in known]
        share, left = left[:_AT_ONCE], left[_AT_ONCE:]
        in_child(lambda _, share=share: _watched(share, record))


def _watched(items: Sequence[pytest.Function], record: Record) -> bool:
    watching = Coverage(data_file=None, include=list(places()))
    watching.start()
    seconds, passed = {}, {}
    for item in items:
        watching.switch_context(item.nodeid)
        begun = time.process_time()
        passed[item.nodeid] = not fails(item)
        seconds[item.nodeid] = time.process_time() - begun
    watching.stop()
    rules = _rules(watching)
    for test, taken in seconds.items():
        record.tell_of_test(test, Known(taken, passed[test], frozenset(rules.get(test, ()))))
    return True


def _rules(watching: Coverage) -> dict[str, set[str]]:
    """The rules of which each test has run a line."""
    found: dict[str, set[str]] = {}
    data = watching.get_data()
    for path, spans in places().items():
        tests = data.contexts_by_lineno(path)
        lines = sorted(tests)
        for first, last, where in spans:
            for line in lines[bisect(lines, first - 1) : bisect(lines, last)]:
                for test in tests[line]:
                    found.setdefault(test, set()).add(where)
    return found
