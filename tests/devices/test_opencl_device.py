"""Devices, memory and errors of OpenCL."""

from __future__ import annotations

import gc
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.opencl.device import OpenCLDevice
from dualtape.dtypes import float32, float64
from dualtape.errors import DeviceError, ShapeError


def test_devices_are_numbered_and_found_once() -> None:
    devices = opencl_devices()
    assert [device.name for device in devices] == [f"opencl:{i}" for i in range(len(devices))]
    assert opencl_devices() is devices


def test_import_does_not_load_opencl() -> None:
    code = "import sys, dualtape; sys.exit('pyopencl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_pyopencl_there_is_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    from dualtape.devices.opencl import discovery

    monkeypatch.setitem(sys.modules, "pyopencl", None)
    monkeypatch.setattr(discovery, "_found", None)
    assert opencl_devices() == ()


def test_platform_names_version_and_device(opencl: Any) -> None:
    assert "OpenCL" in opencl.platform
    assert repr(opencl) == f"{opencl.name} ({opencl.platform})"


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64"])
def test_arrays_return_unchanged(opencl: Any, dtype: str) -> None:
    array = (np.arange(60).reshape(3, 4, 5) % 7).astype(dtype)
    for x in (array, array[:, ::2].T, array[:0], array[0, 0, 0].reshape(())):
        got = opencl.get(opencl.put(x))
        assert got.dtype == x.dtype
        np.testing.assert_array_equal(got, x)


def test_put_copies(opencl: Any) -> None:
    array = np.zeros(1000, np.float32)
    storage = opencl.put(array)
    array[:] = 1
    assert not opencl.get(storage).any()


def test_full(opencl: Any) -> None:
    for dtype, value in (("float64", -2.5), ("float16", 0.5), ("int32", 7), ("bool", True)):
        got = opencl.get(opencl.full((3, 5), value, np.dtype(dtype)))
        np.testing.assert_array_equal(got, np.full((3, 5), value, dtype))
    assert opencl.get(opencl.full((0, 5), 1, np.dtype("float32"))).shape == (0, 5)


def test_results_share_no_memory_that_changes(opencl: Any) -> None:
    x = opencl.put(np.ones((2, 3), np.float32))
    assert opencl.add_in_place(x, x)
    assert opencl.get(x).tolist() == [[2, 2, 2]] * 2
    y = opencl.execute(CATALOGUE["reshape"], [x], {"shape": (3, 2)})
    assert y.buffer is x.buffer
    assert not opencl.add_in_place(y, opencl.put(np.ones((3, 2), np.float32)))
    assert not opencl.add_in_place(x, x)


def test_pool_uses_memory_again(opencl: Any) -> None:
    device = OpenCLDevice("opencl:other", opencl._handle)
    x = device.put(np.ones(1000, np.float32))
    one = device.memory().in_use
    assert one >= 4000
    for _ in range(50):
        y = device.execute(CATALOGUE["add"], [x, 1.0], {})
    device.synchronize()
    statistics = device.runtime.pool.statistics()
    assert statistics.in_use == 2 * one
    assert statistics.allocations <= 3
    assert statistics.peak == 3 * one
    shared = device.execute(CATALOGUE["reshape"], [y], {"shape": (10, 100)})
    del x, y
    gc.collect()
    assert device.memory().in_use == one
    np.testing.assert_array_equal(device.get(shared), np.full((10, 100), 2.0))
    del shared
    gc.collect()
    device.release_memory()
    statistics = device.memory()
    assert (statistics.in_use, statistics.pooled) == (0, 0)


def test_threads_do_not_mix_arguments(opencl: Any) -> None:
    x = opencl.put(np.zeros(100, np.float32))

    def repeat(number: float) -> bool:
        results = [opencl.execute(CATALOGUE["add"], [x, number], {}) for _ in range(100)]
        return all((opencl.get(result) == number).all() for result in results)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(repeat, [1.0, 2.0, 3.0, 4.0]))


def test_too_large_tensor_is_refused(opencl: Any) -> None:
    largest = opencl._handle.max_mem_alloc_size
    with pytest.raises(DeviceError, match=f"{opencl.name} cannot hold .* bytes in one tensor"):
        opencl.runtime.allocate((largest + 1,), np.dtype(np.uint8))


