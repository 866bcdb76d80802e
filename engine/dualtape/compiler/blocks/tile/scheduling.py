"""The order of a tile program: elementwise operations gathered in groups, products in one with others of their weight.

Every operation gets a level: one more than what it reads, except that an elementwise operation joins the level of
the elementwise operations that it reads element by element. Operations of one level and size form a group, which
is one loop over features with its values in registers. Where they are so many that registers do not hold the values in
any case, they form several, one behind the other: the time to compile a loop grows with the square of what is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import NamedTuple

from dualtape.compiler.blocks.tile.control import TileOperation
from dualtape.compiler.blocks.tile.steps import Group, Scheduled
from dualtape.compiler.blocks.tile.tiles import (
    ElementwiseMap,
    FoldFeatures,
    PointProduct,
    ReadableValue,
    SharedRead,
    Stream,
    TileValue,
)

MOST_STREAMS = 14
"""More streams than this leave no registers for even one feature of each."""


_Made = dict[ReadableValue, TileOperation]
"""What makes each value of the tile."""


MOST_WORK = 160
"""Of a group, counted in operations."""

_CALL = 40
"""For how many operations a function of the device's library counts: drivers put its text in the place of the call."""


class _Ranked(NamedTuple):
    """A step with its place: steps of a level come in the order of their ranks, those of one rank as they are."""

    level: int
    rank: int
    step: Scheduled
    follows: bool = False
    """Whether it goes on with what another step of its level and rank has begun."""


def schedule(operations: Sequence[TileOperation], live_out: frozenset[TileValue]) -> list[Scheduled]:
    """Steps in an order in which every value is there before it is read; ``live_out`` values are read after them."""
    steps = _fused(_gathered(operations))
    return _with_results([ranked.step for ranked in sorted(steps, key=lambda ranked: ranked[:2])], live_out)


def _gathered(operations: Sequence[TileOperation]) -> list[_Ranked]:
    """Groups, then products, then the others, each with its place."""
    made: _Made = {value: operation for operation in operations for value in operation.values_made()}
    levels = _levels(operations, made)
    maps: dict[tuple[int, int], list[ElementwiseMap]] = defaultdict(list)
    folds: dict[tuple[int, int], list[FoldFeatures]] = defaultdict(list)
    products: dict[tuple[int, SharedRead, int, int], list[PointProduct]] = defaultdict(list)
    others: list[_Ranked] = []
    for operation in operations:
        level = levels[operation]
        if isinstance(operation, ElementwiseMap):
            maps[level, operation.output.features].append(operation)
        elif isinstance(operation, PointProduct) and operation.rows == 1:
            products[level, operation.weight, operation.inner, operation.columns].append(operation)
        elif isinstance(operation, FoldFeatures) and _joins(made.get(operation.source.value), operation):
            folds[level, prod(operation.source.shape)].append(operation)
        else:
            others.append(_Ranked(level, 0 if isinstance(operation, PointProduct) else 2, operation))
    groups = [group for key, found in maps.items() for group in _groups(*key, found, folds[key])]
    merged = [_Ranked(key[0], 0, product) for key, found in products.items() for product in _merged(found)]
    return [*groups, *others, *merged]


def _groups(level: int, features: int, maps: list[ElementwiseMap], folds: list[FoldFeatures]) -> Iterator[_Ranked]:
    """Groups of what is on one level, in the order in which they must run; each fold beside what makes its source."""
    parts: list[list[ElementwiseMap]] = []
    work = MOST_WORK
    for m in maps:
        more = 1 + _CALL * len(m.code.functions)
        if work + more > MOST_WORK:
            parts.append([])
            work = 0
        parts[-1].append(m)
        work += more
    for part in parts:
        made = {m.output for m in part}
        own = tuple(fold for fold in folds if fold.source.value in made)
        yield _Ranked(level, 1, Group(features, tuple(part), (), folds=own), part is not parts[0])


