"""What a kernel does one after the other: operations in their order, and each sum over points in its form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from dualtape.compiler.blocks.tile.tiles import (
    Contraction,
    ElementwiseMap,
    Embed,
    FoldFeatures,
    PointProduct,
    Shared,
    TileOperation,
    TileRead,
    TileValue,
    values_made,
    values_read,
)
from dualtape.compiler.program import Node


@dataclass(frozen=True, eq=False)
class Group:
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
class PointSum:
    """A contraction in a form that leaves its factors where they are."""

    contraction: Contraction
    form: SumForm


@dataclass(frozen=True, eq=False)
class Transpose:
    """The sources side by side, each as one row of ``features`` for each point, ``padded`` to whole vectors."""

    output: TileValue
    sources: tuple[TileRead, ...]
    features: int
    padded: int


@dataclass(frozen=True, eq=False)
class WideContraction:
    """``output[k, j] = sum over points and terms of others[k] * turned[j]``, or its transpose."""

    output: Node
    turned: TileValue
    starts: tuple[int, ...]
    others: tuple[TileRead, ...]
    rows: int
    columns: int
    padded: int
    transposed: bool


Scheduled = Group | PointProduct | FoldFeatures | Embed | Contraction
"""What is in its order, with sums over points as contractions still."""

TileStep = Group | PointProduct | FoldFeatures | Embed | PointSum | Transpose | WideContraction
"""What a kernel is written from."""


def step_reads(step: Scheduled | TileStep) -> list[TileValue | Shared]:
    """The values that a step takes from memory, shared ones included."""
    match step:
        case Group(members=members):
            inside = {value for member in members for value in values_made(member)}
            found = [value for member in members for value in values_read(member) if value not in inside]
        case PointProduct() | FoldFeatures() | Embed() | Contraction():
            found = values_read(step)
        case PointSum(contraction=contraction):
            found = values_read(contraction)
        case Transpose(sources=sources):
            found = [read.value for read in sources]
        case WideContraction(turned=turned, others=others):
            found = [turned, *(read.value for read in others)]
        case _:
            assert_never(step)
    return list(dict.fromkeys(found))


def step_writes(step: TileStep) -> list[TileValue]:
    """The values of the tile that a step leaves in memory."""
    match step:
        case Group(results=results, folds=folds):
            return [*results, *(fold.output for fold in folds)]
        case PointProduct() | FoldFeatures() | Embed():
            return values_made(step)
        case Transpose(output=output):
            return [output]
        case PointSum() | WideContraction():
            return []
        case _:
            assert_never(step)
