"""Running a program in three stages: what is shared, the block kernel, what needs its sums."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from math import prod
from typing import Any

import numpy as np

from dualtape.compiler.answers import NotBlockable
from dualtape.compiler.emission import Target
from dualtape.compiler.kernel import BlockKernel, block_kernel
from dualtape.compiler.optimism import with_plain_products
from dualtape.compiler.passes import optimise, remove_dead_code
from dualtape.compiler.program import Constant, Equation, Program
from dualtape.compiler.regions import Region, find_region, point_counts
from dualtape.compiler.repetition import compute_repeated_once
from dualtape.compiler.replay import replayed
from dualtape.compiler.sums import Entry
from dualtape.devices.device import Device
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST
from dualtape.dtypes import float32
from dualtape.errors import DeviceError

Storage = Any
Runner = Callable[[Sequence[Storage]], list[Any]]

GROUPS = 2
"""Work-groups for each core: with one, a core that starts late or is busy delays the whole step."""

WORTHWHILE = 1 << 20
"""Elements that a program must compute, for NumPy to take about as many nanoseconds, before a kernel is compiled."""


def choose_region(program: Program) -> tuple[Program, Region]:
    """The program as blocks run it and the region that holds most of it, or :class:`NotBlockable` with the reasons."""
    prepared = optimise(compute_repeated_once(program))
    reasons: list[str] = []
    regions: list[Region] = []
    for points in point_counts(prepared):
        try:
            regions.append(find_region(prepared, points))
        except NotBlockable as reason:
            reasons.append(f"over {points} points: {reason}")
    total = _elements(prepared.equations)
    most = [region for region in regions if 2 * _elements_outside(region) <= total]
    if most:
        return prepared, max(most, key=lambda region: region.points)
    reasons += [f"over {region.points} points: most of the work is not at the points" for region in regions]
    raise NotBlockable("; ".join(reasons) or "no input has an axis of points")


def _elements(equations: Sequence[Equation]) -> int:
    return sum(prod(equation.output.spec.shape) for equation in equations)


def _elements_outside(region: Region) -> int:
    return _elements(region.before) + _elements(region.after)


def target_of(device: Any, region: Region) -> Target:
    """The vectors with which ``device`` computes a region."""
    runtime = device.runtime
    bits = region.dtype.bits
    lanes = min(16, runtime.lanes(bits // 8))
    wide = f"__attribute__((noinline, min_vector_width({lanes * bits})))"
    return Target("float" if region.dtype is float32 else "double", lanes, bits, wide)


class BlockPlan:
    """A program in three stages on an OpenCL device, for inputs and results on ``home``."""

    def __init__(self, program: Program, region: Region, home: Device, device: Any) -> None:
        self._home = home
        self._device = device
        self.region = region
        self._dtype = region.dtype.numpy
        target = target_of(device, region)
        cache_bytes = device.runtime.handle.local_mem_size
        self._strict = cache(lambda: block_kernel(region, target, cache_bytes))
        plain = with_plain_products(region.operations)
        self._is_plain = plain is not None
        self.kernel = block_kernel(replace(region, operations=plain), target, cache_bytes) if plain else self._strict()
        self._prepare_stages(program, home)
        runtime = device.runtime
        tiles = -(-region.points // target.lanes)
        self._groups = min(tiles, GROUPS * runtime.handle.max_compute_units)
        self._uploads: dict[int, tuple[Any, Any]] = {}
        self._scratch = runtime.allocate((self._groups * self.kernel.scratch,), self._dtype)
        self._sums = runtime.allocate((self._groups * self.kernel.sums,), self._dtype)

    def _prepare_stages(self, program: Program, home: Device) -> None:
        region = self.region
        made_before = {equation.output for equation in region.before}
        late_reads = {n for e in region.after for n in e.reads} | set(program.results)
        # What the last stage reads of the first is handed on; its inputs are the sums, then those.
        passed = [node for node in late_reads if node in made_before]
        wanted = [node for node in region.shared if not isinstance(node, Constant)]
        first = Program(program.inputs, region.before, (*wanted, *passed))
        self._before = replayed(first, home)
        self._wanted = wanted
        stored = [array.node for array, _ in region.stored]
        last = Program((*program.inputs, *passed, *region.summed, *stored), region.after, program.outputs)
        self._after = replayed(remove_dead_code(last), home)
        self._inputs = program.inputs

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        region, kernel, device = self.region, self.kernel, self._device
        early = [x.data_ for x in self._before(arguments)]
        given = dict(zip(self._inputs, arguments, strict=True)) | dict(zip(self._wanted, early, strict=False))
        packed = np.empty(kernel.shared_size, self._dtype)
        for node, start in kernel.shared.items():
            array = node.value.asnumpy() if isinstance(node, Constant) else self._home.get(given[node])
            packed[start : start + array.size] = array.ravel()
        shared = device.put(packed)
        given |= {array.node: array.node.value.data_ for array in region.loaded if isinstance(array.node, Constant)}
        loaded = [self._uploaded(given[array.node]) for array in region.loaded]
        stored = [device.runtime.new(array.node.spec.shape, array.node.spec.dtype) for array, _ in region.stored]
        inputs = [*(x.buffer for x in loaded), shared.buffer]
        sums = self._run(kernel, inputs, stored)
        results = [device.get(x) for x in stored]
        if self._is_plain and any(_has_nan(x) for x in (sums, *results)):
            sums = self._run(self._strict(), inputs, stored)
            results = [device.get(x) for x in stored]
        summed = []
        for node in region.summed:
            summed.append(self._home.put(_result(sums, kernel.entries[node]).reshape(node.spec.shape)))
        late = [*summed, *(self._home.put(x) for x in results)]
        return self._after([*arguments, *early[len(self._wanted) :], *late])

    def _run(self, kernel: BlockKernel, inputs: list[Any], stored: list[Any]) -> np.ndarray:
        """Launch the kernel; the sums of all its work-groups, added in their order."""
        runtime = self._device.runtime
        scalars = (*[None] * (len(inputs) + 3), np.uint64, np.uint64, *[None] * len(stored))
        launch = runtime.kernel("dt_block", kernel.source, scalars)
        totals = runtime.allocate((self._groups, kernel.entry_count), self._dtype)
        memory = (self._scratch.buffer, self._sums.buffer, totals.buffer)
        sizes = (self.region.points, kernel.scratch)
        launch((self._groups,), (1,), *inputs, *memory, *sizes, *(x.buffer for x in stored))
        return self._device.get(totals).sum(axis=0, dtype=self._dtype)  # type: ignore[no-any-return]

    def _uploaded(self, storage: Storage) -> Any:
        """The values on the block's device; arrays are immutable, so each is sent once while it lives."""
        if self._home is self._device:
            return storage
        known = self._uploads.get(id(storage))
        if known is not None and known[0]() is storage:
            return known[1]
        self._uploads = {key: held for key, held in self._uploads.items() if held[0]() is not None}
        sent = self._device.put(storage)
        self._uploads[id(storage)] = (weakref.ref(storage), sent)
        return sent


