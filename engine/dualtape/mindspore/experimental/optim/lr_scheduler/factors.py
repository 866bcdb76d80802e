"""Schedules that multiply the rates by a factor in each epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dualtape.errors import ArgumentError
from dualtape.mindspore.experimental.optim.lr_scheduler.base import ByFactor, for_each_group, read_number
from dualtape.mindspore.experimental.optim.optimizer import Optimizer


class StepLR(ByFactor):
    """Times ``gamma`` every ``step_size`` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = read_number(int, "StepLR", "step_size", step_size)
        self.gamma = read_number(float, "StepLR", "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.gamma if epoch and epoch % self.step_size == 0 else 1.0

    def share(self, epoch: int) -> float:
        return float(self.gamma ** (epoch // self.step_size))


class MultiStepLR(ByFactor):
    """Times ``gamma`` at each of some epochs, as often as it is named."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = Counter(read_number(int, "MultiStepLR", "milestones", one) for one in milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return float(self.gamma ** self.milestones[epoch])

    def share(self, epoch: int) -> float:
        return float(self.gamma ** sum(count for at, count in self.milestones.items() if at <= epoch))


class ExponentialLR(ByFactor):
    """Times ``gamma`` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = read_number(float, "ExponentialLR", "gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        return self.gamma if epoch else 1.0

    def share(self, epoch: int) -> float:
        return float(self.gamma**epoch)


class PolynomialLR(ByFactor):
    """``(1 - epoch / total_iters) ** power`` of the first rate."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = read_number(int, "PolynomialLR", "total_iters", total_iters)
        self.power = read_number(float, "PolynomialLR", "power", power)
        if power < 0:
            raise ArgumentError(f"For 'PolynomialLR', the 'power' must be >= 0, but got {power}.")
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        if epoch == 0 or epoch > self.total_iters:
            return 1.0
        return float(((self.total_iters - epoch) / (self.total_iters - epoch + 1)) ** self.power)

    def share(self, epoch: int) -> float:
        return float((1 - min(epoch, self.total_iters) / self.total_iters) ** self.power)


class LinearLR(ByFactor):
    """A factor of the first rate that goes evenly from ``start_factor`` to ``end_factor``."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        if not 0 < start_factor <= 1:
            raise ArgumentError(
                "Starting multiplicative factor expected to be greater than 0 and less than or equal to 1."
            )
        if not 0 <= end_factor <= 1:
            raise ArgumentError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = read_number(int, "LinearLR", "total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        if epoch == 0:
            return self.start_factor
        return 1.0 if epoch > self.total_iters else self.share(epoch) / self.share(epoch - 1)

    def share(self, epoch: int) -> float:
        passed: float = min(epoch, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * passed


class ConstantLR(ByFactor):
    """``factor`` of the first rate, for ``total_iters`` epochs."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1:
            raise ArgumentError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, read_number(int, "ConstantLR", "total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def multiplier(self, epoch: int) -> float:
        if epoch == 0:
            return self.factor
        return 1 / self.factor if epoch == self.total_iters else 1.0

    def share(self, epoch: int) -> float:
        return self.factor if epoch < self.total_iters else 1.0


class MultiplicativeLR(ByFactor):
    """Times a function of the epoch in each epoch; one for all groups, or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.lr_lambdas: list[Callable[[Any], Any]] = for_each_group(optimizer, "lr_lambdas", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        if not self.last_epoch > 0:
            return [rate * 1.0 for rate in self._last_lr]
        return [rate * function(self.last_epoch) for function, rate in zip(self.lr_lambdas, self._last_lr, strict=True)]
