"""Rows that are gone through in turns: what reads a reduction of its row comes in a turn after it.

So a softmax reads each of its rows from memory once, and then from a cache.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dualtape.compiler.loops.nest import Calculation, CalculationOperand, Nest, NestStep, PartialFold, Source, Store
from dualtape.compiler.program import Node


@dataclass
class Turn:
    """One way along a row, and what follows from it.

    Attributes
    ----------
    elements
        What is computed for each element, some of it once more.
    folds, stores
        Of these elements.
    row_steps, row_stores
        What is computed after it, once for the row.
    """

    elements: list[NestStep] = field(default_factory=list)
    folds: list[PartialFold] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    row_steps: list[Calculation] = field(default_factory=list)
    row_stores: list[Store] = field(default_factory=list)

    @property
    def is_along_row(self) -> bool:
        """Whether it does anything with elements."""
        return bool(self.folds or self.stores)


def turns_of(nest: Nest) -> list[Turn]:
    """What is done with a row of a nest: one turn, or several, of which the first may do nothing with elements."""
    if nest.rows is None:
        elements: list[NestStep] = [step for step in nest.steps if not isinstance(step, PartialFold)]
        folds = [step for step in nest.steps if isinstance(step, PartialFold)]
        return [Turn(elements, folds, nest.stores)]
    return _Rows(nest, nest.rows).turns


class _Rows:
    def __init__(self, nest: Nest, rows: int) -> None:
        self._rank, self._rows = len(nest.shape), rows
        self.turns = [Turn()]
        self._known: dict[Node, int] = {}  # values of a row, and the turn that they follow from
        self._first: dict[Node, int] = {}  # values of elements, and the first turn that can compute them
        for step in nest.steps:
            self._add_step(step)
        for store in nest.stores:
            self._add_store(store)
        for turn in self.turns:
            turn.elements = _needed(turn, [x for x in nest.steps if x.output in self._first])

    def _turn(self, number: int) -> Turn:
        while len(self.turns) <= number:
            self.turns.append(Turn())
        return self.turns[number]

    def _add_step(self, step: NestStep) -> None:
        number = max(map(self._along, step.operands), default=1)
        if isinstance(step, PartialFold):
            self._turn(number).folds.append(step)
            self._known[step.output] = number
        elif isinstance(step, Calculation) and all(map(self._is_of_row, step.operands)):
            number = max((self._known[x] for x in step.operands if isinstance(x, Node)), default=0)
            self._turn(number).row_steps.append(step)
            self._known[step.output] = number
        else:
            self._first[step.output] = number

    def _add_store(self, store: Store) -> None:
        if len(store.target.view.shape) < self._rank:
            self._turn(self._known[store.output]).row_stores.append(store)
        else:
            self._turn(self._along(store.output)).stores.append(store)

    def _along(self, operand: CalculationOperand) -> int:
        """The first turn whose elements can read the operand."""
        if not isinstance(operand, Node):
            return 1
        return self._first[operand] if operand in self._first else self._known[operand] + 1

    def _is_of_row(self, operand: CalculationOperand) -> bool:
        if isinstance(operand, Source):
            return not any(operand.view.strides[self._rows :])
        return not isinstance(operand, Node) or operand in self._known


def _needed(turn: Turn, steps: list[NestStep]) -> list[NestStep]:
    """Of the steps for elements those that the turn needs."""
    needed = {fold.operand for fold in turn.folds} | {store.output for store in turn.stores}
    found = []
    for step in reversed(steps):
        if step.output in needed:
            needed.update(x for x in step.operands if isinstance(x, Node))
            found.append(step)
    return found[::-1]
