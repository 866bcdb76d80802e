"""The block kernels of a region, with plain products and without: their source, and the sizes for their launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from math import ceil, prod

from dualtape.compiler.blocks.emit.accumulators import Accumulators, Entry, lay_out_sums
from dualtape.compiler.blocks.emit.body import Body, write_body
from dualtape.compiler.blocks.emit.writer import Places
from dualtape.compiler.blocks.find import Region
from dualtape.compiler.blocks.target import TileTarget, target_of
from dualtape.compiler.blocks.tile import (
    Contraction,
    PointArray,
    RowsContraction,
    Scheduled,
    TileRead,
    choose_forms,
    plan_memory,
    schedule,
    split_rows,
    told_by_a_sum,
    with_plain_products,
)
from dualtape.compiler.program import Node
from dualtape.devices.kernels import Architecture
from dualtape.dtypes import bool_
from dualtape.opencl_kernels import math_source, source

MOST_TILES = 16
FEW_ROWS = 32
"""Where a group would add up fewer rows for each entry of its sums, half of the groups rest."""


@dataclass(frozen=True)
class BlockKernel:
    """What the runtime needs of a region: OpenCL C and sizes in elements.

    Attributes
    ----------
    table
        The steps that the kernel goes through with each block of points: which one, and where what it works on begins.
    shared
        Where each shared value begins in the array that holds them all.
    entries
        Where each sum over points begins among the sums.
    scratch, sums
        Sizes for one work-group: of the tiles of a block, and of the accumulators.
    work_items
        In a group.
    sums_of_rows
        How many sums are over many rows at each point, some of which are turned at a time.
    """

    source: str
    table: tuple[tuple[int, ...], ...]
    shared: dict[Node, int]
    shared_size: int
    entries: dict[Node, Entry]
    entry_count: int
    scratch: int
    sums: int
    work_items: int
    sums_of_rows: int


@dataclass(frozen=True)
class CompiledRegion:
    """A region, and the kernel that runs it.

    Attributes
    ----------
    is_plain
        Whether the products of ``kernel`` are plain ones: when a NaN comes out of it, ``strict`` must run.
    """

    region: Region
    target: TileTarget
    kernel: BlockKernel
    is_plain: bool

    @cached_property
    def strict(self) -> BlockKernel:
        """The kernel in whose products zero wins where it must."""
        return block_kernel(self.region, self.target)


def compile_region(region: Region, architecture: Architecture) -> CompiledRegion:
    """Write the kernel of ``region`` for devices of an architecture, with plain products if that is possible."""
    target = target_of(architecture, region.dtype)
    plain = with_plain_products(region.operations)
    if plain is None:
        return CompiledRegion(region, target, block_kernel(region, target), False)
    told = [told_by_a_sum(x) for _, x in region.stored if isinstance(x, TileRead) and x.value.dtype is not bool_]
    # The kernel with strict products leaves its sums in the same places.
    tellers = tuple(operation for operations in told for operation in operations)
    strict = replace(region, operations=(*region.operations, *tellers))
    return CompiledRegion(strict, target, block_kernel(replace(strict, operations=(*plain, *tellers)), target), True)


def block_kernel(region: Region, target: TileTarget) -> BlockKernel:
    """The kernel of a region, such that what a work-group works on stays in the target's cache."""
    operations = split_rows(region.operations, region.live_out)
    scheduled = schedule(operations, region.live_out)
    steps = choose_forms(scheduled, target, target.cache_bytes // 3)
    scratch = plan_memory(steps, [value for _, value in region.loaded], region.live_out)
    sums = lay_out_sums(steps)
    # Shared values lie one behind the other.
    ends = list(accumulate((prod(region.outside(node).spec.shape) for node in region.shared), initial=0))
    shared = dict(zip(region.shared, ends, strict=False))
    own = frozenset(node for node in region.shared if node in region.whole)
    body = write_body(region, steps, Places(scratch, sums, shared, own), target)
    sizes = block_sizes(scratch.features, sums, target)
    return BlockKernel(
        source=kernel_source(region, body, sums, sizes, few_tiles(scheduled), target),
        table=body.table,
        shared=shared,
        shared_size=ends[-1],
        entries=sums.entries,
        entry_count=sums.count,
        scratch=sizes.tiles * sizes.stride,
        # Those of a few blocks, those of all, and what rounding took from these.
        sums=3 * sizes.sums,
        work_items=target.work_items,
        sums_of_rows=sum(isinstance(step, RowsContraction) for step in steps),
    )


@dataclass(frozen=True)
class BlockSizes:
    """Elements from one tile to the next, tiles in a block, and elements of the accumulators of a work-group."""

    stride: int
    tiles: int
    sums: int


def block_sizes(features: int, sums: Accumulators, target: TileTarget) -> BlockSizes:
    """As many tiles as fit in the cache beside the sums, at least one: more than some gain nothing."""
    page = 4096 * 8 // (target.lanes * target.bits)
    # The tiles of a block must not all begin in the same set of the cache.
    stride = (features + 1 if features % page == 0 else features) * target.lanes
    size = sums.size(target)
    left = target.cache_bytes * 3 // 5 - size * target.bits // 8
    tiles = max(1, min(MOST_TILES, left * 8 // (stride * target.bits)))
    return BlockSizes(stride, tiles, target.whole_vectors(size))


def few_tiles(steps: Sequence[Scheduled]) -> int:
    """Tiles for a group below which the sums' entries, each made and stored once, take a good part of the time.

    The work at a tile grows with the rows that are added to each entry: one for the values, others for derivatives.
    """
    sums = [step for step in steps if isinstance(step, Contraction)]
    entries = sum(step.rows * step.columns for step in sums)
    added = sum(step.rows * step.columns * sum(term.count for term in step.terms) for step in sums)
    return ceil(FEW_ROWS * entries / added) if added else 0


def kernel_source(
    region: Region, body: Body, sums: Accumulators, sizes: BlockSizes, few: int, target: TileTarget
) -> str:
    """The OpenCL C of a kernel, all of it."""
    kinds = ["uchar" if array.node.spec.dtype is bool_ else "dt_r" for array, _ in region.stored]
    parameters = {
        **{f"all_in{i}": "__global const dt_r *" for i in range(len(region.loaded))},
        "shared": "__global const dt_r *",
        "table": "__global const int *",
        **dict.fromkeys(("all_scratch", "all_sums", "totals"), "__global dt_r *"),
        **dict.fromkeys(("points", "scratch_size", "all_parts"), "const ulong "),
        **{f"all_out{i}": f"__global {kind} *" for i, kind in enumerate(kinds)},
    }
    kernel = source("block").replace("ARGUMENTS", ", ".join(parameters))
    kernel = kernel.replace("PARAMETERS", ", ".join(kind + name for name, kind in parameters.items()))
    arrays = [
        *(_of_member("const dt_r", f"in{i}", array, region) for i, (array, _) in enumerate(region.loaded)),
        *(_of_member(kinds[i], f"out{i}", array, region) for i, (array, _) in enumerate(region.stored)),
    ]
    kernel = kernel.replace("ARRAYS", "\n        ".join(arrays))
    cases = (f"case {number}: {text} break;" for number, text in enumerate(body.cases))
    kernel = kernel.replace("CASES", "\n            ".join(cases))
    macros = {
        "DT_STRIDE": sizes.stride,
        "DT_L": target.lanes,
        "DT_TILES": sizes.tiles,
        "DT_FEW": few,
        "DT_SUMS": sizes.sums,
        "DT_LANE_ENTRIES": sums.on_lanes,
        "DT_ENTRIES": sums.count,
        "DT_ITEMS": target.work_items,
        "DT_MEMBERS": region.members,
        "DT_ROWS": len(body.table),
        "DT_COLUMNS": len(body.table[0]),
    }
    functions = frozenset(name for x in region.operations for code in x.expressions() for name in code.functions)
    pieces = [
        math_source(functions, f"float{target.bits}", (target.width,)) if functions else "",
        _types(target),
        *(f"#define {name} {value}\n" for name, value in macros.items()),
        source("block_items" if target.points_on_work_items else "block_lanes"),
        *(f"static DT_WIDE void {name}{text}" for name, text in body.functions.items()),
        kernel,
    ]
    return "".join(pieces)


def _of_member(kind: str, name: str, array: PointArray, region: Region) -> str:
    """An array at the points, or the part of it that is the member's."""
    part = f" + member * points * {array.features}" if array.node in region.whole else ""
    return f"__global {kind} *{name} = all_{name}{part};"


def _types(target: TileTarget) -> str:
    halves = "" if target.points_on_work_items else "".join(f"typedef {target.real}{n} dt_v{n};\n" for n in (2, 4, 8))
    return (
        f"typedef {target.real} dt_r;\ntypedef {target.vector} dt_v;\ntypedef {target.mask} dt_m;\n"
        f"typedef {target.mask.rstrip('0123456789')} dt_i;\n"
        f"#define dt_as_vector(x) as_{target.vector}(x)\n#define dt_as_mask(x) as_{target.mask}(x)\n"
        f"{halves}#define DT_WIDE {target.attribute}\n"
    )
