"""OpenCL C for a tile program: one function for each distinct step, and a kernel that calls them block by block.

Points lie on the lanes of vectors: a tile is as many points as a vector has lanes, and a value of `f` features is `f`
vectors in the tile's scratch memory. Functions know distances inside a chunk of scratch, not where chunks begin, so
that layers of equal sizes share them: neither the source nor its compile time grows with depth.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from dualtape.compiler.blocks.target import Target
from dualtape.compiler.blocks.tile import FoldFeatures, Group, Layout, Place, Product, Read, Step
from dualtape.compiler.program import Node
from dualtape.core.expression import in_c
from dualtape.core.lowering import contiguous_strides


@dataclass
class Functions:
    """The distinct functions so far, by text."""

    names: dict[str, str] = field(default_factory=dict)

    def name(self, text: str) -> str:
        return self.names.setdefault(text, f"dt_f{len(self.names)}")


class Writer:
    """Writes one step as a function of chunks of scratch and of shared values, and the call of it."""

    def __init__(self, target: Target, layout: Layout, shared: dict[Node, int]) -> None:
        self.target = target
        self._layout = layout
        self._shared = shared
        self._chunks: dict[int, int] = {}
        self._tensors: dict[Node, None] = {}

    def is_scratch(self, node: Node) -> bool:
        return node in self._layout.slots

    def address(self, node: Node, feature: str) -> str:
        """Where the lanes of a feature of a value in scratch begin."""
        slot = self._layout.slots[node]
        self._chunks.setdefault(slot.chunk, slot.start)
        number = list(self._chunks).index(slot.chunk)
        return f"s{number} + ({feature} + {slot.delta}) * DT_L"

    def place(self, node: Node, feature: str) -> str:
        """The vector of a feature of a value in scratch."""
        return f"DT_AT({self.address(node, feature)})"

    def at_tile(self, node: Node, feature: str) -> str:
        """The same where the tile is ``tile``, outside of :meth:`per_tile`."""
        return f"DT_AT({self.address(node, feature)} + tile * DT_STRIDE)"

    def lane(self, node: Node, feature: str, lane: str) -> str:
        """One element of it."""
        return f"({self.address(node, feature)} + tile * DT_STRIDE)[{lane}]"

    def tensor(self, node: Node) -> str:
        """The pointer to a shared value."""
        self._tensors.setdefault(node)
        return f"w{list(self._tensors).index(node)}"

    def element(self, read: Read, feature: str) -> str:
        """The vector of one element of a value, wherever it is."""
        index = _index(read, feature)
        if self.is_scratch(read.node):
            return self.place(read.node, index)
        return f"(dt_v)({self.tensor(read.node)}[{index}])"

    def function(self, body: list[str], functions: Functions, extra: tuple[tuple[str, str], ...] = ()) -> str:
        """Declare the function with what its body has mentioned, and give the call."""
        parameters = [f"__global dt_r *s{i}" for i in range(len(self._chunks))]
        parameters += [f"__global const dt_r *w{i}" for i in range(len(self._tensors))]
        parameters += [*(declaration for declaration, _ in extra), "const int tiles"]
        text = f"({', '.join(parameters)})\n{{\n" + "\n".join(body) + "\n}\n"
        arguments = [f"scratch + {start * self.target.lanes}" for start in self._chunks.values()]
        arguments += [f"shared + {self._shared[node]}" for node in self._tensors]
        arguments += [*(argument for _, argument in extra), "tiles"]
        return f"{functions.name(text)}({', '.join(arguments)});"

    def per_tile(self, lines: list[str]) -> list[str]:
        """A loop over the tiles of the block around ``lines``."""
        steps = "".join(f", s{i} += DT_STRIDE" for i in range(len(self._chunks)))
        return [f"for (int tile = 0; tile < tiles; tile++{steps}) {{", *lines, "}"]


def _index(read: Read, feature: str) -> str:
    """The element that ``read`` takes for the flat index ``feature`` into its shape."""
    if feature.isdigit():
        rest, index = int(feature), read.offset
        for step, stride in zip(contiguous_strides(read.shape), read.strides, strict=True):
            index += rest // step * stride
            rest %= step
        return str(index)
    axes = [
        (n, step, inner)
        for n, step, inner in zip(read.shape, read.strides, contiguous_strides(read.shape), strict=True)
        if n != 1
    ]
    if all(step == axes[-1][1] * inner for _, step, inner in axes):
        return f"({feature} * {axes[-1][1] if axes else 0} + {read.offset})"
    total = prod(read.shape)
    terms = []
    for n, step, inner in axes:
        if step:
            quotient = f"{feature} / {inner}" if inner > 1 else feature
            terms.append(f"{quotient} % {n} * {step}" if n * inner < total else f"{quotient} * {step}")
    return f"({' + '.join([*terms, str(read.offset)])})"


def emit_group(group: Group, writer: Writer, functions: Functions) -> str:
    if group.product is not None:
        return emit_product(group.product, writer, functions, group)
    lines = ["const int f = 0;"] if group.features == 1 else []
    lines += _statements(group, writer, {})
    if group.features > 1:
        lines = [f"for (int f = 0; f < {group.features}; f++) {{", *lines, "}"]
    return writer.function(writer.per_tile([*_cleared(group, writer), *lines]), functions)


def _cleared(group: Group, writer: Writer) -> list[str]:
    """What folds begin with."""
    return [
        f"for (int f = 0; f < {fold.features}; f++) {writer.place(fold.output, 'f')} = {_identity(fold, writer)};"
        for fold in group.folds
    ]


def _identity(fold: FoldFeatures, writer: Writer) -> str:
    return f"(dt_v)({writer.target.literal(fold.kind.identity)})"


def _statements(group: Group, writer: Writer, known: dict[Node, str]) -> list[str]:
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


def emit_product(product: Product, writer: Writer, functions: Functions, group: Group | None = None) -> str:
    """A register-tiled product: some columns of all streams at a time, then the group's expressions on them."""
    if product.rows > 1:
        return writer.function(writer.per_tile(_product_rows(product, writer, group)), functions)
    count = len(product.streams)
    most = max(1, (writer.target.registers - 1 - count) // count)
    lines = _cleared(group, writer) if group else []
    for first, last, width in blocks(product.columns, most):
        lines += _product_columns(product, writer, group, first, last, width)
    return writer.function(writer.per_tile(lines), functions)


def _product_rows(product: Product, writer: Writer, group: Group | None) -> list[str]:
    """Many rows of one stream: squares of rows and columns."""
    (stream,) = product.streams
    weight, (step, across) = writer.tensor(product.weight.node), product.weight.strides
    side = 5 if writer.target.registers > 24 else 3
    lines = _cleared(group, writer) if group else []
    for r0, r1, rows in blocks(product.rows, side):
        for j0, j1, columns in blocks(product.columns, side):
            cells = [(r, c) for r in range(rows) for c in range(columns)]
            lines.append(f"for (int row = {r0}; row < {r1}; row += {rows})")
            lines.append(f"for (int j = {j0}; j < {j1}; j += {columns}) {{")
            lines.append("dt_v " + ", ".join(f"c{r}_{c} = (dt_v)(0)" for r, c in cells) + ";")
            lines.append(f"for (int k = 0; k < {product.inner}; k++) {{")
            for r in range(rows):
                place = f"(row + {r}) * {product.inner} + k + {stream.source_offset}"
                lines.append(f"const dt_v x{r} = {writer.place(stream.source, place)};")
            for c in range(columns):
                lines.append(
                    f"const dt_r m{c} = {weight}[k * {step} + (j + {c}) * {across} + {product.weight.offset}];"
                )
                lines += [f"c{r}_{c} += x{r} * m{c};" for r in range(rows)]
            lines.append("}")
            if group is None:
                for r, c in cells:
                    place = f"(row + {r}) * {product.columns} + j + {c + stream.output_offset}"
                    lines.append(f"{writer.place(stream.output, place)} = c{r}_{c};")
            else:
                lines.append(f"const dt_v done[] = {{{', '.join(f'c{r}_{c}' for r, c in cells)}}};")
                body = _statements(group, writer, {stream.output: f"done[r * {columns} + c]"})
                lines += ["#pragma unroll 1", f"for (int r = 0; r < {rows}; r++)"]
                lines += ["#pragma unroll 1", f"for (int c = 0; c < {columns}; c++) {{"]
                lines += [f"const int f = (row + r) * {product.columns} + j + c;", *body, "}"]
            lines.append("}")
    return lines


def _product_columns(
    product: Product, writer: Writer, group: Group | None, first: int, last: int, width: int
) -> list[str]:
    count = len(product.streams)
    cells = [(c, s) for c in range(width) for s in range(count)]
    row, column = product.weight.strides
    weight = writer.tensor(product.weight.node)
    lines = [f"for (int j = {first}; j < {last}; j += {width}) {{"]
    lines.append("dt_v " + ", ".join(f"c{c}_{s} = (dt_v)(0)" for c, s in cells) + ";")
    lines.append(f"for (int k = 0; k < {product.inner}; k++) {{")
    for s, stream in enumerate(product.streams):
        lines.append(f"const dt_v x{s} = {writer.place(stream.source, f'k + {stream.source_offset}')};")
    for c in range(width):
        lines.append(f"const dt_r m{c} = {weight}[k * {row} + (j + {c}) * {column} + {product.weight.offset}];")
        lines += [f"c{c}_{s} += x{s} * m{c};" for s in range(count)]
    lines.append("}")
    if group is None:
        for c, s in cells:
            stream = product.streams[s]
            lines.append(f"{writer.place(stream.output, f'j + {c + stream.output_offset}')} = c{c}_{s};")
        return [*lines, "}"]
    # A loop over the finished columns, not one copy of the expressions for each: a store and a load of each result
    # cost little, and compiling is what takes time.
    lines.append(f"const dt_v done[] = {{{', '.join(f'c{c}_{s}' for c, s in cells)}}};")
    known = {stream.output: f"done[c * {count} + {s}]" for s, stream in enumerate(product.streams)}
    body = _statements(group, writer, known)
    return [
        *lines,
        "#pragma unroll 1",
        f"for (int c = 0; c < {width}; c++) {{",
        "const int f = j + c;",
        *body,
        "}",
        "}",
    ]


def blocks(size: int, most: int) -> list[tuple[int, int, int]]:
    """Ranges of 0 .. size and each one's step: a divisor, if there is one not much less than ``most``."""
    most = min(size, most)
    divisors = [n for n in range(1, most + 1) if size % n == 0]
    if divisors[-1] * 5 >= most * 3:
        return [(0, size, divisors[-1])]
    whole = size - size % most
    return [(0, whole, most), (whole, size, size - whole)]


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
        where = writer.place(step.output, _index(target, "f"))
        lines.append(f"for (int f = 0; f < {prod(target.shape)}; f++) {where} = {writer.place(source, 'f')};")
    return writer.function(writer.per_tile(lines), functions)


def emit_step(step: Step, writer: Writer, functions: Functions) -> str:
    """Any step that leaves values in scratch."""
    match step:
        case Group():
            return emit_group(step, writer, functions)
        case Product():
            return emit_product(step, writer, functions)
        case FoldFeatures():
            return emit_fold(step, writer, functions)
        case Place():
            return emit_place(step, writer, functions)
        case _:
            raise AssertionError(step)
