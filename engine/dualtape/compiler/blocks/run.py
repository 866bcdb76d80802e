"""Running a divided program: what is shared, then block kernels, then what needs their sums, and so on.

What a kernel reads goes to the device, and what it leaves there comes back.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualtape.compiler.blocks.emit import BlockKernel, CompiledRegion, Entry
from dualtape.compiler.blocks.find import Division, Region
from dualtape.compiler.passes import remove_dead_code
from dualtape.compiler.program import Equation, KnownNode, Node, Program
from dualtape.compiler.replay import Replay, Runner, replayed
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.devices.registry import HOST
from dualtape.dtypes import uint64
from dualtape.errors import DeviceError, DeviceMemoryError, ForkedError
from dualtape.tensor import wrap

HostArrays = dict[Node, np.ndarray]

GROUPS = 2
"""Work-groups for each core: with one, a core that starts late or is busy delays the whole step."""


class Launch:
    """A compiled region on a device, with the memory that it works in, from the first start on."""

    def __init__(self, compiled: CompiledRegion, device: KernelDevice) -> None:
        self.kernel, self.region, self._compiled = compiled.kernel, compiled.region, compiled
        self._device, self._dtype = device, self.region.dtype
        self._built: dict[int, BuiltKernel] = {}
        tiles = -(-self.region.points // compiled.target.lanes)
        self._groups = min(tiles, GROUPS * device.architecture.cores)
        self._memory: tuple[Storage, Storage] | None = None
        self._uploads: dict[int, tuple[Any, Storage]] = {}
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        """Drop what the next start makes anew."""
        self._memory = None
        self._uploads = {}

    def start(self, values: HostArrays, resident: dict[Node, Storage]) -> Callable[[], HostArrays]:
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

        def finish() -> HostArrays:
            sums, arrays = self._results(totals, stored)
            if self._compiled.is_plain and any(x.dtype.kind == "f" and np.isnan(x).any() for x in (sums, *arrays)):
                sums, arrays = self._results(self._enqueue(self._compiled.strict, inputs, stored), stored)
            found = {node: _result(sums, self.kernel.entries[node]).reshape(node.spec.shape) for node in region.summed}
            return found | {array.node: value for (array, _), value in zip(region.stored, arrays, strict=True)}

        return finish

    def _enqueue(self, kernel: BlockKernel, inputs: list[Storage], stored: list[Storage]) -> Storage:
        """Launch the kernel; where each work-group leaves its sums."""
        if id(kernel) not in self._built:
            arguments = (*[None] * (len(inputs) + 3), uint64, uint64, *[None] * len(stored))
            self._built[id(kernel)] = self._device.build("dt_block", kernel.source, arguments)
        totals = self._device.allocate((self._groups, kernel.entry_count), self._dtype)
        memory = self._memory
        if memory is None:
            sizes = (self._groups * self.kernel.scratch, self._groups * self.kernel.sums)
            scratch, sums = (self._device.allocate((size,), self._dtype) for size in sizes)
            memory = self._memory = scratch, sums
        launch = self._built[id(kernel)]
        launch(self._groups, kernel.work_items, *inputs, *memory, totals, self.region.points, kernel.scratch, *stored)
        return totals

    def _results(self, totals: Storage, stored: list[Storage]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The sums of all work-groups, added in their order, and the arrays."""
        rows, *arrays = self._device.get_all([totals, *stored])
        return rows.sum(axis=0, dtype=np.float64).astype(self._dtype.numpy), arrays

    def _uploaded(self, array: np.ndarray) -> Storage:
        """The values on the device; arrays are immutable, so each is sent once while it lives."""
        known = self._uploads.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        sent = self._device.put(array)
        # Replaced as a whole: another thread, or a signal handler, may do the same at this moment.
        living = {key: held for key, held in self._uploads.items() if held[0]() is not None}
        self._uploads = living | {id(array): (weakref.ref(array), sent)}
        return sent


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    rows = sums[entry.start : entry.start + entry.rows * entry.padded].reshape(entry.rows, entry.padded)
    used = rows[:, : entry.columns]
    return used.T if entry.transposed else used


