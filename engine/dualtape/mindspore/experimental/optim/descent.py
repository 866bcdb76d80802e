"""Rules that follow the gradient or its sign: SGD, ASGD and Rprop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError
from dualtape.mindspore.experimental.optim.optimizer import Limits, RuledOptimizer


class SGD(RuledOptimizer):
    """``b = momentum b + (1 - dampening) g`` (the first ``b`` is ``g``), ``x -= lr b``; or Nesterov's step."""

    slots = ("accum", "stat")
    limits: ClassVar[Limits] = {"lr": (0.0, True), "momentum": (0.0, True)}

    def __init__(
        self, params: Iterable[Any], lr: Any, momentum: float = 0, dampening: float = 0, weight_decay: float = 0.0,
        nesterov: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "momentum": float(momentum), "dampening": float(dampening), "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "grad_centralization": False,
        })  # fmt: skip

    def first(self, slot: str, options: Mapping[str, Any]) -> float:
        return 1.0 if slot == "stat" else 0.0

    def check(self, options: Mapping[str, Any]) -> None:
        super().check(options)
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ArgumentError(
                "For 'SGD', if 'nesterov' is true, 'momentum' must be > 0.0 and 'dampening' must equal to 0.0, but got "
                f"'momentum' {options['momentum']}, 'dampening' {options['dampening']}"
            )

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        accumulated, is_first = state
        momentum = options["momentum"]
        if not momentum:
            return [value - options["lr"] * gradient, accumulated, is_first]
        following = momentum * accumulated + (1 - options["dampening"]) * gradient
        accumulated = o.where(is_first > 0, gradient, following)
        direction = gradient + momentum * accumulated if options["nesterov"] else accumulated
        return [value - options["lr"] * direction, accumulated, o.zeros_like(is_first)]


class ASGD(RuledOptimizer):
    """SGD with steps that shrink, and in ``ax`` the parameters' mean from step ``t0`` on (Polyak & Juditsky 1992)."""

    slots = ("ax",)
    numbers: ClassVar[dict[str, float]] = {"eta": 0.0, "mu": 1.0}
    counter = "step_t"

    def __init__(
        self, params: Iterable[Any], lr: Any = 0.01, lambd: float = 1e-4, alpha: float = 0.75, t0: float = 1e6,
        weight_decay: float = 0.0, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay, "maximize": maximize,
        })  # fmt: skip

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        value, kept = dt.optim.ASGD.averaged_step(
            value, gradient, state, step, options["lr"], options["lambd"], options["alpha"], options["t0"]
        )
        return [value, *kept]


class Rprop(RuledOptimizer):
    """Steps by the gradient's sign, that grow while it stays and shrink where it turns (Riedmiller & Braun 1993)."""

    slots = ("prev", "step_size")
    counter = "step_t"
    adds_decay = False

    def __init__(
        self, params: Iterable[Any], lr: Any = 0.01, etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50), *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def check(self, options: Mapping[str, Any]) -> None:
        super().check(options)
        shrink, grow = options["etas"]
        if not 0.0 < shrink < 1.0 < grow:
            raise ArgumentError(f"For Rprop, etas must be below and above 1, but got {options['etas']}.")

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        value, kept = dt.optim.Rprop.resilient_step(
            value, gradient, state, step, options["lr"], options["etas"], options["step_sizes"]
        )
        return [value, *kept]
