"""PoCL's threads: where they run, and when they are left alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dualtape.devices.opencl import workers
from dualtape.devices.opencl.workers import POCL_AFFINITY, keep_apart

pytestmark = pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system binds no threads to cores")


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> dict[int, set[int]]:
    """What is bound to which cores, on a machine of two that may be used."""
    found: dict[int, set[int]] = {}
    monkeypatch.setattr(workers.os, "sched_getaffinity", lambda who: {4, 7})
    monkeypatch.setattr(workers.os, "sched_setaffinity", found.__setitem__)
    monkeypatch.delenv(POCL_AFFINITY, raising=False)
    return found


def test_each_worker_has_a_core(bound: dict[int, set[int]]) -> None:
    keep_apart({104, 101, 102, 103}, [2, 2])
    assert bound == {101: {4}, 102: {7}, 103: {4}, 104: {7}}


@pytest.mark.parametrize(("threads", "cores"), [({101, 102, 103}, [2]), ({101}, [1]), (set(), []), ({1, 2, 3}, [3])])
def test_in_doubt_they_are_left_alone(bound: dict[int, set[int]], threads: set[int], cores: list[int]) -> None:
    """Where other threads came at the same time, and where cores would be left without one."""
    keep_apart(threads, cores)
    assert not bound


def test_the_user_decides(bound: dict[int, set[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POCL_AFFINITY, "0")
    keep_apart({101, 102}, [2])
    assert not bound


@pytest.mark.opencl
def test_python_s_threads_go_where_they_went() -> None:
    script = (
        "import os, dualtape as dt; before = os.sched_getaffinity(0); dt.devices(); "
        "assert os.sched_getaffinity(0) == before"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
