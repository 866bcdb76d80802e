"""Which part of a program maps over points: found by following data, operation by operation.

A value is *shared* (it has no point axis), has one row at each *point*, or is *summed* over the points. Everything
that only shared values reach comes before the block kernel, everything that needs a sum comes after it, and what
lies between becomes a tile program.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from dualtape.compiler.answers import NotBlockable
from dualtape.compiler.geometry import without
from dualtape.compiler.mapping import Located, PointMapping
from dualtape.compiler.program import Constant, Equation, Node, Program
from dualtape.compiler.tiles import Contraction, Operation, PointArray, Read, outputs, reads
from dualtape.core.lowering import Movement
from dualtape.dtypes import DType, bool_, float32, float64
from dualtape.primitives.arithmetic import add


@dataclass(frozen=True)
class Region:
    """A program in three stages: equations on shared values, a tile program for each point, equations on sums."""

    points: int
    dtype: DType
    before: tuple[Equation, ...]
    operations: tuple[Operation, ...]
    after: tuple[Equation, ...]
    shared: tuple[Node, ...]
    loaded: tuple[PointArray, ...]
    summed: tuple[Node, ...]
    stored: tuple[tuple[PointArray, Read], ...]


def find_region(program: Program, points: int) -> Region:
    """The block region over an axis of ``points``, or :class:`NotBlockable`."""
    return _Analysis(program, points).region()


def point_counts(program: Program) -> list[int]:
    """Sizes that may be the number of points, the likeliest first: leading axes of the largest inputs."""
    inputs = sorted(program.inputs, key=lambda node: -prod(node.spec.shape))
    return list(dict.fromkeys(node.spec.shape[0] for node in inputs if len(node.spec.shape) and node.spec.shape[0] > 1))


class _Analysis:
    def __init__(self, program: Program, points: int) -> None:
        self._program = program
        self._points = points
        self._mapping = PointMapping(points)
        self._after: set[Node] = set()
        self._loaded: list[PointArray] = []
        self._before: list[Equation] = []
        self._late: list[Equation] = []

    def region(self) -> Region:
        program, mapping = self._program, self._mapping
        for node in program.inputs:
            self._load(node)
        for equation in program.equations:
            for node in equation.reads:
                if isinstance(node, Constant) and node not in mapping.located:
                    self._load(node)
            self._visit(equation)
        if not mapping.operations:
            raise NotBlockable(f"nothing maps over an axis of {self._points}")
        arrays = {array.node for array in self._loaded}
        results = [node for node in program.results if node in mapping.located and node not in arrays]
        if any(mapping.located[node].folded > 1 for node in results):
            raise NotBlockable("a result has an axis of points and something else")
        stored = tuple((mapping.array(node), mapping.located[node].read) for node in results)
        read_late = {node for equation in self._late for node in equation.reads} | set(program.results)
        summed = tuple(node for node in mapping.summed if node in read_late)
        operations = (*mapping.operations, *(mapping.summed[node] for node in summed))
        read = dict.fromkeys([*(node for x in operations for node in reads(x)), *(x.node for _, x in stored)])
        loaded = tuple(array for array in self._loaded if array.node in read)
        if any(array.node.spec.dtype is bool_ for array in loaded):
            raise NotBlockable("an input with bools for the points")
        dtypes = {node.spec.dtype for node in [*read, *(node for x in operations for node in outputs(x))]} - {bool_}
        if len(dtypes) != 1 or not dtypes <= {float32, float64}:
            names = ", ".join(sorted(str(dtype) for dtype in dtypes))
            raise NotBlockable(f"blocks compute in Float32 or in Float64, and got {names} at the points")
        return Region(
            points=self._points,
            dtype=dtypes.pop(),
            before=tuple(self._before),
            operations=operations,
            after=tuple(self._late),
            shared=tuple(node for node in read if node not in mapping.owned),
            loaded=loaded,
            summed=summed,
            stored=stored,
        )

    def _load(self, node: Node) -> None:
        shape = node.spec.shape
        if self._points in shape and len(shape) > 0:
            axis = shape.index(self._points)
            self._mapping.own(node, axis)
            self._loaded.append(self._mapping.array(node))

    def _visit(self, equation: Equation) -> None:
        nodes = equation.reads
        late = [node for node in nodes if node in self._after or node in self._mapping.summed]
        at_points = [node for node in nodes if node in self._mapping.located]
        if late and at_points:
            raise NotBlockable(f"`{equation.primitive.name}` combines values at the points with a sum over all points")
        if late:
            if not self._merged(equation):
                self._late.append(equation)
                self._after.add(equation.output)
        elif not at_points:
            self._before_region(equation)
        else:
            self._mapping.map(equation)

    def _before_region(self, equation: Equation) -> None:
        lowering = equation.primitive.lowering
        shape = equation.output.spec.shape
        if isinstance(lowering, Movement) and self._points in shape:
            (x,) = equation.reads
            view = lowering.view(x.spec.shape, **equation.params)
            for p, (n, step) in enumerate(zip(view.shape, view.strides, strict=True)):
                if n == self._points and step == 0:
                    read = Read(x, without(view.shape, p), view.offset, without(view.strides, p))
                    self._mapping.located[equation.output] = Located(p, read)
                    return
        self._before.append(equation)

    def _merged(self, equation: Equation) -> bool:
        """Sums of sums over points are one sum of more terms."""
        if equation.primitive is not add or not all(node in self._mapping.summed for node in equation.reads):
            return False
        if len(equation.reads) != 2:
            return False
        x, y = (self._mapping.summed[node] for node in equation.reads)
        if (
            x.rows != y.rows
            or x.columns != y.columns
            or any((a.y is None) != (b.y is None) for a in x.terms for b in y.terms)
        ):
            return False
        if equation.reads[0].spec.shape != equation.reads[1].spec.shape:
            return False
        self._mapping.summed[equation.output] = Contraction(equation.output, x.terms + y.terms, x.rows, x.columns)
        return True
