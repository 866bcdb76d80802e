"""Device memory: an error before the driver dies of it, every tensor as it was, what is not needed given back."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, ops
from dualtape.devices.opencl import budget, memory
from dualtape.devices.opencl.budget import Limit, free_memory, parse_size, read_limit, shown
from dualtape.devices.opencl.device import OpenCLDevice

MIB = 1 << 20


@pytest.fixture
def small(opencl: Any) -> Iterator[Any]:
    """The device, with 64 MiB."""
    device = OpenCLDevice("opencl:small", opencl._handle)
    device.runtime.pool.limit = Limit(64 * MIB, "for this test")
    yield device
    gc.collect()


def put(device: Any, mib: int, value: float = 1.0) -> Any:
    return device.full((mib * MIB // 4,), value, np.dtype(np.float32))


def test_more_than_the_limit_is_an_error_that_says_all_and_changes_nothing(small: Any) -> None:
    kept = [put(small, 16, i) for i in range(3)]
    before = small.memory()
    assert (before.in_use, before.limit) == (48 * MIB, 64 * MIB)
    for _ in range(3):
        with pytest.raises(errors.DeviceMemoryError) as caught:
            put(small, 32)
        assert "no memory for 32.0 MiB more: 48.0 MiB are in use, and its limit is 64.0 MiB, for this test" in str(
            caught.value
        )
        assert "DUALTAPE_MEMORY_LIMIT=8GiB" in str(caught.value)
        assert isinstance(caught.value, (errors.DeviceError, MemoryError))
    assert small.memory() == before
    for i, storage in enumerate(kept):
        assert (small.get(storage) == i).all()
    del kept[0], storage
    assert (small.get(put(small, 32, 7.0)) == 7.0).all()


def test_what_waits_in_the_pool_makes_room_first(small: Any) -> None:
    for mib in (10, 20, 30, 40, 50, 60):
        storage = put(small, mib)
        small.synchronize()
        del storage
    assert small.memory().peak <= 64 * MIB
    assert small.memory().pooled <= 64 * MIB


def test_what_only_a_cycle_holds_makes_room_too(small: Any) -> None:
    gc.disable()
    try:
        for _ in range(5):
            cycle: list[Any] = [put(small, 40)]
            cycle.append(cycle)
            del cycle
    finally:
        gc.enable()


def test_what_the_collector_of_cycles_frees_is_counted_once(small: Any) -> None:
    """It finalizes storage and memory together, though the storage gives its memory back for the next one."""
    kept = put(small, 8)
    for _ in range(3):
        cycle: list[Any] = [put(small, 8), put(small, 8)]
        cycle.append(cycle)
        del cycle
        gc.collect()
        found = small.memory()
        assert (found.in_use, found.pooled) == (8 * MIB, 0)
        others = [put(small, 8) for _ in range(7)]
        assert small.memory().in_use == 64 * MIB
        with pytest.raises(errors.DeviceMemoryError):
            put(small, 8)
        del others
        assert small.memory().in_use == 8 * MIB
        small.release_memory()
    del kept
    assert small.memory().in_use == 0


def test_a_tensor_is_put_and_read_after_the_error(small: Any) -> None:
    x = dt.Tensor(np.ones(MIB, np.float32), device=small)

    def double() -> dt.Tensor:
        y = x
        while True:
            y = ops.concat([y, y])

    with pytest.raises(errors.DeviceMemoryError):
        double()
    assert (x.asnumpy() == 1).all()
    assert ops.sum(x[:8]).item() == 8


def test_a_failed_operation_costs_nothing_later(small: Any) -> None:
    held = put(small, 40)
    for _ in range(20):
        with pytest.raises(errors.DeviceMemoryError):
            put(small, 40)
    del held
    for _ in range(20):
        put(small, 40)
    assert small.memory().in_use == 0


def test_memory_of_compiled_functions_is_given_back_and_taken_again(small: Any) -> None:
    """What they work in was held until they were dropped."""
    x = dt.Tensor(np.linspace(-1, 1, 4096, dtype=np.float32).reshape(-1, 1), device=small)
    w = dt.Tensor(np.linspace(-1, 1, 400, dtype=np.float32).reshape(20, 20), device=small)
    v = dt.Tensor(np.ones((1, 20), np.float32), device=small)
    step = dt.jit(dt.value_and_grad(lambda w: ops.square(ops.tanh(x @ v) @ w).mean()), device=small)
    expected = step(w)
    in_use = small.memory().in_use
    assert small.release_memory() > 0
    assert small.memory().in_use < in_use
    assert small.memory().pooled == 0
    for a, b in zip(step(w), expected, strict=True):
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())
    assert small.memory().in_use >= in_use


def test_a_shortage_takes_what_compiled_functions_work_in(small: Any) -> None:
    class Lender:
        def __init__(self) -> None:
            self.storage: Any = put(small, 40)

        def give_back(self) -> None:
            self.storage = None

    lender, forgotten = Lender(), Lender.__new__(Lender)
    forgotten.storage = None
    for each in (lender, forgotten):
        small.on_shortage(each.give_back)
    del forgotten, each
    held = put(small, 40)
    assert lender.storage is None
    assert small.memory().in_use == 40 * MIB
    del held


def test_a_compiled_function_that_finds_no_memory_says_so_and_works_later(small: Any) -> None:
    x = dt.Tensor(np.ones((4096, 20), np.float32), device=small)
    w = dt.Tensor(np.ones((20, 20), np.float32), device=small)
    step = dt.jit(lambda w: ops.square(ops.tanh(x @ w)).mean(), device=small)
    expected = step(w).item()
    small.release_memory()
    small.runtime.pool.limit = Limit(small.memory().in_use, "nothing more")
    with pytest.raises(errors.DeviceMemoryError):
        step(w)
    small.runtime.pool.limit = Limit(64 * MIB, "for this test")
    assert step(w).item() == expected


def test_on_the_hosts_tensors_it_runs_there_until_there_is_memory_again(small: Any) -> None:
    x = dt.Tensor(np.ones((4096, 20), np.float32), device="host")
    w = dt.Tensor(np.ones((20, 20), np.float32), device="host")
    step = dt.jit(lambda w, x: ops.square(ops.tanh(x @ w)).mean(), device=small)
    small.runtime.pool.limit = Limit(1000, "next to nothing")
    with pytest.warns(UserWarning, match="runs operation by operation on the host: opencl:small has no memory for"):
        assert step(w, x).item() == pytest.approx(1.0)
    assert small.memory().in_use == 0
    small.runtime.pool.limit = Limit(64 * MIB, "for this test")
    assert step(w, x).item() == pytest.approx(1.0)
    assert small.memory().in_use > 0


def test_threads_stay_below_the_limit_together(small: Any) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        for i in range(30):
            try:
                storage = put(small, 1 + i % 9, i)
                assert (small.get(storage)[:4] == i).all()
            except errors.DeviceMemoryError:
                pass
            except BaseException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    found = small.memory()
    assert found.in_use == 0
    assert found.pooled <= 64 * MIB


def test_the_machine_has_less_than_the_limit(small: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if not small.runtime.is_cpu:
        pytest.skip("its memory is its own")
    monkeypatch.setattr(memory, "free_memory", lambda: 33 * MIB)
    put(small, 32)
    with pytest.raises(errors.DeviceMemoryError, match=r"the machine has 33\.0 MiB left"):
        put(small, 40)


def test_everything_is_given_back(opencl: Any) -> None:
    with dt.device(opencl):
        tensors = [dt.Tensor(np.ones(MIB, np.float32)) for _ in range(20)]
        del tensors[2:]
        assert dt.memory().pooled >= 18 * 4 * MIB
        assert dt.release_memory() >= 18 * 4 * MIB
        assert dt.memory().pooled == 0
        assert (tensors[0].asnumpy() == 1).all()
    assert dt.memory(opencl.name) == opencl.memory()
    assert dt.release_memory(opencl) == 0


@pytest.mark.opencl
def test_buffers_of_parts_stay_with_the_memory_that_they_are_of(opencl: Any) -> None:
    """In the child of a fork tensors are dropped, too, where the driver must not be asked to release anything."""
    whole = opencl.allocate((4096,), dt.uint8)
    layout = [(opencl.architecture.alignment, (4,), dt.float32)]
    (part,) = opencl.parts(whole, layout)
    buffer = part.buffer
    del part
    (again,) = opencl.parts(whole, layout)
    assert again.buffer is buffer
    for i in range(1, 9):  # other parts, more than are kept
        for j in range(1, 60):
            assert opencl.parts(whole, [(128 * i, (j,), dt.uint8)])[0].buffer is not None
    assert whole.allocation.block.parts.held() <= 2 * memory._MOST_PARTS


def test_the_host_counts_nothing_and_says_so() -> None:
    with pytest.raises(errors.DeviceError, match="host does not count its memory; ask for an OpenCL device"):
        dt.memory("host")
    assert dt.release_memory("host") == 0


@pytest.mark.parametrize(
    ("text", "size"),
    [("1000", 1000), ("4GiB", 4 << 30), ("4 gib", 4 << 30), ("4G", 4 << 30), ("4GB", 4 * 10**9), ("1.5KiB", 1536),
     ("1e6", 10**6), ("1e3 B", 1000), ("50%", 500), (" 7MB ", 7 * 10**6)],
)  # fmt: skip
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text, 1000) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1", "0", "4XB", "nan", "inf", "1e400", "4 5", "%", "0.1"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(errors.ArgumentError, match="DUALTAPE_MEMORY_LIMIT must be a size such as '4GiB'"):
        parse_size(text, 1000)


def test_sizes_are_shown() -> None:
    assert [shown(x) for x in (0, 1023, 1024, 1536 << 20, 5 << 50)] == [
        "0 bytes", "1023 bytes", "1.0 KiB", "1.5 GiB", "5120.0 TiB"
    ]  # fmt: skip


def test_the_limit_is_the_least_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DUALTAPE_MEMORY_LIMIT", raising=False)
    monkeypatch.setattr(budget, "free_memory", lambda: 10_000)
    assert read_limit(1000, is_cpu=True).size == 900
    assert read_limit(100_000, is_cpu=True).size == 8_000
    assert read_limit(100_000, is_cpu=False).size == 90_000
    monkeypatch.setattr(budget, "free_memory", lambda: None)
    assert read_limit(100_000, is_cpu=True).size == 90_000
    monkeypatch.setenv("DUALTAPE_MEMORY_LIMIT", "20%")
    assert read_limit(1000, is_cpu=True) == Limit(200, "what DUALTAPE_MEMORY_LIMIT says")
    monkeypatch.setenv("DUALTAPE_MEMORY_LIMIT", "1TiB")
    assert read_limit(1000, is_cpu=True).size == 900


def test_a_containers_limit_counts(tmp_path: Path) -> None:
    def left(groups: str, **files: str) -> int | None:
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (tmp_path / "own").write_text(groups)
        return budget._left_of_group(tmp_path / "own", tmp_path)

    assert left("0::/a/b\n") is None
    assert left("0::/a/b\n", memory_dot_max="1000\n", memory_dot_current="300\n") == 700
    assert left("0::/a/b\n", a__memory_dot_max="500\n", a__memory_dot_current="300\n") == 200
    assert left("0::/a/b\n", a__memory_dot_stat="anon 5\ninactive_file 40\n") == 240
    assert left("0::/a/b\n", a__b__memory_dot_max="max\n", a__b__memory_dot_current="300\n") == 240
    first = {"memory__c__memory_dot_limit_in_bytes": "90", "memory__c__memory_dot_usage_in_bytes": "80"}
    assert left("5:cpu,memory:/c\n1:name=systemd:/c\n", **first) == 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_the_machine_has_left() -> None:
    found = free_memory()
    assert found is not None
    assert 0 < found < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


FILL = """
import numpy as np, dualtape as dt
with dt.device({device!r}):
    kept = []
    try:
        while True:
            kept.append(dt.ops.ones((1 << 26,)))  # of 256 MiB
    except dt.errors.DeviceMemoryError as failure:
        print("refused after", len(kept), "in", dt.memory().limit >> 20)
    print([float(x[-1].item()) for x in kept])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of PoCL")
def test_a_real_driver_does_not_die(opencl: Any) -> None:
    """The process ended in an assertion with PoCL 3.1, and with SIGSEGV with PoCL 3.0."""
    environment = os.environ | {"POCL_MEMORY_LIMIT": "1"}
    found = subprocess.run(
        [sys.executable, "-c", FILL.format(device=opencl.name)], env=environment, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    if "PoCL" in opencl.platform:
        assert found.stdout == "refused after 3 in 921\n[1.0, 1.0, 1.0]\n"
