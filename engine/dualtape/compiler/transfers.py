"""Rows of points from device memory to the lanes of a tile, and back."""

from __future__ import annotations

from dualtape.compiler.emission import Functions, Writer, is_bool
from dualtape.compiler.tiles import PointArray, Read

_WHERE = (("const ulong first", "first"), ("const ulong points", "points"))


def emit_load(array: PointArray, number: int, writer: Writer, functions: Functions) -> str:
    """Rows of points to lanes; lanes beyond the last point repeat it, so that they hold numbers that occur."""
    place = writer.place(array.node, f"a * {array.inner} + b")
    lines = [
        f"for (int a = 0; a < {array.outer}; a++) for (int b = 0; b < {array.inner}; b++)",
        "for (int lane = 0; lane < DT_L; lane++) {",
        "ulong point = first + tile * DT_L + lane;",
        "point = point < points ? point : points - 1;",
        f"((__global dt_r *)&{place})[lane] = from[((ulong)a * points + point) * {array.inner} + b];",
        "}",
    ]
    source = ("__global const dt_r *from", f"in{number}")
    return writer.function(writer.per_tile(lines), functions, (source, *_WHERE))


def emit_store(array: PointArray, read: Read, number: int, writer: Writer, functions: Functions) -> str:
    """Lanes that hold points to their rows."""
    element = writer.element(read, f"(a * {array.inner} + b)")
    if is_bool(array.node):
        kind, value, lane = "uchar", f"const dt_m value = dt_as_mask({element});", "((const dt_i *)&value)[lane] != 0"
    else:
        kind, value, lane = "dt_r", f"const dt_v value = {element};", "((const dt_r *)&value)[lane]"
    lines = [
        f"for (int a = 0; a < {array.outer}; a++) for (int b = 0; b < {array.inner}; b++) {{",
        value,
        "for (int lane = 0; lane < DT_L; lane++) {",
        "const ulong point = first + tile * DT_L + lane;",
        f"if (point < points) to[((ulong)a * points + point) * {array.inner} + b] = {lane};",
        "}",
        "}",
    ]
    target = (f"__global {kind} *to", f"out{number}")
    return writer.function(writer.per_tile(lines), functions, (target, *_WHERE))
