"""Device memory: storages, and the pool that their buffers come from and return to."""

from __future__ import annotations

import gc
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, NamedTuple
from weakref import WeakMethod

import numpy as np
import pyopencl as cl

from dualtape.core.spec import Shape
from dualtape.devices.opencl.budget import LIMIT_VARIABLE, Limit, free_memory, shown
from dualtape.errors import DeviceError, DeviceMemoryError
from dualtape.recent import Recent

_new = object.__new__

_SMALLEST = 256
_MOST_PARTS = 128  # of a block, as buffers, that surely stay
_LARGE = 32 << 20
"""From so many bytes on a buffer is worth the question what the machine has left."""


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


class _Block:
    """Memory of the device. When it is dropped, for whatever reason, its ``size`` is no longer held.

    The collector of cycles finalizes it together with its allocation, which gives it back to the pool. Python finalizes
    nothing twice, so what is ``gone`` must not be lent again.

    ``parts`` are buffers of pieces of it, by where they begin and how long they are. They stay as long as it does:
    in the child of a fork, where the driver must not be called, no storage that is dropped may release one.
    """

    __slots__ = ("_dropped", "buffer", "gone", "parts", "size")

    def __init__(self, dropped: deque[int]) -> None:
        self.buffer: Any = None
        self.parts: Recent[tuple[int, int], Any] = Recent(_MOST_PARTS)
        self.size = 0
        self.gone = False
        self._dropped = dropped

    def __del__(self) -> None:
        self.gone = True
        self._dropped.append(self.size)


class Allocation:
    """One buffer of the pool; it goes back when the last storage that shares it is dropped.

    ``shared`` says that two storages have had it, so that none may be changed.

    ``__del__`` is an attribute, the pool's ``append`` with the block. Any thread may drop an allocation, even in the
    middle of `Pool.take`, so that no more than an append is safe; and none of it is written in Python, which looks for
    signals where a function begins, and would drop the Ctrl-C that it finds in a finalizer.
    """

    __slots__ = ("__del__", "block", "buffer", "shared")

    block: _Block
    buffer: Any
    shared: bool
    __del__: Callable[[], None]


class BufferStorage:
    """Elements in device memory, in C order. ``buffer`` is None where there are no elements.

    Attributes
    ----------
    known
        The elements on the host, where somebody has read them already.
    """

    __slots__ = ("__weakref__", "allocation", "dtype", "shape")

    @property
    def known(self) -> np.ndarray | None:
        return None

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


class PartStorage(BufferStorage):
    """Elements that lie among others in the storage ``whole``, ``offset`` bytes behind its beginning.

    ``head`` are bytes from the beginning of ``whole`` that the host has read.
    """

    __slots__ = ("_head", "offset", "whole")

    def __init__(
        self, whole: BufferStorage, offset: int, shape: Shape, dtype: np.dtype[Any], head: np.ndarray | None
    ) -> None:
        self.allocation, self.shape, self.dtype = whole.allocation, shape, dtype
        self.whole, self.offset, self._head = whole, offset, head

    @property
    def buffer(self) -> Any:
        """The part as a buffer, made when first asked for: most parts are read where they are."""
        if self.allocation is None:
            return None
        parts = self.allocation.block.parts
        where = self.offset, self.size * self.dtype.itemsize
        found = parts[where]
        if found is None:
            found = parts[where] = self.whole.buffer.get_sub_region(*where)
        return found

    @property
    def known(self) -> np.ndarray | None:
        end = self.offset + self.size * self.dtype.itemsize
        if self._head is None or end > self._head.size:
            return None
        elements: np.ndarray = self._head[self.offset : end].view(self.dtype)
        return elements.reshape(self.shape)

    def reshaped(self, shape: Shape) -> PartStorage:
        return PartStorage(self.whole, self.offset, shape, self.dtype, self._head)


