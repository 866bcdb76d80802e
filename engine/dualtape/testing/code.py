"""Values as Python code to paste, in which ``dt`` is dualtape and ``np`` is NumPy; it gives the same bits."""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np

from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.devices.registry import HOST
from dualtape.dtypes import DType
from dualtape.parameter import Parameter
from dualtape.tensor import Tensor

LARGEST = 1000
"""Arrays of more elements are described, not written out."""


@singledispatch
def as_code(value: Any) -> str:
    """Python code for a value: Tensors, Parameters, arrays, numbers and element types, also in nested containers.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(as_code({"a": dt.Tensor([0.5, 1.0]), "n": 2}))
    {'a': dt.Tensor(np.array([0.5, 1.0], np.float32)), 'n': 2}
    """
    return repr(value)


@as_code.register
def _(value: Tensor) -> str:
    place = "" if value.device is HOST else f", device={value.device.name!r}"
    return f"dt.Tensor({as_code(value.asnumpy())}{place})"


@as_code.register
def _(value: Parameter) -> str:
    name = "" if value.has_default_name else f", name={value.name!r}"
    fixed = "" if value.requires_grad else ", requires_grad=False"
    return f"dt.Parameter({as_code(value.value())}{name}{fixed})"


@as_code.register
def _(value: DType) -> str:
    return f"dt.{'bool_' if value.kind == 'bool' else value.name.lower()}"


@as_code.register
def _(value: Primitive) -> str:
    return f"dt.primitives.CATALOGUE[{value.name!r}]" if CATALOGUE.get(value.name) is value else repr(value)


@as_code.register(tuple)
def _(value: tuple[Any, ...]) -> str:
    if type(value) is tuple:
        return f"({', '.join(map(as_code, value))}{',' if len(value) == 1 else ''})"
    names = getattr(value, "_fields", None)
    if names is None:
        return repr(value)
    fields = (f"{name}={as_code(item)}" for name, item in zip(names, value, strict=True))
    return f"{type(value).__name__}({', '.join(fields)})"


@as_code.register(list)
def _(value: list[Any]) -> str:
    return f"[{', '.join(map(as_code, value))}]" if type(value) is list else repr(value)


@as_code.register(dict)
def _(value: dict[Any, Any]) -> str:
    if type(value) is not dict:
        return repr(value)
    return f"{{{', '.join(f'{as_code(key)}: {as_code(item)}' for key, item in value.items())}}}"


@as_code.register(float)
@as_code.register(complex)
def _(value: Any) -> str:
    return _number(value)


@as_code.register(np.generic)
def _(value: Any) -> str:
    # Not as a number of Python's, which would give way to the element type of a Tensor.
    if not _is_number(value.dtype):
        return repr(value)
    return _number(value) if _has_a_payload(value) else f"{_name(value.dtype)}({_number(value)})"


@as_code.register(np.ndarray)
def _(value: np.ndarray) -> str:
    if not _is_number(value.dtype):
        return repr(value)
    # NumPy reads lists of floats, integers and bools as these types by itself.
    known = value.dtype in (np.float64, np.int64, np.bool_) and value.dtype.isnative and value.size
    dtype = "" if known else f", {_name(value.dtype)}"
    if not value.size:
        return f"np.zeros({value.shape}{dtype})"
    if value.size > 3 and value.tobytes() == value.ravel()[:1].tobytes() * value.size:
        return f"np.full({value.shape}, {_number(value.flat[0])}{dtype})"
    if value.size > LARGEST:
        return f"<{value.dtype} array of shape {value.shape}>"
    if any(map(_has_a_payload, value.flat)):
        bits = value.view(value.dtype.str.replace("f", "u"))
        return f"np.array({_nested(bits)}, {_name(bits.dtype)}).view({_name(value.dtype)})"
    return f"np.array({_nested(value)}{dtype})"


def _is_number(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "biufc" and dtype.itemsize <= (16 if dtype.kind == "c" else 8)


def _name(dtype: np.dtype[Any]) -> str:
    if not dtype.isnative:
        return repr(dtype.str)
    return "np.bool_" if dtype.kind == "b" else f"np.{dtype.name}"


def _nested(array: np.ndarray) -> str:
    return f"[{', '.join(map(_nested, array))}]" if array.ndim else _number(array[()])


def _number(value: Any) -> str:
    """A number of Python's that has the value, also in the narrower type that ``value`` may have."""
    if isinstance(value, (complex, np.complexfloating)):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    if not isinstance(value, (float, np.floating)):
        return repr(value.item() if isinstance(value, np.generic) else value)
    if np.isfinite(value):
        short = str(value)
        # The shortest digits of a narrow type are enough where they survive being read as a wider one first.
        return short if type(value)(float(short)) == value else repr(float(value))
    if _has_a_payload(value):
        number = np.asarray(value)
        bits = number.view(f"u{number.itemsize}")
        text = f"{_name(bits.dtype)}({bits}).view({_name(number.dtype)})"
        return text if isinstance(value, np.generic) else f"float({text})"
    sign = "-" if np.signbit(value) else ""
    return f"{sign}np.{'nan' if np.isnan(value) else 'inf'}"


def _has_a_payload(value: Any) -> bool:
    """Whether it is a NaN with other bits than those of ``np.nan`` and ``-np.nan``."""
    if not isinstance(value, (float, np.floating)) or not np.isnan(value):
        return False
    bits = np.asarray(value).tobytes()
    plain = np.copysign(value.dtype.type(np.nan) if isinstance(value, np.generic) else np.nan, value)
    return bits != np.asarray(plain).tobytes()
