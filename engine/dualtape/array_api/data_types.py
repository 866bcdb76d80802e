"""Element types as the array API standard asks for them, and what there is."""

from __future__ import annotations

import builtins
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape.array_api.new_tensors import placed
from dualtape.core.interpreter import Value
from dualtape.devices.device import Device
from dualtape.devices.registry import current_device
from dualtape.devices.registry import devices as all_devices
from dualtape.dtypes import (
    ALL,
    DType,
    as_dtype,
    complex64,
    float16,
    float32,
    int64,
    part_dtype,
    promote,
    promote_scalar,
)
from dualtape.errors import ArgumentError
from dualtape.functions.conversion import cast_to, read_choice

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "FloatInfo", "Info", "IntegerInfo", "astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type",
]  # fmt: skip


class FloatInfo(NamedTuple):
    """What :func:`finfo` tells."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerInfo(NamedTuple):
    """What :func:`iinfo` tells."""

    bits: int
    max: int
    min: int
    dtype: DType


def astype(x: Tensor, dtype: DType, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """``x`` in another element type."""
    return placed(cast_to(x, as_dtype(dtype)), device)


def _type_of(x: Any) -> DType:
    return x.dtype if isinstance(x, Value) else as_dtype(x)


def finfo(type: Any, /) -> FloatInfo:
    """Limits of a floating-point type, or of a tensor's; of complex numbers those of their parts."""
    given = _type_of(type)
    if not given.is_inexact:
        raise ArgumentError(f"`finfo` takes floating-point types, got {given}")
    dtype = part_dtype(given) if given.is_complex else given
    limits = np.finfo(dtype.numpy)
    eps, largest, least, normal = map(float, (limits.eps, limits.max, limits.min, limits.smallest_normal))
    return FloatInfo(limits.bits, eps, largest, least, normal, dtype)


def iinfo(type: Any, /) -> IntegerInfo:
    """Limits of an integer type, or of a tensor's."""
    dtype = _type_of(type)
    if not dtype.is_integer:
        raise ArgumentError(f"`iinfo` takes integer types, got {dtype}")
    limits = np.iinfo(dtype.numpy)
    return IntegerInfo(limits.bits, int(limits.max), int(limits.min), dtype)


_KINDS: dict[str, frozenset[str]] = {
    "bool": frozenset({"bool"}),
    "signed integer": frozenset({"signed"}),
    "unsigned integer": frozenset({"unsigned"}),
    "integral": frozenset({"signed", "unsigned"}),
    "real floating": frozenset({"float"}),
    "complex floating": frozenset({"complex"}),
    "numeric": frozenset({"signed", "unsigned", "float", "complex"}),
}


def isdtype(dtype: DType, kind: Any) -> builtins.bool:
    """Whether an element type is of a kind, is another type, or one of several of these."""
    if isinstance(kind, tuple):
        return builtins.any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, DType):
        return dtype is kind
    return as_dtype(dtype).kind in _KINDS[read_choice("isdtype", "kind", kind, tuple(_KINDS))]


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The type that an operation on tensors, types and Python numbers gives."""
    typed = [_type_of(x) for x in arrays_and_dtypes if isinstance(x, (Value, DType))]
    numbers = [type(x) for x in arrays_and_dtypes if not isinstance(x, (Value, DType))]
    if not typed:
        raise ArgumentError("`result_type` needs a tensor or a type among its arguments")
    return reduce(promote_scalar, numbers, reduce(promote, typed))


def can_cast(from_: Any, to: DType, /) -> builtins.bool:
    """Whether the values of one type have a place in another one, by the rules of promotion."""
    return promote(_type_of(from_), as_dtype(to)) is to


class Info:
    """What the standard's ``__array_namespace_info__`` tells."""

    def capabilities(self) -> dict[str, Any]:
        """Masks can be indices, and shapes may depend on numbers, outside ``jit``."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Device:
        """Where new tensors go."""
        return current_device()

    def devices(self) -> list[Device]:
        """All devices."""
        return list(all_devices())

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Types of tensors that are made of Python numbers."""
        return {"real floating": float32, "complex floating": complex64, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Element types of the standard, of a kind or of several: Float16 is none of its."""
        known = [x for x in ALL if x is not float16]
        return {x.name.lower(): x for x in known if kind is None or isdtype(x, kind)}
