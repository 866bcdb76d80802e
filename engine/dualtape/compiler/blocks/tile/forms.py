"""Which form sums over the points take: lanes kept apart, or features on the lanes.

Points lie on the lanes, so a sum over points is one over lanes. A small result keeps a vector of partial sums for
each of its elements until the very end. A large one would need too much of the cache for that; there one factor is
turned, a square of vectors at a time, so that its features lie on the lanes, and the other one is broadcast.
"""

from __future__ import annotations

from dataclasses import replace

from dualtape.compiler.blocks.target import Target
from dualtape.compiler.blocks.tile.scheduling import Step
from dualtape.compiler.blocks.tile.tiles import Contraction, Turn, WideContraction
from dualtape.compiler.program import Node

LEAST_WIDE = 1024
"""Elements from which a result whose columns fill vectors is worth the turning."""


def choose_forms(steps: list[Step], target: Target, budget: int) -> list[Step]:
    """Keep lanes apart only where ``budget`` bytes hold the sums, and where no other form is better.

    Where points lie on work-items, each of them takes some elements of a result and adds up all points.
    """
    if target.spreads:
        return [replace(x, lanes_apart=False) if isinstance(x, Contraction) else x for x in steps]
    sized = [step for step in steps if isinstance(step, Contraction)]
    apart = set()
    for step in sorted(sized, key=lambda step: step.rows * step.columns):
        size = step.rows * step.columns * target.lanes * target.bits // 8
        if size <= budget and not (_is_large(step, target) and _can_widen(step)):
            apart.add(step)
            budget -= size
    chosen: list[Step] = []
    for each in steps:
        if not isinstance(each, Contraction) or each in apart:
            chosen.append(each)
        elif _can_widen(each):
            chosen += _widened(each, target)
        else:
            chosen.append(replace(each, lanes_apart=False))
    return chosen


def _is_large(step: Contraction, target: Target) -> bool:
    longest = max(step.rows, step.columns)
    return step.rows * step.columns >= LEAST_WIDE and padded(longest, target) * 8 <= longest * 9


def _can_widen(step: Contraction) -> bool:
    return all(term.y is not None and term.count == 1 for term in step.terms)


def padded(size: int, target: Target) -> int:
    """``size`` in whole vectors."""
    return -(-size // target.lanes) * target.lanes


def _widened(step: Contraction, target: Target) -> list[Step]:
    transposed = step.rows > step.columns
    pairs = [(term.x, term.y) for term in step.terms if term.y is not None]
    turned = [x if transposed else y for x, y in pairs]
    others = tuple(y if transposed else x for x, y in pairs)
    rows, columns = (step.columns, step.rows) if transposed else (step.rows, step.columns)
    whole = padded(columns, target)
    node = Node(step.output.spec)
    distinct = tuple(dict.fromkeys(turned))
    starts = tuple(distinct.index(x) * whole for x in turned)
    return [
        Turn(node, distinct, columns, whole),
        WideContraction(step.output, node, starts, others, rows, columns, whole, transposed),
    ]
