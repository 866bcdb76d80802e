"""Products at the points, register-tiled, each with the group that works on its results while they are there."""

from __future__ import annotations

from dualtape.compiler.blocks.emit.register_tile import Factor, Lines, RegisterTile, TileAxis, register_tiles
from dualtape.compiler.blocks.emit.steps import cleared, statements
from dualtape.compiler.blocks.emit.writer import Draft, Writer
from dualtape.compiler.blocks.tile import Group, PointProduct, ReadableValue


def emit_product(product: PointProduct, writer: Writer, group: Group | None = None) -> Draft:
    """A register-tiled product: some columns of all streams at a time, then the group's expressions on them."""
    lines = cleared(group, writer) if group else []
    lines += _of_rows(product, writer, group) if product.rows > 1 else _of_streams(product, writer, group)
    return writer.function(writer.per_tile(lines))


def _of_rows(product: PointProduct, writer: Writer, group: Group | None) -> Lines:
    """Many rows of one stream: squares of rows and columns."""
    (stream,) = product.streams
    side = writer.square

    def source(r: int) -> str:
        return writer.place(stream.source, f"(row + {r}) * {product.inner} + k + {stream.source_offset}")

    def fill(tile: RegisterTile) -> Lines:
        rows, columns = Factor("dt_v", "x", source), _weights(product, writer)
        return _over_inner(product, tile.add_products(rows, columns, hold_rows=True))

    def finish(tile: RegisterTile) -> Lines:
        if group is None:
            offset = stream.output_offset
            places = [f"(row + {r}) * {product.columns} + j + {c + offset}" for r, c, _ in tile.cells]
            pairs = zip(places, tile.cells, strict=True)
            return [f"{writer.place(stream.output, place)} = {cell};" for place, (_, _, cell) in pairs]
        body = statements(group, writer, {stream.output: f"done[r * {tile.columns} + c]"})
        each = _each_done(tile.columns, [f"const int f = (row + r) * {product.columns} + j + c;", *body])
        return [_done(tile), "#pragma unroll 1", f"for (int r = 0; r < {tile.rows}; r++)", *each]

    return register_tiles(TileAxis(product.rows, "row", side), TileAxis(product.columns, "j", side), fill, finish)


def _of_streams(product: PointProduct, writer: Writer, group: Group | None) -> Lines:
    """Some columns of the result, as rows of the tile, of all streams."""
    streams = product.streams
    most = max(1, (writer.target.registers - 1 - len(streams)) // len(streams))

    def source(s: int) -> str:
        return writer.place(streams[s].source, f"k + {streams[s].source_offset}")

    def fill(tile: RegisterTile) -> Lines:
        return _over_inner(product, tile.add_products(_weights(product, writer), Factor("dt_v", "x", source)))

    def finish(tile: RegisterTile) -> Lines:
        if group is None:
            return [
                f"{writer.place(streams[s].output, f'j + {c + streams[s].output_offset}')} = {cell};"
                for c, s, cell in tile.cells
            ]
        known: dict[ReadableValue, str] = {
            stream.output: f"done[c * {len(streams)} + {s}]" for s, stream in enumerate(streams)
        }
        return [_done(tile), *_each_done(tile.rows, ["const int f = j + c;", *statements(group, writer, known)])]

    return register_tiles(TileAxis(product.columns, "j", most), TileAxis(len(streams)), fill, finish)


def _weights(product: PointProduct, writer: Writer) -> Factor:
    weight, (row, column) = product.weight, product.weight.strides
    tensor = writer.tensor(weight.value)
    return Factor("dt_r", "m", lambda c: f"{tensor}[k * {row} + (j + {c}) * {column} + {weight.offset}]")


def _over_inner(product: PointProduct, lines: Lines) -> Lines:
    return [f"for (int k = 0; k < {product.inner}; k++) {{", *lines, "}"]


def _done(tile: RegisterTile) -> str:
    return f"const dt_v done[] = {{{', '.join(cell for _, _, cell in tile.cells)}}};"


def _each_done(count: int, lines: Lines) -> Lines:
    """A loop over finished cells ``c``, not one copy of the expressions for each.

    A store and a load of each result cost little, and compiling is what takes time.
    """
    return ["#pragma unroll 1", f"for (int c = 0; c < {count}; c++) {{", *lines, "}"]
