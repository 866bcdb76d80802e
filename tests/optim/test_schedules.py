"""Learning-rate schedules at their first, last and middle steps."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import dualtape as dt
from dualtape import Tensor, optim


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (optim.ExponentialDecayLR(0.1, 0.5, 4), {0: 0.1, 2: 0.1 * 0.5**0.5, 4: 0.05, 8: 0.025}),
        (optim.ExponentialDecayLR(0.1, 0.5, 4, is_stair=True), {0: 0.1, 3: 0.1, 4: 0.05, 7: 0.05}),
        (optim.NaturalExpDecayLR(0.1, 0.5, 4), {0: 0.1, 2: 0.1 * math.exp(-1)}),
        (optim.NaturalExpDecayLR(0.1, 0.5, 4, is_stair=True), {3: 0.1, 5: 0.1 * math.exp(-2)}),
        (optim.InverseDecayLR(0.1, 0.5, 4), {0: 0.1, 4: 0.1 / 1.5, 6: 0.1 / 1.75}),
        (optim.InverseDecayLR(0.1, 0.5, 4, is_stair=True), {3: 0.1, 6: 0.1 / 1.5}),
        (optim.CosineDecayLR(0.01, 0.1, 4), {0: 0.1, 2: 0.055, 4: 0.01, 9: 0.01}),
        (optim.PolynomialDecayLR(0.1, 0.02, 4, 2.0), {0: 0.1, 2: 0.04, 4: 0.02, 9: 0.02}),
        (optim.PolynomialDecayLR(0.1, 0.02, 4, 1.0, True), {0: 0.1, 4: 0.02, 6: 0.04, 8: 0.02}),
        (optim.WarmUpLR(0.1, 4), {0: 0.0, 1: 0.025, 4: 0.1, 9: 0.1}),
    ],
)
def test_schedule(schedule: optim.LearningRateSchedule, rates: dict[int, float]) -> None:
    for step, rate in rates.items():
        assert schedule(Tensor(step, dt.int32)).item() == pytest.approx(rate, rel=1e-6)
        assert schedule(step).item() == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: optim.ExponentialDecayLR(0.0, 0.5, 2), ValueError, "`learning_rate` of `ExponentialDecayLR`"),
        (lambda: optim.ExponentialDecayLR(0.1, "a", 2), TypeError, "`decay_rate` of `ExponentialDecayLR`"),
        (lambda: optim.InverseDecayLR(0.1, 0.5, 0), ValueError, "`decay_steps` of `InverseDecayLR` must be positive"),
        (lambda: optim.NaturalExpDecayLR(0.1, 0.5, 1.5), TypeError, "`decay_steps`.*must be an int"),
        (lambda: optim.CosineDecayLR(0.1, 0.1, 2), ValueError, "`max_lr`.*above `min_lr`"),
        (lambda: optim.CosineDecayLR(-0.1, 0.1, 2), ValueError, "`min_lr`.*negative"),
        (lambda: optim.PolynomialDecayLR(0.1, -0.1, 2, 1.0), ValueError, "`end_learning_rate`"),
        (lambda: optim.PolynomialDecayLR(0.1, 0.1, 2, 0.0), ValueError, "`power`"),
        (lambda: optim.WarmUpLR(-0.1, 2), ValueError, "`learning_rate` of `WarmUpLR` must be zero or positive"),
    ],
)
def test_misuse_is_named(use: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use()