@dataclass(frozen=True)
class _Stage:
    """Equations on shared values, from ``reads`` to ``outputs``, and the kernels that run after them."""

    reads: tuple[Node, ...]
    outputs: tuple[Node, ...]
    replay: Replay
    launches: tuple[Launch, ...]


class BlockPlan:
    """A divided program on a device with kernels, for inputs and results on ``home``.

    What runs between kernels is small, and runs on the host, wherever inputs and results are.

    Parameters
    ----------
    fetched, resident
        The inputs, by their place, that are needed on the host, and those that kernels read where they are.
    known
        The constants.
    """

    def __init__(
        self, program: Program, home: Device, stages: list[_Stage], fetched: set[Node], resident: set[Node],
        known: HostArrays,
    ) -> None:  # fmt: skip
        self._program, self._home, self._stages, self._known = program, home, stages, known
        self._fetched = [(i, node) for i, node in enumerate(program.inputs) if node in fetched]
        self._resident = [(i, node) for i, node in enumerate(program.inputs) if node in resident]

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        home = self._home
        given = [arguments[i] for i, _ in self._fetched]
        # On the host the arrays themselves, not views: those that were sent to the device are known by identity.
        arrays: Sequence[Any] = given if home is HOST else home.get_all(given)
        values = self._known | dict(zip((node for _, node in self._fetched), arrays, strict=True))
        resident = {node: arguments[i] for i, node in self._resident}
        for stage in self._stages:
            values |= zip(stage.outputs, stage.replay.run([values[node] for node in stage.reads], []), strict=True)
            # All kernels are on their way before the first result is waited for.
            for finish in [launch.start(values, resident) for launch in stage.launches]:
                values |= finish()
        program = self._program
        results = dict(zip(program.inputs, arguments, strict=True))
        for node in program.results:
            if node not in results:
                results[node] = values[node] if home is HOST else home.put(values[node])
        return [wrap(results[x], home) if isinstance(x, Node) else x for x in program.outputs]


def plan_blocks(
    program: Program, division: Division, kernels: Mapping[Region, CompiledRegion], home: Device, device: KernelDevice
) -> BlockPlan:
    """How ``program`` runs as divided, with the kernels of its regions on ``device``."""
    shared = {node for region in division.regions for node in region.shared}
    loaded = {array.node for region in division.regions for array, _ in region.loaded}
    resident = loaded if home is device else set()
    wanted = shared | loaded | set(program.results)
    read: set[Node] = set()
    stages: list[_Stage] = []
    for stage in reversed(division.stages):
        part = _part(stage.equations, wanted | read)
        launches = tuple(Launch(kernels[region], device) for region in stage.regions)
        stages.append(_Stage(part.inputs, part.results, replayed(part, HOST), launches))
        read.update(part.inputs)
    known: HostArrays = {node: node.value.asnumpy() for node in wanted if isinstance(node, KnownNode)}
    return BlockPlan(program, home, stages[::-1], read | shared | loaded - resident, resident, known)


def _part(equations: tuple[Equation, ...], wanted: set[Node]) -> Program:
    """A program of those of the equations that lead to wanted values."""
    made = dict.fromkeys(equation.output for equation in equations)
    outputs = tuple(node for node in made if node in wanted)
    needed = remove_dead_code(Program((), equations, outputs)).equations
    reads = dict.fromkeys(node for x in needed for node in x.reads if not isinstance(node, KnownNode))
    return Program(tuple(node for node in reads if node not in made), needed, outputs)


class Guarded:
    """A plan, until its device turns out not to build or launch its kernels; then operation by operation.

    Once it has worked, that is only so for a device that a fork has taken away.
    """

    def __init__(self, plan: BlockPlan, program: Program, home: Device) -> None:
        self._plan: Runner = plan
        self._program, self._home = program, home
        self._refusals: type[DeviceError] = DeviceError

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        try:
            results = self._plan(arguments)
        except DeviceMemoryError:
            raise
        except self._refusals as failure:
            warnings.warn(f"a jitted function runs operation by operation on {self._home}: {failure}", stacklevel=4)
            self._plan = replayed(self._program, self._home)
            results = self._plan(arguments)
        self._refusals = ForkedError
        return results
