"""Where the elements of a turn's values are while a loop runs: in variables, in a work-item's own arrays, or outside.

A value of few elements is so many variables. One of many, or one of which a loop takes another part in each turn, is an
array, for variables have no index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import assert_never

from dualtape.bits import exact_key
from dualtape.compiler.blocks.emit.writer import OTHER_TILE, Writer, index
from dualtape.compiler.blocks.tile import (
    Contraction,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Read,
    ReadableValue,
    Shared,
    TileCondition,
    TileLoop,
    TileOperand,
    TileOperation,
    TileValue,
)
from dualtape.compiler.program import Number
from dualtape.dtypes import DType, bool_

Element = Callable[[str], str]
"""The text of an element, from the text of its index."""

_COUNTERS = "tf"

FEW_ELEMENTS = 8
"""Elements of a value that are written out one by one; those of larger ones are a loop."""

FEW_CALLS = 2
"""The same, where each is a call of a function."""


class Variables:
    """The text of a loop so far, and where the elements of its values are.

    Parameters
    ----------
    writer, operation
        What the text is for.
    beside
        The same for the tile before, where two are gone through together.

    Attributes
    ----------
    before
        Loads of what does not change, which stand in front of all loops.
    lines
        All that is behind them.
    """

    def __init__(self, writer: Writer, operation: TileOperation, beside: Variables | None = None) -> None:
        self.writer, self._is_second = writer, beside is not None
        self.before: list[str] = []
        self.lines: list[str] = []
        self.elements: dict[ReadableValue, Element] = {}
        self.arrays = set(_indexed([operation]))
        self._loaded: dict[str, str] = {}
        self._numbers: dict[object, str] = beside._numbers if beside else {}
        self._names = 0

    # Reading

    def reader(self, x: TileOperand, dtype: DType | None = None) -> Element:
        """Element by element of what is read."""
        if not isinstance(x, Read):
            number = self._number(x)
            text = f"({number} != (dt_v)(0))" if dtype is bool_ else number
            return lambda f: text
        elements = self.of(x.value)
        if is_constant(x):
            return lambda f: elements(str(x.offset))
        return lambda f: elements(index(x, f))

    def of(self, value: ReadableValue) -> Element:
        """The elements of a value; one that nothing here makes is read where it is."""
        if value not in self.elements:
            self.elements[value] = self._outside(value)
        return self.elements[value]

    def place(self, value: ReadableValue) -> Element:
        """The elements of a value that lies outside, read anew each time."""
        if isinstance(value, Shared):
            tensor = self.writer.tensor(value)
            if value.dtype is bool_:
                return lambda f: f"((dt_v)({tensor}[{f}]) != (dt_v)(0))"
            return lambda f: f"((dt_v)({tensor}[{f}]))"
        if value.dtype is bool_:
            return lambda f: f"dt_as_mask({self.lies(value, f)})"
        return lambda f: self.lies(value, f)

    def lies(self, value: TileValue, f: str) -> str:
        """Where an element of a value in the tile lies."""
        if not self._is_second:
            return self.writer.place(value, f)
        return f"DT_AT({self.writer.address(value, f)} + {OTHER_TILE})"

    def row(self, stack: Read, at: TileValue, turn: str) -> None:
        """Where the part of a stack is in a turn; it is read once, if it is in variables."""
        elements = self.elements[stack.value] if stack.value in self.elements else self.place(stack.value)
        inner = Read(stack.value, stack.shape[1:], stack.offset, stack.strides[1:])

        def element(f: str) -> str:
            return elements(f"({index(inner, f)} + {turn} * {stack.strides[0]})")

        if self.is_array(at):
            self.elements[at] = element
        else:
            self._set(at, [self._written(f"const {kind(at)}", element(str(f))) for f in range(at.features)])

    def _number(self, value: Number) -> str:
        key = exact_key(value)
        if key not in self._numbers:
            self._numbers[key] = f"((dt_v)({self.writer.number(value)}))"
        return self._numbers[key]

    def _outside(self, value: ReadableValue) -> Element:
        place = self.place(value)

        def element(f: str) -> str:
            text = place(f)
            if not f.isdigit():
                return text
            if text not in self._loaded:
                self._loaded[text] = self.name("r")
                self.before.append(f"const {kind(value)} {self._loaded[text]} = {text};")
            return self._loaded[text]

        return element

    # Making

    def make(self, value: TileValue, element: Element, few: int = FEW_ELEMENTS) -> None:
        """A value of these elements; more than ``few`` are a loop."""
        if not self.is_array(value):
            self._set(value, [self.new(f"const {kind(value)}", element(str(f))) for f in range(value.features)])
            return
        place = self._array(value)
        self.each(value.features, lambda f: f"{place(f)} = {element(f)};", value.features > few)
        self.elements[value] = place

    def declare(self, value: TileValue, first: Element | None = None) -> None:
        """A value that gets other elements later."""
        if self.is_array(value):
            place = self.elements[value] = self._array(value)
            if first is not None:
                start = first
                self.each(value.features, lambda f: f"{place(f)} = {start(f)};")
            return
        names = [self.name("u") for _ in range(value.features)]
        for f, name in enumerate(names):
            self.lines.append(f"{kind(value)} {name}{'' if first is None else f' = {first(str(f))}'};")
        self._set(value, names)

    def each(self, count: int, line: Callable[[str], str], in_loop: bool = False) -> None:
        """A line for each element, or a loop of it, if there are many or it is to be one."""
        if count <= FEW_ELEMENTS and not in_loop:
            self.lines += [line(str(f)) for f in range(count)]
        else:
            f = self.name("f")
            self.lines.append(f"for (int {f} = 0; {f} < {count}; {f}++) {{ {line(f)} }}")

    def new(self, of_kind: str, text: str) -> str:
        """A variable with this value; what is a constant variable already needs none."""
        return text if text.isidentifier() and text[0] != "u" else self._written(of_kind, text)

    def _written(self, of_kind: str, text: str) -> str:
        name = self.name("v")
        self.lines.append(f"{of_kind} {name} = {text};")
        return name

    def name(self, letter: str) -> str:
        """A new one; two tiles have the counters of their loops together."""
        self._names += 1
        is_own = self._is_second and letter not in _COUNTERS
        return f"{letter}{self._names}{'b' if is_own else ''}"

    def is_array(self, value: TileValue) -> bool:
        """Whether a value is an array."""
        return value.features > FEW_ELEMENTS or value in self.arrays

    def _array(self, value: TileValue) -> Element:
        name = self.name("k")
        self.lines.append(f"{kind(value)} {name}[{value.features}];")
        return lambda f: f"{name}[{f}]"

    def kept(self, value: TileValue) -> Element:
        """An array for what the turns of a loop inside of another one leave."""
        self.elements[value] = self._array(value)
        return self.elements[value]

    def _set(self, value: TileValue, names: list[str]) -> None:
        self.elements[value] = lambda f: names[int(f)]


def kind(value: ReadableValue) -> str:
    """The type of a vector of elements: truth values are masks."""
    return "dt_m" if value.dtype is bool_ else "dt_v"


def in_tile(text: str, value: TileValue) -> str:
    """An element as it lies in the tile, where truth values are vectors as others."""
    return f"dt_as_vector({text})" if value.dtype is bool_ else text


def is_constant(read: Read) -> bool:
    """Whether all that is read is one element."""
    return all(n == 1 or step == 0 for n, step in zip(read.shape, read.strides, strict=True))


def is_large(product: PointProduct) -> bool:
    """Whether a product is loops."""
    return max(product.rows, product.inner, product.columns) > FEW_ELEMENTS


def few_of(m: ElementwiseMap) -> int:
    """How many elements are written out: what calls a function is long, for drivers put its text there each time."""
    return FEW_CALLS if m.code.functions else FEW_ELEMENTS


def _indexed(operations: Iterable[TileOperation]) -> Iterator[TileValue]:
    """Values of which an element is taken by an index that is known only when the kernel runs."""
    for operation in operations:
        match operation:
            case ElementwiseMap(output=output, operands=operands):
                if output.features > few_of(operation):
                    yield output
                    yield from _read_of(operands)
            case FoldFeatures(source=source):
                if operation.output.features * operation.terms > FEW_ELEMENTS:
                    yield from _read_of([source])
            case Embed(output=output, parts=parts):
                if any(value.features > FEW_ELEMENTS for value in (output, *(value for value, _ in parts))):
                    yield output
                    yield from (value for value, _ in parts)
            case PointProduct(streams=streams):
                if is_large(operation):
                    yield from (value for stream in streams for value in (stream.source, stream.output))
            case TileLoop():
                yield from _indexed_by_loop(operation)
                yield from _indexed(operation.operations)
            case TileCondition():
                for if_true, if_false, value in operation.outcomes:
                    if value.features > FEW_ELEMENTS:
                        yield from _read_of([if_true, if_false])
                yield from _indexed((*operation.true, *operation.false))
            case Contraction():
                pass
            case _:
                assert_never(operation)


def _indexed_by_loop(loop: TileLoop) -> Iterator[TileValue]:
    yield from (row.stack.value for row in loop.rows if isinstance(row.stack.value, TileValue))
    for carry in loop.carries:
        if carry.at.features > FEW_ELEMENTS:
            yield from _read_of([carry.first, carry.after])
    for each, stack in loop.kept:
        if stack.features // loop.length > FEW_ELEMENTS:
            yield from _read_of([each])


def _read_of(operands: Iterable[TileOperand]) -> Iterator[TileValue]:
    """The values of which several elements are read."""
    for x in operands:
        if isinstance(x, Read) and isinstance(x.value, TileValue) and not is_constant(x):
            yield x.value
