"""A divided program as kernels on one device: what runs between regions as loops, and where every array lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from math import prod
from typing import NamedTuple

import numpy as np

from dualtape.compiler.blocks.emit import Entry
from dualtape.compiler.blocks.find import Division, Region, Stage
from dualtape.compiler.blocks.launch import Launch
from dualtape.compiler.blocks.target import work_items_of
from dualtape.compiler.loops import (
    LoopKernel,
    Nest,
    NestBuilder,
    NotLoops,
    Place,
    Source,
    is_spread,
    loop_kernels,
    spread_kernel,
    whole,
)
from dualtape.compiler.passes import remove_dead_code
from dualtape.compiler.program import Equation, KnownNode, Node, Program
from dualtape.core.lowering import View, contiguous_strides
from dualtape.core.spec import Spec
from dualtape.devices.kernels import Architecture

_SMALL, _TINY = 1 << 16, 1 << 13
"""Results of up to so many bytes lie together, and the tiny ones come to the host with whatever it waits for: to copy
some thousand bytes more costs less than another wait."""
_MOST_TOGETHER = 1 << 20
"""Bytes of such results: what is kept of them keeps the others."""
_MOST_PIECES = 4


class Piece(NamedTuple):
    """An argument of the kernels of loops: memory in which small inputs lie, as the last call has left them."""

    number: int


@dataclass(eq=False)
class Packed:
    """Arrays one behind the other in a buffer of bytes."""

    alignment: int = 64
    places: dict[Node, Place] = field(default_factory=dict)
    size: int = 0

    def add(self, node: Node) -> None:
        """Take room for an array."""
        if node not in self.places:
            self.places[node] = Place(self, self.size)
            self.size += -(-nbytes_of(node) // self.alignment) * self.alignment

    def filled(self, values: Iterable[tuple[Node, np.ndarray]]) -> np.ndarray:
        """The buffer with the elements of some arrays."""
        packed = np.empty(self.size, np.uint8)
        for node, array in values:
            start = self.places[node].offset
            packed[start : start + array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        return packed

    def array(self, packed: np.ndarray, node: Node) -> np.ndarray:
        """The elements of one array, copied from the buffer, of which the end may be missing."""
        start = self.places[node].offset
        elements: np.ndarray = packed[start : start + nbytes_of(node)].view(node.spec.dtype.numpy)
        return elements.reshape(node.spec.shape).copy()


def nbytes_of(node: Node) -> int:
    return prod(node.spec.shape) * node.spec.dtype.numpy.itemsize


@dataclass(frozen=True, eq=False)
class RegionStep:
    """A region, the array of its shared values, and the one with rows of sums."""

    launch: Launch
    shared: Node
    totals: Node

    @property
    def loaded(self) -> tuple[Node, ...]:
        """The arrays that it reads at the points."""
        return self.launch.region.arrays_loaded

    @property
    def stored(self) -> tuple[Node, ...]:
        """The values at points that others read."""
        return self.launch.region.arrays_stored


@dataclass(frozen=True, eq=False)
class PlacedProgram:
    """All that runs, and where its arrays lie.

    Attributes
    ----------
    stages
        Kernels of loops, and operations that a device runs by itself, then regions.
    given, known, work, back
        Buffers: of inputs that come from the host, of constants, of what is kept between loops, and of results.
    read
        So many bytes at the beginning of ``back`` the host reads after each call.
    small
        Inputs on the device that lie in pieces of memory, with others.
    pieces
        So many of them the kernels of loops are given.
    own
        Arrays that have a buffer of their own, and are neither inputs nor constants.
    loaded
        Inputs and constants that regions read where they are.
    results
        For each result of the program the array that holds it.
    flags
        In each is 1 if there is a NaN among the sums of a kernel with plain products.
    sizes
        How often the body of each nest of loops runs; of an operation by itself, the elements of its largest array.
    """

    program: Program
    stages: tuple[tuple[list[LoopKernel | Equation], list[RegionStep]], ...]
    given: Packed
    known: Packed
    work: Packed
    back: Packed
    read: int
    small: tuple[Node, ...]
    pieces: tuple[Piece, ...]
    own: frozenset[Node]
    loaded: tuple[Node, ...]
    results: Mapping[Node, Node]
    flags: tuple[Node, ...]
    sizes: tuple[int, ...]


def place_program(
    program: Program,
    division: Division,
    launches: Mapping[Region, Launch],
    from_host: bool,
    architecture: Architecture,
    most: int,
) -> PlacedProgram:
    """Place a divided program with inputs and results on the host, or on the device, of that architecture.

    :class:`NotLoops` where loops would run over more than ``most`` elements, or cannot do what is asked.
    """
    for region in division.regions:
        if region.stored and from_host:
            raise NotLoops("values at points are results on the host")
    builder = NestBuilder(architecture.lanes, operations=not from_host)
    flags: list[Node] = []
    regions: list[list[RegionStep]] = []
    read_by_regions = (
        x for region in division.regions for x in (*map(region.outside, region.shared), *region.arrays_loaded)
    )
    wanted = tuple(dict.fromkeys((*program.results, *read_by_regions)))
    needed = set(remove_dead_code(Program((), division.equations, wanted)).equations)
    before: list[RegionStep] = []
    there = {*program.inputs}  # arrays that a region can read where they are, besides constants
    # What reads the last sums may be nothing but the results.
    after = () if not division.stages[-1].regions else (Stage((), ()),)
    for number, stage in enumerate((*division.stages, *after)):
        builder.stage = number
        for step in before:
            _read_sums(builder, step, flags)
        for equation in stage.equations:
            if equation in needed:
                builder.visit(equation)
        before = [_region_step(builder, launches[region], there) for region in stage.regions]
        there.update(node for step in before for node in step.stored)
        regions.append(before)
    inputs = set(program.inputs)
    stored = {node for stage in regions for step in stage for node in step.stored} | builder.by_themselves
    results = {node: node if node in stored else Node(node.spec) for node in program.results if node not in inputs}
    for node, copy in results.items():
        if copy is not node:
            builder.copy(builder.source(node), whole(copy))
    nests = builder.finish()
    elements = sum(nest.elements for nest in nests if not is_spread(nest))
    if elements > most:
        raise NotLoops(f"{elements} elements are too many for one work-group")
    return _placed(nests, program, regions, flags, results, from_host, architecture)


def _region_step(builder: NestBuilder, launch: Launch, there: set[Node]) -> RegionStep:
    """Put what a region reads where its kernel takes it."""
    kernel, region = launch.kernel, launch.region
    shared = Node(Spec((kernel.shared_size,), region.dtype))
    for node, start in kernel.shared.items():
        if node.spec.dtype is not region.dtype:
            raise NotLoops(f"a region of {region.dtype} reads {node.spec.dtype}")
        outside = region.outside(node)
        shape = outside.spec.shape
        builder.copy(builder.source(outside), Source(shared, View(start, shape, contiguous_strides(shape))))
    for array in region.arrays_loaded:
        if array not in there and not isinstance(array, KnownNode):
            raise NotLoops("arrays of points are made by equations")
    return RegionStep(launch, shared, Node(Spec((launch.rows, kernel.entry_count), region.dtype)))


def _read_sums(builder: NestBuilder, step: RegionStep, flags: list[Node]) -> None:
    """Add up the rows of a region's sums, and say where each sum lies."""
    launch = step.launch
    if not launch.kernel.entry_count:
        return
    sums = builder.sum_rows(step.totals, launch.parts)
    if launch.compiled.is_plain:
        flags.append(Node(Spec((), launch.dtype)))
        builder.find_nan(sums, whole(flags[-1]))
    for node in launch.region.summed:
        outside = launch.region.outside(node)
        builder.place(outside, _entry(builder, sums, launch.kernel.entries[node], outside, outside is not node))


