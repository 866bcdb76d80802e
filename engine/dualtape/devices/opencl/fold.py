"""Reductions: each run of neighbouring reduced axes is folded by itself, in passes of short parts."""

from __future__ import annotations

import math
from math import prod
from typing import NamedTuple

from dualtape.core.expression import in_c
from dualtape.core.lowering import Fold
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Plan, Runtime
from dualtape.devices.opencl.types import C_TYPES, accesses
from dualtape.dtypes import DType, float16, float32
from dualtape.opencl_kernels import source

_PART = 4096
_PART_OF_COLUMNS = 256
LANES = 16  # of what a kernel reduces together
_STRIPS = (32, 16, 8, 4, 2)  # so many of them in a row


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

    @property
    def shape(self) -> Shape:
        """What is left of it after one pass."""
        return self.outer, self.parts, self.columns


def plan_fold(runtime: Runtime, fold: Fold, x: Spec, axes: tuple[int, ...], output: Spec) -> Plan:
    """Prepare a :class:`Fold`: all passes over ``axes``, the last of which are reduced first."""
    if not axes and output == x:
        return lambda operands: operands[0].reshaped(output.shape)  # -0 would not survive the addition to 0
    between = float32 if output.dtype is float16 else output.dtype
    extents = _passes(x.shape, axes)
    specs = [x, *(Spec(extent.shape, between) for extent in extents[:-1]), output]
    steps = [fold_step(runtime, fold, specs[i].dtype, extent, specs[i + 1]) for i, extent in enumerate(extents)]

    def run(operands: Operands) -> BufferStorage:
        storage: BufferStorage = operands[0]
        for step in steps:
            storage = step((storage,))
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


def fold_step(runtime: Runtime, fold: Fold, given: DType, extent: Extent, output: Spec) -> Plan:
    """One pass over elements of ``given``; the output has those of shape (outer, parts, columns) in this order."""
    target = C_TYPES[output.dtype]
    ends: dict[float, object] = {-math.inf: target.lowest, math.inf: target.highest}
    columns = extent.columns > 1
    width = columns_together(runtime, extent.outer * extent.parts, extent.columns) if columns else 1
    text = f"""\
#define WIDTH {width}
{accesses(given, output.dtype)}#define IDENTITY {ends.get(fold.identity, fold.identity)}
static inline ACC dt_combine(ACC x, {C_TYPES[given].compute} y) {{ return {in_c(fold.combine, number="ACC")}; }}
#define COMBINE(a, b) dt_combine(a, b)
#pragma OPENCL FP_CONTRACT OFF
{source("fold_columns" if columns else "fold")}"""
    grid = runtime.spread(extent.outer * extent.parts * -(-extent.columns // width))
    sizes = (extent.outer, extent.size, extent.columns, extent.part, extent.parts)
    name = "dt_fold_columns" if columns else "dt_fold_neighbours"
    return runtime.plan(output, runtime.launch(name, text, 2, grid, *sizes))


def columns_together(runtime: Runtime, pieces: int, columns: int) -> int:
    """How many neighbouring columns one work-item takes, where there are so many pieces of rows.

    Neighbouring work-items read neighbouring columns on GPUs, but on processors long pieces of rows are read faster, if
    there are enough of them.
    """
    if not runtime.is_cpu:
        return LANES
    strip = next((n for n in _STRIPS if pieces * (columns // (LANES * n)) >= 4 * runtime.processors), 1)
    return LANES * strip
