"""Where the values of a tile lie in its scratch memory: what a step stores is one chunk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dualtape.compiler.blocks.tile.steps import TileStep
from dualtape.compiler.blocks.tile.tiles import ReadableValue, TileValue


class Slot(NamedTuple):
    """A value's place, in features: its chunk, the chunk's start in the tile, and its own start in the chunk."""

    chunk: int
    start: int
    delta: int


class ScratchLayout(NamedTuple):
    """The slots of all values of a tile, and the number of features that a tile takes."""

    slots: dict[TileValue, Slot]
    features: int


def plan_memory(steps: Sequence[TileStep], loaded: list[TileValue], live_out: Iterable[TileValue]) -> ScratchLayout:
    """Chunks for all values: those loaded at first, then those that each step writes, in its order.

    A chunk is free again after the last step that reads one of its values; ``live_out`` are read after all steps.
    """
    last: dict[ReadableValue, int] = {}
    for i, step in enumerate(steps):
        last |= dict.fromkeys(step.values_read(), i)
    last |= dict.fromkeys(live_out, len(steps))
    free: list[tuple[int, int]] = []
    slots: dict[TileValue, Slot] = {}
    expiring: dict[int, list[tuple[int, int]]] = {}
    end = 0
    for i, values in enumerate([loaded, *(step.values_made() for step in steps)], start=-1):
        size = sum(value.features for value in values)
        if size:
            fitting = [hole for hole in free if hole[1] >= size]
            if fitting:
                start, room = min(fitting, key=lambda hole: (hole[1], hole[0]))
                free.remove((start, room))
                if room > size:
                    free.append((start + size, room - size))
            else:
                start, end = end, end + size
            delta = 0
            for value in values:
                slots[value] = Slot(i + 1, start, delta)
                delta += value.features
            dies = max(last.get(value, i) for value in values)
            expiring.setdefault(max(dies, i), []).append((start, size))
        # What this step read for the last time is free only now: it must not be written while it is read.
        free = _joined(free + expiring.pop(i, []))
    return ScratchLayout(slots, end)


def _joined(holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, size in sorted(holes):
        if joined and sum(joined[-1]) == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + size)
        else:
            joined.append((start, size))
    return joined
