"""Linear systems of arrays, and factors for them: LAPACK behind SciPy for one large matrix, NumPy for small ones.

NumPy factors a small matrix in less time than Python takes to hand its factors on, and loops over stacks in C: up to
:data:`SMALL` rows a system is solved from its matrix each time. LAPACK reads arrays by columns. It gets the
transposed matrix, which is there without a copy, and solves the transposed system.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape.primitives.matrices import for_lapack, letter_of

SMALL = 64
"""Rows up to which it costs more to keep factors than to compute them again."""


def lapack_routine(name: str, x: np.ndarray) -> Any:
    """LAPACK's routine for the type of an array."""
    from scipy.linalg import lapack

    return getattr(lapack, letter_of(x) + name)


def each_of_stack(compute: Callable[..., Any], arrays: Sequence[np.ndarray], dtype: np.dtype) -> np.ndarray:
    """``compute`` on the matrices of several arrays, whose leading axes broadcast."""
    lead = np.broadcast_shapes(*(x.shape[:-2] for x in arrays))
    if not lead:
        return np.asarray(compute(*arrays), dtype)
    spread = [np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in arrays]
    found = np.empty(spread[-1].shape, dtype)
    for place in np.ndindex(lead):
        found[place] = compute(*(x[place] for x in spread))
    return found


def _image(a: np.ndarray) -> np.ndarray:
    """The product with one vector, by which a matrix is known again. SciPy's BLAS, lest its threads meet NumPy's."""
    from scipy.linalg import blas

    v = np.cos(np.arange(len(a))).astype(a.dtype)
    return np.asarray(getattr(blas, f"{letter_of(a)}gemv")(1, a.T, v, trans=1))


def factored(x: np.ndarray) -> np.ndarray:
    """LU factors of the transposed matrices, transposed; below them the order of their rows, and their image."""
    wide = for_lapack(x)
    n = x.shape[-1]
    found = np.empty((*x.shape[:-2], n + 2, n), wide.dtype)
    for place in np.ndindex(x.shape[:-2]):
        both, pivots = _factored(wide[place])
        found[(*place, slice(n))], found[(*place, n)], found[(*place, n + 1)] = both, pivots, _image(wide[place])
    return found.astype(x.dtype, copy=False)


def _factored(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    factors, pivots, _ = lapack_routine("getrf", x)(x.T)
    return factors.T, pivots


def solved(a: np.ndarray, b: np.ndarray, *factors: np.ndarray, transposed: bool) -> np.ndarray:
    """x of A x = b, or of A^T x = b; NaN where a matrix is not finite."""
    if a.ndim == 2 < b.ndim and all(x.ndim == 2 for x in factors):
        # Many right-hand sides of one matrix are columns beside each other.
        beside = np.moveaxis(b, -2, 0)
        columns = beside.reshape(len(a), math.prod(beside.shape[1:]))
        found = solved(a, columns, *factors, transposed=transposed)
        return np.moveaxis(found.reshape(beside.shape), 0, -2)
    wide, right, *packed = (for_lapack(x) for x in (a, b, *factors))
    if packed:
        return each_of_stack(lambda p, a, b: _by_factors(p, a, b, transposed), (*packed, wide, right), b.dtype)
    return _by_numpy(wide, right, transposed).astype(b.dtype, copy=False)


def _by_numpy(a: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    finite = np.isfinite(a).all((-2, -1), keepdims=True)
    known = a if finite.all() else np.where(finite, a, np.eye(a.shape[-1], dtype=a.dtype))
    found = np.linalg.solve(known.swapaxes(-1, -2) if transposed else known, b)
    return found if known is a else np.where(finite, found, np.nan).astype(b.dtype)


def _by_factors(packed: np.ndarray, a: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    n = len(a)
    both, pivots = packed[:n], packed[n]
    image = _image(a)
    if not np.isfinite(image).all() and not np.isfinite(a).all():
        return np.full_like(b, np.nan)
    if not np.array_equal(packed[n + 1], image):
        both, pivots = _factored(a)
    if not both.diagonal().all():
        raise np.linalg.LinAlgError("Singular matrix")
    found, _ = lapack_routine("getrs", a)(both.T, pivots.real.astype(np.intc), b, trans=0 if transposed else 1)
    return np.asarray(found)


def inverted(x: np.ndarray) -> np.ndarray:
    """The inverse matrices."""
    if x.ndim > 2 or len(x) <= SMALL:
        return np.linalg.inv(x)
    factors, pivots, failed = lapack_routine("getrf", x)(x.T)
    if failed:
        raise np.linalg.LinAlgError("Singular matrix")
    room, _ = lapack_routine("getri_lwork", x)(len(x))
    found, _ = lapack_routine("getri", x)(factors, pivots, lwork=int(room.real), overwrite_lu=True)
    return np.asarray(found.T)


def substituted(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool, transposed: bool) -> np.ndarray:
    """x of A x = b, or of A^T x = b, for one triangle of A."""
    wide, right = for_lapack(a), for_lapack(b)
    count = math.prod(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]))
    if b.size and a.shape[-1] ** 2 <= count:  # operations on whole stacks, beside calls of LAPACK
        found = _row_by_row(wide, right, lower, unit, transposed)
    else:
        found = each_of_stack(lambda a, b: _one_triangle(a, b, lower, unit, transposed), (wide, right), b.dtype)
    return found.astype(b.dtype, copy=False)


def _row_by_row(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool, transposed: bool) -> np.ndarray:
    """The substitution of all matrices of a stack together, which lie next to each other for it."""
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    n, columns = b.shape[-2:]
    spread = [np.broadcast_to(x, (*lead, *x.shape[-2:])).reshape(-1, *x.shape[-2:]) for x in (a, b)]
    rows = np.ascontiguousarray(spread[0].transpose((2, 1, 0) if transposed else (1, 2, 0)))
    found = np.array(spread[1].transpose(1, 2, 0), order="C")
    known_first = lower != transposed
    for i in range(n) if known_first else reversed(range(n)):
        if not unit and not rows[i, i].all():
            raise _singular(i)
        for j in range(i) if known_first else range(i + 1, n):
            found[i] -= rows[i, j] * found[j]
        if not unit:
            found[i] /= rows[i, i]
    return np.ascontiguousarray(found.transpose(2, 0, 1)).reshape(*lead, n, columns)


def _singular(row: int) -> Exception:
    return np.linalg.LinAlgError(f"the matrix is singular: element {row} of a triangle's diagonal is 0")


def _one_triangle(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool, transposed: bool) -> np.ndarray:
    """With a matrix in C's order, whose triangle is the other one in Fortran's."""
    if not b.size:
        return b
    by_rows = a.flags.c_contiguous and not a.flags.f_contiguous
    given = a.T if by_rows else a
    found, failed = lapack_routine("trtrs", a)(
        given, b, lower=lower != by_rows, trans=transposed != by_rows, unitdiag=unit
    )
    if failed > 0:
        raise _singular(failed - 1)
    return np.asarray(found)
