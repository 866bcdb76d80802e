"""What one turn of a loop, or one branch of a condition, does at a point.

Beside values with points there are two kinds more. A value is *everywhere* if it is the same at all points, but another
one in each turn: a time, an index. Each point computes it for itself. A *total* is a sum over the points: each point
adds up its own part, through all turns, and what is summed over the points in the end is that. So the gradient of a
coefficient in an equation is a carry like others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from dualtape.compiler.blocks.find.geometry import Folded, without
from dualtape.compiler.blocks.find.mapping import elementwise_code, map_equation
from dualtape.compiler.blocks.find.pointwise import POINT_TYPES, Found, PointAxis, PointwiseBuilder, Total
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import (
    MOST_ROWS,
    Contraction,
    ElementwiseMap,
    Embed,
    Read,
    SharedRead,
    TileOperand,
    TileRead,
    TileValue,
)
from dualtape.compiler.program import CALL, ITEM, Control, Equation, Node, Operand, Program
from dualtape.core.lowering import Expression, Movement, Placement, Reinterpretation, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import DType, bool_
from dualtape.primitives.arithmetic import add, divide, multiply, negative, strong_multiply, subtract
from dualtape.primitives.comparison import equal, greater, greater_equal, less, less_equal, not_equal
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import concatenate
from dualtape.primitives.selection import cast

LARGEST_EXACT = 1 << 24
"""Whole numbers below this are exact as Float32, as which indices are computed."""

MOST_SUMS = 64
"""Numbers of which each point adds up its own part: for more of them a kernel for each turn is faster."""

_COMPARISONS = (equal, not_equal, less, less_equal, greater, greater_equal)


class TurnBuilder(PointwiseBuilder):
    """The operations of a turn so far, around which are those of ``outer``.

    Parameters
    ----------
    outer
        What is done at the points around the loop or the condition.
    dtype
        The element type in which everything is computed.
    """

    def __init__(self, outer: PointwiseBuilder, dtype: DType, control: Callable[..., list[Found]]) -> None:
        super().__init__(outer.points)
        self.located = dict(outer.located)
        self.dtype = dtype
        self.load = self._load
        self._outer = outer
        self._made_here: set[Node] = set()
        self.everywhere, self.bounds, self.totals = dict(outer.everywhere), dict(outer.bounds), {}
        self.zeros = set(outer.zeros)
        if isinstance(outer, TurnBuilder):
            self.totals |= outer.totals
        self.may_total: set[Node] = set()
        self.must_total: set[Node] = set()
        self.read_everywhere: set[Node] = set()
        self._control = control
        self._names: dict[Node, Operand] = {}

    # What a body reads and gives

    def name(self, node: Node, operand: Operand) -> None:
        """Let an input of a body stand for an operand outside."""
        self._names[node] = operand

    def now(self, operand: Operand) -> Operand:
        """What stands for an operand of a body."""
        while isinstance(operand, Node) and operand in self._names:
            operand = self._names[operand]
        return operand

    def run(self, body: Program) -> list[Operand]:
        """Take in all equations of a body; what its outputs are."""
        for equation in body.equations:
            self.visit(equation)
        return [self.now(x) for x in body.outputs]

    def _load(self, node: Node, axis: int) -> bool:
        """Arrays from outside of all loops may be loaded; those that a turn makes are no arrays."""
        if node in self._made_here or node in self.everywhere or not self._outer.load(node, axis):
            return False
        self.located[node] = self._outer.located[node]
        return True

    def own(self, shape: Shape, dtype: DType) -> TileValue:
        """A new value with these elements at each point; indices are computed as numbers."""
        return TileValue(prod(shape), dtype if dtype is bool_ else self.dtype)

    def read_here(self, x: Operand) -> TileOperand:
        if isinstance(x, Node):
            self.read_everywhere.add(x)
        return super().read_here(x)

    def shared_read(self, x: Node, axis: int, folded: Folded, rank: int, name: str) -> Read:
        if x not in self.everywhere:
            return super().shared_read(x, axis, folded, rank, name)
        self.read_everywhere.add(x)
        own_axis = axis - (rank - len(x.spec.shape))
        read = self.everywhere[x]
        if own_axis < 0:
            return read
        if x.spec.shape[own_axis] != 1:
            raise NotBlockable(f"`{name}` meets a value of shape {x.spec.shape} on the point axis")
        return read.arranged([a for a in range(len(read.shape)) if a != own_axis])

    def matrix(self, x: Node) -> SharedRead:
        read = self.everywhere.get(x)
        if read is None:
            return super().matrix(x)
        if not isinstance(read, SharedRead):
            raise NotBlockable("`matmul` in a loop at the points, with a matrix that is another one in each turn")
        return read.arranged([len(read.shape) - 2, len(read.shape) - 1])

    # Equations

    def visit(self, equation: Equation) -> None:
        """Take in an equation of a body."""
        equation = replace(equation, operands=tuple(map(self.now, equation.operands)))
        self.note_zeros(equation)
        if equation.primitive is ITEM:
            self._take(equation)
        elif equation.primitive is CALL:
            self._inline(equation)
        elif isinstance(equation.primitive, Control):
            self.bundles[equation.output] = self._control(self, equation)
        elif any(x in self.totals for x in equation.reads):
            self._on_totals(equation)
        elif any(x in self.located for x in equation.reads):
            self._at_points(equation)
        elif not self._repeats_at_points(equation):
            self.everywhere[equation.output] = self._everywhere(equation, {})
        self._made_here.add(equation.output)

    def _inline(self, equation: Equation) -> None:
        body: Program = equation.params["body"]
        for node, operand in zip(body.inputs, equation.operands, strict=True):
            self.name(node, operand)
        found: list[Found] = []
        for x in self.run(body):
            assert isinstance(x, Node)
            found.append(x)
        self.bundles[equation.output] = found

    def _take(self, equation: Equation) -> None:
        (bundle,) = equation.reads
        found, output = self.bundles[bundle][equation.params["index"]], equation.output
        match found:
            case PointAxis():
                self.located[output] = found
            case Total():
                self.totals[output] = self._alone_if_carried(found)
            case Read():
                self.everywhere[output] = found
            case Node():
                self.name(output, found)

    def _at_points(self, equation: Equation) -> None:
        primitive = equation.primitive
        aligned = isinstance(primitive.lowering, Expression) or primitive is concatenate
        if not aligned and primitive is not matmul and any(x in self.everywhere for x in equation.reads):
            raise NotBlockable(f"`{primitive.name}` in a loop at the points, of a value that is not at the points")
        for node in (*equation.reads, equation.output):
            if node.spec.dtype not in POINT_TYPES:
                raise NotBlockable(f"`{primitive.name}` of {node.spec.dtype} in a loop at the points")
            if 0 in node.spec.shape:
                raise NotBlockable(f"`{primitive.name}` has an empty operand or output")
        if aligned:
            self.load_beside(equation)
        map_equation(self, equation)
        contraction = self.summed.pop(equation.output, None)
        if contraction is not None:
            self.totals[equation.output] = Total(self._part_of(contraction))

    def _part_of(self, contraction: Contraction) -> Read:
        """What a point adds to a sum over the points."""
        shape = (contraction.rows, contraction.columns)
        if contraction.rows * contraction.columns > MOST_SUMS:
            raise NotBlockable(f"{contraction.rows * contraction.columns} sums over the points in each turn of a loop")
        total: Read | None = None
        for term in contraction.terms:
            if term.count > MOST_ROWS:
                raise NotBlockable("a sum over the points and many rows in each turn of a loop")
            for i in range(term.count):
                x = replace(term.x, offset=term.x.offset + i * term.x_step)
                part: Read = x.whole_of(contraction.rows, 1).stretched(shape)
                if term.y is not None:
                    y = replace(term.y, offset=term.y.offset + i * term.y_step)
                    part = self._made(multiply, (part, y.whole_of(1, contraction.columns).stretched(shape)), shape)
                total = part if total is None else self._made(add, (total, part), shape)
        assert total is not None
        return self.dense(total).reshaped(contraction.output.spec.shape)

    def _made(self, primitive: Primitive, operands: tuple[TileOperand, ...], shape: Shape) -> TileRead:
        assert isinstance(primitive.lowering, Expression)
        value = TileValue(prod(shape), self.dtype)
        self.operations.append(ElementwiseMap(value, primitive.lowering, operands, primitive))
        return value.whole(shape)

    def added(self, x: TileOperand, y: TileOperand, shape: Shape) -> TileRead:
        """The sum of two values of one shape."""
        return self._made(add, (x, y), shape)

    def _on_totals(self, equation: Equation) -> None:
        """Linear operations on totals are done with each point's part."""
        primitive, output = equation.primitive, equation.output
        found = {x: self.totals[x] for x in equation.reads if x in self.totals}
        if any(x in self.located for x in equation.reads):
            raise NotBlockable(f"`{primitive.name}` takes a sum over the points back to the points, in a loop")
        if primitive is add:
            x, y = equation.operands
            base = [self.totals[z].base if z in self.totals else z for z in (x, y)]
            bases = [z for z in base if z is not None and not self.is_zero(z)]
            shapes = {z.spec.shape if isinstance(z, Node) else None for z in (x, y, output)}
            if len(bases) > 1 or len(shapes) > 1:
                raise NotBlockable("sums over the points in a loop that are added to several values")
            parts = [self.totals[z].read for z in (x, y) if z in self.totals]
            read = parts[0] if len(parts) == 1 else self.added(parts[0], parts[1], output.spec.shape)
            (only,) = bases or (None,)
            assert only is None or isinstance(only, Node)
            self.totals[output] = self._alone_if_carried(Total(read, only))
            return
        moves = isinstance(primitive.lowering, (Movement, Placement, Reinterpretation))
        scales = len(found) == 1 and (
            primitive in (multiply, strong_multiply) or (primitive is divide and equation.operands[0] in found)
        )
        subtracts = primitive is subtract and all(x in found for x in equation.operands)
        linear = moves or scales or subtracts or primitive is negative
        if not linear or any(x.base is not None for x in found.values()):
            raise NotBlockable(f"`{primitive.name}` of a sum over the points, in a loop")
        self.totals[output] = Total(self._everywhere(equation, {x: total.read for x, total in found.items()}))

    def _alone_if_carried(self, total: Total) -> Total:
        """Without its base, if that is a carry that is a total itself, as it turns out here."""
        if total.base not in self.may_total:
            return total
        assert total.base is not None
        self.must_total.add(total.base)
        return Total(total.read)

    def _everywhere(self, equation: Equation, parts: dict[Node, Read]) -> Read:
        """An operation on values without points, or on each point's part of them."""
        output, primitive = equation.output, equation.primitive
        self._require_small(equation)
        if 0 in output.spec.shape:
            raise NotBlockable(f"`{primitive.name}` has an empty output")
        shape = output.spec.shape
        reads = [parts[x] if x in parts else self.read_here(x) for x in equation.operands]
        value = self.own(shape, output.spec.dtype)
        match primitive.lowering:
            case Expression() as expression:
                code = elementwise_code(equation, expression)
                operands = tuple(x.stretched(shape) if isinstance(x, Read) else x for x in reads)
                self.operations.append(ElementwiseMap(value, code, operands, primitive))
                return value.whole(shape)
            case Movement(view):
                source = self._dense(reads[0])
                seen = view(equation.reads[0].spec.shape, **equation.params)
                offset = source.offset + seen.offset
                return replace(source, shape=seen.shape, offset=offset, strides=seen.strides)
            case Reinterpretation():
                return self._dense(reads[0]).reshaped(shape)
            case Placement(view):
                seen = view(equation.reads[0].spec.shape, **equation.params)
                place = TileRead(value, seen.shape, seen.offset, seen.strides)
                self.operations.append(Embed(value, ((self._alone(reads[0]), place),)))
                return value.whole(shape)
            case _ if primitive is concatenate:
                return self._joined(equation, reads, value)
            case _:
                raise NotBlockable(f"`{primitive.name}` in a loop, of values without points")

    def _repeats_at_points(self, equation: Equation) -> bool:
        """A value that is repeated at each point is read where it is."""
        lowering, output = equation.primitive.lowering, equation.output
        if not isinstance(lowering, Movement) or output.spec.dtype not in POINT_TYPES:
            return False
        view = lowering.view(equation.reads[0].spec.shape, **equation.params)
        for p, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
            if n == self.points and step == 0:
                source = self._dense(self.read_here(equation.reads[0]))
                shape, strides = without(view.shape, p), without(view.strides, p)
                read = replace(source, shape=shape, offset=source.offset + view.offset, strides=strides)
                self.located[output] = PointAxis(p, read)
                return True
        return False

    def _joined(self, equation: Equation, reads: list[TileOperand], value: TileValue) -> Read:
        shape, axis = equation.output.spec.shape, equation.params["axis"]
        strides = contiguous_strides(shape)
        parts, start = [], 0
        for x, read in zip(equation.reads, reads, strict=True):
            place = TileRead(value, x.spec.shape, start * strides[axis], strides)
            parts.append((self._alone(read), place))
            start += x.spec.shape[axis]
        self.operations.append(Embed(value, tuple(parts)))
        return value.whole(shape)

    def _dense(self, x: TileOperand) -> Read:
        assert isinstance(x, Read)
        return x if x.is_dense else self.dense(x)

    def _alone(self, x: TileOperand) -> TileValue:
        """A value of the tile with these elements and nothing else."""
        assert isinstance(x, Read)
        if isinstance(x, TileRead) and x.is_whole and prod(x.shape) == x.value.features:
            return x.value
        copy = TileValue(prod(x.shape), x.value.dtype)
        self.operations.append(x.copied_to(copy))
        return copy

    def _require_small(self, equation: Equation) -> None:
        """Indices, and what follows from them, must be exact as numbers."""
        primitive, output = equation.primitive, equation.output
        if all(x.spec.dtype in POINT_TYPES for x in (*equation.reads, output)):
            return
        sizes = [self.bounds.get(x) if isinstance(x, Node) else abs(int(x)) for x in equation.operands]
        kept = isinstance(primitive.lowering, (Movement, Reinterpretation))
        if any(size is None for size in sizes) or (output.spec.dtype is bool_ and primitive not in _COMPARISONS):
            raise NotBlockable(f"`{primitive.name}` of {equation.reads[0].spec.dtype} in a loop at the points")
        known = [size for size in sizes if size is not None]
        bound = prod(known) if primitive is multiply else sum(known)
        if not (kept or primitive in (add, subtract, multiply, cast, *_COMPARISONS)) or bound >= LARGEST_EXACT:
            raise NotBlockable(f"`{primitive.name}` of {equation.reads[0].spec.dtype} in a loop at the points")
        if output.spec.dtype not in POINT_TYPES:
            self.bounds[output] = bound
