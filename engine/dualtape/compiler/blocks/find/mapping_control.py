"""Loops and conditions at the points: a turn of a scan, or a branch of a condition, as operations on one point."""

from __future__ import annotations

from math import prod

from dualtape.compiler.blocks.find.geometry import UNFOLDED, per_point
from dualtape.compiler.blocks.find.pointwise import Found, PointAxis, PointwiseBuilder, Total
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.find.turns import LARGEST_EXACT, TurnBuilder
from dualtape.compiler.blocks.tile import (
    Carry,
    KeptRows,
    Outcome,
    Read,
    StackRow,
    TileCondition,
    TileLoop,
    TileOperand,
    TileValue,
    written_size,
)
from dualtape.compiler.program import COND, SCAN, Equation, KnownNode, Node, Operand, Program, inner_programs
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, bool_, float32, float64
from dualtape.tensor import Tensor

LONGEST = 3_000
"""Operations of all turns that are written out: a driver takes seconds for more of them."""


def map_control(outer: PointwiseBuilder, equation: Equation) -> list[Found]:
    """Take in a loop of known length or a condition; what its outputs are."""
    before = len(outer.operations)
    found = _mapped(outer, equation)
    size = written_size(outer.operations[before:])
    if size > LONGEST:
        del outer.operations[before:]
        raise NotBlockable(f"a `{equation.primitive.name}` of {size} operations would take long to compile")
    return found


def _mapped(outer: PointwiseBuilder, equation: Equation) -> list[Found]:
    if equation.primitive is SCAN:
        return _Scan(outer, equation).found()
    if equation.primitive is COND:
        return _Condition(outer, equation).found()
    raise NotBlockable(f"a `{equation.primitive.name}` is not part of a kernel")


def floats_of(equation: Equation) -> DType:
    """The one type of floats among what an equation reads and gives."""
    results = [x for body in inner_programs(equation).values() for x in body.results]
    found = {x.spec.dtype for x in (*equation.reads, *results)} & {float32, float64}
    if len(found) != 1:
        raise NotBlockable(f"`{equation.primitive.name}` of {' and '.join(sorted(map(str, found))) or 'no floats'}")
    return found.pop()


def _plain_axis(at: PointAxis, name: str) -> int:
    if at.folded is not UNFOLDED and at.folded.size > 1:
        raise NotBlockable(f"`{name}` works on an axis of points and something else")
    return at.axis


