"""Element types: MindSpore's names over NumPy's types, and the rules that mix them.

``dualtape.dtype`` is this module, so ``dtype.float32`` reads as it does in MindSpore.
"""

from __future__ import annotations

import numpy as np

from dualtape.errors import DTypeError

__all__ = [
    "DType", "bool_", "complex64", "complex128", "dtype_of", "float16", "float32", "float64", "int8", "int16", "int32",
    "int64", "promote", "promote_scalar", "uint8", "uint16", "uint32", "uint64",
]  # fmt: skip


class DType:
    """One element type; instances are unique, so compare them with ``is`` or ``==``."""

    __slots__ = ("bits", "kind", "name", "numpy")

    def __init__(self, name: str, numpy: type[np.generic], kind: str) -> None:
        self.name = name
        self.numpy = np.dtype(numpy)
        self.kind = kind
        self.bits = self.numpy.itemsize * 8

    @property
    def is_float(self) -> bool:
        return self.kind == "float"

    @property
    def is_complex(self) -> bool:
        return self.kind == "complex"

    @property
    def is_inexact(self) -> bool:
        """Whether it is of floats or of complex numbers, which have derivatives."""
        return self.kind in ("float", "complex")

    @property
    def is_integer(self) -> bool:
        return self.kind in ("signed", "unsigned")

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """NumPy's type; where `numpy.dtype` looks for it."""
        return self.numpy

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (np.dtype, type)):
            return bool(self.numpy == other)
        return self is other

    __hash__ = object.__hash__

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"dualtape.{self.name.lower()}"

    def __reduce__(self) -> str:
        return self.name.lower() if self.kind != "bool" else "bool_"


bool_ = DType("Bool", np.bool_, "bool")
int8 = DType("Int8", np.int8, "signed")
int16 = DType("Int16", np.int16, "signed")
int32 = DType("Int32", np.int32, "signed")
int64 = DType("Int64", np.int64, "signed")
uint8 = DType("UInt8", np.uint8, "unsigned")
uint16 = DType("UInt16", np.uint16, "unsigned")
uint32 = DType("UInt32", np.uint32, "unsigned")
uint64 = DType("UInt64", np.uint64, "unsigned")
float16 = DType("Float16", np.float16, "float")
float32 = DType("Float32", np.float32, "float")
float64 = DType("Float64", np.float64, "float")
complex64 = DType("Complex64", np.complex64, "complex")
complex128 = DType("Complex128", np.complex128, "complex")

REALS = (bool_, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, float32, float64)
ALL = (*REALS, complex64, complex128)
OF_NUMPY = {dtype.numpy: dtype for dtype in ALL}
_BY_NAME = {dtype.name.lower(): dtype for dtype in ALL}


def __getattr__(name: str) -> DType:
    # MindSpore spells it both ways; a variable called `bool` would hide the built-in one here.
    if name == "bool":
        return bool_
    raise AttributeError(f"module 'dualtape.dtypes' has no attribute {name!r}")


def dtype_of(numpy_dtype: np.dtype[np.generic]) -> DType:
    """The element type of a NumPy array; raises :class:`DTypeError` for one that has no tensor."""
    found = OF_NUMPY.get(numpy_dtype) or OF_NUMPY.get(numpy_dtype.newbyteorder("="))
    if found is None:
        names = ", ".join(dtype.name for dtype in ALL)
        raise DTypeError(f"a Tensor cannot hold {numpy_dtype} elements; expected one of {names}")
    return found


def as_dtype(dtype: object, argument: str = "dtype") -> DType:
    """Read a user's element type: a :class:`DType`, or its name as in ``'float32'``."""
    if isinstance(dtype, DType):
        return dtype
    if isinstance(dtype, str) and dtype.lower() in _BY_NAME:
        return _BY_NAME[dtype.lower()]
    raise DTypeError(
        f"`{argument}` must be a dualtape dtype such as dualtape.float32, or its name; "
        f"got {dtype!r} of type {type(dtype).__name__}"
    )


def part_dtype(dtype: DType) -> DType:
    """The element type of the real and imaginary parts of complex numbers."""
    return float64 if dtype is complex128 else float32


def complex_dtype(dtype: DType) -> DType:
    """The element type of complex numbers whose parts hold those of ``dtype``: Complex128 for Float64."""
    return complex128 if dtype in (float64, complex128) else complex64


_RANK = {"bool": 0, "unsigned": 1, "signed": 1, "float": 2, "complex": 3}
_PROMOTED: dict[tuple[DType, DType], DType] = {}


def promote(a: DType, b: DType) -> DType:
    """The element type of an operation on two tensors: bool < integers < floats < complex numbers.

    Within a kind the wider type wins; an integer beside a float takes the float's type, whatever
    its width, as in MindSpore (Int64 with Float16 is Float16). Beside complex numbers floats keep their digits:
    Complex64 with Float64 is Complex128.
    """
    found = _PROMOTED.get((a, b))
    if found is None:
        if a.is_inexact and b.is_inexact and a.kind != b.kind:
            found = complex128 if {a, b} & {complex128, float64} else complex64
        elif _RANK[a.kind] != _RANK[b.kind]:
            found = max(a, b, key=lambda dtype: _RANK[dtype.kind])
        else:
            found = OF_NUMPY.get(np.promote_types(a.numpy, b.numpy))
            if found is None or found.is_float != a.is_float:
                raise DTypeError(f"no element type holds both {a} and {b}; cast one of the two first")
        _PROMOTED[a, b] = found
    return found


def promote_scalar(tensor: DType, scalar: type) -> DType:
    """The element type of an operation on a tensor and a Python number, which never widens."""
    if scalar is complex:
        return complex_dtype(tensor)
    if scalar is float and not tensor.is_inexact:
        return float32
    if scalar is int and tensor is bool_:
        return int64
    return tensor
