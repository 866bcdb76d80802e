"""New tensors, with the arguments of the array API standard."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import Value
from dualtape.devices.registry import find_device
from dualtape.dtypes import DType, as_dtype, bool_, float32
from dualtape.functions import creation, indexing
from dualtape.functions.conversion import as_array, as_tensor, cast_to, converted, holds_values

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones", "ones_like", "tril",
    "triu", "zeros", "zeros_like",
]  # fmt: skip


def placed(x: Tensor, device: Any) -> Tensor:
    """``x`` on ``device``, if that is given."""
    return x if device is None else x.to(find_device(device))


def asarray(obj: Any, /, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of numbers, nested lists, arrays or tensors; tensors never change, so that a copy is as good as none."""
    element = None if dtype is None else as_dtype(dtype)
    if (
        element is not None
        and not isinstance(obj, Value)
        and not (isinstance(obj, (list, tuple)) and holds_values(obj))
    ):
        # Not by way of Float32, the default type of numbers, which would round those for Float64.
        obj = converted(as_array(obj, "obj", np.float64), element.numpy)
    x = as_tensor(obj, "asarray", "obj")
    return placed(x if element is None else cast_to(x, element), device)


def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Numbers from ``start`` up to but without ``stop``."""
    return placed(creation.arange(start, stop, step, dtype=dtype), device)


def linspace(
    start: float, stop: float, /, num: int, *, dtype: Any = None, device: Any = None, endpoint: builtins.bool = True
) -> Tensor:
    """``num`` evenly spaced numbers from ``start`` to ``stop``."""
    count = num if endpoint else num + 1
    return placed(creation.linspace(start, stop, count, dtype=float32 if dtype is None else dtype)[:num], device)


def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones on the ``k``-th diagonal of a matrix of zeros."""
    element = as_dtype(float32 if dtype is None else dtype)
    return placed(as_tensor(np.eye(n_rows, n_cols, k, element.numpy), "eye"), device)


def zeros(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros, of Float32 by default."""
    return placed(creation.zeros(shape, float32 if dtype is None else dtype), device)


def ones(shape: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones, of Float32 by default."""
    return placed(creation.ones(shape, float32 if dtype is None else dtype), device)


def full(shape: Any, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number, repeated."""
    if dtype is None and isinstance(fill_value, builtins.bool):
        dtype = bool_
    return placed(creation.full(shape, fill_value, dtype=dtype), device)


def zeros_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Zeros of ``x``'s shape."""
    return placed(creation.zeros_like(x, dtype=dtype), device)


def ones_like(x: Tensor, /, *, dtype: Any = None, device: Any = None) -> Tensor:
    """Ones of ``x``'s shape."""
    return placed(creation.ones_like(x, dtype=dtype), device)


def full_like(x: Tensor, /, fill_value: Any, *, dtype: Any = None, device: Any = None) -> Tensor:
    """One number, repeated, of ``x``'s shape."""
    return placed(creation.full_like(x, fill_value, dtype=dtype), device)


# Nothing can be written into a tensor, so that an empty one would be of no use: it holds zeros.
empty, empty_like = zeros, zeros_like


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The elements on and below the ``k``-th diagonal, zeros elsewhere."""
    return indexing.tril(x, k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The elements on and above the ``k``-th diagonal, zeros elsewhere."""
    return indexing.triu(x, k)
