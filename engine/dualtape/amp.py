"""Loss scaling: keeps small gradients of half-precision floats from vanishing."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.core.interpreter import Value, value_of
from dualtape.dtypes import bool_, float32, int32
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions import elementwise
from dualtape.functions.conversion import cast_to
from dualtape.functions.indexing import where
from dualtape.functions.reduction import all as all_of
from dualtape.functions.shape import reshape, stack
from dualtape.parameter import Parameter, set_all
from dualtape.tensor import Tensor


class LossScaler:
    """The base of loss scalers: ``scale`` the loss, ``unscale`` the gradients, ``adjust`` the scale after a step."""

    scale_value: Parameter

    def scale(self, inputs: Any) -> Any:
        """``inputs``, a Tensor or a nested tuple, list or dict of them, times the scale."""
        return _times(inputs, value_of(self.scale_value))

    def unscale(self, inputs: Any) -> Any:
        """``inputs`` divided by the scale."""
        return _times(inputs, elementwise.reciprocal(value_of(self.scale_value)))

    def adjust(self, grads_finite: Tensor) -> bool:
        """Change the scale, told whether the gradients are finite; says whether it may ever change."""
        raise NotImplementedError


class StaticLossScaler(LossScaler):
    """A scale that never changes.

    Examples
    --------
    >>> import dualtape as dt
    >>> scaler = dt.amp.StaticLossScaler(1024.0)
    >>> print(scaler.unscale(scaler.scale(dt.Tensor([3.0], dt.float16))))
    [3.]
    """

    def __init__(self, scale_value: float) -> None:
        self.scale_value = _scale_parameter(scale_value)

    def adjust(self, grads_finite: Tensor) -> bool:
        return False


class DynamicLossScaler(LossScaler):
    """A scale that shrinks when gradients overflow, and grows after ``scale_window`` steps in which none did.

    Parameters
    ----------
    scale_value
        The first scale.
    scale_factor
        What the scale is multiplied or divided by; it never falls below 1.
    scale_window
        How many steps in a row must be finite before it grows.

    Examples
    --------
    >>> import dualtape as dt
    >>> scaler = dt.amp.DynamicLossScaler(scale_value=16.0, scale_factor=2, scale_window=100)
    >>> scaler.adjust(dt.amp.all_finite((dt.Tensor([float("inf")]),)))
    True
    >>> print(scaler.scale_value.value())
    8.0
    """

    def __init__(self, scale_value: float, scale_factor: int, scale_window: int) -> None:
        self.scale_value = _scale_parameter(scale_value)
        self.scale_factor = _positive_int("scale_factor", scale_factor)
        self.scale_window = _positive_int("scale_window", scale_window)
        self.counter = Parameter(Tensor(0, int32), name="counter", requires_grad=False)

    def adjust(self, grads_finite: Tensor) -> bool:
        if not isinstance(grads_finite, Value):
            raise ArgumentTypeError(f"`grads_finite` must be a Bool Tensor, got {type(grads_finite).__name__}")
        finite = reshape(cast_to(grads_finite, bool_), ())
        scale, counter = value_of(self.scale_value), value_of(self.counter)
        grown = scale * float(self.scale_factor)
        due = elementwise.logical_and(counter == self.scale_window - 1, elementwise.isfinite(grown))
        shrunk = elementwise.maximum(scale / float(self.scale_factor), 1.0)
        following = (
            where(finite, where(due, grown, scale), shrunk),
            where(finite, (counter + 1) % self.scale_window, 0),
        )
        set_all((self.scale_value, self.counter), following)
        return True


def all_finite(inputs: tuple[Tensor, ...] | list[Tensor]) -> Tensor:
    """Whether no element of any Tensor is infinite or NaN, as a Bool Tensor without axes.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.amp.all_finite((dt.Tensor([1.0]), dt.Tensor([float("nan")]))))
    False
    """
    if not isinstance(inputs, (tuple, list)) or not all(isinstance(x, Value) for x in inputs):
        raise ArgumentTypeError(f"`inputs` of `all_finite` must be a tuple of Tensors, got {type(inputs).__name__}")
    if not inputs:
        raise ArgumentError("`inputs` of `all_finite` is empty; expected at least one Tensor")
    return all_of(stack([all_of(elementwise.isfinite(x)) for x in inputs]))


def _times(inputs: Any, factor: Tensor) -> Any:
    def scaled(x: Any) -> Tensor:
        if not isinstance(x, Value):
            raise ArgumentTypeError(f"`inputs` of a loss scaler must be Tensors, got {type(x).__name__}")
        return elementwise.mul(x, cast_to(factor.to(x.device), x.dtype))  # type: ignore[attr-defined]

    return pytree.map(scaled, inputs)


def _scale_parameter(value: Any) -> Parameter:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"The argument 'scale_value' must be a number, but got {type(value).__name__}")
    if not value >= 1:
        raise ArgumentError(f"The argument 'scale_value' must be > 1, but got {value}")
    if value > float(np.finfo(np.float32).max):
        raise ArgumentError("The argument 'scale_value' must be finite in Float32")
    return Parameter(Tensor(float(value), float32), name="scale_value", requires_grad=False)


def _positive_int(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(f"The argument '{name}' must be an int, but got {type(value).__name__}")
    if value <= 0:
        raise ArgumentError(f"The argument '{name}' must be positive, but got {value}")
    return value
