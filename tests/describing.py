"""The stages of the compiler as text; values are called as in the text of their program, or `t0`, `t1`, ..."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from dualtape.compiler.blocks.find import Division, Region
from dualtape.compiler.blocks.tile import (
    Contraction,
    ElementwiseMap,
    Group,
    PointSum,
    Read,
    ReadableValue,
    ScratchLayout,
    Shared,
    TileOperation,
    TileStep,
    TileValue,
    Transpose,
    WideContraction,
)
from dualtape.compiler.program import Equation, KnownNode, Node, Operand, Program
from dualtape.core.expression import in_c


class Describer:
    """Writes what the stages make of one program."""

    def __init__(self, program: Program) -> None:
        nodes = (*program.inputs, *(x for equation in program.equations for x in (*equation.reads, equation.output)))
        self._nodes = {
            node: f"{'c' if isinstance(node, KnownNode) else 'v'}{i}" for i, node in enumerate(dict.fromkeys(nodes))
        }
        self._values: dict[TileValue, str] = {}

    def division(self, division: Division) -> str:
        """Stage by stage: equations, then regions."""
        return "\n".join(
            line
            for i, stage in enumerate(division.stages)
            for line in (f"stage {i}:", *map(self._equation, stage.equations), *map(self._region, stage.regions))
        )

    def region(self, region: Region) -> str:
        """A region's tile program."""
        loads = (f"{self._declared(value)} = {self._name(x.node)} at a point" for x, value in region.loaded)
        stores = (f"{self._name(x.node)} = {self._read(read)} at all points" for x, read in region.stored)
        return "\n".join((*loads, self.operations(region.operations), *stores))

    def operations(self, operations: Iterable[TileOperation]) -> str:
        """A tile program without its loads and stores."""
        return "\n".join(map(self._operation, operations))

    def steps(self, steps: Iterable[TileStep]) -> str:
        """A tile program in its order."""
        return "\n".join(line for step in steps for line in self._step(step))

    def scratch(self, layout: ScratchLayout) -> str:
        """Where values begin in a tile's memory, in features."""
        places = (f"{self._name(value)} at {slot.start + slot.delta}" for value, slot in layout.slots.items())
        return f"{layout.features} features: {', '.join(places)}"

    def _name(self, value: Operand | ReadableValue) -> str:
        if isinstance(value, TileValue):
            return self._values.setdefault(value, f"t{len(self._values)}")
        node = value.node if isinstance(value, Shared) else value
        return self._nodes[node] if isinstance(node, Node) else str(node)

    def _names(self, values: Iterable[Operand | ReadableValue]) -> str:
        return ", ".join(map(self._name, values))

    def _declared(self, value: TileValue) -> str:
        return f"{self._name(value)}: {value.dtype.name.lower()}[{value.features}]"

    def _read(self, read: Read) -> str:
        """With the index of the elements that are taken, unless that is all of them in their order."""
        size = read.value.features if isinstance(read.value, TileValue) else prod(read.value.node.spec.shape)
        if read.is_whole and prod(read.shape) == size:
            return self._name(read.value)
        axes = zip(read.shape, read.strides, "ijklmn", strict=False)
        terms = [f"{step}{axis}" for n, step, axis in axes if n > 1 and step]
        index = "+".join([str(read.offset), *terms] if read.offset or not terms else terms)
        return f"{self._name(read.value)}[{index.replace('+-', '-')}]"

    def _equation(self, equation: Equation) -> str:
        return f"  {self._name(equation.output)} = {equation.primitive.name}({self._names(equation.operands)})"

    def _region(self, region: Region) -> str:
        given = self._names((*region.summed, *(array.node for array, _ in region.stored)))
        loaded = self._names(array.node for array, _ in region.loaded) or "nothing"
        shared = f", with {self._names(region.shared)}" if region.shared else ""
        return f"  {len(region.operations)} operations at {region.points} points of {loaded}{shared} give {given}"

    def _operation(self, operation: TileOperation) -> str:
        if isinstance(operation, Contraction):
            terms = (" * ".join(self._name(read.value) for read in term.reads) for term in operation.terms)
            return f"{self._name(operation.output)} = sum over points of {' + '.join(terms)}"
        made = ", ".join(map(self._declared, operation.values_made()))
        if not isinstance(operation, ElementwiseMap):
            return f"{made} = {type(operation).__name__}({self._names(operation.values_read())})"
        operands = [self._read(x) if isinstance(x, Read) else str(x) for x in operation.operands]
        if operation.primitive is None:
            return f"{made} = {in_c(operation.code, operands)}"
        return f"{made} = {operation.primitive.name}({', '.join(operands)})"

    def _step(self, step: TileStep) -> Iterator[str]:
        match step:
            case Group():
                how = f"for each of {step.features} features" if step.features > 1 else "once"
                yield f"{how}, leaving {self._names(step.values_made())}:"
                yield from (f"  {self._operation(member)}" for member in step.members)
            case PointSum():
                yield f"{self._operation(step)}, {step.form.name.lower().replace('_', ' ')}"
            case Transpose() | WideContraction():
                yield f"{self._name(step.output)} = {type(step).__name__}({self._names(step.values_read())})"
            case _:
                yield self._operation(step)
