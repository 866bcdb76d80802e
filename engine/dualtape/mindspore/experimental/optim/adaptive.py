"""Rules that divide each gradient by its own past size: Adadelta, Adagrad and RMSprop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.experimental.optim.optimizer import Limits, RuledOptimizer


class Adadelta(RuledOptimizer):
    """Steps whose units are the parameter's: by running mean squares of gradients and of steps (Zeiler 2012)."""

    slots = ("accum", "accum_update")
    limits: ClassVar[Limits] = {"eps": (0.0, False)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0, *,
        maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        super().check(options)
        if not 0.0 <= options["rho"] <= 1.0:
            raise ArgumentError(f"For 'Adadelta', the 'rho' must be from 0.0 to 1.0, but got {options['rho']}.")

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        squares, moves = state
        rho, eps = options["rho"], options["eps"]
        squares = rho * squares + (1 - rho) * gradient * gradient
        move = o.sqrt(moves + eps) / o.sqrt(squares + eps) * gradient
        return [value - options["lr"] * move, squares, rho * moves + (1 - rho) * move * move]


class Adagrad(RuledOptimizer):
    """Division by the root of the sum of all squares so far (Duchi et al. 2011), with rates that fall by `lr_decay`."""

    slots = ("accum",)
    counter = "step_t"
    limits: ClassVar[Limits] = {"lr_decay": (0.0, True), "initial_accumulator_value": (0.0, True), "eps": (0.0, False)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, lr_decay: float = 0.0, weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0, eps: float = 1e-10, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "maximize": maximize,
        })  # fmt: skip

    def first(self, slot: str, options: Mapping[str, Any]) -> float:
        number: float = self.defaults["initial_accumulator_value"]  # a group's own is not read, as in MindSpore
        return number

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        squares = state[0] + gradient * gradient
        rate = options["lr"] / (1 + (step - 1) * options["lr_decay"])
        return [value - rate * gradient / (o.sqrt(squares) + options["eps"]), squares]


class RMSprop(RuledOptimizer):
    """Division by the root of the running mean square (Tieleman & Hinton 2012); centered, a standard deviation."""

    slots = ("mean_grad", "mean_square", "moment")
    limits: ClassVar[Limits] = {"alpha": (0.0, True), "eps": (0.0, False), "momentum": (0.0, True)}

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0.0,
        momentum: float = 0.0, centered: bool = False, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "maximize": maximize,
        })  # fmt: skip

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        mean, squares, moment = state
        alpha, momentum = options["alpha"], options["momentum"]
        squares = alpha * squares + (1 - alpha) * gradient * gradient
        spread = squares
        if options["centered"]:
            mean = alpha * mean + (1 - alpha) * gradient
            spread = squares - mean * mean
        direction = gradient / (o.sqrt(spread) + options["eps"])
        if momentum > 0:
            moment = momentum * moment + direction
            direction = moment
        return [value - options["lr"] * direction, mean, squares, moment]
