"""Random tile programs, and what they compute: point by point in NumPy, as their docstrings say."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import dualtape as dt
from dualtape.compiler.blocks.tile import (
    COPY,
    Contraction,
    ContractionTerm,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Read,
    Shared,
    SharedRead,
    Stream,
    TileOperation,
    TileRead,
    TileValue,
)
from dualtape.compiler.program import Node
from dualtape.core.expression import Expression, in_c, x, y
from dualtape.core.lowering import Fold
from dualtape.core.spec import Spec

POINTS = 3
unhurried = settings(deadline=None)
"""For tests on a machine that may be busy."""
SUM = Fold(0, x + y)
Memory = dict[TileValue | Shared, np.ndarray]
Sums = dict[Node, np.ndarray]


class Drawn(NamedTuple):
    """Operations, the values that are there before them, and those that are read after them."""

    operations: tuple[TileOperation, ...]
    loaded: tuple[TileValue, ...]
    live_out: frozenset[TileValue]


def value(features: int) -> TileValue:
    return TileValue(features, dt.float64)


def shared(*shape: int) -> Shared:
    return Shared(Node(Spec(shape, dt.float64)))


def mapped(code: Expression, *operands: Read) -> ElementwiseMap:
    """A map on operands of one size."""
    return ElementwiseMap(value(prod(operands[0].shape)), code, operands)


def contraction(left: TileRead, right: TileRead | None, rows: int, columns: int = 1) -> Contraction:
    output = Node(Spec((rows, columns), dt.float64))
    return Contraction(output, (ContractionTerm(left, right),), rows, columns)


@st.composite
def tile_programs(draw: st.DrawFn) -> Drawn:
    """Programs of all operations on values of a few rows, which are read whole, row by row and transposed."""
    shapes: dict[TileValue, tuple[int, int]] = {}
    operations: list[TileOperation] = []

    def new(rows: int, columns: int) -> TileValue:
        made = value(rows * columns)
        shapes[made] = (rows, columns)
        return made

    def some() -> tuple[TileValue, int, int]:
        chosen = draw(st.sampled_from(list(shapes)))
        return (chosen, *shapes[chosen])

    loaded = tuple(new(draw(st.integers(1, 10)), draw(st.integers(1, 4))) for _ in range(draw(st.integers(1, 2))))
    for _ in range(draw(st.integers(1, 10))):
        source, rows, columns = some()
        whole = source.whole((rows, columns))
        match draw(st.sampled_from(["map", "row", "transpose", "product", "fold", "embed"])):
            case "map":
                alike = [each for each, shape in shapes.items() if shape == (rows, columns)]
                other = draw(st.sampled_from(alike)).whole((rows, columns))
                if draw(st.booleans()):
                    other = other.at(draw(st.integers(0, rows - 1))).stretched((rows, columns))
                operations.append(ElementwiseMap(new(rows, columns), x - y - y, (whole, other)))
            case "row":
                row = whole.at(draw(st.integers(0, rows - 1)))
                operations.append(ElementwiseMap(new(1, columns), COPY, (row,)))
            case "transpose":
                operations.append(ElementwiseMap(new(columns, rows), COPY, (whole.arranged([1, 0]),)))
            case "product":
                wide = draw(st.integers(1, 3))
                matrix = shared(columns, wide).whole((columns, wide))
                output = new(rows, wide)
                if rows > 8:
                    operations.append(PointProduct((Stream(source, 0, output, 0),), matrix, columns, wide, rows))
                else:
                    streams = tuple(Stream(source, i * columns, output, i * wide) for i in range(rows))
                    operations.append(PointProduct(streams, matrix, columns, wide))
            case "fold":
                axes = draw(st.sampled_from([[0, 1], [1, 0]]))
                read = whole.arranged(axes)
                operations.append(FoldFeatures(new(1, read.shape[0]), read, 1, SUM))
            case "embed":
                other, more, wide = some()
                output = new(1, rows * columns + more * wide + 1)
                first = output.whole((rows * columns,))
                second = TileRead(output, (more * wide,), rows * columns + 1, (1,))
                operations.append(Embed(output, ((source, first), (other, second))))
    for _ in range(draw(st.integers(1, 3))):
        (left, _, _), (right, _, _) = some(), some()
        x_row, y_row = left.whole((left.features,)), right.whole((right.features,))
        operations.append(contraction(x_row, y_row, left.features, right.features))
    live_out = draw(st.lists(st.sampled_from(list(shapes)), max_size=2))
    return Drawn(tuple(operations), loaded, frozenset(live_out))


def compute(operations: Iterable[TileOperation], loaded: Iterable[TileValue]) -> tuple[Memory, Sums]:
    """The values of a program, (points, features) each, and its sums; a value is there once something made it."""
    rng = np.random.default_rng(5)
    memory: Memory = {each: rng.normal(size=(POINTS, each.features)) for each in loaded}
    sums: Sums = {}
    for operation in operations:
        match operation:
            case ElementwiseMap(output=output, operands=operands):
                given = [_taken(memory, each) if isinstance(each, Read) else each for each in operands]
                # Without numbers, choices and calls, C code is Python's as well.
                memory[output] = eval(in_c(operation.code), {}, dict(zip("xyz", given, strict=False)))
            case PointProduct(streams=streams, rows=rows, inner=inner, columns=columns):
                matrix = _taken(memory, operation.weight)[0].reshape(inner, columns)
                for each in streams:
                    source = memory[each.source][:, each.source_offset :][:, : rows * inner]
                    made = (source.reshape(POINTS, rows, inner) @ matrix).reshape(POINTS, rows * columns)
                    output = memory.setdefault(each.output, np.full((POINTS, each.output.features), np.nan))
                    output[:, each.output_offset :][:, : rows * columns] = made
            case FoldFeatures(output=output, source=source, kept_axes=kept):
                assert operation.kind is SUM
                elements = _taken(memory, source).reshape(POINTS, prod(source.shape[:kept]), -1)
                memory[output] = elements.sum(-1)
            case Embed(output=output, parts=parts):
                memory[output] = np.zeros((POINTS, output.features))
                for part, target in parts:
                    memory[output][:, _places(target)] = memory[part][:, : prod(target.shape)]
            case Contraction(output=node, terms=terms, rows=rows, columns=columns):
                sums[node] = np.zeros((rows, columns))
                for term in terms:
                    for row in range(term.count):
                        left = memory[term.x.value][:, term.x.offset + row * term.x_step :][:, :rows]
                        right = np.ones((POINTS, 1))
                        if term.y is not None:
                            right = memory[term.y.value][:, term.y.offset + row * term.y_step :][:, :columns]
                        sums[node] += left.T @ right
    return memory, sums


def _taken(memory: Memory, read: Read) -> np.ndarray:
    """What is read, (points, elements); a shared value is the same for one node, whichever program reads it."""
    if isinstance(read, SharedRead):
        features = prod(read.value.node.spec.shape)
        array = memory.setdefault(read.value, np.tile(np.linspace(-1, 2, features), (POINTS, 1)))
    else:
        array = memory[read.value]
    return array[:, _places(read)]


def _places(read: Read) -> np.ndarray:
    places = np.array([read.offset])
    for size, step in zip(read.shape, read.strides, strict=True):
        places = (places[:, None] + np.arange(size) * step).ravel()
    return places
