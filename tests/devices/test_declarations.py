"""What kernels call of OpenCL C is declared in their sources, for compilers that would read all of it."""

from __future__ import annotations

import numpy as np
import pytest
from dualtape.opencl_kernels import declarations

import dualtape as dt
from dualtape.devices.device import Device
from dualtape.errors import DeviceError

pocl = pytest.mark.parametrize(
    "device",
    [x for x in dt.devices() if x.info.platform == "Portable Computing Language"],
    ids=lambda device: str(device.name),
)


def programs_of(device: Device):
    """New programs on a device, which have built nothing yet."""
    from dualtape.devices.opencl.programs import Programs

    runtime = device.runtime
    return Programs(runtime.context, runtime.handle, runtime.queue, device.name, ["-w"], None)


def run(device: Device, source: str, given: np.ndarray, kind: type) -> np.ndarray:
    x, y = device.put(given), device.put(np.zeros(len(given), kind))
    kernel = programs_of(device).kernel("dt_probe", source, (None, None))
    kernel((len(given),), (1,), x.buffer, y.buffer)
    return device.get(y)


@pocl
def test_a_source_that_calls_what_is_not_declared_is_built_with_the_header(device: Device) -> None:
    programs = programs_of(device)
    source = "__kernel void dt_probe(__global float* x) { x[0] = hypot(x[0], x[1]); }"
    assert programs.declares
    programs.kernel("dt_probe", source, (None,))
    assert not programs.declares


@pocl
def test_a_wrong_source_is_an_error_and_nothing_else_changes(device: Device) -> None:
    programs = programs_of(device)
    with pytest.raises(DeviceError, match="nonsense"):
        programs.kernel("dt_probe", "__kernel void dt_probe(__global float* x) { x[0] = nonsense; }", (None,))
    assert programs.declares


@pocl
@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.int64, np.uint64])
@pytest.mark.parametrize("function", ["convert_ulong", "convert_int"])
def test_integers_are_not_converted_by_way_of_floats(device: Device, kind: type, function: str) -> None:
    given = np.array([0, 1, 2**24 + 1, 2**31 - 1], kind)
    names = {np.int32: "int", np.uint32: "uint", np.int64: "long", np.uint64: "ulong"}
    found, result = ("ulong", np.uint64) if function == "convert_ulong" else ("int", np.int32)
    source = (
        f"__kernel void dt_probe(__global const {names[kind]}* x, __global {found}* y) "
        f"{{ size_t i = get_global_id(0); y[i] = {function}(x[i]); }}"
    )
    np.testing.assert_array_equal(run(device, source, given, result), given)


def test_what_is_called_is_declared_and_nothing_else() -> None:
    text = declarations("float f(float x) { return sqrt(x) + sqrtf_of(x); }")
    assert "PURE float4 sqrt(float4);" in text
    assert "double" not in text
    assert "min(" not in text
    assert "get_global_id" not in text


def test_the_doubles_are_declared_where_a_source_has_them() -> None:
    text = declarations("double f(double x) { return sqrt(x); }")
    assert "cl_khr_fp64" in text
    assert "PURE double2 sqrt(double2);" in text


@pocl
def test_a_build_hides_no_warning_of_another_thread(device: Device) -> None:
    """No thread can change for itself alone how warnings are handled."""
    import threading
    import warnings

    programs, builds = programs_of(device), 40
    sources = [f"__kernel void dt_probe(__global float* x) {{ x[0] = {i}; }}" for i in range(builds)]
    thread = threading.Thread(target=lambda: [programs.kernel("dt_probe", text, (None,)) for text in sources])
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        thread.start()
        said = 0
        while thread.is_alive():
            warnings.warn(f"{said}", UserWarning, stacklevel=1)
            said += 1
            thread.join(1e-4)
    assert len(seen) == said
