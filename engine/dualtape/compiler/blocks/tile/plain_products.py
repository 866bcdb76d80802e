"""Plain products first: where zero must win over infinity, it hardly ever has to.

The product of derivatives in which zero wins costs three times as much as a plain one. A kernel with plain products
gives the same results unless one of them is 0 * infinity, and then a NaN reaches a sum or an output, provided that
nothing on the way can swallow it. So the kernel runs with plain products, and once more with the others if there
is a NaN among its results.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product as all_choices

import numpy as np

from dualtape.compiler.blocks.tile.tiles import FoldFeatures, Map, Operation, outputs, reads
from dualtape.compiler.program import Node
from dualtape.core.lowering import Expression
from dualtape.core.primitive import Bilinear, Elementwise, Linear, Primitive
from dualtape.primitives.arithmetic import multiply, scale

_PROBES = (0.0, 1.0, -2.0)


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
            operation = replace(operation, code=multiply.lowering.floating)
        found.append(operation)
    return tuple(found) if tainted else None


def _hands_on_nan(operation: Operation) -> bool:
    if isinstance(operation, FoldFeatures):
        return operation.combine == "a + b"
    if not isinstance(operation, Map):
        return True
    if operation.gives_bool:
        return False
    primitive = operation.primitive
    # What linear maps do not select is dropped, and what the NaN stands for would be dropped as well.
    if primitive is None or isinstance(primitive, (Linear, Bilinear)):
        return True
    return isinstance(primitive, Elementwise) and _all_nan(primitive, len(operation.operands))


def _all_nan(primitive: Primitive, count: int) -> bool:
    """Whether a NaN in any place is the result, whatever the other inputs."""
    if isinstance(primitive, Elementwise) and primitive.params != ({},):
        return False
    with np.errstate(all="ignore"):
        for place in range(count):
            for others in all_choices(_PROBES, repeat=count - 1):
                inputs = [np.float64(x) for x in others]
                inputs.insert(place, np.float64(np.nan))
                if not np.isnan(primitive.numpy(*inputs)):
                    return False
    return True
