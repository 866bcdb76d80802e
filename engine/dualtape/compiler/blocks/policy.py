"""Which device runs a program in blocks of points, and when that is worth the compilation of a kernel."""

from __future__ import annotations

from dualtape.compiler.blocks.find import NotBlockable, elements
from dualtape.compiler.program import Program
from dualtape.devices.device import Device
from dualtape.devices.kernels import KernelDevice
from dualtape.devices.registry import HOST, devices
from dualtape.devices.warming import warm_up
from dualtape.errors import DeviceError

WORTHWHILE = 1 << 19
"""Elements that a program must compute, for NumPy to take about as many nanoseconds, before a kernel is compiled."""


def start_device(program: Program, home: Device, chosen: Device | None, times: int) -> None:
    """Let the compiler of the device that :func:`choose_device` will give begin, and wait for nothing."""
    if chosen is not None:
        _with_kernels(chosen).start()
        return
    _require_worth(program, times)
    if home is HOST:
        warm_up()


def choose_device(program: Program, home: Device, chosen: Device | None, times: int) -> KernelDevice:
    """The device that the user has ``chosen``, or one that is near ``home``; or :class:`NotBlockable`.

    Each call runs the program ``times`` times.
    """
    return _with_kernels(chosen or _worthwhile_device(program, home, times))


def _with_kernels(device: Device) -> KernelDevice:
    if not isinstance(device, KernelDevice):
        raise NotBlockable(f"{device} is not an OpenCL device")
    return device


def _worthwhile_device(program: Program, home: Device, times: int) -> Device:
    _require_worth(program, times)
    if home is not HOST:
        return home
    reasons = []
    for device in devices():
        try:
            if isinstance(device, KernelDevice) and device.architecture.is_processor:
                return device
        except DeviceError as failure:  # one that does not work is no reason to do without the others
            reasons.append(str(failure))
    raise NotBlockable("; ".join(reasons) or "there is no OpenCL device that is a processor")


def _require_worth(program: Program, times: int) -> None:
    count = elements(program.equations) * times
    if count < WORTHWHILE:
        raise NotBlockable(f"{count} elements are too few to be worth compiling a kernel")
