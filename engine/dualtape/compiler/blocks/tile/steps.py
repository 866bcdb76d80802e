"""What a kernel does one after the other: operations in their order, and each sum over points in its form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from dualtape.compiler.blocks.tile.control import OwnStep, TileOperation
from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ContractionTerm,
    ElementwiseMap,
    FoldFeatures,
    PointProduct,
    ReadableValue,
    TileAction,
    TileRead,
    TileValue,
)
from dualtape.compiler.program import Node


@dataclass(frozen=True, eq=False)
class Group(TileAction):
    """Elementwise operations in one loop over ``features``; ``results`` are the values that others read.

    With a ``product``, its results are there in registers, and are stored only where somebody else reads them.
    ``folds`` combine rows of the group's values as they appear.
    """

    features: int
    maps: tuple[ElementwiseMap, ...]
    results: tuple[TileValue, ...]
    product: PointProduct | None = None
    folds: tuple[FoldFeatures, ...] = ()

    @property
    def members(self) -> tuple[TileOperation, ...]:
        return (*(() if self.product is None else (self.product,)), *self.maps, *self.folds)

    def values_read(self) -> list[ReadableValue]:
        inside = {value for member in self.members for value in member.values_made()}
        return [value for member in self.members for value in member.values_read() if value not in inside]

    def values_made(self) -> list[TileValue]:
        return [*self.results, *(fold.output for fold in self.folds)]


class SumForm(Enum):
    """How a sum over the points is accumulated.

    LANES_APART keeps a vector of partial sums for each element until the very end; LANES_ADDED adds its lanes at the
    end of each block; PACKED does so at the end of each tile, and first puts the many rows that it sums over in one
    piece; BY_WORK_ITEMS is for points on work-items, each of which adds up all points for some elements.
    """

    LANES_APART = auto()
    LANES_ADDED = auto()
    PACKED = auto()
    BY_WORK_ITEMS = auto()


@dataclass(frozen=True, eq=False)
class PointSum(Contraction):
    """A contraction in a form that leaves its factors where they are."""

    form: SumForm
    transposed = False

    @property
    def padded(self) -> int:
        return self.columns


@dataclass(frozen=True, eq=False)
class Transpose(TileAction):
    """The sources side by side, each as one row of ``features`` for each point, ``padded`` to whole vectors."""

    output: TileValue
    sources: tuple[TileRead, ...]
    features: int
    padded: int

    def values_read(self) -> list[ReadableValue]:
        return [read.value for read in self.sources]

    def values_made(self) -> list[TileValue]:
        return [self.output]


@dataclass(frozen=True, eq=False)
class WideContraction(TileAction):
    """``output[k, j] = sum over points and terms of others[k] * turned[j]``, or its transpose."""

    output: Node
    turned: TileValue
    starts: tuple[int, ...]
    others: tuple[TileRead, ...]
    rows: int
    columns: int
    padded: int
    transposed: bool

    def values_read(self) -> list[ReadableValue]:
        return [self.turned, *(read.value for read in self.others)]

    def values_made(self) -> list[TileValue]:
        return []


@dataclass(frozen=True, eq=False)
class RowsContraction(TileAction):
    """``output[k, j] = sum over points, terms and their rows of x[k] * y[j]``, or its transpose, at once.

    ``turned`` is room for as many rows of ``y`` as are turned at a time, so that they stay in the nearest cache.
    """

    output: Node
    terms: tuple[ContractionTerm, ...]
    turned: TileValue
    rows: int
    columns: int
    padded: int
    transposed: bool

    @property
    def turned_rows(self) -> int:
        return self.turned.features // self.padded

    def values_read(self) -> list[ReadableValue]:
        return [read.value for term in self.terms for read in term.reads]

    def values_made(self) -> list[TileValue]:
        return [self.turned]


Scheduled = Group | OwnStep | Contraction
"""What is in its order, with sums over points as contractions still."""

SumStep = PointSum | WideContraction | RowsContraction
TileStep = Group | OwnStep | PointSum | Transpose | WideContraction | RowsContraction
"""What a kernel is written from."""
