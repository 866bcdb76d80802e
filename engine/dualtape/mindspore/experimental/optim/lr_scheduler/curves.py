"""Schedules whose rates are functions of the epoch: cosines, cycles, and a program's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.experimental.optim.lr_scheduler.base import LRScheduler, for_each_group, read_number, set_rate
from dualtape.mindspore.experimental.optim.optimizer import Optimizer


class LambdaLR(LRScheduler):
    """The first rate times a function of the epoch; one for all groups, or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Any, last_epoch: int = -1) -> None:
        self.lr_lambdas: list[Callable[[Any], Any]] = for_each_group(optimizer, "lr_lambdas", lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        pairs = zip(self.lr_lambdas, self.base_lrs, strict=True)
        return [first * function(self.last_epoch) for function, first in pairs]


class CosineAnnealingLR(LRScheduler):
    """From the first rate to ``eta_min`` by half a cosine of ``T_max`` epochs, and back (Loshchilov & Hutter 2017)."""

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = read_number(int, "CosineAnnealingLR", "T_max", T_max)
        if isinstance(eta_min, bool) or not isinstance(eta_min, (int, float)):
            raise ArgumentTypeError(f"For 'CosineAnnealingLR', the 'eta_min' must be a number, got {type(eta_min)}.")
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch: int) -> float:
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def get_lr(self) -> list[Any]:
        epoch = int(self.last_epoch)
        if epoch == 0:
            return [rate * 1.0 for rate in self._last_lr]
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the last rate was eta_min, which no factor leaves
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            pairs = zip(self.base_lrs, self._last_lr, strict=True)
            return [rate + (first - self.eta_min) * rise for first, rate in pairs]
        factor = self._height(epoch) / self._height(epoch - 1)
        return [(rate - self.eta_min) * factor + self.eta_min for rate in self._last_lr]

    def at_once(self) -> list[Any]:
        half = self._height(int(self.last_epoch)) / 2
        return [self.eta_min + (first - self.eta_min) * half for first in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine down to ``eta_min``, over and over, each ``T_mult`` times as long as the one before."""

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0, last_epoch: int = -1
    ) -> None:
        if isinstance(T_0, bool) or not isinstance(T_0, int) or T_0 <= 0:
            raise ArgumentError(f"T_0 should be an integer and equal or greater than 0, but got {T_0}")
        if isinstance(T_mult, bool) or not isinstance(T_mult, int) or T_mult < 1:
            raise ArgumentError(f"T_mult should be an integer and equal or greater than 1, but got {T_mult}")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, float(eta_min)
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        half = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (first - self.eta_min) * half for first in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on to the next epoch, or to the one that is given, which may be a fraction."""
        at = float(self.last_epoch) + 1 if epoch is None else float(epoch)
        if at < 0:
            raise ArgumentError(f"epoch should be a non-negative integer, but got {epoch}")
        if epoch is None:
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
        else:
            self.T_cur, self.T_i = at, self.T_0
            while self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur - self.T_i, self.T_i * self.T_mult
        self.last_epoch.set_data(dt.Tensor(math.floor(at), dt.float32))
        for rate, value in zip(self._last_lr, self.get_lr(), strict=True):
            set_rate(rate, value)


class CyclicLR(LRScheduler):
    """Up from ``base_lr`` to ``max_lr`` and down again, over and over (Smith 2017, arXiv:1506.01186).

    ``mode`` says what becomes of the height: it stays, is halved after each cycle (``'triangular2'``), or is multiplied
    by ``gamma`` in each epoch (``'exp_range'``); ``scale_fn``, of the cycle or, by ``scale_mode='iterations'``, of
    the epoch, goes before it.
    """

    def __init__(
        self, optimizer: Optimizer, base_lr: Any, max_lr: Any, step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[Any], Any] | None = None, scale_mode: str = "cycle", last_epoch: int = -1,
    ) -> None:  # fmt: skip
        lowest = [float(rate) for rate in for_each_group(optimizer, "values for base_lr", base_lr)]
        self.max_lrs = [float(rate) for rate in for_each_group(optimizer, "values for max_lr", max_lr)]
        if scale_fn is None:
            scales = {
                "triangular": (lambda cycle: 1.0, "cycle"),
                "triangular2": (lambda cycle: 0.5 ** (cycle - 1), "cycle"),
                "exp_range": (lambda epoch: gamma**epoch, "iterations"),
            }
            if mode not in scales:
                raise ArgumentError(f"mode is invalid and scale_fn is None: {mode!r}")
            scale_fn, scale_mode = scales[mode]
        self.mode, self.gamma, self.scale_fn, self.scale_mode = mode, gamma, scale_fn, scale_mode
        down = step_size_up if step_size_down is None else step_size_down
        self.total_step_size = float(step_size_up + down)
        self.step_up_ratio = step_size_up / self.total_step_size
        if last_epoch == -1:
            for rate, value in zip(optimizer.lrs, lowest, strict=True):
                set_rate(rate, value)
        self._lowest = lowest
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def get_lr(self) -> list[Any]:
        epoch = int(self.last_epoch)
        cycle = math.floor(1 + epoch / self.total_step_size)
        x = 1 + epoch / self.total_step_size - cycle
        height = x / self.step_up_ratio if x <= self.step_up_ratio else (x - 1) / (self.step_up_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else epoch)
        return [low + (high - low) * height * scale for low, high in zip(self._lowest, self.max_lrs, strict=True)]