class Pool:
    """Buffers that are used again, by size class, up to a limit.

    A buffer returns as soon as its last storage is dropped, though kernels that use it may still wait
    in the queue. That is safe because the queue is in order: whatever uses the buffer next runs
    later. With an out-of-order queue, or with a second queue, it would not be.

    What is counted survives Ctrl-C between any two steps: no call stands between a change and its count.

    Parameters
    ----------
    context, device_name
        Whose memory it is.
    largest
        Bytes of one buffer, at most.
    limit
        Of all together.
    finish
        Waits for the queue, which holds buffers until it has used them.
    is_cpu
        Whether the memory is the machine's own.
    """

    def __init__(
        self, context: Any, device_name: str, largest: int, limit: Limit, finish: Callable[[], None], is_cpu: bool
    ) -> None:
        self._context = context
        self._device_name = device_name
        self._largest = largest
        self.limit = limit
        self._finish, self._is_cpu = finish, is_cpu
        self._lock = threading.RLock()  # a signal handler may come in the middle, and compute, too
        self._returned: deque[_Block] = deque()
        self._dropped: deque[int] = deque()
        self._free: dict[int, list[_Block]] = {}
        self._in_use = self._held = self._peak = self._allocations = 0
        self._lent: list[WeakMethod[Callable[[], None]]] = []

    def take(self, nbytes: int) -> Allocation:
        """A buffer of at least ``nbytes`` bytes, with undefined contents."""
        size = _size_class(nbytes)
        with self._lock:
            if self._returned:
                self._collect()
            waiting = self._free.get(size)
            block = waiting.pop() if waiting else self._allocate(size)
            allocation = _new(Allocation)
            allocation.block, allocation.buffer, allocation.shared = block, block.buffer, False
            allocation.__del__ = partial(self._returned.append, block)
            self._in_use += size
            if self._in_use > self._peak:
                self._peak = self._in_use
        return allocation

    def statistics(self) -> PoolStatistics:
        """What is held now."""
        with self._lock:
            self._count()
            return PoolStatistics(self._in_use, self._held, self._peak, self._allocations)

    def on_shortage(self, give_back: Callable[[], None]) -> None:
        """Call a method, while its object lives, when there is no more memory: it drops storages."""
        with self._lock:
            self._lent = [method for method in self._lent if method() is not None]
            self._lent.append(WeakMethod(give_back))

    def release(self) -> int:
        """Give everything back to the device that is not needed; how many bytes that are."""
        with self._lock:
            self._count()
            before = self._held
            for release in (self._release_lent, gc.collect, self._release_free):
                release()
            return before - self._held

    def _release_lent(self) -> None:
        for method in self._lent:
            give_back = method()
            if give_back is not None:
                give_back()

    def _release_free(self) -> None:
        self._collect()
        self._free.clear()
        self._finish()
        self._count()

    def _collect(self) -> None:
        while self._returned:
            block = self._returned.popleft()
            self._in_use -= block.size
            if not block.gone:
                self._free.setdefault(block.size, []).append(block)

    def _count(self) -> None:
        self._collect()
        while self._dropped:
            self._held -= self._dropped.popleft()
        self._in_use = self._held - sum(size * len(blocks) for size, blocks in self._free.items())

    def _allocate(self, size: int) -> _Block:
        if size > self._largest:
            raise DeviceError(
                f"{self._device_name} cannot hold {size} bytes in one tensor: its largest is {self._largest} bytes; "
                "use smaller tensors or another device"
            )
        self._make_room(size)
        try:
            return self._new(size)
        except cl.Error:
            self.release()
        try:
            return self._new(size)
        except cl.Error as failure:
            raise self._shortage(size, f"the driver has no more ({failure})") from failure

    def _new(self, size: int) -> _Block:
        block = _Block(self._dropped)
        block.buffer = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, size)
        block.size = size
        self._held += size
        self._allocations += 1
        return block

    def _make_room(self, size: int) -> None:
        """Give back what is not needed if the limit is near, the cheapest first; DeviceMemoryError if it is reached."""
        if self._why_not(size) is None:
            return
        self._release_free()
        if self._why_not(size) is not None:
            self.release()
            reason = self._why_not(size)
            if reason is not None:
                raise self._shortage(size, reason)

    def _why_not(self, size: int) -> str | None:
        if self._held + size > self.limit.size:
            return f"its limit is {shown(self.limit.size)}, {self.limit.reason}"
        # The limit was set when the device was first used; meanwhile others have taken of the machine's memory.
        free = free_memory() if self._is_cpu and size >= _LARGE else None
        if free is not None and size > free:
            return f"the machine has {shown(free)} left"
        return None

    def _shortage(self, size: int, reason: str) -> DeviceMemoryError:
        return DeviceMemoryError(
            f"{self._device_name} has no memory for {shown(size)} more: {shown(self._in_use)} are in use, and "
            f"{reason}. Drop tensors that are no longer needed, use smaller batches, or set the environment variable "
            f"{LIMIT_VARIABLE} to more, as in {LIMIT_VARIABLE}=8GiB"
        )


def _size_class(nbytes: int) -> int:
    """The next of four sizes in each power of two, so that at most a fifth of a buffer is wasted."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = 1 << ((nbytes - 1).bit_length() - 3)
    return (nbytes + step - 1) // step * step
