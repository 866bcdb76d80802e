"""Tensors from nothing: constants, ranges, and tensors shaped like others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value, ground, value_of
from dualtape.devices.host import host_memory
from dualtape.dtypes import DType, as_dtype, float32, int64
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import as_tensor, cast_to, converted, read_int, read_number, read_shape
from dualtape.primitives.broadcasting import broadcast_to

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "arange", "eye", "from_dlpack", "full", "full_like", "linspace", "ones", "ones_like", "zeros", "zeros_like",
]  # fmt: skip


def _filled(shape: tuple[int, ...], value: Any, dtype: DType, like: Tensor | None = None) -> Tensor:
    if isinstance(value, Value) and not value.shape:
        held = value_of(value)
        if held.level.depth:
            filled = broadcast_to(cast_to(held, dtype), shape=shape)
            return filled if like is None else filled.to(like.device)
        value = held.item()
    number = read_number("full", "fill_value", value)
    try:
        with np.errstate(over="ignore"):
            element = np.asarray(number, dtype.numpy).item()
    except (OverflowError, ValueError) as failure:
        raise ArgumentError(f"`fill_value` of `full` is {number}, which {dtype} cannot hold: {failure}") from failure
    return _repeated(shape, element, dtype, like)


def _repeated(shape: tuple[int, ...], value: float, dtype: DType, like: Tensor | None = None) -> Tensor:
    """A number that ``dtype`` holds, repeated; every gradient begins with a one, so this checks nothing."""
    return ground().filled(shape, value, dtype, None if like is None else like.device)


def full(size: Any, fill_value: float | Tensor, *, dtype: DType | None = None) -> Tensor:
    """A tensor of shape ``size`` filled with one number or 0-d tensor; its type follows that unless given."""
    shape = read_shape("full", "size", size)
    inferred = fill_value.dtype if isinstance(fill_value, Value) else int64 if isinstance(fill_value, int) else float32
    return _filled(shape, fill_value, as_dtype(dtype) if dtype is not None else inferred)


def zeros(size: Any, dtype: DType = float32) -> Tensor:
    """A tensor of shape ``size`` filled with 0."""
    return _repeated(read_shape("zeros", "size", size), 0, as_dtype(dtype))


def ones(size: Any, dtype: DType = float32) -> Tensor:
    """A tensor of shape ``size`` filled with 1."""
    return _repeated(read_shape("ones", "size", size), 1, as_dtype(dtype))


def full_like(input: Any, fill_value: float | Tensor, *, dtype: DType | None = None) -> Tensor:
    """One number or 0-d tensor, repeated, with ``input``'s shape, device and, unless given, type."""
    x = as_tensor(input, "full_like")
    return _filled(x.shape, fill_value, as_dtype(dtype) if dtype is not None else x.dtype, x)


def _repeated_like(input: Any, value: float, dtype: DType | None, name: str) -> Tensor:
    x = as_tensor(input, name)
    return _repeated(x.shape, value, as_dtype(dtype) if dtype is not None else x.dtype, x)


def zeros_like(input: Any, *, dtype: DType | None = None) -> Tensor:
    """Zeros with ``input``'s shape, device and, unless given, type."""
    return _repeated_like(input, 0, dtype, "zeros_like")


def ones_like(input: Any, *, dtype: DType | None = None) -> Tensor:
    """Ones with ``input``'s shape, device and, unless given, type."""
    return _repeated_like(input, 1, dtype, "ones_like")


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor with a copy of an array of another library that knows DLPack: NumPy, PyTorch, JAX, CuPy.

    Tensors here never change, so that they share no memory with arrays that may: ``copy=False`` is refused.
    """
    if copy is False:
        raise ArgumentError("`from_dlpack` always copies: a Tensor shares no memory that others may write to")
    if isinstance(x, Value):
        found = as_tensor(x, "from_dlpack", "x")
    else:
        if not hasattr(x, "__dlpack__"):
            raise ArgumentTypeError(f"`x` of `from_dlpack` must have `__dlpack__`, got {type(x).__name__}")
        try:
            array = np.from_dlpack(x)
        except (BufferError, RuntimeError, TypeError, ValueError) as failure:
            raise ArgumentError(
                f"`x` of `from_dlpack` could not be read, as memory of the host: {failure}"
            ) from failure
        found = as_tensor(array, "from_dlpack", "x")
    return found if device is None else found.to(device)


def eye(n: int, m: int | None = None, dtype: DType = float32) -> Tensor:
    """Ones on the diagonal of an n x m matrix of zeros."""
    rows = read_int("eye", "n", n)
    columns = rows if m is None else read_int("eye", "m", m)
    shape, element = read_shape("eye", "n", (rows, columns)), as_dtype(dtype).numpy
    with host_memory(shape):
        return ground().constant(np.eye(rows, columns, dtype=element))


def arange(start: float = 0, end: float | None = None, step: float = 1, *, dtype: DType | None = None) -> Tensor:
    """Numbers from ``start`` up to but without ``end``; Int64 for integers, Float32 for floats."""
    if end is None:
        start, end = 0, start
    start, end = read_number("arange", "start", start), read_number("arange", "end", end)
    step = read_number("arange", "step", step)
    if not all(math.isfinite(number) for number in (start, end, step)):
        raise ArgumentError(f"`arange` needs finite numbers, got {start}, {end} and {step}")
    if step == 0:
        raise ArgumentError("`step` of `arange` must not be 0")
    shape = read_shape("arange", "end", max(0, math.ceil((end - start) / step)))
    with host_memory(shape):
        array = np.arange(start, end, step)
        inferred = np.float32 if array.dtype.kind == "f" else array.dtype
        return ground().constant(converted(array, inferred if dtype is None else as_dtype(dtype).numpy))


def linspace(start: float, end: float, steps: int, *, dtype: DType = float32) -> Tensor:
    """``steps`` evenly spaced numbers from ``start`` to ``end``, both included."""
    count = read_int("linspace", "steps", steps)
    if count < 0:
        raise ArgumentError(f"`steps` of `linspace` must not be negative, got {count}")
    ends = (read_number("linspace", "start", start), read_number("linspace", "end", end))
    shape, element = read_shape("linspace", "steps", count), as_dtype(dtype).numpy
    with host_memory(shape):
        return ground().constant(converted(np.linspace(*ends, count), element))
