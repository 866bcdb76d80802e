"""Where the small inputs of a program lie: in few pieces of memory, each an argument of the kernels that read them.

A driver takes time for each argument of a kernel, and a training step has a hundred small arrays: weights, biases, the
moments of each. What one call has left lies in one piece of memory, so that the next finds it there.
"""

from __future__ import annotations

import weakref
from collections.abc import Hashable, Mapping, Sequence

from dualtape.compiler.blocks.placing import Packed, Piece
from dualtape.compiler.loops import Place
from dualtape.compiler.program import Node
from dualtape.devices.device import Storage
from dualtape.devices.kernels import KernelDevice
from dualtape.dtypes import uint8

Whereabouts = tuple[tuple[int, int], ...]
"""For each small input the number of its piece, and where it begins there, in bytes."""


class SmallInputs:
    """The small inputs of a program on its device.

    Parameters
    ----------
    nodes, positions
        The inputs, and which arguments of a call they are.
    pieces
        Of memory that they may lie in.
    """

    def __init__(
        self, nodes: Sequence[Node], positions: Sequence[int], pieces: Sequence[Piece], device: KernelDevice
    ) -> None:
        self._nodes, self._positions, self._pieces, self._device = nodes, positions, pieces, device
        self._together = Packed()
        for node in nodes:
            self._together.add(node)
        self._gathered: tuple[list[weakref.ref[Storage]], Storage] | None = None
        device.on_shortage(self._give_back)

    def _give_back(self) -> None:
        self._gathered = None

    def found(self, arguments: Sequence[Storage]) -> tuple[dict[Hashable, Storage], Whereabouts]:
        """The pieces, and where in them the inputs are."""
        place = self._device.place
        numbers: dict[int, int] = {}
        storages: list[Storage] = []
        places: list[tuple[int, int]] = []
        for i in self._positions:
            storage, offset = place(arguments[i])
            number = numbers.setdefault(id(storage), len(numbers))
            if number == len(storages):
                storages.append(storage)
            places.append((number, offset))
        if len(storages) > len(self._pieces):
            storages = [self._gather([arguments[i] for i in self._positions])]
            places = [(0, self._together.places[node].offset) for node in self._nodes]
        unused = storages[:1] * (len(self._pieces) - len(storages))
        return dict(zip(self._pieces, [*storages, *unused], strict=True)), tuple(places)

    def places(self, places: Whereabouts) -> Mapping[Node, Place]:
        """The same, as a kernel's table takes it."""
        return {node: Place(self._pieces[n], offset) for node, (n, offset) in zip(self._nodes, places, strict=True)}

    def _gather(self, inputs: list[Storage]) -> Storage:
        """All in one piece; the last ones are known again, for weights are often the same in many calls."""
        known = self._gathered
        if known is not None and all(x() is y for x, y in zip(known[0], inputs, strict=True)):
            return known[1]
        device = self._device
        whole = device.allocate((self._together.size,), uint8)
        for node, storage in zip(self._nodes, inputs, strict=True):
            device.copy(storage, whole, self._together.places[node].offset)
        self._gathered = [weakref.ref(x) for x in inputs], whole
        return whole
