"""Which form sums over the points take: lanes kept apart, or features on the lanes.

Points lie on the lanes, so a sum over points is one over lanes. A small result keeps a vector of partial sums for
each of its elements until the very end. A large one would need too much of the cache for that; there one factor is
turned, a square of vectors at a time, so that its features lie on the lanes, and the other one is broadcast. Where each
point has many rows to sum over, as over the directions of a Laplacian, some of them are turned at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile.steps import (
    PointSum,
    RowsContraction,
    Scheduled,
    SumForm,
    TileStep,
    Transpose,
    WideContraction,
)
from dualtape.compiler.blocks.tile.tiles import Contraction, ContractionTerm, TileValue

LEAST_WIDE = 1024
"""Elements from which a result whose columns fill vectors is worth the turning."""

MANY_ROWS = 16
"""Rows from which adding the lanes at the end of each tile costs little."""

_TURNED_BYTES = 24 << 10
"""Of turned rows, those columns of them that registers work on: they must stay in the nearest cache."""


def choose_forms(scheduled: Sequence[Scheduled], target: TileTarget, budget: int) -> list[TileStep]:
    """The steps of a kernel, from what is scheduled.

    Lanes are kept apart only where ``budget`` bytes hold the sums, and where no other form is better.
    """
    contractions = [x for x in scheduled if isinstance(x, Contraction)]
    apart = set() if target.points_on_work_items else _lanes_apart(contractions, target, budget)
    steps: list[TileStep] = []
    for each in scheduled:
        if not isinstance(each, Contraction):
            steps.append(each)
            continue
        if target.points_on_work_items:
            form = SumForm.BY_WORK_ITEMS
        elif each in apart:
            form = SumForm.LANES_APART
        elif _is_of_pairs(each) and _has_one_row(each):
            steps += _widened(each, target)
            continue
        elif _is_of_pairs(each) and _is_large(each, target):
            steps.append(_widened_rows(each, target))
            continue
        else:
            many = max(term.count for term in each.terms) >= MANY_ROWS
            form = SumForm.PACKED if many else SumForm.LANES_ADDED
        steps.append(PointSum(each.output, each.terms, each.rows, each.columns, form))
    return steps


def _lanes_apart(contractions: list[Contraction], target: TileTarget, budget: int) -> set[Contraction]:
    """Those that have the room for it: the smallest first."""
    apart = set()
    for each in sorted(contractions, key=lambda x: x.rows * x.columns):
        size = each.rows * each.columns * target.lanes * target.bits // 8
        if size <= budget and not (_is_large(each, target) and _is_of_pairs(each)):
            apart.add(each)
            budget -= size
    return apart


def _is_large(contraction: Contraction, target: TileTarget) -> bool:
    longest = max(contraction.rows, contraction.columns)
    many = contraction.rows * contraction.columns >= LEAST_WIDE
    return many and target.whole_vectors(longest) * 8 <= longest * 9


def _is_of_pairs(contraction: Contraction) -> bool:
    return all(term.y is not None for term in contraction.terms)


def _has_one_row(contraction: Contraction) -> bool:
    return all(term.count == 1 for term in contraction.terms)


def _widened(contraction: Contraction, target: TileTarget) -> list[TileStep]:
    rows, columns = contraction.rows, contraction.columns
    transposed = rows > columns
    pairs = [(term.x, term.y) for term in contraction.terms if term.y is not None]
    turned = [x if transposed else y for x, y in pairs]
    others = tuple(y if transposed else x for x, y in pairs)
    if transposed:
        rows, columns = columns, rows
    padded = target.whole_vectors(columns)
    distinct = tuple(dict.fromkeys(turned))
    value = TileValue(len(distinct) * padded, turned[0].value.dtype)
    starts = tuple(distinct.index(x) * padded for x in turned)
    wide = WideContraction(contraction.output, value, starts, others, rows, columns, padded, transposed)
    return [Transpose(value, distinct, columns, padded), wide]


def _widened_rows(contraction: Contraction, target: TileTarget) -> RowsContraction:
    rows, columns, terms = contraction.rows, contraction.columns, contraction.terms
    transposed = rows > columns
    if transposed:
        rows, columns = columns, rows
        terms = tuple(map(_swapped, terms))
    padded = target.whole_vectors(columns)
    _, vectors = target.wide_tile
    most = _TURNED_BYTES * 8 // (vectors * target.lanes * target.lanes * target.bits)
    turned = TileValue(padded * min(most, sum(term.count for term in terms)), terms[0].x.value.dtype)
    return RowsContraction(contraction.output, terms, turned, rows, columns, padded, transposed)


def _swapped(term: ContractionTerm) -> ContractionTerm:
    assert term.y is not None
    return ContractionTerm(term.y, term.x, term.count, term.y_step, term.x_step)
