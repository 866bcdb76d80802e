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
from typing import NamedTuple

from dualtape.compiler.loops.cutting import PIECE
from dualtape.compiler.loops.emission import TYPES, ArrayArgument, ScalarBody
from dualtape.compiler.loops.nest import Accumulation, Nest, PartialFold
from dualtape.compiler.loops.vectors import VectorBody
from dualtape.core.layout import Strides, layout
from dualtape.core.words import read_in_c, words_of
from dualtape.dtypes import DType, bool_
from dualtape.opencl_kernels import source

_TILE = {32: 128, 64: 64}
"""Rows and columns of a piece in which an array is read across its lines of memory, which are read once and lie in a
cache; for floats of so many bits."""
_MOST_TILES = 4

_COLUMNS, _ROWS = 2048, 8  # of a piece whose columns are summed, and of its rows those that are summed in registers


class _Axis(NamedTuple):
    """An axis of the loops: its size, and what each array steps along it."""

    size: int
    steps: Strides


class Words:
    """Numbers that the kernel is told, in its row ``at`` of the table."""

    def __init__(self, words: list[int]) -> None:
        self.values = words

    def of(self, value: int) -> str:
        self.values.append(value)
        return f"(long)at[{len(self.values)}]"


class PieceWriter:
    """Writes the loops of a nest."""

    def __init__(
        self, nest: Nest, arrays: list[ArrayArgument], real: DType | None, lanes: int, work_items: int, words: Words
    ) -> None:
        self._nest, self._arrays, self._items, self._words = nest, arrays, work_items, words
        self.lanes, self._real = lanes, real
        self._tile = _TILE[real.bits] if real else 0
        self._partial = [step for step in nest.steps if isinstance(step, PartialFold)]
        self._moving = len(arrays) - len(self._partial)
        rank = len(nest.shape)
        fold = nest.partial_fold
        first, last = (fold.first, fold.last) if fold else (rank, rank)
        self._strides = [array.source.view.strides[:rank] for array in arrays[: self._moving]]
        segments = [self._axes(*bounds) for bounds in ((0, first), (first, last), (last, rank))]
        innermost = next((segment for segment in reversed(segments) if segment), None)
        self._inner = innermost.pop(0) if innermost else _Axis(1, (0,) * self._moving)
        self._outer, self._run, self._tail = segments
        self._fold = fold
        self._columns = fold is not None and last < rank
        self._along = self._axis_along(arrays) if real and fold is None and not nest.product else _Axis(1, ())
        across = {
            i: f"tile{i}"
            for i, array in enumerate(arrays[: self._moving])
            if self._along.steps and self._is_across(array, i) and self._along.steps[i] == 1
        }
        self._tiles = dict(list(across.items())[:_MOST_TILES])
        self._product = nest.product if real and fold is None and len(self._outer) == 1 else None
        if self._product and real:
            self._vectors = -(-self._inner.size // lanes)
            registers = 24 if lanes * real.bits >= 512 else 12
            self._rows = min(max(1, registers // max(2, self._vectors)), nest.shape[0])
        self._names = names = {array.source: f"a{i}" for i, array in enumerate(arrays) if not array.is_output}
        if real:
            steps = {array.source: self._inner.steps[i] for i, array in enumerate(arrays[: self._moving])}
            at = {array.source: f"u{i}" for i, array in enumerate(arrays[: self._moving])}
            tiles = {arrays[i].source: name for i, name in self._tiles.items()}
            made = {self._product.output: "sums[(o - first) * VECTORS + c / LANES]"} if self._product else {}
            self._body: ScalarBody = VectorBody(names, at, rank, steps, real, words.of, tiles, made)
        else:
            at = {
                array.source: f"u{i} + c * {self._literal(self._inner.steps[i])}"
                for i, array in enumerate(arrays[: self._moving])
            }
            self._body = ScalarBody(names, at, rank)

    def vectors_text(self) -> str:
        """What is done with vectors, if there are any."""
        if self._real is None:
            return ""
        # From line to line of what is read across: no power of two, whose multiples share few places in a cache.
        sizes = f"#define LANES {self.lanes}\n#define STEP {_TILE[self._real.bits] + 16}\n"
        mask = f"{'int' if self._real.bits == 32 else 'long'}{self.lanes}"
        numbers = f"#define MASK {mask}\n#define NUMBERS (MASK)({', '.join(map(str, range(self.lanes)))})\n"
        return f"#define REAL {TYPES[self._real]}\n{sizes}{numbers}{source('vectors')}"

    def product_text(self, attribute: str) -> str:
        """The function that computes rows of a product, if there is one."""
        if not self._product:
            return ""
        sizes = f"#define ROWS {self._rows}\n#define VECTORS {self._vectors}\n"
        return f"{sizes}#define WIDE {attribute}\n{source('product')}"

    def _axes(self, first: int, last: int) -> list[_Axis]:
        """Some axes of the loops, the innermost first, as few as there can be."""
        found = layout(self._nest.shape[first:last], [steps[first:last] for steps in self._strides])
        axes = [_Axis(found.columns, found.inner), *(_Axis(*axis) for axis in found.outer)]
        return [axis for axis in axes if axis.size > 1]

    def _is_across(self, array: ArrayArgument, i: int) -> bool:
        """Whether vectors of what is read lie across lines of memory."""
        return not array.is_output and self._inner.steps[i] not in (0, 1) and array.source.node.spec.dtype is not bool_

    def _axis_along(self, arrays: list[ArrayArgument]) -> _Axis:
        """The axis, taken from the outer ones, along which lie lines of memory that vectors lie across."""
        for i, array in enumerate(arrays[: self._moving]):
            found = next((axis for axis in self._outer if axis.steps[i] == 1), None)
            if found is not None and self._is_across(array, i):
                self._outer.remove(found)
                return found
        return _Axis(1, ())

    def _literal(self, step: int) -> str:
        return str(step) if step in (0, 1) else self._words.of(step)

    def text(self) -> tuple[str, int]:
        """What stands in the function, and how many work-groups share the pieces."""
        if self._product:
            head, groups = self._product_piece()
        elif self._tiles:
            head, groups = self._tiled_piece()
        elif self._fold is None:
            head, groups = self._plain_piece()
        elif self._columns:
            head, groups = self._columns_piece(self._fold.parts)
        else:
            head, groups = self._rows_piece(self._fold.parts)
        lines = [*head, *self._loops()]
        numbers = []
        for i, (number, bits) in enumerate(self._body.numbers):
            first = len(self._words.values) + 1
            self._words.values += words_of(number, bits)
            kind = "float" if bits == 32 else "double"
            numbers.append(f"const {kind} c{i} = {read_in_c(bits).format(first, first + 1)};")
        return "\n".join([*numbers, *lines, ""]), groups

    def _plain_piece(self) -> tuple[list[str], int]:
        rows, columns = prod(axis.size for axis in self._outer), self._inner.size
        if any(step not in (0, 1) for step in self._inner.steps):
            height = width = 64
        else:
            width = min(columns, PIECE)
            height = max(1, PIECE // width)
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
        rest = prod(axis.size for axis in self._outer)
        down, across = (-(-axis.size // self._tile) for axis in (self._along, self._inner))
        return [
            f"const long across = {self._words.of(across)}, down = {self._words.of(down)};",
            "const long o_0 = group / across / down, o_1 = o_0 + 1;",
            *self._range("h", "group / across % down", self._tile, self._along.size),
            *self._range("c", "group % across", self._tile, self._inner.size),
        ], rest * down * across

    def _product_piece(self) -> tuple[list[str], int]:
        rows = self._nest.shape[0]
        height = self._rows * max(1, PIECE // (self._rows * self._inner.size))
        return [
            *self._range("o", "group", height, rows),
            f"const long c_0 = 0, c_1 = {self._words.of(self._inner.size)};",
        ], -(-rows // height)

    def _product_loops(self, product: Accumulation, steps: list[str], hoisted: list[str]) -> list[str]:
        """Rows of the product in registers, then one by one; the last ones reach back over those before them."""
        left, right = product.sources
        a, b = self._names[left], self._names[right]
        row, step, inner = (self._words.of(n) for n in (left.view.strides[0], right.view.strides[2], product.inner[0]))
        return [
            "for (long b = o_0; b < o_1; b += ROWS) {",
            "const long first = b + ROWS <= o_e ? b : o_e - ROWS;",
            "VECTOR sums[ROWS * VECTORS];",
            f"dt_product({a} + first * {row}, {row}, {b}, {step}, {inner}, sums);",
            "const long end = b + ROWS < o_1 ? b + ROWS : o_1;",
            "for (long o = b; o < end; o++) {",
            *self._moved("o", self._outer, None, "u"),
            *hoisted,
            self._inner_head(shared=False),
            *steps,
            "}",
            "}",
            "}",
        ]

    def _rows_piece(self, parts: int) -> tuple[list[str], int]:
        rows, columns = prod(axis.size for axis in self._outer), self._inner.size
        along = prod(axis.size for axis in self._run)
        height = max(1, PIECE // (along * columns)) if self._items == 1 else 1
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
        rows, columns = prod(axis.size for axis in self._outer), self._inner.size
        along, behind = (prod(axis.size for axis in axes) for axes in (self._run, self._tail))
        width = min(columns, _COLUMNS)
        across = -(-columns // width)
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

    def _loops(self) -> list[str]:
        if self._product:
            steps, hoisted = self._element()
            return self._product_loops(self._product, steps, hoisted)
        lines = ["for (long o = o_0; o < o_1; o++) {", *self._moved("o", self._outer, None, "p")]
        if self._columns:
            return [*lines, *self._column_loops(), "}"]
        steps, hoisted = self._element()
        if self._tiles:
            return [*lines, *self._tile_loops(steps, hoisted), "}"]
        before, each, after = self._row_folds()
        return [
            *lines,
            *before,
            "for (long m = m_0; m < m_1; m++) {",
            *self._moved("m", self._run, "p", "u"),
            *hoisted,
            self._inner_head(self._fold is None),
            *steps,
            *each,
            "}",
            "}",
            *after,
            "}",
        ]

    def _inner_head(self, shared: bool) -> str:
        many = self._items > 1 and shared
        start, by = ("c_0 + DT_ITEM", "DT_ITEMS") if many else ("c_0", str(self.lanes))
        head = f"for (long c = {start}; c < c_1; c += {by}) {{"
        return f"{head}\n{self._count()}" if self.lanes > 1 else head

    def _count(self) -> str:
        return f"const int count = c_1 - c < {self.lanes} ? (int)(c_1 - c) : {self.lanes};"

    def _column_loops(self) -> list[str]:
        """The rows of a block one by one for each vector of columns, whose sums wait in memory for the next block."""
        steps, hoisted = self._element()
        begin, fold, keep = [], [], []
        for i, step in enumerate(self._partial):
            array = f"a{self._moving + i}"
            place = "((o * parts + part) * behind + t) * columns + c"
            begin.append(self._body.begin_plain(step, i))
            fold += self._body.fold_plain(step, i)
            keep += self._body.keep(step, i, array, place, "b == m_0")
        return [
            "for (long t = 0; t < behind; t++) {",
            *self._moved("t", self._tail, "p", "q"),
            f"for (long b = m_0; b == m_0 || b < m_1; b += {_ROWS}) {{",
            f"const long end = b + {_ROWS} < m_1 ? b + {_ROWS} : m_1;",
            self._inner_head(shared=True),
            *begin,
            "for (long m = b; m < end; m++) {",
            *self._moved("m", self._run, "q", "u"),
            *hoisted,
            *steps,
            *fold,
            "}",
            *keep,
            "}",
            "}",
            "}",
        ]

    def _tile_loops(self, steps: list[str], hoisted: list[str]) -> list[str]:
        """Lines of memory to pieces of numbers, which are read across."""
        lines = []
        for i, name in self._tiles.items():
            lines += [
                f"REAL {name}[{self._tile} * STEP];",
                "for (long c = c_0; c < c_1; c++)",
                f"dt_copy(a{i} + p{i} + h_0 + c * {self._words.of(self._inner.steps[i])}, "
                f"{name} + (c - c_0) * STEP, (int)(h_1 - h_0));",
            ]
        return [
            *lines,
            "for (long h = h_0; h < h_1; h++) {",
            *self._moved("h", [self._along], "p", "u"),
            *hoisted,
            self._inner_head(shared=False),
            *steps,
            "}",
            "}",
        ]

    def _row_folds(self) -> tuple[list[str], list[str], list[str]]:
        """Before a row, with each of its vectors, and after it."""
        before, each, after = [], [], []
        for i, step in enumerate(self._partial):
            before += self._body.begin_fold(step, i)
            each += self._body.fold(step, i)
            after += self._body.end_fold(step, i, f"a{self._moving + i}[o * parts + part]")
        return before, each, after

    def _element(self) -> tuple[list[str], list[str]]:
        """What is done with the elements of one vector, and what before the first of a row."""
        hoisted, loads = self._body.loads()
        lines = [
            line for step in self._nest.steps if not isinstance(step, PartialFold) for line in self._body.step(step)
        ]
        first = len([x for x in self._arrays if not x.is_output])
        for i, store in enumerate(self._nest.stores, first):
            step = self._inner.steps[i]
            lines.append(self._body.store(store, f"a{i}", f"u{i}", step, self._literal(step)))
        return [*loads, *lines], hoisted

    def _moved(self, index: str, axes: list[_Axis], base: str | None, name: str) -> list[str]:
        """Where each array begins for an index of a loop."""
        lines = []
        used: list[tuple[str, Strides]] = []
        if len(axes) == 1:
            used = [(index, axes[0].steps)]
        elif axes:
            lines.append(f"long {index}r = {index};")
            for k, (size, steps) in enumerate(axes):
                n = self._words.of(size)
                if k < len(axes) - 1:
                    lines.append(f"const long {index}{k}x = {index}r % {n}; {index}r /= {n};")
                else:
                    lines.append(f"const long {index}{k}x = {index}r;")
                used.append((f"{index}{k}x", steps))
        for i in range(self._moving):
            terms = [f"{base}{i}"] if base else []
            terms += [f"{x} * {self._literal(steps[i])}" for x, steps in used if steps[i]]
            lines.append(f"const long {name}{i} = {' + '.join(terms) or '0'};")
        return lines
