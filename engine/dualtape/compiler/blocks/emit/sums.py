"""How sums of products over the points are accumulated, in whatever form.

Where each point has many rows to sum over, as over the directions of a gradient, lanes are added at the end of a block.
"""

from __future__ import annotations

from dataclasses import dataclass

from dualtape.compiler.blocks.emit.steps import Functions, Writer, blocks
from dualtape.compiler.blocks.tile import Contraction, Term, Turn, WideContraction

MANY_ROWS = 16
"""Rows from which adding the lanes at the end of each tile costs little."""

MOST_PACKED = 640
"""Vectors that are packed at most: they must stay in the nearest cache."""


@dataclass(frozen=True)
class Entry:
    """Where a sum's result lies among all sums: ``rows`` of ``padded`` elements of which ``columns`` count."""

    start: int
    rows: int
    columns: int
    padded: int
    transposed: bool


def emit_turn(step: Turn, writer: Writer, functions: Functions) -> str:
    lanes = writer.target.lanes
    rows = step.padded // lanes
    lines = []
    for i, source in enumerate(step.sources):
        points = writer.address(source.node, f"f * {lanes} + {source.offset}")
        features = writer.address(step.output, f"f + {i * step.padded}")
        square = f"dt_turn({points}, {features}, {{}}, {rows} * DT_L);"
        whole, rest = divmod(step.features, lanes)
        lines.append(f"for (int f = 0; f < {whole}; f++) {square.format('DT_L')}")
        if rest:
            lines.append(f"{{ const int f = {whole}; {square.format(rest)} }}")
    return writer.function(writer.per_tile(lines), functions)


def emit_wide_contraction(step: WideContraction, writer: Writer, functions: Functions, position: int) -> str:
    vectors = step.padded // writer.target.lanes
    most_rows, most_columns = (6, 4) if writer.target.registers > 24 else (4, 2)
    lines = []
    for k0, k1, rows in blocks(step.rows, most_rows):
        for j0, j1, columns in blocks(vectors, most_columns):
            cells = [(r, c) for r in range(rows) for c in range(columns)]
            lines.append(f"for (int k = {k0}; k < {k1}; k += {rows}) for (int j = {j0}; j < {j1}; j += {columns}) {{")
            lines.append("dt_v " + ", ".join(f"c{r}_{c} = (dt_v)(0)" for r, c in cells) + ";")
            lines.append("for (int tile = 0; tile < tiles; tile++) {")
            for start, other in zip(step.starts, step.others, strict=True):
                lines.append("for (int p = 0; p < DT_L; p++) {")
                for c in range(columns):
                    lines.append(
                        f"const dt_v y{c} = {writer.at_tile(step.turned, f'p * {vectors} + j + {c + start}')};"
                    )
                for r in range(rows):
                    lines.append(f"const dt_r x{r} = {writer.lane(other.node, f'k + {r + other.offset}', 'p')};")
                    lines += [f"c{r}_{c} += y{c} * x{r};" for c in range(columns)]
                lines.append("}")
            lines.append("}")
            for r, c in cells:
                lines.append(f"DT_AT(sums + (k + {r}) * {step.padded} + (j + {c}) * DT_L) += c{r}_{c};")
            lines.append("}")
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))


def emit_contraction(step: Contraction, writer: Writer, functions: Functions, position: int) -> str:
    """Sums over the points of a block: from zero, then added to the accumulators, which loses less."""
    if writer.target.spreads:
        return _emit_shared_contraction(step, writer, functions, position)
    if not step.lanes_apart and max(term.count for term in step.terms) >= MANY_ROWS:
        return _emit_packed_contraction(step, writer, functions, position)
    side = _side(writer)
    lines: list[str] = []
    for k0, k1, rows in blocks(step.rows, side):
        for j0, j1, columns in blocks(step.columns, side):
            cells = [(r, c) for r in range(rows) for c in range(columns)]
            lines.append(f"for (int k = {k0}; k < {k1}; k += {rows}) for (int j = {j0}; j < {j1}; j += {columns}) {{")
            lines.append("dt_v " + ", ".join(f"c{r}_{c} = (dt_v)(0)" for r, c in cells) + ";")
            lines.append("for (int tile = 0; tile < tiles; tile++) {")
            for term in step.terms:
                lines += _rows_of_term(term, writer, rows, columns)
            lines.append("}")
            for r, c in cells:
                place = f"(k + {r}) * {step.columns} + j + {c}"
                lines.append(
                    f"DT_AT(sums + ({place}) * DT_L) += c{r}_{c};"
                    if step.lanes_apart
                    else f"sums[{place}] += dt_across(c{r}_{c});"
                )
            lines.append("}")
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))


