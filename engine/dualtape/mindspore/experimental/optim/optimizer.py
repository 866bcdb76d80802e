"""Optimizers in PyTorch's way: `param_groups` of options, and rules with PyTorch's placing of eps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.nn import faces as nn


class Optimizer(nn.Cell):
    """The base: parameters in groups of options.

    Parameters
    ----------
    params
        Parameters, or dicts with ``"params"`` and options of a group's own.
    defaults
        The options of groups that do not say them.

    Attributes
    ----------
    param_groups
        For each group a dict of its parameters and options; ``"lr"`` is a Parameter, which schedules set.
    """

    slots: tuple[str, ...] = ()

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        super().__init__(auto_prefix=False)
        given = list(params)
        if not given:
            raise ArgumentError("Optimizer got an empty parameter list.")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups: list[dict[str, Any]] = []
        self.parameters = dt.ParameterTuple([p for group in groups for p in _parameters(group)])
        for i, group in enumerate(groups):
            options = {**defaults, **group, "params": _parameters(group)}
            rate = options["lr"]
            if not isinstance(rate, dt.Tensor) and (
                isinstance(rate, bool) or not isinstance(rate, (int, float)) or rate < 0
            ):
                raise ArgumentError(f"Invalid learning rate: {rate!r}")
            options["lr"] = dt.Parameter(dt.Tensor(float(rate)), name=f"learning_rate_group_{i}", requires_grad=False)
            options.setdefault("initial_lr", float(rate))
            setattr(self, f"lr_{i}", options["lr"])
            self.param_groups.append(options)
        self.state_step = dt.Parameter(dt.Tensor(0, dt.int32), name="state_step", requires_grad=False)
        for name in self.slots:
            setattr(self, name, self.parameters.clone(name, "zeros"))

    def construct(self, gradients: Sequence[Any]) -> bool:
        if not isinstance(gradients, (tuple, list)) or len(gradients) != len(self.parameters):
            raise ArgumentTypeError(
                f"an optimizer of {len(self.parameters)} parameters needs a tuple of as many gradients"
            )
        step = self.state_step + 1
        changed: list[tuple[dt.Parameter, Any]] = [(self.state_step, step)]
        place = 0
        for group in self.param_groups:
            for p in group["params"]:
                gradient = -gradients[place] if group["maximize"] else gradients[place]
                held = [getattr(self, name)[place] for name in self.slots]
                value, *state = self.update(
                    group, p.value(), gradient.astype(p.dtype), step.astype(dt.float32), [h.value() for h in held]
                )
                changed += [(p, value), *zip(held, state, strict=True)]
                place += 1
        for parameter, value in changed:
            parameter.set_data(value)
        return True

    def update(self, group: dict[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        """A parameter's new value, and the new tensors of its slots."""
        raise NotImplementedError

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Not here: all groups are given at once."""
        raise ArgumentError("`add_param_group` is not in dualtape; give all groups when the optimizer is made")


def _parameters(group: dict[str, Any]) -> list[dt.Parameter]:
    found = group["params"]
    return [found] if isinstance(found, dt.Parameter) else list(found)


class SGD(Optimizer):
    """``b = momentum b + (1 - dampening) g`` (the first ``b`` is ``g``), ``x -= lr b``; or Nesterov's step."""

    slots = ("accum",)

    def __init__(
        self, params: Iterable[Any], lr: float, momentum: float = 0, dampening: float = 0, weight_decay: float = 0.0,
        nesterov: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ArgumentError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize,
        })  # fmt: skip

    def update(self, group: dict[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        (accumulated,) = state
        g = gradient + group["weight_decay"] * value if group["weight_decay"] else gradient
        momentum = group["momentum"]
        if not momentum:
            return [value - group["lr"] * g, accumulated]
        is_first = o.equal(step, 1)
        accumulated = o.where(is_first, g, momentum * accumulated + (1 - group["dampening"]) * g)
        return [value - group["lr"] * (g + momentum * accumulated if group["nesterov"] else accumulated), accumulated]


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), ``eps`` being added to the corrected root, and weight decay to ``g``."""

    slots = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")
    decoupled = False

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        if not all(0 <= beta < 1 for beta in betas):
            raise ArgumentError(f"Invalid beta parameters: {betas}")
        super().__init__(params, {
            "lr": lr, "betas": tuple(betas), "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize,
        })  # fmt: skip

    def update(self, group: dict[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        first, second, largest = state
        (beta1, beta2), decay = group["betas"], group["weight_decay"]
        if decay and self.decoupled:
            value = value - group["lr"] * decay * value
        elif decay:
            gradient = gradient + decay * value
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient * gradient
        largest = o.maximum(largest, second) if group["amsgrad"] else largest
        root = o.sqrt((largest if group["amsgrad"] else second) / (1 - o.pow(beta2, step)))
        return [value - group["lr"] / (1 - o.pow(beta1, step)) * first / (root + group["eps"]), first, second, largest]


class AdamW(Adam):
    """Adam whose weight decay shrinks parameters by themselves (Loshchilov & Hutter 2019)."""

    decoupled = True

    def __init__(
        self, params: Iterable[Any], lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.01, amsgrad: bool = False, *, maximize: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)
