"""How sums of products over the points are accumulated: with lanes kept apart, or with features on the lanes.

Points lie on the lanes, so a sum over points is one over lanes. A small result keeps a vector of partial sums for
each of its elements until the very end. A large one would need too much of the cache for that; there one factor is
turned, a square of vectors at a time, so that its features lie on the lanes, and the other one is broadcast.
"""

from __future__ import annotations

from dataclasses import dataclass

from dualtape.compiler.emission import Functions, Target, Writer, blocks
from dualtape.compiler.program import Node
from dualtape.compiler.schedule import Step
from dualtape.compiler.tiles import Contraction, Turn, WideContraction

LEAST_WIDE = 1024
"""Elements from which a result whose columns fill vectors is worth the turning."""


@dataclass(frozen=True)
class Entry:
    """Where a sum's result lies among all sums: ``rows`` of ``padded`` elements of which ``columns`` count."""

    start: int
    rows: int
    columns: int
    padded: int
    transposed: bool


def choose_forms(steps: list[Step], target: Target, budget: int) -> list[Step]:
    """Replace contractions by wide ones where that form is better, or where ``budget`` bytes do not hold the sums."""
    sized = [step for step in steps if isinstance(step, Contraction) and step.terms[0][1] is not None]
    wide = set()
    for step in sorted(sized, key=lambda step: step.rows * step.columns):
        longest, size = max(step.rows, step.columns), step.rows * step.columns
        budget -= size * target.lanes * target.bits // 8
        if budget < 0 or (size >= LEAST_WIDE and padded(longest, target) * 8 <= longest * 9):
            wide.add(step)
            budget += size * target.lanes * target.bits // 8
    chosen: list[Step] = []
    for each in steps:
        chosen += _widened(each, target) if isinstance(each, Contraction) and each in wide else [each]
    return chosen


def padded(size: int, target: Target) -> int:
    """``size`` in whole vectors."""
    return -(-size // target.lanes) * target.lanes


def _widened(step: Contraction, target: Target) -> list[Step]:
    transposed = step.rows > step.columns
    pairs = [(x, y) for x, y in step.terms if y is not None]
    turned = [x if transposed else y for x, y in pairs]
    others = tuple(y if transposed else x for x, y in pairs)
    rows, columns = (step.columns, step.rows) if transposed else (step.rows, step.columns)
    whole = padded(columns, target)
    node = Node(step.output.spec)
    distinct = tuple(dict.fromkeys(turned))
    starts = tuple(distinct.index(x) * whole for x in turned)
    return [
        Turn(node, distinct, columns, whole),
        WideContraction(step.output, node, starts, others, rows, columns, whole, transposed),
    ]


def emit_turn(step: Turn, writer: Writer, functions: Functions) -> str:
    lanes = writer.target.lanes
    rows = step.padded // lanes
    lines = []
    for i, source in enumerate(step.sources):
        points = f"(__global const dt_r *)&{writer.place(source.node, f'f * {lanes} + {source.offset}')}"
        features = f"(__global dt_r *)&{writer.place(step.output, f'f + {i * step.padded}')}"
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
                    element = writer.at_tile(other.node, f"k + {r + other.offset}")
                    lines.append(f"const dt_r x{r} = ((__global const dt_r *)&{element})[p];")
                    lines += [f"c{r}_{c} += y{c} * x{r};" for c in range(columns)]
                lines.append("}")
            lines.append("}")
            for r, c in cells:
                lines.append(f"DT_AT(sums + (k + {r}) * {step.padded} + (j + {c}) * DT_L) += c{r}_{c};")
            lines.append("}")
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))


def emit_contraction(step: Contraction, writer: Writer, functions: Functions, position: int) -> str:
    """Sums over the points of a block, lanes apart: from zero, then added to the accumulators, which loses less."""
    side = 5 if writer.target.registers > 24 else 3
    lines: list[str] = []
    for k0, k1, rows in blocks(step.rows, side):
        for j0, j1, columns in blocks(step.columns, side):
            cells = [(r, c) for r in range(rows) for c in range(columns)]
            lines.append(f"for (int k = {k0}; k < {k1}; k += {rows}) for (int j = {j0}; j < {j1}; j += {columns}) {{")
            lines.append("dt_v " + ", ".join(f"c{r}_{c} = (dt_v)(0)" for r, c in cells) + ";")
            lines.append("for (int tile = 0; tile < tiles; tile++) {")
            for x, y in step.terms:
                lines.append("{")
                for c in range(columns if y is not None else 0):
                    assert y is not None
                    lines.append(f"const dt_v y{c} = {writer.at_tile(y.node, f'j + {c + y.offset}')};")
                for r in range(rows):
                    lines.append(f"const dt_v x{r} = {writer.at_tile(x.node, f'k + {r + x.offset}')};")
                    lines += [f"c{r}_{c} += x{r}{'' if y is None else f' * y{c}'};" for c in range(columns)]
                lines.append("}")
            lines.append("}")
            lines += [f"DT_AT(sums + ((k + {r}) * {step.columns} + j + {c}) * DT_L) += c{r}_{c};" for r, c in cells]
            lines.append("}")
    return writer.function(lines, functions, (("__global dt_r *sums", f"sums + {position}"),))
