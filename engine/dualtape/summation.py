"""Sums on the host whose rounding errors hardly grow with their length.

NumPy adds up neighbours in pairs, but rows one after the other: in Float32 the sum of 2^24 ones along the first axis
stays there, whatever follows. So rows are added up in runs of 16, and the runs in Float64, again in runs.
Reference: Higham, *Accuracy and Stability of Numerical Algorithms*, section 4.3.
"""

from __future__ import annotations

from math import prod

import numpy as np

_RUN = 16
_SHORT = 64  # terms, which lose less than 1e-6 one after the other
_WIDTH = 512  # of what is added to what at once, so that NumPy's loops are long where rows are short
_FEW = 8192  # elements, which are not worth the trouble
_LEAST_LENGTH = 128  # of the parts into which a product of matrices is cut


def summing_type(dtype: np.dtype) -> np.dtype:
    """The type in which sums of ``dtype`` may be made one after the other."""
    if dtype.kind == "c":
        return np.dtype(np.complex128)
    return np.dtype(np.float64) if dtype.kind == "f" else dtype


def add_up(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The sum along ``axes``, which stay with size 1, in the type of ``x``; Float16 is added up in Float32."""
    if not axes:
        return x  # NumPy would add it to 0, which -0 does not survive
    terms = 1
    for axis in axes:
        terms *= x.shape[axis]
    if terms <= _SHORT and x.itemsize > 2:
        return np.add.reduce(x, axis=axes, keepdims=True, dtype=x.dtype)
    if x.dtype.kind == "c":
        parts = np.ascontiguousarray(x).view(x.real.dtype).reshape(*x.shape, 2)
        found: np.ndarray = add_up(parts, axes)
        return np.ascontiguousarray(found).view(x.dtype)[..., 0]
    in_order = x.flags.c_contiguous
    if x.dtype.kind != "f" or (in_order and _first_of_last(x.shape, axes) <= min(axes, default=0)):
        return np.add.reduce(x, axis=axes, keepdims=True, dtype=x.dtype)
    if x.size <= _FEW:
        return np.add.reduce(x, axis=axes, keepdims=True, dtype=np.float64).astype(x.dtype)
    if x.dtype == np.float16:
        return add_up(x.astype(np.float32), axes).astype(np.float16)
    if not in_order:
        order = sorted(range(x.ndim), key=lambda axis: -abs(x.strides[axis]))
        places = tuple(sorted(order.index(axis) for axis in axes))
        return _add_axes(x.transpose(order), places).transpose(np.argsort(order)).astype(x.dtype)
    return _add_axes(x, axes).astype(x.dtype)


def _first_of_last(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    """The axis from which on all are among ``axes``, or have size 1: neighbours in memory, one long axis to NumPy."""
    first = len(shape)
    while first and (first - 1 in axes or shape[first - 1] == 1):
        first -= 1
    return first


def _add_axes(x: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The same for axes in the order in which they lie in memory."""
    if x.flags.c_contiguous:
        first = _first_of_last(x.shape, axes)
        x = np.add.reduce(x, axis=tuple(axis for axis in axes if axis >= first), keepdims=True)
        axes = tuple(axis for axis in axes if axis < first)
    for axis in reversed(axes):
        x = _add_rows(x, axis)
    return x


def _add_rows(x: np.ndarray, axis: int) -> np.ndarray:
    rows = x.shape[axis]
    if rows <= _SHORT:
        return np.add.reduce(x, axis=axis, keepdims=True, dtype=np.float64)
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    block = max(1, min(rows // _RUN, _WIDTH // max(1, prod(after))))
    whole = rows // (_RUN * block)
    cut = whole * _RUN * block
    leading = (slice(None),) * axis
    runs = np.add.reduce(x[*leading, :cut].reshape(*before, whole, _RUN, block, *after), axis=axis + 1)
    total = _add_rows(runs.reshape(*before, whole * block, *after), axis)
    if cut < rows:
        total += _add_rows(x[*leading, cut:], axis)
    return total


_LEAST_INNER = 4096
"""Of an inner axis that is cut: a BLAS adds up parts of some hundred elements itself, and shorter ones lose little."""


def multiply_matrices(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The product of matrices, its inner axis cut into parts that are added up as rows are."""
    inner = x.shape[-1]
    if inner < _LEAST_INNER and x.itemsize > 2:
        short: np.ndarray = np.matmul(x, y)
        return short
    if x.dtype == np.float16:
        return multiply_matrices(x.astype(np.float32), y.astype(np.float32)).astype(np.float16)
    # The wider the product, the longer the parts: it must cost little to add them up.
    length = max(_LEAST_LENGTH, x.shape[-2] * y.shape[-1] // 16)
    if inner < 4 * length or x.dtype.kind != "f":
        whole: np.ndarray = np.matmul(x, y)
        return whole
    parts = inner // length
    cut = parts * length
    left = x[..., :cut].reshape(*x.shape[:-1], parts, length).swapaxes(-2, -3)
    right = y[..., :cut, :].reshape(*y.shape[:-2], parts, length, y.shape[-1])
    products = np.matmul(left, right)
    total = _add_rows(products, products.ndim - 3)[..., 0, :, :]
    if cut < inner:
        total = total + np.matmul(x[..., cut:], y[..., cut:, :])
    return total.astype(x.dtype, copy=False)
