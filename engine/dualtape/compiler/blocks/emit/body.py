"""What the loop over blocks of a kernel calls: a function for each load, each step and each store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from dualtape.compiler.blocks.emit.accumulators import Accumulators
from dualtape.compiler.blocks.emit.products import emit_product
from dualtape.compiler.blocks.emit.steps import emit_embed, emit_fold, emit_group
from dualtape.compiler.blocks.emit.sums import emit_point_sum, emit_transpose, emit_wide_contraction
from dualtape.compiler.blocks.emit.transfers import emit_load, emit_store
from dualtape.compiler.blocks.emit.writer import Functions, Writer
from dualtape.compiler.blocks.find import Region
from dualtape.compiler.blocks.target import Target
from dualtape.compiler.blocks.tile import (
    Embed,
    FoldFeatures,
    Group,
    PointProduct,
    PointSum,
    ScratchLayout,
    TileRead,
    TileStep,
    Transpose,
    WideContraction,
)
from dualtape.compiler.program import Node


class Places(NamedTuple):
    """Where everything lies: the tile's values, the sums, and the shared values in the array that holds them all."""

    scratch: ScratchLayout
    sums: Accumulators
    shared: dict[Node, int]


class Body(NamedTuple):
    """Functions, and their calls in order."""

    functions: Functions
    calls: list[str]


def write_body(region: Region, steps: Sequence[TileStep], places: Places, target: Target) -> Body:
    """OpenCL C of all that a kernel does with a block of points."""
    functions = Functions()
    calls = [
        emit_load(array, value, i, Writer(target, places.scratch, places.shared), functions)
        for i, (array, value) in enumerate(region.loaded)
    ]
    for step in steps:
        calls += _calls(step, places, target, functions)
    calls += [
        emit_store(array, read, i, Writer(target, places.scratch, places.shared), functions)
        for i, (array, read) in enumerate(region.stored)
    ]
    return Body(functions, calls)


def _calls(step: TileStep, places: Places, target: Target, functions: Functions) -> list[str]:
    writer = Writer(target, places.scratch, places.shared)
    match step:
        case Group(product=PointProduct() as product):
            return [emit_product(product, writer, functions, step)]
        case Group():
            return [emit_group(step, writer, functions)]
        case PointProduct():
            return [emit_product(step, writer, functions)]
        case FoldFeatures():
            return [emit_fold(step, writer, functions)]
        case Embed():
            return [emit_embed(step, writer, functions)]
        case PointSum(contraction=contraction):
            position = places.sums.position(contraction.output, target)
            # All work-items must have written what each reads, and have read it before it is overwritten.
            before = [*_clearing(step, places.scratch, target), "DT_SYNC;"]
            return [*before, emit_point_sum(step, writer, functions, position), "DT_SYNC;"]
        case Transpose():
            return [*_clearing(step, places.scratch, target), emit_transpose(step, writer, functions)]
        case WideContraction(output=output):
            position = places.sums.position(output, target)
            call = emit_wide_contraction(step, writer, functions, position)
            return [*_clearing(step, places.scratch, target), call]
        case _:
            assert_never(step)


def _clearing(step: PointSum | Transpose | WideContraction, scratch: ScratchLayout, target: Target) -> list[str]:
    """Lanes without a point count nothing: both factors become 0 there, for one alone leaves 0 * infinity."""
    rows: dict[tuple[TileRead, int, int], int] = {}
    match step:
        case WideContraction(others=others):
            rows = {(read, 1, 0): step.rows for read in others}
        case Transpose(sources=sources):
            rows = {(read, 1, 0): step.features for read in sources}
        case PointSum(contraction=contraction):
            for term in contraction.terms:
                rows[term.x, term.count, term.x_step] = contraction.rows
                if term.y is not None:
                    rows[term.y, term.count, term.y_step] = contraction.columns
        case _:
            assert_never(step)
    calls = []
    for (read, count, distance), size in rows.items():
        slot = scratch.slots[read.value]
        at = (slot.start + slot.delta + read.offset) * target.lanes
        step_over = f" + row * {distance * target.lanes}" if distance else ""
        loop = f"for (int row = 0; row < {count}; row++) " if distance else ""
        place = f"scratch + {at} + (tiles - 1) * DT_STRIDE{step_over}"
        calls.append(f"if (lanes < DT_L) {loop}dt_clear({place}, {size}, lanes);")
    return calls
