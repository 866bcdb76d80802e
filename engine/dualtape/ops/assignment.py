"""New values for parameters, written as operations."""

from __future__ import annotations

from typing import Any

from dualtape.core.interpreter import value_of
from dualtape.errors import ArgumentTypeError
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

__all__ = ["assign", "assign_add", "assign_sub"]


def assign(variable: Parameter, value: Any) -> Tensor:
    """Give ``variable`` a new value; returns that value.

    Examples
    --------
    >>> import dualtape as dt
    >>> w = dt.Parameter(dt.Tensor([1.0]), name="w")
    >>> print(dt.ops.assign(w, dt.Tensor([5.0])))
    [5.]
    """
    # A subclass may take values of another shape, as MindSpore's does; no assignment does.
    held: Tensor = value_of(Parameter.set_data(_checked("assign", variable), value))
    return held


def assign_add(variable: Parameter, value: Any) -> Tensor:
    """Add ``value`` to ``variable``; returns the sum."""
    return assign(variable, value_of(_checked("assign_add", variable)) + value)


def assign_sub(variable: Parameter, value: Any) -> Tensor:
    """Subtract ``value`` from ``variable``; returns the difference."""
    return assign(variable, value_of(_checked("assign_sub", variable)) - value)


def _checked(function: str, variable: Any) -> Parameter:
    if not isinstance(variable, Parameter):
        raise ArgumentTypeError(f"`variable` of `{function}` must be a Parameter, got {type(variable).__name__}")
    return variable
