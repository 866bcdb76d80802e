"""Schedules that change at events: from one schedule to the next, and where a metric stays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.mindspore.common.parameter import Parameter
from dualtape.mindspore.experimental.optim.lr_scheduler.base import LRScheduler, Schedule, for_each_group, set_rate
from dualtape.mindspore.experimental.optim.optimizer import Optimizer


class SequentialLR(Schedule):
    """Schedules of one optimizer one after the other: the next from each of ``milestones`` on."""

    def __init__(
        self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        if any(one.optimizer is not optimizer for one in schedulers):
            raise ArgumentError("Sequential Schedulers expects all schedulers to belong to the same optimizer")
        if len(milestones) != len(schedulers) - 1:
            raise ArgumentError(
                "Sequential Schedulers expects number of schedulers provided to be one more than the number of "
                f"milestone points, but got number of schedulers {len(schedulers)} and the number of milestones "
                f"{len(milestones)}"
            )
        self._schedulers, self.milestones, self.optimizer = list(schedulers), list(milestones), optimizer
        self._last_lr = list(optimizer.lrs)
        self.last_epoch = Parameter(dt.Tensor(float(last_epoch + 1)), name="last_epoch_SequentialLR")
        for rate, group in zip(self._last_lr, optimizer.param_groups, strict=True):
            set_rate(rate, group["initial_lr"])
        for one in self._schedulers:
            one.last_epoch.set_data(one.last_epoch - 1)
        self._schedulers[0].step()

    def step(self) -> None:
        """Go on to the next epoch."""
        self.last_epoch.set_data(self.last_epoch + 1)
        epoch = int(self.last_epoch)
        current = sum(at <= epoch for at in self.milestones)
        starts = current > 0 and self.milestones[current - 1] == epoch
        self._schedulers[current].step(*([0] if starts else []))


class ReduceLROnPlateau(Schedule):
    """Times ``factor`` when a metric has not become better for more than ``patience`` epochs.

    Better is below the best so far (``mode='min'``) or above it, by ``threshold``, a share of the best or, by
    ``threshold_mode='abs'``, a number. For ``cooldown`` epochs after each change none is counted as bad.
    """

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10,
        threshold: float = 1e-4, threshold_mode: str = "rel", cooldown: int = 0, min_lr: Any = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if factor >= 1.0:
            raise ArgumentError("The lr factor should be less than 1.0.")
        if mode not in ("min", "max"):
            raise ArgumentError(f"`mode` should be 'min' or 'max', but got {mode}.")
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(f"`threshold mode` should be 'rel' or 'abs', but got {threshold_mode}.")
        self.min_lrs = for_each_group(optimizer, "min_lrs", min_lr)
        self.optimizer, self._last_lr = optimizer, list(optimizer.lrs)
        self.mode, self.factor, self.patience, self.eps = mode, factor, patience, eps
        self.threshold, self.threshold_mode, self.cooldown = threshold, threshold_mode, cooldown
        self.best = math.inf if mode == "min" else -math.inf
        self.wait = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: Any) -> bool:
        """Take note of an epoch's metric."""
        current = float(metrics)
        self.last_epoch += 1
        if self._is_better(current):
            self.best, self.wait = current, 0
        else:
            self.wait += 1
        if self.in_cooldown():
            self.cooldown_counter, self.wait = self.cooldown_counter - 1, 0
        if self.wait > self.patience:
            for rate, least in zip(self._last_lr, self.min_lrs, strict=True):
                before = float(rate)
                after = max(before * self.factor, float(least))
                if before > after + self.eps:
                    set_rate(rate, after)
            self.cooldown_counter, self.wait = self.cooldown, 0
        return True

    def in_cooldown(self) -> bool:
        """Whether the rates were reduced so lately that no epoch is counted as bad."""
        return self.cooldown_counter > 0

    def _is_better(self, current: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        bar = self.best + sign * self.threshold
        if self.threshold_mode == "rel":
            bar = self.best * (1 + sign * self.threshold)
        return sign * current > sign * bar
