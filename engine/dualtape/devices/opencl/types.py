"""Element types in OpenCL C: how they are stored, computed with and passed as arguments."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np

from dualtape import dtypes
from dualtape.dtypes import DType
from dualtape.errors import ArgumentError


class CType(NamedTuple):
    """An element type in C.

    Attributes
    ----------
    storage
        The type of elements in buffers.
    compute
        The type of values in expressions; float16 is computed with in float, so that devices need not
        know half arithmetic.
    argument
        The NumPy type of a kernel's argument that holds one value.
    lowest, highest
        The ends of its range.
    """

    storage: str
    compute: str
    argument: Any
    lowest: str
    highest: str

    @property
    def argument_type(self) -> str:
        """The C type of that argument; a bool is none of those that kernels may take."""
        return "uchar" if self.compute == "bool" else self.compute

    def load(self, pointer: str, index: str) -> str:
        """The value at ``pointer[index]``."""
        return f"vload_half({index}, {pointer})" if self.storage == "half" else f"{pointer}[{index}]"

    def store(self, pointer: str, index: str, value: str) -> str:
        """A statement that stores ``value`` at ``pointer[index]``."""
        if self.storage == "half":
            return f"vstore_half_rte({value}, {index}, {pointer})"
        return f"{pointer}[{index}] = {value}"


C_TYPES: dict[DType, CType] = {
    dtypes.bool_: CType("uchar", "bool", np.uint8, "0", "1"),
    dtypes.int8: CType("char", "char", np.int8, "CHAR_MIN", "CHAR_MAX"),
    dtypes.int16: CType("short", "short", np.int16, "SHRT_MIN", "SHRT_MAX"),
    dtypes.int32: CType("int", "int", np.int32, "INT_MIN", "INT_MAX"),
    dtypes.int64: CType("long", "long", np.int64, "LONG_MIN", "LONG_MAX"),
    dtypes.uint8: CType("uchar", "uchar", np.uint8, "0", "UCHAR_MAX"),
    dtypes.uint16: CType("ushort", "ushort", np.uint16, "0", "USHRT_MAX"),
    dtypes.uint32: CType("uint", "uint", np.uint32, "0", "UINT_MAX"),
    dtypes.uint64: CType("ulong", "ulong", np.uint64, "0", "ULONG_MAX"),
    dtypes.float16: CType("half", "float", np.float32, "-INFINITY", "INFINITY"),
    dtypes.float32: CType("float", "float", np.float32, "-INFINITY", "INFINITY"),
    dtypes.float64: CType("double", "double", np.float64, "-INFINITY", "INFINITY"),
}

RAW: dict[int, CType] = {
    **{dtype.bits // 8: C_TYPES[dtype] for dtype in (dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64)},
    16: CType("ulong2", "ulong2", None, "", ""),
}
"""Types that carry elements of so many bytes from one place to another."""


def define(macros: dict[str, object]) -> str:
    """Definitions that stand before a kernel's text."""
    return "".join(f"#define {name} {text}\n" for name, text in macros.items())


def unaligned_vector(name: str, kind: CType, lanes: int) -> str:
    """The type ``name`` of vectors that may stand anywhere among the elements of an array."""
    return f"typedef {kind.compute}{lanes} {name} __attribute__((aligned({np.dtype(kind.argument).itemsize})));\n"


def accesses(given: DType, gives: DType) -> str:
    """Macros with which a kernel reads elements of ``given``, and computes with and writes those of ``gives``."""
    source, target = C_TYPES[given], C_TYPES[gives]
    return define(
        {
            "IN": source.storage,
            "LOAD(pointer, index)": source.load("pointer", "index"),
            "OUT": target.storage,
            "ACC": target.compute,
            "STORE(pointer, index, value)": target.store("pointer", "index", "value"),
        }
    )


def in_range(value: int, dtype: DType) -> bool:
    """Whether an integer type holds a Python int."""
    limits = np.iinfo(dtype.numpy)
    return bool(limits.min <= value <= limits.max)


def as_argument(name: str, value: bool | int | float, dtype: DType) -> bool | int | float:
    """A Python number, rounded to ``dtype``, as a kernel of the primitive ``name`` takes it."""
    if dtype is dtypes.float32:
        return ctypes.c_float(_as_float(name, value)).value
    if dtype is dtypes.float64:
        return _as_float(name, value)
    if dtype is dtypes.float16:
        with np.errstate(over="ignore"):
            return float(np.float16(_as_float(name, value)))
    if isinstance(value, float):
        raise ArgumentError(f"`{name}` got the float {value} beside {dtype} elements; cast them to a float type first")
    if dtype is dtypes.bool_:
        return bool(value)
    if not in_range(value, dtype):
        raise ArgumentError(f"`{name}`: Python integer {value} out of bounds for {dtype.numpy}")
    return int(value)


def _as_float(name: str, value: bool | int | float) -> float:
    try:
        return float(value)
    except OverflowError as failure:
        raise ArgumentError(f"`{name}`: {failure}") from failure
