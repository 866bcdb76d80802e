"""One compiled program that several threads run at once for the first time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.compiler.blocks.launch import Uploads
from dualtape.compiler.program import trace_program
from dualtape.compiler.replay import replayed
from dualtape.core.spec import Spec
from dualtape.devices.host import Host
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST

DEVICES = [device.name for device in opencl_devices() if device.architecture.is_processor]


def at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    start = threading.Barrier(count)

    def begin(i: int) -> Any:
        start.wait()
        return work(i)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def test_rows_of_a_scan_are_not_mixed_up() -> None:
    """Both threads prepare the numbers of the rows, at the same time."""
    meeting = threading.Barrier(2, timeout=10)

    class Slow(Host):
        def put(self, array: np.ndarray) -> np.ndarray:
            if array.dtype.kind == "i":  # the number of a row
                meeting.wait()
            return super().put(array)

    function = lambda x: [ops.scan(lambda total, row: (total * 2 + row, total), dt.Tensor(0.0), x)[0]]
    program, _, _ = trace_program(function, [Spec((4,), dt.float32)], HOST)
    run = replayed(program, Slow())
    x = np.array([1.0, 2.0, 3.0, 4.0], np.float32)
    found = at_once(lambda i: run([x])[0].asnumpy().item(), 2)
    assert found == [26.0, 26.0]


@pytest.mark.opencl
@pytest.mark.parametrize("device", DEVICES)
def test_arrays_that_threads_send_to_the_device(device: str, hurried: None) -> None:
    """Each thread calls with arrays of its own, whose copies on the device are dropped with them."""
    step = dt.jit(lambda w, x: ops.square(x * w).sum(), device=device)
    w = dt.Tensor(np.float32(2))
    size = 1000
    assert step(w, dt.Tensor(np.ones(size, np.float32))).item() == 4 * size

    def work(i: int) -> list[float]:
        return [step(w, dt.Tensor(np.full(size, i, np.float32))).item() for _ in range(40)]

    assert at_once(work, 4) == [[4.0 * size * i * i] * 40 for i in range(4)]


@pytest.mark.opencl
@pytest.mark.parametrize("device", DEVICES)
def test_one_thread_at_a_time_has_pyopencl_describe_a_kernel(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It writes Python for a kernel's arguments, and keeps it under a number that two threads would both take."""
    import pyopencl

    describe = pyopencl.Kernel.set_scalar_arg_dtypes
    inside: list[int] = []
    seen: list[int] = []

    def slowly(kernel: Any, scalars: Any) -> None:
        inside.append(1)
        seen.append(len(inside))
        time.sleep(0.02)
        inside.pop()
        describe(kernel, scalars)

    monkeypatch.setattr(pyopencl.Kernel, "set_scalar_arg_dtypes", slowly)
    monkeypatch.setattr(pyopencl.Kernel, "__call__", lambda *_: time.sleep(0.2))  # so that all launch at once
    programs = next(x for x in opencl_devices() if x.name == device).runtime.programs
    launch = programs.kernel("dt_nothing", "__kernel void dt_nothing() {}", ())
    at_once(lambda _: launch((1,), (1,)), 4)
    assert seen == [1, 1, 1, 1]


@pytest.mark.opencl
@pytest.mark.parametrize("device", DEVICES)
def test_uploads_are_looked_through_while_others_add_to_them(device: str, hurried: None) -> None:
    home: Any = next(x for x in dt.devices() if x.name == device)
    uploads = Uploads(home)
    kept: list[np.ndarray] = []

    def send(i: int) -> None:
        for _ in range(200):
            array = np.full(4, i, np.float32)
            kept.append(array)
            assert home.get(uploads.sent(array)).tolist() == [i] * 4

    at_once(send, 4)
