"""Steps that go through features one by one: groups of elementwise operations, folds, and placing side by side."""

from __future__ import annotations

from math import prod

from dualtape.compiler.blocks.emit.writer import Functions, Writer, index
from dualtape.compiler.blocks.tile import FoldFeatures, Group, Place, Read
from dualtape.compiler.program import Node
from dualtape.core.expression import in_c


def emit_group(group: Group, writer: Writer, functions: Functions) -> str:
    """Elementwise operations in one loop over features."""
    lines = ["const int f = 0;"] if group.features == 1 else []
    lines += statements(group, writer, {})
    if group.features > 1:
        lines = [f"for (int f = 0; f < {group.features}; f++) {{", *lines, "}"]
    return writer.function(writer.per_tile([*cleared(group, writer), *lines]), functions)


def cleared(group: Group, writer: Writer) -> list[str]:
    """What folds begin with."""
    return [
        f"for (int f = 0; f < {fold.features}; f++) {writer.place(fold.output, 'f')} = {_identity(fold, writer)};"
        for fold in group.folds
    ]


def _identity(fold: FoldFeatures, writer: Writer) -> str:
    return f"(dt_v)({writer.target.literal(fold.kind.identity)})"


def statements(group: Group, writer: Writer, known: dict[Node, str]) -> list[str]:
    """The expressions of a group at feature ``f``, and the stores; ``known`` values are in variables already."""
    target = writer.target
    lines: list[str] = []
    loaded: dict[str, str] = {}
    bools = {m.output for m in group.maps if m.gives_bool}
    for m in group.maps:
        names = []
        for operand in m.operands:
            if not isinstance(operand, Read):
                names.append(f"((dt_v)({target.literal(operand)}))")
            elif operand.node in known:
                names.append(known[operand.node])
            else:
                text = writer.element(operand, "f")
                if is_bool(operand.node):
                    text = f"dt_as_mask({text})" if writer.is_scratch(operand.node) else f"({text} != (dt_v)(0))"
                if text not in loaded:
                    loaded[text] = f"r{len(loaded)}"
                    lines.append(f"const {'dt_m' if is_bool(operand.node) else 'dt_v'} {loaded[text]} = {text};")
                names.append(loaded[text])
        known[m.output] = f"v{len(known)}"
        lines.append(f"const {'dt_m' if m.gives_bool else 'dt_v'} {known[m.output]} = {in_c(m.code, names, 'dt_v')};")
    for node in group.stored:
        value = f"dt_as_vector({known[node]})" if node in bools else known[node]
        lines.append(f"{writer.place(node, 'f')} = {value};")
    for fold in group.folds:
        total = writer.place(fold.output, f"f % {fold.features}")
        lines.append(f"{total} = {in_c(fold.kind.combine, (total, known[fold.source.node]), 'dt_v')};")
    return lines


def is_bool(node: Node) -> bool:
    return node.spec.dtype.name == "Bool"


def emit_fold(step: FoldFeatures, writer: Writer, functions: Functions) -> str:
    inner = prod(step.source.shape[step.kept :])
    element = writer.element(step.source, f"(f * {inner} + r)")
    lines = [
        f"for (int f = 0; f < {step.features}; f++) {{",
        f"dt_v total = {_identity(step, writer)};",
        f"for (int r = 0; r < {inner}; r++) {{ const dt_v next = {element};",
        f"total = {in_c(step.kind.combine, ('total', 'next'), 'dt_v')}; }}",
        f"{writer.place(step.output, 'f')} = total;",
        "}",
    ]
    return writer.function(writer.per_tile(lines), functions)


def emit_place(step: Place, writer: Writer, functions: Functions) -> str:
    lines = [f"for (int f = 0; f < {step.features}; f++) {writer.place(step.output, 'f')} = (dt_v)(0);"]
    for source, target in step.parts:
        where = writer.place(step.output, index(target, "f"))
        lines.append(f"for (int f = 0; f < {prod(target.shape)}; f++) {where} = {writer.place(source, 'f')};")
    return writer.function(writer.per_tile(lines), functions)
