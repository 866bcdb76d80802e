"""Nests that share loops: which may be one, and in which order the others run."""

from __future__ import annotations

from collections.abc import Iterable

from dualtape.compiler.loops.nest import (
    Accumulation,
    Calculation,
    CalculationOperand,
    Nest,
    NestStep,
    PartialFold,
    Source,
    Store,
    whole_view,
)
from dualtape.compiler.program import Node
from dualtape.core.lowering import View
from dualtape.core.spec import Shape


class NestGraph:
    """Nests, and which of them write the arrays that others read.

    Attributes
    ----------
    cleared
        Arrays that are written in parts, each with the nest that sets them to zero before.
    """

    def __init__(self) -> None:
        self.cleared: dict[Node, Nest] = {}
        self._nests: dict[Nest, None] = {}
        self._writers: dict[Node, list[Nest]] = {}
        self._joined_to: dict[Nest, Nest] = {}

    def add_operation(self, nest: Nest, output: Node) -> None:
        """Add one that is an operation by itself, which nothing joins."""
        self._nests[nest] = None
        self._writers[output] = [nest]

    def finish(self) -> list[Nest]:
        """All nests, in an order in which what is read was written before."""
        read = {source.node for nest in self._nests for source in nest.sources()}
        for nest in self._nests:
            nest.steps = _in_order(nest.steps)
            for step in nest.steps:
                if isinstance(step, PartialFold):
                    if step.output in read:
                        nest.kept.add(step.output)
                elif step.output in read:
                    view = whole_view(step.output.spec.shape)
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

    def store(self, nest: Nest, store: Store) -> None:
        nest.stores.append(store)
        self._writers.setdefault(store.target.node, []).append(nest)

    def add(self, nest: Nest, step: NestStep) -> Nest:
        """Add loops with one step, and join them with those that make what the step reads."""
        nest.steps.append(step)
        self._nests[nest] = None
        self._writers[step.output] = [nest]
        for maker in dict.fromkeys(maker for source in nest.sources() for maker in self.writing(source.node)):
            # An earlier turn may have joined it.
            if maker in self._nests and maker is not nest and self._may_join(maker, nest):
                nest = self._joined(maker, nest)
        return nest

    def writing(self, node: Node) -> list[Nest]:
        """The nests that write to an array."""
        return list(dict.fromkeys(map(self._whole_nest, self._writers.get(node, ()))))

    def _whole_nest(self, nest: Nest) -> Nest:
        """The nest that holds the steps of ``nest`` now."""
        while nest in self._joined_to:
            nest = self._joined_to[nest]
        return nest

    def _may_join(self, first: Nest, second: Nest) -> bool:
        if first.stage != second.stage or first.operation or second.operation:
            return False
        there = _along_rows(first, second)
        if first.shape != there.shape or not _reduce_alike(first, there):
            return False
        made = {step.output for nest in (first, second) for step in nest.steps}
        written = {store.target.node for nest in (first, second) for store in nest.stores}
        partial = {s.output for n in (first, second) for s in n.steps if isinstance(s, PartialFold)}
        for source in (*first.sources(), *there.sources()):
            if source.node in written or (source.node in made and not _is_at_hand(source, first, partial)):
                return False
        accumulations = [s for n in (first, second) for s in n.steps if isinstance(s, Accumulation)]
        if partial and not all(step.is_product for step in accumulations):
            return False
        reduced = {source.node for step in accumulations for source in step.sources}
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
        found = dict.fromkeys(x for source in nest.sources() for x in self.writing(source.node))
        cleared = [store.target.node for store in nest.stores if store.target.node in self.cleared]
        found |= dict.fromkeys(self._whole_nest(self.cleared[node]) for node in cleared)
        found.pop(nest, None)
        return list(found)

    def _joined(self, first: Nest, second: Nest) -> Nest:
        """Both as one; what one makes and the other reads stays where it is computed."""
        there = _along_rows(first, second)
        made = {step.output for nest in (first, second) for step in nest.steps}

        def kept(scalar: CalculationOperand) -> CalculationOperand:
            return scalar.node if isinstance(scalar, Source) and scalar.node in made else scalar

        first.steps = [step.reading(kept) for step in (*first.steps, *there.steps)]
        first.stores += second.stores
        del self._nests[second]
        self._joined_to[second] = first
        return first


def _along_rows(first: Nest, second: Nest) -> Nest:
    """The second nest in the shape of the first, if it has an element for each row that the first reduces."""
    if first.rows is None or second.shape != first.shape[: first.rows]:
        return second
    if first.real_type is not second.real_type:  # vectors hold one type
        return second
    if not all(isinstance(step, Calculation) for step in second.steps):
        return second

    def stretched(operand: CalculationOperand) -> CalculationOperand:
        if not isinstance(operand, Source):
            return operand
        view = operand.view
        return operand._replace(view=View(view.offset, first.shape, _with_zeros(view.strides, first.shape)))

    return Nest(first.shape, second.stage, [step.reading(stretched) for step in second.steps], second.stores)


def _with_zeros(strides: Shape, shape: Shape) -> Shape:
    return (*strides, *(0 for _ in shape[len(strides) :]))


def _is_at_hand(source: Source, nest: Nest, partial: set[Node]) -> bool:
    """Whether an element of what a nest makes is what it reads there: its own, or that of its row."""
    own = whole_view(source.node.spec.shape)
    if source.node not in partial and source.view == own and own.shape == nest.shape:
        return True
    if nest.rows is None or own.shape != nest.shape[: nest.rows]:
        return False
    return source.view == View(0, nest.shape, _with_zeros(own.strides, nest.shape))


def _reduce_alike(first: Nest, second: Nest) -> bool:
    """Whether the loops of both can be cut into the same parts."""
    both = first.product and second.product
    one_type = first.real_type is not None and first.real_type is second.real_type
    if both or ((first.product or second.product) and not one_type):
        return False
    one, other = first.partial_fold, second.partial_fold
    return one is None or other is None or one[3:] == other[3:]


def _in_order(steps: Iterable[NestStep]) -> list[NestStep]:
    """The steps, each after those whose outputs it reads."""
    makers = {step.output: step for step in steps}
    ordered: dict[Node, NestStep] = {}

    def add(step: NestStep) -> None:
        for operand in step.operands:
            if isinstance(operand, Node) and operand not in ordered:
                add(makers[operand])
        ordered[step.output] = step

    for step in makers.values():
        if step.output not in ordered:
            add(step)
    return list(ordered.values())
