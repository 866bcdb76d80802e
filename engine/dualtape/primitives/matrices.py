"""What rules of matrix functions are written with, and how NumPy and LAPACK run over stacks of matrices."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.interpreter import ground
from dualtape.core.spec import Shape, Spec
from dualtape.errors import ShapeError
from dualtape.primitives.complex_parts import conjugate
from dualtape.primitives.movement import concatenate, cut, embed, permute, reshape
from dualtape.primitives.selection import where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor


def swapped(x: Any) -> Tensor:
    """The transposed matrices."""
    rank = len(x.shape)
    return permute(x, axes=(*range(rank - 2), rank - 1, rank - 2))


def triangle(x: Any, lower: bool, k: int = 0) -> Tensor:
    """The elements on and below (or above) the ``k``-th diagonal, zeros elsewhere."""
    mask = (np.tril if lower else np.triu)(np.ones(x.shape[-2:], np.bool_), k)
    return where(ground().constant(mask, x.device), x, 0.0)


def identity_like(x: Any) -> Tensor:
    """The identity matrix of the type of the square matrices ``x``."""
    return ground().constant(np.eye(x.shape[-1], dtype=x.dtype.numpy), x.device)


def diagonal(x: Any) -> Tensor:
    """The diagonals of square matrices."""
    n = x.shape[-1]
    flat = reshape(x, shape=(*x.shape[:-2], n * n))
    rank = len(flat.shape)
    return cut(flat, starts=(0,) * rank, sizes=(*flat.shape[:-1], n), steps=(1,) * (rank - 1) + (n + 1,))


def on_diagonal(x: Any) -> Tensor:
    """The square matrices with vectors on their diagonals."""
    *lead, n = x.shape
    flat = embed(x, shape=(*lead, n * n), starts=(0,) * len(x.shape), steps=(1,) * len(lead) + (n + 1,))
    return reshape(flat, shape=(*lead, n, n))


def pack(lead: int, *several: Any) -> Tensor:
    """Tensors whose first ``lead`` axes agree, each made a row, one after another."""
    return concatenate(*(reshape(x, shape=(*x.shape[:lead], prod(x.shape[lead:]))) for x in several), axis=lead)


def unpack(packed: Any, *shapes: Shape) -> list[Any]:
    """The tensors of given shapes that lie one after another along the last axis."""
    lead, start, found = packed.shape[:-1], 0, []
    for shape in shapes:
        count = prod(shape)
        steps = (1,) * len(packed.shape)
        part = cut(packed, starts=(*(0,) * len(lead), start), sizes=(*lead, count), steps=steps)
        found.append(reshape(part, shape=(*lead, *shape)))
        start += count
    return found


def packed_arrays(*several: np.ndarray, lead: int) -> np.ndarray:
    """:func:`pack` of arrays."""
    return np.concatenate([x.reshape(*x.shape[:lead], prod(x.shape[lead:])) for x in several], axis=-1)


def require_square(name: str, x: Spec) -> Spec:
    """``x``, if it holds square matrices."""
    if len(x.shape) < 2 or x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"`{name}` takes square matrices, the last two axes of one size; got shape {x.shape}")
    return x


def for_lapack(x: np.ndarray) -> np.ndarray:
    """``x`` in one of the types that LAPACK computes in."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def letter_of(x: np.ndarray) -> str:
    """The letter that names of BLAS and LAPACK have for an element type."""
    return {"f": "s", "d": "d", "F": "c", "D": "z"}[x.dtype.char]


def adjoint(x: Any) -> Tensor:
    """The transposed matrices, conjugated if they are complex."""
    return swapped(conjugate(x))


def of_finite(compute: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """``compute`` of matrices in a type of LAPACK's; NaN for those with elements that are not finite."""

    def computed(x: np.ndarray, **params: Any) -> np.ndarray:
        wide = for_lapack(x)
        finite = np.isfinite(wide).all((-2, -1))
        if finite.all():
            return compute(wide, **params).astype(x.dtype, copy=False)
        # Something that every decomposition takes, in the place of what none of them ends with.
        found = compute(np.where(finite[..., None, None], wide, np.eye(*wide.shape[-2:], dtype=wide.dtype)), **params)
        missing = (..., *(None,) * (found.ndim - finite.ndim))
        return np.where(finite[missing], found, np.nan).astype(x.dtype, copy=False)

    return computed