def _entry(builder: NestBuilder, sums: Node, entry: Entry, node: Node, of_all: bool) -> Source:
    """Where a sum lies among those of each member: of all of them, or of the first."""
    members, count = sums.spec.shape if of_all else (1, 0)
    view = View(entry.start, (members, entry.rows, entry.columns), (count, entry.padded, 1))
    if entry.transposed:
        view = View(entry.start, (members, entry.columns, entry.rows), (count, 1, entry.padded))
    return builder.reshaped(Source(sums, view), node.spec.shape)


def _placed(
    nests: list[Nest], program: Program, regions: list[list[RegionStep]], flags: list[Node],
    results: dict[Node, Node], from_host: bool, architecture: Architecture,
) -> PlacedProgram:  # fmt: skip
    given, known, work, back = Packed(), Packed(), Packed(), Packed(architecture.alignment)
    steps = [step for stage in regions for step in stage]
    operations = [nest.operation for nest in nests if nest.operation is not None]
    stored = [*(x for step in steps for x in step.stored), *(x.output for x in operations)]
    copies = [copy for node, copy in results.items() if copy is not node]
    read = _place_results(back, flags, copies, from_host)
    own = [
        *(step.shared for step in steps),
        *(step.totals for step in steps),
        *stored,
        *(copy for copy in copies if copy not in back.places),
    ]
    places = {node: Place(node) for node in own} | back.places
    inputs = set(program.inputs)
    small: list[Node] = []
    taken = dict.fromkeys(node for operation in operations for node in operation.reads)
    own += [node for node in taken if node not in places and node not in inputs and not isinstance(node, KnownNode)]
    places |= {node: Place(node) for node in taken if node not in places}
    for node in _arrays_of(nests):
        if node in places:
            continue
        if isinstance(node, KnownNode):
            known.add(node)
        elif node not in inputs and nbytes_of(node) <= _SMALL:
            work.add(node)
        elif node not in inputs:
            own.append(node)
            places[node] = Place(node)
        elif from_host:
            given.add(node)
        elif nbytes_of(node) <= _SMALL:
            small.append(node)
        else:
            places[node] = Place(node)
    pieces = tuple(Piece(i) for i in range(min(len(small), _MOST_PIECES)))
    places |= given.places | known.places | work.places | {node: Place(pieces[0]) for node in small}
    by_stage = [[nest for nest in nests if nest.stage == number] for number in range(len(regions))]
    stages = zip(_kernels(by_stage, places, architecture, pieces), regions, strict=True)
    by_regions = (node for step in steps for node in step.loaded)
    loaded = tuple(dict.fromkeys((*by_regions, *(x for x in taken if x in inputs or isinstance(x, KnownNode)))))
    return PlacedProgram(
        program, tuple(stages), given, known, work, back, read, tuple(small), pieces, frozenset(own), loaded, results,
        tuple(flags), tuple(largest_array(nest.operation) if nest.operation else nest.elements for nest in nests),
    )  # fmt: skip


