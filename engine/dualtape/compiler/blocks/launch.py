"""A region's kernel on a device, ready to be launched."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from dualtape.compiler.blocks.emit import BlockKernel, CompiledRegion
from dualtape.devices.device import Storage
from dualtape.devices.kernels import BuiltKernel, KernelDevice
from dualtape.dtypes import uint64

GROUPS = 2
"""Parts for each core: with one, a core that starts late or is busy delays the whole step. Where each would have but
few tiles, the kernel lets half of them rest, for what is done once for each would be much of its work."""

MOST_GROUPS = 32
"""Work-groups of one work-item for each core: each has memory of its own. Of more parts, as many members have, it takes
several. Groups of several work-items take one part each, for compilers lose their way in loops around barriers."""


def parts_of_member(members: int, cores: int) -> int:
    """Into how many parts the points of each of some members are cut, so that cores end at the same time."""
    least = -(-GROUPS * cores // members)

    def idle(parts: int) -> float:
        return -members * parts % cores / (members * parts)

    return min(range(least, 2 * least + 1), key=idle)


class Launch:
    """A compiled region on a device, with the memory that it works in, from the first launch on.

    Attributes
    ----------
    parts
        Into how many the points of each member are cut.
    rows
        One of sums for each part of each member.
    """

    def __init__(self, compiled: CompiledRegion, device: KernelDevice) -> None:
        self.compiled, self.kernel, self.region = compiled, compiled.kernel, compiled.region
        self.device, self.dtype = device, self.region.dtype
        cores, members = device.architecture.cores, self.region.members
        self.parts = parts_of_member(members, cores)
        self.rows = members * self.parts
        most = MOST_GROUPS * cores if self.kernel.work_items == 1 else self.rows
        self._groups = -(-self.rows // -(-self.rows // most))
        self._built: dict[bool, tuple[BlockKernel, BuiltKernel, Storage]] = {}
        self._memory: tuple[Storage, Storage] | None = None
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        """Drop what the next launch makes anew."""
        self._memory = None

    def enqueue(
        self, loaded: list[Storage], shared: Storage, totals: Storage, stored: list[Storage], strict: bool = False
    ) -> None:
        """Begin to run the kernel, or the one in whose products zero wins; ``totals`` gets its rows."""
        kernel, launch, table = self._built.get(strict) or self._build(len(loaded) + 2, len(stored), strict)
        memory = self._memory
        if memory is None:
            # Work-groups start with what they write here, and the device keeps order: calls may share it.
            sizes = (self._groups * self.kernel.scratch, self._groups * self.kernel.sums)
            scratch, sums = (self.device.allocate((size,), self.dtype) for size in sizes)
            memory = self._memory = scratch, sums
        numbers = self.region.points, kernel.scratch, self.parts
        launch(self._groups, kernel.work_items, *loaded, shared, table, *memory, totals, *numbers, *stored)

    def allocate_totals(self) -> Storage:
        """Memory for the sums of all parts."""
        return self.device.allocate((self.rows, self.kernel.entry_count), self.dtype)

    def _build(self, inputs: int, stored: int, strict: bool) -> tuple[BlockKernel, BuiltKernel, Storage]:
        kernel = self.compiled.strict if strict else self.kernel
        # The two differ in products alone.
        assert (kernel.scratch, kernel.sums) == (self.kernel.scratch, self.kernel.sums)
        assert kernel.entries == self.kernel.entries
        arguments = (*[None] * (inputs + 3), uint64, uint64, uint64, *[None] * stored)
        built = self.device.build("dt_block", kernel.source, arguments)
        found = self._built[strict] = kernel, built, self.device.put(np.array(kernel.table, np.int32))
        return found


class Uploads:
    """Arrays of the host that are on a device already: they are immutable, so each is sent once while it lives."""

    def __init__(self, device: KernelDevice) -> None:
        self._device = device
        self._known: dict[int, tuple[Any, Storage]] = {}
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        self._known = {}

    def sent(self, array: np.ndarray) -> Storage:
        """The values on the device.

        Without a lock, which a fork would leave locked: threads that come together here send one more than is needed.
        """
        known = self._known.get(id(array))
        if known is not None and known[0]() is array:
            return known[1]
        storage = self._device.put(array)
        alive = {key: held for key, held in self._known.items() if held[0]() is not None}
        self._known = alive | {id(array): (weakref.ref(array), storage)}
        return storage
