"""Running a divided program on its device from start to end: loops, block kernels, loops that read their sums, ...

What a call sends is one array of the inputs that are on the host, and what it waits for is one array of the results.
With inputs on the device nothing is sent, and what it waits for is whether there was a NaN, with which the tiny results
come. All small results are parts of one piece of memory, so that those of one call are few arguments of the next.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from dualtape.compiler.blocks.launch import Uploads
from dualtape.compiler.blocks.placing import PlacedProgram, RegionStep
from dualtape.compiler.blocks.small_inputs import SmallInputs, Whereabouts
from dualtape.compiler.loops import LoopKernel
from dualtape.compiler.program import Equation, KnownNode, Node
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.devices.registry import HOST
from dualtape.dtypes import int32, uint8
from dualtape.recent import Recent
from dualtape.tensor import wrap

Memory = dict[Hashable, Storage]
RunStep = LoopKernel | Equation | RegionStep
_MOST_TABLES = 32


class ResidentPlan:
    """A placed program on a device with kernels, for inputs and results on ``home``.

    Attributes
    ----------
    launches, operations
        Of kernels of loops, and of operations by themselves, in each run.
    sources
        The texts of these kernels.
    """

    def __init__(self, placed: PlacedProgram, home: Device, device: KernelDevice) -> None:
        self._placed, self._home, self._device = placed, home, device
        kernels = [kernel for kernels, _ in placed.stages for kernel in kernels if isinstance(kernel, LoopKernel)]
        self.launches = len(kernels)
        self.operations = sum(isinstance(step, Equation) for steps, _ in placed.stages for step in steps)
        self.sources = list(dict.fromkeys(kernel.source for kernel in kernels))
        self._built: dict[LoopKernel, BuiltKernel] = {}
        self._tables: Recent[Any, Storage] = Recent(_MOST_TABLES)
        self._steps = _with_last_readings(placed)
        self._uploads = Uploads(device)
        self._constants: Memory | None = None
        inputs = {node: i for i, node in enumerate(placed.program.inputs)}
        self._given = [(node, inputs[node]) for node in placed.given.places]
        self._loaded = [(node, inputs[node]) for node in placed.loaded if node in inputs]
        self._inputs = SmallInputs(placed.small, [inputs[node] for node in placed.small], placed.pieces, device)
        self._parts = [node for node, array in placed.results.items() if array in placed.back.places]
        self._layout = [
            (placed.back.places[placed.results[node]].offset, node.spec.shape, node.spec.dtype) for node in self._parts
        ]
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        """Drop what the next call sends again."""
        self._constants = None

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        placed = self._placed
        memory, places = self._memory(arguments)
        read = self._run(memory, places, strict=False)
        if any(placed.back.array(read, flag) for flag in placed.flags):
            read = self._run(memory, places, strict=True)
        values: dict[Node, Storage] = dict(zip(placed.program.inputs, arguments, strict=True))
        if self._home is HOST:
            values |= {node: placed.back.array(read, array) for node, array in placed.results.items()}
        else:
            values |= {node: memory[array] for node, array in placed.results.items() if array in memory}
            if self._parts:
                values |= zip(self._parts, self._device.parts(memory[placed.back], self._layout, read), strict=True)
        return [wrap(values[x], self._home) if isinstance(x, Node) else x for x in placed.program.outputs]

    def _memory(self, arguments: Sequence[Storage]) -> tuple[Memory, Whereabouts]:
        placed, device = self._placed, self._device
        memory = dict(self._sent_constants())
        places: Whereabouts = ()
        if self._home is HOST:
            arrays: Sequence[Any] = arguments
            if self._given:
                memory[placed.given] = device.put(placed.given.filled((node, arrays[i]) for node, i in self._given))
            memory |= {node: self._uploads.sent(arrays[i]) for node, i in self._loaded}
        else:
            memory |= zip(placed.program.inputs, arguments, strict=True)
            pieces, places = self._inputs.found(arguments)
            memory |= pieces
        for buffer in (placed.work, placed.back):
            if buffer.size:
                memory[buffer] = device.allocate((buffer.size,), uint8)
        return memory, places

    def _array(self, memory: Memory, key: Hashable) -> Storage:
        """What lies in memory there; an array is made when it is first asked for."""
        found = memory.get(key)
        if found is None:
            assert isinstance(key, Node)
            found = memory[key] = self._device.allocate(key.spec.shape, key.spec.dtype)
        return found

    def _sent_constants(self) -> Memory:
        constants = self._constants
        if constants is None:
            placed, put = self._placed, self._device.put
            known = [(node, node.value.asnumpy()) for node in placed.known.places if isinstance(node, KnownNode)]
            constants = {placed.known: put(placed.known.filled(known))} if known else {}
            constants |= {node: put(node.value.asnumpy()) for node in placed.loaded if isinstance(node, KnownNode)}
            self._constants = constants
        return constants

    def _run(self, memory: Memory, places: Whereabouts, strict: bool) -> np.ndarray:
        """Run all stages, and give what the host reads."""
        for step, finished in self._steps:
            found = [self._array(memory, x) for x in _reads(step)]
            if isinstance(step, LoopKernel):
                launch = self._built.get(step) or self._build(step)
                launch(step.groups, step.work_items, self._table(step, places), len(step.table), *found)
            elif isinstance(step, Equation):
                given = iter(found)
                operands = [next(given) if isinstance(x, Node) else x for x in step.operands]
                memory[step.output] = self._device.execute(step.primitive, operands, step.params)
            else:
                shared, totals, *arrays = found
                count = len(step.launch.region.loaded)
                step.launch.enqueue(arrays[:count], shared, totals, arrays[count:], strict)
            for node in finished:
                del memory[node]
        placed, device = self._placed, self._device
        if not placed.read:
            return np.empty(0, np.uint8)
        back = memory[placed.back]
        if placed.read == placed.back.size:
            return device.get_all([back])[0]
        return device.get_all(device.parts(back, [(0, (placed.read,), uint8)]))[0]

    def _build(self, kernel: LoopKernel) -> BuiltKernel:
        arguments = (None, int32, *[None] * len(kernel.buffers))
        found = self._built[kernel] = self._device.build(kernel.name, kernel.source, arguments)
        return found

    def _table(self, kernel: LoopKernel, places: Whereabouts) -> Storage:
        """The table of a kernel on the device, for small inputs at these places."""
        found = self._tables[kernel, places]
        if found is None:
            table = kernel.table_with(self._inputs.places(places))
            found = self._tables[kernel, places] = self._device.put(np.array(table, np.int32))
        return found


def _reads(step: RunStep) -> Sequence[Hashable]:
    """The memory that a step is given."""
    if isinstance(step, LoopKernel):
        return step.buffers
    if isinstance(step, Equation):
        return step.reads
    return (step.shared, step.totals, *step.loaded, *step.stored)


def _with_last_readings(placed: PlacedProgram) -> list[tuple[RunStep, list[Node]]]:
    """All steps, each with the arrays that nobody reads after it: their memory is free for those that come then."""
    kept = set(placed.results.values())
    found: list[tuple[RunStep, list[Node]]] = []
    for step in reversed([step for kernels, regions in placed.stages for step in (*kernels, *regions)]):
        used = [*_reads(step), *([step.output] if isinstance(step, Equation) else [])]
        last = [x for x in dict.fromkeys(used) if isinstance(x, Node) and x in placed.own and x not in kept]
        kept.update(last)
        found.append((step, last))
    return found[::-1]
