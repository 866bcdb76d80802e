"""The block kernel of a region: its source, and the sizes with which it is launched."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import assert_never

from dualtape.compiler.blocks.emit.products import emit_product
from dualtape.compiler.blocks.emit.steps import emit_fold, emit_group, emit_place
from dualtape.compiler.blocks.emit.sums import Entry, emit_contraction, emit_turn, emit_wide_contraction
from dualtape.compiler.blocks.emit.transfers import emit_load, emit_store
from dualtape.compiler.blocks.emit.writer import Functions, Writer
from dualtape.compiler.blocks.find import Region
from dualtape.compiler.blocks.target import Target
from dualtape.compiler.blocks.tile import (
    Contraction,
    FoldFeatures,
    Group,
    Layout,
    Map,
    Operation,
    Place,
    Product,
    Read,
    Step,
    Turn,
    WideContraction,
    choose_forms,
    plan_memory,
    schedule,
    split_rows,
)
from dualtape.compiler.program import Node
from dualtape.dtypes import bool_
from dualtape.opencl_kernels import math_source, source

MOST_TILES = 16


@dataclass(frozen=True)
class BlockKernel:
    """What the runtime needs of a region: OpenCL C and sizes in elements.

    Attributes
    ----------
    shared
        Where each shared value begins in the array that holds them all.
    entries
        Where each sum over points begins among the sums.
    scratch, sums
        Sizes for one work-group: of the tiles of a block, and of the accumulators.
    work_items
        In a group.
    """

    source: str
    shared: dict[Node, int]
    shared_size: int
    entries: dict[Node, Entry]
    entry_count: int
    scratch: int
    sums: int
    work_items: int


def block_kernel(region: Region, target: Target, cache_bytes: int) -> BlockKernel:
    """Write the kernel so that what a work-group works on stays in a cache of ``cache_bytes``."""
    kept = frozenset(read.node for _, read in region.stored)
    operations = split_rows(region.operations, kept)
    steps = choose_forms(schedule(operations, kept), target, cache_bytes // 3)
    loaded = [array.node for array in region.loaded]
    layout = plan_memory(steps, loaded, _sizes(region, operations, steps), kept)
    shared, shared_size = _offsets([(node, prod(node.spec.shape)) for node in region.shared])
    stride = _padded(layout.features, target)
    entries, lane_entries, entry_count = _entries(steps)
    sums = lane_entries * target.lanes + entry_count - lane_entries
    functions = Functions()
    calls = []
    for number, array in enumerate(region.loaded):
        calls.append(emit_load(array, number, Writer(target, layout, shared), functions))
    for step in steps:
        writer = Writer(target, layout, shared)
        match step:
            case Contraction():
                position = _position(entries[step.output], lane_entries, step.lanes_apart, target)
                # All work-items must have written what each reads, and have read it before it is overwritten.
                calls += [*_clearing(step, layout, target), "DT_SYNC;"]
                calls += [emit_contraction(step, writer, functions, position), "DT_SYNC;"]
            case Turn():
                calls += _clearing(step, layout, target)
                calls.append(emit_turn(step, writer, functions))
            case WideContraction():
                position = _position(entries[step.output], lane_entries, False, target)
                calls += _clearing(step, layout, target)
                calls.append(emit_wide_contraction(step, writer, functions, position))
            case Group(product=Product() as product):
                calls.append(emit_product(product, writer, functions, step))
            case Group():
                calls.append(emit_group(step, writer, functions))
            case Product():
                calls.append(emit_product(step, writer, functions))
            case FoldFeatures():
                calls.append(emit_fold(step, writer, functions))
            case Place():
                calls.append(emit_place(step, writer, functions))
            case _:
                assert_never(step)
    for number, (array, read) in enumerate(region.stored):
        calls.append(emit_store(array, read, number, Writer(target, layout, shared), functions))
    kinds = {
        "INPUTS": "".join(f"__global const dt_r *in{i}, " for i in range(len(loaded))),
        "OUTPUTS": "".join(
            f", __global {'uchar' if array.node.spec.dtype is bool_ else 'dt_r'} *out{i}"
            for i, (array, _) in enumerate(region.stored)
        ),
    }
    tiles = _block_size(sums, stride, target, cache_bytes)
    macros = {
        "DT_STRIDE": str(stride * target.lanes),
        "DT_L": str(target.lanes),
        "DT_TILES": str(tiles),
        "DT_SUMS": str(_aligned(sums, target)),
        "DT_LANE_ENTRIES": str(lane_entries),
        "DT_ENTRIES": str(entry_count),
        "DT_ITEMS": str(target.work_items),
    }
    text = _math(region, target) + _types(target)
    text += "".join(f"#define {name} {value}\n" for name, value in macros.items())
    text += source("block_items" if target.spreads else "block_lanes")
    text += "".join(f"static DT_WIDE void {name}{body}" for body, name in functions.names.items())
    text += source("block").replace("INPUTS", kinds["INPUTS"]).replace("OUTPUTS", kinds["OUTPUTS"])
    text = text.replace("CALLS", "\n        ".join(calls))
    return BlockKernel(
        text,
        shared,
        shared_size,
        entries,
        entry_count,
        tiles * stride * target.lanes,
        _aligned(sums, target),
        target.work_items,
    )


def _sizes(region: Region, operations: tuple[Operation, ...], steps: list[Step]) -> dict[Node, int]:
    sizes = {array.node: array.features for array in region.loaded}
    for step in [*operations, *steps]:
        match step:
            case Map(output=node, features=features) | FoldFeatures(output=node, features=features):
                sizes[node] = features
            case Place(output=node, features=features):
                sizes[node] = features
            case Turn(output=node, sources=sources, padded=padded):
                sizes[node] = len(sources) * padded
            case Product(streams=streams, columns=columns):
                for stream in streams:
                    end = stream.output_offset + columns * step.rows
                    sizes[stream.output] = max(sizes.get(stream.output, 0), end)
    return sizes


def _entries(steps: list[Step]) -> tuple[dict[Node, Entry], int, int]:
    """Each sum's place: first those that keep a vector for each element, then the others."""
    entries: dict[Node, Entry] = {}
    end = 0
    for step in steps:
        if isinstance(step, Contraction) and step.lanes_apart:
            entries[step.output] = Entry(end, step.rows, step.columns, step.columns, False)
            end += step.rows * step.columns
    on_lanes = end
    for step in steps:
        if isinstance(step, Contraction) and not step.lanes_apart:
            entries[step.output] = Entry(end, step.rows, step.columns, step.columns, False)
            end += step.rows * step.columns
        if isinstance(step, WideContraction):
            entries[step.output] = Entry(end, step.rows, step.columns, step.padded, step.transposed)
            end += step.rows * step.padded
    return entries, on_lanes, end


