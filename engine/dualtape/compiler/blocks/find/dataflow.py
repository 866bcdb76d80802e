"""What maps over points, found by following data: operation by operation, in the order of the program.

A value *has points* if one of its axes is the axis of a set of points, or it is *shared*. An operation on one set of
points becomes part of a tile program; any other runs as it is, between kernels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from math import prod

from dualtape.compiler.blocks.find.geometry import without
from dualtape.compiler.blocks.find.mapping import map_equation
from dualtape.compiler.blocks.find.mapping_control import map_control
from dualtape.compiler.blocks.find.pointwise import POINT_TYPES, PointAxis, PointwiseBuilder, Total
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import (
    Contraction,
    ContractionTerm,
    Read,
    ReadableValue,
    Shared,
    SharedRead,
    TileOperation,
    TileValue,
)
from dualtape.compiler.program import ITEM, Control, Equation, KnownNode, Node, Program
from dualtape.core.lowering import Expression, Movement
from dualtape.dtypes import bool_
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate, reshape


class MustStay(Exception):
    """A loop must not be part of a kernel, for what it gives is read where only arrays can be."""

    def __init__(self, loop: Node, reason: str) -> None:
        super().__init__(reason)
        self.loop, self.reason = loop, reason


@dataclass(eq=False)
class PointSet:
    """A set of points: what is done at each of them, the arrays loaded for that, and those that are stored."""

    builder: PointwiseBuilder
    loaded: dict[Node, TileValue] = field(default_factory=dict)
    stored: dict[Node, None] = field(default_factory=dict)


class DataFlow:
    """Where the data of a program are, after the equations so far.

    Attributes
    ----------
    sets
        In the order of preference.
    equations
        Those that run as they are, by stage.
    reasons
        Why operations on values with points are among them, each once.
    """

    def __init__(self, sets: tuple[int, ...], program: Program, left: Mapping[Node, str]) -> None:
        self.sets = [PointSet(PointwiseBuilder(points)) for points in sets]
        for each in self.sets:
            each.builder.load = partial(self._load, each)
        self.equations: dict[int, list[Equation]] = defaultdict(list)
        self.reasons: dict[str, None] = {}
        self._set_of: dict[Node, PointSet] = {}
        self._left = left
        self._items = _items_read(program)
        self._everywhere: dict[Node, Node] = {}
        self._stage_of: dict[ReadableValue, int] = {}

    # When values are there

    def stage_of(self, value: ReadableValue) -> int:
        """The stage in which a shared value is there before the kernels run, or in which one of a tile is made."""
        return self._stage_of.get(value, 0)

    def made_in(self, node: Node) -> int:
        """The stage in which a value with points is computed."""
        return self.stage_of(self._set_of[node].builder.read(node).value)

    def _latest(self, operation: TileOperation) -> int:
        return max(map(self.stage_of, operation.values_read()), default=0)

    # Following data

    def visit(self, equation: Equation) -> None:
        """Take in an equation: at the points, or between kernels."""
        if not any(node in self._set_of for node in equation.reads):
            for node in equation.reads:
                if isinstance(node, KnownNode):
                    self.load_any(node)
        found = {self._set_of[node] for node in equation.reads if node in self._set_of}
        if not found:
            for each in self.sets:
                each.builder.note_zeros(equation)
            if not self._merged(equation) and not self._repeats_at_points(equation):
                self._run_between(equation, max((self.stage_of(Shared(x)) for x in equation.reads), default=0))
            return
        sets = [each for each in self.sets if each in found]
        try:
            self._map(equation, sets)
        except NotBlockable as reason:
            self.reasons.setdefault(str(reason))
            self._leave(equation, sets)

    def _map(self, equation: Equation, sets: list[PointSet]) -> None:
        """At the points of the first set: arrays of later ones are shared values beside those of it."""
        name = equation.primitive.name
        chosen = sets[0]
        known = [(node, self._set_of[node]) for node in equation.reads if node in self._set_of]
        if any(each is not chosen and node not in each.loaded for node, each in known):
            counts = sorted(each.builder.points for each in sets)
            raise NotBlockable(f"`{name}` combines sets of points: {counts}")
        if isinstance(equation.primitive, Control):
            self._map_control(equation, chosen)
            return
        for node in (*equation.reads, equation.output):
            if 0 in node.spec.shape:
                raise NotBlockable(f"`{name}` has an empty operand or output")
            if node.spec.dtype not in POINT_TYPES:
                raise NotBlockable(f"blocks compute in Float32 or in Float64, and `{name}` has {node.spec.dtype}")
        builder = chosen.builder
        if isinstance(equation.primitive.lowering, Expression) or equation.primitive is concatenate:
            builder.load_beside(equation)
            self._set_of |= {x: chosen for x in equation.reads if x in builder.located and x not in self._set_of}
        before = len(builder.operations)
        map_equation(builder, equation)
        self._date(builder.operations[before:])
        output = equation.output
        if output in builder.located:
            self._set_of[output] = chosen
        else:
            self._date_sum(builder.summed[output])

    def _map_control(self, equation: Equation, chosen: PointSet) -> None:
        """A loop or a condition, or one of the values that it gives."""
        builder, output = chosen.builder, equation.output
        if equation.primitive is not ITEM:
            if output in self._left:
                raise NotBlockable(self._left[output])
            before = len(builder.operations)
            found = map_control(builder, equation)
            if any(isinstance(found[k], Read) and others for k, others in self._items[output].items()):
                del builder.operations[before:]
                raise NotBlockable(f"a value that a `{equation.primitive.name}` gives has no points")
            self._date(builder.operations[before:])
            builder.bundles[output] = found
            self._set_of[output] = chosen
            return
        (bundle,) = equation.reads
        item = builder.bundles[bundle][equation.params["index"]]
        match item:
            case PointAxis():
                builder.located[output] = item
                self._set_of[output] = chosen
            case Read():
                builder.everywhere[output] = item
                self._everywhere[output] = bundle
                self._set_of[output] = chosen
            case Total():
                self._add_total(output, item, builder)
            case Node():
                same = Equation(reshape, (item,), {"shape": output.spec.shape}, output)
                self._run_between(same, self.stage_of(Shared(item)))

    def _add_total(self, output: Node, total: Total, builder: PointwiseBuilder) -> None:
        """A sum over the points of what each has added up in a loop."""
        part = builder.dense(total.read)
        features = prod(part.shape)
        summed = output if total.base is None else Node(output.spec)
        builder.sum_over_points(summed, [ContractionTerm(part.reshaped((features,)), None)], features)
        self._date(builder.operations[-1:])
        self._date_sum(builder.summed[summed])
        if total.base is None:
            builder.totals[output] = total
        else:
            stage = max(self.stage_of(Shared(x)) for x in (total.base, summed))
            self._run_between(Equation(add, (total.base, summed), {}, output), stage)

    def _date(self, operations: list[TileOperation]) -> None:
        for operation in operations:
            self._stage_of |= dict.fromkeys(operation.values_made(), self._latest(operation))

    def _date_sum(self, contraction: Contraction) -> None:
        self._stage_of[Shared(contraction.output)] = 1 + self._latest(contraction)

    def _run_between(self, equation: Equation, stage: int) -> None:
        self.equations[stage].append(equation)
        self._stage_of[Shared(equation.output)] = stage

    def _repeats_at_points(self, equation: Equation) -> bool:
        """A shared value that is repeated at each point is read where it is."""
        lowering, output = equation.primitive.lowering, equation.output
        if not isinstance(lowering, Movement) or not equation.reads or output.spec.dtype not in POINT_TYPES:
            return False
        (x,) = equation.reads
        view = lowering.view(x.spec.shape, **equation.params)
        for each in self.sets:
            for p, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
                if n == each.builder.points and step == 0:
                    read = SharedRead(Shared(x), without(view.shape, p), view.offset, without(view.strides, p))
                    each.builder.located[output] = PointAxis(p, read)
                    self._set_of[output] = each
                    return True
                if step == 0 and n % each.builder.points == 0:
                    each.builder.repeated[output] = x, view
        return False

    def _merged(self, equation: Equation) -> bool:
        """Sums of sums over points are one sum of more terms."""
        if equation.primitive is not add or len(equation.reads) != 2:
            return False
        for each in self.sets:
            summed = each.builder.summed
            if not summed.keys() >= set(equation.reads):
                continue
            x, y = (summed[node] for node in equation.reads)
            if self._kind_of(x) != self._kind_of(y):
                return False
            summed[equation.output] = Contraction(equation.output, x.terms + y.terms, x.rows, x.columns)
            self._date_sum(summed[equation.output])
            return True
        return False

    def _kind_of(self, x: Contraction) -> tuple[object, ...]:
        """What sums that are added have in common; all terms have a second factor, or none has."""
        return x.rows, x.columns, x.output.spec.shape, self.stage_of(Shared(x.output)), x.terms[0].y is None

    def _leave(self, equation: Equation, sets: list[PointSet]) -> None:
        """Run it as it is: what it reads of the points is stored, and what it gives may be loaded again."""
        for node in equation.reads:
            if node in self._everywhere:
                raise MustStay(
                    self._everywhere[node], f"`{equation.primitive.name}` reads a value without points of it"
                )
        stages = [self.made_in(x) + 1 if self.store(x) else self.stage_of(Shared(x)) for x in equation.reads]
        self._run_between(equation, max(stages))
        any(self._load(each, equation.output) for each in sets)

    # Arrays

    def store(self, node: Node) -> bool:
        """Store a value if it is computed at points."""
        home = self._set_of.get(node)
        if home is None or node in home.loaded:
            return False
        home.stored.setdefault(node)
        return True

    def load_any(self, node: Node) -> None:
        """Load an array for the first set that it may hold the points of."""
        any(self._load(each, node) for each in self.sets)

    def _load(self, into: PointSet, node: Node, axis: int | None = None) -> bool:
        shape, dtype, points = node.spec.shape, node.spec.dtype, into.builder.points
        if points not in shape or dtype not in POINT_TYPES or dtype is bool_ or node in self._set_of:
            return False
        value = into.builder.new_value(node, shape.index(points) if axis is None else axis)
        self._stage_of[value] = self.stage_of(Shared(node))
        self._set_of[node] = into
        into.loaded[node] = value
        return True


def _items_read(program: Program) -> dict[Node, dict[int, bool]]:
    """Which values of loops and conditions are read, and whether by anybody but other loops and conditions."""
    readers: dict[Node, bool] = dict.fromkeys(program.results, True)
    for equation in program.equations:
        other = not isinstance(equation.primitive, Control)
        readers |= {node: readers.get(node, False) or other for node in equation.reads}
    read: dict[Node, dict[int, bool]] = defaultdict(dict)
    for equation in program.equations:
        if equation.primitive is ITEM and equation.output in readers:
            found = read[equation.reads[0]]
            index = equation.params["index"]
            found[index] = found.get(index, False) or readers[equation.output]
    return read
