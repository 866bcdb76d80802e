"""The Python array API standard (2024.12, https://data-apis.org/array-api), as far as tensors that never change allow.

``xp = x.__array_namespace__()`` is this module: the standard's names and arguments, on the functions of
``dualtape.ops``, so that they have derivatives, are mapped and traced. `docs/array_api.md` lists what is missing, and
what differs.
"""

from __future__ import annotations

import math
from typing import Any

from dualtape import dtypes
from dualtape.array_api import fft as fft
from dualtape.array_api import linalg as linalg
from dualtape.array_api.data_types import *
from dualtape.array_api.new_tensors import *
from dualtape.array_api.reductions import *
from dualtape.array_api.roundings import *
from dualtape.array_api.shaping import *
from dualtape.dtypes import bool_
from dualtape.functions import (
    bitwise,
    complex_numbers,
    creation,
    elementary,
    elementwise,
    indexing,
    linear_algebra,
    reduction,
    shape,
    sorting,
    special,
)

__array_api_version__ = "2024.12"

e, inf, nan, newaxis, pi = math.e, math.inf, math.nan, None, math.pi

# What is the standard's as it is.
_SAME: dict[str, Any] = {
    name: getattr(module, name)
    for module, names in (
        (dtypes, "complex64 complex128 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"),
        (bitwise, "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift"),
        (complex_numbers, "conj imag real"),
        (creation, "from_dlpack"),
        (elementary, "copysign hypot log10 nextafter signbit"),
        (elementwise, "abs acos acosh add asin asinh atan atan2 atanh cos cosh equal exp expm1"),
        (elementwise, "floor_divide greater greater_equal less less_equal log log1p log2"),
        (elementwise, "logical_and logical_not logical_or logical_xor maximum minimum not_equal pow reciprocal"),
        (elementwise, "sin sinh sqrt square tan tanh"),
        (indexing, "where"),
        (linear_algebra, "matmul"),
        (reduction, "argmax argmin"),
        (shape, "broadcast_to expand_dims moveaxis squeeze tile"),
        (sorting, "nonzero take_along_axis"),
        (special, "logaddexp"),
    )
    for name in names.split()
} | {
    "bitwise_invert": bitwise.bitwise_not,
    "bool": bool_,
    "divide": elementwise.div,
    "multiply": elementwise.mul,
    "negative": elementwise.neg,
    "remainder": elementwise.mod,
    "subtract": elementwise.sub,
}


def __getattr__(name: str) -> Any:
    if name in _SAME:
        return _SAME[name]
    raise AttributeError(f"module 'dualtape.array_api' has no attribute {name!r}; docs/array_api.md lists what it has")


def __dir__() -> list[str]:
    return sorted({*globals(), *_SAME} - {"annotations"})


def __array_namespace_info__() -> Info:
    return Info()
