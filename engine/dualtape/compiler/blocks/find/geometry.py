"""Views of whole tensors, axis by axis: what a movement does with the point axis, and what with the others."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.core.lowering import View, contiguous_strides
from dualtape.core.spec import Shape

Item = TypeVar("Item")


class Folded(NamedTuple):
    """What an axis of points holds besides them: it was reshaped from (before, points, after).

    So (directions, points, features) becomes (directions * points, features), where all points come again and again,
    and (points, nodes, features) becomes (points * nodes, features), where each comes several times.
    """

    before: int = 1
    after: int = 1

    @property
    def size(self) -> int:
        """Elements of one point."""
        return self.before * self.after


UNFOLDED = Folded()


def per_point(shape: Shape, axis: int, folded: Folded) -> Shape:
    """``shape`` without the points on ``axis``; a folded axis keeps what it holds besides them."""
    return without(shape, axis) if folded.size == 1 else (*shape[:axis], folded.size, *shape[axis + 1 :])


def without(items: tuple[Item, ...], i: int) -> tuple[Item, ...]:
    """All items but the one at ``i``."""
    return items[:i] + items[i + 1 :]


def steps_of(view: View, shape: Shape, name: str) -> tuple[dict[int, int], list[dict[int, int]]]:
    """A view's first index into ``shape``, and along which axes of ``shape`` each of its own axes moves."""
    start = dict.fromkeys(range(len(shape)), 0) | _digits(view.offset, shape)
    moves = []
    low, high = dict(start), dict(start)
    for size, stride in zip(view.shape, view.strides, strict=True):
        sign = -1 if stride < 0 else 1
        move = {} if size <= 1 else {axis: sign * n for axis, n in _digits(abs(stride), shape).items()}
        for axis, n in move.items():
            (high if n > 0 else low)[axis] += n * (size - 1)
        moves.append(move)
    if any(low[axis] < 0 or high[axis] >= n for axis, n in enumerate(shape)):
        raise NotBlockable(f"`{name}` moves along several axes at once")
    return start, moves


def _digits(index: int, shape: Shape) -> dict[int, int]:
    """``index`` into the flat elements of ``shape`` as an index for each axis, those that are 0 left out."""
    found = {}
    for axis, (size, stride) in enumerate(zip(shape, contiguous_strides(shape), strict=True)):
        if size > 1 and index >= stride:
            found[axis], index = divmod(index, stride)
    return found
