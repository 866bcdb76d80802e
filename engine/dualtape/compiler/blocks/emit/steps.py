"""Steps that go through features one by one: groups of elementwise operations, folds, and placing side by side."""

from __future__ import annotations

from math import prod

from dualtape.compiler.blocks.emit.writer import Draft, Writer, index
from dualtape.compiler.blocks.tile import Embed, FoldFeatures, Group, Read, ReadableValue, TileRead
from dualtape.core.expression import in_c
from dualtape.dtypes import bool_

_RUN = 16
"""Terms of a short sum."""

_FEW = 8
"""Features up to which reading a number costs nothing beside the loop over features."""


def emit_group(group: Group, writer: Writer) -> Draft:
    """Elementwise operations in one loop over features."""
    lines = ["const int f = 0;"] if group.features == 1 else []
    lines += statements(group, writer, {})
    if group.features > 1:
        lines = [f"for (int f = 0; f < {group.features}; f++) {{", *lines, "}"]
    return writer.function(writer.per_tile([*cleared(group, writer), *lines]))


def cleared(group: Group, writer: Writer) -> list[str]:
    """What folds begin with."""
    lines = []
    for fold in group.folds:
        total = writer.place(fold.output, "f")
        lines.append(f"for (int f = 0; f < {fold.output.features}; f++) {total} = {_identity(fold, writer)};")
    return lines


def _identity(fold: FoldFeatures, writer: Writer) -> str:
    return f"(dt_v)({writer.target.literal(fold.kind.identity)})"


def statements(group: Group, writer: Writer, known: dict[ReadableValue, str]) -> list[str]:
    """The expressions of a group at feature ``f``, and the stores; ``known`` values are in variables already."""
    target = writer.target
    lines: list[str] = []
    loaded: dict[str, str] = {}
    for m in group.maps:
        names = []
        for operand in m.operands:
            if not isinstance(operand, Read):
                # Numbers of the user's stand where values are few: at the ends of a network, in its residual and loss.
                number = writer.number(operand) if group.features <= _FEW else target.literal(operand)
                names.append(f"((dt_v)({number}))")
            elif operand.value in known:
                names.append(known[operand.value])
            else:
                text = _element(operand, writer)
                if text not in loaded:
                    loaded[text] = f"r{len(loaded)}"
                    lines.append(f"const {_kind(operand.value)} {loaded[text]} = {text};")
                names.append(loaded[text])
        known[m.output] = f"v{len(known)}"
        lines.append(f"const {_kind(m.output)} {known[m.output]} = {in_c(m.code, names, 'dt_v')};")
    for value in group.results:
        stored = f"dt_as_vector({known[value]})" if value.dtype is bool_ else known[value]
        lines.append(f"{writer.place(value, 'f')} = {stored};")
    for fold in group.folds:
        total = writer.place(fold.output, f"f % {fold.output.features}")
        lines.append(f"{total} = {in_c(fold.kind.combine, (total, known[fold.source.value]), 'dt_v')};")
    return lines


def _element(read: Read, writer: Writer) -> str:
    """Feature ``f`` of what is read, bools as a mask: in the tile they are masks, shared ones are numbers."""
    text = writer.element(read, "f")
    if read.value.dtype is not bool_:
        return text
    return f"dt_as_mask({text})" if isinstance(read, TileRead) else f"({text} != (dt_v)(0))"


def _kind(value: ReadableValue) -> str:
    return "dt_m" if value.dtype is bool_ else "dt_v"


def emit_fold(step: FoldFeatures, writer: Writer) -> Draft:
    inner = step.terms
    element = writer.element(step.source, f"(f * {inner} + r)")
    if step.is_long_sum:
        return writer.function(writer.per_tile(_long_sum(step, element, writer)))
    lines = [
        f"for (int f = 0; f < {step.output.features}; f++) {{",
        f"dt_v total = {_identity(step, writer)};",
        f"for (int r = 0; r < {inner}; r++) {{ const dt_v next = {element};",
        f"total = {in_c(step.kind.combine, ('total', 'next'), 'dt_v')}; }}",
        f"{writer.place(step.output, 'f')} = total;",
        "}",
    ]
    return writer.function(writer.per_tile(lines))


def _long_sum(step: FoldFeatures, element: str, writer: Writer) -> list[str]:
    """Short sums, added up with what rounding takes from them kept beside them, as in block.cl."""
    return [
        f"for (int f = 0; f < {step.output.features}; f++) {{",
        "dt_v total = (dt_v)(0), rest = (dt_v)(0);",
        f"for (int first = 0; first < {step.terms}; first += {_RUN}) {{",
        f"const int end = min(first + {_RUN}, {step.terms});",
        "dt_v part = (dt_v)(0);",
        f"for (int r = first; r < end; r++) part += {element};",
        "const dt_v after = total + part, added = after - total;",
        "const dt_v lost = (total - (after - added)) + (part - added);",
        "rest += lost == lost ? lost : (dt_v)(0);",
        "total = after;",
        "}",
        f"{writer.place(step.output, 'f')} = total + rest;",
        "}",
    ]


def emit_embed(step: Embed, writer: Writer) -> Draft:
    lines = [f"for (int f = 0; f < {step.output.features}; f++) {writer.place(step.output, 'f')} = (dt_v)(0);"]
    for source, target in step.parts:
        where = writer.place(step.output, index(target, "f"))
        lines.append(f"for (int f = 0; f < {prod(target.shape)}; f++) {where} = {writer.place(source, 'f')};")
    return writer.function(writer.per_tile(lines))
