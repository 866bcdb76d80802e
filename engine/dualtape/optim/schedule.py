"""Learning rates that change with the number of steps taken."""

from __future__ import annotations

import math
from typing import Any

from dualtape.cell import Cell
from dualtape.core.interpreter import Value
from dualtape.dtypes import float32
from dualtape.errors import ArgumentError
from dualtape.functions import elementwise
from dualtape.functions.activation import clamp
from dualtape.functions.conversion import cast_to, read_flag, read_int, read_positive
from dualtape.tensor import Tensor

__all__ = [
    "CosineDecayLR", "ExponentialDecayLR", "InverseDecayLR", "LearningRateSchedule", "NaturalExpDecayLR",
    "PolynomialDecayLR", "WarmUpLR",
]  # fmt: skip


class LearningRateSchedule(Cell):
    """The base of schedules: ``construct(global_step)`` gives the learning rate after that many steps."""

    def _step(self, global_step: Any) -> Tensor:
        step = global_step if isinstance(global_step, Value) else Tensor(global_step)
        return step if step.dtype.is_float else cast_to(step, float32)  # type: ignore[return-value]


class _Decay(LearningRateSchedule):
    """What the decaying schedules share: ``p`` is the step over ``decay_steps``, whole numbers for a stair."""

    def __init__(self, learning_rate: float, decay_rate: float, decay_steps: int, is_stair: bool = False) -> None:
        super().__init__()
        self.learning_rate = read_positive(self, "learning_rate", learning_rate)
        self.decay_rate = read_positive(self, "decay_rate", decay_rate)
        self.decay_steps = read_steps(self, "decay_steps", decay_steps)
        self.is_stair = read_flag(self, "is_stair", is_stair)

    def _progress(self, global_step: Any) -> Tensor:
        p = self._step(global_step) / self.decay_steps
        return elementwise.floor(p) if self.is_stair else p


class ExponentialDecayLR(_Decay):
    """``learning_rate * decay_rate ** p``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.optim.ExponentialDecayLR(0.1, 0.5, decay_steps=10)(dt.Tensor(20)))
    0.025
    """

    def construct(self, global_step: Any) -> Tensor:
        return self.learning_rate * elementwise.exp(math.log(self.decay_rate) * self._progress(global_step))


class NaturalExpDecayLR(_Decay):
    """``learning_rate * exp(-decay_rate * step)``; a stair takes the step down to a multiple of ``decay_steps``."""

    def construct(self, global_step: Any) -> Tensor:
        p = self._step(global_step)
        if self.is_stair:
            p = elementwise.floor(p / self.decay_steps) * self.decay_steps
        return self.learning_rate * elementwise.exp(-self.decay_rate * p)


class InverseDecayLR(_Decay):
    """``learning_rate / (1 + decay_rate * p)``."""

    def construct(self, global_step: Any) -> Tensor:
        return self.learning_rate / (1 + self.decay_rate * self._progress(global_step))


class CosineDecayLR(LearningRateSchedule):
    """From ``max_lr`` down to ``min_lr`` along half a cosine of ``decay_steps`` steps, constant from then on.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.optim.CosineDecayLR(0.0, 0.5, decay_steps=10)(dt.Tensor(10)))
    0.0
    """

    def __init__(self, min_lr: float, max_lr: float, decay_steps: int) -> None:
        super().__init__()
        self.min_lr = read_positive(self, "min_lr", min_lr, zero=True)
        self.max_lr = read_positive(self, "max_lr", max_lr)
        if self.min_lr >= self.max_lr:
            raise ArgumentError(f"`max_lr` of `CosineDecayLR` must be above `min_lr`, got {max_lr} and {min_lr}")
        self.decay_steps = read_steps(self, "decay_steps", decay_steps)

    def construct(self, global_step: Any) -> Tensor:
        step = clamp(self._step(global_step), max=self.decay_steps)
        half = 0.5 * (self.max_lr - self.min_lr)
        return self.min_lr + half * (1 + elementwise.cos(step * (math.pi / self.decay_steps)))


class PolynomialDecayLR(LearningRateSchedule):
    """``(learning_rate - end_learning_rate) * (1 - p) ** power + end_learning_rate``, with p from 0 to 1.

    With ``update_decay_steps`` the decay starts over, each time over one more ``decay_steps``.
    """

    def __init__(
        self,
        learning_rate: float,
        end_learning_rate: float,
        decay_steps: int,
        power: float,
        update_decay_steps: bool = False,
    ) -> None:
        super().__init__()
        self.learning_rate = read_positive(self, "learning_rate", learning_rate)
        self.end_learning_rate = read_positive(self, "end_learning_rate", end_learning_rate, zero=True)
        self.decay_steps = read_steps(self, "decay_steps", decay_steps)
        self.power = read_positive(self, "power", power)
        self.update_decay_steps = read_flag(self, "update_decay_steps", update_decay_steps)

    def construct(self, global_step: Any) -> Tensor:
        step = self._step(global_step)
        if self.update_decay_steps:
            rounds = elementwise.maximum(elementwise.ceil(step / self.decay_steps), 1.0)
            p = step / (rounds * self.decay_steps)
        else:
            p = clamp(step / self.decay_steps, max=1.0)
        return (self.learning_rate - self.end_learning_rate) * (1 - p) ** self.power + self.end_learning_rate


class WarmUpLR(LearningRateSchedule):
    """From 0 up to ``learning_rate`` in ``warmup_steps`` even steps."""

    def __init__(self, learning_rate: float, warmup_steps: int) -> None:
        super().__init__()
        self.learning_rate = read_positive(self, "learning_rate", learning_rate, zero=True)
        self.warmup_steps = read_steps(self, "warmup_steps", warmup_steps)

    def construct(self, global_step: Any) -> Tensor:
        return self.learning_rate * clamp(self._step(global_step) / self.warmup_steps, max=1.0)


def read_steps(owner: object, argument: str, value: Any) -> int:
    """A positive number of steps."""
    name = type(owner).__name__
    steps = read_int(name, argument, value)
    if not 0 < steps < 2**63:
        raise ArgumentError(f"`{argument}` of `{name}` must be positive and fit Int64, got {value}")
    return steps
