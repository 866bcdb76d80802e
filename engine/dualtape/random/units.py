"""Floats of words of 32 bits, by operations that round nothing: every device has the same."""

from __future__ import annotations

import math

from dualtape.core.spec import Shape
from dualtape.dtypes import DType, as_dtype, float32, float64
from dualtape.errors import DTypeError
from dualtape.functions.bitwise import bitwise_right_shift
from dualtape.functions.conversion import cast_to
from dualtape.functions.shape import reshape
from dualtape.random.keys import word_pairs, words
from dualtape.tensor import Tensor

_DIGITS = {16: 11, 32: 24, 64: 53}


def read_float(function: str, dtype: object) -> DType:
    """An element type of floats."""
    kind = as_dtype(dtype)
    if not kind.is_float:
        raise DTypeError(f"`dtype` of `{function}` must be a type of floats, got {kind}")
    return kind


def half_open(function: str, key: Tensor, shape: Shape, dtype: DType) -> Tensor:
    """From 0 up to but without 1: the multiples of 2**-24, in Float64 of 2**-53 and in Float16 of 2**-11, alike."""
    digits = _DIGITS[dtype.bits]
    return _counted(function, key, shape, dtype, digits) * 2.0**-digits


def centred(function: str, key: Tensor, shape: Shape, dtype: DType) -> Tensor:
    """Between -1 and 1, and none of them: the odd multiples of 2**-23 (2**-52, 2**-10), symmetric and without 0."""
    digits = _DIGITS[dtype.bits] - 1
    return _counted(function, key, shape, dtype, digits) * 2.0 ** (1 - digits) + (2.0**-digits - 1)


def between(function: str, key: Tensor, shape: Shape, dtype: DType) -> Tensor:
    """Between 0 and 1, and none of them."""
    return 0.5 * centred(function, key, shape, dtype) + 0.5


def _counted(function: str, key: Tensor, shape: Shape, dtype: DType, digits: int) -> Tensor:
    """Whole numbers below 2**digits."""
    count = math.prod(shape)
    if dtype is not float64:
        whole = cast_to(bitwise_right_shift(words(function, key, count), 32 - digits), float32)
        return reshape(cast_to(whole, dtype), shape)
    low = 26
    high_word, low_word = word_pairs(function, key, count)
    high = cast_to(bitwise_right_shift(high_word, 32 + low - digits), float64)
    return reshape(high * 2.0**low + cast_to(bitwise_right_shift(low_word, 32 - low), float64), shape)
