"""What compiled code needs of a device: memory, kernels from source, and the facts by which good ones are written."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from dualtape.core.spec import Shape
from dualtape.devices.device import Device, Storage
from dualtape.dtypes import DType, dtype_of

_MOST_TOGETHER = 1 << 20
"""Bytes of arrays in one piece of memory: what is kept of them keeps the others."""


class Architecture(NamedTuple):
    """What decides how kernels are written for a device, and how many work-groups run them.

    Attributes
    ----------
    cores
        Work-groups that run at the same time.
    cache_bytes
        Of the cache, one for each core, in which the data of a work-group should stay.
    lanes
        For each element type that kernels may compute in: how many elements a vector holds.
    largest_group
        The most work-items in a group.
    points_on_work_items
        Where the points of a tile lie: on the work-items of a group, as GPUs like it, or on the lanes of the vectors
        of one work-item, as processors do.
    is_processor
        Whether its cores are the host's own, so that arrays of the host are near.
    alignment
        A part of storage begins at a multiple of so many bytes.
    """

    cores: int
    cache_bytes: int
    lanes: Mapping[DType, int]
    largest_group: int
    points_on_work_items: bool
    is_processor: bool
    alignment: int = 64


class BuiltKernel(Protocol):
    """A kernel, ready to run."""

    def __call__(self, groups: int, work_items: int, *arguments: Storage | int) -> None:
        """Begin to run it in so many groups of so many work-items, after all that was asked for before."""


class KernelDevice(Device):
    """A device on which compiled programs run: all that the compiler knows of it.

    Whatever is asked of it is done in the order in which it is asked, so only :meth:`get_all` has to wait.
    """

    @property
    @abstractmethod
    def architecture(self) -> Architecture:
        """How to write for it; :class:`~dualtape.errors.DeviceError` where the device does not work."""

    @property
    def is_processor(self) -> bool:
        """As in the architecture, and known before it."""
        return self.architecture.is_processor

    def start(self) -> None:
        """Begin what takes long before the first kernel, and wait for none of it; or ``DeviceError``."""

    @abstractmethod
    def allocate(self, shape: Shape, dtype: DType) -> Storage:
        """Storage with undefined elements; it may be given to others when it is dropped."""

    @abstractmethod
    def parts(
        self, storage: Any, layout: Sequence[tuple[int, Shape, DType]], known: np.ndarray | None = None
    ) -> Sequence[Storage]:
        """Elements in other storage, which stays while any of them do.

        So the small results of a program are one piece of memory, and small inputs one argument of its kernels.

        Parameters
        ----------
        storage
            Of bytes.
        layout
            For each part where it begins, in bytes, a multiple of the architecture's ``alignment``; shape and type.
        known
            Bytes at the beginning that the host has already: what lies in them need not be read from the device.
        """

    def put_all(self, arrays: Sequence[np.ndarray]) -> Sequence[Storage]:
        """Storage with a copy of each: small ones as parts of one piece of memory."""
        alignment = self.architecture.alignment
        arrays = [np.ascontiguousarray(x, x.dtype.newbyteorder("=")).reshape(x.shape) for x in arrays]
        starts = [0]
        for array in arrays:
            self.require(dtype_of(array.dtype))
            starts.append(starts[-1] + -(-array.nbytes // alignment) * alignment)
        if starts[-1] > _MOST_TOGETHER or not all(array.size for array in arrays):
            return super().put_all(arrays)
        packed = np.empty(starts[-1], np.uint8)
        for start, array in zip(starts, arrays, strict=False):
            packed[start : start + array.nbytes] = array.reshape(-1).view(np.uint8)
        layout = [(start, array.shape, dtype_of(array.dtype)) for start, array in zip(starts, arrays, strict=False)]
        return self.parts(self.put(packed), layout, packed)

    @abstractmethod
    def place(self, storage: Any) -> tuple[Storage, int]:
        """The storage that a part lies in, and where; what is no part is all of itself, from 0 on."""

    @abstractmethod
    def copy(self, source: Any, target: Any, offset: int) -> None:
        """Copy all elements of one storage into another, to begin so many bytes behind its beginning."""

    def on_shortage(self, give_back: Callable[[], None]) -> None:
        """Call a method, while its object lives, when memory is short: it drops storage that can be made anew."""

    @abstractmethod
    def build(self, name: str, source: str, arguments: tuple[DType | None, ...]) -> BuiltKernel:
        """The kernel ``name`` of ``source``, or :class:`~dualtape.errors.DeviceError`.

        Parameters
        ----------
        name
            The one kernel in the source.
        source
            OpenCL C 1.2 with nothing before it. A device of another language puts definitions in front of it: with
            points on work-items there are no vectors in it, and of OpenCL's functions only those for identifiers, a
            barrier and reinterpretation.
        arguments
            For each argument the type of the number it takes, or None where it takes storage.
        """
