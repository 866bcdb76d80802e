"""Loops and conditions at each point: tile operations that hold tile operations.

What a turn of a loop works on, the carry and its rows, are values of the tile as others are, made anew in each turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, assert_never

from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointOperation,
    PointProduct,
    Read,
    ReadableValue,
    TileValue,
)
from dualtape.compiler.program import Number
from dualtape.core.expression import Expression, FunctionCall

TileOperand = Read | Number
"""What an operation takes: elements of a value, or a number for all of them."""


class Carry(NamedTuple):
    """What goes from turn to turn: the ``first`` of it, what it is ``at`` a turn and ``after`` it, and the ``last``."""

    first: TileOperand
    at: TileValue
    after: TileOperand
    last: TileValue


class StackRow(NamedTuple):
    """The part ``at`` a turn of a ``stack``, whose first axis has one index for each turn."""

    stack: Read
    at: TileValue


class KeptRows(NamedTuple):
    """What ``each`` turn leaves in a ``stack``."""

    each: TileOperand
    stack: TileValue


@dataclass(frozen=True, eq=False)
class TileLoop(PointOperation):
    """``length`` turns of ``operations``, through the rows from the last to the first if it goes ``back``."""

    length: int
    back: bool
    operations: tuple[TileOperation, ...]
    carries: tuple[Carry, ...]
    rows: tuple[StackRow, ...]
    kept: tuple[KeptRows, ...]

    def values_read(self) -> list[ReadableValue]:
        before = _values(carry.first for carry in self.carries)
        turn = [*(row.stack for row in self.rows), *(x.after for x in self.carries), *(x.each for x in self.kept)]
        inside = {row.at for row in self.rows} | {carry.at for carry in self.carries}
        return [*before, *_from_outside(self.operations, turn, inside)]

    def values_made(self) -> list[TileValue]:
        return [*(carry.last for carry in self.carries), *(kept.stack for kept in self.kept)]

    def expressions(self) -> list[Expression]:
        return [code for operation in self.operations for code in operation.expressions()]

    def hands_on_nan(self) -> bool:
        return all(operation.hands_on_nan() for operation in self.operations)


class Outcome(NamedTuple):
    """What a condition gives: one operand if it holds, and another one if not."""

    if_true: TileOperand
    if_false: TileOperand
    value: TileValue


@dataclass(frozen=True, eq=False)
class TileCondition(PointOperation):
    """The operations of one branch, which one element that is the same at all points chooses."""

    predicate: Read
    true: tuple[TileOperation, ...]
    false: tuple[TileOperation, ...]
    outcomes: tuple[Outcome, ...]

    def values_read(self) -> list[ReadableValue]:
        results = [x for outcome in self.outcomes for x in (outcome.if_true, outcome.if_false)]
        return [self.predicate.value, *_from_outside((*self.true, *self.false), results, set())]

    def values_made(self) -> list[TileValue]:
        return [outcome.value for outcome in self.outcomes]

    def expressions(self) -> list[Expression]:
        return [code for operation in (*self.true, *self.false) for code in operation.expressions()]

    def hands_on_nan(self) -> bool:
        return all(operation.hands_on_nan() for operation in (*self.true, *self.false))


def written_size(operations: Iterable[TileOperation]) -> int:
    """About how many operations are written out for a driver to compile, a call being some dozens of them."""
    return sum(_size(operation) for operation in operations)


def _size(operation: TileOperation) -> int:
    match operation:
        case TileLoop():
            return written_size(operation.operations)
        case TileCondition():
            return written_size((*operation.true, *operation.false))
        case ElementwiseMap(output=output, code=code):
            calls = sum(isinstance(node, FunctionCall) for node in code.nodes())
            return min(output.features, _WRITTEN_OUT) * code.operations + min(output.features, _CALLED) * _CALL * calls
        case PointProduct() | FoldFeatures() | Embed() | Contraction():
            return _WRITTEN_OUT
        case _:
            assert_never(operation)


_CALL, _CALLED, _WRITTEN_OUT = 40, 2, 8


def _values(operands: Iterable[TileOperand]) -> list[ReadableValue]:
    return [x.value for x in operands if isinstance(x, Read)]


def _from_outside(
    operations: Sequence[TileOperation], results: Sequence[TileOperand], inside: set[TileValue]
) -> list[ReadableValue]:
    """What operations and their results take of values that are not made among them."""
    inside = inside.union(*(operation.values_made() for operation in operations))
    read = [*(value for operation in operations for value in operation.values_read()), *_values(results)]
    return [value for value in dict.fromkeys(read) if value not in inside]


ControlOperation = TileLoop | TileCondition
OwnStep = PointProduct | FoldFeatures | Embed | ControlOperation
"""Operations that are a step by themselves, where they are not taken into one with others."""

TileOperation = ElementwiseMap | OwnStep | Contraction
