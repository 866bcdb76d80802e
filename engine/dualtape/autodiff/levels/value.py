"""What lives on a level above the ground: a value that stands for another one, and what the level knows of it."""

from __future__ import annotations

from dualtape.core.interpreter import Level
from dualtape.dtypes import DType
from dualtape.tensor import Tensor


class LevelValue(Tensor):
    """A value of ``level`` that stands for ``primal``, and prints and behaves as it; levels add slots of their own."""

    __slots__ = ("dtype", "level", "primal")

    dtype: DType
    level: Level
    primal: Tensor

    def __init__(self, level: Level, primal: Tensor) -> None:
        self.level = level
        self.primal = primal
        self.dtype = primal.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape
