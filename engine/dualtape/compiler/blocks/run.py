"""Running a program in stages: what is shared, then block kernels, then what needs their sums, and so on."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from dualtape.compiler.blocks.emit import BlockKernel, Entry, block_kernel
from dualtape.compiler.blocks.find import Division, NotBlockable, Region, choose_division, elements
from dualtape.compiler.blocks.target import Target, target_of
from dualtape.compiler.blocks.tile import with_plain_products
from dualtape.compiler.passes import compute_repeated_once, optimise, remove_dead_code
from dualtape.compiler.program import Constant, Node, Program
from dualtape.compiler.replay import Replay, replayed
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.devices.registry import HOST, devices
from dualtape.dtypes import uint64
from dualtape.errors import DeviceError
from dualtape.tensor import wrap

Arrays = dict[Node, np.ndarray]
Runner = Callable[[Sequence[Storage]], list[Any]]

GROUPS = 2
"""Work-groups for each core: with one, a core that starts late or is busy delays the whole step."""

WORTHWHILE = 1 << 20
"""Elements that a program must compute, for NumPy to take about as many nanoseconds, before a kernel is compiled."""


@dataclass(frozen=True)
class CompiledRegion:
    """A region, and the kernel that runs it.

    Attributes
    ----------
    strict
        The kernel for when a NaN comes out of ``kernel``, whose products are plain ones; None where they need not be.
    """

    region: Region
    target: Target
    kernel: BlockKernel
    strict: Callable[[], BlockKernel] | None


def compile_region(region: Region, target: Target) -> CompiledRegion:
    """Write the kernel of ``region`` for ``target``, with plain products if that is possible."""

    @cache
    def strict() -> BlockKernel:
        return block_kernel(region, target, target.cache_bytes)

    plain = with_plain_products(region.operations)
    if plain is None:
        return CompiledRegion(region, target, strict(), None)
    kernel = block_kernel(replace(region, operations=plain), target, target.cache_bytes)
    return CompiledRegion(region, target, kernel, strict)


class Launch:
    """A compiled region on a device, with the memory that it works in."""

    def __init__(self, compiled: CompiledRegion, device: KernelDevice) -> None:
        self.kernel, self.region, self._strict = compiled.kernel, compiled.region, compiled.strict
        self._device = device
        self._dtype = self.region.dtype
        self._built: dict[int, BuiltKernel] = {}
        tiles = -(-self.region.points // compiled.target.lanes)
        self._groups = min(tiles, GROUPS * device.architecture.cores)
        self._scratch = device.allocate((self._groups * self.kernel.scratch,), self._dtype)
        self._sums = device.allocate((self._groups * self.kernel.sums,), self._dtype)
        self._uploads: dict[int, tuple[Any, Storage]] = {}

    def start(self, values: Arrays, resident: dict[Node, Storage]) -> Callable[[], Arrays]:
        """Begin with arrays of the host, or resident on the device; the function waits for the results."""
        device, region = self._device, self.region
        packed = np.empty(self.kernel.shared_size, self._dtype.numpy)
        for node, first in self.kernel.shared.items():
            array = values[node]
            packed[first : first + array.size] = array.ravel()
        loaded = [
            resident[array.node] if array.node in resident else self._uploaded(values[array.node])
            for array, _ in region.loaded
        ]
        stored = [device.allocate(array.node.spec.shape, array.node.spec.dtype) for array, _ in region.stored]
        inputs = [*loaded, device.put(packed)]
        totals = self._enqueue(self.kernel, inputs, stored)

        def finish() -> Arrays:
            sums, arrays = self._results(totals, stored)
            if self._strict and any(_has_nan(x) for x in (sums, *arrays)):
                sums, arrays = self._results(self._enqueue(self._strict(), inputs, stored), stored)
            found = {node: _result(sums, self.kernel.entries[node]).reshape(node.spec.shape) for node in region.summed}
            return found | {array.node: value for (array, _), value in zip(region.stored, arrays, strict=True)}

        return finish

    def _enqueue(self, kernel: BlockKernel, inputs: list[Storage], stored: list[Storage]) -> Storage:
        """Launch the kernel; where each work-group leaves its sums."""
        launch = self._built.get(id(kernel)) or self._build(kernel, len(inputs), len(stored))
        totals = self._device.allocate((self._groups, kernel.entry_count), self._dtype)
        memory = (self._scratch, self._sums, totals)
        launch(self._groups, kernel.work_items, *inputs, *memory, self.region.points, kernel.scratch, *stored)
        return totals

    def _build(self, kernel: BlockKernel, inputs: int, stored: int) -> BuiltKernel:
        arguments = (*[None] * (inputs + 3), uint64, uint64, *[None] * stored)
        built = self._built[id(kernel)] = self._device.build("dt_block", kernel.source, arguments)
        return built

    def _results(self, totals: Storage, stored: list[Storage]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The sums of all work-groups, added in their order, and the arrays."""
        rows, *arrays = self._device.get_all([totals, *stored])
        return rows.sum(axis=0, dtype=self._dtype.numpy), arrays

    def _uploaded(self, array: np.ndarray) -> Storage:
        """The values on the device; arrays are immutable, so each is sent once while it lives."""
        known = self._uploads.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        self._uploads = {key: held for key, held in self._uploads.items() if held[0]() is not None}
        sent = self._device.put(array)
        self._uploads[id(array)] = (weakref.ref(array), sent)
        return sent


