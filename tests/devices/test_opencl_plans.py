"""What a device keeps of what it has run: plans of the operations used last, and kernels while they can be launched."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl import device as room
from dualtape.recent import Recent

ADD = CATALOGUE["add"]


def shapes(opencl: Any, sizes: range) -> None:
    for n in sizes:
        x = opencl.put(np.ones(n, np.float32))
        assert opencl.get(opencl.execute(ADD, (x, x), {})).tolist() == [2.0] * n
        opencl.add_in_place(opencl.put(np.ones(n, np.float32)), x)


def test_plans_are_bounded(opencl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert opencl._plans.limit == opencl._sums.limit == room._MOST_PLANS
    monkeypatch.setattr(opencl, "_plans", Recent(8))
    monkeypatch.setattr(opencl, "_sums", Recent(8))
    for _ in range(2):
        shapes(opencl, range(1, 40))
    assert opencl._plans.held() <= 16
    assert opencl._sums.held() <= 16


def test_a_kernel_lives_as_long_as_somebody_may_launch_it(opencl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = opencl.runtime.programs
    monkeypatch.setattr(programs, "_latest", Recent(1))
    text = "__kernel void dt_unused(__global int *x) { x[0] = NUMBER; }"

    def build(i: int) -> Any:
        return programs.kernel("dt_unused", text.replace("NUMBER", str(i)), (None,))

    held = [build(0)]
    for i in range(1, 4):
        build(i)
    gc.collect()
    assert text.replace("NUMBER", "0") in programs._kernels
    assert text.replace("NUMBER", "1") not in programs._kernels
    assert build(0) is held[0]
    held[0]((1,), (1,), opencl.put(np.zeros(1, np.int32)).buffer)
    opencl.synchronize()
