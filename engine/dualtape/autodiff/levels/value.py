"""What lives on a level above the ground: a value that stands for another one, and what the level knows of it."""

from __future__ import annotations

from typing import TypeVar

from dualtape.autodiff.levels.powers import KnownPower
from dualtape.core.interpreter import Level
from dualtape.dtypes import DType
from dualtape.tensor import Tensor


class LevelValue(Tensor):
    """A value of ``level`` that stands for ``primal``, and prints and behaves as it; levels add slots of their own."""

    __slots__ = ("dtype", "known_power", "level", "primal")

    dtype: DType
    known_power: KnownPower  # set only where the value is a power
    level: Level
    primal: Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape


V = TypeVar("V", bound=LevelValue)
_new = object.__new__


def new_value(kind: type[V], level: Level, primal: Tensor) -> V:
    """A value of ``level``: half the time of a constructor, for there is one at each operation."""
    value = _new(kind)
    value.level = level
    value.primal = primal
    value.dtype = primal.dtype
    return value