def test_device_without_float64_says_so(opencl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl.runtime, "has_float64", False)
    opencl.require(float32)
    with pytest.raises(DeviceError, match=rf"{opencl.name} .* does not compute in Float64; use Float32 .* 'host'"):
        opencl.require(float64)
    with pytest.raises(DeviceError, match="does not compute in Float64"):
        opencl.put(np.zeros(3))


def test_shape_errors_are_those_of_the_host(opencl: Any) -> None:
    x, y = opencl.put(np.zeros((2, 3), np.float32)), opencl.put(np.zeros((4, 3), np.float32))
    with pytest.raises(ShapeError, match=r"`add` got shapes \(2, 3\) and \(4, 3\)"):
        opencl.execute(CATALOGUE["add"], [x, y], {})
    with pytest.raises(ShapeError, match="`matmul` got shapes"):
        opencl.execute(CATALOGUE["matmul"], [x, y], {})


def test_build_failure_names_the_kernel_and_shows_the_log(opencl: Any) -> None:
    with pytest.raises(DeviceError, match=r"(?s)cannot build the kernel `dt_broken`.*nonsense"):
        opencl.runtime.kernel("dt_broken", "__kernel void dt_broken(void) { nonsense; }", ())


def test_gpus_and_new_platforms_come_first() -> None:
    from dualtape.devices.opencl.discovery import _rank

    def device(kind: int, version: str) -> Any:
        return SimpleNamespace(type=kind, platform=SimpleNamespace(version=version), driver_version="1.2")

    cpu, gpu = 2, 4
    handles = [
        device(cpu, "OpenCL 3.0 PoCL 3.0-rc2  Linux"),
        device(cpu, "OpenCL 3.0 PoCL 3.1+debian  Linux"),
        device(gpu, "OpenCL 3.0 CUDA 12.4.89"),
    ]
    assert sorted(handles, key=lambda handle: _rank(handle, cpu)) == [handles[2], handles[1], handles[0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["add", "multiply", "negative", "square", "strong_multiply", "subtract"])
def test_what_runs_once_has_the_bits_of_a_kernel(opencl: Any, name: str, dtype: Any) -> None:
    primitive = next(x for x in CATALOGUE.values() if x.name == name)
    tiny = np.finfo(dtype).tiny
    odd = np.array([0.0, -0.0, 1.0, -1.5, np.inf, -np.inf, np.nan, tiny, -tiny / 4, 1 / 3, np.finfo(dtype).max], dtype)
    x, y = (a.ravel() for a in np.meshgrid(odd, odd))
    operands = [opencl.put(x)] if name in ("negative", "square") else [opencl.put(x), opencl.put(y)]
    found = opencl.get(opencl.execute_once(primitive, operands, {}))
    known = opencl.get(opencl.execute(primitive, operands, {}))
    assert found.dtype == known.dtype
    alike = np.isnan(found) & np.isnan(known)  # of which there are many
    np.testing.assert_array_equal(found[~alike].tobytes(), known[~alike].tobytes())


def test_a_number_is_rounded_before_it_is_multiplied_once(opencl: Any) -> None:
    primitive = CATALOGUE["strong_multiply"]
    x = opencl.put(np.array([np.inf, -np.inf, np.nan, 1.0], np.float32))
    for number in (1e-300, 1e300, 0.1):
        found = opencl.get(opencl.execute_once(primitive, [x, number], {}))
        np.testing.assert_array_equal(found, opencl.get(opencl.execute(primitive, [x, number], {})))


def test_what_is_too_large_for_the_device_is_not_tried_on_the_host(opencl: Any) -> None:
    column, row = (opencl.put(np.zeros(shape, np.float32)) for shape in ((1 << 21, 1), (1, 1 << 21)))
    with pytest.raises(DeviceError):
        opencl.execute_once(CATALOGUE["add"], [column, row], {})


def test_a_compiler_that_could_not_start_is_started_again(opencl: Any) -> None:
    runtime = OpenCLDevice("opencl:again", opencl._handle).runtime
    width = runtime.vector_bytes
    failed: Any = type(runtime._width)()
    failed.set_exception(DeviceError("there is no room"))
    runtime._width = failed
    assert runtime.vector_bytes == width
