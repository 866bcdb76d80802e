"""Plain products first: where zero must win over infinity, it hardly ever has to.

The product of derivatives in which zero wins costs three times as much as a plain one. A kernel with plain products
gives the same results unless one of them is 0 * infinity, and then a NaN reaches a sum or an output, provided that
nothing on the way can swallow it. So the kernel runs with plain products, and once more with the others if there
is a NaN among its results.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Shared,
    TileOperation,
    TileValue,
    values_made,
    values_read,
)
from dualtape.core.lowering import Expression
from dualtape.core.primitive import Bilinear, Linear
from dualtape.dtypes import bool_
from dualtape.primitives.arithmetic import multiply, strong_multiply


def with_plain_products(operations: tuple[TileOperation, ...]) -> tuple[TileOperation, ...] | None:
    """The same program with plain products; None where it has none to replace, or where a NaN could get lost."""
    assert isinstance(multiply.lowering, Expression)
    tainted: set[TileValue | Shared] = set()
    found: list[TileOperation] = []
    for operation in operations:
        taken = any(value in tainted for value in values_read(operation))
        if taken and not _hands_on_nan(operation):
            return None
        replaces = isinstance(operation, ElementwiseMap) and operation.primitive is strong_multiply
        if replaces or taken:
            tainted.update(values_made(operation))
        if isinstance(operation, ElementwiseMap) and replaces:
            operation = replace(operation, code=multiply.lowering)
        found.append(operation)
    return tuple(found) if tainted else None


def _hands_on_nan(operation: TileOperation) -> bool:
    match operation:
        case FoldFeatures(kind=kind):
            return kind.combine.hands_on_nan
        case PointProduct() | Embed() | Contraction():
            return True
        case ElementwiseMap(output=output) if output.dtype is bool_:
            return False
        # What linear maps do not select is dropped, and what the NaN stands for would be dropped as well.
        case ElementwiseMap(primitive=None | Linear() | Bilinear()):
            return True
        case ElementwiseMap(code=code):
            return code.hands_on_nan
        case _:
            assert_never(operation)
