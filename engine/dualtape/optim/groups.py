"""Reading what users give an optimizer: parameters, alone or in groups, and their learning rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.dtypes import float32, float64
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError
from dualtape.functions.conversion import read_positive
from dualtape.optim.schedule import LearningRateSchedule
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

LearningRate = float | int | Tensor | Iterable[float] | LearningRateSchedule
Parameters = Sequence[Parameter] | Sequence[dict[str, Any]]


class Choice(NamedTuple):
    """One parameter, the name of its learning rate, and its weight decay."""

    parameter: Parameter
    rate: str
    weight_decay: float


def read_groups(
    owner: object, parameters: Any, learning_rate: Any, weight_decay: float
) -> tuple[list[Choice], dict[str, Parameter | LearningRateSchedule], bool]:
    """All parameters in order, the learning rates by name, and whether there are groups."""
    if isinstance(parameters, (Value, str)) or not isinstance(parameters, Iterable):
        raise ArgumentTypeError(
            "For 'Optimizer', the argument parameters must be an Iterable of Parameters or dicts, "
            f"but got {type(parameters).__name__}."
        )
    items = list(parameters)
    if not items:
        raise ArgumentError("For 'Optimizer', the argument parameters must not be empty.")
    if not any(isinstance(item, dict) for item in items):
        choices = []
        for p in _read_parameters(owner, items):
            is_decayed = "beta" not in p.name and "gamma" not in p.name
            choices.append(Choice(p, "learning_rate", weight_decay if is_decayed else 0.0))
        return choices, {"learning_rate": _read_rate(owner, "learning_rate", learning_rate, choices)}, False
    choices, own_rates, order = [], {}, None
    for i, item in enumerate(items):
        _check_group(i, item)
        if "order_params" in item:
            order = _read_parameters(owner, item["order_params"])
            continue
        name = f"learning_rate_group_{i}" if "lr" in item else "learning_rate"
        decay = read_positive(owner, "weight_decay", item.get("weight_decay", weight_decay), zero=True)
        group = [Choice(p, name, decay) for p in _read_parameters(owner, item["params"])]
        if "lr" in item:
            own_rates[name] = _read_rate(owner, name, item["lr"], group)
        choices += group
    if order is not None:
        choices = _ordered(choices, order)
    default = _read_rate(owner, "learning_rate", learning_rate, choices)
    return choices, {"learning_rate": default, **own_rates}, True


def _check_group(i: int, item: Any) -> None:
    if not isinstance(item, dict):
        raise ArgumentTypeError(f"group {i} of `parameters` must be a dict like the others, got {type(item).__name__}")
    if set(item) == {"order_params"}:
        return
    unknown = set(item) - {"params", "lr", "weight_decay", "grad_centralization"}
    if unknown or "params" not in item:
        raise ArgumentError(
            f"group {i} of `parameters` must have 'params', and may have 'lr' and 'weight_decay'; or 'order_params' "
            f"alone; got {', '.join(map(repr, item))}"
        )
    if item.get("grad_centralization"):
        raise ArgumentError(
            f"group {i} of `parameters` asks for 'grad_centralization', which is not in dualtape; "
            "subtract the mean from the gradients"
        )


def _ordered(choices: list[Choice], order: list[Parameter]) -> list[Choice]:
    """The choices in the order of their parameters there."""
    places = {id(parameter): i for i, parameter in enumerate(order)}
    if len(order) != len(choices) or places.keys() != {id(choice.parameter) for choice in choices}:
        raise ArgumentError(
            "For 'Optimizer', 'order_params' must name the parameters of all groups; it has "
            f"{len(order)}, the groups {len(choices)}"
        )
    return sorted(choices, key=lambda choice: places[id(choice.parameter)])


def _read_parameters(owner: object, parameters: Iterable[Any]) -> list[Parameter]:
    chosen = list(parameters)
    for i, parameter in enumerate(chosen):
        if not isinstance(parameter, Parameter):
            raise ArgumentTypeError(
                f"item {i} of `parameters` of `{type(owner).__name__}` must be a Parameter, "
                f"got {type(parameter).__name__}"
            )
        if not parameter.dtype.is_float:
            raise DTypeError(f"parameter {parameter.name!r} is of {parameter.dtype}; only floats can be optimized")
    return chosen


def _is_numbers(rate: Any) -> bool:
    """Whether NumPy reads it as it is, and need not go through it."""
    return isinstance(rate, (int, float, Tensor, np.number, np.ndarray))


def _read_rate(owner: object, name: str, rate: Any, choices: list[Choice]) -> Parameter | LearningRateSchedule:
    """A schedule, or one number or a row of them as a Parameter; in Float64 beside Float64 parameters."""
    if isinstance(rate, LearningRateSchedule):
        return rate
    if isinstance(rate, (bool, str, type(None))) or not isinstance(rate, (int, float, np.number, Iterable)):
        raise ArgumentTypeError(
            f"`learning_rate` of `{type(owner).__name__}` must be a number, numbers or a LearningRateSchedule, "
            f"got {type(rate).__name__}"
        )
    numbers: Any = rate
    try:
        array = np.asarray(numbers if _is_numbers(numbers) else list(numbers), np.float64)
    except (ValueError, TypeError, OverflowError) as failure:
        raise ArgumentTypeError(
            f"`learning_rate` of `{type(owner).__name__}` holds something else than numbers: {failure}"
        ) from failure
    if array.ndim > 1 or array.size == 0:
        raise ShapeError(f"`learning_rate` must be a number or a row of numbers, got shape {array.shape}")
    if not (array >= 0).all():
        raise ArgumentError(
            f"For '{type(owner).__name__}', the 'learning rate' must be float and must >= 0, "
            f"but got '{rate}' with type '{type(rate).__name__}'."
        )
    dtype = float64 if any(choice.parameter.dtype is float64 for choice in choices) else float32
    if (array > np.finfo(dtype.numpy).max).any():
        raise ArgumentError(f"`learning_rate` of `{type(owner).__name__}` must be finite in {dtype}, got {rate!r:.60}")
    device = choices[0].parameter.device if choices else None
    return Parameter(Tensor(array, dtype, device=device), name=name)
