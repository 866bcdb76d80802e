"""Optimizers and schedules of `experimental.optim`, and the groups of `nn`'s, run by either library.

What MindSpore makes of them stands in `optimizer_runs.json`: two parameters after some of the steps, or the rates of
each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

SHOWN = (1, 2, 5, 20, 60)
"""The steps after which the parameters are kept."""

_WEIGHTS = {"weight": [[1.5, -0.75], [0.25, 2.0]], "bias": [0.5, -1.25]}


def _parameters(ms: Any) -> list[Any]:
    return [ms.Parameter(ms.Tensor(np.array(x, np.float32)), name=name) for name, x in _WEIGHTS.items()]


def _gradients(ms: Any, parameters: list[Any], step: int) -> tuple[Any, ...]:
    """Those of a valley, with noise: they depend on where the parameters are."""
    noise = np.random.RandomState(step)
    slopes = [0.3 * p.asnumpy() + 0.4 * noise.randn(*p.shape) for p in parameters]
    return tuple(ms.Tensor(slope.astype(np.float32)) for slope in slopes)


def _groups(parameters: list[Any], **options: Any) -> list[dict[str, Any]]:
    """The weight in a group with options of its own, the bias in one without."""
    return [{"params": parameters[:1], **options}, {"params": parameters[1:]}]


EXPERIMENTAL: dict[str, Callable[[Any, list[Any]], Any]] = {
    "Adadelta": lambda optim, p: optim.Adadelta(p),
    "Adadelta with options": lambda optim, p: optim.Adadelta(p, 0.5, 0.8, 1e-3, 0.05, maximize=True),
    "Adadelta in groups": lambda optim, p: optim.Adadelta(_groups(p, lr=2.0, rho=0.95, eps=1e-4, weight_decay=0.1)),
    "Adagrad": lambda optim, p: optim.Adagrad(p, 0.05),
    "Adagrad with options": lambda optim, p: optim.Adagrad(p, 0.1, 0.02, 0.03, 0.4, 1e-2, maximize=True),
    "Adagrad in groups": lambda optim, p: optim.Adagrad(_groups(p, lr=0.2, lr_decay=0.1, weight_decay=0.1), 0.05),
    "Adam": lambda optim, p: optim.Adam(p, 0.01),
    "Adam with options": lambda optim, p: optim.Adam(p, 0.02, (0.8, 0.95), 0.05, 0.03, True, maximize=True),
    "Adam in groups": lambda optim, p: optim.Adam(_groups(p, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1), 0.01),
    "AdamW": lambda optim, p: optim.AdamW(p, 0.01),
    "AdamW with options": lambda optim, p: optim.AdamW(p, 0.02, (0.8, 0.95), 0.05, 0.3, True, maximize=True),
    "AdamW in groups": lambda optim, p: optim.AdamW(_groups(p, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1), 0.01),
    "Adamax": lambda optim, p: optim.Adamax(p, 0.01),
    "Adamax with options": lambda optim, p: optim.Adamax(p, 0.02, (0.8, 0.95), 0.05, 0.03, maximize=True),
    "Adamax in groups": lambda optim, p: optim.Adamax(_groups(p, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1), 0.01),
    "ASGD": lambda optim, p: optim.ASGD(p, 0.05),
    "ASGD with options": lambda optim, p: optim.ASGD(p, 0.05, 0.1, 0.6, 3.0, 0.02, True),
    "ASGD in groups": lambda optim, p: optim.ASGD(_groups(p, lr=0.1, lambd=0.2, t0=4.0, weight_decay=0.1), 0.05),
    "NAdam": lambda optim, p: optim.NAdam(p, 0.01),
    "NAdam with options": lambda optim, p: optim.NAdam(p, 0.02, (0.8, 0.95), 0.05, 0.03, 0.1),
    "NAdam in groups": lambda optim, p: optim.NAdam(_groups(p, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1), 0.01),
    "RAdam": lambda optim, p: optim.RAdam(p, 0.01),
    "RAdam with options": lambda optim, p: optim.RAdam(p, 0.02, (0.8, 0.95), 0.05, 0.03),
    "RAdam in groups": lambda optim, p: optim.RAdam(_groups(p, lr=0.05, betas=(0.5, 0.9), weight_decay=0.1), 0.01),
    "RMSprop": lambda optim, p: optim.RMSprop(p),
    "RMSprop with options": lambda optim, p: optim.RMSprop(p, 0.02, 0.9, 0.05, 0.03, 0.8, True, True),
    "RMSprop in groups": lambda optim, p: optim.RMSprop(_groups(p, lr=0.05, alpha=0.8, centered=True, momentum=0.5)),
    "Rprop": lambda optim, p: optim.Rprop(p),
    "Rprop with options": lambda optim, p: optim.Rprop(p, 0.05, (0.6, 1.3), (0.01, 0.2), maximize=True),
    "Rprop in groups": lambda optim, p: optim.Rprop(_groups(p, lr=0.1, etas=(0.4, 1.1), step_sizes=(0.02, 0.15))),
    "SGD": lambda optim, p: optim.SGD(p, 0.05),
    "SGD with momentum": lambda optim, p: optim.SGD(p, 0.05, 0.9, 0.2, 0.03, maximize=True),
    "SGD by Nesterov": lambda optim, p: optim.SGD(p, 0.05, 0.9, 0, 0.03, True),
    "SGD in groups": lambda optim, p: optim.SGD(
        _groups(p, lr=0.1, momentum=0.5, dampening=0.1, weight_decay=0.1), 0.05, 0.8
    ),
}  # fmt: skip

IN_GROUPS: dict[str, Callable[[Any, list[Any]], Any]] = {
    "nn.SGD": lambda nn, p: nn.SGD(_groups(p, lr=0.1, weight_decay=0.1), 0.05, 0.8, weight_decay=0.02),
    "nn.Momentum": lambda nn, p: nn.Momentum(_groups(p, lr=0.1, weight_decay=0.1), 0.05, 0.8, loss_scale=4.0),
    "nn.Adam": lambda nn, p: nn.Adam(_groups(p, lr=0.1, weight_decay=0.1), 0.05, weight_decay=0.02, loss_scale=2.0),
    "nn.AdamWeightDecay": lambda nn, p: nn.AdamWeightDecay(_groups(p, lr=0.1, weight_decay=0.1), 0.05),
    "nn.RMSProp": lambda nn, p: nn.RMSProp(_groups(p, weight_decay=0.1), 0.02),
    "nn.Adagrad": lambda nn, p: nn.Adagrad(_groups(p, lr=[0.1 / (i + 1) for i in range(60)]), learning_rate=0.05),
    "nn.ASGD": lambda nn, p: nn.ASGD(p, 0.05, 0.1, 0.6, 3.0, 0.02),
    "nn.ASGD in groups": lambda nn, p: nn.ASGD(_groups(p, lr=0.1, weight_decay=0.1), 0.05),
    "nn.Rprop": lambda nn, p: nn.Rprop(p, 0.05, (0.6, 1.3), (0.01, 0.2), 0.02),
    "nn.Rprop in groups": lambda nn, p: nn.Rprop(_groups(p, lr=0.1, weight_decay=0.1), 0.05),
    "nn.FTRL": lambda nn, p: nn.FTRL(p, learning_rate=0.05, l2=0.02),
    "nn.ProximalAdagrad": lambda nn, p: nn.ProximalAdagrad(p, 0.1, 0.05, 0.01, 0.02),
}  # fmt: skip

# An optimizer of two rates is made for each; then the schedule steps twelve times.
SCHEDULES: dict[str, Callable[[Any, Any], Any]] = {
    "StepLR": lambda s, o: s.StepLR(o, 3, 0.5),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.25, 0.75, 4),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.9),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 6, 2.0),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.5, 4),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], 0.5),
    "LambdaLR": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.9**epoch, lambda epoch: 1.0 / (epoch + 1)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.95),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 4, 0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 2, 3),
    "CyclicLR halved": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.1], 3, mode="triangular2"),
    "CyclicLR by a power": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 2, mode="exp_range", gamma=0.9),
    "CyclicLR by a function": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 2, scale_fn=lambda x: 1 / (5 ** (x * 0.01))),
    "SequentialLR": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], [4]),
}  # fmt: skip

# What a plateau is told in each step.
METRICS = (5.0, 4.0, 4.0, 4.1, 4.2, 3.9995, 3.0, 3.1, 3.2, 3.3, 3.4, 3.5)
PLATEAUS: dict[str, Callable[[Any, Any], Any]] = {
    "ReduceLROnPlateau": lambda s, o: s.ReduceLROnPlateau(o, factor=0.5, patience=1),
    "ReduceLROnPlateau with options": lambda s, o: s.ReduceLROnPlateau(
        o, "max", 0.5, 0, 0.01, "abs", cooldown=2, min_lr=[0.01, 0.04]
    ),
}  # fmt: skip


def run(ms: Any, make: Callable[[Any, list[Any]], Any], owner: Any) -> list[list[float]]:
    """The elements of both parameters after the steps of :data:`SHOWN`."""
    parameters = _parameters(ms)
    optimizer = make(owner, parameters)
    found = []
    for step in range(1, SHOWN[-1] + 1):
        optimizer(_gradients(ms, parameters, step))
        if step in SHOWN:
            found.append([float(x) for p in parameters for x in p.asnumpy().reshape(-1)])
    return found


def rates(ms: Any, make: Callable[[Any, Any], Any], told: tuple[float, ...] = ()) -> list[list[float]]:
    """The rates of both groups at first, and after each of twelve steps."""
    optimizer = ms.experimental.optim.SGD(_groups(_parameters(ms), lr=0.05), 0.1)
    schedule = make(ms.experimental.optim.lr_scheduler, optimizer)
    steps: list[tuple[Any, ...]] = [(ms.Tensor(x, ms.float32),) for x in told] if told else [()] * 12
    found = [[float(rate) for rate in schedule.get_last_lr()]]
    for arguments in steps:
        schedule.step(*arguments)
        found.append([float(group["lr"].asnumpy()) for group in optimizer.param_groups])
    return found


def everything(ms: Any) -> dict[str, Callable[[], list[list[float]]]]:
    """All runs by name, each to be called."""
    optim, found = ms.experimental.optim, {}
    for name, make in EXPERIMENTAL.items():
        found[name] = lambda make=make: run(ms, make, optim)
    for name, make in IN_GROUPS.items():
        found[name] = lambda make=make: run(ms, make, ms.nn)
    for name, make in SCHEDULES.items():
        found[name] = lambda make=make: rates(ms, make)
    for name, make in PLATEAUS.items():
        found[name] = lambda make=make: rates(ms, make, METRICS)
    return found
