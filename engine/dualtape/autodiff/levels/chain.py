"""The product of the chain rule, shared by all modes."""

from __future__ import annotations

import math

from dualtape.core.interpreter import Value
from dualtape.primitives.arithmetic import multiply, negative, times_slope
from dualtape.tensor import Tensor


def apply_partial(derivative: Tensor, partial: Tensor | float) -> Tensor | None:
    """``derivative * partial``, or ``None`` for an identical zero.

    A zero derivative wins over an infinite or undefined partial, unless the convention is switched off.
    """
    if isinstance(partial, Value) or not math.isfinite(partial):
        return times_slope(derivative, partial)
    if partial == 0:
        return None
    if partial == 1:
        return derivative
    if partial == -1:
        return negative(derivative)
    return multiply(derivative, partial)
