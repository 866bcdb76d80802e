"""The loops of a nest in pieces, which all work-groups of a device share.

Loops over the elements are these, from the outermost in, and a piece is a range of some of them:

======  ==========================  ============================  ==================================
loop    nothing is reduced          the last axes are             axes before others are
======  ==========================  ============================  ==================================
``o``   all axes but the innermost  axes before those             axes before those
``t``   none                        none                          axes behind, but the innermost
``m``   none                        those, but the innermost      those
``c``   the innermost axis          the innermost axis            the innermost axis
======  ==========================  ============================  ==================================

On processors ``c`` goes by vectors. Values go straight from memory to registers, and back.
"""

from __future__ import annotations

from math import prod

from dualtape.compiler.loops.axes import TILE, LoopAxes
from dualtape.compiler.loops.cutting import PIECE
from dualtape.compiler.loops.emission import TYPES, ArrayArgument
from dualtape.compiler.loops.nest import Accumulation, Nest
from dualtape.compiler.loops.walking import LoopWriter, Words
from dualtape.core.words import read_in_c, words_of
from dualtape.dtypes import DType
from dualtape.opencl_kernels import source

_COLUMNS = 2048  # of a piece whose columns are summed, at most
_LEAST_WIDTH = 256  # of a piece of which every element is a long sum


