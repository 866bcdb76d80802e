"""A pass over tile programs: values of several short rows become several values.

The directions of a jet may lie in one tensor (directions, points, features). As values of their own they join the
groups of the other streams, and no loop over features needs to find out in which row it is.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product as all_indices
from math import prod
from typing import assert_never

from dualtape.compiler.blocks.tile.control import TileCondition, TileLoop, TileOperation
from dualtape.compiler.blocks.tile.tiles import (
    MOST_ROWS,
    Contraction,
    ContractionTerm,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Read,
    Stream,
    TileRead,
    TileValue,
)


def split_rows(operations: tuple[TileOperation, ...], live_out: frozenset[TileValue]) -> tuple[TileOperation, ...]:
    """The same program with one value for each row, wherever there are few rows; ``live_out`` values stay whole."""
    splitting = _Splitting(live_out)
    for operation in operations:
        splitting.visit(operation)
    return tuple(splitting.operations)


class _Splitting:
    """The operations so far, the rows of values that were split, and those that were joined again for a reader."""

    def __init__(self, live_out: frozenset[TileValue]) -> None:
        self.operations: list[TileOperation] = []
        self._live_out = live_out
        self._rows: dict[TileValue, tuple[TileValue, ...]] = {}
        self._joined: set[TileValue] = set()

    def visit(self, operation: TileOperation) -> None:
        match operation:
            case ElementwiseMap():
                self._map(operation)
            case PointProduct():
                self._product(operation)
            case FoldFeatures():
                self._fold(operation)
            case Contraction(terms=terms):
                self.operations.append(replace(operation, terms=tuple(map(self._term, terms))))
            case Embed(parts=parts):
                for value, _ in parts:
                    self._join(value)
                self.operations.append(operation)
            case TileLoop() | TileCondition():
                # What it holds reads elements of whole values.
                for taken in operation.values_read():
                    if isinstance(taken, TileValue):
                        self._join(taken)
                self.operations.append(operation)
            case _:
                assert_never(operation)

    def _map(self, operation: ElementwiseMap) -> None:
        shape = tuple(n for n in operation.reads[0].shape if n != 1)
        if len(shape) < 2 or shape[0] > MOST_ROWS or operation.output in self._live_out:
            operands = tuple(self._read(x) if isinstance(x, Read) else x for x in operation.operands)
            self.operations.append(replace(operation, operands=operands))
            return
        for i, row in enumerate(self._divide(operation.output, shape[0])):
            operands = tuple(self._read(_squeezed(x).at(i)) if isinstance(x, Read) else x for x in operation.operands)
            self.operations.append(replace(operation, output=row, operands=operands))

    def _divide(self, value: TileValue, count: int) -> tuple[TileValue, ...]:
        rows = tuple(TileValue(value.features // count, value.dtype) for _ in range(count))
        self._rows[value] = rows
        return rows

    def _term(self, term: ContractionTerm) -> ContractionTerm:
        if term.count > 1:
            # More rows than are split: what they belong to stays whole.
            for read in term.reads:
                self._join(read.value)
            return term
        return ContractionTerm(self._row(term.x), None if term.y is None else self._row(term.y))

    def _product(self, operation: PointProduct) -> None:
        streams = list(operation.streams)
        output = streams[0].output
        if 1 < len(streams) <= MOST_ROWS and output not in self._live_out:
            rows = self._divide(output, len(streams))
            streams = [Stream(x.source, x.source_offset, row, 0) for x, row in zip(streams, rows, strict=True)]
        found = []
        for x in streams:
            source = self._row(TileRead(x.source, (operation.rows * operation.inner,), x.source_offset, (1,)))
            found.append(Stream(source.value, source.offset, x.output, x.output_offset))
        self.operations.append(replace(operation, streams=tuple(found)))

    def _fold(self, operation: FoldFeatures) -> None:
        """A fold of few rows is a chain of elementwise operations."""
        source, kept = operation.source, operation.kept_axes
        reduced = source.shape[kept:]
        if not 1 < prod(reduced) <= MOST_ROWS:
            self.operations.append(replace(operation, source=self._read(source)))
            return
        total: Read | None = None
        last = prod(reduced) - 1
        for i, index in enumerate(all_indices(*map(range, reduced))):
            offset = source.offset + sum(n * step for n, step in zip(index, source.strides[kept:], strict=True))
            outer = replace(source, shape=source.shape[:kept], offset=offset, strides=source.strides[:kept])
            row = self._read(outer)
            if total is None:
                total = row
                continue
            output = operation.output if i == last else TileValue(operation.output.features, operation.output.dtype)
            self.operations.append(ElementwiseMap(output, operation.kind.combine, (total, row)))
            total = output.whole(source.shape[:kept])

    def _read(self, read: Read) -> Read:
        return self._row(read) if isinstance(read, TileRead) else read

    def _row(self, read: TileRead) -> TileRead:
        """The read of the one row that it stays in; rows are joined for a read that does not."""
        rows = self._rows.get(read.value)
        if rows is None:
            return read
        length = rows[0].features
        low = read.offset + sum((n - 1) * min(step, 0) for n, step in zip(read.shape, read.strides, strict=True))
        high = read.offset + sum((n - 1) * max(step, 0) for n, step in zip(read.shape, read.strides, strict=True))
        row = low // length
        if row == high // length:
            return TileRead(rows[row], read.shape, read.offset - row * length, read.strides)
        self._join(read.value)
        return read

    def _join(self, value: TileValue) -> None:
        if value in self._rows and value not in self._joined:
            self._joined.add(value)
            rows = self._rows[value]
            parts = tuple((row, TileRead(value, (row.features,), i * row.features, (1,))) for i, row in enumerate(rows))
            self.operations.append(Embed(value, parts))


def _squeezed(read: Read) -> Read:
    return read.arranged([i for i, n in enumerate(read.shape) if n != 1])
