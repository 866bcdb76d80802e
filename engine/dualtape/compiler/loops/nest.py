"""Loop nests: for each element of a shape, some numbers are read, combined, and written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import prod
from typing import NamedTuple

from dualtape.compiler.program import Equation, Node, Number
from dualtape.core.lowering import Expression, Fold, View, contiguous_strides
from dualtape.core.spec import Shape
from dualtape.dtypes import DType, bool_


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

    def reading(self, read: Callable[[CalculationOperand], CalculationOperand]) -> Calculation:
        """The same of other operands."""
        return self._replace(operands=tuple(map(read, self.operands)))


class Accumulation(NamedTuple):
    """``output`` is what a fold makes of the product of the sources over the elements of ``inner``.

    The views of the sources are in the shape of the loops, followed by ``inner``.
    """

    output: Node
    fold: Fold
    sources: tuple[Source, ...]
    inner: Shape

    @property
    def operands(self) -> tuple[CalculationOperand, ...]:
        return self.sources

    @property
    def is_product(self) -> bool:
        """Whether it is one of matrices whose rows are contiguous."""
        strides = [source.view.strides for source in self.sources]
        if len(strides) != 2 or len(strides[0]) != 3 or len(self.inner) != 1 or not self.output.spec.dtype.is_float:
            return False
        return strides[0][1:] == (0, 1) and strides[1][:2] == (0, 1)

    def reading(self, read: Callable[[CalculationOperand], CalculationOperand]) -> Accumulation:
        """Itself: what it reads is in memory."""
        return self


class PartialFold(NamedTuple):
    """``output`` holds what a fold makes of parts of some axes of the loops.

    Attributes
    ----------
    output
        Of the shape (axes before, parts, axes behind).
    first, last
        The axes that are reduced, the second one not among them.
    parts
        Into so many parts they are cut, taken together; a part may be empty.
    """

    output: Node
    fold: Fold
    operand: CalculationOperand
    first: int
    last: int
    parts: int

    @property
    def operands(self) -> tuple[CalculationOperand, ...]:
        return (self.operand,)

    def reading(self, read: Callable[[CalculationOperand], CalculationOperand]) -> PartialFold:
        """The same of another operand."""
        return self._replace(operand=read(self.operand))


NestStep = Calculation | Accumulation | PartialFold


class Store(NamedTuple):
    """``output`` is written to memory, in the shape of the loops or of those before a row."""

    output: Node
    target: Source


@dataclass(eq=False)
class Nest:
    """Loops over the elements of ``shape``, which has no axis of one element, in a stage of a program.

    Or, where there is an ``operation``, that equation by itself, for which there are no loops. A store may be of a
    value of each row, in the shape of the axes before the rows. Of the results of partial folds those that are ``kept``
    go to memory.
    """

    shape: Shape
    stage: int
    steps: list[NestStep] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    operation: Equation | None = None
    kept: set[Node] = field(default_factory=set)

    def sources(self) -> Iterator[Source]:
        """What its steps read from memory."""
        if self.operation is not None:
            yield from map(whole, self.operation.reads)
        for step in self.steps:
            yield from (x for x in step.operands if isinstance(x, Source))

    @property
    def partial_fold(self) -> PartialFold | None:
        """One of those that it makes, all of which reduce the same axes in the same parts."""
        return next((step for step in self.steps if isinstance(step, PartialFold)), None)

    @property
    def rows(self) -> int | None:
        """The number of axes before the rows, if rows are reduced and none is cut: what reads that may follow."""
        fold = self.partial_fold
        is_cut = fold is None or fold.parts > 1 or fold.first == 0 or fold.last < len(self.shape)
        return None if fold is None or is_cut else fold.first

    @property
    def product(self) -> Accumulation | None:
        """The product of two matrices that it makes, rows of both contiguous; those of the right one may be padded."""
        return next((x for x in self.steps if isinstance(x, Accumulation) and x.is_product), None)

    @property
    def real_type(self) -> DType | None:
        """The one type of floats that it computes in, beside truth values; then it can use vectors."""
        found = {source.node.spec.dtype for source in self.sources()}
        found |= {step.output.spec.dtype for step in self.steps}
        found |= {step.dtype for step in self.steps if isinstance(step, Calculation)}
        found -= {bool_}
        return found.pop() if len(found) == 1 and next(iter(found)).is_float else None

    @property
    def elements(self) -> int:
        """How often its innermost body runs."""
        reduced = sum(prod(step.inner) for step in self.steps if isinstance(step, Accumulation))
        return prod(self.shape) * (1 + reduced)


def whole(node: Node) -> Source:
    """All elements of ``node``."""
    shape = node.spec.shape
    return Source(node, View(0, shape, contiguous_strides(shape)))


def whole_view(shape: Shape) -> View:
    """All elements of a contiguous array, without axes of one element."""
    return squeezed(View(0, shape, contiguous_strides(shape)))


def squeezed(view: View) -> View:
    """The same elements without axes of one element."""
    kept = [i for i, size in enumerate(view.shape) if size != 1]
    return View(view.offset, tuple(view.shape[i] for i in kept), tuple(view.strides[i] for i in kept))
