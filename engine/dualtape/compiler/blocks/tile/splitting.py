"""A pass over tile programs: values of several short rows become several values.

The directions of a jet may lie in one tensor (directions, points, features). As values of their own they join the
groups of the other streams, and no loop over features needs to find out in which row it is.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product as all_indices
from math import prod

from dualtape.compiler.blocks.tile.tiles import (
    MOST_ROWS,
    Contraction,
    FoldFeatures,
    Map,
    Operation,
    Place,
    Product,
    Read,
    Stream,
    Term,
    whole,
)
from dualtape.compiler.program import Node
from dualtape.core.spec import Spec


def split_rows(operations: tuple[Operation, ...], kept: frozenset[Node]) -> tuple[Operation, ...]:
    """The same program with one value for each row, wherever there are few rows."""
    splitting = _Splitting(kept)
    for operation in operations:
        splitting.visit(operation)
    return tuple(splitting.operations)


class _Splitting:
    def __init__(self, kept: frozenset[Node]) -> None:
        self.operations: list[Operation] = []
        self._kept = kept
        self._rows: dict[Node, tuple[Node, ...]] = {}
        self._lengths: dict[Node, int] = {}
        self._joined: set[Node] = set()

    def visit(self, operation: Operation) -> None:
        match operation:
            case Map():
                self._map(operation)
            case Product():
                self._product(operation)
            case FoldFeatures():
                self._fold(operation)
            case Contraction(terms=terms):
                self.operations.append(replace(operation, terms=tuple(map(self._term, terms))))
            case Place(parts=parts):
                for node, _ in parts:
                    self._join(node)
                self.operations.append(operation)
            case _:
                self.operations.append(operation)

    def _map(self, operation: Map) -> None:
        shapes = [x.shape for x in operation.operands if isinstance(x, Read)]
        shape = tuple(n for n in shapes[0] if n != 1)
        if len(shape) < 2 or shape[0] > MOST_ROWS or operation.output in self._kept:
            operands = tuple(self._read(x) if isinstance(x, Read) else x for x in operation.operands)
            self.operations.append(replace(operation, operands=operands))
            return
        features = operation.features // shape[0]
        for i, row in enumerate(self._divide(operation.output, shape[0], features)):
            operands = tuple(self._read(_squeezed(x).at(i)) if isinstance(x, Read) else x for x in operation.operands)
            self.operations.append(replace(operation, output=row, features=features, operands=operands))

    def _divide(self, node: Node, count: int, features: int) -> tuple[Node, ...]:
        rows = tuple(Node(Spec(node.spec.shape, node.spec.dtype)) for _ in range(count))
        self._rows[node] = rows
        self._lengths[node] = features
        return rows

    def _term(self, term: Term) -> Term:
        if term.count > 1:
            # More rows than are split: what they belong to stays whole.
            for read in term.reads:
                self._join(read.node)
            return term
        return Term(self._read(term.x), None if term.y is None else self._read(term.y))

    def _product(self, operation: Product) -> None:
        streams = list(operation.streams)
        output = streams[0].output
        if 1 < len(streams) <= MOST_ROWS and output not in self._kept:
            rows = self._divide(output, len(streams), operation.columns)
            streams = [Stream(x.source, x.source_offset, row, 0) for x, row in zip(streams, rows, strict=True)]
        found = []
        for x in streams:
            source = self._read(Read(x.source, (operation.rows * operation.inner,), x.source_offset, (1,)))
            found.append(Stream(source.node, source.offset, x.output, x.output_offset))
        self.operations.append(replace(operation, streams=tuple(found)))

    def _fold(self, operation: FoldFeatures) -> None:
        """A fold of few rows is a chain of elementwise operations."""
        source, kept = operation.source, operation.kept
        reduced = source.shape[kept:]
        if not 1 < prod(reduced) <= MOST_ROWS:
            found = self._read(source)
            self.operations.append(replace(operation, source=found))
            return
        total: Read | None = None
        last = prod(reduced) - 1
        for i, index in enumerate(all_indices(*map(range, reduced))):
            offset = source.offset + sum(n * step for n, step in zip(index, source.strides[kept:], strict=True))
            row = self._read(Read(source.node, source.shape[:kept], offset, source.strides[:kept]))
            if total is None:
                total = row
                continue
            output = operation.output if i == last else Node(operation.output.spec)
            self.operations.append(Map(output, operation.features, operation.kind.combine, (total, row)))
            total = whole(output, source.shape[:kept])

    def _read(self, read: Read) -> Read:
        """The read of the one row that it stays in; rows are joined for a read that does not."""
        rows = self._rows.get(read.node)
        if rows is None:
            return read
        length = self._lengths[read.node]
        low = read.offset + sum((n - 1) * min(step, 0) for n, step in zip(read.shape, read.strides, strict=True))
        high = read.offset + sum((n - 1) * max(step, 0) for n, step in zip(read.shape, read.strides, strict=True))
        row = low // length
        if row == high // length:
            return Read(rows[row], read.shape, read.offset - row * length, read.strides)
        self._join(read.node)
        return read

    def _join(self, node: Node) -> None:
        if node in self._rows and node not in self._joined:
            self._joined.add(node)
            length = self._lengths[node]
            parts = tuple((row, Read(node, (length,), i * length, (1,))) for i, row in enumerate(self._rows[node]))
            self.operations.append(Place(node, length * len(parts), parts))


def _squeezed(read: Read) -> Read:
    axes = [i for i, n in enumerate(read.shape) if n != 1]
    return Read(read.node, tuple(read.shape[i] for i in axes), read.offset, tuple(read.strides[i] for i in axes))
