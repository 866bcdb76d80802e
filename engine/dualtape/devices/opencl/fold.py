"""Reductions: each run of neighbouring reduced axes is folded by itself, in passes of short parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.expression import in_c
from dualtape.core.lowering import Fold
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Plan, Runtime
from dualtape.devices.opencl.types import C_TYPES
from dualtape.dtypes import DType, float16, float32
from dualtape.opencl_kernels import source

Reducer = Callable[[BufferStorage], BufferStorage]

_PART = 4096
_PART_OF_COLUMNS = 256


class Extent(NamedTuple):
    """An array seen as (outer, size, columns), of which the middle axis is reduced in parts."""

    outer: int
    size: int
    columns: int

    @property
    def part(self) -> int:
        return _PART if self.columns == 1 else _PART_OF_COLUMNS

    @property
    def parts(self) -> int:
        return max(1, -(-self.size // self.part))


def plan_fold(runtime: Runtime, primitive: Primitive, x: Spec, params: dict[str, Any], output: Spec) -> Plan:
    """Prepare a :class:`Fold`."""
    assert isinstance(primitive.lowering, Fold)
    reduce = folded(runtime, primitive.lowering, x, params["axes"], output.dtype)

    def run(operands: Operands) -> BufferStorage:
        return BufferStorage(reduce(operands[0]).allocation, output.shape, output.dtype.numpy)

    return run


def folded(runtime: Runtime, fold: Fold, x: Spec, axes: tuple[int, ...], gives: DType) -> Reducer:
    """All passes over ``axes``, the last of which are reduced first; the shape of the result is the caller's."""
    between = float32 if gives is float16 else gives
    extents = _passes(x.shape, axes)
    types = [x.dtype, *[between] * (len(extents) - 1), gives]
    steps = [fold_step(runtime, fold, types[i], types[i + 1], extent) for i, extent in enumerate(extents)]

    def run(storage: BufferStorage) -> BufferStorage:
        for step in steps:
            storage = step(storage)
        return storage

    return run


def _passes(shape: Shape, axes: tuple[int, ...]) -> list[Extent]:
    """What each pass reduces. Without reduced axes there is one pass, over an axis of size 1."""
    passes = []
    sizes = list(shape)
    reduced = sorted(axes, reverse=True)
    while True:
        last = reduced.pop(0) if reduced else len(sizes)
        first = last
        while reduced and all(size == 1 for size in sizes[reduced[0] + 1 : first]):
            first = reduced.pop(0)
        extent = Extent(prod(sizes[:first]), prod(sizes[first : last + 1]), prod(sizes[last + 1 :]))
        for axis in range(first, min(last + 1, len(sizes))):
            sizes[axis] = 1
        passes.append(extent)
        while extent.parts > 1:
            extent = extent._replace(size=extent.parts)
            passes.append(extent)
        if not reduced:
            return passes


def fold_step(runtime: Runtime, fold: Fold, given: DType, gives: DType, extent: Extent) -> Reducer:
    """One pass: from storage of ``given`` to storage of ``gives``, of shape (outer, parts, columns)."""
    source_type, target = C_TYPES[given], C_TYPES[gives]
    ends: dict[float, object] = {-math.inf: target.lowest, math.inf: target.highest}
    columns = extent.columns > 1
    text = f"""\
#define IN {source_type.storage}
#define OUT {target.storage}
#define ACC {target.compute}
#define LOAD(pointer, index) {source_type.load("pointer", "index")}
#define STORE(pointer, index, value) {target.store("pointer", "index", "value")}
#define IDENTITY {ends.get(fold.identity, fold.identity)}
static inline ACC dt_combine(ACC x, {source_type.compute} y) {{ return {in_c(fold.combine, number="ACC")}; }}
#define COMBINE(a, b) dt_combine(a, b)
#pragma OPENCL FP_CONTRACT OFF
{source("fold_columns" if columns else "fold")}"""
    kernel = runtime.kernel(
        "dt_fold_columns" if columns else "dt_fold_neighbours", text, (None, None, *[np.uint64] * 5)
    )
    items = extent.outer * extent.parts * (-(-extent.columns // 16) if columns else 1)
    grid, group = runtime.spread(items)
    sizes = (extent.outer, extent.size, extent.columns, extent.part, extent.parts)
    shape = (extent.outer, extent.parts, extent.columns)

    def step(x: BufferStorage) -> BufferStorage:
        out = runtime.new(shape, gives)
        if out.allocation is not None:
            kernel(grid, group, x.buffer, out.buffer, *sizes)
        return out

    return step
