"""Where the values of a tile lie in its scratch memory: what a step stores is one chunk."""

from __future__ import annotations

from typing import NamedTuple

from dualtape.compiler.blocks.tile.scheduling import Step, step_reads, step_writes
from dualtape.compiler.program import Node


class Slot(NamedTuple):
    """A value's place, in features: its chunk, the chunk's start in the tile, and its own start in the chunk."""

    chunk: int
    start: int
    delta: int


class Layout(NamedTuple):
    """The slots of all values of a tile, and the number of features that a tile takes."""

    slots: dict[Node, Slot]
    features: int


def plan_memory(steps: list[Step], loaded: list[Node], sizes: dict[Node, int], kept: frozenset[Node]) -> Layout:
    """Chunks for the values of ``sizes``: those loaded at first, then those of each step, in its order."""
    last: dict[Node, int] = {}
    for i, step in enumerate(steps):
        last |= dict.fromkeys(step_reads(step), i)
    last |= {node: len(steps) for node in kept}
    free: list[tuple[int, int]] = []
    slots: dict[Node, Slot] = {}
    expiring: dict[int, list[tuple[int, int]]] = {}
    end = 0
    for i, nodes in enumerate([loaded, *(step_writes(step) for step in steps)], start=-1):
        size = sum(sizes[node] for node in nodes)
        if not size:
            free = _joined(free + expiring.pop(i, []))
            continue
        fitting = [hole for hole in free if hole[1] >= size]
        if fitting:
            hole = min(fitting, key=lambda h: (h[1], h[0]))
            free.remove(hole)
            start = hole[0]
            if hole[1] > size:
                free.append((start + size, hole[1] - size))
        else:
            start, end = end, end + size
        delta = 0
        for node in nodes:
            slots[node] = Slot(i + 1, start, delta)
            delta += sizes[node]
        dies = max(last.get(node, i) for node in nodes)
        expiring.setdefault(max(dies, i), []).append((start, size))
        # What this step read for the last time is free only now: it must not be written while it is read.
        free = _joined(free + expiring.pop(i, []))
    return Layout(slots, end)


def _joined(holes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, size in sorted(holes):
        if joined and sum(joined[-1]) == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + size)
        else:
            joined.append((start, size))
    return joined
