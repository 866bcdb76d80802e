"""Values told apart by their types and bits: ``==`` takes 0.0 for -0.0 and True for 1, and NaN for nothing at all."""

from __future__ import annotations

import struct
from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_BY_IDENTITY: Any = object.__eq__
_PLAIN = frozenset((str, int, bool, bytes, type(None)))


def same_bits(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two arrays have one shape, one element type and the same bits."""
    return x.dtype == y.dtype and x.shape == y.shape and bool(np.all(bits_of(x) == bits_of(y)))


def bits_of(x: np.ndarray) -> np.ndarray:
    """The elements of an array as unsigned integers of their size; of 16 bytes, as raw ones."""
    return x.view(f"u{x.dtype.itemsize}" if x.dtype.itemsize <= 8 else f"V{x.dtype.itemsize}")


def exact_key(value: Any) -> Hashable:
    """What is equal for equal types and bits alone; it looks into containers and dataclasses.

    Raises
    ------
    TypeError
        For what is neither hashable nor made of what is.

    Examples
    --------
    >>> exact_key(0.0) == exact_key(-0.0), exact_key((1, True)) == exact_key((1.0, 1))
    (False, False)
    >>> exact_key(float("nan")) == exact_key(float("nan"))
    True
    """
    kind = type(value)
    if kind in _PLAIN:
        return kind, value
    if isinstance(value, float):
        return kind, struct.pack("d", value)
    if isinstance(value, complex):
        return kind, struct.pack("dd", value.real, value.imag)
    if isinstance(value, np.generic):
        # Of the 16 bytes of a long double some are padding.
        return kind, value.dtype, repr(value) if value.dtype.char in "gG" else value.tobytes()
    if isinstance(value, (tuple, list)):
        return kind, tuple(map(exact_key, value))
    if isinstance(value, dict):
        return kind, tuple((exact_key(key), exact_key(item)) for key, item in value.items())
    if isinstance(value, frozenset):
        return kind, frozenset(map(exact_key, value))
    if isinstance(value, slice):
        return kind, *map(exact_key, (value.start, value.stop, value.step))
    if is_dataclass(value) and kind.__eq__ is not _BY_IDENTITY and not isinstance(value, type):
        return kind, tuple(exact_key(getattr(value, field.name)) for field in fields(value) if field.compare)
    hash(value)
    return kind, value
