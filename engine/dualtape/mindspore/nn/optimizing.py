"""What MindSpore's `nn.Optimizer` has beyond dualtape's: the parts of a step, which programs call and override."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentTypeError, DualtapeError
from dualtape.mindspore.common.tensor import as_mindspore, as_plain, for_programs
from dualtape.mindspore.ops.composite import HyperMap, Map


class TargetError(DualtapeError, NotImplementedError):
    """Another target for an optimizer: each runs where its parameters are."""


def construct(self: dt.optim.Optimizer, gradients: Sequence[Any]) -> Any:
    """Take one step: by the parts that a program overrides, in MindSpore's order, or else at once."""
    if all(getattr(type(self), name) is part for name, part in PARTS.items()):
        return dt.optim.Optimizer.construct(self, gradients)
    self.check_gradients(gradients)
    own: Any = self
    found = own.flatten_gradients(as_mindspore(tuple(gradients)))
    decays: Sequence[Any] = self.weight_decays
    if self.decoupled_weight_decay:
        pairs = zip(_for_each(self, own.get_weight_decay()), own.decay_flags, strict=True)
        decays = [decay if flag else 0.0 for decay, flag in pairs]
    else:
        found = own.scale_grad(own.gradients_centralization(own.decay_weight(found)))
    self.check_gradients(as_plain(tuple(found)))
    rates = [as_plain(rate) for rate in _for_each(self, own.get_lr())]
    return self.step_along([as_plain(x) for x in found], rates, decays)


def _for_each(optimizer: dt.optim.Optimizer, given: Any) -> Sequence[Any]:
    """What stands for each parameter, where one may stand for all."""
    return given if isinstance(given, (tuple, list)) else [given] * len(optimizer.parameters)


def get_weight_decay(self: Any) -> Any:
    """The weight decay times the loss scale; of each parameter, if there are groups."""
    if self.is_group:
        return tuple(dt.Tensor(decay * self.loss_scale, dt.float32) for decay in self.weight_decays)
    return dt.Tensor(self.weight_decay * self.loss_scale, dt.float32)


def decay_weight(self: Any, gradients: Sequence[Any]) -> Any:
    """The gradients with weight decay times the parameters added."""
    if not self.exec_weight_decay:
        return gradients
    decays = _for_each(self, self.get_weight_decay())
    each = zip(gradients, self.parameters, decays, self.decay_flags, strict=True)
    return tuple(g + p.value() * o.cast(as_plain(decay), p.dtype) if flag else g for g, p, decay, flag in each)


def gradients_centralization(self: Any, gradients: Sequence[Any]) -> Any:
    """The gradients as they are: groups cannot ask for more."""
    return gradients


def flatten_gradients(self: Any, gradients: Sequence[Any]) -> Any:
    """The gradients as they are."""
    return gradients


def scale_grad(self: Any, gradients: Sequence[Any]) -> Any:
    """The gradients divided by the loss scale."""
    return tuple(g * (1.0 / self.loss_scale) for g in gradients) if self.need_scale else gradients


def _decay_flags(self: Any) -> tuple[bool, ...]:
    """Which parameters decay: those with weight decay in their groups; without groups those that are no norm's."""
    if self.is_group:
        return tuple(decay > 0 for decay in self.weight_decays)
    return tuple("beta" not in p.name and "gamma" not in p.name for p in self.parameters)


def _rates(self: Any) -> list[Any]:
    return [self.get_lr_parameter(p) for p in self.parameters]


def _set_unique(self: Any, value: Any) -> None:
    if not isinstance(value, bool):
        raise ArgumentTypeError(f"For 'Optimizer', the property 'unique' must be bool, but got {type(value)}")
    self.__dict__["_unique"] = value


def _set_target(self: Any, value: Any) -> None:
    raise TargetError("an optimizer runs on the device of its parameters; move these with `to`")


def keeping_powers(cls: Any, names: Sequence[str], shape: tuple[int, ...] = ()) -> dict[str, Any]:
    """What gives an optimizer of ``cls`` the powers of its betas, for its checkpoints: MindSpore goes on from them."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__(self, *args, **kwargs)
        for name in names:
            setattr(self, f"{name}_power", dt.Parameter(o.ones(shape), name=f"{name}_power"))

    def step(self: Any, gradients: Sequence[Any]) -> Any:
        done = construct(self, gradients)
        count = o.cast(o.reshape(self.global_step.value(), shape), dt.float32)
        for name in names:
            getattr(self, f"{name}_power").set_data(o.pow(getattr(self, name), count))
        return done

    return {"__init__": __init__, "construct": step}


def keeping_momentum(cls: Any, has_first_step: bool) -> dict[str, Any]:
    """What gives an optimizer of ``cls`` what else MindSpore's checkpoints hold: the momentum; whether it begins."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        cls.__init__(self, *args, **kwargs)
        self.kept_momentum = dt.Parameter(dt.Tensor(float(self.momentum)), name="momentum")
        if has_first_step:
            self.stat = self.parameters.clone("stat", "ones")

    def step(self: Any, gradients: Sequence[Any]) -> Any:
        done = construct(self, gradients)
        if has_first_step and self.momentum:
            for stat in self.stat:
                stat.set_data(o.zeros_like(stat.value()))
        return done

    return {"__init__": __init__, "construct": step}


def _attribute(read: Callable[[Any], Any], write: Callable[[Any, Any], None] | None = None) -> property:
    return property(lambda self: as_mindspore(read(self)), write)


# The parts of a step.
_OWN = (get_weight_decay, decay_weight, gradients_centralization, flatten_gradients, scale_grad)
PARTS = {part.__name__: for_programs(part) for part in (*_OWN, dt.optim.Optimizer.get_lr)}

WAYS_OF_OPTIMIZERS: dict[str, Any] = {
    "construct": construct,
    **PARTS,
    "decay_flags": _attribute(_decay_flags),
    "exec_weight_decay": _attribute(lambda self: any(self.weight_decays)),
    "need_scale": _attribute(lambda self: self.loss_scale != 1.0),
    "reciprocal_scale": _attribute(lambda self: dt.Tensor(1.0 / self.loss_scale, dt.float32)),
    "is_group_lr": _attribute(lambda self: any(rate is not self.learning_rate for rate in _rates(self))),
    "dynamic_lr": _attribute(lambda self: any(not isinstance(r, dt.Parameter) or r.ndim > 0 for r in _rates(self))),
    "dynamic_weight_decay": False,
    "grad_centralization": False,
    "use_parallel": False,
    "param_length": _attribute(lambda self: len(self.parameters)),
    "optim_filter": _attribute(lambda self: (True,) * len(self.parameters)),
    "global_step_increase_tensor": _attribute(lambda self: dt.Tensor([1], dt.int32)),
    "assignadd": staticmethod(for_programs(lambda parameter, value: dt.ops.assign_add(parameter, value))),
    "map_": _attribute(lambda self: Map()),
    "hyper_map": _attribute(lambda self: HyperMap()),
    "unique": _attribute(lambda self: vars(self).get("_unique", True), _set_unique),
    "target": _attribute(lambda self: "CPU", _set_target),
}