class _Scan:
    """A scan that is being mapped: its carries at the points are found by going round until there is no other one."""

    def __init__(self, outer: PointwiseBuilder, equation: Equation) -> None:
        self._outer, self._dtype = outer, outer.dtype if isinstance(outer, TurnBuilder) else floats_of(equation)
        params = equation.params
        self._body: Program = params["body"]
        self._length, self._back = params["length"], params["reverse"]
        consts, self._carried = params["consts"], params["carried"]
        end = consts + self._carried
        self._fixed, self._first, self._stacks = (
            equation.operands[:consts], equation.operands[consts:end], equation.operands[end:]
        )  # fmt: skip
        inputs = self._body.inputs
        self._inputs = inputs[:consts], inputs[consts:end], inputs[end:]

    def found(self) -> list[Found]:
        if not self._length:
            raise NotBlockable("a `scan` of no steps")
        axes = {k: _plain_axis(at, "scan") for k, x in enumerate(self._first) if (at := self._located(x))}
        totals: set[Node] = set()
        while True:
            turn, ats, rows = self._begin(axes, totals)
            after = turn.run(self._body)
            carried = enumerate(after[: self._carried])
            grown = {k: _plain_axis(turn.located[x], "scan") for k, x in carried if x in turn.located and k not in axes}
            if not grown and not turn.must_total:
                break
            for k, axis in grown.items():
                self._load(self._first[k], axis)
            axes |= grown
            totals |= turn.must_total
        return self._end(axes, turn, ats, rows, after)

    def _located(self, x: Operand) -> PointAxis | None:
        return self._outer.located.get(x) if isinstance(x, Node) else None

    def _load(self, x: Operand, axis: int) -> None:
        if not isinstance(x, Node) or not self._outer.load(x, axis):
            raise NotBlockable("a `scan` whose carry gets points on the way")

    def _begin(self, axes: dict[int, int], totals: set[Node]) -> tuple[TurnBuilder, list[TileValue], list[StackRow]]:
        """A turn before its first equation: the carries, and the rows."""
        fixed, carries, stacks = self._inputs
        turn = TurnBuilder(self._outer, self._dtype, map_control)
        for node, operand in zip(fixed, self._fixed, strict=True):
            turn.name(node, operand)
        ats = []
        for k, node in enumerate(carries):
            shape, dtype = node.spec.shape, node.spec.dtype
            if k in axes:
                local = per_point(shape, axes[k], UNFOLDED)
                value = turn.own(local, dtype)
                turn.located[node] = PointAxis(axes[k], value.whole(local))
            else:
                value = turn.own(shape, dtype)
                if node in totals:
                    turn.totals[node] = Total(value.whole(shape))
                else:
                    turn.everywhere[node] = value.whole(shape)
                    if self._outer.is_zero(self._first[k]) or self._first[k] in self._outer.totals:
                        turn.may_total.add(node)
            ats.append(value)
        rows = [self._row(turn, node, x) for node, x in zip(stacks, self._stacks, strict=True)]
        return turn, ats, [row for row in rows if row is not None]

    def _row(self, turn: TurnBuilder, node: Node, stack: Operand) -> StackRow | None:
        shape, dtype = node.spec.shape, node.spec.dtype
        assert isinstance(stack, Node)
        points = self._outer.points
        if stack not in self._outer.located and points in shape and dtype.is_float:
            turn.load(stack, 1 + shape.index(points))
        at = turn.located.get(stack)
        if at is not None:
            axis = _plain_axis(at, "scan") - 1
            if axis < 0:
                raise NotBlockable("a `scan` along the points")
            local = per_point(shape, axis, UNFOLDED)
            value = turn.own(local, dtype)
            turn.located[node] = PointAxis(axis, value.whole(local))
            return StackRow(at.read, value)
        if stack not in turn.everywhere and not dtype.is_float and dtype is not bool_:
            if not isinstance(stack, KnownNode):
                return None
            known = stack.value.asnumpy()
            if known.size and abs(known).max() >= LARGEST_EXACT:
                return None
            turn.bounds[node] = int(abs(known).max()) if known.size else 0
            numbers = Tensor(known.astype(self._dtype.numpy), device=stack.value.device)
            stack = KnownNode(Spec(stack.spec.shape, self._dtype), numbers)
        elif stack in turn.bounds:
            turn.bounds[node] = turn.bounds[stack]
        read = turn.read_here(stack)
        assert isinstance(read, Read)
        value = turn.own(shape, dtype)
        turn.everywhere[node] = value.whole(shape)
        return StackRow(read, value)

    def _end(
        self, axes: dict[int, int], turn: TurnBuilder, ats: list[TileValue], rows: list[StackRow], after: list[Operand]
    ) -> list[Found]:
        carries: list[Carry] = []
        kept: list[KeptRows] = []
        found: list[Found] = []
        for k, (node, at, x) in enumerate(zip(self._inputs[1], ats, after[: self._carried], strict=True)):
            first, shape = self._first[k], node.spec.shape
            if k in axes:
                carry = self._carry_at_points(turn, k, axes[k], at, x)
                local = per_point(shape, axes[k], UNFOLDED)
                found.append(PointAxis(axes[k], carry.last.whole(local)))
            elif x is node:
                if not isinstance(first, Node):
                    raise NotBlockable("a `scan` that carries a number through")
                carry = Carry(self._first_read(first, shape), at, at.whole(shape), TileValue(at.features, at.dtype))
                found.append(first)
            elif node in turn.totals or x in turn.totals:
                carry = self._carry_total(turn, k, at, x)
                base = (
                    first
                    if isinstance(first, Node) and node not in turn.totals and not self._outer.is_zero(first)
                    else None
                )
                found.append(Total(carry.last.whole(shape), base))
            else:
                last = TileValue(at.features, at.dtype)
                carry = Carry(self._first_read(first, shape), at, self._whole(turn, x, shape), last)
                found.append(last.whole(shape))
            carries.append(carry)
        for x, result in zip(after[self._carried :], self._body.results[self._carried :], strict=True):
            found.append(self._keep(turn, x, result, kept))
        self._outer.operations.append(
            TileLoop(self._length, self._back, tuple(turn.operations), tuple(carries), tuple(rows), tuple(kept))
        )
        return found

    def _first_read(self, x: Operand, shape: Shape) -> TileOperand:
        read = self._outer.read_here(x)
        return read.stretched(shape) if isinstance(read, Read) else read

    @staticmethod
    def _whole(turn: TurnBuilder, x: Operand, shape: Shape) -> TileOperand:
        if x in turn.located or x in turn.totals:
            raise NotBlockable("a `scan` whose carry changes its kind")
        read = turn.read_here(x)
        return read.stretched(shape) if isinstance(read, Read) else read

    def _carry_at_points(self, turn: TurnBuilder, k: int, axis: int, at: TileValue, x: Operand) -> Carry:
        first = self._located(self._first[k])
        assert first is not None
        assert isinstance(x, Node)
        if x not in turn.located:
            turn.load(x, axis)
        there = turn.located.get(x)
        if there is None or _plain_axis(there, "scan") != axis:
            raise NotBlockable("a `scan` whose carry moves its points to another axis")
        return Carry(first.read, at, there.read, TileValue(at.features, at.dtype))

    def _carry_total(self, turn: TurnBuilder, k: int, at: TileValue, x: Operand) -> Carry:
        """A sum over the points that goes from turn to turn, or one to which each turn adds another."""
        node, first = self._inputs[1][k], self._first[k]
        shape, last = node.spec.shape, TileValue(at.features, at.dtype)
        total = turn.totals.get(x) if isinstance(x, Node) else None
        if node in turn.totals:
            before = self._outer.totals.get(first) if isinstance(first, Node) else None
            if (total is None and not turn.is_zero(x)) or (total is not None and total.base is not None):
                raise NotBlockable("a `scan` whose carry changes its kind")
            after: TileOperand = 0 if total is None else total.read.stretched(shape)
            return Carry(0 if before is None else before.read, at, after, last)
        assert total is not None
        if total.base is not node or node in turn.read_everywhere:
            raise NotBlockable("a sum over the points in each turn of a `scan` that others read")
        return Carry(0, at, turn.added(at.whole(shape), total.read.stretched(shape), shape), last)

    def _keep(self, turn: TurnBuilder, x: Operand, result: Node, kept: list[KeptRows]) -> Found:
        shape, dtype = result.spec.shape, result.spec.dtype
        if x in turn.located:
            assert isinstance(x, Node)
            at = turn.located[x]
            axis = _plain_axis(at, "scan")
            local = per_point(shape, axis, UNFOLDED)
            stack = TileValue(self._length * prod(local), dtype)
            kept.append(KeptRows(at.read, stack))
            return PointAxis(axis + 1, stack.whole((self._length, *local)))
        total = turn.totals.get(x) if isinstance(x, Node) else None
        if total is not None and total.base is not None:
            raise NotBlockable("a `scan` that keeps sums over the points of all turns so far")
        each = total.read if total is not None else self._whole(turn, x, shape)
        stack = turn.own((self._length, *shape), dtype)
        kept.append(KeptRows(each, stack))
        read = stack.whole((self._length, *shape))
        return read if total is None else Total(read)


