"""Loops and conditions at the points, written out: a loop is one in C, and what it carries stays in registers.

The right-hand side of an ordinary differential equation is some dozens of operations on a few numbers. Written one
after the other, on variables, they never touch memory; only what the turns of a loop keep is written there.
"""

from __future__ import annotations

from functools import partial
from itertools import product as all_indices
from math import prod
from typing import assert_never

from dualtape.compiler.blocks.emit.variables import FEW_ELEMENTS, Element, Variables, few_of, in_tile, is_large
from dualtape.compiler.blocks.emit.writer import Draft, Writer, index
from dualtape.compiler.blocks.tile import (
    Contraction,
    ControlOperation,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Read,
    Shared,
    Stream,
    TileCondition,
    TileLoop,
    TileOperation,
    TileValue,
    written_size,
)
from dualtape.core.expression import in_c

MOST_TOGETHER = 200
"""Operations of a loop that two tiles go through together."""

_COLUMNS = 4
"""Of a large product that are added up side by side."""


def emit_control(operation: ControlOperation, writer: Writer) -> Draft:
    """A loop or a condition, for one tile after the other."""
    first = _Written(writer, operation)
    if not _has_room_for_two(operation) or writer.target.points_on_work_items:
        return writer.function(writer.per_tile(first.text()))
    pairs = zip(first.text(), _Written(writer, operation, first).text(), strict=True)
    return writer.function(writer.per_two_tiles([line for x, y in pairs for line in dict.fromkeys((x, y))]))


def _has_room_for_two(operation: TileOperation) -> bool:
    """Whether registers hold what two tiles need: then one computes while the other one waits for its last result.

    Two tiles cannot ask one question, which is about one of their values.
    """
    if not isinstance(operation, TileLoop) or written_size([operation]) > MOST_TOGETHER:
        return False
    return all(_has_room_for_two(x) for x in operation.operations if isinstance(x, ControlOperation))


