"""From equations on values with a point axis to operations on one point.

Each kind of lowering has one rule here; what none of them covers is answered with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from dualtape.compiler.answers import NotBlockable
from dualtape.compiler.geometry import per_point, steps_of, without
from dualtape.compiler.program import Equation, Node, Number
from dualtape.compiler.tiles import (
    Contraction,
    FoldFeatures,
    Map,
    Operation,
    Place,
    PointArray,
    Product,
    Read,
    Stream,
    Term,
    whole,
)
from dualtape.core.lowering import Expression, Fold, Movement, Placement, Reinterpretation, View, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec, kept_shape
from dualtape.dtypes import bool_
from dualtape.primitives.broadcasting import sum as sum_primitive
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import concatenate
from dualtape.primitives.selection import cast

MOST_ROWS = 8
"""Rows of a value at a point that are treated one by one; more of them are a loop."""


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
        self._points = points

    def own(self, node: Node, axis: int, folded: int = 1) -> None:
        """``node`` has memory of its own in the tile."""
        shape = node.spec.shape
        self.owned.add(node)
        self.located[node] = Located(axis, whole(node, per_point(shape, axis, folded)), folded)

    def array(self, node: Node) -> PointArray:
        """``node`` as an array in device memory."""
        shape, located = node.spec.shape, self.located[node]
        return PointArray(node, prod(shape[: located.axis]) * located.folded, prod(shape[located.axis + 1 :]))

    def _read(self, node: Node) -> Read:
        return self.located[node].read

    def map(self, equation: Equation) -> None:
        """Take in an equation with an operand at the points."""
        name = equation.primitive.name
        match equation.primitive.lowering:
            case Expression() as expression:
                self._expression(equation, expression)
            case Movement(view):
                self._movement(equation, view)
            case Reinterpretation():
                self._reshape(equation)
            case Placement(view):
                self._placement(equation, view)
            case Fold() as fold:
                self._fold(equation, fold)
            case _ if equation.primitive is matmul:
                self._matmul(equation)
            case _ if equation.primitive is concatenate:
                self._concatenate(equation)
            case _:
                raise NotBlockable(f"`{name}` is not an operation that blocks of points know")

    def _expression(self, equation: Equation, expression: Expression) -> None:
        out = equation.output.spec
        rank = len(out.shape)
        found = [(x, self.located[x]) for x in equation.reads if x in self.located]
        axes = {(at.axis + rank - len(x.spec.shape), at.folded) for x, at in found}
        name = equation.primitive.name
        if len(axes) != 1:
            raise NotBlockable(f"`{name}` meets point axes at different places")
        ((axis, folded),) = axes
        local = per_point(out.shape, axis, folded)
        operands: list[Read | Number] = []
        for x in equation.operands:
            if not isinstance(x, Node):
                operands.append(x)
            elif x in self.located:
                operands.append(self._read(x).stretched(local))
            else:
                operands.append(self._shared_read(x, axis, folded, rank, name).stretched(local))
        code = expression.floating
        if equation.primitive is cast:
            source = equation.reads[0].spec.dtype
            if (source is not bool_ and source is not out.dtype) or out.dtype is bool_:
                raise NotBlockable(f"`cast` from {source} to {out.dtype} at the points")
            code = "x ? (T)1 : (T)0" if source is bool_ else "x"
        params = {key: value for key, value in equation.params.items() if isinstance(value, (int, float))}
        code = code.format(**params)
        self._emit_map(equation.output, axis, folded, code, tuple(operands), equation.primitive)

    def _emit_map(
        self, output: Node, axis: int, folded: int, code: str, operands: tuple[Read | Number, ...],
        primitive: Primitive | None = None,
    ) -> None:  # fmt: skip
        self.own(output, axis, folded)
        self.operations.append(Map(output, self._features(output), code, operands, primitive))

    def _shared_read(self, x: Node, axis: int, folded: int, rank: int, name: str) -> Read:
        """A shared value beside values at points, whose point axis is ``axis`` of ``rank``."""
        shape = x.spec.shape
        own_axis = axis - (rank - len(shape))
        if own_axis < 0:
            return whole(x, shape)
        if shape[own_axis] != 1:
            raise NotBlockable(f"`{name}` meets a shared value of shape {shape} on the point axis")
        return whole(x, without(shape, own_axis) if folded == 1 else shape)

    def _movement(self, equation: Equation, rule: Callable[..., View]) -> None:
        (x,) = equation.reads
        view = rule(x.spec.shape, **equation.params)
        located = self.located[x]
        start, moves = steps_of(view, x.spec.shape, equation.primitive.name)
        p = located.axis
        size = located.folded * self._points
        candidates = [i for i, move in enumerate(moves) if move == {p: 1} and view.shape[i] == size]
        if (
            len(candidates) != 1
            or start[p] != 0
            or any(p in move for i, move in enumerate(moves) if i != candidates[0])
        ):
            raise NotBlockable(f"`{equation.primitive.name}` takes some of the points or reorders them")
        out_axis = candidates[0]
        # On a folded axis a step of one goes to the next of the values that a point has there.
        inner = [a for a in range(len(x.spec.shape)) if a != p or located.folded > 1]
        stride_of = dict(zip(inner, located.read.strides, strict=True))
        offset = located.read.offset + sum(start[a] * stride_of[a] for a in inner)
        kept = [i for i in range(len(moves)) if i != out_axis or located.folded > 1]
        strides = tuple(sum(n * stride_of[a] for a, n in moves[i].items()) for i in kept)
        read = Read(located.read.node, per_point(view.shape, out_axis, located.folded), offset, strides)
        self.located[equation.output] = Located(out_axis, read, located.folded)

    def _reshape(self, equation: Equation) -> None:
        (x,) = equation.reads
        located = self.located[x]
        shape = equation.output.spec.shape
        if shape == x.spec.shape:
            self.located[equation.output] = located
            return
        outer = prod(x.spec.shape[: located.axis]) * located.folded
        places = [
            (i, n // self._points) for i, n in enumerate(shape)
            if n % self._points == 0 and prod(shape[:i]) * (n // self._points) == outer
        ]  # fmt: skip
        if not places:
            raise NotBlockable(
                f"`{equation.primitive.name}` from {x.spec.shape} to {shape} mixes points with other axes"
            )
        axis, folded = min(places, key=lambda place: place[1])
        local = per_point(shape, axis, folded)
        old = [(n, step) for n, step in zip(located.read.shape, located.read.strides, strict=True) if n != 1]
        if [n for n, _ in old] == [n for n in local if n != 1]:
            kept = iter(old)
            strides = tuple(0 if n == 1 else next(kept)[1] for n in local)
            read = Read(located.read.node, local, located.read.offset, strides)
        else:
            read = whole(self._whole(x), local)
        self.located[equation.output] = Located(axis, read, folded)

    def _whole(self, x: Node) -> Node:
        """A value of the tile that holds ``x`` and nothing else, copied if need be."""
        read = self._read(x)
        if read.is_whole and read.node in self.owned and prod(read.shape) == self._features(read.node):
            return read.node
        copy = Node(x.spec)
        self._emit_map(copy, self.located[x].axis, self.located[x].folded, "x", (read,))
        return copy

    def _require_plain(self, equation: Equation) -> None:
        if any(self.located[x].folded > 1 for x in equation.reads if x in self.located):
            raise NotBlockable(f"`{equation.primitive.name}` works on an axis of points and something else")

    def _features(self, node: Node) -> int:
        return prod(node.spec.shape) // self._points

    def _placement(self, equation: Equation, rule: Callable[..., View]) -> None:
        (x,) = equation.reads
        located = self.located[x]
        shape = equation.output.spec.shape
        view = rule(x.spec.shape, **equation.params)
        start, moves = steps_of(view, shape, equation.primitive.name)
        p = located.axis
        self._require_plain(equation)
        if (
            moves[p] != {p: 1}
            or shape[p] != self._points
            or start[p]
            or any(p in m for i, m in enumerate(moves) if i != p)
        ):
            raise NotBlockable(f"`{equation.primitive.name}` writes to some of the points only")
        strides = contiguous_strides(without(shape, p))
        stride_of = dict(zip(without(tuple(range(len(shape))), p), strides, strict=True))
        offset = sum(start[a] * stride_of[a] for a in stride_of)
        steps = tuple(sum(n * stride_of[a] for a, n in move.items()) for i, move in enumerate(moves) if i != p)
        source = self._whole(x)
        self.own(equation.output, p)
        target = Read(equation.output, without(x.spec.shape, p), offset, steps)
        self.operations.append(Place(equation.output, prod(without(shape, p)), ((source, target),)))

    def _concatenate(self, equation: Equation) -> None:
        shape, axis = equation.output.spec.shape, equation.params["axis"]
        axes = {self.located[x].axis for x in equation.reads if x in self.located}
        self._require_plain(equation)
        if len(axes) != 1 or axis in axes or any(x not in self.located for x in equation.reads):
            raise NotBlockable("`concatenate` joins points, or values at points with shared ones")
        (p,) = axes
        strides = contiguous_strides(without(shape, p))
        along = strides[axis - (p < axis)]
        parts, start = [], 0
        for x in equation.reads:
            parts.append((self._whole(x), Read(equation.output, without(x.spec.shape, p), start * along, strides)))
            start += x.spec.shape[axis]
        self.own(equation.output, p)
        self.operations.append(Place(equation.output, prod(without(shape, p)), tuple(parts)))

    def _fold(self, equation: Equation, fold: Fold) -> None:
        (x,) = equation.reads
        located, axes = self.located[x], equation.params["axes"]
        p = located.axis
        name = equation.primitive.name
        self._require_plain(equation)
        others = tuple(a for a in axes if a != p and x.spec.shape[a] != 1)
        if not others and p not in axes:
            self.located[equation.output] = located
            return
        if p in axes and equation.primitive is not sum_primitive:
            raise NotBlockable(f"`{name}` over the points: blocks know only sums over them")
        if equation.output.spec.dtype is bool_:
            raise NotBlockable(f"`{name}` at the points: blocks do not fold bools")
        source = x
        if others:
            source = equation.output if p not in axes else Node(Spec(kept_shape(x.spec.shape, others), x.spec.dtype))
            inner = without(tuple(range(len(x.spec.shape))), p)
            order = [i for i, a in enumerate(inner) if a not in others] + [
                i for i, a in enumerate(inner) if a in others
            ]
            read = located.read
            arranged = Read(
                read.node, tuple(read.shape[i] for i in order), read.offset, tuple(read.strides[i] for i in order)
            )
            self.own(source, p)
            self.operations.append(
                FoldFeatures(
                    source, self._features(source), arranged, len(inner) - len(others), fold.identity, fold.combine
                )
            )
        if p in axes:
            node = self._whole(source)
            features = self._features(node)
            self.summed[equation.output] = Contraction(
                equation.output, (Term(whole(node, (features,)), None),), features, 1
            )

    def _matmul(self, equation: Equation) -> None:
        x, y = equation.reads
        if x in self.located and y in self.located:
            self._contract(equation, x, y)
        elif x in self.located:
            self._apply(equation, x, y, on_left=True)
        else:
            self._apply(equation, y, x, on_left=False)

    def _contract(self, equation: Equation, x: Node, y: Node) -> None:
        rank = len(x.spec.shape)
        at_x, at_y = self.located[x], self.located[y]
        over_points = at_x.axis == rank - 1 and at_y.axis == len(y.spec.shape) - 2 and at_x.folded == at_y.folded
        if not over_points or rank != 2 or len(y.spec.shape) != 2:
            raise NotBlockable("`matmul` of two values at the points, other than a sum over the points")
        rows, columns = equation.output.spec.shape
        count = at_x.folded
        if count == 1:
            terms = [Term(self._dense(at_x.read), self._dense(at_y.read))]
        elif count <= MOST_ROWS:
            left, right = _last_first(at_x.read), at_y.read
            terms = [Term(self._dense(left.at(i)), self._dense(right.at(i))) for i in range(count)]
        else:
            (left, x_step), (right, y_step) = self._rows(_last_first(at_x.read)), self._rows(at_y.read)
            terms = [Term(left, right, count, x_step, y_step)]
        self.summed[equation.output] = Contraction(equation.output, tuple(terms), rows, columns)

    def _rows(self, read: Read) -> tuple[Read, int]:
        """The first of many rows, each in one piece, and the distance between them; copied if need be."""
        first = read.at(0)
        if first.is_dense and read.node in self.owned:
            return first, read.strides[0]
        copied = self._dense(read)
        return copied.at(0), copied.strides[0]

    def _dense(self, read: Read) -> Read:
        """The same elements side by side in a value of the tile, copied if need be."""
        if read.is_dense and read.node in self.owned:
            return read
        copy = Node(Spec((self._points, *read.shape), read.node.spec.dtype))
        self._emit_map(copy, 0, 1, "x", (read,))
        return whole(copy, read.shape)

    def _apply(self, equation: Equation, x: Node, weight: Node, on_left: bool) -> None:
        """A product of points with a shared matrix: every row of a point's elements is a stream."""
        p, rank = self.located[x].axis, len(x.spec.shape)
        contracted = rank - 1 if on_left else rank - 2
        across = rank - 2 if on_left else rank - 1
        if p == contracted or prod(weight.spec.shape[:-2]) != 1 or len(weight.spec.shape) > rank:
            raise NotBlockable("`matmul` contracts the points with a shared matrix, or has several shared matrices")
        if not on_left and (p != across or self.located[x].folded > 1):
            raise NotBlockable("`matmul` of a shared matrix with a matrix at each point")
        sizes = weight.spec.shape[-2:]
        inner, columns = sizes if on_left else sizes[::-1]
        steps = (sizes[1], 1) if on_left else (1, sizes[1])
        source = self._whole(x)
        self.own(equation.output, p, self.located[x].folded)
        rows = self._features(source) // inner
        matrix = Read(weight, (inner, columns), 0, steps)
        if rows > MOST_ROWS:
            stream = Stream(source, 0, equation.output, 0)
            self.operations.append(Product((stream,), matrix, inner, columns, rows))
            return
        streams = tuple(Stream(source, i * inner, equation.output, i * columns) for i in range(rows))
        self.operations.append(Product(streams, matrix, inner, columns))


def _last_first(read: Read) -> Read:
    """The same elements with the last axis in front."""
    return Read(read.node, read.shape[-1:] + read.shape[:-1], read.offset, read.strides[-1:] + read.strides[:-1])
