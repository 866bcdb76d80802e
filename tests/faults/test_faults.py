"""A few faults of every kind: nothing silent, nothing lost. The long run is ``PYTHONPATH=tests python -m faults``."""

from __future__ import annotations

import pytest

from faults.registry import injections
from faults.table import stated

INJECTIONS = injections()


@pytest.mark.opencl
@pytest.mark.parametrize("kind", INJECTIONS)
def test_nothing_is_silent_and_nothing_lost(kind: str) -> None:
    few = INJECTIONS[kind].few
    found = INJECTIONS[kind].inject(few)
    assert found.injections >= few
    assert (found.silent, found.lost) == (0, 0), found


@pytest.mark.parametrize("kind", stated())
def test_the_committed_table_is_of_kinds_that_there_are(kind: str) -> None:
    found = stated()[kind]
    assert kind in INJECTIONS
    assert (found.silent, found.lost) == (0, 0)
