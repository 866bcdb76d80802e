"""A program divided: what maps over points in stages of regions, and what runs between them."""

from __future__ import annotations

from math import prod

from dualtape.compiler.blocks.find.dataflow import DataFlow, PointSet
from dualtape.compiler.blocks.find.pointwise import PointwiseBuilder
from dualtape.compiler.blocks.find.regions import Division, NotBlockable, Region, Stage
from dualtape.compiler.blocks.tile import Contraction, PointArray, ReadableValue, Shared, TileOperation, TileValue
from dualtape.compiler.program import Node, Program
from dualtape.dtypes import bool_, float32


def divide_program(program: Program, sets: tuple[int, ...]) -> Division:
    """The program divided for sets of so many points, or :class:`NotBlockable` if nothing maps over them."""
    flow = DataFlow(sets)
    for node in program.inputs:
        flow.load_any(node)
    for equation in program.equations:
        flow.visit(equation)
    for node in program.results:
        flow.store(node)
    division = Division(_stages(flow, program), tuple(flow.reasons))
    if not any(region.operations for region in division.regions):
        raise NotBlockable("; ".join(flow.reasons) or f"nothing maps over an axis of {list(sets)}")
    return division


def _stages(flow: DataFlow, program: Program) -> tuple[Stage, ...]:
    """The equations of each stage, and the regions that run after them."""
    sets, equations = flow.sets, flow.equations
    sums = [flow.stage_of(Shared(node)) for each in sets for node in each.builder.summed]
    stored = [flow.made_in(node) for each in sets for node in each.stored]
    wanted = _read_outside_tiles(flow, program)
    stages = []
    for stage in range(max([*equations, *sums, *stored], default=0) + 1):
        regions = [region for each in sets if (region := _region(flow, each, stage, wanted)) is not None]
        stages.append(Stage(tuple(equations.get(stage, ())), tuple(regions)))
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


def _region(flow: DataFlow, points: PointSet, stage: int, wanted: list[Node]) -> Region | None:
    """What is done at the points of a set in a stage, if that leaves something."""
    builder = points.builder
    stored = [(_array(builder, x), builder.read(x)) for x in points.stored if flow.made_in(x) == stage]
    summed = [x for x in wanted if x in builder.summed and flow.stage_of(Shared(x)) == stage + 1]
    if not stored and not summed:
        return None
    sums = [builder.summed[node] for node in summed]
    operations = (*_needed(builder.operations, sums, [read.value for _, read in stored]), *sums)
    read = dict.fromkeys([*(x for each in operations for x in each.values_read()), *(x.value for _, x in stored)])
    made = [value for each in operations for value in each.values_made()]
    dtypes = {x.dtype for x in (*read, *made)} | {node.spec.dtype for node in summed}
    dtypes -= {bool_}
    if len(dtypes) > 1:
        raise NotBlockable(f"values at {builder.points} points are of {' and of '.join(sorted(map(str, dtypes)))}")
    arrays = {value: _array(builder, node) for node, value in points.loaded.items()}
    return Region(
        points=builder.points,
        dtype=dtypes.pop() if dtypes else float32,
        operations=operations,
        shared=tuple(value.node for value in read if isinstance(value, Shared)),
        loaded=tuple((arrays[value], value) for value in read if isinstance(value, TileValue) and value in arrays),
        summed=tuple(summed),
        stored=tuple(stored),
    )


def _array(builder: PointwiseBuilder, node: Node) -> PointArray:
    """``node`` as an array in device memory."""
    shape, located = node.spec.shape, builder.located[node]
    return PointArray(node, prod(shape[: located.axis]) * located.folded, prod(shape[located.axis + 1 :]))


def _needed(
    operations: list[TileOperation], sums: list[Contraction], values: list[ReadableValue]
) -> list[TileOperation]:
    """The operations that make what the sums read, and the values."""
    wanted = set(values).union(*(x.values_read() for x in sums))
    needed = []
    for operation in reversed(operations):
        if wanted.intersection(operation.values_made()):
            needed.append(operation)
            wanted.update(operation.values_read())
    return needed[::-1]
