"""Where values with points are read, and the operations on one point so far."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from dualtape.compiler.blocks.find.geometry import UNFOLDED, Folded, per_point, without
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import Contraction, ContractionTerm, Read, Shared, TileOperation, TileRead, TileValue
from dualtape.compiler.program import Equation, Node


@dataclass(frozen=True)
class PointAxis:
    """Where the points of a value are: an axis of its shape, and where a point's elements are read."""

    axis: int
    read: Read
    folded: Folded = UNFOLDED


class PointwiseBuilder:
    """The operations on one point so far.

    Attributes
    ----------
    located
        Where values with a point axis are read.
    summed
        Sums over the points.
    """

    def __init__(self, points: int) -> None:
        self.located: dict[Node, PointAxis] = {}
        self.summed: dict[Node, Contraction] = {}
        self.operations: list[TileOperation] = []
        self.points = points

    def new_value(self, node: Node, axis: int, folded: Folded = UNFOLDED) -> TileValue:
        """A value of the tile for the elements that ``node`` has at a point."""
        value = TileValue(prod(node.spec.shape) // self.points, node.spec.dtype)
        self.located[node] = PointAxis(axis, value.whole(per_point(node.spec.shape, axis, folded)), folded)
        return value

    def read(self, node: Node) -> Read:
        return self.located[node].read

    def sum_over_points(self, output: Node, terms: list[ContractionTerm], rows: int, columns: int = 1) -> None:
        self.summed[output] = Contraction(output, tuple(terms), rows, columns)

    def shared_read(self, x: Node, axis: int, folded: Folded, rank: int, name: str) -> Read:
        """A shared value beside values at points, whose point axis is ``axis`` of ``rank``."""
        shape = x.spec.shape
        own_axis = axis - (rank - len(shape))
        if own_axis < 0:
            return Shared(x).whole(shape)
        if shape[own_axis] != 1:
            raise NotBlockable(f"`{name}` meets a shared value of shape {shape} on the point axis")
        return Shared(x).whole(without(shape, own_axis) if folded.size == 1 else shape)

    def whole(self, x: Node) -> TileValue:
        """A value of the tile that holds ``x`` and nothing else, copied if need be."""
        read = self.read(x)
        if isinstance(read, TileRead) and read.is_whole and prod(read.shape) == read.value.features:
            return read.value
        return self._copied(read, prod(x.spec.shape) // self.points)

    def dense(self, read: Read) -> TileRead:
        """The same elements side by side in a value of the tile, copied if need be."""
        if isinstance(read, TileRead) and read.is_dense:
            return read
        return self._copied(read, prod(read.shape)).whole(read.shape)

    def _copied(self, read: Read, features: int) -> TileValue:
        copy = TileValue(features, read.value.dtype)
        self.operations.append(read.copied_to(copy))
        return copy

    def require_plain(self, equation: Equation) -> None:
        if any(self.located[x].folded.size > 1 for x in equation.reads if x in self.located):
            raise NotBlockable(f"`{equation.primitive.name}` works on an axis of points and something else")
