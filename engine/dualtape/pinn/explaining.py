"""Errors of the engine in an equation, told in the words of equations."""

from __future__ import annotations

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, TracingError
from dualtape.pinn.fields import read_derivative


def explain_failure(failure: Exception, coordinates: tuple[str, ...]) -> None:
    """Say what to write, where an equation asked something of the plain tensor that a function of ``ops`` gave."""
    if isinstance(failure, AttributeError):
        name = failure.name or "_"
        if isinstance(failure.obj, dt.Tensor) and name[0] != "_" and read_derivative(name, coordinates) is not None:
            raise ArgumentError(
                f"`.{name}` of what a function of `ops` gave: only unknowns have derivatives as attributes. Write "
                f"p.d(expression, {name[0]!r}) for the derivative of any expression"
            ) from failure
    elif isinstance(failure, TracingError) or "Python scalar" in str(failure) or "only one element" in str(failure):
        raise ArgumentTypeError(
            "an equation is for all points at once, and its numbers are not known while it is read; `if`, `max`, "
            "float(), .asnumpy() or a function of `math` or NumPy asked for them: write ops.where(u > 0, a, b), "
            "ops.maximum(u, 0.0), ops.sin(u)"
        ) from failure
