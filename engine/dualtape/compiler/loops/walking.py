"""The loops of a piece in OpenCL C: where each array is, and what is done with its elements."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from dualtape.compiler.loops.axes import TILE, LoopAxes, LoopAxis
from dualtape.compiler.loops.emission import ArrayArgument, ScalarBody
from dualtape.compiler.loops.nest import Calculation, Nest, NestStep, PartialFold, Source
from dualtape.compiler.loops.turns import Turn, turns_of
from dualtape.compiler.loops.vectors import VectorBody
from dualtape.compiler.program import Number
from dualtape.core.layout import Strides
from dualtape.dtypes import DType

_ROWS = 8  # of a piece whose columns are summed those that are summed in registers


class Words:
    """Numbers that the kernel is told, in its row ``at`` of the table.

    Whole ones are read before all loops: what is read inside of a condition, compilers leave there.
    """

    def __init__(self, words: list[int]) -> None:
        self.values = words
        self._whole: list[int] = []

    def of(self, value: int) -> str:
        self.values.append(value)
        self._whole.append(len(self.values))
        return f"word{self._whole[-1]}"

    def declared(self) -> list[str]:
        return [f"const long word{i} = at[{i}];" for i in self._whole]


class LoopWriter:
    """Writes the loops over a piece, whose bounds are known: ``o_0``, ``o_1``, and so on."""

    def __init__(
        self, nest: Nest, arrays: list[ArrayArgument], axes: LoopAxes, real: DType | None, lanes: int, work_items: int,
        words: Words,
    ) -> None:  # fmt: skip
        self._axes, self._lanes, self._items, self._words = axes, lanes, work_items, words
        self._turns = turns_of(nest)
        self._tile = TILE[real.bits] if real else 0
        self._moving = moving = axes.moving
        self._sources = {array.source: i for i, array in enumerate(arrays) if not array.is_output}
        self._stores = {store: i for i, store in enumerate(nest.stores, len(self._sources))}
        kept = (step for step in nest.steps if step.output in nest.kept)
        self._kept = {step.output: f"a{i}" for i, step in enumerate(kept, moving)}
        names = {source: f"a{i}" for source, i in self._sources.items()}
        rank = len(nest.shape)
        steps = {array.source: axes.inner.steps[i] for i, array in enumerate(arrays[:moving])}
        if real:
            at = {array.source: f"u{i}" for i, array in enumerate(arrays[:moving])}
            tiles = {arrays[i].source: name for i, name in axes.tiles.items()}
            place = f"({axes.row} - first) * VECTORS + c / LANES"
            made = {axes.product.output: f"sums[{place}]"} if axes.product else {}
            self._body: ScalarBody = VectorBody(names, at, rank, steps, real, words.of, tiles, made)
        else:
            at = {
                array.source: f"u{i}{f' + c * {self._literal(steps[array.source])}' if steps[array.source] else ''}"
                for i, array in enumerate(arrays[:moving])
            }
            self._body = ScalarBody(names, at, rank)

    @property
    def numbers(self) -> list[tuple[Number, int]]:
        """Numbers that stand in the lines as ``c0``, ``c1``, ... and their bits."""
        return self._body.numbers

    def lines(self) -> list[str]:
        axes = self._axes
        moved = self._moved("o", axes.outer, None, "p")
        if axes.columns:
            body = self._column_loops(self._turns[0])
        elif axes.tiles:
            body = self._tile_loops(self._turns[0])
        else:
            body = self._row_loops()
        return self._rows_of("o", [*moved, *body])

    def _rows_of(self, loop: str, body: list[str]) -> list[str]:
        """A loop, in which rows of the product are made before what reads them, if it goes through them."""
        if not self._axes.product or self._axes.row != loop:
            return [f"for (long {loop} = {loop}_0; {loop} < {loop}_1; {loop}++) {{", *body, "}"]
        head = f"for (long b = {loop}_0; b < {loop}_1; b += ROWS) {{"
        return [head, *self._product_rows(), f"for (long {loop} = b; {loop} < end; {loop}++) {{", *body, "}", "}"]

    def _literal(self, step: int) -> str:
        return str(step) if step in (0, 1) else self._words.of(step)

    def _product_rows(self) -> list[str]:
        """Rows of the product in registers, from ``b`` to ``end``; the last ones reach back over those before them."""
        product, row = self._axes.product, self._axes.row
        assert product is not None
        left, right = product.sources
        a, b = (f"a{self._sources[x]}" for x in (left, right))
        step, down, inner = (self._words.of(n) for n in (left.view.strides[0], right.view.strides[2], product.inner[0]))
        return [
            f"const long first = b + ROWS <= {row}_e ? b : {row}_e - ROWS;",
            f"const long end = b + ROWS < {row}_1 ? b + ROWS : {row}_1;",
            "VECTOR sums[ROWS * VECTORS];",
            f"dt_product({a} + first * {step}, {step}, {b}, {down}, {inner}, sums);",
        ]

    def _row_loops(self) -> list[str]:
        """Turn by turn along a row."""
        lines: list[str] = []
        moved: set[int] = set()
        for turn in self._turns:
            folds = [(step, self._number(step)) for step in turn.folds]
            lines += [line for step, i in folds for line in self._body.begin_fold(step, i)]
            if turn.is_along_row:
                lines += self._along_row(turn)
            for step, i in folds:
                lines += self._body.end_fold(step, i)
                if step.output in self._kept:
                    lines.append(f"{self._kept[step.output]}[o * parts + part] = f{i};")
            lines += self._after_row(turn, moved)
        return lines

    def _number(self, step: PartialFold) -> int:
        return [fold.output for turn in self._turns for fold in turn.folds].index(step.output)

    def _along_row(self, turn: Turn) -> list[str]:
        before, each = self._elements(turn)
        folds = [line for step in turn.folds for line in self._body.fold(step, self._number(step))]
        moved = self._moved("m", self._axes.run, "p", "u")
        head = self._inner_head(self._axes.fold is None)
        return self._rows_of("m", [*moved, *before, head, *each, *folds, "}"])

    def _after_row(self, turn: Turn, moved: set[int]) -> list[str]:
        """What is computed once for a row; ``moved`` are arrays whose place in the row is said already."""
        read = [x for step in turn.row_steps for x in step.operands if isinstance(x, Source)]
        used = {*(self._sources[x] for x in read), *(self._stores[x] for x in turn.row_stores)}
        lines = [f"const long u{i} = p{i};" for i in sorted(used - moved)]
        moved |= used
        lines += self._body.loads(read)[0]
        lines += [line for step in turn.row_steps for line in self._body.step(step)]
        return [*lines, *(self._body.store_row(x, *(f"{c}{self._stores[x]}" for c in "au")) for x in turn.row_stores)]

    def _inner_head(self, shared: bool, start: str = "long c = c_0") -> str:
        many = self._items > 1 and shared
        start, by = (f"{start} + DT_ITEM", "DT_ITEMS") if many else (start, str(self._lanes))
        head = f"for ({start}; c < c_1; c += {by}) {{"
        count = f"const int count = c_1 - c < {self._lanes} ? (int)(c_1 - c) : {self._lanes};"
        return f"{head}\n{count}" if self._lanes > 1 else head

    def _column_loops(self, turn: Turn) -> list[str]:
        """The rows of a block one by one for each vector of columns, whose sums wait in memory for the next block."""
        before, each = self._elements(turn)
        begin, fold, keep = [], [], []
        for i, step in enumerate(turn.folds):
            place = "((o * parts + part) * behind + t) * columns + c"
            begin.append(self._body.begin_plain(step, i))
            fold += self._body.fold_plain(step, i)
            keep += self._body.keep(step, i, self._kept[step.output], place, "b == m_0")
        rows = "ROWS" if self._axes.product else str(_ROWS)
        end = [f"const long end = b + {rows} < m_1 ? b + {rows} : m_1;"]
        row = [*self._moved("m", self._axes.run, "q", "u"), *before, *each, *fold]
        vectors = [*begin, "for (long m = b; m < end; m++) {", *row, "}", *keep, "}"]
        if self._lanes > 1 and not self._axes.product and _is_short(turn.elements):
            several = [*begin, "#pragma unroll", f"for (int k = 0; k < {_ROWS}; k++) {{", "const long m = b + k;", *row]
            vectors = [*_whole_vectors(self._lanes), *several, "}", *keep, "}", self._inner_head(False, ""), *vectors]
        else:
            vectors.insert(0, self._inner_head(shared=True))
        return [
            "for (long t = 0; t < behind; t++) {",
            *self._moved("t", self._axes.tail, "p", "q"),
            f"for (long b = m_0; b == m_0 || b < m_1; b += {rows}) {{",
            *(self._product_rows() if self._axes.product else end),
            *vectors,
            "}",
            "}",
        ]

    def _tile_loops(self, turn: Turn) -> list[str]:
        """Lines of memory to pieces of numbers, which are read across."""
        before, each = self._elements(turn)
        lines = []
        for i, name in self._axes.tiles.items():
            lines += [
                f"REAL {name}[{self._tile} * STEP];",
                "for (long c = c_0; c < c_1; c++)",
                f"dt_copy(a{i} + p{i} + h_0 + c * {self._words.of(self._axes.inner.steps[i])}, "
                f"{name} + (c - c_0) * STEP, (int)(h_1 - h_0));",
            ]
        return [
            *lines,
            "for (long h = h_0; h < h_1; h++) {",
            *self._moved("h", [self._axes.along], "p", "u"),
            *before,
            self._inner_head(shared=False),
            *each,
            "}",
            "}",
        ]

    def _elements(self, turn: Turn) -> tuple[list[str], list[str]]:
        """What is done before the first vector of a row, and with the elements of each."""
        before, lines = self._body.loads(_sources(turn.elements, turn.folds))
        lines += [line for step in turn.elements for line in self._body.step(step)]
        for store in turn.stores:
            i = self._stores[store]
            step = self._axes.inner.steps[i]
            lines.append(self._body.store(store, f"a{i}", f"u{i}", step, self._literal(step)))
        return before, lines

    def _moved(self, index: str, axes: list[LoopAxis], base: str | None, name: str) -> list[str]:
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


def _is_short(steps: Sequence[NestStep]) -> bool:
    """Whether reading takes longer than what is computed of it."""
    code = [step.expression for step in steps if isinstance(step, Calculation)]
    return len(code) == len(steps) <= _ROWS and not any(x.functions for x in code)


def _whole_vectors(lanes: int) -> list[str]:
    """The head of a loop over whole vectors of whole blocks of rows.

    There is no branch between one row and the next, so that a line of each is on its way from memory.
    """
    return [
        "long c = c_0;",
        f"if (end - b == {_ROWS})",
        f"for (; c + {lanes} <= c_1; c += {lanes}) {{",
        f"const int count = {lanes};",
    ]


def _sources(*steps: Sequence[NestStep]) -> Iterator[Source]:
    for step in chain(*steps):
        yield from (x for x in step.operands if isinstance(x, Source))