class _Written:
    """Operations as text."""

    def __init__(self, writer: Writer, operation: ControlOperation, beside: _Written | None = None) -> None:
        self._writer, self._operation = writer, operation
        self._variables: Variables = Variables(writer, operation, beside._variables if beside else None)
        self._kept_in_tile: set[TileValue] = set()

    def text(self) -> list[str]:
        """The operation, and what it leaves in the tile."""
        operation, variables = self._operation, self._variables
        if isinstance(operation, TileLoop):
            self._kept_in_tile = {kept.stack for kept in operation.kept}
        variables.elements |= {stack: partial(variables.lies, stack) for stack in self._kept_in_tile}
        self._write(operation)
        for value in operation.values_made():
            if value not in self._kept_in_tile:
                self._store(value)
        return [*variables.before, *variables.lines]

    def _store(self, value: TileValue) -> None:
        variables = self._variables
        element = variables.of(value)
        variables.each(value.features, lambda f: f"{variables.lies(value, f)} = {in_tile(element(f), value)};")

    def _write(self, operation: TileOperation) -> None:
        match operation:
            case ElementwiseMap(output=output, code=code, operands=operands):
                reads = [self._variables.reader(x) for x in operands]
                few = few_of(operation)
                self._variables.make(output, lambda f: in_c(code, [x(f) for x in reads], "dt_v"), few)
            case FoldFeatures():
                self._fold(operation)
            case Embed():
                self._embed(operation)
            case PointProduct() if is_large(operation):
                self._large_product(operation)
            case PointProduct():
                self._product(operation)
            case TileLoop():
                self._loop(operation)
            case TileCondition():
                self._condition(operation)
            case Contraction():
                raise AssertionError("sums over the points are not made in a loop, but behind it")
            case _:
                assert_never(operation)

    def _fold(self, fold: FoldFeatures) -> None:
        variables, terms = self._variables, fold.terms
        source = variables.reader(fold.source)
        identity = f"(dt_v)({self._writer.target.literal(fold.kind.identity)})"
        variables.declare(fold.output, lambda f: identity)
        total = variables.of(fold.output)

        def line(f: str) -> str:
            nexts = ((total(f), source(_at(f, terms, r))) for r in rs)
            return loop + " ".join(f"{total(f)} = {in_c(fold.kind.combine, pair, 'dt_v')};" for pair in nexts)

        r = variables.name("f")
        few = fold.output.features * terms <= FEW_ELEMENTS
        rs = [str(i) for i in range(terms)] if few else [r]
        loop = "" if few else f"for (int {r} = 0; {r} < {terms}; {r}++) "
        variables.each(fold.output.features, line)

    def _embed(self, embed: Embed) -> None:
        variables, output = self._variables, embed.output
        if not variables.is_array(output):
            texts = ["((dt_v)(0))"] * output.features
            for source, place in embed.parts:
                for f in range(prod(place.shape)):
                    texts[int(index(place, str(f)))] = variables.of(source)(str(f))
            variables.make(output, lambda f: texts[int(f)])
            return
        variables.declare(output, lambda f: "(dt_v)(0)")
        to = variables.of(output)
        for source, place in embed.parts:
            element = variables.of(source)
            variables.each(prod(place.shape), lambda f: f"{to(index(place, f))} = {element(f)};")  # noqa: B023

    def _product(self, product: PointProduct) -> None:
        variables = self._variables
        texts = {value: ["((dt_v)(0))"] * value.features for value in product.values_made()}
        (row, column), first = product.weight.strides, product.weight.offset
        weight = variables.of(product.weight.value)
        for stream in product.streams:
            source = variables.of(stream.source)
            for r, j in all_indices(range(product.rows), range(product.columns)):
                start = stream.source_offset + r * product.inner
                terms = (
                    f"{source(str(start + k))} * {weight(str(first + k * row + j * column))}"
                    for k in range(product.inner)
                )
                place = stream.output_offset + r * product.columns + j
                texts[stream.output][place] = variables.new("const dt_v", " + ".join(terms))
        for value, elements in texts.items():
            variables.make(value, lambda f: elements[int(f)])  # noqa: B023

    def _large_product(self, product: PointProduct) -> None:
        for value in product.values_made():
            self._variables.declare(value)
        for stream in product.streams:
            for start in range(0, product.columns, _COLUMNS):
                if product.columns - start < _COLUMNS:
                    self._columns(product, stream, str(start), product.columns - start)
            whole = product.columns - product.columns % _COLUMNS
            if whole:
                j = self._variables.name("f")
                self._variables.lines.append(f"for (int {j} = 0; {j} < {whole}; {j} += {_COLUMNS}) {{")
                self._columns(product, stream, j, _COLUMNS)
                self._variables.lines.append("}")

    def _columns(self, product: PointProduct, stream: Stream, j: str, count: int) -> None:
        """Some columns of a product, each added up in a variable of its own."""
        variables = self._variables
        (row, column), first = product.weight.strides, product.weight.offset
        weight = self._writer.tensor(product.weight.value)
        source, output = variables.of(stream.source), variables.of(stream.output)
        r, k, x = variables.name("f"), variables.name("f"), variables.name("v")
        sums = [variables.name("v") for _ in range(count)]
        lines = [
            f"for (int {r} = 0; {r} < {product.rows}; {r}++) {{",
            f"dt_v {', '.join(f'{name} = (dt_v)(0)' for name in sums)};",
            f"for (int {k} = 0; {k} < {product.inner}; {k}++) {{",
            f"const dt_v {x} = {source(f'({stream.source_offset} + {r} * {product.inner} + {k})')};",
        ]
        for i, name in enumerate(sums):
            lines.append(f"{name} += {x} * {weight}[{first} + {k} * {row} + ({j} + {i}) * {column}];")
        lines.append("}")
        for i, name in enumerate(sums):
            lines.append(f"{output(f'({stream.output_offset} + {r} * {product.columns} + {j} + {i})')} = {name};")
        variables.lines += [*lines, "}"]

    def _loop(self, loop: TileLoop) -> None:
        variables = self._variables
        for carry in loop.carries:
            variables.declare(carry.at, variables.reader(carry.first, carry.at.dtype))
            variables.elements[carry.last] = variables.of(carry.at)
        for kept in loop.kept:
            if kept.stack not in self._kept_in_tile:
                variables.kept(kept.stack)
        turn, last = variables.name("t"), loop.length - 1
        order = f"{turn} = {last}; {turn} >= 0; {turn}--" if loop.back else f"{turn} = 0; {turn} <= {last}; {turn}++"
        variables.lines += ["#pragma unroll 1", f"for (int {order}) {{"]
        for row in loop.rows:
            variables.row(row.stack, row.at, turn)
        for operation in loop.operations:
            self._write(operation)
        for each, stack in loop.kept:
            self._keep(variables.reader(each, stack.dtype), stack, stack.features // loop.length, turn)
        self._carry_on(loop)
        variables.lines.append("}")

    def _keep(self, each: Element, stack: TileValue, size: int, turn: str) -> None:
        place, is_in_tile = self._variables.of(stack), stack in self._kept_in_tile

        def line(f: str) -> str:
            text = in_tile(each(f), stack) if is_in_tile else each(f)
            return f"{place(f'({turn} * {size} + {f})')} = {text};"

        self._variables.each(size, line)

    def _carry_on(self, loop: TileLoop) -> None:
        """The carries of the next turn: all that they are made of is there before the first of them is written."""
        variables = self._variables
        ats = {carry.at for carry in loop.carries}
        moves: list[tuple[TileValue, Element]] = []
        for carry in loop.carries:
            after = variables.reader(carry.after, carry.at.dtype)
            if isinstance(carry.after, Read) and carry.after.value in ats:
                if carry.after.is_whole and carry.after.value is carry.at:
                    continue
                copy = TileValue(carry.at.features, carry.at.dtype)
                if variables.is_array(carry.at):
                    variables.arrays.add(copy)
                variables.make(copy, after)
                after = variables.of(copy)
            moves.append((carry.at, after))
        for at, after in moves:
            place = variables.of(at)
            variables.each(at.features, lambda f: f"{place(f)} = {after(f)};")  # noqa: B023

    def _condition(self, condition: TileCondition) -> None:
        variables, predicate = self._variables, condition.predicate
        if isinstance(predicate.value, Shared):
            test = f"{self._writer.tensor(predicate.value)}[{index(predicate, '0')}] != 0"
        else:
            mask = variables.name("v")
            variables.lines.append(f"const dt_m {mask} = {variables.reader(predicate)('0')};")
            test = f"((const dt_i *)&{mask})[0] != 0"
        for outcome in condition.outcomes:
            variables.declare(outcome.value)
        for begin, operations, if_true in (
            (f"if ({test}) {{", condition.true, True),
            ("else {", condition.false, False),
        ):
            variables.lines.append(begin)
            for operation in operations:
                self._write(operation)
            for outcome in condition.outcomes:
                value = outcome.value
                chosen = variables.reader(outcome.if_true if if_true else outcome.if_false, value.dtype)
                place = variables.of(value)
                variables.each(value.features, lambda f: f"{place(f)} = {chosen(f)};")  # noqa: B023
            variables.lines.append("}")


def _at(f: str, terms: int, r: str) -> str:
    """The index of a term of a fold."""
    return str(int(f) * terms + int(r)) if f.isdigit() and r.isdigit() else f"({f} * {terms} + {r})"
