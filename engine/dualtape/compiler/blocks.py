"""Running a program in stages: what is shared, then block kernels, then what needs their sums, and so on."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from dualtape.compiler.answers import NotBlockable
from dualtape.compiler.division import choose_division, elements
from dualtape.compiler.emission import Target
from dualtape.compiler.kernel import BlockKernel, block_kernel
from dualtape.compiler.optimism import with_plain_products
from dualtape.compiler.passes import optimise, remove_dead_code
from dualtape.compiler.program import Constant, Node, Program
from dualtape.compiler.regions import Division, Region
from dualtape.compiler.repetition import compute_repeated_once
from dualtape.compiler.replay import Replay, replayed
from dualtape.compiler.sums import Entry
from dualtape.devices.device import Device
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST
from dualtape.dtypes import float32
from dualtape.errors import DeviceError
from dualtape.tensor import wrap

Storage = Any
Values = dict[Node, Storage]
Runner = Callable[[Sequence[Storage]], list[Any]]

GROUPS = 2
"""Work-groups for each core: with one, a core that starts late or is busy delays the whole step."""

WORTHWHILE = 1 << 20
"""Elements that a program must compute, for NumPy to take about as many nanoseconds, before a kernel is compiled."""


def target_of(device: Any, region: Region) -> Target:
    """The vectors with which ``device`` computes a region."""
    runtime = device.runtime
    bits = region.dtype.bits
    lanes = min(16, runtime.lanes(bits // 8))
    wide = f"__attribute__((noinline, min_vector_width({lanes * bits})))"
    return Target("float" if region.dtype is float32 else "double", lanes, bits, wide)


class Launch:
    """A region compiled for an OpenCL device, with the memory that it works in."""

    def __init__(self, region: Region, home: Device, device: Any) -> None:
        self.region = region
        self._home, self._device = home, device
        self._dtype = region.dtype.numpy
        runtime = device.runtime
        target = target_of(device, region)
        cache_bytes = runtime.handle.local_mem_size
        self._strict = cache(lambda: block_kernel(region, target, cache_bytes))
        plain = with_plain_products(region.operations)
        self._is_plain = plain is not None
        self.kernel = block_kernel(replace(region, operations=plain), target, cache_bytes) if plain else self._strict()
        tiles = -(-region.points // target.lanes)
        self._groups = min(tiles, GROUPS * runtime.handle.max_compute_units)
        self._scratch = runtime.allocate((self._groups * self.kernel.scratch,), self._dtype)
        self._sums = runtime.allocate((self._groups * self.kernel.sums,), self._dtype)
        self._uploads: dict[int, tuple[Any, Any]] = {}

    @property
    def reads(self) -> Iterable[Node]:
        """The values that must be there before a start."""
        arrays = (array.node for array in self.region.loaded)
        return (node for node in (*self.region.shared, *arrays) if not isinstance(node, Constant))

    def start(self, values: Values) -> Callable[[], Values]:
        """Begin with values on the home device; the function waits for the sums and arrays and gives them."""
        device, region = self._device, self.region
        packed = np.empty(self.kernel.shared_size, self._dtype)
        for node, first in self.kernel.shared.items():
            array = node.value.asnumpy() if isinstance(node, Constant) else self._home.get(values[node])
            packed[first : first + array.size] = array.ravel()
        arrays = (array.node for array in region.loaded)
        loaded = [
            self._uploaded(x.value.to(self._home).data_ if isinstance(x, Constant) else values[x]) for x in arrays
        ]
        stored = [device.runtime.new(array.node.spec.shape, array.node.spec.dtype) for array, _ in region.stored]
        inputs = [*loaded, device.put(packed)]
        totals = self._enqueue(self.kernel, inputs, stored)

        def finish() -> Values:
            sums, arrays = self._results(totals, stored)
            if self._is_plain and any(_has_nan(x) for x in (sums, *arrays)):
                sums, arrays = self._results(self._enqueue(self._strict(), inputs, stored), stored)
            found = {node: _result(sums, self.kernel.entries[node]).reshape(node.spec.shape) for node in region.summed}
            found |= {array.node: value for (array, _), value in zip(region.stored, arrays, strict=True)}
            return {node: self._home.put(value) for node, value in found.items()}

        return finish

    def _enqueue(self, kernel: BlockKernel, inputs: list[Any], stored: list[Any]) -> Any:
        """Launch the kernel; where each work-group leaves its sums."""
        runtime = self._device.runtime
        scalars = (*[None] * (len(inputs) + 3), np.uint64, np.uint64, *[None] * len(stored))
        launch = runtime.kernel("dt_block", kernel.source, scalars)
        totals = runtime.allocate((self._groups, kernel.entry_count), self._dtype)
        memory = (self._scratch.buffer, self._sums.buffer, totals.buffer)
        sizes = (self.region.points, kernel.scratch)
        buffers = (x.buffer for x in inputs)
        launch((self._groups,), (1,), *buffers, *memory, *sizes, *(x.buffer for x in stored))
        return totals

    def _results(self, totals: Any, stored: list[Any]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The sums of all work-groups, added in their order, and the arrays."""
        sums = self._device.get(totals).sum(axis=0, dtype=self._dtype)
        return sums, [self._device.get(x) for x in stored]

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


