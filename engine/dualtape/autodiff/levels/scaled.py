"""A tensor that has yet to be multiplied by a number.

The recurrences of Taylor coefficients are full of numbers: signs, orders, their inverses. Carried along and merged,
most of them never become an operation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from dualtape.primitives.arithmetic import add, multiply, subtract, times_slope
from dualtape.tensor import Tensor


class Scaled(NamedTuple):
    """``value`` times ``factor``, a finite number other than zero."""

    value: Tensor
    factor: float = 1

    def times(self, number: float) -> Scaled:
        """The product with a number."""
        if number == 0 or not math.isfinite(number):
            return Scaled(times_slope(self.tensor(), number))
        return Scaled(self.value, self.factor * number)

    def tensor(self) -> Tensor:
        """The tensor that this stands for."""
        return self.value if self.factor == 1 else multiply(self.value, self.factor)


def sum_of(terms: Iterable[Scaled | None]) -> Scaled | None:
    """The sum; ``None`` is zero. It has the factor of its first term."""
    total: Tensor | None = None
    factor: float = 1
    is_ours = False
    for term in terms:
        if term is None:
            continue
        if total is None:
            total, factor = term
            continue
        ratio = term.factor / factor
        if ratio == -1:
            total = subtract(total, term.value)
        else:
            value = term.value if ratio == 1 else multiply(term.value, ratio)
            # A sum made here belongs to nobody else: further terms may be added to it in place.
            if is_ours and total.try_add_in_place(value):
                continue
            total = add(total, value)
        is_ours = True
    return None if total is None else Scaled(total, factor)
