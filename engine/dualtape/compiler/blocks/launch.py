"""Running a kernel: what it reads goes to the device, and what it leaves there comes back."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.compiler.blocks.emit import BlockKernel, CompiledRegion, Entry
from dualtape.compiler.program import Node
from dualtape.devices.device import Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.dtypes import uint64

Arrays = dict[Node, np.ndarray]

GROUPS = 2
"""Work-groups for each core: with one, a core that starts late or is busy delays the whole step."""


class Launch:
    """A compiled region on a device, with the memory that it works in."""

    def __init__(self, compiled: CompiledRegion, device: KernelDevice) -> None:
        self.kernel, self.region, self._compiled = compiled.kernel, compiled.region, compiled
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
            if self._compiled.is_plain and any(_has_nan(x) for x in (sums, *arrays)):
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
        memory = (self._scratch, self._sums, totals)
        launch = self._built[id(kernel)]
        launch(self._groups, kernel.work_items, *inputs, *memory, self.region.points, kernel.scratch, *stored)
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
        self._uploads = {key: held for key, held in self._uploads.items() if held[0]() is not None}
        sent = self._device.put(array)
        self._uploads[id(array)] = (weakref.ref(array), sent)
        return sent


def _has_nan(values: np.ndarray) -> bool:
    return values.dtype.kind == "f" and bool(np.isnan(values).any())


def _result(sums: np.ndarray, entry: Entry) -> np.ndarray:
    rows = sums[entry.start : entry.start + entry.rows * entry.padded].reshape(entry.rows, entry.padded)
    used = rows[:, : entry.columns]
    return used.T if entry.transposed else used