def _side(writer: Writer) -> int:
    """Rows and columns of the square of accumulators that registers hold."""
    return 5 if writer.target.registers > 24 else 3


def _rows_of_term(term: Term, writer: Writer, rows: int, columns: int, packed: str = "") -> list[str]:
    """A loop over the rows of a term; ``packed`` names the array in which its first factor lies row by row."""
    lines = [f"for (int row = 0; row < {term.count}; row++) {{" if term.count > 1 else "{"]
    along_x, along_y = ((f" + row * {n}" if n else "") for n in (term.x_step, term.y_step))
    for c in range(columns if term.y is not None else 0):
        assert term.y is not None
        lines.append(f"const dt_v y{c} = {writer.at_tile(term.y.node, f'j + {c + term.y.offset}{along_y}')};")
    for r in range(rows):
        there = writer.at_tile(term.x.node, f"k + {r + term.x.offset}{along_x}")
        lines.append(f"const dt_v x{r} = {f'{packed}[row * {rows} + {r}]' if packed else there};")
        lines += [f"c{r}_{c} += x{r}{'' if term.y is None else f' * y{c}'};" for c in range(columns)]
    return [*lines, "}"]


def _emit_packed_contraction(step: Contraction, writer: Writer, functions: Functions, position: int) -> str:
    """Sums over many rows: what all columns of the result read again lies in one piece of the nearest cache."""
    side = _side(writer)
    lines: list[str] = []
    for k0, k1, rows in blocks(step.rows, side):
        lines.append(f"for (int tile = 0; tile < tiles; tile++) for (int k = {k0}; k < {k1}; k += {rows}) {{")
        packed: dict[int, str] = {}
        for i, term in enumerate(step.terms):
            if MANY_ROWS <= term.count <= MOST_PACKED // rows:
                packed[i] = f"packed{i}"
                lines.append(f"dt_v packed{i}[{term.count * rows}];")
                there = writer.at_tile(term.x.node, f"k + r + {term.x.offset} + row * {term.x_step}")
                lines.append(f"for (int row = 0; row < {term.count}; row++) for (int r = 0; r < {rows}; r++)")
                lines.append(f"packed{i}[row * {rows} + r] = {there};")
        for j0, j1, columns in blocks(step.columns, side):
            cells = [(r, c) for r in range(rows) for c in range(columns)]
            lines.append(f"for (int j = {j0}; j < {j1}; j += {columns}) {{")
            lines.append("dt_v " + ", ".join(f"c{r}_{c} = (dt_v)(0)" for r, c in cells) + ";")
            for i, term in enumerate(step.terms):
                lines += _rows_of_term(term, writer, rows, columns, packed.get(i, ""))
            lines += [f"sums[(k + {r}) * {step.columns} + j + {c}] += dt_across(c{r}_{c});" for r, c in cells]
            lines.append("}")
        lines.append("}")
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))


def _emit_shared_contraction(step: Contraction, writer: Writer, functions: Functions, position: int) -> str:
    """Each work-item adds up all points for its elements of the result, always the same ones."""
    lines = [f"for (int cell = DT_ITEM; cell < {step.rows * step.columns}; cell += DT_ITEMS) {{"]
    lines += [f"const int k = cell / {step.columns}, j = cell % {step.columns};", "dt_r total = 0;"]
    lines.append("for (int tile = 0; tile < tiles; tile++) {")
    for term in step.terms:
        lines.append(f"for (int row = 0; row < {term.count}; row++) for (int p = 0; p < DT_L; p++)")
        x = writer.lane(term.x.node, f"k + {term.x.offset} + row * {term.x_step}", "p")
        if term.y is None:
            lines.append(f"total += {x};")
        else:
            lines.append(
                f"total += {x} * {writer.lane(term.y.node, f'j + {term.y.offset} + row * {term.y_step}', 'p')};"
            )
    lines += ["}", "sums[cell] += total;", "}"]
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))
