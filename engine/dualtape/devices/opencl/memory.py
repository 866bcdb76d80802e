"""Device memory: storages, and the pool that their buffers come from and return to."""

from __future__ import annotations

import threading
from collections import deque
from math import prod
from typing import Any, NamedTuple

import numpy as np
import pyopencl as cl

from dualtape.core.spec import Shape
from dualtape.errors import DeviceError

_SMALLEST = 256


class PoolStatistics(NamedTuple):
    """What a :class:`Pool` holds, in bytes.

    Attributes
    ----------
    in_use
        Held by living storages.
    held
        Taken from the device: in use, or waiting for the next storage.
    peak
        The largest ``in_use`` so far.
    allocations
        How often the device was asked for memory.
    """

    in_use: int
    held: int
    peak: int
    allocations: int


class Allocation:
    """One buffer of the pool; it goes back when the last storage that shares it is dropped.

    ``shared`` says that two storages have had it, so that none may be changed.
    """

    __slots__ = ("_returned", "buffer", "shared", "size")

    def __init__(self, buffer: Any, size: int, returned: deque[tuple[int, Any]]) -> None:
        self.buffer = buffer
        self.size = size
        self.shared = False
        self._returned = returned

    def __del__(self) -> None:
        # Any thread may drop it, even in the middle of `Pool.take`: an append is all that is safe here.
        self._returned.append((self.size, self.buffer))


class BufferStorage:
    """Elements in device memory, in C order. ``buffer`` is None where there are no elements."""

    __slots__ = ("allocation", "dtype", "shape")

    def __init__(self, allocation: Allocation | None, shape: Shape, dtype: np.dtype[Any]) -> None:
        self.allocation = allocation
        self.shape = shape
        self.dtype = dtype

    @property
    def buffer(self) -> Any:
        return None if self.allocation is None else self.allocation.buffer

    @property
    def size(self) -> int:
        return prod(self.shape)

    def reshaped(self, shape: Shape) -> BufferStorage:
        """The same elements in another shape; they share the buffer."""
        if self.allocation is not None:
            self.allocation.shared = True
        return BufferStorage(self.allocation, shape, self.dtype)


class Pool:
    """Buffers that are used again, by size class.

    A buffer returns as soon as its last storage is dropped, though kernels that use it may still wait
    in the queue. That is safe because the queue is in order: whatever uses the buffer next runs
    later. With an out-of-order queue, or with a second queue, it would not be.
    """

    def __init__(self, context: Any, device_name: str, largest: int) -> None:
        self._context = context
        self._device_name = device_name
        self._largest = largest
        self._lock = threading.RLock()  # a signal handler may come in the middle, and compute, too
        self._returned: deque[tuple[int, Any]] = deque()
        self._free: dict[int, list[Any]] = {}
        self._in_use = self._held = self._peak = self._allocations = 0

    def take(self, nbytes: int) -> Allocation:
        """A buffer of at least ``nbytes`` bytes, with undefined contents."""
        size = _size_class(nbytes)
        with self._lock:
            self._collect()
            waiting = self._free.get(size)
            buffer = waiting.pop() if waiting else self._allocate(size)
            self._in_use += size
            if self._in_use > self._peak:
                self._peak = self._in_use
        return Allocation(buffer, size, self._returned)

    def statistics(self) -> PoolStatistics:
        """What is held now."""
        with self._lock:
            self._collect()
            return PoolStatistics(self._in_use, self._held, self._peak, self._allocations)

    def release_free(self) -> None:
        """Give the buffers that nobody uses back to the device."""
        with self._lock:
            self._collect()
            self._release_free()

    def _release_free(self) -> None:
        for size, buffers in self._free.items():
            for buffer in buffers:
                buffer.release()
                self._held -= size
        self._free.clear()

    def _collect(self) -> None:
        while self._returned:
            size, buffer = self._returned.popleft()
            self._in_use -= size
            self._free.setdefault(size, []).append(buffer)

    def _allocate(self, size: int) -> Any:
        if size > self._largest:
            raise DeviceError(
                f"{self._device_name} cannot hold {size} bytes in one tensor: its largest is {self._largest} bytes; "
                "use smaller tensors or another device"
            )
        try:
            buffer = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, size)
        except cl.Error:
            self._release_free()
            try:
                buffer = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, size)
            except cl.Error as failure:
                raise DeviceError(
                    f"{self._device_name} has no memory for {size} more bytes ({self._in_use} are in use); "
                    "drop tensors that are no longer needed, or use smaller batches"
                ) from failure
        self._held += size
        self._allocations += 1
        return buffer


def _size_class(nbytes: int) -> int:
    """The next of four sizes in each power of two, so that at most a fifth of a buffer is wasted."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = 1 << ((nbytes - 1).bit_length() - 3)
    return (nbytes + step - 1) // step * step
