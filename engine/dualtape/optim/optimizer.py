"""The base of optimizers: what all of them share around their update rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np

from dualtape.cell import Cell
from dualtape.core.interpreter import Value, value_of
from dualtape.dtypes import float32, promote
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, TensorIndexError
from dualtape.functions.conversion import cast_to, read_positive
from dualtape.functions.creation import full_like
from dualtape.functions.indexing import take
from dualtape.functions.shape import reshape
from dualtape.optim.groups import LearningRate, Parameters, read_groups
from dualtape.optim.schedule import LearningRateSchedule
from dualtape.parameter import Parameter, ParameterTuple, set_all
from dualtape.tensor import Tensor

__all__ = ["Optimizer"]

State = tuple[Tensor, ...]


class Step(NamedTuple):
    """What an update rule knows of the step: its number, from 1; learning rate; weight decay of the parameter."""

    number: Tensor
    rate: Tensor
    weight_decay: float | Tensor


class Optimizer(Cell):
    """The base of optimizers. Calling one with gradients, in the order of its parameters, takes one step.

    A subclass names the tensors that it keeps for each parameter (``slots``), and says in ``update`` how one
    parameter and its tensors change. All of its state is Parameters, so that a checkpoint holds it; that of Float16
    parameters is kept and computed in Float32.

    Parameters
    ----------
    learning_rate
        A number, a list of one number for each step, or a :class:`LearningRateSchedule`.
    parameters
        Parameters with distinct names; or dicts ``{"params": ..., "lr": ..., "weight_decay": ...}``, for groups
        with a learning rate or weight decay of their own.
    weight_decay
        This multiple of the parameter is added to its gradient; as in MindSpore not where ``beta`` or
        ``gamma`` occurs in the parameter's name, unless it is in a group.
    loss_scale
        Gradients are divided by it.

    Attributes
    ----------
    parameters
        What it changes.
    weight_decays
        The weight decay of each parameter.
    is_group
        Whether they were given in groups.
    global_step
        How many steps it has taken.

    Examples
    --------
    >>> import dualtape as dt
    >>> class SignDescent(dt.optim.Optimizer):
    ...     def update(self, value, gradient, step, state):
    ...         return value - step.rate * dt.ops.sign(gradient), ()
    >>> w = dt.Parameter(dt.Tensor([1.0, 2.0]), name="w")
    >>> SignDescent(0.5, [w])((dt.Tensor([3.0, -4.0]),))
    (True,)
    >>> print(w.value())
    [0.5 2.5]
    """

    decoupled_weight_decay: ClassVar[bool] = False

    def __init__(
        self, learning_rate: LearningRate, parameters: Parameters, weight_decay: float = 0.0, loss_scale: float = 1.0
    ) -> None:
        super().__init__(auto_prefix=False)
        self.weight_decay = read_positive(self, "weight_decay", weight_decay, zero=True)
        self.loss_scale = read_positive(self, "loss_scale", loss_scale)
        self._choices, rates, self.is_group = read_groups(self, parameters, learning_rate, self.weight_decay)
        device = self._choices[0].parameter.device
        self.global_step = Parameter(Tensor(np.zeros(1, np.int32), device=device), name="global_step")
        for name, rate in rates.items():
            setattr(self, name, rate)
        self.parameters = ParameterTuple(choice.parameter for choice in self._choices)
        self.weight_decays = tuple(choice.weight_decay for choice in self._choices)
        self._slots = []
        for name, first in self.slots().items():
            slot = ParameterTuple(
                Parameter(cast_to(self.first(name, first, p), promote(p.dtype, float32)), name=f"{name}.{p.name}")
                for p in self.parameters
            )
            setattr(self, name, slot)
            self._slots.append(slot)

    def slots(self) -> dict[str, float]:
        """Names and first values of the tensors kept for each parameter."""
        return {}

    def first(self, name: str, number: float, parameter: Parameter) -> Tensor:
        """What a slot begins with: of the parameter's shape, unless a subclass says another."""
        return full_like(value_of(parameter), number)

    def update(self, value: Tensor, gradient: Tensor, step: Step, state: State) -> tuple[Tensor, State]:
        """A parameter's new value, and the new tensors of its slots."""
        raise NotImplementedError

    def construct(self, gradients: Sequence[Tensor]) -> tuple[bool, ...]:
        self.check_gradients(gradients)
        directions = []
        for (parameter, _, decay), gradient in zip(self._choices, gradients, strict=True):
            wide = promote(parameter.dtype, float32)
            direction = cast_to(gradient, wide)
            if self.loss_scale != 1.0:
                direction = direction * (1.0 / self.loss_scale)
            if decay and not self.decoupled_weight_decay:
                direction = direction + cast_to(value_of(parameter), wide) * decay
            directions.append(direction)
        rates = {name: self._rate(name) for name in dict.fromkeys(choice.rate for choice in self._choices)}
        return self.step_along(directions, [rates[choice.rate] for choice in self._choices], self.weight_decays)

    def step_along(
        self, directions: Sequence[Tensor], rates: Sequence[Tensor], weight_decays: Sequence[float | Tensor]
    ) -> tuple[bool, ...]:
        """Take one step by the rule of ``update``, along gradients that are decayed and divided by the loss scale.

        Parameters
        ----------
        directions
            One for each parameter, of its shape.
        rates
            The learning rate of each parameter, 0-D.
        weight_decays
            What rules with decoupled weight decay are given of it.
        """
        following = self.global_step + 1
        number = reshape(cast_to(following, rates[0].dtype), ())
        changed: list[tuple[Parameter, Tensor]] = [(self.global_step, following)]
        each = zip(self.parameters, directions, rates, weight_decays, strict=True)
        for i, (parameter, direction, rate, decay) in enumerate(each):
            wide = promote(parameter.dtype, float32)
            state = tuple(value_of(slot[i]) for slot in self._slots)
            step = Step(number, value_of(rate), decay)
            new_value, new_state = self.update(
                cast_to(value_of(parameter), wide), cast_to(direction, wide), step, state
            )
            changed.append((parameter, new_value))
            changed += ((slot[i], tensor) for slot, tensor in zip(self._slots, new_state, strict=True))
        # All at once, at the end: whatever comes between finds the step done or not begun.
        set_all(*zip(*changed, strict=True))
        return (True,) * len(self.parameters)

    def get_lr(self) -> Any:
        """The learning rate of the next step: a Parameter if it is constant, and a tuple if groups have their own."""
        names = [choice.rate for choice in self._choices]
        given = {name: getattr(self, name) for name in names}
        constant = {name: rate for name, rate in given.items() if isinstance(rate, Parameter) and rate.ndim == 0}
        rates = {name: constant[name] if name in constant else self._rate(name) for name in given}
        return rates[names[0]] if set(names) == {"learning_rate"} else tuple(rates[name] for name in names)

    def get_lr_parameter(self, param: Any) -> Any:
        """What holds the learning rate of a parameter of this optimizer, or of each in a list.

        That is a Parameter, of one number or of those of all steps, or a :class:`LearningRateSchedule`.
        """
        if isinstance(param, list):
            return [self.get_lr_parameter(one) for one in param]
        if not isinstance(param, Parameter):
            raise ArgumentTypeError(
                "For 'get_lr_parameter', the 'param' must be 'Parameter' or 'list' type, "
                f"but got {type(param).__name__}."
            )
        for choice in self._choices:
            if choice.parameter is param:
                return getattr(self, choice.rate)
        raise ArgumentError(
            f"For 'get_lr_parameter', the parameter {param.name} is not in optimizer, "
            "please check whether the argument 'param' is correct."
        )

    def _rate(self, name: str) -> Tensor:
        """The value, now, of the learning rate of that name."""
        rate = getattr(self, name)
        if isinstance(rate, LearningRateSchedule):
            return reshape(rate(value_of(self.global_step)), ())
        if rate.ndim == 0:
            held: Tensor = value_of(rate)
            return held
        try:
            return reshape(take(value_of(rate), value_of(self.global_step)), ())
        except TensorIndexError as failure:
            raise TensorIndexError(
                f"`{type(self).__name__}` has learning rates for {rate.size} steps, and all have been taken"
            ) from failure

    def check_gradients(self, gradients: Any) -> None:
        """Raise unless there is one gradient for each parameter, of its shape and element type."""
        if not isinstance(gradients, (tuple, list)):
            raise ArgumentTypeError(
                f"`gradients` of `{type(self).__name__}` must be a tuple of Tensors, got {type(gradients).__name__}"
            )
        if len(gradients) != len(self.parameters):
            raise ArgumentError(
                f"`{type(self).__name__}` got {len(gradients)} gradients for {len(self.parameters)} parameters"
            )
        for gradient, parameter in zip(gradients, self.parameters, strict=True):
            whose = f"the gradient of parameter {parameter.name!r}"
            if not isinstance(gradient, Value):
                raise ArgumentTypeError(f"{whose} must be a Tensor, got {type(gradient).__name__}")
            if gradient.shape != parameter.shape:
                raise ShapeError(f"{whose} has shape {gradient.shape}; expected {parameter.shape}")
            if gradient.dtype is not parameter.dtype:
                raise DTypeError(f"{whose} is of {gradient.dtype}; expected {parameter.dtype}")
