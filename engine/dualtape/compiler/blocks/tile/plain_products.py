"""Plain products first: where zero must win over infinity, it hardly ever has to.

The product of derivatives in which zero wins costs three times as much as a plain one. A kernel with plain products
gives the same results unless one of them is 0 * infinity, and then a NaN reaches a sum or an output, provided that
nothing on the way can swallow it. So the kernel runs with plain products, and once more with the others if there
is a NaN among its results.
"""

from __future__ import annotations

from dataclasses import replace

from dualtape.compiler.blocks.tile.tiles import FoldFeatures, Map, Operation, outputs, reads
from dualtape.compiler.program import Node
from dualtape.core.lowering import Expression
from dualtape.core.primitive import Bilinear, Linear
from dualtape.primitives.arithmetic import multiply, scale


def with_plain_products(operations: tuple[Operation, ...]) -> tuple[Operation, ...] | None:
    """The same program with plain products; None where it has none to replace, or where a NaN could get lost."""
    assert isinstance(multiply.lowering, Expression)
    tainted: set[Node] = set()
    found: list[Operation] = []
    for operation in operations:
        taken = any(node in tainted for node in reads(operation))
        if taken and not _hands_on_nan(operation):
            return None
        replaces = isinstance(operation, Map) and operation.primitive is scale
        if replaces or taken:
            tainted.update(outputs(operation))
        if isinstance(operation, Map) and replaces:
            operation = replace(operation, code=multiply.lowering)
        found.append(operation)
    return tuple(found) if tainted else None


def _hands_on_nan(operation: Operation) -> bool:
    if isinstance(operation, FoldFeatures):
        return operation.kind.combine.hands_on_nan
    if not isinstance(operation, Map):
        return True
    if operation.gives_bool:
        return False
    primitive = operation.primitive
    # What linear maps do not select is dropped, and what the NaN stands for would be dropped as well.
    return primitive is None or isinstance(primitive, (Linear, Bilinear)) or operation.code.hands_on_nan