def _has_nan(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    rows = sums[entry.start : entry.start + entry.rows * entry.padded].reshape(entry.rows, entry.padded)
    used = rows[:, : entry.columns]
    return used.T if entry.transposed else used


def blocked(program: Program, home: Device, device: Device) -> BlockPlan:
    """A plan that runs ``program`` in blocks of points on ``device``, or :class:`NotBlockable`."""
    prepared, region = choose_region(program)
    device.require(region.dtype)
    return BlockPlan(prepared, region, home, device)


def planned(program: Program, home: Device, chosen: Device | None) -> tuple[Runner, str, str]:
    """How a program is run, the OpenCL C of its kernel, and why it is run so.

    ``chosen`` is the device that the user asked for. Without one, only programs that move enough numbers to be worth
    the compilation of a kernel run in blocks.
    """
    try:
        device = chosen or _worthwhile_device(program, home)
        if not is_processor(device):
            raise NotBlockable(f"{device} is not an OpenCL device that is a processor")
        plan = blocked(program, home, device)
    except (NotBlockable, DeviceError) as reason:
        return replayed(program, home), "", f"runs operation by operation on {home}: {reason}"
    count, points = len(plan.region.operations), plan.region.points
    return plan, plan.kernel.source, f"runs {count} operations at {points} points, block by block, on {device}"


def _worthwhile_device(program: Program, home: Device) -> Device:
    elements = _elements(program.equations)
    if elements < WORTHWHILE:
        raise NotBlockable(f"{elements} elements are too few to be worth compiling a kernel")
    if home is not HOST:
        return home
    reasons = []
    for device in opencl_devices():
        try:
            if is_processor(device):
                return device
        except DeviceError as failure:  # one that does not work is no reason to do without the others
            reasons.append(str(failure))
    raise NotBlockable("; ".join(reasons) or "there is no OpenCL device that is a processor")


def is_processor(device: Any) -> bool:
    """Whether it is an OpenCL device whose work-items are threads of a processor, as block kernels want them."""
    return device is not HOST and device.runtime.is_cpu
