"""What block kernels are written for: an element type, and how points are laid on a device's lanes.

On a processor one work-item runs a whole tile, with its points on the lanes of a vector. On a GPU the points of a
tile lie on the work-items of a group: the same tile program, in which a vector is one number of each work-item.
"""

from __future__ import annotations

from dataclasses import dataclass

from dualtape.compiler.program import Number
from dualtape.core.expression import number_in_c
from dualtape.devices.kernels import Architecture
from dualtape.dtypes import DType, float32

WORK_ITEMS = 64
"""In a group, where points lie on work-items; it is a multiple of the lanes that GPUs run in step."""


@dataclass(frozen=True)
class TileTarget:
    """An element type, a layout, and the cache of a core.

    Attributes
    ----------
    real, bits
        The element type.
    lanes
        Points in a tile.
    work_items
        In a group: 1 with points on the lanes of vectors, ``lanes`` with points on work-items.
    cache_bytes
        What a work-group works on should stay in a cache of so many bytes.
    """

    real: str
    bits: int
    lanes: int
    work_items: int = 1
    cache_bytes: int = 1 << 18

    @property
    def points_on_work_items(self) -> bool:
        """Whether points lie on work-items, of which a tile of one point has one."""
        return self.work_items == self.lanes

    @property
    def width(self) -> int:
        """Elements of a vector."""
        return 1 if self.points_on_work_items else self.lanes

    def whole_vectors(self, size: int) -> int:
        """``size`` rounded up to whole vectors."""
        return -(-size // self.lanes) * self.lanes

    @property
    def vector(self) -> str:
        return f"{self.real}{self.width if self.width > 1 else ''}"

    @property
    def registers(self) -> int:
        """Vector registers that accumulators and what they are made of may take: all but one of a processor's."""
        return 31 if self.points_on_work_items or self.lanes * self.bits >= 512 else 15

    @property
    def wide_tile(self) -> tuple[int, int]:
        """Rows, and vectors of columns, of a sum with features on the lanes that registers hold."""
        return (6, 4) if self.registers > 24 else (4, 2)

    @property
    def mask(self) -> str:
        return f"{'int' if self.bits == 32 else 'long'}{self.width if self.width > 1 else ''}"

    @property
    def attribute(self) -> str:
        """What functions need: LLVM would else split the vectors of processors into narrower ones."""
        if self.points_on_work_items:
            return ""
        return f"__attribute__((noinline, min_vector_width({self.lanes * self.bits})))"

    def literal(self, value: Number) -> str:
        return number_in_c(value, self.bits)


def work_items_of(architecture: Architecture) -> int:
    """How many work-items are in a group of any kernel that is written here."""
    return min(WORK_ITEMS, architecture.largest_group) if architecture.points_on_work_items else 1


def target_of(architecture: Architecture, dtype: DType) -> TileTarget:
    """How devices of an architecture compute in ``dtype``."""
    real = "float" if dtype is float32 else "double"
    work_items = work_items_of(architecture)
    lanes = work_items if architecture.points_on_work_items else architecture.lanes[dtype]
    return TileTarget(real, dtype.bits, lanes, work_items, architecture.cache_bytes)
