"""OpenCL C of one step: a function of chunks of scratch memory and of shared values, and where these begin.

Points lie on the lanes of vectors: a tile is as many points as a vector has lanes, and a value of `f` features is `f`
vectors in the tile's scratch memory. Functions know distances inside a chunk of scratch, from the first value in it
that they read or write, not where that lies, so that layers of equal sizes share them. A kernel goes through a table of
such calls, so that each function is called in one place: drivers put functions in the place of their calls. So neither
the source nor its compile time grows with depth.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from dualtape.compiler.blocks.emit.accumulators import Accumulators
from dualtape.compiler.blocks.target import TileTarget
from dualtape.compiler.blocks.tile import Read, ScratchLayout, Shared, TileValue
from dualtape.compiler.program import Node, Number
from dualtape.core.lowering import contiguous_strides
from dualtape.core.words import is_open, read_in_c, words_of

OTHER_TILE = "other"
"""What stands for the distance to the second of two tiles."""


class Places(NamedTuple):
    """Where everything lies: the tile's values, the sums, and the shared values in the array that holds them all.

    Of those of the shared values that are in ``own`` each member has its own, one behind the other.
    """

    scratch: ScratchLayout
    sums: Accumulators
    shared: dict[Node, int]
    own: frozenset[Node] = frozenset()


class Call(NamedTuple):
    """A row of the table of steps.

    Attributes
    ----------
    text
        OpenCL C, in which ``at`` points to the row: equal for steps that differ in their words alone.
    words
        Offsets, in elements, and the bits of numbers.
    """

    text: str
    words: tuple[int, ...]


class Passed(NamedTuple):
    """What a function is passed; ``{0}`` in the text is the index of its first word, ``{1}`` that of its second."""

    declaration: str
    text: str
    words: tuple[int, ...] = ()

    @staticmethod
    def behind(declaration: str, name: str, offset: int) -> Passed:
        """A pointer, so many elements behind another one."""
        return Passed(declaration, f"{name} + at[{{0}}]", (offset,))


class Draft(NamedTuple):
    """A step as a function, before it is known which steps have the same one.

    Attributes
    ----------
    body
        Its text, in which ``d0``, ``d1``, ... stand for the distances of values from the first one in their chunk.
    distances
        These.
    arguments
        What it is passed.
    """

    body: str
    distances: tuple[int, ...]
    arguments: tuple[Passed, ...]


class Writer:
    """Writes one step as a function of chunks of scratch and of shared values."""

    def __init__(self, target: TileTarget, places: Places) -> None:
        self.target, self.places = target, places
        self._chunks: dict[int, int] = {}
        self._distances: dict[TileValue, str] = {}
        self._tensors: dict[Shared, None] = {}
        self._numbers: list[Number] = []

    @property
    def square(self) -> int:
        """Rows and columns of a square of accumulators that registers hold."""
        return 5 if self.target.registers > 24 else 3

    def address(self, value: TileValue, feature: str) -> str:
        """Where the lanes of a feature of a value in scratch begin."""
        slot = self.places.scratch.slots[value]
        self._chunks.setdefault(slot.chunk, slot.start)
        number = list(self._chunks).index(slot.chunk)
        distance = self._distances.setdefault(value, f"d{len(self._distances)}")
        return f"s{number} + ({feature} + {distance}) * DT_L"

    def place(self, value: TileValue, feature: str) -> str:
        """The vector of a feature of a value in scratch."""
        return f"DT_AT({self.address(value, feature)})"

    def at_tile(self, value: TileValue, feature: str) -> str:
        """The same where the tile is ``tile``, outside of :meth:`per_tile`."""
        return f"DT_AT({self.address(value, feature)} + tile * DT_STRIDE)"

    def lane(self, value: TileValue, feature: str, lane: str) -> str:
        """One element of it."""
        return f"({self.address(value, feature)} + tile * DT_STRIDE)[{lane}]"

    def tensor(self, shared: Shared) -> str:
        """The pointer to a shared value."""
        self._tensors.setdefault(shared)
        return f"w{list(self._tensors).index(shared)}"

    def element(self, read: Read, feature: str) -> str:
        """The vector of one element of a value, wherever it is."""
        at = index(read, feature)
        if isinstance(read.value, Shared):
            return f"(dt_v)({self.tensor(read.value)}[{at}])"
        return self.place(read.value, at)

    def number(self, value: Number) -> str:
        """A number that may be another one when the kernel runs again."""
        if not is_open(value):
            return self.target.literal(value)
        self._numbers.append(value)
        return f"c{len(self._numbers) - 1}"

    def function(self, body: list[str], *extra: Passed) -> Draft:
        """The function with this body, which is passed what the body has mentioned."""
        bits = self.target.bits
        slots = [self.places.scratch.slots[value] for value in self._distances]
        firsts = {i: min(slot.delta for slot in slots if slot.chunk == i) for i in self._chunks}
        arguments = [
            Passed.behind(f"__global dt_r *s{i}", "scratch", (start + firsts[chunk]) * self.target.lanes)
            for i, (chunk, start) in enumerate(self._chunks.items())
        ]
        arguments += [self._shared(f"__global const dt_r *w{i}", x.node) for i, x in enumerate(self._tensors)]
        arguments += [
            Passed(f"const dt_r c{i}", read_in_c(bits), words_of(number, bits))
            for i, number in enumerate(self._numbers)
        ]
        arguments += [*extra, Passed("const int tiles", "tiles")]
        distances = (slot.delta - firsts[slot.chunk] for slot in slots)
        return Draft("\n".join(body), tuple(distances), tuple(arguments))

    def _shared(self, declaration: str, node: Node) -> Passed:
        """The pointer to a shared value, or to that of the member."""
        start = self.places.shared[node]
        if node not in self.places.own:
            return Passed.behind(declaration, "shared", start)
        return Passed(declaration, "shared + at[{0}] + member * at[{1}]", (start, prod(node.spec.shape)))

    def per_tile(self, lines: list[str]) -> list[str]:
        """A loop over the tiles of the block around ``lines``."""
        steps = "".join(f", s{i} += DT_STRIDE" for i in range(len(self._chunks)))
        return [f"for (int tile = 0; tile < tiles; tile++{steps}) {{", *lines, "}"]

    def per_two_tiles(self, lines: list[str]) -> list[str]:
        """The same, two tiles at a time; where only one is left, it is both of them."""
        steps = "".join(f", s{i} += 2 * DT_STRIDE" for i in range(len(self._chunks)))
        other = f"const int {OTHER_TILE} = tile + 1 < tiles ? DT_STRIDE : 0;"
        return [f"for (int tile = 0; tile < tiles; tile += 2{steps}) {{", other, *lines, "}"]


def index(read: Read, feature: str) -> str:
    """The element that ``read`` takes for the flat index ``feature`` into its shape."""
    if feature.isdigit():
        rest, index = int(feature), read.offset
        for step, stride in zip(contiguous_strides(read.shape), read.strides, strict=True):
            index += rest // step * stride
            rest %= step
        return str(index)
    axes = [
        (n, step, inner)
        for n, step, inner in zip(read.shape, read.strides, contiguous_strides(read.shape), strict=True)
        if n != 1
    ]
    if all(step == axes[-1][1] * inner for _, step, inner in axes):
        return f"({feature} * {axes[-1][1] if axes else 0} + {read.offset})"
    total = prod(read.shape)
    terms = []
    for n, step, inner in axes:
        if step:
            quotient = f"{feature} / {inner}" if inner > 1 else feature
            terms.append(f"{quotient} % {n} * {step}" if n * inner < total else f"{quotient} * {step}")
    return f"({' + '.join([*terms, str(read.offset)])})"
