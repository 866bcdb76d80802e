"""Equations to loop nests.

What only moves elements becomes the way in which they are read. What is computed for each element of one shape shares
loops where the order of reading and writing allows it, and then nothing between is written to memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from math import prod

import numpy as np

from dualtape.compiler.loops.cutting import LEAST_SPREAD, LONGEST_SUM, MOST_VECTORS, parts_of, runs
from dualtape.compiler.loops.joining import NestGraph
from dualtape.compiler.loops.nest import (
    Accumulation,
    Calculation,
    CalculationOperand,
    Nest,
    NotLoops,
    PartialFold,
    Source,
    Store,
    squeezed,
    whole,
)
from dualtape.compiler.program import Control, Equation, KnownNode, Node, Operand
from dualtape.core.expression import choose, x, y, z
from dualtape.core.lowering import Expression, Fold, Kernel, Movement, Placement, Reinterpretation, View
from dualtape.core.lowering import contiguous_strides as dense
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.registry import HOST
from dualtape.dtypes import DType, bool_, float32, float64
from dualtape.primitives.contraction import matmul
from dualtape.primitives.gathering import inside_axis
from dualtape.primitives.movement import concatenate
from dualtape.primitives.reduction import argmax, argmin, maximum_along, minimum_along
from dualtape.primitives.selection import cast
from dualtape.tensor import Tensor

HAS_NAN = Fold(0, choose(y != y, 1, x))
"""1 if an element is NaN."""


_POSITION = choose((x == y) | (x != x), z, math.inf)
"""Of an element, if it is the extremum along its axis, or NaN."""

_EXTREMA = {argmax: maximum_along, argmin: minimum_along}
_LONGEST_SEARCH = 1 << 16
"""Elements along an axis whose positions are a constant, and exact in Float32."""

_SCALARS = {float32: 1, float64: 1}


class NestBuilder:
    """The loop nests of a program's stages so far.

    Parameters
    ----------
    lanes
        The types of floats that the device computes in, and how many of each a vector of its kernels holds.
    operations
        Whether an equation without loops may be an operation by itself, between loops.

    Attributes
    ----------
    stage
        To which nests are added.
    by_themselves
        The outputs of equations that are operations by themselves.
    """

    def __init__(self, lanes: Mapping[DType, int] = _SCALARS, operations: bool = False) -> None:
        self._lanes, self._has_operations = lanes, operations
        self.stage = 0
        self._graph = NestGraph()
        self._places: dict[Node, Source] = {}
        self.by_themselves: set[Node] = set()

    def source(self, node: Node) -> Source:
        """Where the elements of a value are."""
        return self._places.get(node) or whole(node)

    def place(self, node: Node, source: Source) -> None:
        """Say that the elements of ``node`` are those of ``source``."""
        self._places[node] = source

    def reshaped(self, source: Source, shape: Shape) -> Source:
        """The same elements in another shape, copied if need be."""
        return _reshaped(self._dense(source), shape)

    def visit(self, equation: Equation) -> None:
        """Add what an equation computes, or :class:`NotLoops`."""
        try:
            self._visit(equation)
        except NotLoops:
            if not self._has_operations or isinstance(equation.primitive, Control) or not _computes(equation):
                raise
            self._run_by_itself(equation)

    def _run_by_itself(self, equation: Equation) -> None:
        reads = [self._array(operand) for operand in equation.reads]
        found = iter(reads)
        operands = tuple(next(found) if isinstance(x, Node) else x for x in equation.operands)
        nest = Nest((), self.stage, operation=replace(equation, operands=operands))
        self._graph.add_operation(nest, equation.output)
        self.by_themselves.add(equation.output)

    def _array(self, operand: Node) -> Node:
        """The value as an array by itself, copied if need be."""
        source = self.source(operand)
        if source == whole(operand):
            return operand
        copy = Node(operand.spec)
        self._write(Source(source.node, squeezed(source.view)), operand.spec.dtype, whole(copy))
        return copy

    def _visit(self, equation: Equation) -> None:
        primitive, params, output = equation.primitive, equation.params, equation.output
        operands = [self.source(operand) for operand in equation.reads]
        for spec in (output.spec, *(node.spec for node in equation.reads)):
            if spec.dtype.is_float and spec.dtype not in self._lanes:
                raise NotLoops(f"`{primitive.name}` is of {spec.dtype}")
            if 0 in spec.shape:
                raise NotLoops(f"`{primitive.name}` is of no elements")
        match primitive.lowering:
            case Expression() as expression:
                self._compute(equation, expression)
            case Reinterpretation():
                self.place(output, self.reshaped(operands[0], output.spec.shape))
            case Movement() as movement:
                given = self._dense(operands[0])
                view = movement.view(given.view.shape, **params)
                self.place(output, Source(given.node, view._replace(offset=given.view.offset + view.offset)))
            case Placement() as placement:
                self._graph.cleared[output] = self._write(0, output.spec.dtype, whole(output))
                self.copy(operands[0], Source(output, placement.view(operands[0].view.shape, **params)))
            case Fold() as fold:
                self._reduce(output, fold, (operands[0],), params["axes"])
            case Kernel() if primitive is concatenate:
                self._join(operands, whole(output), params["axis"])
            case Kernel() if primitive is matmul:
                self._multiply(output, *operands)
            case Kernel() if primitive in _EXTREMA:
                self._search(equation, _EXTREMA[primitive])
            case _:
                raise NotLoops(f"`{primitive.name}` has no loops")

    def copy(self, source: Source, target: Source) -> None:
        """Write elements to where those of ``target`` are, which has as many in the same order of axes."""
        source, target = (each._replace(view=squeezed(each.view)) for each in (source, target))
        for nest in self._graph.writing(source.node):
            made = any(step.output is source.node for step in nest.steps if not isinstance(step, PartialFold))
            cleared_later = target.node in self._graph.cleared and nest.stage < self.stage
            if made and not cleared_later and nest.shape == source.view.shape and source.is_whole:
                self._graph.store(nest, Store(source.node, target))
                return
        self._write(source, source.node.spec.dtype, target)

    def sum_rows(self, rows: Node, together: int) -> Node:
        """The sums of so many rows of a matrix at a time."""
        count, columns = rows.spec.shape
        shape = (count // together, columns)
        output = Node(Spec(shape, rows.spec.dtype))
        view = View(0, (*shape, together), (together * columns, 1, columns))
        self._add_reduction(output, Fold(0, x + y), (Source(rows, view),), 2)
        return output

    def find_nan(self, values: Node, flag: Source) -> None:
        """Set ``flag`` to 1 if there is a NaN among the values, else to 0."""
        output = Node(Spec((), values.spec.dtype))
        nest = self._add_reduction(output, HAS_NAN, (whole(values),), 0)
        self._graph.store(nest, Store(output, flag._replace(view=squeezed(flag.view))))

    def finish(self) -> list[Nest]:
        """All nests, in an order in which what is read was written before."""
        return self._graph.finish()

    def _compute(self, equation: Equation, expression: Expression) -> None:
        output, name = equation.output, equation.primitive.name
        common = equation.reads[-1].spec.dtype
        code = expression.specialized(not common.is_float, equation.params)
        if equation.primitive is cast:
            if output.spec.dtype is bool_ or (common.is_float and not output.spec.dtype.is_float):
                raise NotLoops(f"`cast` of {common} to {output.spec.dtype} has no loops")
            code = x
        if code.functions and not common.is_float:
            raise NotLoops(f"`{name}` of {common} has no loops")
        shape = output.spec.shape
        scalars = tuple(self._scalar(operand, shape, common, name) for operand in equation.operands)
        nest = Nest(squeezed(View(0, shape, dense(shape))).shape, self.stage)
        self._graph.add(nest, Calculation(output, code, scalars, common))

    def _scalar(self, operand: Operand, shape: Shape, common: DType, name: str) -> CalculationOperand:
        if not isinstance(operand, Node):
            if isinstance(operand, float) and not common.is_float:
                raise NotLoops(f"`{name}` has a float beside {common}")
            return operand
        source = self.source(operand)
        strides = tuple(0 if n == 1 else step for n, step in zip(source.view.shape, source.view.strides, strict=True))
        stretched = View(source.view.offset, shape, (0,) * (len(shape) - len(strides)) + strides)
        return Source(source.node, squeezed(stretched))

    def _reduce(self, output: Node, fold: Fold, sources: tuple[Source, ...], axes: tuple[int, ...]) -> None:
        dtype = sources[0].node.spec.dtype
        if dtype is not output.spec.dtype or not (dtype.is_float or dtype is bool_):
            raise NotLoops(f"a reduction of {dtype} to {output.spec.dtype} has no loops")
        rank = len(sources[0].view.shape)
        order = [*(a for a in range(rank) if a not in axes), *axes]
        arranged = tuple(
            Source(node, View(view.offset, tuple(view.shape[a] for a in order), tuple(view.strides[a] for a in order)))
            for node, view in sources
        )
        size = prod(sources[0].view.shape)
        if len(sources) == 1 and size >= LEAST_SPREAD and size > prod(output.spec.shape):
            self._fold_in_parts(output, fold, sources[0], axes)
        else:
            self._add_reduction(output, fold, arranged, rank - len(axes))

    def _search(self, equation: Equation, extremum: Primitive) -> None:
        """Where along an axis the first extremum or NaN is: the least of the positions at which it is found."""
        (given,), axis, name = equation.reads, equation.params["axis"], equation.primitive.name
        fold, least = extremum.lowering, minimum_along.lowering
        assert isinstance(fold, Fold)
        assert isinstance(least, Fold)
        (shape, dtype), line = given.spec, Spec(equation.output.spec.shape, given.spec.dtype)
        size = shape[axis]
        if not dtype.is_float or not 1 < size <= _LONGEST_SEARCH or prod(shape) < LEAST_SPREAD:
            raise NotLoops(f"`{name}` has a kernel of its own")
        found, extreme, first = Node(given.spec), Node(line), Node(line)
        numbers = np.arange(size, dtype=dtype.numpy).reshape(size, *(1 for _ in shape[axis + 1 :]))
        positions = KnownNode(Spec(numbers.shape, dtype), Tensor(numbers, device=HOST))
        self._reduce(extreme, fold, (self.source(given),), (axis,))
        scalars = tuple(self._scalar(node, shape, dtype, name) for node in (given, extreme, positions))
        nest = Nest(squeezed(View(0, shape, dense(shape))).shape, self.stage)
        self._graph.add(nest, Calculation(found, _POSITION, scalars, dtype))
        self._reduce(first, least, (self.source(found),), (axis,))
        nest = Nest(squeezed(View(0, line.shape, dense(line.shape))).shape, self.stage)
        whole_number = Calculation(equation.output, x, (self._scalar(first, line.shape, dtype, name),), dtype)
        self._graph.add(nest, whole_number)

    def _fold_in_parts(self, output: Node, fold: Fold, source: Source, axes: tuple[int, ...]) -> None:
        """Each run of neighbouring axes by itself, the last one first, in parts that work-groups share."""
        dtype, shape = output.spec.dtype, list(source.view.shape)
        for first, last in runs(source.view.shape, axes):
            view = source.view
            kept = [i for i, n in enumerate(view.shape) if n != 1]
            start, end = (sum(i < bound for i in kept) for bound in (first, last))
            size, columns = prod(shape[first:last]), prod(shape[last:])
            if size == 1:
                continue
            parts = parts_of(prod(shape[:first]), size, columns)
            partial = Node(Spec((*shape[:first], parts, *shape[last:]), dtype))
            step = PartialFold(partial, fold, Source(source.node, squeezed(view)), start, end, parts)
            self._graph.add(Nest(tuple(view.shape[i] for i in kept), self.stage), step)
            shape[first:last] = [1] * (last - first)
            source = (
                _reshaped(whole(partial), tuple(shape)) if parts == 1 else self._fold_parts(partial, fold, first, shape)
            )
        self.place(output, _reshaped(source, output.spec.shape))

    def _fold_parts(self, partial: Node, fold: Fold, axis: int, shape: list[int]) -> Source:
        """One number for those of all parts."""
        order = [*(a for a in range(len(partial.spec.shape)) if a != axis), axis]
        strides = dense(partial.spec.shape)
        view = View(0, tuple(partial.spec.shape[a] for a in order), tuple(strides[a] for a in order))
        total = Node(Spec(tuple(shape), partial.spec.dtype))
        self._add_reduction(total, fold, (Source(partial, view),), len(order) - 1)
        return whole(total)

    def _add_reduction(self, output: Node, fold: Fold, sources: tuple[Source, ...], rank: int) -> Nest:
        """The loops are over the first ``rank`` axes of the sources, the reduction is over the others."""
        shape = sources[0].view.shape
        nest = Nest(tuple(n for n in shape[:rank] if n != 1), self.stage)
        inner = tuple(n for n in shape[rank:] if n != 1)
        given = tuple(Source(node, squeezed(view)) for node, view in sources)
        return self._graph.add(nest, Accumulation(output, fold, given, inner))

    def _multiply(self, output: Node, left: Source, right: Source) -> None:
        *batch, rows, columns = output.spec.shape
        if not output.spec.dtype.is_float:
            raise NotLoops(f"`matmul` of {output.spec.dtype} has no loops")
        inner = left.view.shape[-1]
        if self._has_operations and prod(output.spec.shape) * inner >= LEAST_SPREAD:
            left, right = self._tiled_factors(output, left, right)
        shape = (*batch, rows, columns, inner)

        def strides(view: View) -> tuple[int, ...]:
            own = [0 if n == 1 else step for n, step in zip(view.shape[:-2], view.strides[:-2], strict=True)]
            return (*(0 for _ in range(len(batch) - len(own))), *own)

        (*_, row, along), (*_, down, column) = left.view.strides, right.view.strides
        first = View(left.view.offset, shape, (*strides(left.view), row, 0, along))
        second = View(right.view.offset, shape, (*strides(right.view), 0, column, down))
        given = (Source(left.node, first), Source(right.node, second))
        self._add_reduction(output, Fold(0, x + y), given, len(shape) - 1)

    def _tiled_factors(self, output: Node, left: Source, right: Source) -> tuple[Source, Source]:
        """Factors of a product whose rows of the result stay in registers, or :class:`NotLoops`."""
        lanes, rank = self._lanes.get(output.spec.dtype, 1), len(output.spec.shape)
        columns, inner = output.spec.shape[-1], left.view.shape[-1]
        padded = -(-columns // lanes) * lanes
        most = MOST_VECTORS if lanes * output.spec.dtype.bits >= 512 else MOST_VECTORS // 2
        if lanes == 1 or rank != 2 or 1 in output.spec.shape or padded > most * lanes or inner > LONGEST_SUM:
            raise NotLoops("a product of large matrices has kernels of its own")
        if left.view.strides[1] != 1:
            left = self._dense(left)
        if right.view.strides[1] != 1 or (padded != columns and right.view.strides[0] < padded):
            wide = Node(Spec((inner, padded), output.spec.dtype))
            self._graph.cleared[wide] = self._write(0, output.spec.dtype, whole(wide))
            view = View(0, (inner, columns), (padded, 1))
            self.copy(right, Source(wide, view))
            right = Source(wide, view)
        return left, right

    def _join(self, parts: list[Source], output: Source, axis: int) -> None:
        start, strides = 0, output.view.strides
        for part in parts:
            self.copy(part, Source(output.node, View(start * strides[axis], part.view.shape, strides)))
            start += part.view.shape[axis]

    def _dense(self, source: Source) -> Source:
        """The same elements in their own order, copied if need be."""
        view = source.view
        flat = squeezed(view)
        if flat.strides == dense(flat.shape):
            return _reshaped(source, view.shape)
        copy = Node(Spec(view.shape, source.node.spec.dtype))
        self._write(Source(source.node, flat), source.node.spec.dtype, whole(copy))
        return whole(copy)

    def _write(self, value: CalculationOperand, dtype: DType, target: Source) -> Nest:
        """Loops that write what is read, or a number, to ``target``."""
        shape = squeezed(target.view).shape
        output = Node(Spec(shape, dtype))
        nest = self._graph.add(Nest(shape, self.stage), Calculation(output, x, (value,), dtype))
        self._graph.store(nest, Store(output, target._replace(view=squeezed(target.view))))
        return nest


def _computes(equation: Equation) -> bool:
    """Whether a device can run it by itself, with nothing to say but its output."""
    return equation.primitive is not inside_axis and 0 not in equation.output.spec.shape


def _reshaped(source: Source, shape: Shape) -> Source:
    return Source(source.node, View(source.view.offset, shape, dense(shape)))
