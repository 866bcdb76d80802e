"""Where the sums over points lie: accumulators while a kernel runs, and one row of results for each work-group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import PointSum, SumForm, SumStep, TileStep
from dualtape.compiler.program import Node


@dataclass(frozen=True)
class Entry:
    """Where a sum's result lies among all sums: ``rows`` of ``padded`` elements of which ``columns`` count."""

    start: int
    rows: int
    columns: int
    padded: int
    transposed: bool


@dataclass(frozen=True)
class Accumulators:
    """Entries for all sums: first those that keep a vector for each element, ``on_lanes`` elements, then the others."""

    entries: dict[Node, Entry]
    on_lanes: int
    count: int

    def size(self, target: TileTarget) -> int:
        """Elements that a work-group needs."""
        return self.on_lanes * target.lanes + self.count - self.on_lanes

    def position(self, step: SumStep, target: TileTarget) -> int:
        """Where a sum's accumulators begin: those of one number each lie behind those of one vector each."""
        start = self.entries[step.output].start
        return start * target.lanes if start < self.on_lanes else start + self.on_lanes * (target.lanes - 1)


def lay_out_sums(steps: Sequence[TileStep]) -> Accumulators:
    """An entry for each sum over points among the steps."""
    entries: dict[Node, Entry] = {}
    end = on_lanes = 0
    sums = [step for step in steps if isinstance(step, SumStep)]
    for step in sorted(sums, key=_keeps_lanes, reverse=True):
        entries[step.output] = Entry(end, step.rows, step.columns, step.padded, step.transposed)
        end += step.rows * step.padded
        on_lanes = end if _keeps_lanes(step) else on_lanes
    return Accumulators(entries, on_lanes, end)


def _keeps_lanes(step: SumStep) -> bool:
    return isinstance(step, PointSum) and step.form is SumForm.LANES_APART
