"""Which parts of a program map over points: found by following data, operation by operation.

A value *has points* if one of its axes is the axis of a set of points, or it is *shared*. An operation on one set of
points becomes part of a tile program; any other runs as it is, between kernels.
"""

from __future__ import annotations

from collections import defaultdict

from dualtape.compiler.blocks.find.geometry import without
from dualtape.compiler.blocks.find.mapping import map_equation
from dualtape.compiler.blocks.find.pointwise import Located, PointMapping
from dualtape.compiler.blocks.find.regions import Division, NotBlockable, Region, Stage
from dualtape.compiler.blocks.tile import Contraction, Operation, Read, outputs, reads
from dualtape.compiler.program import Constant, Equation, Node, Program
from dualtape.core.lowering import Expression, Movement
from dualtape.dtypes import bool_, float32, float64
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate

_TYPES = (float32, float64, bool_)


def divide(program: Program, sets: tuple[int, ...]) -> Division:
    """The program divided for sets of so many points, or :class:`NotBlockable` if nothing maps over them."""
    return _Dividing(program, sets).division()


class _Dividing:
    def __init__(self, program: Program, sets: tuple[int, ...]) -> None:
        self._program = program
        self._mappings = {points: PointMapping(points) for points in sets}
        self._set_of: dict[Node, int] = {}
        # The stage in which a shared value, or a value of a tile, is there.
        self._ready: dict[Node, int] = {}
        self._sum_of: dict[Node, int] = {}
        self._stored: dict[Node, None] = {}
        self._loaded: set[Node] = set()
        self._equations: dict[int, list[Equation]] = defaultdict(list)
        self._reasons: dict[str, None] = {}
        self._dated = dict.fromkeys(sets, 0)

    def division(self) -> Division:
        for node in self._program.inputs:
            self._load_any(node)
        for equation in self._program.equations:
            self._visit(equation)
        for node in self._program.results:
            if node in self._set_of and node not in self._loaded:
                self._stored.setdefault(node)
        stages = []
        sums = (self._ready[node] for node in self._sum_of)
        last = max([*self._equations, *sums, *map(self._made, self._stored)], default=0)
        for stage in range(last + 1):
            regions = (self._region(points, stage) for points in self._mappings)
            stages.append(Stage(tuple(self._equations[stage]), tuple(x for x in regions if x is not None)))
        division = Division(tuple(stages), tuple(self._reasons))
        if not any(region.operations for region in division.regions):
            raise NotBlockable("; ".join(self._reasons) or f"nothing maps over an axis of {list(self._mappings)}")
        return division

    # Following data

    def _visit(self, equation: Equation) -> None:
        sets = {self._set_of[node] for node in equation.reads if node in self._set_of}
        if not sets:
            for node in equation.reads:
                if isinstance(node, Constant) and self._load_any(node):
                    sets.add(self._set_of[node])
        if not sets:
            self._without_points(equation)
            return
        try:
            self._map(equation, self._first(equation, sets))
        except NotBlockable as reason:
            self._reasons.setdefault(str(reason))
            self._leave(equation, sets)

    def _first(self, equation: Equation, sets: set[int]) -> int:
        """The set of points on which an equation works: arrays of later sets are shared values beside those of it."""
        points = next(n for n in self._mappings if n in sets)
        if any(self._set_of.get(node, points) != points and node not in self._loaded for node in equation.reads):
            raise NotBlockable(f"`{equation.primitive.name}` combines sets of points: {sorted(sets)}")
        return points

    def _map(self, equation: Equation, points: int) -> None:
        mapping = self._mappings[points]
        for node in (*equation.reads, equation.output):
            if 0 in node.spec.shape:
                raise NotBlockable(f"`{equation.primitive.name}` has an empty operand or output")
            if node.spec.dtype not in _TYPES:
                raise NotBlockable(
                    f"blocks compute in Float32 or in Float64, and `{equation.primitive.name}` has {node.spec.dtype}"
                )
        self._load_beside(equation, points)
        map_equation(mapping, equation)
        output = equation.output
        for operation in mapping.operations[self._dated[points] :]:
            stage = max(self._ready.get(node, 0) for node in reads(operation)) if reads(operation) else 0
            self._ready |= dict.fromkeys(outputs(operation), stage)
        self._dated[points] = len(mapping.operations)
        if output in mapping.located:
            self._set_of[output] = points
        else:
            self._note_sum(mapping.summed[output], points)

    def _note_sum(self, contraction: Contraction, points: int) -> None:
        self._sum_of[contraction.output] = points
        self._ready[contraction.output] = 1 + max(self._ready.get(node, 0) for node in reads(contraction))

    def _without_points(self, equation: Equation) -> None:
        if self._merged(equation) or self._repeats_at_points(equation):
            return
        stage = max([self._ready.get(node, 0) for node in equation.reads], default=0)
        self._equations[stage].append(equation)
        self._ready[equation.output] = stage

    def _repeats_at_points(self, equation: Equation) -> bool:
        """A shared value that is repeated at each point is read where it is."""
        lowering = equation.primitive.lowering
        shape = equation.output.spec.shape
        for points, mapping in self._mappings.items():
            if not isinstance(lowering, Movement) or points not in shape or equation.output.spec.dtype not in _TYPES:
                continue
            (x,) = equation.reads
            view = lowering.view(x.spec.shape, **equation.params)
            for p, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
                if n == points and step == 0:
                    read = Read(x, without(view.shape, p), view.offset, without(view.strides, p))
                    mapping.located[equation.output] = Located(p, read)
                    self._set_of[equation.output] = points
                    return True
        return False

    def _merged(self, equation: Equation) -> bool:
        """Sums of sums over points are one sum of more terms."""
        if equation.primitive is not add or len(equation.reads) != 2:
            return False
        left, right = equation.reads
        points = self._sum_of.get(left)
        if points is None or points != self._sum_of.get(right) or self._ready[left] != self._ready[right]:
            return False
        x, y = (self._mappings[points].summed[node] for node in (left, right))
        same = (x.rows, x.columns, left.spec.shape) == (y.rows, y.columns, right.spec.shape)
        if not same or len({term.y is None for term in (*x.terms, *y.terms)}) > 1:
            return False
        whole = Contraction(equation.output, x.terms + y.terms, x.rows, x.columns)
        self._mappings[points].summed[equation.output] = whole
        self._note_sum(whole, points)
        return True

    def _leave(self, equation: Equation, sets: set[int]) -> None:
        """Run it as it is: what it reads of the points is stored, and what it gives may be loaded again."""
        stage = 0
        for node in equation.reads:
            if node in self._set_of and node not in self._loaded:
                self._stored.setdefault(node)
                stage = max(stage, self._made(node) + 1)
            else:
                stage = max(stage, self._ready.get(node, 0))
        self._equations[stage].append(equation)
        self._ready[equation.output] = stage
        for points in sets:
            if self._load(equation.output, points):
                break

    def _made(self, node: Node) -> int:
        """The stage in which a value with points is computed."""
        return self._ready.get(self._mappings[self._set_of[node]].located[node].read.node, 0)

    # Loading

    def _load_any(self, node: Node) -> bool:
        return any(self._load(node, points) for points in self._mappings)

    def _load(self, node: Node, points: int, axis: int | None = None) -> bool:
        shape = node.spec.shape
        if points not in shape or node.spec.dtype not in _TYPES or node.spec.dtype is bool_ or node in self._set_of:
            return False
        self._mappings[points].own(node, shape.index(points) if axis is None else axis)
        self._set_of[node] = points
        self._loaded.add(node)
        return True

    def _load_beside(self, equation: Equation, points: int) -> None:
        """Arrays that were computed without points, beside values with points: their axis is at the same place."""
        located = self._mappings[points].located
        if not isinstance(equation.primitive.lowering, Expression) and equation.primitive is not concatenate:
            return
        rank = len(equation.output.spec.shape)
        axes = {located[x].axis + rank - len(x.spec.shape) for x in equation.reads if x in located}
        for node in equation.reads:
            axis = max(axes) - (rank - len(node.spec.shape))
            if node not in located and axis >= 0 and node.spec.shape[axis] == points:
                self._load(node, points, axis)

    # Regions

    def _region(self, points: int, stage: int) -> Region | None:
        mapping = self._mappings[points]
        stored = [x for x in self._stored if self._set_of[x] == points and self._made(x) == stage]
        summed = [x for x in self._read_later() if self._sum_of.get(x) == points and self._ready[x] == stage + 1]
        if not stored and not summed:
            return None
        sums = [mapping.summed[node] for node in summed]
        places = [(mapping.array(node), mapping.located[node].read) for node in stored]
        operations = (*_needed(mapping.operations, sums, [read.node for _, read in places]), *sums)
        read = dict.fromkeys([*(node for x in operations for node in reads(x)), *(x.node for _, x in places)])
        dtypes = {node.spec.dtype for node in [*read, *(node for x in operations for node in outputs(x))]} - {bool_}
        if len(dtypes) > 1:
            raise NotBlockable(f"values at {points} points are of {' and of '.join(sorted(map(str, dtypes)))}")
        return Region(
            points=points,
            dtype=dtypes.pop() if dtypes else float32,
            operations=operations,
            shared=tuple(node for node in read if node not in mapping.owned),
            loaded=tuple(mapping.array(node) for node in read if node in self._loaded and node in mapping.owned),
            summed=tuple(summed),
            stored=tuple(places),
        )

    def _read_later(self) -> dict[Node, None]:
        """Shared values that equations, tile programs or the caller read."""
        found = {node: None for equations in self._equations.values() for x in equations for node in x.reads}
        found |= dict.fromkeys(self._program.results)
        for mapping in self._mappings.values():
            made = mapping.owned - self._loaded
            found |= {node: None for x in mapping.operations for node in reads(x) if node not in made}
        return found


def _needed(operations: list[Operation], sums: list[Contraction], nodes: list[Node]) -> list[Operation]:
    """The operations that make what the sums read, and the nodes."""
    wanted = set(nodes).union(*(reads(x) for x in sums))
    kept = []
    for operation in reversed(operations):
        if wanted.intersection(outputs(operation)):
            kept.append(operation)
            wanted.update(reads(operation))
    return kept[::-1]
