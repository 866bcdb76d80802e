"""Arrays of one shape, each with strides of its own, reduced to the fewest axes that describe them."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from dualtape.core.lowering import contiguous_strides
from dualtape.core.spec import Shape

Strides = tuple[int, ...]


class Layout(NamedTuple):
    """Where each of several arrays has its elements: rows of ``columns`` elements.

    Attributes
    ----------
    columns
        Size of the innermost axis.
    inner
        For each array its stride along that axis.
    outer
        The other axes, innermost first: size, and a stride for each array.
    offsets
        For each array its first element.
    """

    columns: int
    inner: Strides
    outer: tuple[tuple[int, Strides], ...]
    offsets: Strides

    @property
    def rows(self) -> int:
        return prod(size for size, _ in self.outer)

    @property
    def is_contiguous(self) -> bool:
        """Whether all arrays have the same elements in the same order, from their start."""
        return not self.outer and not any(self.offsets) and (self.columns == 1 or all(step == 1 for step in self.inner))

    def table(self) -> list[int]:
        """The numbers that a kernel reads: offsets, inner strides, then size and strides of each outer axis."""
        return [*self.offsets, *self.inner, *(n for size, strides in self.outer for n in (size, *strides))]


def layout(shape: Shape, strides: list[Strides], offsets: list[int] | None = None) -> Layout:
    """Drop axes of size 1 and merge axes that every array walks through in one stride."""
    axes: list[tuple[int, Strides]] = []
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        steps = tuple(array[axis] for array in strides)
        if axes and all(above == size * step for above, step in zip(axes[-1][1], steps, strict=True)):
            axes[-1] = (axes[-1][0] * size, steps)
        else:
            axes.append((size, steps))
    columns, inner = axes.pop() if axes else (1, (1,) * len(strides))
    return Layout(columns, inner, tuple(reversed(axes)), tuple(offsets or (0,) * len(strides)))


def broadcast_strides(shape: Shape, to: Shape) -> Strides:
    """Strides of a contiguous array that repeats along the axes on which ``to`` is larger."""
    own = [0 if size == 1 else step for size, step in zip(shape, contiguous_strides(shape), strict=True)]
    return (*(0 for _ in range(len(to) - len(shape))), *own)
