"""Rows of points from device memory to the lanes of a tile, and back."""

from __future__ import annotations

from dualtape.compiler.blocks.emit.writer import Draft, Passed, Writer
from dualtape.compiler.blocks.tile import PointArray, Read, TileValue
from dualtape.dtypes import bool_

_WHERE = (Passed("const ulong first", "first"), Passed("const ulong points", "points"))


def emit_load(array: PointArray, value: TileValue, number: int, writer: Writer) -> Draft:
    """Rows of points to lanes; lanes beyond the last point repeat it, so that they hold numbers that occur."""
    address = writer.address(value, f"a * {array.inner} + b")
    each = f"for (int a = 0; a < {array.outer}; a++) for (int b = 0; b < {array.inner}; b++) {_lanes(writer)}"
    lines = [
        "const ulong start = first + tile * DT_L;",
        "if (start + DT_L <= points) {",  # without a question for each lane, which keeps a driver from using vectors
        f"{each} ({address})[lane] = from[((ulong)a * points + start + lane) * {array.inner} + b];",
        f"}} else {each} {{",
        "const ulong point = start + lane < points ? start + lane : points - 1;",
        f"({address})[lane] = from[((ulong)a * points + point) * {array.inner} + b];",
        "}",
    ]
    return writer.function(writer.per_tile(lines), Passed("__global const dt_r *from", f"in{number}"), *_WHERE)


def emit_store(array: PointArray, read: Read, number: int, writer: Writer) -> Draft:
    """Lanes that hold points to their rows."""
    element = writer.element(read, f"(a * {array.inner} + b)")
    if array.node.spec.dtype is bool_:
        kind, lane = "uchar", "((const dt_i *)&mask)[in_vector] != 0"
        value = f"const dt_m mask = dt_as_mask({element});"
    else:
        kind, value, lane = "dt_r", f"const dt_v value = {element};", "((const dt_r *)&value)[in_vector]"
    there = f"to[((ulong)a * points + start + lane) * {array.inner} + b] = {lane};"
    in_vector = f"const int in_vector = {'0' if writer.target.points_on_work_items else 'lane'};"
    lines = [
        "const ulong start = first + tile * DT_L;",
        f"for (int a = 0; a < {array.outer}; a++) for (int b = 0; b < {array.inner}; b++) {{",
        value,
        f"if (start + DT_L <= points) {_lanes(writer)} {{ {in_vector} {there} }}",
        f"else {_lanes(writer)} {{ {in_vector} if (start + lane < points) {there} }}",
        "}",
    ]
    return writer.function(writer.per_tile(lines), Passed(f"__global {kind} *to", f"out{number}"), *_WHERE)


def _lanes(writer: Writer) -> str:
    """The lanes of which a work-item takes care: all, or its own."""
    step = "DT_ITEMS" if writer.target.points_on_work_items else "1"
    return f"for (int lane = DT_ITEM; lane < DT_L; lane += {step})"
