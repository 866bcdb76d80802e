"""Running a divided program on its device from start to end: loops, block kernels, loops that read their sums, ...

What a call sends is one array of the inputs that are on the host, and what it waits for is one array of the results.
With inputs on the device nothing is sent, and what it waits for is whether there was a NaN.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from dualtape.compiler.blocks.launch import Uploads
from dualtape.compiler.blocks.placing import PlacedProgram
from dualtape.compiler.loops import LoopKernel
from dualtape.compiler.program import KnownNode, Node
from dualtape.devices.device import Device, Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.devices.registry import HOST
from dualtape.dtypes import int32, uint8
from dualtape.tensor import wrap

Memory = dict[Hashable, Storage]


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
        self._built: dict[LoopKernel, tuple[BuiltKernel, Storage]] = {}
        self._uploads = Uploads(device)
        self._constants: Memory | None = None
        inputs = {node: i for i, node in enumerate(placed.program.inputs)}
        self._given = [(node, inputs[node]) for node in placed.given.places]
        self._loaded = [(node, inputs[node]) for node in placed.loaded if node in inputs]
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        """Drop what the next call sends again."""
        self._constants = None

    def __call__(self, arguments: Sequence[Storage]) -> list[Any]:
        placed = self._placed
        memory = self._memory(arguments)
        back = self._run(memory, strict=False)
        if any(placed.back.array(back, flag) for flag in placed.flags):
            back = self._run(memory, strict=True)
        values: dict[Node, Storage] = dict(zip(placed.program.inputs, arguments, strict=True))
        for node, array in placed.results.items():
            values[node] = placed.back.array(back, array) if self._home is HOST else memory[array]
        return [wrap(values[x], self._home) if isinstance(x, Node) else x for x in placed.program.outputs]

    def _memory(self, arguments: Sequence[Storage]) -> Memory:
        placed, device = self._placed, self._device
        memory = dict(self._sent_constants())
        if self._home is HOST:
            arrays: Sequence[Any] = arguments
            if self._given:
                memory[placed.given] = device.put(placed.given.filled((node, arrays[i]) for node, i in self._given))
            memory |= {node: self._uploads.sent(arrays[i]) for node, i in self._loaded}
        else:
            memory |= zip(placed.program.inputs, arguments, strict=True)
        for buffer in (placed.work, placed.back):
            if buffer.size:
                memory[buffer] = device.allocate((buffer.size,), uint8)
        for node in placed.own:
            memory[node] = device.allocate(node.spec.shape, node.spec.dtype)
        return memory

    def _sent_constants(self) -> Memory:
        constants = self._constants
        if constants is None:
            placed, put = self._placed, self._device.put
            known = [(node, node.value.asnumpy()) for node in placed.known.places if isinstance(node, KnownNode)]
            constants = {placed.known: put(placed.known.filled(known))} if known else {}
            constants |= {node: put(node.value.asnumpy()) for node in placed.loaded if isinstance(node, KnownNode)}
            self._constants = constants
        return constants

    def _run(self, memory: Memory, strict: bool) -> np.ndarray:
        """Run all stages, and give what the host reads."""
        for kernels, steps in self._placed.stages:
            for kernel in kernels:
                launch, table = self._built.get(kernel) or self._build(kernel)
                launch(1, kernel.work_items, table, len(kernel.table), *(memory[x] for x in kernel.buffers))
            for step in steps:
                loaded = [memory[array.node] for array, _ in step.launch.region.loaded]
                stored = [memory[node] for node in step.stored]
                step.launch.enqueue(loaded, memory[step.shared], memory[step.totals], stored, strict)
        back = self._placed.back
        return self._device.get_all([memory[back]])[0] if back.size else np.empty(0, np.uint8)

    def _build(self, kernel: LoopKernel) -> tuple[BuiltKernel, Storage]:
        built = self._device.build(kernel.name, kernel.source, (None, int32, *[None] * len(kernel.buffers)))
        found = self._built[kernel] = built, self._device.put(np.array(kernel.table, np.int32))
        return found
