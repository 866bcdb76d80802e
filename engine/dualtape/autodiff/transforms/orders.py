"""How high an order of differentiation an element type carries."""

from __future__ import annotations

import math
from functools import cache
from itertools import count

import numpy as np

from dualtape.autodiff.levels import MultiIndex
from dualtape.dtypes import DType
from dualtape.errors import ArgumentError


@cache
def highest_order(dtype: DType) -> int:
    """The largest k with k! u <= 1, u being the unit roundoff: 6 for float16, 10 for float32, 18 for float64.

    The k-th derivative is k! times a Taylor coefficient. Beyond this order one rounding of a coefficient of size 1
    moves the derivative by more than 1: nothing is left of a derivative of size 1, such as that of a sine.
    """
    return next(k for k in count(1) if math.factorial(k + 1) * _roundoff(dtype) > 1)


def require_order(argument: str, function: str, index: MultiIndex, dtype: DType) -> None:
    """Refuse a derivative at ``index`` of which ``dtype`` would hold no digit."""
    if math.prod(map(math.factorial, index)) * _roundoff(dtype) > 1:
        what = f"order {index[0]}" if len(index) == 1 else f"{index}"
        raise ArgumentError(
            f"`{argument}` of `{function}` asks for the derivative of {what}, of which {dtype} would hold no digit: it "
            "is a factorial times a Taylor coefficient, and that factorial times the unit roundoff exceeds 1. In one "
            f"coordinate {dtype} carries derivatives up to order {highest_order(dtype)}, float64 up to 18"
        )


def _roundoff(dtype: DType) -> float:
    return float(np.finfo(dtype.numpy).eps) / 2
