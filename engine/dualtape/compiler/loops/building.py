"""Equations to loop nests.

What only moves elements becomes the way in which they are read. What is computed for each element of one shape shares
loops where the order of reading and writing allows it, and then nothing between is written to memory.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import prod

from dualtape.compiler.loops.nest import (
    Accumulation,
    Calculation,
    CalculationOperand,
    Nest,
    NotLoops,
    Source,
    Store,
    squeezed,
    whole,
)
from dualtape.compiler.program import Equation, Node, Operand
from dualtape.core.expression import choose, x, y
from dualtape.core.lowering import Expression, Fold, Kernel, Movement, Placement, Reinterpretation, View
from dualtape.core.lowering import contiguous_strides as dense
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, bool_, float32, float64
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import concatenate
from dualtape.primitives.selection import cast

HAS_NAN = Fold(0, choose(y != y, 1, x))
"""1 if an element is NaN."""


class NestBuilder:
    """The loop nests of a program's stages so far.

    Parameters
    ----------
    floats
        The types of floats that the device computes in.

    Attributes
    ----------
    stage
        To which nests are added.
    """

    def __init__(self, floats: Collection[DType] = (float32, float64)) -> None:
        self._floats = floats
        self.stage = 0
        self._nests: dict[Nest, None] = {}
        self._places: dict[Node, Source] = {}
        self._writers: dict[Node, list[Nest]] = {}
        self._cleared: dict[Node, Nest] = {}
        self._joined_to: dict[Nest, Nest] = {}

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
        primitive, params, output = equation.primitive, equation.params, equation.output
        operands = [self.source(operand) for operand in equation.reads]
        for spec in (output.spec, *(node.spec for node in equation.reads)):
            if spec.dtype.is_float and spec.dtype not in self._floats:
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
                self._cleared[output] = self._write(0, output.spec.dtype, whole(output))
                self.copy(operands[0], Source(output, placement.view(operands[0].view.shape, **params)))
            case Fold() as fold:
                self._reduce(output, fold, (operands[0],), params["axes"])
            case Kernel() if primitive is concatenate:
                self._join(operands, whole(output), params["axis"])
            case Kernel() if primitive is matmul:
                self._multiply(output, *operands)
            case _:
                raise NotLoops(f"`{primitive.name}` has no loops")

    def copy(self, source: Source, target: Source) -> None:
        """Write elements to where those of ``target`` are, which has as many in the same order of axes."""
        source, target = (each._replace(view=squeezed(each.view)) for each in (source, target))
        for nest in self._writing(source.node):
            made = any(step.output is source.node for step in nest.steps)
            cleared_later = target.node in self._cleared and nest.stage < self.stage
            if made and not cleared_later and nest.shape == source.view.shape and source.is_whole:
                self._store(nest, Store(source.node, target))
                return
        self._write(source, source.node.spec.dtype, target)

    def sum_rows(self, rows: Node) -> Node:
        """The sums of the columns of a matrix."""
        count, columns = rows.spec.shape
        output = Node(Spec((columns,), rows.spec.dtype))
        self._add_reduction(output, Fold(0, x + y), (Source(rows, View(0, (columns, count), (1, columns))),), 1)
        return output

    def find_nan(self, values: Node, flag: Source) -> None:
        """Set ``flag`` to 1 if there is a NaN among the values, else to 0."""
        output = Node(Spec((), values.spec.dtype))
        nest = self._add_reduction(output, HAS_NAN, (whole(values),), 0)
        self._store(nest, Store(output, flag._replace(view=squeezed(flag.view))))

    def finish(self) -> list[Nest]:
        """All nests, in an order in which what is read was written before."""
        read = {source.node for nest in self._nests for source in nest.sources()}
        for nest in self._nests:
            nest.steps = _in_order(nest.steps)
            for step in nest.steps:
                if step.output in read:
                    view = View(0, nest.shape, dense(nest.shape))
                    nest.stores.append(Store(step.output, Source(step.output, view)))
        ordered: dict[Nest, None] = {}
        for nest in self._nests:
            pending = [nest]
            while pending:
                missing = [each for each in self._before(pending[-1]) if each not in ordered]
                if missing:
                    pending += missing
                else:
                    ordered.setdefault(pending.pop())
        return sorted(ordered, key=lambda nest: nest.stage)

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
        self._add(nest, Calculation(output, code, scalars, common))

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
        self._add_reduction(output, fold, arranged, rank - len(axes))

    def _add_reduction(self, output: Node, fold: Fold, sources: tuple[Source, ...], rank: int) -> Nest:
        """The loops are over the first ``rank`` axes of the sources, the reduction is over the others."""
        shape = sources[0].view.shape
        nest = Nest(tuple(n for n in shape[:rank] if n != 1), self.stage)
        inner = tuple(n for n in shape[rank:] if n != 1)
        given = tuple(Source(node, squeezed(view)) for node, view in sources)
        return self._add(nest, Accumulation(output, fold, given, inner))

    def _multiply(self, output: Node, left: Source, right: Source) -> None:
        *batch, rows, columns = output.spec.shape
        if not output.spec.dtype.is_float:
            raise NotLoops(f"`matmul` of {output.spec.dtype} has no loops")
        inner = left.view.shape[-1]
        shape = (*batch, rows, columns, inner)

        def strides(view: View) -> tuple[int, ...]:
            own = [0 if n == 1 else step for n, step in zip(view.shape[:-2], view.strides[:-2], strict=True)]
            return (*(0 for _ in range(len(batch) - len(own))), *own)

        (*_, row, along), (*_, down, column) = left.view.strides, right.view.strides
        first = View(left.view.offset, shape, (*strides(left.view), row, 0, along))
        second = View(right.view.offset, shape, (*strides(right.view), 0, column, down))
        given = (Source(left.node, first), Source(right.node, second))
        self._add_reduction(output, Fold(0, x + y), given, len(shape) - 1)

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
        nest = self._add(Nest(shape, self.stage), Calculation(output, x, (value,), dtype))
        self._store(nest, Store(output, target._replace(view=squeezed(target.view))))
        return nest

    def _store(self, nest: Nest, store: Store) -> None:
        nest.stores.append(store)
        self._writers.setdefault(store.target.node, []).append(nest)

    def _add(self, nest: Nest, step: Calculation | Accumulation) -> Nest:
        """Add loops with one step, and join them with those that make what the step reads."""
        nest.steps.append(step)
        self._nests[nest] = None
        self._writers[step.output] = [nest]
        for maker in dict.fromkeys(maker for source in nest.sources() for maker in self._writing(source.node)):
            # An earlier turn may have joined it.
            if maker in self._nests and maker is not nest and self._may_join(maker, nest):
                nest = self._joined(maker, nest)
        return nest

    def _writing(self, node: Node) -> list[Nest]:
        """The nests that write to an array."""
        return list(dict.fromkeys(map(self._whole_nest, self._writers.get(node, ()))))

    def _whole_nest(self, nest: Nest) -> Nest:
        """The nest that holds the steps of ``nest`` now."""
        while nest in self._joined_to:
            nest = self._joined_to[nest]
        return nest

    def _may_join(self, first: Nest, second: Nest) -> bool:
        if first.shape != second.shape or first.stage != second.stage:
            return False
        made = {step.output for nest in (first, second) for step in nest.steps}
        written = {store.target.node for nest in (first, second) for store in nest.stores}
        for source in (*first.sources(), *second.sources()):
            in_register = source.is_whole and source.view.shape == first.shape
            if source.node in written or (source.node in made and not in_register):
                return False
        reduced = {x.node for n in (first, second) for s in n.steps if isinstance(s, Accumulation) for x in s.sources}
        return not (made & reduced or self._leads_around(first, second) or self._leads_around(second, first))

    def _leads_around(self, first: Nest, last: Nest) -> bool:
        """Whether something between depends on ``first``, and ``last`` on it."""
        pending = [nest for nest in self._before(last) if nest is not first]
        seen = set(pending)
        while pending:
            for nest in self._before(pending.pop()):
                if nest is first:
                    return True
                if nest not in seen and nest.stage == first.stage:
                    seen.add(nest)
                    pending.append(nest)
        return False

    def _before(self, nest: Nest) -> list[Nest]:
        """The nests that write what a nest reads, or that clear where it writes."""
        found = dict.fromkeys(x for source in nest.sources() for x in self._writing(source.node))
        cleared = [store.target.node for store in nest.stores if store.target.node in self._cleared]
        found |= dict.fromkeys(self._whole_nest(self._cleared[node]) for node in cleared)
        found.pop(nest, None)
        return list(found)

    def _joined(self, first: Nest, second: Nest) -> Nest:
        """Both as one; what one makes and the other reads stays where it is computed."""
        made = {step.output for nest in (first, second) for step in nest.steps}

        def kept(scalar: CalculationOperand) -> CalculationOperand:
            return scalar.node if isinstance(scalar, Source) and scalar.node in made else scalar

        steps = [*first.steps, *second.steps]
        first.steps = [
            x._replace(operands=tuple(map(kept, x.operands))) if isinstance(x, Calculation) else x for x in steps
        ]
        first.stores += second.stores
        del self._nests[second]
        self._joined_to[second] = first
        return first


def _reshaped(source: Source, shape: Shape) -> Source:
    return Source(source.node, View(source.view.offset, shape, dense(shape)))


def _in_order(steps: Iterable[Calculation | Accumulation]) -> list[Calculation | Accumulation]:
    """The steps, each after those whose outputs it reads."""
    makers = {step.output: step for step in steps}
    ordered: dict[Node, Calculation | Accumulation] = {}

    def add(step: Calculation | Accumulation) -> None:
        for operand in step.operands if isinstance(step, Calculation) else ():
            if isinstance(operand, Node) and operand not in ordered:
                add(makers[operand])
        ordered[step.output] = step

    for step in makers.values():
        if step.output not in ordered:
            add(step)
    return list(ordered.values())


def loop_elements(nests: Iterable[Nest]) -> int:
    """How often the innermost bodies of loops run."""
    total = 0
    for nest in nests:
        reduced = sum(prod(step.inner) for step in nest.steps if isinstance(step, Accumulation))
        total += prod(nest.shape) * (1 + reduced)
    return total
