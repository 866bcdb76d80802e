"""How sums of products over the points are accumulated, in whatever form.

Where each point has many rows to sum over, as over the directions of a gradient, lanes are added at the end of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, assert_never

from dualtape.compiler.blocks.emit.register_tile import Factor, Lines, RegisterTile, TileAxis, register_tiles
from dualtape.compiler.blocks.emit.writer import Draft, Passed, Writer
from dualtape.compiler.blocks.tile import (
    MANY_ROWS,
    Contraction,
    ContractionTerm,
    PointSum,
    RowsContraction,
    SumForm,
    SumStep,
    TileRead,
    Transpose,
    WideContraction,
)

MOST_PACKED = 640
"""Vectors that are packed at most: they must stay in the nearest cache."""


def emit_transpose(step: Transpose, writer: Writer) -> Draft:
    lanes = writer.target.lanes
    rows = step.padded // lanes
    lines = []
    for i, source in enumerate(step.sources):
        points = writer.address(source.value, f"f * {lanes} + {source.offset}")
        features = writer.address(step.output, f"f + {i * step.padded}")
        square = f"dt_turn({points}, {features}, {{}}, {rows} * DT_L);"
        whole, rest = divmod(step.features, lanes)
        lines.append(f"for (int f = 0; f < {whole}; f++) {square.format('DT_L')}")
        if rest:
            lines.append(f"{{ const int f = {whole}; {square.format(rest)} }}")
    return writer.function(writer.per_tile(lines))


def emit_wide_contraction(step: WideContraction, writer: Writer) -> Draft:
    vectors = step.padded // writer.target.lanes
    most_rows, most_columns = writer.target.wide_tile

    def turned(start: int) -> Factor:
        return Factor("dt_v", "y", lambda c: writer.at_tile(step.turned, f"p * {vectors} + j + {c + start}"))

    def broadcast(other: TileRead) -> Factor:
        return Factor("dt_r", "x", lambda r: writer.lane(other.value, f"k + {r + other.offset}", "p"))

    def fill(tile: RegisterTile) -> Lines:
        lines: Lines = []
        for start, other in zip(step.starts, step.others, strict=True):
            products = tile.add_products(broadcast(other), turned(start))
            lines += ["for (int p = 0; p < DT_L; p++) {", *products, "}"]
        return _over_tiles(lines)

    def finish(tile: RegisterTile) -> Lines:
        return [f"DT_AT(sums + (k + {r}) * {step.padded} + (j + {c}) * DT_L) += {cell};" for r, c, cell in tile.cells]

    lines = register_tiles(TileAxis(step.rows, "k", most_rows), TileAxis(vectors, "j", most_columns), fill, finish)
    return writer.function(lines, _sums_at(step, writer))


class _Rows(NamedTuple):
    """So many ``rows`` of a term, from ``first`` on, and at which ``place`` they are among those that are turned."""

    term: ContractionTerm
    first: str
    rows: int
    place: int


def emit_rows_contraction(step: RowsContraction, writer: Writer) -> Draft:
    """As many rows as there is room for are turned, and all of the result gets what they add to it."""
    lines: Lines = []
    for loop, pieces in _row_pieces(step.terms, step.turned_rows):
        turned = [_turned(step, piece, writer) for piece in pieces]
        lines += [f"{loop}{{", *turned, *_with_turned(step, pieces, writer), "}"]
    return writer.function(_over_tiles(lines), _sums_at(step, writer))


def _row_pieces(terms: Sequence[ContractionTerm], most: int) -> Iterator[tuple[str, list[_Rows]]]:
    """All rows of all terms, ``most`` at a time, each with the loop that it stands in."""
    rest: list[_Rows] = []
    place = 0
    for term in terms:
        done = term.count - term.count % most
        if done:
            yield f"for (int first = 0; first < {done}; first += {most}) ", [_Rows(term, "first", most, 0)]
        while done < term.count:
            rows = min(term.count - done, most - place)
            rest.append(_Rows(term, str(done), rows, place))
            done, place = done + rows, place + rows
            if place == most:
                yield "", rest
                rest, place = [], 0
    if rest:
        yield "", rest


def _turned(step: RowsContraction, piece: _Rows, writer: Writer) -> str:
    lanes, vectors = writer.target.lanes, step.padded // writer.target.lanes
    term, first, rows, place = piece
    assert term.y is not None
    points = writer.address(term.y.value, f"f * {lanes} + ({first} + row) * {term.y_step} + {term.y.offset}")
    features = writer.address(step.turned, f"f + ({place} + row) * {step.padded}")
    count = f"min({step.columns} - f * DT_L, DT_L)" if step.columns < step.padded else "DT_L"
    call = f"dt_turn({points} + tile * DT_STRIDE, {features} + tile * DT_STRIDE, {count}, {vectors} * DT_L);"
    return f"for (int row = 0; row < {rows}; row++) for (int f = 0; f < {vectors}; f++) {call}"


def _with_turned(step: RowsContraction, pieces: Sequence[_Rows], writer: Writer) -> Lines:
    """All of the result: each of its rows reads again what is turned, and only its columns the other factor."""
    most_rows, most_columns = writer.target.wide_tile

    def fill(tile: RegisterTile) -> Lines:
        return [line for piece in pieces for line in _add_rows(tile, step, piece, writer)]

    def finish(tile: RegisterTile) -> Lines:
        return [f"DT_AT(sums + (k + {r}) * {step.padded} + (j + {c}) * DT_L) += {cell};" for c, r, cell in tile.cells]

    vectors = step.padded // writer.target.lanes
    return register_tiles(TileAxis(vectors, "j", most_columns), TileAxis(step.rows, "k", most_rows), fill, finish)


def _add_rows(tile: RegisterTile, step: RowsContraction, piece: _Rows, writer: Writer) -> Lines:
    term, first, rows, place = piece
    there = f"({place} + row) * {step.padded} + p * {step.padded // writer.target.lanes} + j"
    along = f"({first} + row) * {term.x_step} + k"
    y = Factor("dt_v", "y", lambda c: writer.at_tile(step.turned, f"{there} + {c}"))
    x = Factor("dt_r", "x", lambda r: writer.lane(term.x.value, f"{along} + {r + term.x.offset}", "p"))
    loops = f"for (int row = 0; row < {rows}; row++) for (int p = 0; p < DT_L; p++) {{"
    return [loops, *tile.add_products(y, x, hold_rows=True), "}"]


def emit_point_sum(step: PointSum, writer: Writer) -> Draft:
    """Sums over the points of a block: from zero, then added to the accumulators, which loses less."""
    match step.form:
        case SumForm.LANES_APART:
            lines = _in_registers(step, writer, _lanes_apart)
        case SumForm.LANES_ADDED:
            lines = _in_registers(step, writer, _lanes_added)
        case SumForm.PACKED:
            lines = _packed(step, writer)
        case SumForm.BY_WORK_ITEMS:
            lines = _by_work_items(step, writer)
        case _:
            assert_never(step.form)
    return writer.function(lines, _sums_at(step, writer))


def _sums_at(step: SumStep, writer: Writer) -> Passed:
    return Passed.behind("__global dt_r *sums", "sums", writer.places.sums.position(step, writer.target))


def _over_tiles(lines: Lines) -> Lines:
    return ["for (int tile = 0; tile < tiles; tile++) {", *lines, "}"]


def _in_registers(step: Contraction, writer: Writer, finish: Callable[[Contraction, RegisterTile], Lines]) -> Lines:
    def fill(tile: RegisterTile) -> Lines:
        return _over_tiles([line for term in step.terms for line in _add_term(tile, term, writer)])

    rows, columns = (TileAxis(step.rows, "k", writer.square), TileAxis(step.columns, "j", writer.square))
    return register_tiles(rows, columns, fill, lambda tile: finish(step, tile))


def _lanes_apart(step: Contraction, tile: RegisterTile) -> Lines:
    return [f"DT_AT(sums + ((k + {r}) * {step.columns} + j + {c}) * DT_L) += {cell};" for r, c, cell in tile.cells]


def _lanes_added(step: Contraction, tile: RegisterTile) -> Lines:
    return [f"sums[(k + {r}) * {step.columns} + j + {c}] += dt_across({cell});" for r, c, cell in tile.cells]


def _add_term(tile: RegisterTile, term: ContractionTerm, writer: Writer, packed: str = "") -> Lines:
    """A loop over the rows of a term; ``packed`` names the array in which its first factor lies row by row."""
    along_x, along_y = ((f" + row * {n}" if n else "") for n in (term.x_step, term.y_step))

    def x(r: int) -> str:
        there = writer.at_tile(term.x.value, f"k + {r + term.x.offset}{along_x}")
        return f"{packed}[row * {tile.rows} + {r}]" if packed else there

    columns = None
    if (y := term.y) is not None:
        columns = Factor("dt_v", "y", lambda c: writer.at_tile(y.value, f"j + {c + y.offset}{along_y}"))
    loop = f"for (int row = 0; row < {term.count}; row++) {{" if term.count > 1 else "{"
    return [loop, *tile.add_products(Factor("dt_v", "x", x), columns), "}"]


def _packed(step: Contraction, writer: Writer) -> Lines:
    """Sums over many rows: what all columns of the result read again lies in one piece of the nearest cache."""
    lines: Lines = []
    for loop, rows in TileAxis(step.rows, "k", writer.square).pieces():
        lines.append(f"for (int tile = 0; tile < tiles; tile++) {loop}{{")
        packed: dict[int, str] = {}
        for i, term in enumerate(step.terms):
            if MANY_ROWS <= term.count <= MOST_PACKED // rows:
                packed[i] = f"packed{i}"
                lines.append(f"dt_v packed{i}[{term.count * rows}];")
                there = writer.at_tile(term.x.value, f"k + r + {term.x.offset} + row * {term.x_step}")
                lines.append(f"for (int row = 0; row < {term.count}; row++) for (int r = 0; r < {rows}; r++)")
                lines.append(f"packed{i}[row * {rows} + r] = {there};")

        def fill(tile: RegisterTile, packed: dict[int, str] = packed) -> Lines:
            return [x for i, term in enumerate(step.terms) for x in _add_term(tile, term, writer, packed.get(i, ""))]

        columns = TileAxis(step.columns, "j", writer.square)
        lines += [*register_tiles(TileAxis(rows), columns, fill, lambda tile: _lanes_added(step, tile)), "}"]
    return lines


def _by_work_items(step: Contraction, writer: Writer) -> Lines:
    """Each work-item adds up all points for its elements of the result, always the same ones."""
    lines = [f"for (int cell = DT_ITEM; cell < {step.rows * step.columns}; cell += DT_ITEMS) {{"]
    lines += [f"const int k = cell / {step.columns}, j = cell % {step.columns};", "dt_r total = 0;"]
    lines += ["for (int tile = 0; tile < tiles; tile++) {", "dt_r part = 0;"]
    for term in step.terms:
        lines.append(f"for (int row = 0; row < {term.count}; row++) for (int p = 0; p < DT_L; p++)")
        x = writer.lane(term.x.value, f"k + {term.x.offset} + row * {term.x_step}", "p")
        if term.y is not None:
            x += f" * {writer.lane(term.y.value, f'j + {term.y.offset} + row * {term.y_step}', 'p')}"
        lines.append(f"part += {x};")
    return [*lines, "total += part;", "}", "sums[cell] += total;", "}"]
