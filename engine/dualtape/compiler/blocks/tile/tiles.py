"""The tile program: what a block kernel does with each point.

A :class:`TileValue` has `features` elements at each point, in the C order of its per-point shape; it lies in the
tile's scratch memory. A value without points lies outside, and is :class:`Shared`. A :class:`Read` says which elements
an operation takes: indices are affine, so cuts, permutations and repetitions cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, assert_never

from dualtape.compiler.program import Node, Number
from dualtape.core.expression import Expression
from dualtape.core.expression import x as element
from dualtape.core.lowering import Fold, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import DType

COPY = element
"""The expression of a map that only moves elements."""

MOST_ROWS = 8
"""Rows of a value at a point that are treated one by one; more of them are a loop."""


@dataclass(frozen=True, eq=False)
class TileValue:
    """A value of the tile program; compared by identity."""

    features: int
    dtype: DType

    def whole(self, shape: Shape) -> TileRead:
        """All elements in their order."""
        return TileRead(self, shape, 0, contiguous_strides(shape))


@dataclass(frozen=True)
class Shared:
    """A value of the traced program that has no points."""

    node: Node

    @property
    def dtype(self) -> DType:
        return self.node.spec.dtype

    def whole(self, shape: Shape) -> SharedRead:
        """All elements in their order."""
        return SharedRead(self, shape, 0, contiguous_strides(shape))


@dataclass(frozen=True)
class PointArray:
    """A value with a point axis in device memory: element ``(a, point, b)`` of an array (outer, points, inner)."""

    node: Node
    outer: int
    inner: int

    @property
    def features(self) -> int:
        return self.outer * self.inner


@dataclass(frozen=True)
class Read:
    """Element ``offset + sum(index * stride)`` of ``value``, for an index into ``shape``."""

    value: TileValue | Shared
    shape: Shape
    offset: int
    strides: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        """Whether elements come in their own order, from the first."""
        return self.offset == 0 and self.is_dense

    @property
    def is_dense(self) -> bool:
        """Whether elements lie side by side in their own order, from wherever the first one is."""
        return all(
            size == 1 or stride == expected
            for size, stride, expected in zip(self.shape, self.strides, contiguous_strides(self.shape), strict=True)
        )

    def at(self, index: int) -> Self:
        """The part at ``index`` of the first axis."""
        offset = self.offset + index * self.strides[0]
        return replace(self, shape=self.shape[1:], offset=offset, strides=self.strides[1:])

    def arranged(self, axes: list[int]) -> Self:
        """The same elements with only these axes, in this order; those that are left out have one element."""
        return replace(self, shape=tuple(self.shape[a] for a in axes), strides=tuple(self.strides[a] for a in axes))

    def stretched(self, shape: Shape) -> Self:
        """The same, broadcast to ``shape``."""
        lead = len(shape) - len(self.shape)
        strides = tuple(0 if size == 1 else step for size, step in zip(self.shape, self.strides, strict=True))
        return replace(self, shape=shape, strides=(0,) * lead + strides)


@dataclass(frozen=True)
class TileRead(Read):
    """What is taken of the tile's scratch memory."""

    value: TileValue


@dataclass(frozen=True)
class SharedRead(Read):
    """What is taken of a shared value."""

    value: Shared


@dataclass(frozen=True, eq=False)
class ElementwiseMap:
    """``output[f] = code(operands at f)``; ``primitive`` is None for a copy."""

    output: TileValue
    code: Expression
    operands: tuple[Read | Number, ...]
    primitive: Primitive | None = None

    @property
    def reads(self) -> list[Read]:
        """The operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Read)]


@dataclass(frozen=True, eq=False)
class Stream:
    """One row of features, from ``offset`` on ``inner`` of them, and the row that a product makes of it."""

    source: TileValue
    source_offset: int
    output: TileValue
    output_offset: int


@dataclass(frozen=True, eq=False)
class PointProduct:
    """``output[j] = sum over k of source[k] * weight[k, j]`` for each stream.

    A stream may stand for many ``rows``, one behind the other, as the directions of a gradient are.
    """

    streams: tuple[Stream, ...]
    weight: SharedRead
    inner: int
    columns: int
    rows: int = 1


@dataclass(frozen=True, eq=False)
class FoldFeatures:
    """``output[f]``: the elements ``f, r`` of the source combined over ``r``; ``f`` is its first ``kept_axes``."""

    output: TileValue
    source: Read
    kept_axes: int
    kind: Fold


@dataclass(frozen=True, eq=False)
class Embed:
    """Elements of the sources at the places of the reads in an output that is zero elsewhere."""

    output: TileValue
    parts: tuple[tuple[TileValue, TileRead], ...]


@dataclass(frozen=True)
class ContractionTerm:
    """``x[k] * y[j]``, or ``x[k]`` without a ``y``, summed over ``count`` rows that lie so many elements apart.

    The elements of a row lie side by side.
    """

    x: TileRead
    y: TileRead | None
    count: int = 1
    x_step: int = 0
    y_step: int = 0

    @property
    def reads(self) -> tuple[TileRead, ...]:
        return (self.x,) if self.y is None else (self.x, self.y)


@dataclass(frozen=True, eq=False)
class Contraction:
    """``output[k, j] = sum over points of terms``: no value of the tile, but one of the program without points."""

    output: Node
    terms: tuple[ContractionTerm, ...]
    rows: int
    columns: int


TileOperation = ElementwiseMap | PointProduct | FoldFeatures | Embed | Contraction


def values_read(operation: TileOperation) -> list[TileValue | Shared]:
    """What an operation takes."""
    match operation:
        case ElementwiseMap():
            return [read.value for read in operation.reads]
        case PointProduct(streams=streams, weight=weight):
            return [*(stream.source for stream in streams), weight.value]
        case FoldFeatures(source=source):
            return [source.value]
        case Embed(parts=parts):
            return [value for value, _ in parts]
        case Contraction(terms=terms):
            return [read.value for term in terms for read in term.reads]
        case _:
            assert_never(operation)


def values_made(operation: TileOperation) -> list[TileValue]:
    """What an operation leaves in the tile."""
    match operation:
        case ElementwiseMap(output=output) | FoldFeatures(output=output) | Embed(output=output):
            return [output]
        case PointProduct(streams=streams):
            return list(dict.fromkeys(stream.output for stream in streams))
        case Contraction():
            return []
        case _:
            assert_never(operation)
