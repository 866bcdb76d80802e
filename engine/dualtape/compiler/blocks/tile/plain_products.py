"""Plain products first: where zero must win over infinity, it hardly ever has to.

The product of derivatives in which zero wins costs three times as much as a plain one. A kernel with plain products
gives the same results unless one of them is 0 * infinity, and then a NaN reaches a sum or an output, provided that
nothing on the way can swallow it. So the kernel runs with plain products, and once more with the others if there
is a NaN among its sums: the values at points that it stores are told of by a sum of their own.
"""

from __future__ import annotations

from dataclasses import replace

from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ContractionTerm,
    ElementwiseMap,
    FoldFeatures,
    Read,
    ReadableValue,
    TileOperation,
    TileValue,
)
from dualtape.compiler.program import Node
from dualtape.core.expression import choose, x, y
from dualtape.core.lowering import Expression, Fold
from dualtape.core.spec import Spec
from dualtape.primitives.arithmetic import multiply, strong_multiply


def with_plain_products(operations: tuple[TileOperation, ...]) -> tuple[TileOperation, ...] | None:
    """The same program with plain products; None where it has none to replace, or where a NaN could get lost."""
    assert isinstance(multiply.lowering, Expression)
    tainted: set[ReadableValue] = set()
    found: list[TileOperation] = []
    for operation in operations:
        taken = any(value in tainted for value in operation.values_read())
        if taken and not operation.hands_on_nan():
            return None
        if isinstance(operation, ElementwiseMap) and operation.primitive is strong_multiply:
            operation, taken = replace(operation, code=multiply.lowering), True
        if taken:
            tainted.update(operation.values_made())
        found.append(operation)
    return tuple(found) if tainted else None


def told_by_a_sum(stored: Read) -> tuple[FoldFeatures, Contraction]:
    """A sum over the points that is NaN if one of the values that a region stores is, and else 0."""
    dtype = stored.value.dtype
    found = TileValue(1, dtype)
    fold = FoldFeatures(found, stored, 0, Fold(0, choose(y == y, x, y)))
    term = ContractionTerm(found.whole((1,)), None)
    return fold, Contraction(Node(Spec((), dtype)), (term,), 1, 1)
