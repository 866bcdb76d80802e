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
from dualtape.compiler.blocks.placing import PlacedProgram
from dualtape.compiler.blocks.small_inputs import SmallInputs, Whereabouts
from dualtape.compiler.loops import LoopKernel
from dualtape.compiler.program import KnownNode, Node
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.devices.registry import HOST
from dualtape.dtypes import int32, uint8
from dualtape.recent import Recent
from dualtape.tensor import wrap

Memory = dict[Hashable, Storage]
_MOST_TABLES = 32


class ResidentPlan:
    """A placed program on a device with kernels, for inputs and results on ``home``.

    Attributes
    ----------
    launches
        Of kernels of loops, in each run.
    sources
        The texts of these kernels.
    """

    def __init__(self, placed: PlacedProgram, home: Device, device: KernelDevice) -> None:
        self._placed, self._home, self._device = placed, home, device
        kernels = [kernel for kernels, _ in placed.stages for kernel in kernels]
        self.launches = len(kernels)
        self.sources = list(dict.fromkeys(kernel.source for kernel in kernels))
        self._built: dict[LoopKernel, BuiltKernel] = {}
        self._tables: Recent[Any, Storage] = Recent(_MOST_TABLES)
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
        for node in placed.own:
            memory[node] = device.allocate(node.spec.shape, node.spec.dtype)
        return memory, places

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
        for kernels, steps in self._placed.stages:
            for kernel in kernels:
                launch = self._built.get(kernel) or self._build(kernel)
                table = self._table(kernel, places)
                launch(1, kernel.work_items, table, len(kernel.table), *[memory[x] for x in kernel.buffers])
            for step in steps:
                loaded = [memory[array.node] for array, _ in step.launch.region.loaded]
                stored = [memory[node] for node in step.stored]
                step.launch.enqueue(loaded, memory[step.shared], memory[step.totals], stored, strict)
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
