"""Running a divided program with the host between its kernels: for what the loops of a kernel cannot say.

What a kernel reads goes to the device, and what it leaves there comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualtape.compiler.blocks.emit import Entry
from dualtape.compiler.blocks.find import Division, Region
from dualtape.compiler.blocks.launch import Launch, Uploads
from dualtape.compiler.passes import remove_dead_code
from dualtape.compiler.program import Equation, KnownNode, Node, Program
from dualtape.compiler.replay import CompileBody, Replay, replayed
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import KernelDevice
from dualtape.devices.registry import HOST
from dualtape.tensor import wrap

HostArrays = dict[Node, np.ndarray]


class RegionRun:
    """A region between equations on the host: what it reads goes to the device, and what it gives comes back."""

    def __init__(self, launch: Launch, uploads: Uploads) -> None:
        self._launch, self.kernel, self.region = launch, launch.kernel, launch.region
        self._uploads = uploads

    def start(self, values: HostArrays, resident: dict[Node, Storage]) -> Callable[[], HostArrays]:
        """Begin with arrays of the host, or resident on the device; the function waits for the results."""
        launch, region, device = self._launch, self.region, self._launch.device
        packed = np.empty(self.kernel.shared_size, launch.dtype.numpy)
        for node, first in self.kernel.shared.items():
            array = values[region.outside(node)]
            packed[first : first + array.size] = array.ravel()
        loaded = [
            resident[node] if node in resident else self._uploads.sent(values[node]) for node in region.arrays_loaded
        ]
        stored = [device.allocate(node.spec.shape, node.spec.dtype) for node in region.arrays_stored]
        shared, totals = device.put(packed), launch.allocate_totals()
        launch.enqueue(loaded, shared, totals, stored)

        def finish() -> HostArrays:
            sums, arrays = self._results(totals, stored)
            if launch.compiled.is_plain and np.isnan(sums).any():
                launch.enqueue(loaded, shared, totals, stored, strict=True)
                sums, arrays = self._results(totals, stored)
            return self._summed(sums) | dict(zip(region.arrays_stored, arrays, strict=True))

        return finish

    def _results(self, totals: Storage, stored: list[Storage]) -> tuple[np.ndarray, list[np.ndarray]]:
        """The sums of all parts of each member, added in their order, and the arrays."""
        launch = self._launch
        rows, *arrays = launch.device.get_all([totals, *stored])
        of_members = rows.reshape(self.region.members, launch.parts, self.kernel.entry_count)
        with np.errstate(over="ignore"):  # they may be beyond the largest number together only
            return of_members.sum(axis=1, dtype=np.float64).astype(launch.dtype.numpy), arrays

    def _summed(self, sums: np.ndarray) -> HostArrays:
        found: HostArrays = {}
        for node in self.region.summed:
            array, outside = _result(sums, self.kernel.entries[node]), self.region.outside(node)
            found[outside] = (array if outside is not node else array[0]).reshape(outside.spec.shape)
        return found


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    """A sum of each member."""
    rows = sums[:, entry.start : entry.start + entry.rows * entry.padded]
    used = rows.reshape(len(sums), entry.rows, entry.padded)[..., : entry.columns]
    return used.swapaxes(1, 2) if entry.transposed else used


@dataclass(frozen=True)
class _Stage:
    """Equations on shared values, from ``reads`` to ``outputs``, and the kernels that run after them."""

    reads: tuple[Node, ...]
    outputs: tuple[Node, ...]
    replay: Replay
    runs: tuple[RegionRun, ...]


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
            for finish in [run.start(values, resident) for run in stage.runs]:
                values |= finish()
        program = self._program
        results = dict(zip(program.inputs, arguments, strict=True))
        for node in program.results:
            if node not in results:
                results[node] = values[node] if home is HOST else home.put(values[node])
        return [wrap(results[x], home) if isinstance(x, Node) else x for x in program.outputs]


def plan_on_host(
    program: Program,
    division: Division,
    launches: Mapping[Region, Launch],
    home: Device,
    device: KernelDevice,
    compile_body: CompileBody,
) -> BlockPlan:
    """How ``program`` runs as divided, with the kernels of its regions on ``device``."""
    shared = {region.outside(node) for region in division.regions for node in region.shared}
    loaded = {node for region in division.regions for node in region.arrays_loaded}
    resident = loaded if home is device else set()
    wanted = shared | loaded | set(program.results)
    read: set[Node] = set()
    stages: list[_Stage] = []
    uploads = Uploads(device)
    for stage in reversed(division.stages):
        part = _part(stage.equations, wanted | read)
        runs = tuple(RegionRun(launches[region], uploads) for region in stage.regions)
        stages.append(_Stage(part.inputs, part.results, replayed(part, HOST, compile_body), runs))
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
