"""What the loop over blocks of a kernel calls: a function for each load, each step and each store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, assert_never

from dualtape.compiler.blocks.emit.products import emit_product
from dualtape.compiler.blocks.emit.shared_functions import share_functions
from dualtape.compiler.blocks.emit.steps import emit_embed, emit_fold, emit_group
from dualtape.compiler.blocks.emit.straight_line import emit_control
from dualtape.compiler.blocks.emit.sums import (
    emit_point_sum,
    emit_rows_contraction,
    emit_transpose,
    emit_wide_contraction,
)
from dualtape.compiler.blocks.emit.transfers import emit_load, emit_store
from dualtape.compiler.blocks.emit.writer import Call, Draft, Places, Writer
from dualtape.compiler.blocks.find import NotBlockable, Region
from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import (
    Embed,
    FoldFeatures,
    Group,
    PointProduct,
    PointSum,
    RowsContraction,
    TileCondition,
    TileLoop,
    TileRead,
    TileStep,
    Transpose,
    WideContraction,
)


class Body(NamedTuple):
    """What a kernel does with a block of points.

    Attributes
    ----------
    functions
        Their text, by name.
    cases
        The calls of them, each once, and what else a step may be.
    table
        The steps in their order, in rows of one length: the number of the case, then its words.
    """

    functions: dict[str, str]
    cases: list[str]
    table: tuple[tuple[int, ...], ...]


_CLEAR = (
    "if (lanes < DT_L) for (int row = 0; row < at[2]; row++) "
    "dt_clear(scratch + at[1] + row * at[3] + (tiles - 1) * DT_STRIDE, at[4], lanes);"
)

Factors = dict[tuple[TileRead, int, int], int]
"""The elements of a row of what is read, by the first row, the number of rows and their distance."""


def write_body(region: Region, steps: Sequence[TileStep], places: Places, target: TileTarget) -> Body:
    """OpenCL C of all that a kernel does with a block of points."""

    def writer() -> Writer:
        return Writer(target, places)

    written: list[Call | Draft] = [emit_load(array, x, i, writer()) for i, (array, x) in enumerate(region.loaded)]
    written += [each for step in steps for each in _written(step, writer())]
    written += [emit_store(array, read, i, writer()) for i, (array, read) in enumerate(region.stored)]
    functions, calls = share_functions(written)
    cases = {text: number for number, text in enumerate(dict.fromkeys(call.text for call in calls))}
    columns = 1 + max(len(call.words) for call in calls)
    if any(word >= 1 << 31 for call in calls for word in call.words):
        raise NotBlockable("the values of a block lie further apart than a table of steps can say")
    rows = ((cases[call.text], *call.words) for call in calls)
    return Body(functions, list(cases), tuple((*row, *[0] * (columns - len(row))) for row in rows))


def _written(step: TileStep, writer: Writer) -> Sequence[Call | Draft]:
    match step:
        case Group(product=PointProduct() as product):
            return [emit_product(product, writer, step)]
        case Group():
            return [emit_group(step, writer)]
        case PointProduct():
            return [emit_product(step, writer)]
        case FoldFeatures():
            return [emit_fold(step, writer)]
        case Embed():
            return [emit_embed(step, writer)]
        case TileLoop() | TileCondition():
            return [emit_control(step, writer)]
        case PointSum() | RowsContraction():
            factors: Factors = {}
            for term in step.terms:
                factors[term.x, term.count, term.x_step] = step.rows
                if term.y is not None:
                    factors[term.y, term.count, term.y_step] = step.columns
            clearing = _clearing(factors, writer)
            if isinstance(step, RowsContraction):
                return [*clearing, emit_rows_contraction(step, writer)]
            return [*clearing, emit_point_sum(step, writer)]
        case Transpose(sources=sources):
            factors = {(read, 1, 0): step.features for read in sources}
            return [*_clearing(factors, writer), emit_transpose(step, writer)]
        case WideContraction(others=others):
            factors = {(read, 1, 0): step.rows for read in others}
            return [*_clearing(factors, writer), emit_wide_contraction(step, writer)]
        case _:
            assert_never(step)


def _clearing(factors: Factors, writer: Writer) -> list[Call]:
    """Lanes without a point count nothing: both factors become 0 there, for one alone leaves 0 * infinity."""
    lanes = writer.target.lanes
    calls = []
    for (read, count, distance), size in factors.items():
        slot = writer.places.scratch.slots[read.value]
        at = (slot.start + slot.delta + read.offset) * lanes
        calls.append(Call(_CLEAR, (at, count if distance else 1, distance * lanes, size)))
    return calls
