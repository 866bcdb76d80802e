"""Which devices there are, and which one new tensors are put on."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from dualtape.devices.device import Device
from dualtape.devices.host import Host
from dualtape.errors import ArgumentTypeError, DeviceError

HOST = Host()


class _Current(threading.local):
    chosen: list[Device] | None = None


_current = _Current()
_default: Device | None = None


def devices() -> tuple[Device, ...]:
    """All devices of this machine: the host, then every OpenCL device.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.devices()[0].name
    'host'
    """
    from dualtape.devices.opencl import opencl_devices

    return (HOST, *opencl_devices())


def find_device(name: str | Device) -> Device:
    """The device of that name: ``host`` (or ``cpu``), ``opencl`` (the first) or ``opencl:1``."""
    if isinstance(name, Device):
        return name
    if not isinstance(name, str):
        raise ArgumentTypeError(f"a device is named by a str such as 'host' or 'opencl:0', got {type(name).__name__}")
    key = name.strip().lower()
    if key in ("host", "cpu"):
        return HOST
    if key == "opencl":
        key = "opencl:0"
    found = {device.name: device for device in devices()}
    if key not in found:
        hint = "" if len(found) > 1 else "; no OpenCL device was found: `dualtape devices` says what to install"
        raise DeviceError(f"no device {name!r}; there are {', '.join(found)}{hint}")
    return found[key]


def current_device() -> Device:
    """Where new tensors go: the innermost ``with device(...)``, else what ``set_device`` or DUALTAPE_DEVICE chose."""
    if _current.chosen:
        return _current.chosen[-1]
    return _default if _default is not None else _from_environment()


def _from_environment() -> Device:
    global _default
    _default = find_device(os.environ.get("DUALTAPE_DEVICE") or "host")
    return _default


def set_device(name: str | Device) -> None:
    """Put new tensors on this device from now on.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.set_device("host")
    """
    global _default
    _default = find_device(name)


@contextmanager
def device(name: str | Device) -> Iterator[Device]:
    """Put new tensors on a device inside a ``with`` block.

    Examples
    --------
    >>> import dualtape as dt
    >>> with dt.device("host"):
    ...     print(dt.Tensor([1.0]).device.name)
    host
    """
    chosen = find_device(name)
    if _current.chosen is None:
        _current.chosen = []
    _current.chosen.append(chosen)
    try:
        yield chosen
    finally:
        _current.chosen.pop()