class BlockPlan:
    """A divided program on a device with kernels, for inputs and results on ``home``.

    What runs between kernels is small, and runs on the host, wherever inputs and results are.
    """

    def __init__(self, program: Program, division: Division, home: Device, device: KernelDevice) -> None:
        self._program, self._home = program, home
        architecture = device.architecture
        self.launches = [
            [Launch(compile_region(x, target_of(architecture, x.dtype)), device) for x in stage.regions]
            for stage in division.stages
        ]
        shared = {node for region in division.regions for node in region.shared}
        loaded = {array.node for region in division.regions for array, _ in region.loaded}
        resident = loaded if home is device else set()
        self._replays, read = _replays(division, shared | loaded | set(program.results))
        fetched = read | shared | loaded - resident
        self._fetched = [(i, node) for i, node in enumerate(program.inputs) if node in fetched]
        self._resident = [(i, node) for i, node in enumerate(program.inputs) if node in resident]
        known = (x for x in (*shared, *loaded, *program.results) if isinstance(x, Constant))
        self._known = {node: node.value.asnumpy() for node in known}

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        home = self._home
        given = [arguments[i] for i, _ in self._fetched]
        # On the host the arrays themselves, not views: those that were sent to the device are known by identity.
        arrays: Sequence[Any] = given if home is HOST else home.get_all(given)
        values = self._known | dict(zip((node for _, node in self._fetched), arrays, strict=True))
        resident = {node: arguments[i] for i, node in self._resident}
        for (reads, outputs, replay), launches in zip(self._replays, self.launches, strict=True):
            values |= zip(outputs, replay.run([values[node] for node in reads]), strict=True)
            # All kernels are on their way before the first result is waited for.
            for finish in [launch.start(values, resident) for launch in launches]:
                values |= finish()
        program = self._program
        results = dict(zip(program.inputs, arguments, strict=True))
        for node in program.results:
            if node not in results:
                results[node] = values[node] if home is HOST else home.put(values[node])
        return [wrap(results[x], home) if isinstance(x, Node) else x for x in program.outputs]


_Part = tuple[tuple[Node, ...], tuple[Node, ...], Replay]


def _replays(division: Division, wanted: set[Node]) -> tuple[list[_Part], set[Node]]:
    """What runs before the kernels of each stage: what it reads, what it gives to others, and how; all it reads."""
    read: set[Node] = set()
    parts: list[_Part] = []
    for stage in reversed(division.stages):
        made = {equation.output for equation in stage.equations}
        outputs = tuple(equation.output for equation in stage.equations if equation.output in wanted | read)
        part = remove_dead_code(Program((), stage.equations, outputs))
        reads = dict.fromkeys(node for x in part.equations for node in x.reads if not isinstance(node, Constant))
        inputs = tuple(node for node in reads if node not in made)
        parts.append((inputs, outputs, replayed(Program(inputs, part.equations, outputs), HOST)))
        read.update(inputs)
    return parts[::-1], read


def _has_nan(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    rows = sums[entry.start : entry.start + entry.rows * entry.padded].reshape(entry.rows, entry.padded)
    used = rows[:, : entry.columns]
    return used.T if entry.transposed else used


def blocked(program: Program, home: Device, device: KernelDevice) -> tuple[BlockPlan, Division]:
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
        if not isinstance(device, KernelDevice):
            raise NotBlockable(f"{device} is not an OpenCL device")
        plan, division = blocked(program, home, device)
    except (NotBlockable, DeviceError) as reason:
        return replayed(program, home), "", f"runs operation by operation on {home}: {reason}"
    kernels = [launch.kernel.source for launches in plan.launches for launch in launches]
    return (
        _Guarded(plan, program, home),
        "\n".join(kernels),
        f"runs {_in_words(division)}, block by block, on {device}{_left(division)}",
    )


class _Guarded:
    """A plan, until its device turns out not to build or launch its kernels; then operation by operation."""

    def __init__(self, plan: BlockPlan, program: Program, home: Device) -> None:
        self._plan: Runner = plan
        self._program, self._home = program, home
        self._works = False

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        if self._works:
            return self._plan(arguments)
        try:
            results = self._plan(arguments)
        except DeviceError as failure:
            warnings.warn(f"a jitted function runs operation by operation on {self._home}: {failure}", stacklevel=4)
            self._plan = replayed(self._program, self._home)
            results = self._plan(arguments)
        self._works = True
        return results


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
    for device in devices():
        try:
            if isinstance(device, KernelDevice) and device.architecture.is_processor:
                return device
        except DeviceError as failure:  # one that does not work is no reason to do without the others
            reasons.append(str(failure))
    raise NotBlockable("; ".join(reasons) or "there is no OpenCL device that is a processor")
