"""Plain products first: where zero must win over infinity, it hardly ever has to.

The product of derivatives in which zero wins costs three times as much as a plain one. A kernel with plain products
gives the same results unless one of them is 0 * infinity, and then a NaN reaches a sum or an output, provided that
nothing on the way can swallow it. So the kernel runs with plain products, and once more with the others if there
is a NaN among its sums: the values at points that it stores are told of by a sum of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dualtape.compiler.blocks.tile.control import TileCondition, TileLoop, TileOperand, TileOperation
from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ContractionTerm,
    ElementwiseMap,
    FoldFeatures,
    Read,
    ReadableValue,
    TileValue,
)
from dualtape.compiler.program import Node
from dualtape.core.expression import choose, x, y
from dualtape.core.lowering import Expression, Fold
from dualtape.core.spec import Spec
from dualtape.primitives.arithmetic import multiply, strong_multiply


def with_plain_products(operations: tuple[TileOperation, ...]) -> tuple[TileOperation, ...] | None:
    """The same program with plain products; None where it has none to replace, or where a NaN could get lost."""
    plain = _PlainProducts()
    try:
        found = plain.all(operations)
    except _NanGetsLost:
        return None
    return found if plain.tainted else None


class _NanGetsLost(Exception):
    """Something may swallow the NaN of a plain product."""


class _PlainProducts:
    """What was found so far; ``tainted`` are the values that may hold such a NaN."""

    def __init__(self) -> None:
        self.tainted: set[ReadableValue] = set()

    def all(self, operations: Iterable[TileOperation]) -> tuple[TileOperation, ...]:
        return tuple(map(self._one, operations))

    def _one(self, operation: TileOperation) -> TileOperation:
        if isinstance(operation, TileLoop):
            return self._loop(operation)
        if isinstance(operation, TileCondition):
            return self._condition(operation)
        taken = any(value in self.tainted for value in operation.values_read())
        if taken and not operation.hands_on_nan():
            raise _NanGetsLost
        if isinstance(operation, ElementwiseMap) and operation.primitive is strong_multiply:
            assert isinstance(multiply.lowering, Expression)
            operation, taken = replace(operation, code=multiply.lowering), True
        if taken:
            self.tainted.update(operation.values_made())
        return operation

    def _loop(self, loop: TileLoop) -> TileLoop:
        """What a turn leaves may taint the next one: until no turn adds anything."""
        self._hand_on((row.stack, row.at) for row in loop.rows)
        self._hand_on((carry.first, carry.at) for carry in loop.carries)
        while True:
            operations = self.all(loop.operations)
            before = len(self.tainted)
            self._hand_on((carry.after, carry.at) for carry in loop.carries)
            if len(self.tainted) == before:
                break
        self._hand_on((carry.at.whole((1,)), carry.last) for carry in loop.carries)
        self._hand_on((kept.each, kept.stack) for kept in loop.kept)
        return replace(loop, operations=operations)

    def _condition(self, condition: TileCondition) -> TileCondition:
        if condition.predicate.value in self.tainted:
            raise _NanGetsLost
        plain = replace(condition, true=self.all(condition.true), false=self.all(condition.false))
        for if_true, if_false, value in condition.outcomes:
            self._hand_on([(if_true, value), (if_false, value)])
        return plain

    def _hand_on(self, pairs: Iterable[tuple[TileOperand, TileValue]]) -> None:
        self.tainted.update(value for x, value in pairs if isinstance(x, Read) and x.value in self.tainted)


def told_by_a_sum(stored: Read) -> tuple[FoldFeatures, Contraction]:
    """A sum over the points that is NaN if one of the values that a region stores is, and else 0."""
    dtype = stored.value.dtype
    found = TileValue(1, dtype)
    fold = FoldFeatures(found, stored, 0, Fold(0, choose(y == y, x, y)))
    term = ContractionTerm(found.whole((1,)), None)
    return fold, Contraction(Node(Spec((), dtype)), (term,), 1, 1)
