"""Where values with points are read, and the operations on one point so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from dualtape.compiler.blocks.find.geometry import UNFOLDED, Folded, per_point, without
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import (
    Contraction,
    ContractionTerm,
    Read,
    Shared,
    SharedRead,
    TileOperand,
    TileOperation,
    TileRead,
    TileValue,
)
from dualtape.compiler.program import Equation, KnownNode, Node, Operand
from dualtape.core.lowering import Movement, Placement, Reinterpretation, View
from dualtape.dtypes import bool_, float32, float64

POINT_TYPES = (float32, float64, bool_)
"""Of values at the points."""


@dataclass(frozen=True)
class PointAxis:
    """Where the points of a value are: an axis of its shape, and where a point's elements are read."""

    axis: int
    read: Read
    folded: Folded = UNFOLDED


class Total(NamedTuple):
    """A sum over the points of what is read at each of them, added to a ``base`` if there is one."""

    read: Read
    base: Node | None = None


Found = PointAxis | Total | Read | Node
"""What an output of a loop or a condition is: at the points, a total, everywhere, or as a value outside."""


class PointwiseBuilder:
    """The operations on one point so far.

    Attributes
    ----------
    located
        Where values with a point axis are read.
    summed
        Sums over the points.
    everywhere
        Values that are the same at all points, and that each of them has.
    totals
        Sums over the points of what loops have added up at each of them.
    repeated
        Shared values that repeat others: what, and how.
    zeros
        What is known to be zeros because it repeats or rearranges some.
    bounds
        How large whole numbers may be.
    bundles
        What the outputs of loops and conditions are.
    load
        Makes an array one that is loaded at the points, which are on that axis; or says that it cannot be.
    """

    def __init__(self, points: int) -> None:
        self.located: dict[Node, PointAxis] = {}
        self.summed: dict[Node, Contraction] = {}
        self.everywhere: dict[Node, Read] = {}
        self.totals: dict[Node, Total] = {}
        self.bounds: dict[Node, int] = {}
        self.repeated: dict[Node, tuple[Node, View]] = {}
        self.zeros: set[Node] = set()
        self.bundles: dict[Node, list[Found]] = {}
        self.operations: list[TileOperation] = []
        self.points = points
        self.load: Callable[[Node, int], bool] = lambda node, axis: False

    def new_value(self, node: Node, axis: int, folded: Folded = UNFOLDED) -> TileValue:
        """A value of the tile for the elements that ``node`` has at a point."""
        value = TileValue(prod(node.spec.shape) // self.points, node.spec.dtype)
        self.located[node] = PointAxis(axis, value.whole(per_point(node.spec.shape, axis, folded)), folded)
        return value

    def read(self, node: Node) -> Read:
        return self.located[node].read

    def read_here(self, x: Operand) -> TileOperand:
        """A value that is everywhere or shared, or a number."""
        if not isinstance(x, Node):
            return x
        if x in self.everywhere:
            return self.everywhere[x]
        if x.spec.dtype not in POINT_TYPES:
            raise NotBlockable(f"a loop at the points reads {x.spec.dtype}")
        return Shared(x).whole(x.spec.shape)

    def note_zeros(self, equation: Equation) -> None:
        """Remember an output that moves nothing but zeros."""
        moves = isinstance(equation.primitive.lowering, (Movement, Placement, Reinterpretation))
        if moves and all(map(self.is_zero, equation.operands)):
            self.zeros.add(equation.output)

    def is_zero(self, x: Operand) -> bool:
        """Whether it is known to be nothing but zeros."""
        if isinstance(x, KnownNode):
            return not x.value.asnumpy().any()
        return x in self.zeros if isinstance(x, Node) else x == 0

    def matrix(self, x: Node) -> SharedRead:
        """A shared matrix."""
        return Shared(x).whole(x.spec.shape[-2:])

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

    def load_beside(self, equation: Equation) -> None:
        """Arrays that were computed without points, beside values with points: their axis is at the same place."""
        rank = len(equation.output.spec.shape)
        axes = {self.located[x].axis + rank - len(x.spec.shape) for x in equation.reads if x in self.located}
        folded = next(self.located[x].folded for x in equation.reads if x in self.located)
        for node in equation.reads:
            axis = max(axes) - (rank - len(node.spec.shape))
            if node in self.located or axis < 0:
                continue
            if node in self.repeated and node.spec.shape[axis] == folded.size * self.points:
                self._repeat(node, axis, folded)
            elif node.spec.shape[axis] == self.points:
                self.load(node, axis)

    def _repeat(self, node: Node, axis: int, folded: Folded) -> None:
        """A shared value that was repeated along the axis of the points is read where it is."""
        source, view = self.repeated[node]
        if view.strides[axis] == 0:
            shape = per_point(view.shape, axis, folded)
            strides = view.strides if folded.size > 1 else without(view.strides, axis)
            self.located[node] = PointAxis(axis, SharedRead(Shared(source), shape, view.offset, strides), folded)

    def require_plain(self, equation: Equation) -> None:
        if any(self.located[x].folded.size > 1 for x in equation.reads if x in self.located):
            raise NotBlockable(f"`{equation.primitive.name}` works on an axis of points and something else")
