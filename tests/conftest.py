"""What all tests share: the devices of this machine, and a clean engine before and after each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

import dualtape as dt
from dualtape.core.interpreter import nesting_depth
from dualtape.devices.device import Device
from dualtape.devices.opencl.discovery import has_pyopencl
from dualtape.devices.registry import current_device

# These name what is there only with pyopencl, and cannot be collected without (see `--host-only`).
_WITH_PYOPENCL = (
    "compiler/test_resident.py",
    "compiler/test_sums.py",
    "compiler/test_work_items.py",
    "core/test_truth_values.py",
    "devices/test_every_kernel.py",
    "devices/test_memory.py",
    "devices/test_opencl_device.py",
    "devices/test_opencl_kernels.py",
    "devices/test_opencl_plans.py",
)
collect_ignore = [] if has_pyopencl() else [*_WITH_PYOPENCL]


@pytest.fixture(params=dt.devices(), ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Iterator[Device]:
    """Each device of this machine in turn; new tensors go there during the test."""
    with dt.device(request.param) as chosen:
        yield chosen


@pytest.fixture(params=dt.devices()[:2], ids=lambda device: device.name)
def kind_of_device(request: pytest.FixtureRequest) -> Iterator[Device]:
    """The host, and one device with kernels: for functions made of primitives, each of which is tried on all."""
    with dt.device(request.param) as chosen:
        yield chosen


@pytest.fixture(autouse=True)
def _nothing_leaks() -> Iterator[None]:
    """A test that leaves a transformation open, or another device chosen, fails."""
    before = current_device()
    yield
    assert nesting_depth() == 0, "a transformation was left open"
    assert current_device() is before, "another device was left chosen"


@pytest.fixture(autouse=True, scope="session")
def _every_kernel_declares_what_it_calls() -> Iterator[None]:
    """A kernel that PoCL builds only with its header makes all later ones slow to build."""
    yield
    for device in dt.devices()[1:]:
        if getattr(device, "is_started", False) and device.info.platform == "Portable Computing Language":
            programs = device.runtime.programs
            assert programs.declares, f"a kernel on {device.name} calls what `builtins.cl` does not declare"


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that are interrupted every few operations."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)
