"""MindSpore's element types, under its names."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import bool_ as bool_
from dualtape import complex64 as complex64
from dualtape import complex128 as complex128
from dualtape import float16 as float16
from dualtape import float32 as float32
from dualtape import float64 as float64
from dualtape import int8 as int8
from dualtape import int16 as int16
from dualtape import int32 as int32
from dualtape import int64 as int64
from dualtape import uint8 as uint8
from dualtape import uint16 as uint16
from dualtape import uint32 as uint32
from dualtape import uint64 as uint64
from dualtape.errors import ArgumentTypeError
from dualtape.mindspore.absent import refusal

half, single, double = float16, float32, float64
byte, short, intc, intp, long = int8, int16, int32, int64, int64
ubyte, ushort, uintc, uintp, uint = uint8, uint16, uint32, uint64, uint64
tensor_type = dt.Tensor
Type = type(float32)

_ALL = (
    bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64, complex64, complex128,
)  # fmt: skip
number_type = _ALL[1:]
int_type, uint_type, float_type, complex_type = _ALL[1:5], _ALL[5:9], _ALL[9:12], _ALL[12:]
implicit_conversion_seq = {dtype: i for i, dtype in enumerate(_ALL)}


def dtype_to_nptype(type_: Any) -> Any:
    """NumPy's type of an element type.

    Examples
    --------
    >>> import dualtape.mindspore as ms
    >>> ms.dtype_to_nptype(ms.int8)
    <class 'numpy.int8'>
    """
    return _known("dtype_to_nptype", type_).numpy.type


def dtype_to_pytype(type_: Any) -> type:
    """Python's type of an element type: bool, int, float or complex."""
    known = _known("dtype_to_pytype", type_)
    return bool if known is bool_ else complex if known.is_complex else float if known.is_float else int


def pytype_to_dtype(obj: Any) -> Any:
    """The element type of a Python or NumPy type."""
    python = {bool: bool_, int: int64, float: float64, complex: complex128}
    if obj in python:
        return python[obj]
    for dtype in _ALL:
        if obj is dtype or obj == dtype.numpy or obj == dtype.numpy.type:
            return dtype
    raise ArgumentTypeError(f"Unsupported convert from pytype {obj} to dtype")


def _known(function: str, type_: Any) -> Any:
    if type_ not in _ALL:
        raise ArgumentTypeError(f"`{function}` needs an element type such as float32, got {type_!r}")
    return type_


__getattr__ = refusal(__name__)