def largest_array(equation: Equation) -> int:
    """The elements of the largest array that an equation reads or writes."""
    return max(prod(node.spec.shape) for node in (*equation.reads, equation.output))


def _kernels(
    stages: list[list[Nest]], places: dict[Node, Place], architecture: Architecture, pieces: tuple[Piece, ...]
) -> list[list[LoopKernel | Equation]]:
    """For each stage what runs its nests in their order: small ones together, and the others one by one."""
    work_items = work_items_of(architecture)
    together = [[list(nests) for _, nests in groupby(stage, _runs_alone)] for stage in stages]
    small = [nests for stage in together for nests in stage if not _runs_alone(nests[0])]
    kernels = iter(loop_kernels(small, places, work_items, pieces))
    found: list[list[LoopKernel | Equation]] = []
    for stage in together:
        found.append([])
        for nests in stage:
            if not _runs_alone(nests[0]):
                found[-1] += next(kernels)
                continue
            for nest in nests:
                spread = nest.operation or spread_kernel(nest, places, work_items, architecture.lanes, pieces)
                found[-1].append(spread)
    return found


def _runs_alone(nest: Nest) -> bool:
    return nest.operation is not None or is_spread(nest)


def _place_results(back: Packed, flags: list[Node], copies: list[Node], from_host: bool) -> int:
    """Put flags and results in one buffer, if they go to the host or are small; how many bytes the host reads."""
    for flag in flags:
        back.add(flag)
    for copy in copies:
        if from_host or nbytes_of(copy) <= min(_TINY, _SMALL - back.size):
            back.add(copy)
    read = back.size if from_host or flags else 0
    for copy in copies:
        if nbytes_of(copy) <= min(_SMALL, _MOST_TOGETHER - back.size):
            back.add(copy)
    return read


def _arrays_of(nests: list[Nest]) -> dict[Node, None]:
    """What loops read, then what they write."""
    read = (source.node for nest in nests for source in nest.sources())
    return dict.fromkeys((*read, *(store.target.node for nest in nests for store in nest.stores)))