def _levels(operations: Sequence[TileOperation], made: _Made) -> dict[TileOperation, int]:
    levels: dict[TileOperation, int] = {}
    for operation in operations:
        before = [made[value] for value in operation.values_read() if value in made]
        levels[operation] = max((levels[x] + (not _joins(x, operation)) for x in before), default=0)
    return levels


def _joins(before: TileOperation | None, operation: TileOperation) -> bool:
    """Whether an operation may be in one group with an elementwise one whose value it reads."""
    if not isinstance(before, ElementwiseMap):
        return False
    features = before.output.features
    if isinstance(operation, FoldFeatures):
        joins = features == prod(operation.source.shape) and folds_rows(operation)
        return joins and not operation.is_long_sum
    if isinstance(operation, ElementwiseMap):
        reads = [read for read in operation.reads if read.value is before.output]
        return features == operation.output.features and all(read.is_whole for read in reads)
    return False


def folds_rows(fold: FoldFeatures) -> bool:
    """Whether it combines whole rows of its source, each element with the one at its place in the other rows."""
    axes = list(range(len(fold.source.shape)))
    rows_first = fold.source.arranged(axes[fold.kept_axes :] + axes[: fold.kept_axes])
    return fold.output.features > 1 and rows_first.is_whole


def _merged(products: list[PointProduct]) -> list[PointProduct]:
    """Products with one weight, with as many streams in each as registers hold."""
    streams = [stream for product in products for stream in product.streams]
    size = -(-len(streams) // -(-len(streams) // MOST_STREAMS))
    parts = [tuple(streams[start : start + size]) for start in range(0, len(streams), size)]
    return [replace(products[0], streams=part) for part in parts]


def _fused(steps: list[_Ranked]) -> list[_Ranked]:
    """Groups take in the product that they follow, so that its results never leave the registers."""
    readers: dict[ReadableValue, list[_Ranked]] = defaultdict(list)
    for ranked in steps:
        for value in ranked.step.values_read():
            readers[value].append(ranked)
    taken: set[PointProduct] = set()
    hosts: dict[Scheduled, PointProduct] = {}
    late: set[Scheduled] = set()
    following = {ranked.step for ranked in steps if ranked.follows}
    for level, _, step, _ in steps:
        if not isinstance(step, PointProduct) or not all(_is_plain(stream, step) for stream in step.streams):
            continue
        found = [x for stream in step.streams for x in readers[stream.output]]
        near = dict.fromkeys(x.step for x in found if x.level == level + 1)
        for group in near:
            # Others that read the results must come after the host, so they cannot be hosts themselves.
            others = near.keys() - {group}
            if group in hosts or group in late or group in following or others & hosts.keys():
                continue
            if isinstance(group, Group) and group.features == step.rows * step.columns and _reads_plainly(group, step):
                hosts[group] = step
                taken.add(step)
                late |= others
                break
    # A group that hosts a product comes first on its level: others there may read the product's results.
    return [
        _Ranked(ranked.level, -1, replace(ranked.step, product=hosts[ranked.step]))
        if isinstance(ranked.step, Group) and ranked.step in hosts
        else ranked
        for ranked in steps
        if ranked.step not in taken
    ]


def _is_plain(stream: Stream, product: PointProduct) -> bool:
    return stream.output_offset == 0 and sum(s.output is stream.output for s in product.streams) == 1


def _reads_plainly(group: Group, product: PointProduct) -> bool:
    made = set(product.values_made())
    return all(read.is_whole for m in group.maps for read in m.reads if read.value in made)


def _with_results(steps: list[Scheduled], live_out: frozenset[TileValue]) -> list[Scheduled]:
    """The same, where each group keeps what others read, and what is ``live_out``."""
    wanted = set(live_out).union(*(step.values_read() for step in steps))
    done: list[Scheduled] = []
    for step in steps:
        if isinstance(step, Group):
            made = [] if step.product is None else step.product.values_made()
            made += [m.output for m in step.maps]
            step = replace(step, results=tuple(value for value in made if value in wanted))
        done.append(step)
    return done
