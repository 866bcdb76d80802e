"""A device of the engine that computes with OpenCL."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import pyopencl as cl

from dualtape.core.lowering import (
    ComplexPart,
    Expression,
    Fold,
    Joined,
    Kernel,
    Movement,
    OnHost,
    Placement,
    Reinterpretation,
)
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.device import DeviceInfo, MemoryUse, spec_of
from dualtape.devices.host import Host
from dualtape.devices.kernels import Architecture, BuiltKernel, KernelDevice
from dualtape.devices.opencl.elementwise import plan_expression, sum_in_place
from dualtape.devices.opencl.fold import plan_fold
from dualtape.devices.opencl.forking import keep_for_ever, refuse_forked
from dualtape.devices.opencl.indexing import (
    plan_cumsum,
    plan_inside_axis,
    plan_outside,
    plan_scatter_sum,
    plan_search,
    plan_take,
)
from dualtape.devices.opencl.matmul import plan_matmul
from dualtape.devices.opencl.memory import BufferStorage, PartStorage
from dualtape.devices.opencl.movement import (
    plan_concatenate,
    plan_joined,
    plan_movement,
    plan_part,
    plan_placement,
    plan_reinterpretation,
)
from dualtape.devices.opencl.once import is_rounded_once, on_host_arrays
from dualtape.devices.opencl.runtime import Plan, PreparedLaunch, Runtime
from dualtape.dtypes import DType, complex128, dtype_of, float32, float64, part_dtype
from dualtape.errors import DeviceError
from dualtape.recent import Recent

_BY_NAME = {
    "argmax": plan_search,
    "argmin": plan_search,
    "concatenate": plan_concatenate,
    "cumsum": plan_cumsum,
    "matmul": plan_matmul,
    "scatter_sum": plan_scatter_sum,
    "take": plan_take,
    "inside_axis": plan_inside_axis,
}

_HOST = Host()
# What moves elements, of whatever type they are.
_MOVES = (Movement, Placement, Reinterpretation, ComplexPart, Joined)
_MOST_PLANS = 4096  # that surely stay, of those used last
_MOST_ONCE = 1 << 24  # bytes, that it is not worth building a kernel for
_MOST_LANES = 16  # of a vector in OpenCL C
_COMPLETE = cl.command_execution_status.COMPLETE


def _holds_complex(inputs: Sequence[Spec | None], output: Spec) -> bool:
    """Whether complex numbers are among them, which kernels do not compute with."""
    return any(spec is not None and spec.dtype.is_complex for spec in (*inputs, output))


class OpenCLDevice(KernelDevice):
    """One OpenCL device with one in-order queue.

    The first run of a primitive on operands of given shapes and types checks them and prepares a plan: kernels,
    sizes and strides. Every later one only looks the plan up and launches.
    """

    def __init__(self, name: str, handle: Any) -> None:
        self.name = name
        self.platform = f"{handle.platform.version.strip()}, {handle.name.strip()}"
        self._handle = handle
        self._started: Runtime | None = None
        self._lock = threading.RLock()  # a signal handler may come while the runtime is made, and need one, too
        self._plans: Recent[Any, Plan] = Recent(_MOST_PLANS)
        self._sums: Recent[Any, PreparedLaunch] = Recent(_MOST_PLANS)
        self._writes: deque[Any] = deque()
        self._split: dict[int, tuple[OpenCLDevice, ...]] = {}

    @property
    def parts_made(self) -> tuple[OpenCLDevice, ...]:
        return tuple(part for parts in self._split.values() for part in parts)

    def split(self, count: int) -> tuple[OpenCLDevice, ...]:
        """Its parts, which are the same whenever as many are asked for: their names tell them apart."""
        if found := self._split.get(count):
            return found
        units = self._handle.max_compute_units
        if not 1 <= count <= units:
            raise DeviceError(f"{self.name} has {units} cores, and cannot be split into {count} devices")
        kind = cl.device_partition_property
        sizes = [units * (i + 1) // count - units * i // count for i in range(count)]
        try:
            handles = self._handle.create_sub_devices([kind.BY_COUNTS, *sizes, kind.BY_COUNTS_LIST_END])
        except cl.Error as failure:
            raise DeviceError(f"{self.name} cannot be split into {count} devices: {failure}") from failure
        parts = tuple(OpenCLDevice(f"{self.name}/{i}of{count}", handle) for i, handle in enumerate(handles))
        return self._split.setdefault(count, parts)

    @property
    def runtime(self) -> Runtime:
        """The queue, memory and programs; made when first used, for listing devices should cost nothing."""
        if self._started is None:
            refuse_forked(self.name)
            with self._lock:
                if self._started is None:
                    made = Runtime(self.name, self._handle)
                    self._started = self._started or made
        return self._started

    @property
    def is_started(self) -> bool:
        """Whether it has been computed with."""
        return self._started is not None

    @property
    def is_processor(self) -> bool:
        return bool(self._handle.type & cl.device_type.CPU)

    def start(self) -> None:
        _ = self.runtime  # whose first kernel is compiled in the background

    def abandon(self) -> None:
        """In the child of a fork: forget the runtime, and with it the locks that other threads held."""
        started = self._started
        launchers = [] if started is None else started.programs.launchers()
        keep_for_ever((started, launchers, self._plans, self._sums, self._writes))
        self._started, self._lock = None, threading.RLock()
        self._plans, self._sums, self._writes = Recent(_MOST_PLANS), Recent(_MOST_PLANS), deque()

    @property
    def info(self) -> DeviceInfo:
        handle = self._handle
        version = handle.platform.version.split("  ")[0]  # PoCL writes its build options behind two spaces
        name = handle.name.strip()
        return DeviceInfo(handle.platform.name, version, name, handle.global_mem_size, bool(handle.double_fp_config))

    @property
    def architecture(self) -> Architecture:
        runtime = self.runtime
        floats = (float32, float64) if runtime.has_float64 else (float32,)
        return Architecture(
            cores=self._handle.max_compute_units,
            cache_bytes=self._handle.local_mem_size,
            lanes={dtype: min(_MOST_LANES, runtime.lanes(dtype.bits // 8)) for dtype in floats},
            largest_group=self._handle.max_work_group_size,
            points_on_work_items=not runtime.is_cpu,
            is_processor=runtime.is_cpu,
            alignment=max(64, self._handle.mem_base_addr_align // 8),
        )

    def allocate(self, shape: Shape, dtype: DType) -> BufferStorage:
        return self.runtime.new(shape, dtype)

    def parts(
        self, storage: BufferStorage, layout: Sequence[tuple[int, Shape, DType]], known: np.ndarray | None = None
    ) -> list[PartStorage]:
        # What holds several tensors must not be added to in place.
        if storage.allocation is not None:
            storage.allocation.shared = True
        return [PartStorage(storage, offset, shape, dtype.numpy, known) for offset, shape, dtype in layout]

    def place(self, storage: BufferStorage) -> tuple[BufferStorage, int]:
        return (storage.whole, storage.offset) if type(storage) is PartStorage else (storage, 0)

    def copy(self, source: BufferStorage, target: BufferStorage, offset: int) -> None:
        if source.allocation is None:
            return
        source.allocation.shared = True  # the copy stands for it from now on
        nbytes = source.size * source.dtype.itemsize
        cl.enqueue_copy(self.runtime.queue, target.buffer, source.buffer, byte_count=nbytes, dst_offset=offset)

    def build(self, name: str, source: str, arguments: tuple[DType | None, ...]) -> BuiltKernel:
        kernel = self.runtime.kernel(name, source, tuple(None if x is None else x.numpy for x in arguments))

        def run(groups: int, work_items: int, *arguments: Any) -> None:
            given = [x.buffer if isinstance(x, BufferStorage) else x for x in arguments]
            kernel((groups * work_items,), (work_items,), *given)

        return run

    def put(self, array: np.ndarray) -> BufferStorage:
        """Storage with a copy of ``array``; the copy to the device goes on in the background."""
        self.require(dtype_of(array.dtype))
        storage = self.runtime.allocate(array.shape, array.dtype.newbyteorder("="))
        if storage.allocation is not None:
            source = np.array(array, storage.dtype, order="C", copy=True)
            # The event keeps the source alive, and must be kept itself until the copy is done.
            event = cl.enqueue_copy(self.runtime.queue, storage.buffer, source, is_blocking=False)
            self._writes.append(event)
            self._drop_done()
        return storage

    def _drop_done(self) -> None:
        """Drop what is copied, from the oldest on; without a lock, for a signal handler may come in here, too."""
        writes = self._writes
        while len(writes) > 1:
            try:
                if (oldest := writes.popleft()).command_execution_status != _COMPLETE:
                    writes.appendleft(oldest)
                    return
            except IndexError:  # another thread was faster
                return

    def full(self, shape: tuple[int, ...], value: float, dtype: np.dtype) -> BufferStorage:
        """Storage filled with one number."""
        self.require(dtype_of(dtype))
        storage = self.runtime.allocate(shape, dtype)
        self.runtime.fill(storage, value)
        return storage

    def get(self, storage: BufferStorage) -> np.ndarray:
        return self.runtime.read(storage)

    def get_all(self, storages: Sequence[BufferStorage]) -> list[np.ndarray]:
        return self.runtime.read_all(storages)

    def execute(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> BufferStorage:
        if isinstance(primitive.lowering, OnHost):
            return self._on_host(primitive, operands, params)
        signature = [(x.shape, x.dtype) if isinstance(x, BufferStorage) else None for x in operands]
        key = (primitive, *signature, *params.values())
        plan = self._plans[key]
        if plan is None:
            plan = self._plans[key] = self._prepare(primitive, operands, params)
        return plan(operands)

    def _prepare(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> Plan:
        specs: Any = tuple(map(spec_of, operands))
        output: Spec = primitive.infer(*specs, **params)
        self.require(output.dtype)
        lowering = primitive.lowering
        parts = isinstance(lowering, Joined) and any(x.dtype is not part_dtype(output.dtype) for x in specs)
        if parts or (not isinstance(lowering, _MOVES) and _holds_complex(specs, output)):
            return lambda operands: self._on_host(primitive, operands, params)
        assert not isinstance(lowering, OnHost)  # for which nothing is prepared
        match lowering:
            case Expression() as expression:
                return plan_expression(self.runtime, primitive.name, expression, specs, params, output)
            case Movement() as movement:
                return plan_movement(self.runtime, movement, specs[0], params, output)
            case Placement() as placement:
                return plan_placement(self.runtime, placement, specs[0], params, output)
            case Reinterpretation():
                return plan_reinterpretation(output.shape)
            case ComplexPart() as part:
                return plan_part(self.runtime, part, specs[0], output)
            case Joined():
                return plan_joined(self.runtime, specs, output)
            case Fold() as fold:
                return plan_fold(self.runtime, fold, specs[0], params["axes"], output)
            case Kernel(name):
                return _BY_NAME[name](self.runtime, primitive, specs, params, output)

    def execute_once(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> BufferStorage:
        # On the host where that gives the same bits (but a NaN's): what moves numbers, and what is rounded once.
        specs: Any = tuple(map(spec_of, operands))
        output: Spec = primitive.infer(*specs, **params)
        kind = output.dtype.numpy
        if prod(output.shape) * kind.itemsize > _MOST_ONCE:
            return self.execute(primitive, operands, params)
        if isinstance(primitive.lowering, (Movement, Placement, Reinterpretation)):
            return self._put_known(_HOST.execute(primitive, self._read(operands), params))
        if output.dtype not in (float32, float64) or not isinstance(primitive.lowering, Expression):
            return self.execute(primitive, operands, params)
        expression = primitive.lowering.specialized(False, params)
        if not self.runtime.keeps_subnormals or not is_rounded_once(expression):
            return self.execute(primitive, operands, params)
        with np.errstate(all="ignore"):
            try:
                numbers = [np.asarray(x, kind) for x in self._read(operands)]
            except OverflowError:  # for which `execute` has words
                return self.execute(primitive, operands, params)
            return self._put_known(np.asarray(on_host_arrays(expression, numbers), kind))

    def _put_known(self, array: np.ndarray) -> BufferStorage:
        """Storage of an array that nobody will change: it need not be read from the device."""
        storage = self.put(array)
        if storage.allocation is None:
            return storage
        known = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return self.parts(storage, [(0, array.shape, dtype_of(array.dtype))], known)[0]

    def _on_host(self, primitive: Primitive, operands: Sequence[Any], params: dict[str, Any]) -> BufferStorage:
        return self.put(_HOST.execute(primitive, self._read(operands), params))

    def _read(self, operands: Sequence[Any]) -> list[Any]:
        return [self.get(x) if isinstance(x, BufferStorage) else x for x in operands]

    def begin_check(self, indices: BufferStorage, size: int) -> BufferStorage:
        key = ("outside", indices.shape, indices.dtype, size)
        plan = self._plans[key]
        if plan is None:
            plan = self._plans[key] = plan_outside(self.runtime, Spec(indices.shape, dtype_of(indices.dtype)), size)
        return plan((indices,))

    def add_in_place(self, target: BufferStorage, addend: BufferStorage) -> bool:
        if target.allocation is None or target.allocation.shared:
            return False
        if target.dtype != addend.dtype or target.dtype.kind != "f":
            return False
        key = (target.shape, target.dtype)
        add = self._sums[key]
        if add is None:
            add = self._sums[key] = sum_in_place(self.runtime, Spec(target.shape, dtype_of(target.dtype)))
        add(target.buffer, addend.buffer, target.buffer)
        return True

    def require(self, dtype: DType) -> None:
        if dtype in (float64, complex128) and not self.runtime.has_float64:
            raise DeviceError(
                f"{self.name} ({self.platform}) does not compute in {dtype}; "
                f"use {'Float32' if dtype is float64 else 'Complex64'} tensors there, or another device such as 'host'"
            )

    def synchronize(self) -> None:
        self.runtime.queue.finish()
        self._drop_done()

    def on_shortage(self, give_back: Callable[[], None]) -> None:
        self.runtime.pool.on_shortage(give_back)

    def memory(self) -> MemoryUse:
        pool = self.runtime.pool
        found = pool.statistics()
        return MemoryUse(found.in_use, found.held - found.in_use, pool.limit.size, found.peak)

    def release_memory(self) -> int:
        if self._started is None:
            return 0
        self._plans.clear()
        self._sums.clear()
        return self._started.pool.release()
