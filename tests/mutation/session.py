"""Runs the suite's own tests of a primitive on each of its mutants, in one pytest session.

A mutant is killed when a test that passes without it fails with it. Each mutant is told about in a file as it
begins and as it ends, so that the parent process knows which one has crashed or hung the session.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.devices.opencl import opencl_devices

from .equivalent import argument
from .sites import Mutant, mutants

# Which tests most likely kill a mutant of a field, before experience tells.
_FIRST = {
    "batch": "test_a_mapped_primitive_is_a_loop",
    "lowering": "test_equals_host",
    "numpy": "test_equals_host",
    "infer": "test_shape_rule_and_value",
}
_ELSE = "test_all_modes_agree_with_finite_differences"


class Mutation:
    """A pytest plugin that runs tests once for each mutant instead of once."""

    def __init__(self, numbers: Iterable[int], log: Path) -> None:
        every = list(mutants())
        self._chosen = [(number, every[number]) for number in numbers]
        self._log = log
        self._own: dict[str, list[pytest.Function]] = {}
        self._general: list[pytest.Function] = []
        self._broken: set[pytest.Function] = set()
        self._kills: Counter[tuple[str, str]] = Counter()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests by the primitive that they are about."""
        for item in items:
            if not isinstance(item, pytest.Function):
                continue
            about = _about(item)
            if about is None:
                self._general.append(item)
            else:
                self._own.setdefault(about, []).append(item)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the mutants, in place of running the tests."""
        for number, mutant in self._chosen:
            self._tell(number, "begun")
            self._tell(number, self._fate(mutant))
        return True

    def _tell(self, number: int, what: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(json.dumps([number, what]) + "\n")

    def _fate(self, mutant: Mutant) -> str:
        # An equivalent mutant must pass the tests of its primitives; the others are asked only about real ones.
        equivalent = argument(mutant) is not None
        for item in self._ordered(mutant) if equivalent else [*self._ordered(mutant), *self._general]:
            if item in self._broken:
                continue
            try:
                with mutant.applied():
                    _forget_plans(mutant.primitives)
                    failed = _fails(item)
            finally:
                _forget_plans(mutant.primitives)
            if failed:
                if _fails(item):
                    # It fails without the mutant too, and proves nothing.
                    self._broken.add(item)
                    continue
                self._kills[mutant.field, item.originalname] += 1
                return f"killed by {item.nodeid}"
        return "equivalent" if equivalent else "survived"

    def _ordered(self, mutant: Mutant) -> list[pytest.Function]:
        first = _FIRST.get(mutant.field, _ELSE)
        items = [item for primitive in mutant.primitives for item in self._own.get(primitive.name, ())]
        rank = lambda item: (-self._kills[mutant.field, item.originalname], item.originalname != first)
        return sorted(items, key=rank)


def _about(item: pytest.Function) -> str | None:
    """The name of the primitive that a test is parametrized with."""
    params = item.callspec.params if hasattr(item, "callspec") else {}
    for value in (params.get("primitive"), params.get("name")):
        if isinstance(value, Primitive):
            return value.name
        if isinstance(value, str) and value in CATALOGUE:
            return value
    return None


def _fails(item: pytest.Function) -> bool:
    item._initrequest()
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _forget_plans(primitives: Iterable[Primitive]) -> None:
    """Devices prepare a primitive once for each shape; what is changed must be prepared again."""
    for device in opencl_devices():
        for plans in (device._plans, device._plans._old):
            for key in [key for key in plans if key[0] in primitives]:
                plans.pop(key)


def main(log: str, numbers: str, *suite: str) -> int:
    """Run the suite on the mutants of these numbers, with commas between them."""
    mutation = Mutation([int(number) for number in numbers.split(",")], Path(log))
    quiet = ["-n", "0", "-q", "-p", "no:cacheprovider", "--no-header"]
    return int(pytest.main([*quiet, *suite], plugins=[mutation]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
