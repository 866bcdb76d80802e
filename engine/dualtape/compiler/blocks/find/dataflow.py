"""What maps over points, found by following data: operation by operation, in the order of the program.

A value *has points* if one of its axes is the axis of a set of points, or it is *shared*. An operation on one set of
points becomes part of a tile program; any other runs as it is, between kernels.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from dualtape.compiler.blocks.find.geometry import without
from dualtape.compiler.blocks.find.mapping import map_equation
from dualtape.compiler.blocks.find.pointwise import PointAxis, PointwiseBuilder
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import Contraction, ReadableValue, Shared, SharedRead, TileOperation, TileValue
from dualtape.compiler.program import Equation, KnownNode, Node
from dualtape.core.lowering import Expression, Movement
from dualtape.dtypes import bool_, float32, float64
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate

_TYPES = (float32, float64, bool_)


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

    def __init__(self, sets: tuple[int, ...]) -> None:
        self.sets = [PointSet(PointwiseBuilder(points)) for points in sets]
        self.equations: dict[int, list[Equation]] = defaultdict(list)
        self.reasons: dict[str, None] = {}
        self._set_of: dict[Node, PointSet] = {}
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
        for node in (*equation.reads, equation.output):
            if 0 in node.spec.shape:
                raise NotBlockable(f"`{name}` has an empty operand or output")
            if node.spec.dtype not in _TYPES:
                raise NotBlockable(f"blocks compute in Float32 or in Float64, and `{name}` has {node.spec.dtype}")
        self._load_beside(equation, chosen)
        builder = chosen.builder
        before = len(builder.operations)
        map_equation(builder, equation)
        for operation in builder.operations[before:]:
            self._stage_of |= dict.fromkeys(operation.values_made(), self._latest(operation))
        output = equation.output
        if output in builder.located:
            self._set_of[output] = chosen
        else:
            self._date_sum(builder.summed[output])

    def _date_sum(self, contraction: Contraction) -> None:
        self._stage_of[Shared(contraction.output)] = 1 + self._latest(contraction)

    def _run_between(self, equation: Equation, stage: int) -> None:
        self.equations[stage].append(equation)
        self._stage_of[Shared(equation.output)] = stage

    def _repeats_at_points(self, equation: Equation) -> bool:
        """A shared value that is repeated at each point is read where it is."""
        lowering, output = equation.primitive.lowering, equation.output
        if not isinstance(lowering, Movement) or not equation.reads or output.spec.dtype not in _TYPES:
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
        stages = [self.made_in(x) + 1 if self.store(x) else self.stage_of(Shared(x)) for x in equation.reads]
        self._run_between(equation, max(stages))
        any(self._load(equation.output, each) for each in sets)

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
        any(self._load(node, each) for each in self.sets)

    def _load(self, node: Node, into: PointSet, axis: int | None = None) -> bool:
        shape, dtype, points = node.spec.shape, node.spec.dtype, into.builder.points
        if points not in shape or dtype not in _TYPES or dtype is bool_ or node in self._set_of:
            return False
        value = into.builder.new_value(node, shape.index(points) if axis is None else axis)
        self._stage_of[value] = self.stage_of(Shared(node))
        self._set_of[node] = into
        into.loaded[node] = value
        return True

    def _load_beside(self, equation: Equation, into: PointSet) -> None:
        """Arrays that were computed without points, beside values with points: their axis is at the same place."""
        if not isinstance(equation.primitive.lowering, Expression) and equation.primitive is not concatenate:
            return
        located = into.builder.located
        rank = len(equation.output.spec.shape)
        axes = {located[x].axis + rank - len(x.spec.shape) for x in equation.reads if x in located}
        for node in equation.reads:
            axis = max(axes) - (rank - len(node.spec.shape))
            if node not in located and axis >= 0 and node.spec.shape[axis] == into.builder.points:
                self._load(node, into, axis)
