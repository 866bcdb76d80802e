"""Which OpenCL devices there are; nothing of OpenCL is imported before somebody asks."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING, Any

from dualtape.devices.opencl.forking import refuse_forked, watch_forks

if TYPE_CHECKING:
    from dualtape.devices.opencl.device import OpenCLDevice

_found: tuple[OpenCLDevice, ...] | None = None
_lock = threading.RLock()  # a signal handler may come in the middle, and ask, too


def opencl_devices() -> tuple[OpenCLDevice, ...]:
    """Every device of every OpenCL platform, named ``opencl:0``, ``opencl:1``, ...

    The order is the same in every process: accelerators and GPUs come before processors, then newer
    platform versions before older ones, then the order in which OpenCL lists them. No OpenCL, or none
    that works, is an empty tuple.
    """
    global _found
    with _lock:
        if _found is None:
            found = _discover()
            _found = _found or found
        return _found


def _discover() -> tuple[OpenCLDevice, ...]:
    try:
        import pyopencl as cl
    except ImportError:
        return ()
    refuse_forked("OpenCL")
    watch_forks(lambda: _found or (), _unlock)
    try:
        platforms = cl.get_platforms()
    except cl.Error:  # the loader's way to say that there is no platform
        return ()
    handles = [handle for platform in platforms for handle in _devices_of(platform)]
    handles.sort(key=lambda handle: _rank(handle, cl.device_type.CPU))

    from dualtape.devices.opencl.device import OpenCLDevice
    from dualtape.devices.opencl.processor import name_unknown_processor

    for handle in handles:
        name_unknown_processor(handle)

    return tuple(OpenCLDevice(f"opencl:{i}", handle) for i, handle in enumerate(handles))


def _unlock() -> None:
    """In the child of a fork there is no other thread, and who held the lock never lets it go."""
    global _lock
    _lock = threading.RLock()


def _devices_of(platform: Any) -> list[Any]:
    import pyopencl as cl

    try:
        return [handle for handle in platform.get_devices() if handle.available and handle.compiler_available]
    except cl.Error:  # a platform without devices is no reason to hide the others
        return []


def _rank(handle: Any, cpu: int) -> tuple[bool, list[int]]:
    """Sort key: the kind of device, then the platform's version with the newest first."""
    _, _, implementation = handle.platform.version.removeprefix("OpenCL ").partition(" ")
    numbers = re.findall(r"\d+", implementation)[:3] or re.findall(r"\d+", handle.driver_version)[:3]
    return bool(handle.type & cpu), [-int(number) for number in numbers]
