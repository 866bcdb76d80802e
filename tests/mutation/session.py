"""Runs the suite's own tests of a rule on each of its mutants, in one pytest session.

A mutant is killed when a test that passes without it fails with it. Tests of the host run in a child for each
mutant: those of its primitives, and others that run its rule, as soon as it is known which do. What they leave alive is
tried with devices, in this process, for a child has none; a mutant that crashes or hangs it has been written down as
begun.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST

from .children import fails, first_failing, seconds_of_children
from .equivalent import argument
from .reach import about, reaches, watch, watched_on_devices
from .record import Known, Record
from .sites import Mutant, mutants

# What the engine imports when it is first needed: here once for all children.
_IMPORTED = ("scipy.fft", "scipy.linalg", "scipy.special", "dualtape.nn", "dualtape.testing", "unittest.mock")
# Seconds of a test that has not been timed yet.
_UNKNOWN = 0.2
# The name of the test that killed a mutant, as a fate tells it.
_KILLED = re.compile(r"killed by .*?::(\w+)")


class Mutation:
    """A pytest plugin that runs tests once for each mutant instead of once."""

    def __init__(self, numbers: Iterable[int], record: Record, watching: bool, quick: bool) -> None:
        every = list(mutants())
        self._chosen = [every[number] for number in numbers]
        self._record, self._watching, self._quick = record, watching, quick
        self._known = record.tests()
        self._own: dict[str, list[pytest.Function]] = {}
        self._general: list[pytest.Function] = []
        self._broken: set[str] = set()
        self._kills: Counter[tuple[str, str]] = Counter()
        self._tries: Counter[tuple[str, str]] = Counter()
        self._remember(every, record.fates())

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Sort the tests by the primitive that they are about."""
        for item in items:
            if isinstance(item, pytest.Function):
                name = about(item)
                (self._general if name is None else self._own.setdefault(name, [])).append(item)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try the mutants, in place of running the tests."""
        for name in _IMPORTED:
            importlib.import_module(name)
        unknown = [i for i in self._general if i.nodeid not in self._known and self._is_on_host(i)]
        # What is known to run a rule need not wait until its own tests have failed to notice.
        first = self._own_tests if unknown or self._quick else self._host_tests
        left = []
        for mutant in self._chosen:
            if not self._is_settled(mutant, first, self._on_host):
                left.append(mutant)
                if self._quick:
                    self._record.tell(mutant, "left" if argument(mutant) is None else "equivalent")
        if self._quick:
            return True
        if unknown:
            if self._watching and any(argument(mutant) is None for mutant in left):
                watch(unknown, self._record)
                self._known |= self._record.tests()
            left = [mutant for mutant in left if not self._is_settled(mutant, self._other_tests, self._on_host)]
        for mutant in left:
            self._record.tell(mutant, "begun")
            if not self._is_settled(mutant, self._device_tests, self._on_devices):
                self._record.tell(mutant, "survived" if argument(mutant) is None else "equivalent")
        return True

    def _own_tests(self, mutant: Mutant) -> list[pytest.Function]:
        items = [item for primitive in mutant.primitives for item in self._own.get(primitive.name, ())]
        if _is_of_kernels(mutant):
            # The others run nothing of what is changed.
            items = [item for item in items if ".lowering" in source_of(item.function)]
        return [item for item in items if self._is_on_host(item)]

    def _other_tests(self, mutant: Mutant) -> list[pytest.Function]:
        # An equivalent mutant must pass the tests of its primitives; the others are asked only about real ones.
        if argument(mutant) is not None or _is_of_kernels(mutant):
            return []
        items = [item for item in self._general if self._is_on_host(item)]
        return [item for item in items if reaches(item, mutant, self._known.get(item.nodeid))]

    def _host_tests(self, mutant: Mutant) -> list[pytest.Function]:
        return self._own_tests(mutant) + self._other_tests(mutant)

    def _device_tests(self, mutant: Mutant) -> list[pytest.Function]:
        in_kernel, real = mutant.field == "lowering", argument(mutant) is None
        tried = mutant.primitives if in_kernel or real else ()
        own = [item for primitive in tried for item in self._own.get(primitive.name, ())]
        others = self._general if in_kernel and real else []
        kept = [[item for item in items if not self._is_on_host(item)] for items in (own, others)]
        return self._ordered(mutant, kept[0]) + self._ordered(mutant, kept[1])

    def _reaches_kernel(self, item: pytest.Function, mutant: Mutant) -> bool:
        """Whether a test on devices asks for a lowering that a mutant changes; one that is unknown is run to see."""
        if (known := self._known.get(item.nodeid)) is None or known.rules is None:
            _forget_plans(CATALOGUE.values())
            known = self._known[item.nodeid] = watched_on_devices(item)
            self._record.tell_of_test(item.nodeid, known)
        return any(f"{primitive.name}.lowering" in (known.rules or ()) for primitive in mutant.primitives)

    def _is_on_host(self, item: pytest.Function) -> bool:
        """Whether a test needs no other device, as far as it is known without running it."""
        if (known := self._known.get(item.nodeid)) is not None:
            return known.on_host
        params = item.callspec.params if hasattr(item, "callspec") else {}
        chosen = [params[name] for name in ("device", "kind_of_device") if name in params]
        on_host = all(device is HOST for device in chosen) and item.get_closest_marker("opencl") is None
        # They compare devices, each with its fixture.
        return on_host and "tests/devices/" not in item.nodeid

    def _is_settled(
        self,
        mutant: Mutant,
        tests: Callable[[Mutant], list[pytest.Function]],
        killer: Callable[[Mutant, list[pytest.Function]], pytest.Function | None],
    ) -> bool:
        """Whether one of these tests kills a mutant, which is then written down."""
        items = [item for item in tests(mutant) if item.nodeid not in self._broken]
        killed_by = killer(mutant, items) if items else None
        if killed_by is None:
            return False
        self._record.tell(mutant, f"killed by {killed_by.nodeid}")
        return True

    def _on_host(self, mutant: Mutant, items: list[pytest.Function]) -> pytest.Function | None:
        """The test that kills a mutant in a child, or None."""
        items = self._ordered(mutant, items)
        while (number := first_failing(items, mutant.applied)) is not None:
            killer, tried = items[number], items[: number + 1]
            items = items[number + 1 :]
            if self._passes(killer):
                self._learn(mutant, tried)
                return killer
            if not items:
                break
        self._learn(mutant, items, kills=0)
        return None

    def _passes(self, item: pytest.Function) -> bool:
        """Whether a test passes in a child without a mutant; one that does not proves nothing there."""
        if (known := self._known.get(item.nodeid)) is None:
            begun = seconds_of_children()
            passes = first_failing([item]) is None
            known = self._known[item.nodeid] = Known(seconds_of_children() - begun, passes, None)
            if about(item) is not None:
                self._record.tell_of_test(item.nodeid, known)
        return known.on_host

    def _on_devices(self, mutant: Mutant, items: list[pytest.Function]) -> pytest.Function | None:
        """The test that kills a mutant in this process, or None."""
        for item in items:
            if about(item) is None and not self._reaches_kernel(item, mutant):
                continue
            try:
                with mutant.applied():
                    _forget_plans(mutant.primitives)
                    failed = fails(item)
            finally:
                _forget_plans(mutant.primitives)
            if failed:
                if not fails(item):
                    self._learn(mutant, [item])
                    return item
                # It fails without the mutant too, and proves nothing.
                self._broken.add(item.nodeid)
        return None

    def _remember(self, every: Iterable[Mutant], fates: dict[str, str]) -> None:
        """Learn from what earlier runs have written down."""
        for mutant in every:
            if killed := _KILLED.match(fates.get(mutant.key, "")):
                for about_what in (mutant.where, mutant.field):
                    self._tries[about_what, killed[1]] += 1
                    self._kills[about_what, killed[1]] += 1

    def _learn(self, mutant: Mutant, tried: Sequence[pytest.Function], kills: int = 1) -> None:
        """Remember which of the tests that were tried has killed: the last one, or none."""
        for about_what in (mutant.where, mutant.field):
            self._tries.update((about_what, item.originalname) for item in tried)
            for item in tried[len(tried) - kills :]:
                self._kills[about_what, item.originalname] += 1

    def _ordered(self, mutant: Mutant, items: Iterable[pytest.Function]) -> list[pytest.Function]:
        """Those first that need the least time for each mutant that they kill, by what was learned of their kind."""

        few = mutant.primitives[:4]
        names = re.compile("|".join(rf"(?<![a-z0-9]){primitive.name}(?![a-z0-9])" for primitive in few))

        def cost(item: pytest.Function) -> float:
            test = item.originalname
            known = self._known.get(item.nodeid)
            field = (self._kills[mutant.field, test] + 1) / (self._tries[mutant.field, test] + 4)
            chance = (self._kills[mutant.where, test] + field) / (self._tries[mutant.where, test] + 1)
            if names.search(item.nodeid) or names.search(source_of(item.function)):
                chance *= 4
            return (_UNKNOWN if known is None else known.seconds + 0.005) / chance

        return sorted(items, key=cost)


def _is_of_kernels(mutant: Mutant) -> bool:
    """Whether kernels alone are made of what is changed."""
    return mutant.field == "lowering" and mutant.function is None


@cache
def source_of(test: Callable[..., Any]) -> str:
    """The text of a test, which may name the primitives that it is about."""
    return inspect.getsource(test)


def _forget_plans(primitives: Iterable[Primitive]) -> None:
    """Devices prepare a primitive once for each shape; what is changed must be prepared again."""
    for device in opencl_devices():
        for plans in (device._plans, device._plans._old):
            for key in [key for key in plans if key[0] in primitives]:
                plans.pop(key)


def main(folder: str, how: str, numbers: str, *suite: str) -> int:
    """Run the suite on the mutants of these numbers, with commas between them."""
    chosen = [int(number) for number in numbers.split(",")]
    mutation = Mutation(chosen, Record(Path(folder)), watching="watching" in how, quick="quick" in how)
    quiet = ["-n", "0", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=native"]
    return int(pytest.main([*quiet, *suite], plugins=[mutation]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
