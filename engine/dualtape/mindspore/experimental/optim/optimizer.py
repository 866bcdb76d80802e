"""The base of optimizers in PyTorch's way, with `param_groups` of options, and what those with a rule share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import dualtape as dt
from dualtape import ops as o
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.mindspore.common.parameter import Parameter, ParameterTuple
from dualtape.mindspore.common.tensor import as_plain
from dualtape.mindspore.nn import faces as nn

Limits = dict[str, tuple[float, bool]]
"""From where on an option may be, and whether that number itself may."""


class Optimizer(nn.Cell):
    """The base: parameters in groups of options.

    A subclass of a program's own says in ``construct(gradients)`` how parameters change; ``group_start_id`` has for
    each group the place of its first gradient.

    Parameters
    ----------
    params
        Parameters, or dicts with ``"params"`` and options of a group's own.
    defaults
        The options of groups that do not say them.

    Attributes
    ----------
    param_groups
        For each group a dict of its parameters and options; ``"lr"`` is a Parameter, which schedules set, or a float
        that a program puts there. All are read anew in each step.
    lrs
        These Parameters, one for each group.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        super().__init__(auto_prefix=False)
        if params is None or not isinstance(params, Iterable):
            raise ArgumentTypeError(f"`params` of `{self.cls_name}` must be Parameters or dicts, got {params!r:.60}")
        given = list(params)
        if not given:
            raise ArgumentError("For 'Optimizer', the argument params must not be empty.")
        self.defaults = defaults
        self.state: dict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self.parameters = ParameterTuple(())
        self.lrs: list[Parameter] = []
        self.group_start_id = [0]
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group: a dict of ``"params"`` and those options that differ from the defaults."""
        options = self._read_group(param_group)
        self.parameters = ParameterTuple([*self.parameters, *options["params"]])
        self.lrs.append(options["lr"])
        self.param_groups.append(options)
        self.group_start_id.append(len(self.parameters))

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise if options of a group are not those of this optimizer; a subclass says which are."""

    def _read_group(self, group: Any) -> dict[str, Any]:
        if not isinstance(group, dict) or "params" not in group:
            raise ArgumentTypeError(f"a group of `{self.cls_name}` must be a dict with 'params', got {group!r:.60}")
        if isinstance(group["params"], set):
            raise ArgumentTypeError(f"`params` of `{self.cls_name}` must be in an order, got a set")
        one_or_more = group["params"]
        parameters = [one_or_more] if isinstance(one_or_more, dt.Parameter) else list(one_or_more)
        for parameter in parameters:
            if not isinstance(parameter, dt.Parameter):
                raise ArgumentTypeError(f"`{self.cls_name}` can only optimize Parameters, got {parameter!r:.60}")
        held = {id(p) for p in self.parameters}
        if any(id(p) in held for p in parameters):
            raise ArgumentError("some parameters appear in more than one parameter group.")
        options = {**self.defaults, **group, "params": parameters}
        options["weight_decay"] = _not_negative(self, "weight_decay", options.get("weight_decay", 0.0))
        rate = options.get("lr")
        if isinstance(rate, dt.Tensor) and rate.ndim == 0:
            rate = float(as_plain(rate).item())
        options["lr"] = _not_negative(self, "learning rate", rate)
        self.check(options)
        options["lr"] = Parameter(
            dt.Tensor(options["lr"], dt.float32), name=f"learning_rate_group_{len(self.param_groups)}"
        )
        return options

    def construct(self, *hyper_params: Any) -> Any:
        raise NotImplementedError(f"`{self.cls_name}` does not say in `construct` how parameters change")

    def __repr__(self) -> str:
        lines = [f"{self.cls_name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            shown = {key: group[key] for key in sorted(group) if key != "params"}
            lines += [f"    {key}: {x.value() if isinstance(x, dt.Parameter) else x}" for key, x in shown.items()]
        return "\n".join([*lines, ")"])


def _not_negative(optimizer: Optimizer, name: str, number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise ArgumentTypeError(f"{name!r} of `{optimizer.cls_name}` must be a number, got {type(number).__name__}")
    if not number >= 0:
        raise ArgumentError(
            f"For '{optimizer.cls_name}', the '{name}' must be float and must >= 0, "
            f"but got '{number}' with type '{type(number).__name__}'."
        )
    return float(number)


class RuledOptimizer(Optimizer):
    """An optimizer whose rule says how one parameter changes, and the tensors that it keeps for it.

    State of Float16 parameters is of Float16 as in MindSpore; what is computed with it is computed in Float32.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    """Tensors of a parameter's shape, which begin at 0 unless `first` says another number."""
    numbers: ClassVar[dict[str, float]] = {}
    """One number for each parameter, and what it begins with."""
    counter: ClassVar[str] = ""
    """The name of the number of steps, where the rule asks for it."""
    limits: ClassVar[Limits] = {}
    """Those of its options; a rate is positive where it says nothing else."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        super().__init__(params, defaults)
        if self.counter:
            setattr(self, self.counter, Parameter(dt.Tensor(0, dt.int32), name=self.counter))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        super().add_param_group(param_group)
        options = self.param_groups[-1]
        added = ParameterTuple(options["params"])
        for name in self.slots:
            clones = added.clone(name, "zeros")
            first = self.first(name, options)
            for clone in clones if first else ():
                clone.set_data(o.full_like(clone, first))
            setattr(self, name, ParameterTuple([*getattr(self, name, ()), *clones]))
        for name, number in self.numbers.items():
            new = [Parameter(dt.Tensor(number), name=f"{name}_{p.name}") for p in added]
            setattr(self, name, ParameterTuple([*getattr(self, name, ()), *new]))

    def first(self, slot: str, options: Mapping[str, Any]) -> float:
        """What a slot's elements begin with."""
        return 0.0

    def check(self, options: Mapping[str, Any]) -> None:
        for name, (limit, may_equal) in {**self.limits, "lr": self.limits.get("lr", (0.0, False))}.items():
            number = options[name]
            if not (number >= limit if may_equal else number > limit):
                how = "greater than or equal to" if may_equal else "greater than"
                raise ArgumentError(f"For {self.cls_name}, the {name} must be {how} {limit}, but got {number}.")
        for i, beta in enumerate(options.get("betas", ())):
            if not 0.0 <= beta < 1.0:
                raise ArgumentError(f"Invalid beta parameter at index {i}: {beta}")

    def construct(self, gradients: Sequence[Any]) -> bool:
        if not isinstance(gradients, (tuple, list)) or len(gradients) != len(self.parameters):
            raise ArgumentTypeError(
                f"an optimizer of {len(self.parameters)} parameters needs a tuple of as many gradients"
            )
        changed: list[tuple[dt.Parameter, Any]] = []
        step: Any = 0
        if self.counter:
            count = getattr(self, self.counter)
            changed = [(count, count.value() + 1)]
            step = o.cast(changed[0][1], dt.float32)
        names = (*self.slots, *self.numbers)
        for i, group in enumerate(self.param_groups):
            options = {**group, "lr": group["lr"] if isinstance(group["lr"], float) else self.lrs[i].value()}
            for place, p in enumerate(group["params"], self.group_start_id[i]):
                held = [p, *(getattr(self, name)[place] for name in names)]
                value, *state = [_wide(h.value()) for h in held]
                gradient = self._gradient(options, gradients[place], value)
                following = self.update(options, value, gradient, step, state)
                changed += zip(held, following, strict=True)
        for parameter, new in changed:
            dt.Parameter.set_data(parameter, o.cast(new, parameter.dtype))  # of its shape
        return True

    def _gradient(self, options: Mapping[str, Any], gradient: Any, value: Any) -> Any:
        uphill = -_wide(gradient) if options.get("maximize") else _wide(gradient)
        return uphill + options["weight_decay"] * value if self.adds_decay and options["weight_decay"] else uphill

    adds_decay: ClassVar[bool] = True
    """Whether weight decay is added to the gradient."""

    def update(self, options: Mapping[str, Any], value: Any, gradient: Any, step: Any, state: list[Any]) -> list[Any]:
        """A parameter's new value, and the new tensors of its slots and numbers."""
        raise NotImplementedError


def _wide(x: Any) -> Any:
    return o.cast(x, dt.float32) if x.dtype is dt.float16 else as_plain(x)
