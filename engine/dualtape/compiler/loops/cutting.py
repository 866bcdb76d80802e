"""How long loops are cut into pieces that work-groups share: by sizes alone, so that results depend on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from dualtape.compiler.loops.nest import Accumulation, Nest
from dualtape.core.spec import Shape

LEAST_SPREAD = 1 << 16
"""Elements from which loops are worth a kernel of their own, which all of a device runs."""

PIECE = 1 << 14
"""Elements of a piece: its work takes longer than it takes to begin one, and there are enough of them to share."""

MOST_VECTORS, LONGEST_SUM = 8, 256
"""Of a row of a product that stays in registers of 64 bytes, half as many in shorter ones, and terms of its sums."""

_ROWS = 128  # of a part whose columns are summed
_MOST_PARTS = 1024
_PARTIAL_SUMS = 1 << 16


def is_spread(nest: Nest) -> bool:
    """Whether a nest is a kernel by itself."""
    if nest.operation is not None:
        return False
    if nest.partial_fold is not None:
        return True
    inner = max((prod(step.inner) for step in nest.steps if isinstance(step, Accumulation)), default=1)
    return nest.elements >= LEAST_SPREAD and prod(nest.shape) >= min(LEAST_SPREAD, 64 * inner)


def runs(shape: Shape, axes: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Neighbouring axes that are reduced, the last ones first; those of size one are neighbours of any."""
    left = sorted(axes)
    while left:
        last = first = left.pop()
        while left and all(n == 1 for n in shape[left[-1] + 1 : first]):
            first = left.pop()
        yield first, last + 1


def parts_of(outer: int, size: int, columns: int) -> int:
    """Into how many parts ``size`` elements are cut, which are reduced for each of ``outer`` and ``columns``."""
    if columns == 1:
        wanted = -(-size // PIECE) if outer < 64 else 1
        return max(1, min(wanted, _MOST_PARTS))
    most = max(1, (_PARTIAL_SUMS // columns if columns < 1024 else 64) // outer)
    return max(1, min(-(-size // _ROWS), most))
