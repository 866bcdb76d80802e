"""What every kernel launch needs of a device: its queue, memory, programs and measures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from math import prod
from typing import Any, TypeVar

import numpy as np
import pyopencl as cl

from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.budget import read_limit
from dualtape.devices.opencl.kernel_cache import kernel_cache
from dualtape.devices.opencl.memory import BufferStorage, Pool
from dualtape.devices.opencl.programs import Launcher, Programs, Size
from dualtape.dtypes import DType

Answer = TypeVar("Answer")
Specs = tuple[Spec, ...]
Params = dict[str, Any]
Operands = Sequence[Any]
Plan = Callable[[Operands], BufferStorage]
"""One primitive prepared for operands of known shapes and types: what a repeated call runs."""

PreparedLaunch = Callable[..., None]
"""Enqueues a kernel on what differs from call to call: buffers and numbers of the inputs, then the output's buffer."""

_QUIET = "-w"
_CORRECTLY_ROUNDED = "-cl-fp32-correctly-rounded-divide-sqrt"


class Runtime:
    """One in-order queue of one device.

    Attributes
    ----------
    group
        The local size of kernels in which work-items are independent. It is fixed, because PoCL
        compiles a kernel again for each local size.
    processors
        About how many work-items run at the same time.
    is_cpu
        Whether one work-item should do the work of a whole vector unit.
    keeps_subnormals
        Whether Float32 kernels compute with numbers that are too small to be normal, as the host does.
    """

    def __init__(self, name: str, handle: Any) -> None:
        self.name = name
        self.handle = handle
        self.context = cl.Context([handle])
        self.queue = cl.CommandQueue(self.context, handle)
        self.is_cpu = bool(handle.type & cl.device_type.CPU)
        self.processors = handle.max_compute_units * (1 if self.is_cpu else 64)
        self.group = min(16 if self.is_cpu else 64, handle.max_work_group_size, *handle.max_work_item_sizes[:2])
        self.has_float64 = bool(handle.double_fp_config)
        self.keeps_subnormals = bool(handle.single_fp_config & cl.device_fp_config.DENORM)
        options = [_QUIET]
        if handle.single_fp_config & cl.device_fp_config.CORRECTLY_ROUNDED_DIVIDE_SQRT:
            options.append(_CORRECTLY_ROUNDED)
        self.programs = Programs(self.context, handle, self.queue, name, options, kernel_cache())
        # A compiler takes half a second before its first kernel; meanwhile others draw points and trace.
        self._width: Future[int] = in_background(self.programs.vector_bytes)
        limit = read_limit(handle.global_mem_size, self.is_cpu)
        self.pool = Pool(self.context, name, handle.max_mem_alloc_size, limit, self.queue.finish, self.is_cpu)

    @property
    def vector_bytes(self) -> int:
        """Of the widest vectors that kernels are written with."""
        if self._width.exception() is not None:  # a disk that was full may have room now
            self._width = in_background(self.programs.vector_bytes)
        return self._width.result()

    def lanes(self, itemsize: int) -> int:
        """How many elements of ``itemsize`` bytes one vector holds."""
        return max(2, self.vector_bytes // itemsize)

    def map_lanes(self, itemsize: int) -> int:
        """How many elements one work-item of a map computes. On processors narrow ones cost more than they do."""
        return max(2, max(64 if self.is_cpu else 16, self.vector_bytes) // itemsize)

    def wide_attribute(self) -> str:
        """What keeps LLVM on processors from splitting vectors into narrower ones."""
        return f"__attribute__((min_vector_width({8 * self.vector_bytes})))" if self.is_cpu else ""

    def kernel(self, name: str, source: str, scalars: tuple[Any, ...]) -> Launcher:
        """See :meth:`Programs.kernel`."""
        return self.programs.kernel(name, source, scalars)

    def launch(self, name: str, source: str, buffers: int, grid: tuple[Size, Size], *rest: Any) -> PreparedLaunch:
        """A kernel of so many buffers, behind which it takes ``rest``: 64-bit sizes, and tables."""
        sizes = [np.uint64 if isinstance(x, int) else None for x in rest]
        kernel = self.kernel(name, source, (*[None] * buffers, *sizes))
        return lambda *arguments: kernel(*grid, *arguments, *rest)

    def plan(
        self, output: Spec, launch: PreparedLaunch, arguments: Callable[[Operands], Sequence[Any]] | None = None
    ) -> Plan:
        """A plan that makes the output and, if it has elements, launches on the operands' buffers or ``arguments``."""
        shape, dtype = output.shape, output.dtype.numpy

        def run(operands: Operands) -> BufferStorage:
            out = self.allocate(shape, dtype)
            if out.allocation is not None:
                launch(*(arguments(operands) if arguments else [x.buffer for x in operands]), out.buffer)
            return out

        return run

    def grid(self, columns: int, rows: int | None = None) -> tuple[Size, Size]:
        """Global and local sizes for so many work-items; in whole groups, so that kernels must check their bounds."""
        if rows is None:
            return (_whole(columns, self.group),), (self.group,)
        if rows < self.group:
            return (_whole(columns, self.group), rows), (self.group, 1)
        # Neighbouring rows in one group: where rows and columns are exchanged they share cache lines.
        return (columns, _whole(rows, self.group)), (1, self.group)

    def spread(self, columns: int, rows: int | None = None) -> tuple[Size, Size]:
        """As :meth:`grid`, for work-items that do much: where there are few, each is a group by itself."""
        if self.is_cpu and columns * (rows or 1) < 4 * self.group * self.processors:
            return ((columns,), (1,)) if rows is None else ((columns, rows), (1, 1))
        return self.grid(columns, rows)

    def allocate(self, shape: Shape, dtype: np.dtype[Any]) -> BufferStorage:
        """New storage with undefined elements."""
        nbytes = prod(shape) * dtype.itemsize
        return BufferStorage(self.pool.take(nbytes) if nbytes else None, shape, dtype)

    def new(self, shape: Shape, dtype: DType) -> BufferStorage:
        """New storage with undefined elements of an engine's type."""
        return self.allocate(shape, dtype.numpy)

    def read(self, storage: BufferStorage) -> np.ndarray:
        """The elements, after all that was asked for before is done."""
        return self.read_all([storage])[0]

    def read_all(self, storages: Sequence[BufferStorage]) -> list[np.ndarray]:
        """The elements of each storage: the queue keeps order, so the last copy is the only one to wait for."""
        arrays, copies = [], []
        for x in storages:
            known = x.known
            arrays.append(np.empty(x.shape, x.dtype) if known is None else known.copy())
            if known is None and x.allocation is not None:
                copies.append(cl.enqueue_copy(self.queue, arrays[-1], x.buffer, is_blocking=False))
        if copies:
            copies[-1].wait()
        return arrays

    def table(self, numbers: list[int]) -> Any:
        """A buffer of 64-bit integers that a plan keeps: strides, offsets and the like."""
        flags = cl.mem_flags.READ_ONLY | cl.mem_flags.COPY_HOST_PTR
        return cl.Buffer(self.context, flags, hostbuf=np.asarray(numbers or [0], np.int64))

    def fill(self, storage: BufferStorage, value: float = 0) -> None:
        """Set all elements to one number."""
        if storage.allocation is not None:
            pattern = np.full((), value, storage.dtype)
            nbytes = storage.size * storage.dtype.itemsize
            cl.enqueue_fill_buffer(self.queue, storage.buffer, pattern, 0, nbytes)


def in_background(fn: Callable[[], Answer]) -> Future[Answer]:
    """What ``fn`` gives or raises, found by a thread of its own, for which the end of the process waits."""
    found: Future[Answer] = Future()

    def run() -> None:
        try:
            found.set_result(fn())
        except BaseException as failure:
            found.set_exception(failure)

    threading.Thread(target=run, name="dualtape: first kernel").start()
    return found


def _whole(items: int, group: int) -> int:
    return -(-items // group) * group
