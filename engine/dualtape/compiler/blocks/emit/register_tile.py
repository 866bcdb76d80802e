"""Register tiles: some rows and columns of a result at a time, each cell of them in a register of its own.

Every product and every sum of products over the points is written so: accumulators from zero, a loop in which each
operand is loaded once and multiplied with all those that meet it, and then something is done with the finished cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

Lines = list[str]


class TileAxis(NamedTuple):
    """The rows or the columns of a result: ``most`` of them in a tile, in a loop over ``counter``; without one, all."""

    size: int
    counter: str = ""
    most: int = 1

    def pieces(self) -> Iterable[tuple[str, int]]:
        """The loops that go through them, and how many are in a tile of each."""
        if not self.counter:
            return [("", self.size)]
        i = self.counter
        return [
            (f"for (int {i} = {first}; {i} < {last}; {i} += {step}) ", step)
            for first, last, step in blocks(self.size, self.most)
        ]


class Factor(NamedTuple):
    """What meets all rows, or all columns, of a tile: the variables ``name0``, ``name1``... and what is in them."""

    kind: str
    name: str
    element: Callable[[int], str]

    def load(self, i: int) -> str:
        return f"const {self.kind} {self.name}{i} = {self.element(i)};"


@dataclass(frozen=True)
class RegisterTile:
    """Accumulators ``c{row}_{column}``."""

    rows: int
    columns: int

    @property
    def cells(self) -> list[tuple[int, int, str]]:
        return [(r, c, f"c{r}_{c}") for r in range(self.rows) for c in range(self.columns)]

    def add_products(self, of_rows: Factor, of_columns: Factor | None, *, hold_rows: bool = False) -> Lines:
        """Add the product of what meets in each cell; without ``of_columns``, what its row has.

        Those of columns stay in registers, or those of rows; the others are there one by one.
        """
        if of_columns is None:
            return [
                line
                for r in range(self.rows)
                for line in (of_rows.load(r), *(f"c{r}_{c} += {of_rows.name}{r};" for c in range(self.columns)))
            ]
        held, passing, count = (of_rows, of_columns, self.columns) if hold_rows else (of_columns, of_rows, self.rows)
        others = self.rows if hold_rows else self.columns
        lines = [held.load(i) for i in range(others)]
        for i in range(count):
            lines.append(passing.load(i))
            cells = [f"c{j}_{i}" if hold_rows else f"c{i}_{j}" for j in range(others)]
            lines += [f"{cell} += {held.name}{j} * {passing.name}{i};" for j, cell in enumerate(cells)]
        return lines


def register_tiles(
    rows: TileAxis, columns: TileAxis, fill: Callable[[RegisterTile], Lines], finish: Callable[[RegisterTile], Lines]
) -> Lines:
    """The whole result, tile by tile: from zero, what ``fill`` adds, and what ``finish`` does with the cells."""
    lines: Lines = []
    for row_loop, height in rows.pieces():
        for column_loop, width in columns.pieces():
            tile = RegisterTile(height, width)
            zeros = ", ".join(f"{cell} = (dt_v)(0)" for _, _, cell in tile.cells)
            lines += [f"{row_loop}{column_loop}{{", f"dt_v {zeros};", *fill(tile), *finish(tile), "}"]
    return lines


def blocks(size: int, most: int) -> list[tuple[int, int, int]]:
    """Ranges of 0 .. size and each one's step: a divisor, if there is one not much less than ``most``."""
    most = min(size, most)
    divisors = [n for n in range(1, most + 1) if size % n == 0]
    if divisors[-1] * 5 >= most * 3:
        return [(0, size, divisors[-1])]
    whole = size - size % most
    return [(0, whole, most), (whole, size, size - whole)]
