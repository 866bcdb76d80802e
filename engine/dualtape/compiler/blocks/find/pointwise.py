"""Where values with points are read, and the operations on one point so far."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from dualtape.compiler.blocks.find.geometry import per_point, without
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import (
    COPY,
    Contraction,
    Map,
    Operation,
    PointArray,
    Read,
    whole,
)
from dualtape.compiler.program import Equation, Node, Number
from dualtape.core.expression import Expression
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec


@dataclass(frozen=True)
class Located:
    """A value with a point axis: where it is in its shape, and where a point's elements are read.

    An axis of ``folded`` times as many elements as there are points holds all points again and again, as after
    (directions, points, features) is reshaped to (directions * points, features).
    """

    axis: int
    read: Read
    folded: int = 1


class PointMapping:
    """The operations on one point so far.

    Attributes
    ----------
    located
        Where values with a point axis are read.
    owned
        Those of them that have memory of their own.
    summed
        Sums over the points.
    """

    def __init__(self, points: int) -> None:
        self.located: dict[Node, Located] = {}
        self.owned: set[Node] = set()
        self.summed: dict[Node, Contraction] = {}
        self.operations: list[Operation] = []
        self.points = points

    def own(self, node: Node, axis: int, folded: int = 1) -> None:
        """``node`` has memory of its own in the tile."""
        shape = node.spec.shape
        self.owned.add(node)
        self.located[node] = Located(axis, whole(node, per_point(shape, axis, folded)), folded)

    def array(self, node: Node) -> PointArray:
        """``node`` as an array in device memory."""
        shape, located = node.spec.shape, self.located[node]
        return PointArray(node, prod(shape[: located.axis]) * located.folded, prod(shape[located.axis + 1 :]))

    def read(self, node: Node) -> Read:
        return self.located[node].read

    def emit_map(
        self, output: Node, axis: int, folded: int, code: Expression, operands: tuple[Read | Number, ...],
        primitive: Primitive | None = None,
    ) -> None:  # fmt: skip
        self.own(output, axis, folded)
        self.operations.append(Map(output, self.features(output), code, operands, primitive))

    def shared_read(self, x: Node, axis: int, folded: int, rank: int, name: str) -> Read:
        """A shared value beside values at points, whose point axis is ``axis`` of ``rank``."""
        shape = x.spec.shape
        own_axis = axis - (rank - len(shape))
        if own_axis < 0:
            return whole(x, shape)
        if shape[own_axis] != 1:
            raise NotBlockable(f"`{name}` meets a shared value of shape {shape} on the point axis")
        return whole(x, without(shape, own_axis) if folded == 1 else shape)

    def whole(self, x: Node) -> Node:
        """A value of the tile that holds ``x`` and nothing else, copied if need be."""
        read = self.read(x)
        if read.is_whole and read.node in self.owned and prod(read.shape) == self.features(read.node):
            return read.node
        copy = Node(x.spec)
        self.emit_map(copy, self.located[x].axis, self.located[x].folded, COPY, (read,))
        return copy

    def dense(self, read: Read) -> Read:
        """The same elements side by side in a value of the tile, copied if need be."""
        if read.is_dense and read.node in self.owned:
            return read
        copy = Node(Spec((self.points, *read.shape), read.node.spec.dtype))
        self.emit_map(copy, 0, 1, COPY, (read,))
        return whole(copy, read.shape)

    def features(self, node: Node) -> int:
        return prod(node.spec.shape) // self.points

    def require_plain(self, equation: Equation) -> None:
        if any(self.located[x].folded > 1 for x in equation.reads if x in self.located):
            raise NotBlockable(f"`{equation.primitive.name}` works on an axis of points and something else")
