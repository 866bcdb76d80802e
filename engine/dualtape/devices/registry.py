"""Which devices there are, and which one new tensors are put on."""

from __future__ import annotations

import os
import warnings
from contextlib import ContextDecorator
from functools import cache
from typing import TYPE_CHECKING
from weakref import ref

from dualtape.devices.device import Device
from dualtape.devices.host import Host
from dualtape.errors import ArgumentTypeError, DeviceError
from dualtape.scopes import Scopes

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

HOST = Host()

GROUP = "dualtape.devices"
"""Entry points of this group are functions that list devices, called ``NAME:0``, ``NAME:1``, ... after the entry."""

# What pyproject.toml declares, stated again for source trees: their metadata are as old as the last installation.
_BUILT_IN = {"opencl": "dualtape.devices.opencl:opencl_devices"}


_current = Scopes()
_default: Device | None = None


_listed: dict[str, tuple[Device, ...]] = {}


@cache
def _backends() -> dict[str, EntryPoint]:
    # Imported when a device is asked for: it takes longer than much of `import dualtape`.
    from importlib.metadata import EntryPoint, entry_points

    found = {name: EntryPoint(name, function, GROUP) for name, function in _BUILT_IN.items()}
    return found | {entry.name: entry for entry in entry_points(group=GROUP)}


@cache
def _devices_of(backend: str) -> tuple[Device, ...]:
    entry = _backends()[backend]
    try:
        found = _listed[backend] = tuple(entry.load()())
        return found
    except Exception as failure:  # whatever another package raises: it is no reason to do without the others
        warnings.warn(f"the devices of {entry.value!r} cannot be listed: {failure}", stacklevel=4)
        return ()


def devices() -> tuple[Device, ...]:
    """All devices of this machine: the host, then every OpenCL device, then those of other packages.

    Examples
    --------
    >>> import dualtape as dt
    >>> dt.devices()[0].name
    'host'
    """
    return (HOST, *(device for backend in _backends() for device in _devices_of(backend)))


def listed_devices() -> tuple[Device, ...]:
    """Those that somebody has asked for: no other backend is loaded."""
    return (HOST, *(device for found in _listed.values() for device in found))


def find_device(name: str | Device) -> Device:
    """The device of that name: ``host`` (or ``cpu``), ``opencl`` (the first) or ``opencl:1``.

    Parts of a device have names once they are made: ``opencl:0/1of2``.
    """
    if isinstance(name, Device):
        return name
    if not isinstance(name, str):
        raise ArgumentTypeError(f"a device is named by a str such as 'host' or 'opencl:0', got {type(name).__name__}")
    key = name.strip().lower()
    if key in ("host", "cpu"):
        return HOST
    backend, _, number = key.partition(":")
    # Only the backend that is named is loaded.
    found = _devices_of(backend) if backend in _backends() else ()
    for device in (each for whole in found for each in (whole, *whole.parts_made)):
        if device.name == f"{backend}:{number or 0}":
            return device
    there = devices()
    hint = "" if len(there) > 1 else "; no OpenCL device was found: `dualtape devices` says what to install"
    raise DeviceError(f"no device {name!r}; there are {', '.join(x.name for x in there)}{hint}")


def current_device() -> Device:
    """Where new tensors go: the innermost ``with device(...)``, else what ``set_device`` or DUALTAPE_DEVICE chose."""
    if _current.entered and (scopes := _current.still_open()):
        innermost: device | None = scopes[-1]()
        if innermost is not None:
            return innermost.chosen
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


class device(ContextDecorator):
    """Put new tensors on a device inside a ``with`` block.

    Examples
    --------
    >>> import dualtape as dt
    >>> with dt.device("host"):
    ...     print(dt.Tensor([1.0]).device.name)
    host
    """

    def __init__(self, name: str | Device) -> None:
        self.chosen = find_device(name)

    def __enter__(self) -> Device:
        _current.entered = (*_current.still_open(), ref(self))
        return self.chosen

    def __exit__(self, *_: object) -> None:
        scopes = _current.entered
        while scopes and scopes[-1]() is not self:
            scopes = scopes[:-1]
        _current.entered = scopes[:-1]
