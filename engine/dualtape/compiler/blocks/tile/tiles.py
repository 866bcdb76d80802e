"""The tile program: what a block kernel does with each point.

A value of the tile program has `features` elements at each point, in the C order of its per-point shape. A
:class:`Read` says which of them an operation takes: indices are affine, so cuts, permutations and repetitions
cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from dualtape.compiler.program import Node, Number
from dualtape.core.expression import Expression
from dualtape.core.expression import x as element
from dualtape.core.lowering import Fold, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import bool_

COPY = element
"""The expression of a map that only moves elements."""

MOST_ROWS = 8
"""Rows of a value at a point that are treated one by one; more of them are a loop."""


@dataclass(frozen=True)
class Read:
    """Element ``offset + sum(index * stride)`` of ``node``, for an index into ``shape``."""

    node: Node
    shape: Shape
    offset: int
    strides: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        """Whether elements come in their own order, from the first."""
        return self.offset == 0 and all(
            size == 1 or stride == expected
            for size, stride, expected in zip(self.shape, self.strides, contiguous_strides(self.shape), strict=True)
        )

    @property
    def is_dense(self) -> bool:
        """Whether elements lie side by side in their own order, from wherever the first one is."""
        return Read(self.node, self.shape, 0, self.strides).is_whole

    def at(self, index: int) -> Read:
        """The part at ``index`` of the first axis."""
        return Read(self.node, self.shape[1:], self.offset + index * self.strides[0], self.strides[1:])

    def stretched(self, shape: Shape) -> Read:
        """The same, broadcast to ``shape``."""
        lead = len(shape) - len(self.shape)
        strides = tuple(0 if size == 1 else step for size, step in zip(self.shape, self.strides, strict=True))
        return Read(self.node, shape, self.offset, (0,) * lead + strides)


@dataclass(frozen=True, eq=False)
class Map:
    """``output[f] = code(operands at f)``; ``primitive`` is None for a copy."""

    output: Node
    features: int
    code: Expression
    operands: tuple[Read | Number, ...]
    primitive: Primitive | None = None

    @property
    def gives_bool(self) -> bool:
        return self.output.spec.dtype is bool_


@dataclass(frozen=True, eq=False)
class Stream:
    """One row of features, from ``offset`` on ``inner`` of them, and the row that a product makes of it."""

    source: Node
    source_offset: int
    output: Node
    output_offset: int


@dataclass(frozen=True, eq=False)
class Product:
    """``output[j] = sum over k of source[k] * weight[k, j]`` for each stream.

    A stream may stand for many ``rows``, one behind the other, as the directions of a gradient are.
    """

    streams: tuple[Stream, ...]
    weight: Read
    inner: int
    columns: int
    rows: int = 1


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """``output[f]``: the elements ``f, r`` of the source combined over ``r``. ``source.shape`` is (f, r)."""

    output: Node
    features: int
    source: Read
    kept: int
    kind: Fold


@dataclass(frozen=True, eq=False)
class Place:
    """Elements of the sources at ``reads``' places in an output that is zero elsewhere."""

    output: Node
    features: int
    parts: tuple[tuple[Node, Read], ...]


@dataclass(frozen=True)
class Term:
    """``x[k] * y[j]``, or ``x[k]`` without a ``y``, summed over ``count`` rows that lie so many elements apart.

    The elements of a row lie side by side.
    """

    x: Read
    y: Read | None
    count: int = 1
    x_step: int = 0
    y_step: int = 0

    @property
    def reads(self) -> tuple[Read, ...]:
        return (self.x,) if self.y is None else (self.x, self.y)


@dataclass(frozen=True, eq=False)
class Contraction:
    """``output[k, j] = sum over points of terms``.

    With ``lanes_apart`` every element of the result keeps a vector of partial sums until the very end.
    """

    output: Node
    terms: tuple[Term, ...]
    rows: int
    columns: int
    lanes_apart: bool = True


@dataclass(frozen=True, eq=False)
class Turn:
    """The sources side by side, each as one row of ``features`` for each point, ``padded`` to whole vectors."""

    output: Node
    sources: tuple[Read, ...]
    features: int
    padded: int


@dataclass(frozen=True, eq=False)
class WideContraction:
    """``output[k, j] = sum over points and terms of others[k] * turned[j]``, or its transpose."""

    output: Node
    turned: Node
    starts: tuple[int, ...]
    others: tuple[Read, ...]
    rows: int
    columns: int
    padded: int
    transposed: bool


Operation = Map | Product | FoldFeatures | Place | Contraction | Turn | WideContraction


@dataclass(frozen=True)
class PointArray:
    """A value with a point axis in device memory: element ``(a, point, b)`` of an array (outer, points, inner)."""

    node: Node
    outer: int
    inner: int

    @property
    def features(self) -> int:
        return self.outer * self.inner


def reads(operation: Operation) -> list[Node]:
    """The values that an operation takes, shared ones included."""
    match operation:
        case Map(operands=operands):
            return [x.node for x in operands if isinstance(x, Read)]
        case Product(streams=streams, weight=weight):
            return [*(stream.source for stream in streams), weight.node]
        case FoldFeatures(source=source):
            return [source.node]
        case Place(parts=parts):
            return [node for node, _ in parts]
        case Contraction(terms=terms):
            return [read.node for term in terms for read in term.reads]
        case Turn(sources=sources):
            return [read.node for read in sources]
        case WideContraction(turned=turned, others=others):
            return [turned, *(read.node for read in others)]


def outputs(operation: Operation) -> list[Node]:
    """The values that an operation makes."""
    if isinstance(operation, Product):
        return list(dict.fromkeys(stream.output for stream in operation.streams))
    return [operation.output]


def whole(node: Node, shape: Shape) -> Read:
    """All elements of ``node`` in their order."""
    return Read(node, shape, 0, contiguous_strides(shape))
