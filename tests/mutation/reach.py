"""Which tests run which rules: those that say so by their parameters, and the others as they have been watched."""

from __future__ import annotations

import ast
import os
import random
import time
from bisect import bisect
from collections.abc import Iterable, Sequence
from typing import Any

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
    if mutant.function is not None:
        return False
    # NumPy's own functions are not watched; what has run a function that the rule names may have run the rule.
    named = {node.id for field in mutant.users for node in ast.walk(field.code) if isinstance(node, ast.Name)}
    return bool(named & known.rules) or any(primitive.name in item.nodeid for primitive in mutant.primitives)


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
        _watch_share(share, record)


def _watch_share(share: Sequence[pytest.Function], record: Record) -> None:
    """If one of them ends the child, the others are watched without it: of that one nothing is known."""
    _, passed = in_child(lambda _: _watched(share, record))
    if not passed and len(share) > 1:
        for half in (share[: len(share) // 2], share[len(share) // 2 :]):
            _watch_share(half, record)


def watched_on_devices(item: pytest.Function) -> Known:
    """Run a test in this process, and see for which primitives' lowerings it asks."""
    asked: set[str] = set()
    begun = time.process_time()
    # A property of the class stands before what an instance holds.
    Primitive.lowering = property(lambda primitive: _noted(asked, primitive))  # type: ignore[assignment]
    try:
        fails(item)
    finally:
        del Primitive.lowering
    return Known(time.process_time() - begun, False, frozenset(asked))


def _noted(asked: set[str], primitive: Primitive) -> Any:
    asked.add(f"{primitive.name}.lowering")
    return vars(primitive)["lowering"]


def _watched(items: Sequence[pytest.Function], record: Record) -> bool:
    watching = Coverage(data_file=None, config_file=False, include=list(places()))
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
        # One that needs a device has not come to its end.
        record.tell_of_test(test, Known(taken, passed[test], frozenset(rules.get(test, ())) if passed[test] else None))
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
