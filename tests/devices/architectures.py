"""OpenCL devices that state another architecture than they have, so that kernels are written as for that one."""

from __future__ import annotations

from typing import Any

from dualtape.devices.kernels import Architecture
from dualtape.devices.opencl.device import OpenCLDevice
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.dtypes import DType, float32, float64


class As(OpenCLDevice):
    """The same device with another architecture, and a queue of its own."""

    def __init__(self, device: Any, **changes: Any) -> None:
        super().__init__(device.name, device._handle)
        self._changes = changes

    @property
    def architecture(self) -> Architecture:
        return super().architecture._replace(**self._changes)


def with_work_items(device: Any, count: int) -> As:
    """Points lie on groups of so many work-items, as on a GPU."""
    return As(device, points_on_work_items=True, largest_group=count)


def with_lanes(device: Any, count: int) -> As:
    """Points lie on the lanes of vectors of so many elements."""
    return As(device, points_on_work_items=False, lanes={float32: count, float64: count})


class WithUndefinedMemory(As):
    """What is allocated holds NaNs until it is written."""

    def allocate(self, shape: tuple[int, ...], dtype: DType) -> BufferStorage:
        storage = super().allocate(shape, dtype)
        if dtype.is_float:
            self.runtime.fill(storage, float("nan"))
        return storage