def _position(entry: Entry, lane_entries: int, lanes_apart: bool, target: Target) -> int:
    """Where a sum's accumulators begin: those of one number each lie behind those of one vector each."""
    return entry.start * target.lanes if lanes_apart else entry.start + lane_entries * (target.lanes - 1)


def _offsets(sizes: list[tuple[Node, int]]) -> tuple[dict[Node, int], int]:
    found: dict[Node, int] = {}
    end = 0
    for node, size in sizes:
        found[node] = end
        end += size
    return found, end


def _padded(features: int, target: Target) -> int:
    """A tile's size at which the tiles of a block do not all begin in the same set of the cache."""
    page = 4096 * 8 // (target.lanes * target.bits)
    return features + 1 if features % page == 0 else features


def _aligned(size: int, target: Target) -> int:
    return -(-size // target.lanes) * target.lanes


def _block_size(sums: int, stride: int, target: Target, cache_bytes: int) -> int:
    """How many tiles fit in the cache beside the sums, at least one: more than some gain nothing."""
    left = cache_bytes * 3 // 5 - sums * target.bits // 8
    return max(1, min(MOST_TILES, left * 8 // (stride * target.lanes * target.bits)))


def _clearing(step: Contraction | Turn | WideContraction, layout: Layout, target: Target) -> list[str]:
    """Lanes without a point count nothing: both factors become 0 there, for one alone leaves 0 * infinity."""
    rows: dict[tuple[Read, int, int], int] = {}
    if isinstance(step, WideContraction):
        rows = {(read, 1, 0): step.rows for read in step.others}
    elif isinstance(step, Turn):
        rows = {(read, 1, 0): step.features for read in step.sources}
    else:
        for term in step.terms:
            rows[term.x, term.count, term.x_step] = step.rows
            if term.y is not None:
                rows[term.y, term.count, term.y_step] = step.columns
    calls = []
    for (read, count, distance), size in rows.items():
        slot = layout.slots[read.node]
        at = (slot.start + slot.delta + read.offset) * target.lanes
        step_over = f" + row * {distance * target.lanes}" if distance else ""
        loop = f"for (int row = 0; row < {count}; row++) " if distance else ""
        place = f"scratch + {at} + (tiles - 1) * DT_STRIDE{step_over}"
        calls.append(f"if (lanes < DT_L) {loop}dt_clear({place}, {size}, lanes);")
    return calls


def _math(region: Region, target: Target) -> str:
    expressions = [x.code for x in region.operations if isinstance(x, Map)]
    expressions += [x.kind.combine for x in region.operations if isinstance(x, FoldFeatures)]
    functions = frozenset[str]().union(*(x.functions for x in expressions))
    return math_source(functions, f"float{target.bits}", (target.width,)) if functions else ""


def _types(target: Target) -> str:
    return (
        f"typedef {target.real} dt_r;\ntypedef {target.vector} dt_v;\ntypedef {target.mask} dt_m;\n"
        f"typedef {target.mask.rstrip('0123456789')} dt_i;\n"
        f"#define dt_as_vector(x) as_{target.vector}(x)\n#define dt_as_mask(x) as_{target.mask}(x)\n"
        f"#define DT_WIDE {target.attribute}\n"
    )
