"""What blocks of points run: regions, and the stages in which a program runs around them.

A stage is equations on values without points (*shared* values), then one kernel for each set of points. What a
kernel sums over its points is a shared value of the next stage, so a loss that is normalised by a sum, or weighted by
one, is two stages. A kernel of a later stage computes again what it needs of an earlier one: points have much less
to load than to keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dualtape.compiler.blocks.tile import PointArray, Read, TileOperation, TileValue
from dualtape.compiler.program import Equation, Node
from dualtape.dtypes import DType


class NotBlockable(Exception):
    """Why a program cannot run in blocks of points."""


@dataclass(frozen=True, eq=False)
class Region:
    """A tile program for each of so many points.

    Attributes
    ----------
    points
        How many.
    dtype
        The element type in which it computes.
    operations
        What it does with each point, sums over the points last.
    shared
        Values without points that it reads.
    loaded
        Arrays that it reads, and the values of the tile that they become.
    summed
        Sums over the points that it gives.
    stored
        Arrays that it gives, and what of the tile they hold.
    members
        How many times it is done, each time with other values.
    whole
        For each value of which a member has its own, the array of those of all members, along a leading axis.
    """

    points: int
    dtype: DType
    operations: tuple[TileOperation, ...]
    shared: tuple[Node, ...]
    loaded: tuple[tuple[PointArray, TileValue], ...]
    summed: tuple[Node, ...]
    stored: tuple[tuple[PointArray, Read], ...]
    members: int = 1
    whole: Mapping[Node, Node] = field(default_factory=dict)

    def outside(self, node: Node) -> Node:
        """The value in the program that holds one of the region, or those of all members."""
        return self.whole.get(node, node)

    @property
    def arrays_loaded(self) -> tuple[Node, ...]:
        """Arrays of the program that it reads at the points."""
        return tuple(self.outside(array.node) for array, _ in self.loaded)

    @property
    def arrays_stored(self) -> tuple[Node, ...]:
        """Arrays of the program that it gives."""
        return tuple(self.outside(array.node) for array, _ in self.stored)

    @property
    def live_out(self) -> frozenset[TileValue]:
        """The values of the tile that are read after all operations."""
        return frozenset(read.value for _, read in self.stored if isinstance(read.value, TileValue))


@dataclass(frozen=True)
class Stage:
    """Equations on shared values, then regions that read them."""

    equations: tuple[Equation, ...]
    regions: tuple[Region, ...]


@dataclass(frozen=True)
class Division:
    """A whole program in stages.

    Attributes
    ----------
    stages
        In their order.
    reasons
        Why operations on values with points are left to the equations, each once.
    """

    stages: tuple[Stage, ...]
    reasons: tuple[str, ...]

    @property
    def regions(self) -> tuple[Region, ...]:
        """Those of all stages."""
        return tuple(region for stage in self.stages for region in stage.regions)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """What no region runs."""
        return tuple(equation for stage in self.stages for equation in stage.equations)

    def explanation(self, device: object) -> str:
        """Which operations run in blocks, and why others do not."""
        parts = [
            f"{len(x.operations)} operations at {x.points} points"
            + (f" for each of {x.members} members" if x.members > 1 else "")
            for x in self.regions
        ]
        blocks = " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
        left = f"; operation by operation: {'; '.join(self.reasons)}" if self.reasons else ""
        return f"runs {blocks}, block by block, on {device}{left}"
