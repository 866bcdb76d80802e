"""The tile program: what a block kernel does with each point.

A :class:`TileValue` has `features` elements at each point, in the C order of its per-point shape; it lies in the
tile's scratch memory. A value without points lies outside, and is :class:`Shared`. A :class:`Read` says which elements
an operation takes: indices are affine, so cuts, permutations and repetitions cost nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import prod
from typing import Self

from dualtape.compiler.program import Node, Number
from dualtape.core.expression import Expression
from dualtape.core.expression import x as element
from dualtape.core.lowering import Fold, contiguous_strides
from dualtape.core.primitive import Bilinear, Linear, Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import DType, bool_

COPY = element
"""The expression of a map that only moves elements."""

MOST_IN_SEQUENCE = 64
"""Terms that are added up one after the other at a point, as on the host; more of them with compensation."""

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


ReadableValue = TileValue | Shared


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

    value: ReadableValue
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

    def copied_to(self, output: TileValue) -> ElementwiseMap:
        """The operation that puts the elements side by side."""
        return ElementwiseMap(output, COPY, (self,))

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

    def reshaped(self, shape: Shape) -> Self:
        """The same elements, which lie side by side, in another shape."""
        return replace(self, shape=shape, strides=contiguous_strides(shape))

    def whole_of(self, rows: int, columns: int) -> Self:
        """A row of elements that lie side by side, as a matrix."""
        return self.reshaped((rows, columns))


@dataclass(frozen=True)
class TileRead(Read):
    """What is taken of the tile's scratch memory."""

    value: TileValue


@dataclass(frozen=True)
class SharedRead(Read):
    """What is taken of a shared value."""

    value: Shared


class TileAction(ABC):
    """What a kernel does with values of the tile."""

    @abstractmethod
    def values_read(self) -> list[ReadableValue]:
        """What it takes from memory."""

    @abstractmethod
    def values_made(self) -> list[TileValue]:
        """What it leaves in the tile."""


class PointOperation(TileAction):
    """An action as it is found in a program, which says what it does with a NaN."""

    def expressions(self) -> list[Expression]:
        """What it computes element by element."""
        return []

    @abstractmethod
    def hands_on_nan(self) -> bool:
        """Whether a NaN that it reads reaches what it makes."""


@dataclass(frozen=True, eq=False)
class _OfOneOutput(PointOperation):
    """An operation that makes one value."""

    output: TileValue

    def values_made(self) -> list[TileValue]:
        return [self.output]


@dataclass(frozen=True, eq=False)
class ElementwiseMap(_OfOneOutput):
    """``output[f] = code(operands at f)``; ``primitive`` is None for a copy."""

    code: Expression
    operands: tuple[Read | Number, ...]
    primitive: Primitive | None = None

    @property
    def reads(self) -> list[Read]:
        """The operands that are no numbers."""
        return [x for x in self.operands if isinstance(x, Read)]

    def values_read(self) -> list[ReadableValue]:
        return [read.value for read in self.reads]

    def expressions(self) -> list[Expression]:
        return [self.code]

    def hands_on_nan(self) -> bool:
        if self.output.dtype is bool_:
            return False
        # What linear maps do not select is dropped, and what the NaN stands for would be dropped as well.
        linear = self.primitive is None or isinstance(self.primitive, (Linear, Bilinear))
        return linear or self.code.hands_on_nan


@dataclass(frozen=True, eq=False)
class Stream:
    """One row of features, from ``offset`` on ``inner`` of them, and the row that a product makes of it."""

    source: TileValue
    source_offset: int
    output: TileValue
    output_offset: int


@dataclass(frozen=True, eq=False)
class PointProduct(PointOperation):
    """``output[j] = sum over k of source[k] * weight[k, j]`` for each stream.

    A stream may stand for many ``rows``, one behind the other, as the directions of a gradient are.
    """

    streams: tuple[Stream, ...]
    weight: SharedRead
    inner: int
    columns: int
    rows: int = 1

    def values_read(self) -> list[ReadableValue]:
        return [*(stream.source for stream in self.streams), self.weight.value]

    def values_made(self) -> list[TileValue]:
        return list(dict.fromkeys(stream.output for stream in self.streams))

    def hands_on_nan(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class FoldFeatures(_OfOneOutput):
    """``output[f]``: the elements ``f, r`` of the source combined over ``r``; ``f`` is its first ``kept_axes``."""

    source: Read
    kept_axes: int
    kind: Fold

    @property
    def terms(self) -> int:
        """How many elements are combined to one."""
        return prod(self.source.shape[self.kept_axes :])

    @property
    def is_long_sum(self) -> bool:
        """Whether so many are added up that rounding would show."""
        return self.kind.identity == 0 and not self.kind.combine.picks and self.terms > MOST_IN_SEQUENCE

    def values_read(self) -> list[ReadableValue]:
        return [self.source.value]

    def expressions(self) -> list[Expression]:
        return [self.kind.combine]

    def hands_on_nan(self) -> bool:
        return self.kind.combine.hands_on_nan


@dataclass(frozen=True, eq=False)
class Embed(_OfOneOutput):
    """Elements of the sources at the places of the reads in an output that is zero elsewhere."""

    parts: tuple[tuple[TileValue, TileRead], ...]

    def values_read(self) -> list[ReadableValue]:
        return [value for value, _ in self.parts]

    def hands_on_nan(self) -> bool:
        return True


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
class Contraction(PointOperation):
    """``output[k, j] = sum over points of terms``: no value of the tile, but one of the program without points."""

    output: Node
    terms: tuple[ContractionTerm, ...]
    rows: int
    columns: int

    def values_read(self) -> list[ReadableValue]:
        return [read.value for term in self.terms for read in term.reads]

    def values_made(self) -> list[TileValue]:
        return []

    def hands_on_nan(self) -> bool:
        return True