class BlockPlan:
    """A divided program on an OpenCL device, for inputs and results on ``home``."""

    def __init__(self, program: Program, division: Division, home: Device, device: Any) -> None:
        self._program, self._home = program, home
        self.launches = [[Launch(region, home, device) for region in stage.regions] for stage in division.stages]
        self._constants = _constants(program, home)
        self._replays: list[tuple[tuple[Node, ...], tuple[Node, ...], Replay]] = []
        later: set[Node] = set(program.results)
        parts = []
        for stage, launches in zip(reversed(division.stages), reversed(self.launches), strict=True):
            later.update(node for launch in launches for node in launch.reads)
            made = {equation.output for equation in stage.equations}
            reads = dict.fromkeys(n for e in stage.equations for n in e.reads if not isinstance(n, Constant))
            inputs = tuple(node for node in reads if node not in made)
            outputs = tuple(equation.output for equation in stage.equations if equation.output in later)
            part = remove_dead_code(Program(inputs, stage.equations, outputs))
            parts.append((inputs, outputs, replayed(part, home)))
            later.update(inputs)
        self._replays = parts[::-1]

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        values: Values = dict(zip(self._program.inputs, arguments, strict=True)) | self._constants
        for (inputs, outputs, replay), launches in zip(self._replays, self.launches, strict=True):
            values |= zip(outputs, replay.run([values[node] for node in inputs]), strict=True)
            # All kernels are on their way before the first result is waited for.
            for finish in [launch.start(values) for launch in launches]:
                values |= finish()
        return [wrap(values[x], self._home) if isinstance(x, Node) else x for x in self._program.outputs]


def _constants(program: Program, home: Device) -> Values:
    """Results that were known from the start."""
    return {node: node.value.to(home).data_ for node in program.results if isinstance(node, Constant)}


def _has_nan(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    rows = sums[entry.start : entry.start + entry.rows * entry.padded].reshape(entry.rows, entry.padded)
    used = rows[:, : entry.columns]
    return used.T if entry.transposed else used


def blocked(program: Program, home: Device, device: Device) -> tuple[BlockPlan, Division]:
    """A plan that runs ``program`` in blocks of points on ``device``, or :class:`NotBlockable`."""
    prepared = optimise(compute_repeated_once(program))
    division = choose_division(prepared)
    for region in division.regions:
        device.require(region.dtype)
    return BlockPlan(prepared, division, home, device), division


def planned(program: Program, home: Device, chosen: Device | None) -> tuple[Runner, str, str]:
    """How a program is run, the OpenCL C of its kernels, and why it is run so.

    ``chosen`` is the device that the user asked for. Without one, only programs that move enough numbers to be worth
    the compilation of a kernel run in blocks.
    """
    try:
        device = chosen or _worthwhile_device(program, home)
        if not is_processor(device):
            raise NotBlockable(f"{device} is not an OpenCL device that is a processor")
        plan, division = blocked(program, home, device)
    except (NotBlockable, DeviceError) as reason:
        return replayed(program, home), "", f"runs operation by operation on {home}: {reason}"
    kernels = [launch.kernel.source for launches in plan.launches for launch in launches]
    return plan, "\n".join(kernels), f"runs {_in_words(division)}, block by block, on {device}{_left(division)}"


def _in_words(division: Division) -> str:
    parts = [f"{len(x.operations)} operations at {x.points} points" for x in division.regions]
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


def _left(division: Division) -> str:
    return f"; operation by operation: {'; '.join(division.reasons)}" if division.reasons else ""


def _worthwhile_device(program: Program, home: Device) -> Device:
    count = elements(program.equations)
    if count < WORTHWHILE:
        raise NotBlockable(f"{count} elements are too few to be worth compiling a kernel")
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
