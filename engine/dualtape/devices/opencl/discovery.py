"""Which OpenCL devices there are; nothing of OpenCL is imported before somebody asks."""

from __future__ import annotations

import os
import re
import shutil
import threading
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dualtape.devices.opencl.forking import refuse_forked, watch_forks
from dualtape.devices.opencl.kernel_cache import folder_for_pocl, kernel_cache, why_no_cache
from dualtape.devices.opencl.workers import keep_apart, native_threads

if TYPE_CHECKING:
    from dualtape.devices.opencl.device import OpenCLDevice

_PYOPENCL_VARIABLE = "PYOPENCL_NO_CACHE"

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


def has_pyopencl() -> bool:
    """Whether pyopencl is installed; the empty folder that it leaves where it was removed passes for a package."""
    found = find_spec("pyopencl")
    return found is not None and found.origin is not None


def _discover() -> tuple[OpenCLDevice, ...]:
    if not has_pyopencl():
        return ()
    cl = _pyopencl()
    if cl is None:
        return ()
    refuse_forked("OpenCL")
    watch_forks(lambda: [x for device in _found or () for x in (device, *device.parts_made)], _unlock)
    before = native_threads()
    with folder_for_pocl():
        try:
            platforms = cl.get_platforms()
        except cl.Error:  # the loader's way to say that there is no platform
            return ()
        handles = [handle for platform in platforms for handle in _devices_of(platform)]
    keep_apart(native_threads() - before, [x.max_compute_units for x in handles if _is_pocl(x.platform)])
    cache = kernel_cache()
    if cache is not None and cache.remark and any(_is_pocl(handle.platform) for handle in handles):
        _warn(cache.remark)
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


def _pyopencl() -> Any:
    """pyopencl, which keeps no files, for drivers do or the engine; None where it is broken."""
    before = os.environ.get(_PYOPENCL_VARIABLE)
    os.environ.setdefault(_PYOPENCL_VARIABLE, "1")
    try:
        import pyopencl
    except (ImportError, OSError) as failure:
        _warn(f"there is no OpenCL, for pyopencl is installed but cannot be imported: {failure}")
        return None
    finally:
        if before is None:
            del os.environ[_PYOPENCL_VARIABLE]
    return pyopencl


def _is_pocl(platform: Any) -> bool:
    return bool(platform.name == "Portable Computing Language")


def _why_no_pocl() -> str:
    """Why PoCL cannot be used, or nothing; where something is missing that it needs, it ends the process."""
    if why_no_cache():
        return why_no_cache()
    if shutil.which("ld", path=os.environ.get("PATH", "")) is None:
        linker = shutil.which("ld", path=os.defpath)
        if linker is None:
            return "it needs the linker `ld`, which is not on the PATH: install binutils"
        # Where there is no PATH at all, as in `env -i`.
        os.environ["PATH"] = os.pathsep.join(filter(None, (os.environ.get("PATH"), os.path.dirname(linker))))
    return ""


def _devices_of(platform: Any) -> list[Any]:
    import pyopencl as cl

    reason = _why_no_pocl() if _is_pocl(platform) else ""
    try:
        if not reason:
            return [handle for handle in platform.get_devices() if handle.available and handle.compiler_available]
    except cl.Error as failure:  # no reason to hide the others
        if failure.code != cl.status_code.DEVICE_NOT_FOUND:
            reason = str(failure)
    if reason:
        _warn(f"the OpenCL platform {platform.version} is left out: {reason}")
    return []


def _warn(message: str) -> None:
    warnings.warn(message, RuntimeWarning, stacklevel=8)


def _rank(handle: Any, cpu: int) -> tuple[bool, list[int]]:
    """Sort key: the kind of device, then the platform's version with the newest first."""
    _, _, implementation = handle.platform.version.removeprefix("OpenCL ").partition(" ")
    numbers = re.findall(r"\d+", implementation)[:3] or re.findall(r"\d+", handle.driver_version)[:3]
    return bool(handle.type & cpu), [-int(number) for number in numbers]
