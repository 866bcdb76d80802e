"""MindSpore's lists of learning rates, one number a step."""

from __future__ import annotations

import math
from collections.abc import Callable

from dualtape.errors import ArgumentError


def _epochs(
    function: str, total_step: int, step_per_epoch: int, decay_epoch: int, rate: Callable[[float], float], stair: bool
) -> list[float]:
    """``rate`` of how many times ``decay_epoch`` has passed: a real number, or a whole one of a stair."""
    for name, value in (("total_step", total_step), ("step_per_epoch", step_per_epoch), ("decay_epoch", decay_epoch)):
        if not isinstance(value, int) or value <= 0:
            raise ArgumentError(f"`{name}` of `{function}` must be a positive int, got {value!r}")
    passed = ((step // step_per_epoch) / decay_epoch for step in range(total_step))
    return [rate(math.floor(p) if stair else p) for p in passed]


def piecewise_constant_lr(milestone: list[int], learning_rates: list[float]) -> list[float]:
    """``learning_rates[i]`` up to the step ``milestone[i]``."""
    if len(milestone) != len(learning_rates) or sorted(milestone) != list(milestone):
        raise ArgumentError("`piecewise_constant_lr` needs one rate for each milestone, and milestones in order")
    starts = [0, *milestone[:-1]]
    return [lr for start, end, lr in zip(starts, milestone, learning_rates, strict=True) for _ in range(end - start)]


def exponential_decay_lr(
    learning_rate: float, decay_rate: float, total_step: int, step_per_epoch: int, decay_epoch: int,
    is_stair: bool = False,
) -> list[float]:  # fmt: skip
    """``learning_rate * decay_rate ** (epoch / decay_epoch)``."""
    rate = lambda p: learning_rate * decay_rate**p
    return _epochs("exponential_decay_lr", total_step, step_per_epoch, decay_epoch, rate, is_stair)


def natural_exp_decay_lr(
    learning_rate: float, decay_rate: float, total_step: int, step_per_epoch: int, decay_epoch: int,
    is_stair: bool = False,
) -> list[float]:  # fmt: skip
    """``learning_rate * exp(-decay_rate * epoch)``, of the last multiple of ``decay_epoch`` for a stair."""
    rate = lambda p: learning_rate * math.exp(-decay_rate * p * decay_epoch)
    return _epochs("natural_exp_decay_lr", total_step, step_per_epoch, decay_epoch, rate, is_stair)


def inverse_decay_lr(
    learning_rate: float, decay_rate: float, total_step: int, step_per_epoch: int, decay_epoch: int,
    is_stair: bool = False,
) -> list[float]:  # fmt: skip
    """``learning_rate / (1 + decay_rate * epoch / decay_epoch)``."""
    rate = lambda p: learning_rate / (1 + decay_rate * p)
    return _epochs("inverse_decay_lr", total_step, step_per_epoch, decay_epoch, rate, is_stair)


def cosine_decay_lr(
    min_lr: float, max_lr: float, total_step: int, step_per_epoch: int, decay_epoch: int
) -> list[float]:  # fmt: skip
    """From ``max_lr`` to ``min_lr`` along half a cosine, which ends with ``decay_epoch``."""
    if not max_lr > min_lr:
        raise ArgumentError(
            f"For 'cosine_decay_lr', the 'max_lr' must be greater than the 'min_lr', but got {max_lr} and {min_lr}"
        )
    rate = lambda p: min_lr + 0.5 * (max_lr - min_lr) * (1 + math.cos(math.pi * min(p, 1)))
    return _epochs("cosine_decay_lr", total_step, step_per_epoch, decay_epoch, rate, False)


def polynomial_decay_lr(
    learning_rate: float, end_learning_rate: float, total_step: int, step_per_epoch: int, decay_epoch: int,
    power: float, update_decay_epoch: bool = False,
) -> list[float]:  # fmt: skip
    """From one rate to the other along ``(1 - epoch / decay_epoch) ** power``."""

    def rate(p: float) -> float:
        whole = max(1, math.ceil(p)) if update_decay_epoch else 1
        share: float = (1 - min(p / whole, 1)) ** power
        return (learning_rate - end_learning_rate) * share + end_learning_rate

    return _epochs("polynomial_decay_lr", total_step, step_per_epoch, decay_epoch, rate, False)


def warmup_lr(learning_rate: float, total_step: int, step_per_epoch: int, warmup_epoch: int) -> list[float]:
    """From 0 to ``learning_rate`` in ``warmup_epoch`` epochs, evenly."""
    rate = lambda p: learning_rate * min(p, 1)
    return _epochs("warmup_lr", total_step, step_per_epoch, warmup_epoch, rate, False)
