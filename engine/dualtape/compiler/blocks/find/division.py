"""A program divided: what maps over points in stages of regions, and what runs between them."""

from __future__ import annotations

from collections import defaultdict
from math import prod

from dualtape.compiler.blocks.find.dataflow import DataFlow, MustStay, PointSet
from dualtape.compiler.blocks.find.pointwise import PointwiseBuilder
from dualtape.compiler.blocks.find.regions import Division, NotBlockable, Region, Stage
from dualtape.compiler.blocks.tile import Contraction, PointArray, ReadableValue, Shared, TileOperation, TileValue
from dualtape.compiler.program import Node, Program
from dualtape.dtypes import bool_, float32


def divide_program(program: Program, sets: tuple[int, ...]) -> Division:
    """The program divided for sets of so many points, or :class:`NotBlockable` if nothing maps over them."""
    flow = _followed(program, sets)
    for node in program.results:
        flow.store(node)
    division = Division(_stages(flow, program), tuple(flow.reasons))
    if not any(region.operations for region in division.regions):
        raise NotBlockable("; ".join(flow.reasons) or f"nothing maps over an axis of {list(sets)}")
    return division


def _followed(program: Program, sets: tuple[int, ...]) -> DataFlow:
    """Where data flow; loops that turn out to give what is read elsewhere stay between kernels."""
    left: dict[Node, str] = {}
    while True:
        flow = DataFlow(sets, program, left)
        try:
            for node in program.inputs:
                flow.load_any(node)
            for equation in program.equations:
                flow.visit(equation)
        except MustStay as found:
            left[found.loop] = found.reason
        else:
            return flow


def _stages(flow: DataFlow, program: Program) -> tuple[Stage, ...]:
    """The equations of each stage, and the regions that run after them."""
    wanted = _read_outside_tiles(flow, program)
    results = [_Results(flow, each, wanted) for each in flow.sets]
    last = max([*flow.equations, *(stage for each in results for stage in each.stages)], default=0)
    stages = []
    for stage in range(last + 1):
        regions = [each.region(stage) for each in results if stage in each.stages]
        stages.append(Stage(tuple(flow.equations.get(stage, ())), tuple(regions)))
    return tuple(stages)


def _read_outside_tiles(flow: DataFlow, program: Program) -> list[Node]:
    """Values that equations, the caller, or tile programs of other values read."""
    found = {node: None for equations in flow.equations.values() for x in equations for node in x.reads}
    found |= dict.fromkeys(program.results)
    for each in flow.sets:
        arrays = {value: node for node, value in each.loaded.items()}
        stored = [each.builder.read(node).value for node in each.stored]
        for value in (*(value for x in each.builder.operations for value in x.values_read()), *stored):
            if isinstance(value, Shared):
                found.setdefault(value.node)
            elif value in arrays:
                found.setdefault(arrays[value])
    return list(found)


class _Results:
    """What a set of points leaves for others, by the stage in which it is computed: arrays, and sums."""

    def __init__(self, flow: DataFlow, points: PointSet, wanted: list[Node]) -> None:
        self._points, self._builder = points, points.builder
        self._stored: dict[int, list[Node]] = defaultdict(list)
        self._summed: dict[int, list[Node]] = defaultdict(list)
        for node in points.stored:
            self._stored[flow.made_in(node)].append(node)
        for node in wanted:
            if node in self._builder.summed:
                self._summed[flow.stage_of(Shared(node)) - 1].append(node)
        self.stages = {*self._stored, *self._summed}
        self._makers: dict[ReadableValue, int] = {
            value: i for i, operation in enumerate(self._builder.operations) for value in operation.values_made()
        }
        self._nodes = {value: node for node, value in points.loaded.items()}

    def region(self, stage: int) -> Region:
        """What is done at the points in a stage."""
        builder = self._builder
        stored = [(_array(builder, node), builder.read(node)) for node in self._stored[stage]]
        summed = self._summed[stage]
        sums = [builder.summed[node] for node in summed]
        operations = (*self._needed(sums, [read.value for _, read in stored]), *sums)
        read = dict.fromkeys([*(x for each in operations for x in each.values_read()), *(x.value for _, x in stored)])
        made = [value for each in operations for value in each.values_made()]
        dtypes = {x.dtype for x in (*read, *made)} | {node.spec.dtype for node in summed}
        dtypes -= {bool_}
        if len(dtypes) > 1:
            raise NotBlockable(f"values at {builder.points} points are of {' and of '.join(sorted(map(str, dtypes)))}")
        loaded = [value for value in read if isinstance(value, TileValue) and value in self._nodes]
        return Region(
            points=builder.points,
            dtype=dtypes.pop() if dtypes else float32,
            operations=operations,
            shared=tuple(value.node for value in read if isinstance(value, Shared)),
            loaded=tuple((_array(builder, self._nodes[value]), value) for value in loaded),
            summed=tuple(summed),
            stored=tuple(stored),
        )

    def _needed(self, sums: list[Contraction], values: list[ReadableValue]) -> list[TileOperation]:
        """The operations that make what the sums read, and the values, in their order."""
        waiting = [*values, *(value for each in sums for value in each.values_read())]
        needed: set[int] = set()
        while waiting:
            maker = self._makers.get(waiting.pop())
            if maker is not None and maker not in needed:
                needed.add(maker)
                waiting += self._builder.operations[maker].values_read()
        return [self._builder.operations[i] for i in sorted(needed)]


def _array(builder: PointwiseBuilder, node: Node) -> PointArray:
    """``node`` as an array in device memory."""
    shape, located = node.spec.shape, builder.located[node]
    before, after = located.folded
    return PointArray(node, prod(shape[: located.axis]) * before, after * prod(shape[located.axis + 1 :]))
