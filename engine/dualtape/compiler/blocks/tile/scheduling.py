"""The order of a tile program: elementwise operations gathered in groups, products in one with others of their weight.

Every operation gets a level: one more than what it reads, except that an elementwise operation joins the level of
the elementwise operations that it reads element by element. Operations of one level and size form a group, which
is one loop over features with its values in registers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from math import prod
from typing import Any

from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    FoldFeatures,
    Map,
    Operation,
    Place,
    Product,
    Read,
    Stream,
    Turn,
    WideContraction,
    outputs,
    reads,
)
from dualtape.compiler.program import Node

MOST_STREAMS = 14
"""More streams than this leave no registers for even one feature of each."""


@dataclass(frozen=True, eq=False)
class Group:
    """Elementwise operations in one loop over ``features``; ``stored`` are the values that others read.

    With a ``product``, its results are there in registers, and are stored only where somebody else reads them.
    ``folds`` combine rows of the group's values as they appear.
    """

    features: int
    maps: tuple[Map, ...]
    stored: tuple[Node, ...]
    product: Product | None = None
    folds: tuple[FoldFeatures, ...] = ()


Step = Group | Product | FoldFeatures | Place | Contraction | Turn | WideContraction


def schedule(operations: tuple[Operation, ...], kept: frozenset[Node]) -> list[Step]:
    """Steps in an order in which every value is there before it is read; ``kept`` values are read later."""
    levels, joined = _levels(operations), _joined_folds(operations)
    groups, others = _groups(operations, levels, joined), _others(operations, levels, joined)
    steps = _fused([*groups, *_products(operations, levels), *others])
    return _with_stores([step for _, _, step in sorted(steps, key=lambda item: item[:2])], kept)


_Ranked = tuple[int, int, Any]


def _levels(operations: tuple[Operation, ...]) -> dict[Operation, int]:
    made: dict[Node, Operation] = {}
    levels: dict[Operation, int] = {}
    for operation in operations:
        level = 0
        for node in reads(operation):
            before = made.get(node)
            if before is not None:
                joins = _joins(before, operation, node)
                level = max(level, levels[before] + (0 if joins else 1))
        levels[operation] = level
        made |= dict.fromkeys(outputs(operation), operation)
    return levels


def _joins(before: Operation, operation: Operation, node: Node) -> bool:
    if not isinstance(before, Map):
        return False
    if isinstance(operation, FoldFeatures):
        return before.features == prod(operation.source.shape) and folds_rows(operation)
    if not isinstance(operation, Map) or before.features != operation.features:
        return False
    return all(x.is_whole for x in operation.operands if isinstance(x, Read) and x.node is node)


def folds_rows(fold: FoldFeatures) -> bool:
    """Whether it combines whole rows of its source, each element with the one at its place in the other rows."""
    source, kept = fold.source, fold.kept
    whole_rows = Read(source.node, source.shape[kept:] + source.shape[:kept], source.offset,
                      source.strides[kept:] + source.strides[:kept])  # fmt: skip
    return fold.features > 1 and whole_rows.is_whole


def _joined_folds(operations: tuple[Operation, ...]) -> set[Operation]:
    made = {node: operation for operation in operations for node in outputs(operation)}
    found = [x for x in operations if isinstance(x, FoldFeatures) and x.source.node in made]
    return {fold for fold in found if _joins(made[fold.source.node], fold, fold.source.node)}


def _groups(operations: tuple[Operation, ...], levels: dict[Operation, int], joined: set[Operation]) -> list[_Ranked]:
    found: dict[tuple[int, int], list[Map]] = defaultdict(list)
    folds: dict[tuple[int, int], list[FoldFeatures]] = defaultdict(list)
    for operation in operations:
        if isinstance(operation, Map):
            found[levels[operation], operation.features].append(operation)
        elif isinstance(operation, FoldFeatures) and operation in joined:
            folds[levels[operation], prod(operation.source.shape)].append(operation)
    return [(key[0], 1, Group(key[1], tuple(maps), (), folds=tuple(folds.get(key, ())))) for key, maps in found.items()]


def _products(operations: tuple[Operation, ...], levels: dict[Operation, int]) -> list[_Ranked]:
    found: dict[Any, list[Product]] = defaultdict(list)
    merged: list[_Ranked] = []
    for operation in operations:
        if isinstance(operation, Product) and operation.rows > 1:
            merged.append((levels[operation], 0, operation))
        elif isinstance(operation, Product):
            found[levels[operation], operation.weight, operation.inner, operation.columns].append(operation)
    for (level, weight, inner, columns), products in found.items():
        streams = [stream for product in products for stream in product.streams]
        count = -(-len(streams) // MOST_STREAMS)
        size = -(-len(streams) // count)
        for start in range(0, len(streams), size):
            merged.append((level, 0, Product(tuple(streams[start : start + size]), weight, inner, columns)))
    return merged


def _others(operations: tuple[Operation, ...], levels: dict[Operation, int], joined: set[Operation]) -> list[_Ranked]:
    return [(levels[x], 2, x) for x in operations if not isinstance(x, (Map, Product)) and x not in joined]


def _fused(steps: list[_Ranked]) -> list[_Ranked]:
    """Groups take in the product that they follow, so that its results never leave the registers."""
    readers: dict[Node, list[_Ranked]] = defaultdict(list)
    for item in steps:
        for node in _step_reads(item[2]):
            readers[node].append(item)
    taken: set[int] = set()
    hosts: dict[int, Product] = {}
    late: set[int] = set()
    for level, _, step in steps:
        if not isinstance(step, Product) or not all(_is_plain(stream, step) for stream in step.streams):
            continue
        near = {id(x[2]): x[2] for stream in step.streams for x in readers[stream.output] if x[0] == level + 1}
        for key, group in near.items():
            # Others that read the results must come after the host, so they cannot be hosts themselves.
            others = near.keys() - {key}
            if key in hosts or key in late or others & hosts.keys():
                continue
            if isinstance(group, Group) and group.features == step.rows * step.columns and _reads_plainly(group, step):
                hosts[key] = step
                taken.add(id(step))
                late |= others
                break
    # A group that hosts a product comes first on its level: others there may read the product's results.
    return [
        (
            level,
            -1 if id(step) in hosts else rank,
            replace(step, product=hosts[id(step)]) if id(step) in hosts else step,
        )
        for level, rank, step in steps
        if id(step) not in taken
    ]


def _is_plain(stream: Stream, product: Product) -> bool:
    return stream.output_offset == 0 and sum(s.output is stream.output for s in product.streams) == 1


def _reads_plainly(group: Group, product: Product) -> bool:
    made = set(outputs(product))
    found = [x for m in group.maps for x in m.operands if isinstance(x, Read) and x.node in made]
    return all(x.is_whole for x in found)


def _step_reads(step: Step) -> list[Node]:
    if isinstance(step, Group):
        inside = {m.output for m in step.maps}
        members: tuple[Operation, ...] = (*step.maps, *step.folds)
        found = [node for member in members for node in reads(member) if node not in inside]
        if step.product is None:
            return found
        return [*(node for node in found if node not in outputs(step.product)), *reads(step.product)]
    return reads(step)


def step_reads(step: Step) -> list[Node]:
    """The values that a step takes from memory, shared ones included."""
    return list(dict.fromkeys(_step_reads(step)))


def step_writes(step: Step) -> list[Node]:
    """The values of the tile that a step leaves in memory."""
    if isinstance(step, Group):
        return [*step.stored, *(fold.output for fold in step.folds)]
    return [] if isinstance(step, (Contraction, WideContraction)) else outputs(step)


def _with_stores(steps: list[Step], kept: frozenset[Node]) -> list[Step]:
    wanted = set(kept).union(*(_step_reads(step) for step in steps))
    done: list[Step] = []
    for step in steps:
        if isinstance(step, Group):
            made = [m.output for m in step.maps]
            if step.product is not None:
                made = [*outputs(step.product), *made]
            step = replace(step, stored=tuple(node for node in made if node in wanted))
        done.append(step)
    return done
