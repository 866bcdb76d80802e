"""Optimizers and schedules give what MindSpore's gave (`optimizer_runs.json`), and what they cannot do is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape.mindspore as ms
from dualtape.mindspore import Parameter, Tensor
from dualtape.mindspore.experimental import optim
from dualtape.mindspore.experimental.optim import lr_scheduler
from mindspore import expressions, optimizer_runs

RUNS = expressions.load(Path(__file__).parent / "optimizer_runs.json")

# MindSpore's Float32 of 1 - 0.999 is off by 1e-5: the optimizers of `nn`, which are plain dualtape's, take the number.
ROUNDED = {"nn.Adam", "nn.AdamWeightDecay"}


@pytest.mark.parametrize("name", optimizer_runs.everything(ms))
def test_an_optimizer_or_a_schedule_gives_what_mindspores_gives(name: str) -> None:
    found = np.array(optimizer_runs.everything(ms)[name]())
    np.testing.assert_allclose(found, np.array(RUNS[name]), rtol=1e-5, atol=2e-5 if name in ROUNDED else 1e-6)


def test_every_recorded_run_is_still_made() -> None:
    assert set(RUNS) == set(optimizer_runs.everything(ms))


def _parameter(name: str = "w") -> Any:
    return Parameter(Tensor(np.array([1.0, 2.0], np.float32)), name=name)


@pytest.mark.parametrize("make", [
    lambda p: optim.SGD(p, 0.1, 0.9, 0.1), lambda p: optim.Adam(p, 0.1), lambda p: optim.AdamW(p, 0.1, amsgrad=True),
    lambda p: optim.ASGD(p, 0.1, t0=1.0), lambda p: optim.Rprop(p, 0.1), lambda p: optim.NAdam(p, 0.1),
    lambda p: optim.RAdam(p, 0.1), lambda p: optim.RMSprop(p, 0.1, momentum=0.5, centered=True),
])  # fmt: skip
def test_steps_are_the_same_inside_of_jit(make: Callable[[Any], Any]) -> None:
    found = []
    for compiled in (False, True):
        w = _parameter()
        optimizer = make([w])
        step = ms.jit(lambda gradient, optimizer=optimizer: optimizer((gradient,)), fullgraph=True)
        for i in range(9):
            gradient = Tensor(np.array([0.5, -1.0 + 0.3 * i], np.float32))
            if compiled:
                step(gradient)
            else:
                optimizer((gradient,))
        found.append(w.asnumpy())
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


@pytest.mark.parametrize(("make", "words"), [
    (lambda p: optim.Adam(p, -1.0), "learning rate"), (lambda p: optim.Adam(p, "a"), "learning rate"),
    (lambda p: optim.Adagrad(p, 0), "lr must be greater than 0"), (lambda p: optim.Adam([]), "must not be empty"),
    (lambda p: optim.Adam(None), "params"), (lambda p: optim.Adam([3]), "can only optimize Parameters"),
    (lambda p: optim.Adam([{"params": p}, {"params": p}]), "more than one parameter group"),
    (lambda p: optim.Adam([{"params": p, "betas": (0.9, 1.0)}]), "beta parameter at index 1"),
    (lambda p: optim.RMSprop([{"params": p, "eps": 0.0}]), "eps must be greater than"),
    (lambda p: optim.Adam([{"params": p, "weight_decay": -1.0}]), "weight_decay"),
    (lambda p: optim.Adam([{"lr": 0.1}]), "dict with 'params'"), (lambda p: optim.Adam([{"params": {1}}]), "order"),
    (lambda p: optim.SGD(p, 0.1, nesterov=True), "nesterov"), (lambda p: optim.Rprop(p, etas=(1.1, 1.2)), "etas"),
    (lambda p: optim.Adadelta(p, rho=1.5), "rho"), (lambda p: optim.Adam(p)([]), "as many gradients"),
    (lambda p: optim.Optimizer(p, {"lr": 0.1})([]), "construct"),
    (lambda p: lr_scheduler.StepLR(optim.Adam(p), 0.5), "step_size"),
    (lambda p: lr_scheduler.StepLR(3, 2), "not an Optimizer"),
    (lambda p: lr_scheduler.StepLR(optim.Adam(p), 2, last_epoch=-2), "Invalid last_epoch"),
    (lambda p: lr_scheduler.StepLR(optim.Adam(p), 2, last_epoch=3), "initial_lr"),
    (lambda p: lr_scheduler.LinearLR(optim.Adam(p), 0.0), "Starting multiplicative factor"),
    (lambda p: lr_scheduler.LambdaLR(optim.Adam(p), [1, 2]), "Expected 1 lr_lambdas"),
    (lambda p: lr_scheduler.CosineAnnealingWarmRestarts(optim.Adam(p), 0), "T_0"),
    (lambda p: lr_scheduler.CyclicLR(optim.Adam(p), 0.1, 0.2, mode="x"), "mode is invalid"),
    (lambda p: lr_scheduler.ReduceLROnPlateau(optim.Adam(p), "low"), "`mode`"),
    (lambda p: lr_scheduler.SequentialLR(optim.Adam(p), [], [1]), "number of milestone"),
])  # fmt: skip
def test_what_cannot_be_read_is_told(make: Callable[[Any], Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, NotImplementedError), match=words):
        make([_parameter()])


def test_what_spreads_over_devices_is_refused() -> None:
    with pytest.raises(AttributeError, match="broadcast_params"):
        ms.nn.SGD([_parameter()]).broadcast_params(())
    with pytest.raises(NotImplementedError, match="runs on the device of its parameters"):
        ms.nn.SGD([_parameter()]).target = "GPU"


def test_warm_restarts_go_to_any_epoch() -> None:
    """MindSpore's own raises for ``T_mult`` above 1: the cycles here take 3, 6 and 12 epochs."""
    schedule = lr_scheduler.CosineAnnealingWarmRestarts(optim.SGD([_parameter()], 0.1), 3, 2)
    for epoch, share in ((2, 0.25), (3, 1.0), (6, 0.5), (9, 1.0), (15, 0.5)):
        schedule.step(epoch)
        assert float(schedule.get_last_lr()[0]) == pytest.approx(0.1 * share, rel=1e-6)
