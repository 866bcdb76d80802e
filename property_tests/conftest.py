"""Hypothesis profiles, and how many examples have run.

``dev`` is the default, ``ci`` gives the same examples every time, ``nightly`` many: as there are so many tests, a
quarter of those that other projects get, and still more than 10^5 in all. Choose one with ``--hypothesis-profile ci``
or the variable HYPOTHESIS_PROFILE.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from dualtape.testing.profiles import register_profiles

# So that the tests here find `drawn`.
sys.path.insert(0, str(Path(__file__).parent))

register_profiles()
settings.register_profile("nightly", settings.get_profile("nightly"), max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

COUNTED = "hypothesis examples"


class Counter:
    """How often a test function has been called."""

    def __init__(self, test: Any) -> None:
        self.calls = 0
        inner = test.hypothesis.inner_test

        @wraps(inner)
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            return inner(*args, **kwargs)

        test.hypothesis.inner_test = counted


_counters: dict[Any, Counter] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note with the report of each test how many examples it ran; the note travels from xdist's workers, too."""
    test = getattr(item, "obj", None)
    if not hasattr(test, "hypothesis"):
        return (yield)
    if test not in _counters:
        _counters[test] = Counter(test)
    counter = _counters[test]
    before = counter.calls
    try:
        return (yield)
    finally:
        item.user_properties.append((COUNTED, counter.calls - before))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    notes = [dict(report.user_properties) for report in reports if getattr(report, "when", None) == "call"]
    counts = [note[COUNTED] for note in notes if COUNTED in note]
    if counts:
        profile = terminalreporter.config.getoption("--hypothesis-profile") or settings.get_current_profile_name()
        terminalreporter.section("Examples")
        terminalreporter.write_line(f"{sum(counts):,} examples in {len(counts)} property tests, profile {profile}")