class PieceWriter:
    """Writes the loops of a nest."""

    def __init__(
        self, nest: Nest, arrays: list[ArrayArgument], real: DType | None, lanes: int, work_items: int, words: Words
    ) -> None:
        self._nest, self._items, self._words = nest, work_items, words
        self.lanes, self._real = lanes, real
        self._tile = TILE[real.bits] if real else 0
        self._axes = LoopAxes(nest, arrays, real, lanes)
        self._loops = LoopWriter(nest, arrays, self._axes, real, lanes, work_items, words)

    def vectors_text(self) -> str:
        """What is done with vectors, if there are any."""
        if self._real is None:
            return ""
        # From line to line of what is read across: no power of two, whose multiples share few places in a cache.
        sizes = f"#define LANES {self.lanes}\n#define STEP {TILE[self._real.bits] + 16}\n"
        mask = f"{'int' if self._real.bits == 32 else 'long'}{self.lanes}"
        numbers = f"#define MASK {mask}\n#define NUMBERS (MASK)({', '.join(map(str, range(self.lanes)))})\n"
        return f"#define REAL {TYPES[self._real]}\n{sizes}{numbers}{source('vectors')}"

    def product_text(self, attribute: str) -> str:
        """The function that computes rows of a product, if there is one."""
        if not self._axes.product:
            return ""
        sizes = f"#define ROWS {self._axes.product_rows}\n#define VECTORS {self._axes.product_vectors}\n"
        return f"{sizes}#define WIDE {attribute}\n{source('product')}"

    def text(self) -> tuple[str, int]:
        """What stands in the function, and how many work-groups share the pieces."""
        axes = self._axes
        if axes.fold is not None:
            head, groups = (self._columns_piece if axes.columns else self._rows_piece)(axes.fold.parts)
        elif axes.product:
            head, groups = self._product_piece()
        elif axes.tiles:
            head, groups = self._tiled_piece()
        else:
            head, groups = self._plain_piece()
        lines = [*head, *self._loops.lines()]
        numbers = []
        for i, (number, bits) in enumerate(self._loops.numbers):
            first = len(self._words.values) + 1
            self._words.values += words_of(number, bits)
            kind = "float" if bits == 32 else "double"
            numbers.append(f"const {kind} c{i} = {read_in_c(bits).format(first, first + 1)};")
        return "\n".join([*self._words.declared(), *numbers, *lines, ""]), groups

    def _plain_piece(self) -> tuple[list[str], int]:
        rows, columns = prod(axis.size for axis in self._axes.outer), self._axes.inner.size
        if any(step not in (0, 1) for step in self._axes.inner.steps):
            height = width = 64
        else:
            terms = max((prod(step.inner) for step in self._nest.steps if isinstance(step, Accumulation)), default=1)
            width = min(columns, max(PIECE // terms, _LEAST_WIDTH))
            height = max(1, PIECE // terms // width)
        across = -(-columns // width)
        down = -(-rows // height)
        return [
            f"const long across = {self._words.of(across)};",
            *self._range("o", "group / across", height, rows),
            "const long m_0 = 0, m_1 = 1;",
            *self._range("c", "group % across", width, columns),
        ], across * down

    def _tiled_piece(self) -> tuple[list[str], int]:
        """Of the axis ``h``, along which some arrays are contiguous, and of ``c``, along which the others are."""
        rest = prod(axis.size for axis in self._axes.outer)
        down, across = (-(-axis.size // self._tile) for axis in (self._axes.along, self._axes.inner))
        return [
            f"const long across = {self._words.of(across)}, down = {self._words.of(down)};",
            "const long o_0 = group / across / down, o_1 = o_0 + 1;",
            *self._range("h", "group / across % down", self._tile, self._axes.along.size),
            *self._range("c", "group % across", self._tile, self._axes.inner.size),
        ], rest * down * across

    def _product_piece(self) -> tuple[list[str], int]:
        rows = self._axes.outer[0].size
        height = self._axes.product_rows * max(1, PIECE // (self._axes.product_rows * self._axes.inner.size))
        return [
            *self._range("o", "group", height, rows),
            "const long m_0 = 0, m_1 = 1;",
            f"const long c_0 = 0, c_1 = {self._words.of(self._axes.inner.size)};",
        ], -(-rows // height)

    def _rows_piece(self, parts: int) -> tuple[list[str], int]:
        rows, columns = prod(axis.size for axis in self._axes.outer), self._axes.inner.size
        along = prod(axis.size for axis in self._axes.run)
        height = max(1, PIECE // (along * columns)) if self._items == 1 else 1
        if self._axes.product:
            height += -height % self._axes.product_rows
        units = -(-rows // height) * parts
        if along == 1:
            width = -(-columns // parts)
            width += -width % self.lanes
            cut = ["const long m_0 = 0, m_1 = 1;", *self._range("c", "part", width, columns)]
        else:
            cut = [*self._range("m", "part", -(-along // parts), along), *self._range("c", "0", columns, columns)]
        return [
            f"const long parts = {self._words.of(parts)};",
            f"const long unit = group{' * DT_ITEMS + DT_ITEM' if self._items > 1 else ''}, part = unit % parts;",
            *self._range("o", "unit / parts", height, rows),
            *cut,
        ], -(-units // self._items)

    def _columns_piece(self, parts: int) -> tuple[list[str], int]:
        rows, columns = prod(axis.size for axis in self._axes.outer), self._axes.inner.size
        along, behind = (prod(axis.size for axis in axes) for axes in (self._axes.run, self._axes.tail))
        across = -(-columns // _COLUMNS)
        width = -(-columns // across)
        width += -width % self.lanes
        height = max(1, PIECE // (along * behind * columns))
        return [
            f"const long parts = {self._words.of(parts)}, across = {self._words.of(across)};",
            "const long part = group / across % parts;",
            *self._range("o", "group / across / parts", height, rows),
            *self._range("m", "part", -(-along // parts), along),
            *self._range("c", "group % across", width, columns),
            f"const long behind = {self._words.of(behind)}, columns = {self._words.of(columns)};",
        ], -(-rows // height) * parts * across

    def _range(self, name: str, number: str, size: int, end: int) -> list[str]:
        return [
            f"const long {name}_0 = {number} * {self._words.of(size)}, {name}_e = {self._words.of(end)};",
            f"const long {name}_1 = {name}_0 + {self._words.of(size)} < {name}_e ? "
            f"{name}_0 + {self._words.of(size)} : {name}_e;",
        ]
