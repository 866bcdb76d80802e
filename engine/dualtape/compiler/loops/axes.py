"""The axes of a nest's loops, as few as there can be, and what each array steps along them."""

from __future__ import annotations

from typing import NamedTuple

from dualtape.compiler.loops.emission import ArrayArgument
from dualtape.compiler.loops.nest import Nest
from dualtape.core.layout import Strides, layout
from dualtape.dtypes import DType, bool_

TILE = {32: 128, 64: 64}
"""Rows and columns of a piece in which an array is read across its lines of memory, which are read once and lie in a
cache; for floats of so many bits."""

_MOST_TILES = 4
_MOST_ROWS = 12  # of a product that are made at a time


class LoopAxis(NamedTuple):
    """An axis of the loops: its size, and what each array steps along it."""

    size: int
    steps: Strides


class LoopAxes:
    """The axes of the loops ``o``, ``t`` and ``m``, the innermost of each first, and the one of ``c``.

    ``real`` is the one type that vectors of ``lanes`` hold, if there are any.

    Attributes
    ----------
    moving
        The number of arrays that step along axes; behind them are results of partial folds.
    fold
        One of the partial folds, if there are any; ``columns`` says whether there are axes behind those it reduces.
    outer, tail, run, inner
        Axes of ``o``, ``t``, ``m`` and ``c``.
    along, tiles
        The axis, not among the outer ones, along which lie lines of memory that vectors lie across, and the numbers of
        arrays that are read across, with the names of copies of a piece of them.
    product
        The product of which rows are made in registers, ``product_rows`` of ``product_vectors`` each; ``row`` is the
        loop that goes through them.
    """

    def __init__(self, nest: Nest, arrays: list[ArrayArgument], real: DType | None, lanes: int) -> None:
        self.moving = len(arrays) - len(nest.kept)
        self.fold = fold = nest.partial_fold
        rank = len(nest.shape)
        first, last = (fold.first, fold.last) if fold else (rank, rank)
        self.columns = fold is not None and last < rank
        self._nest = nest
        moved = (array.source.view.strides[:rank] for array in arrays[: self.moving])
        self._strides = [(*strides, *[0] * (rank - len(strides))) for strides in moved]
        segments = [self._merged(*bounds) for bounds in ((0, first), (first, last), (last, rank))]
        innermost = next((segment for segment in reversed(segments) if segment), None)
        self.inner = innermost.pop(0) if innermost else LoopAxis(1, (0,) * self.moving)
        self.outer, self.run, self.tail = segments
        self.along = self._axis_along(arrays) if real and fold is None and not nest.product else LoopAxis(1, ())
        across = [
            i
            for i, array in enumerate(arrays[: self.moving])
            if self.along.steps and self._is_across(array, i) and self.along.steps[i] == 1
        ]
        self.tiles = {i: f"tile{i}" for i in across[:_MOST_TILES]}
        self.product = nest.product if real and len(self.outer) + len(self.run) == 1 and not self.tail else None
        self.row = "o" if self.outer else "m"
        if self.product and real:
            self.product_vectors = -(-self.inner.size // lanes)
            # As in `devices/opencl/matmul.py`.
            registers = 32 if lanes * real.bits >= 512 else 16
            most = (registers - 2 - self.product_vectors) // self.product_vectors
            self.product_rows = min(max(1, min(most, _MOST_ROWS)), nest.shape[0])

    def _merged(self, first: int, last: int) -> list[LoopAxis]:
        found = layout(self._nest.shape[first:last], [steps[first:last] for steps in self._strides])
        axes = [LoopAxis(found.columns, found.inner), *(LoopAxis(*axis) for axis in found.outer)]
        return [axis for axis in axes if axis.size > 1]

    def _is_across(self, array: ArrayArgument, i: int) -> bool:
        """Whether vectors of what is read lie across lines of memory."""
        return not array.is_output and self.inner.steps[i] not in (0, 1) and array.source.node.spec.dtype is not bool_

    def _axis_along(self, arrays: list[ArrayArgument]) -> LoopAxis:
        for i, array in enumerate(arrays[: self.moving]):
            found = next((axis for axis in self.outer if axis.steps[i] == 1), None)
            if found is not None and self._is_across(array, i):
                self.outer.remove(found)
                return found
        return LoopAxis(1, ())
