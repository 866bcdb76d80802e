"""Numbers that kernels are told when they run, as words of 32 bits in a table of whole numbers.

What belongs to a formula, such as the 2 of a square's derivative, stands in the text of a kernel. The number of points,
the rate of an optimizer, a coefficient of an equation may be another one next time: they stay out of it, so that a
kernel that is built serves for all of them.
"""

from __future__ import annotations

import math
from typing import TypeGuard

import numpy as np

_LARGEST, _PARTS = 16, 8


def is_open(value: bool | int | float) -> TypeGuard[int | float]:
    """Whether a number stays out of the text: all but small ones that are whole, or a few eighths."""
    try:
        if isinstance(value, bool) or not math.isfinite(value):
            return False
    except OverflowError:  # an int beyond all floats, of which an error is made where it is written
        return False
    return abs(value) > _LARGEST or not float(value * _PARTS).is_integer()


def words_of(value: int | float, bits: int) -> tuple[int, ...]:
    """The words of a number as a float of 32 or 64 bits, the low one first; C reads them by :func:`read_in_c`."""
    with np.errstate(over="ignore"):
        number = np.asarray(value, np.float32 if bits == 32 else np.float64)
    low_first = number.astype(number.dtype.newbyteorder("<")).tobytes()
    return tuple(np.frombuffer(low_first, "<i4").tolist())


def read_in_c(bits: int) -> str:
    """OpenCL C for a number in the row ``at``; ``{0}`` is the index of its first word, ``{1}`` that of its second."""
    return "as_float(at[{0}])" if bits == 32 else "as_double((ulong)(uint)at[{0}] | (ulong)(uint)at[{1}] << 32)"