class _Condition:
    """A condition that is being mapped: both branches on the same operands."""

    def __init__(self, outer: PointwiseBuilder, equation: Equation) -> None:
        self._outer, self._dtype = outer, outer.dtype if isinstance(outer, TurnBuilder) else floats_of(equation)
        self._predicate, *self._operands = equation.operands
        self._branches: tuple[Program, Program] = equation.params["true"], equation.params["false"]

    def found(self) -> list[Found]:
        outer = self._outer
        predicate = outer.read_here(self._predicate)
        if not isinstance(predicate, Read):
            raise NotBlockable("a `cond` whose condition is known")
        true, false = (TurnBuilder(outer, self._dtype, map_control) for _ in range(2))
        results = [self._run(turn, body) for turn, body in zip((true, false), self._branches, strict=True)]
        outcomes: list[Outcome] = []
        found = [
            self._outcome(outcomes, (true, x), (false, y), node.spec)
            for x, y, node in zip(*results, self._branches[0].results, strict=True)
        ]
        outer.operations.append(
            TileCondition(predicate, tuple(true.operations), tuple(false.operations), tuple(outcomes))
        )
        return found

    def _run(self, turn: TurnBuilder, body: Program) -> list[Operand]:
        for node, operand in zip(body.inputs, self._operands, strict=True):
            turn.name(node, operand)
        return turn.run(body)

    def _outcome(
        self,
        outcomes: list[Outcome],
        if_true: tuple[TurnBuilder, Operand],
        if_false: tuple[TurnBuilder, Operand],
        spec: Spec,
    ) -> Found:
        sides = (if_true, if_false)
        at = [turn.located[x] for turn, x in sides if isinstance(x, Node) and x in turn.located]
        if at:
            axis = _plain_axis(at[0], "cond")
            local = per_point(spec.shape, axis, UNFOLDED)
            value = if_true[0].own(local, spec.dtype)
            x, y = (self._at_points(turn, x, axis).stretched(local) for turn, x in sides)
            outcomes.append(Outcome(x, y, value))
            return PointAxis(axis, value.whole(local))
        summed = [turn.totals[x] for turn, x in sides if isinstance(x, Node) and x in turn.totals]
        if summed and not all(x in turn.totals or turn.is_zero(x) for turn, x in sides):
            raise NotBlockable("a `cond` of which one branch sums over the points, and the other one does not")
        first, second = (self._everywhere(turn, x, spec.shape) for turn, x in sides)
        value = if_true[0].own(spec.shape, spec.dtype)
        outcomes.append(Outcome(first, second, value))
        return Total(value.whole(spec.shape)) if summed else value.whole(spec.shape)

    @staticmethod
    def _at_points(turn: TurnBuilder, x: Operand, axis: int) -> Read:
        if isinstance(x, Node) and x not in turn.located:
            turn.load(x, axis)
        there = turn.located.get(x) if isinstance(x, Node) else None
        if there is None or _plain_axis(there, "cond") != axis:
            raise NotBlockable("a `cond` of which one branch gives values at the points, and the other one does not")
        return there.read

    @staticmethod
    def _everywhere(turn: TurnBuilder, x: Operand, shape: Shape) -> TileOperand:
        total = turn.totals.get(x) if isinstance(x, Node) else None
        if total is not None and total.base is None:
            return total.read.stretched(shape)
        if total is not None:
            raise NotBlockable("a `cond` that adds sums over the points to a value")
        read = turn.read_here(x)
        return read.stretched(shape) if isinstance(read, Read) else read
