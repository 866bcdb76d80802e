"""Loop nests: for each element of a shape, some numbers are read, combined, and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from dualtape.compiler.program import Node, Number
from dualtape.core.lowering import Expression, Fold, View, contiguous_strides
from dualtape.core.spec import Shape
from dualtape.dtypes import DType


class NotLoops(Exception):
    """Why equations cannot run as loops."""


class Source(NamedTuple):
    """Elements in memory: a view of the array of ``node``."""

    node: Node
    view: View

    @property
    def is_whole(self) -> bool:
        """Whether these are all elements of an array, in their order, for loops over the same shape."""
        return self.view.offset == 0 and self.view.strides == contiguous_strides(self.view.shape)


CalculationOperand = Node | Source | Number
"""What an operation reads: what one before it has made of this element, memory, or a number."""


class Calculation(NamedTuple):
    """``output`` is an expression of the operands, computed in ``dtype``."""

    output: Node
    expression: Expression
    operands: tuple[CalculationOperand, ...]
    dtype: DType


class Accumulation(NamedTuple):
    """``output`` is what a fold makes of the product of the sources over the elements of ``inner``.

    The views of the sources are in the shape of the loops, followed by ``inner``.
    """

    output: Node
    fold: Fold
    sources: tuple[Source, ...]
    inner: Shape


class Store(NamedTuple):
    """``output`` is written to memory, in the shape of the loops."""

    output: Node
    target: Source


@dataclass(eq=False)
class Nest:
    """Loops over the elements of ``shape``, which has no axis of one element, in a stage of a program."""

    shape: Shape
    stage: int
    steps: list[Calculation | Accumulation] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)

    def sources(self) -> Iterator[Source]:
        """What its steps read from memory."""
        for step in self.steps:
            for x in step.operands if isinstance(step, Calculation) else step.sources:
                if isinstance(x, Source):
                    yield x


def whole(node: Node) -> Source:
    """All elements of ``node``."""
    shape = node.spec.shape
    return Source(node, View(0, shape, contiguous_strides(shape)))


def squeezed(view: View) -> View:
    """The same elements without axes of one element."""
    kept = [i for i, size in enumerate(view.shape) if size != 1]
    return View(view.offset, tuple(view.shape[i] for i in kept), tuple(view.strides[i] for i in kept))
