"""What the engine asks of a device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, dtype_of
from dualtape.errors import DeviceError, outside_axis


class Storage(Protocol):
    """Elements on a device, in C order. What else it has is the device's affair."""

    @property
    def shape(self) -> Shape: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...


class DeviceInfo(NamedTuple):
    """Facts about a device, for people.

    Attributes
    ----------
    platform
        The software that drives it.
    version
        Of that software.
    hardware
        What it computes on.
    memory
        In bytes; 0 where unknown.
    has_float64
        Whether it computes with Float64.
    """

    platform: str
    version: str
    hardware: str
    memory: int
    has_float64: bool


class MemoryUse(NamedTuple):
    """What the engine has taken of a device's memory, in bytes.

    Attributes
    ----------
    in_use
        Held by tensors, and by compiled functions to work in.
    pooled
        Waiting for the next tensor.
    limit
        How much both together may be; then there is a :class:`~dualtape.errors.DeviceMemoryError`.
    peak
        The largest ``in_use`` so far.
    """

    in_use: int
    pooled: int
    limit: int
    peak: int


class Device:
    """A place for tensors. It takes only storage that it has made itself, so each names its own type for that.

    Attributes
    ----------
    name
        As users write it: ``host``, ``opencl:0``.
    platform
        What it is, for people.
    """

    name: str
    platform: str

    @property
    def parts_made(self) -> Sequence[Device]:
        """The devices that it has been split into, however often."""
        return ()

    def split(self, count: int) -> Sequence[Device]:
        """Devices that have a share of its cores each; or :class:`~dualtape.errors.DeviceError`."""
        raise DeviceError(f"{self.name} is no device that can be split")

    @property
    def info(self) -> DeviceInfo:
        """What it is made of."""
        raise NotImplementedError

    def put(self, array: np.ndarray) -> Storage:
        """Storage with a copy of ``array``."""
        raise NotImplementedError

    def put_all(self, arrays: Sequence[np.ndarray]) -> Sequence[Storage]:
        """Storage with a copy of each; sent together where a device is far."""
        return [self.put(array) for array in arrays]

    def full(self, shape: tuple[int, ...], value: float, dtype: np.dtype) -> Storage:
        """Storage filled with one number."""
        return self.put(np.full(shape, value, dtype))

    def get(self, storage: Any) -> np.ndarray:
        """The elements of ``storage``; read-only where that saves a copy."""
        raise NotImplementedError

    def get_all(self, storages: Sequence[Any]) -> list[np.ndarray]:
        """The elements of each; with one wait for all of them where a device has to be waited for."""
        return [self.get(storage) for storage in storages]

    def execute(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> Storage:
        """Run a primitive on storages and Python numbers; gives new storage."""
        raise NotImplementedError

    def execute_once(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> Storage:
        """As :meth:`execute`, with the same bits, for what will hardly be run again: not worth building a kernel."""
        return self.execute(primitive, operands, params)

    def begin_check(self, indices: Any, size: int) -> Storage:
        """Begin to look for indices that are not from -size to size - 1.

        Gives Int64 storage of two columns. Each row is about a part of the indices, in their order: the place of the
        first one that is outside, or -1 if there is none, and the index.
        """
        array = self.get(indices).ravel()
        places = np.flatnonzero((array < -size) | (array >= size))[:1]
        return self.put(np.array([[*places, *array[places]] if places.size else [-1, 0]], np.int64))

    def add_in_place(self, target: Any, addend: Any) -> bool:
        """Add to storage that nobody else holds; False if this device cannot."""
        return False

    def require(self, dtype: DType) -> None:
        """Raise an error that says what to do if the device cannot compute with ``dtype``."""

    def memory(self) -> MemoryUse:
        """What is taken of its memory."""
        raise DeviceError(f"{self.name} does not count its memory; ask for an OpenCL device")

    def release_memory(self) -> int:
        """Give back what is taken of its memory and not needed; how many bytes that were."""
        return 0

    def synchronize(self) -> None:
        """Wait until all that was asked for is done."""

    def __repr__(self) -> str:
        return f"{self.name} ({self.platform})"


def require_inside(found: np.ndarray, params: dict[str, Any]) -> None:
    """Raise the error for the first index that is outside, if :meth:`Device.begin_check` has found one."""
    for place, index in found.tolist():
        if place >= 0:
            raise outside_axis(index, **params)


def spec_of(operand: Any) -> Spec | None:
    """The spec of a storage; ``None`` for a Python number."""
    if isinstance(operand, (bool, int, float)):
        return None
    return Spec(operand.shape, dtype_of(operand.dtype))
