"""Schedules that set the rates of `experimental` optimizers: call ``step()`` after each epoch."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.absent import refusal
from dualtape.mindspore.experimental.optim.optimizer import Optimizer


class LRScheduler:
    """The base: ``rate(first, previous, epoch)`` says the rate of a group.

    Parameters
    ----------
    optimizer
        Whose rates are set.
    last_epoch
        The number of the epoch before; -1 to begin.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentTypeError(f"{type(optimizer).__name__} is not an Optimizer of experimental.optim")
        self.optimizer, self.last_epoch = optimizer, last_epoch
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self._rates = [float(group["lr"].asnumpy()) for group in optimizer.param_groups]
        self.step()

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        """The rate of the group ``i`` in ``epoch``."""
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        pairs = zip(self.base_lrs, self._rates, strict=True)
        self._rates = [self.rate(i, first, previous, self.last_epoch) for i, (first, previous) in enumerate(pairs)]
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"].set_data(dt.Tensor(rate))

    def get_last_lr(self) -> list[Any]:
        """The rates now."""
        return [group["lr"].value() for group in self.optimizer.param_groups]


class StepLR(LRScheduler):
    """Times ``gamma`` every ``step_size`` epochs."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return previous * self.gamma if epoch and epoch % self.step_size == 0 else previous


class MultiStepLR(LRScheduler):
    """Times ``gamma`` at each of some epochs."""

    def __init__(
        self, optimizer: Optimizer, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        factor: float = self.gamma ** bisect_right(self.milestones, epoch)
        return first * factor


class ExponentialLR(LRScheduler):
    """Times ``gamma`` every epoch."""

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return previous * self.gamma if epoch else previous


class PolynomialLR(LRScheduler):
    """``(1 - epoch / total_iters) ** power`` of the first rate."""

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        share: float = (1 - min(epoch, self.total_iters) / self.total_iters) ** self.power
        return first * share


class CosineAnnealingLR(LRScheduler):
    """From the first rate to ``eta_min`` along half a cosine of ``T_max`` epochs (Loshchilov & Hutter 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return self.eta_min + (first - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LambdaLR(LRScheduler):
    """The first rate times a function of the epoch; one for all groups, or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        given: list[Callable[[int], float]] = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda]
        self.lr_lambdas = given * len(optimizer.param_groups) if len(given) == 1 else given
        if len(self.lr_lambdas) != len(optimizer.param_groups):
            raise ArgumentError(f"`LambdaLR` of {len(optimizer.param_groups)} groups got {len(given)} functions")
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return first * self.lr_lambdas[i](epoch)


class LinearLR(LRScheduler):
    """A factor of the first rate that goes evenly from ``start_factor`` to ``end_factor``."""

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.start, self.end, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return first * (self.start + (self.end - self.start) * min(epoch, self.total_iters) / self.total_iters)


class ConstantLR(LRScheduler):
    """``factor`` of the first rate, for ``total_iters`` epochs."""

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, i: int, first: float, previous: float, epoch: int) -> float:
        return first * self.factor if epoch < self.total_iters else first


__getattr__ = refusal(__name__)
