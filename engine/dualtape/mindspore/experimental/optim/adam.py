"""Adam and its relatives (Kingma & Ba 2015), with the places of ``eps`` and the rounding of MindSpore's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from dualtape import ops as o
from dualtape.mindspore.experimental.optim.optimizer import Limits, RuledOptimizer

Betas = tuple[float, float]


def _rest(beta: float) -> float:
    """``1 - beta`` in Float32, off by 1e-5 where beta is 0.999: MindSpore's steps are, too."""
    return float(np.float32(1) - np.float32(beta))


def _moments(options: Mapping[str, Any], gradient: Any, first: Any, second: Any) -> tuple[Any, Any]:
    beta1, beta2 = options["betas"]
    return beta1 * first + _rest(beta1) * gradient, beta2 * second + _rest(beta2) * gradient * gradient


def _correction(beta: float, step: Any) -> Any:
    """``1 - beta ** step``, in Float32 as well."""
    return 1 - o.pow(beta, step)


class Adam(RuledOptimizer):
    """Adam, ``eps`` being added to the root before its correction; ``amsgrad`` has no effect, as in MindSpore 2.10."""

    slots = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    counter = "state_step"
    limits: ClassVar[Limits] = {"lr": (0.0, True), "eps": (0.0, True)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize,
        })  # fmt: skip

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        first, second = _moments(options, gradient, state[0], state[1])
        beta1, beta2 = options["betas"]
        rate = options["lr"] * (o.sqrt(_correction(beta2, step)) / _correction(beta1, step))
        return [value - rate * first / (o.sqrt(second) + options["eps"]), first, second, state[2]]


class AdamW(Adam):
    """Adam whose weight decay shrinks parameters by themselves (Loshchilov & Hutter 2019)."""

    adds_decay = False

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.01, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        first, second = _moments(options, gradient, state[0], state[1])
        beta1, beta2 = options["betas"]
        largest = o.maximum(state[2], second) if options["amsgrad"] else state[2]
        root = o.sqrt(largest if options["amsgrad"] else second) / o.sqrt(_correction(beta2, step))
        value = value * (1 - options["lr"] * options["weight_decay"])
        rate = options["lr"] / _correction(beta1, step)
        return [value - rate * (first / (root + options["eps"])), first, second, largest]


class Adamax(RuledOptimizer):
    """Adam with the largest gradient, fading, in place of the root of the mean square."""

    slots = ("exp_avg", "exp_inf")
    counter = "step_t"
    limits: ClassVar[Limits] = {"eps": (0.0, False)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(
            params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        )

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        mean, largest = state
        beta1, beta2 = options["betas"]
        mean = beta1 * mean + _rest(beta1) * gradient
        largest = o.maximum(beta2 * largest, o.abs(gradient) + options["eps"])
        return [value - options["lr"] / _correction(beta1, step) * mean / largest, mean, largest]


class NAdam(RuledOptimizer):
    """Adam with Nesterov's momentum, which grows from half of ``beta1`` (Dozat 2016)."""

    slots = ("exp_avg", "exp_avg_sq")
    numbers: ClassVar[dict[str, float]] = {"mu_product": 1.0}
    counter = "step_t"
    limits: ClassVar[Limits] = {"eps": (0.0, False), "momentum_decay": (0.0, True)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 2e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, momentum_decay: float = 4e-3,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
        })  # fmt: skip

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        first, second = _moments(options, gradient, state[0], state[1])
        beta1, beta2 = options["betas"]

        def momentum(step: Any) -> Any:
            return beta1 * (1.0 - 0.5 * o.pow(0.96, step * options["momentum_decay"]))

        now, following = momentum(step), momentum(step + 1)
        product = state[2] * now
        root = o.sqrt(second / _correction(beta2, step)) + options["eps"]
        value = value - options["lr"] * (1.0 - now) / (1.0 - product) * gradient / root
        value = value - options["lr"] * following / (1.0 - product * following) * first / root
        return [value, first, second, product]


class RAdam(RuledOptimizer):
    """Adam whose first steps are momentum's, until the variance of its mean square is finite (Liu et al. 2020)."""

    slots = ("exp_avg", "exp_avg_sq")
    counter = "step_t"
    limits: ClassVar[Limits] = {"eps": (0.0, False)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: Betas = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        first, second = _moments(options, gradient, *state)
        beta1, beta2 = options["betas"]
        mean = first / _correction(beta1, step)
        # rho is the length of a simple moving average that the exponential one is worth.
        rho_most = 2 / _rest(beta2) - 1
        rho = rho_most - 2 * step * o.pow(beta2, step) / _correction(beta2, step)
        is_finite = rho > 5.0
        known = o.where(is_finite, rho, 6.0)
        variance = (known - 4) * (known - 2) * rho_most / ((rho_most - 4) * (rho_most - 2) * known)
        adaptive = o.sqrt(_correction(beta2, step)) / (o.sqrt(second) + options["eps"]) * o.sqrt(variance)
        return [value - mean * options["lr"] * o.where(is_finite, adaptive, 1.0), first, second]
