"""Cholesky, QR, eigenvalues, singular values, pseudo-inverse, exponential: LAPACK, behind NumPy and SciPy, on the host.

Eigenvalues (and singular values) that differ by less than rounding count as one. The vectors of one eigenvalue may be
turned among each other, and have no derivative in that direction: by convention it is 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY
from dualtape.core.example import Complexes, Dominant, Example
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Implicit
from dualtape.core.spec import Spec
from dualtape.errors import ShapeError
from dualtape.primitives.arithmetic import maximum, reciprocal
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.comparison import equal, greater, greater_equal, logical_and
from dualtape.primitives.complex_parts import imag, imaginary_part, infer_part, join, real, real_part
from dualtape.primitives.contraction import matmul
from dualtape.primitives.factors import SMALL, lapack_routine
from dualtape.primitives.linear_systems import solve_triangular
from dualtape.primitives.matrices import (
    adjoint,
    diagonal,
    of_finite,
    on_diagonal,
    pack,
    packed_arrays,
    require_square,
    swapped,
    triangle,
    unpack,
)
from dualtape.primitives.movement import concatenate, cut, reshape
from dualtape.primitives.reduction import cumsum, maximum_along
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import cast, where

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Changes = Sequence[Any]
_SQUARES = tuple(Example((kind(shape),)) for kind in (Dominant, Complexes) for shape in ((3, 3), (2, 2, 2)))


def symmetric(x: Any) -> Any:
    """The symmetric part, or of complex matrices the Hermitian one."""
    return 0.5 * (x + adjoint(x))


def _symmetric_array(x: np.ndarray) -> np.ndarray:
    other = x.swapaxes(-1, -2)
    found: np.ndarray = x + (other.conj() if x.dtype.kind == "c" else other)
    found *= 0.5  # in place: memory that is asked for costs more than the sum
    return found


def _cholesky(x: np.ndarray) -> np.ndarray:
    if x.ndim > 2 or len(x) <= SMALL:
        return np.linalg.cholesky(_symmetric_array(x))
    # By columns it is its own conjugate, whose upper factor is the lower one transposed: no copy, neither in nor out.
    found, failed = lapack_routine("potrf", x)(_symmetric_array(x).T, overwrite_a=True)
    if failed:
        raise np.linalg.LinAlgError("Matrix is not positive definite")
    return np.asarray(found.T)


def _divided(left: Any, factor: Any) -> Tensor:
    """``left`` times the inverse of the upper triangular ``factor``."""
    return swapped(solve_triangular(factor, swapped(left), lower=False, unit=False, transposed=True))


def _cholesky_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """dL = L times the lower triangle, half of its diagonal, of L^-1 dA L^-H (Murray 2016, arXiv:1602.07527)."""
    left = solve_triangular(output, symmetric(tangents[0]), lower=True, unit=False, transposed=False)
    both = _divided(left, adjoint(output))
    return matmul(output, triangle(both, True, -1) + 0.5 * on_diagonal(diagonal(both)))


# The lower triangular factor of the symmetric part of a matrix.
cholesky: Implicit = Implicit(
    name="cholesky",
    numpy=of_finite(_cholesky),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: require_square("cholesky", x),
    tangent=_cholesky_tangent,
    examples=_SQUARES[:2],
    written="ops.linalg.cholesky({0})",
)


def _infer_qr(x: Spec) -> Spec:
    rows, columns = x.shape[-2:]
    if rows < columns:
        raise ShapeError(f"`qr` takes matrices of as many rows as columns, or more; got shape {x.shape}")
    return Spec((*x.shape[:-2], (rows + columns) * columns), x.dtype)


def _qr_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """dQ = Q W + (1 - Q Q^H) dA R^-1, dR = (Q^H dA R^-1 - W) R with W^H = -W, so that dR is triangular.

    The diagonal of R is real, and stays so.
    """
    rows, columns = inputs[0].shape[-2:]
    q, r = unpack(output, (rows, columns), (columns, columns))
    moved = _divided(tangents[0], r)
    within = matmul(adjoint(q), moved)
    below = triangle(within, True, -1)
    turn = below - adjoint(below)
    if turn.dtype.is_complex:
        turn = turn + on_diagonal(imaginary_part(diagonal(within)))
    return pack(len(q.shape) - 2, moved + matmul(q, turn - within), matmul(within - turn, r))


def _qr(x: np.ndarray) -> np.ndarray:
    q, r = np.linalg.qr(x)
    if x.dtype.kind == "c":
        # LAPACK makes the diagonal real; we rely on it, and so say it.
        corner = np.diagonal(r, axis1=-2, axis2=-1)
        turn = np.divide(corner, np.abs(corner), out=np.ones_like(corner), where=corner.imag != 0)
        q, r = q * turn[..., None, :], r * turn.conj()[..., None]
    return packed_arrays(q, r, lead=x.ndim - 2)


# Q and R, packed, of matrices with as many rows as columns, or more.
qr: Implicit = Implicit(
    name="qr",
    numpy=of_finite(_qr),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_qr,
    tangent=_qr_tangent,
    examples=(
        Example((Dominant((3, 3)),)),
        Example((Dominant((2, 3, 2)),)),
        Example((Complexes((3, 3)),)),
        Example((Complexes((2, 3, 2)),)),
    ),
    written=lambda x: None,
)


def _signs(vectors: np.ndarray) -> np.ndarray:
    """Of each column that of its largest element: the sign of a vector is free, and that makes it one in every type.

    That of complex vectors is any number of length 1, and makes the largest element real.
    """
    if not vectors.size:
        return np.ones((*vectors.shape[:-2], 1, vectors.shape[-1]), vectors.dtype)
    if vectors.dtype.kind == "c":
        largest = np.take_along_axis(vectors, np.abs(vectors).argmax(-2)[..., None, :], -2)
        return np.asarray(largest.conj() / np.abs(largest), vectors.dtype)
    up, down = vectors.max(-2, keepdims=True), -vectors.min(-2, keepdims=True)
    signs = np.where(down > up, -1, 1).astype(vectors.dtype)
    for *place, _, column in np.argwhere(up == down):
        one = vectors[(*place, slice(None), column)]  # of two that are the largest, the first
        signs[(*place, 0, column)] = -1 if one[np.abs(one).argmax()] < 0 else 1
    return signs


def _eigh(x: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(_symmetric_array(x))
    vectors *= _signs(vectors)
    return packed_arrays(values.astype(x.dtype), vectors, lead=x.ndim - 2)


def _columns(x: Any) -> Tensor:
    return reshape(x, shape=(*x.shape[:-1], 1, x.shape[-1]))


def _rows(x: Any) -> Tensor:
    return reshape(x, shape=(*x.shape, 1))


def _inverse_where_apart(difference: Any, size: Any) -> Any:
    """1 / difference; 0 where that is within rounding of 0, measured by the largest of ``size``."""
    n = size.shape[-1]
    if not n:
        return difference  # without elements
    limit = 4 * n * float(np.finfo(size.dtype.numpy).eps)
    known = stop_gradient(size)
    known = maximum(known, -known)
    least = reshape(maximum_along(known, axes=(len(size.shape) - 1,)), shape=(*size.shape[:-1], 1, 1)) * limit
    level = stop_gradient(difference)
    apart = greater(maximum(level, -level), least)
    return where(apart, reciprocal(where(apart, difference, 1.0)), 0.0)


def _eigh_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """dw = diag(V^H dA V), dV = V times that divided by the differences of the eigenvalues."""
    n = inputs[0].shape[-1]
    values, vectors = unpack(output, (n,), (n, n))
    change = matmul(adjoint(vectors), matmul(symmetric(tangents[0]), vectors))
    known = real_part(values)
    apart = _inverse_where_apart(_columns(known) - _rows(known), known)
    moved = matmul(vectors, change * apart)
    rates = diagonal(change)
    if change.dtype.is_complex:
        moved = moved - vectors * _turned(vectors, moved)
        rates = cast(real_part(rates), dtype=change.dtype)
    return pack(len(vectors.shape) - 2, rates, moved)


def _turned(vectors: Any, moved: Any) -> Tensor:
    """By how much the columns of ``moved`` turn the largest elements of ``vectors``, which are to stay real."""
    known = stop_gradient(real(vectors))  # their largest elements are real, and positive
    n = len(known.shape) - 2
    largest = greater_equal(known, maximum_along(known, axes=(n,)) * (1 - 1e-6))
    first = logical_and(largest, equal(cumsum(cast(largest, dtype=known.dtype), axis=n, reverse=False), 1.0))
    turn = sum_along(where(first, imag(moved), 0.0), axes=(n,)) / sum_along(where(first, real(vectors), 0.0), axes=(n,))
    return join(turn * 0.0, turn)


def _infer_eigh(x: Spec) -> Spec:
    n = require_square("eigh", x).shape[-1]
    return Spec((*x.shape[:-2], n + n * n), x.dtype)


# The eigenvalues, from the smallest, and eigenvectors of the symmetric part of a matrix, packed.
eigh: Implicit = Implicit(
    name="eigh",
    numpy=of_finite(_eigh),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_eigh,
    tangent=_eigh_tangent,
    examples=_SQUARES,
    written=lambda x: None,
)


def _diagonal_of_product(x: Any, y: Any) -> Tensor:
    """The diagonals of products of matrices, of which nothing else is computed."""
    rank = len(x.shape)
    return reshape(sum_along(x * swapped(y), axes=(rank - 1,)), shape=x.shape[:-1])


def _eigenvalues_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """dw = diag(V^H dA V)."""
    n = inputs[0].shape[-1]
    _, vectors = unpack(eigh(inputs[0]), (n,), (n, n))
    found: Tensor = real_part(_diagonal_of_product(matmul(adjoint(vectors), symmetric(tangents[0])), vectors))
    return found


# The eigenvalues alone, from the smallest: a third of the time.
symmetric_eigenvalues: Implicit = Implicit(
    name="symmetric_eigenvalues",
    numpy=of_finite(lambda x: np.linalg.eigvalsh(_symmetric_array(x))),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: infer_part(Spec(require_square("eigvalsh", x).shape[:-1], x.dtype)),
    tangent=_eigenvalues_tangent,
    examples=_SQUARES,
    written="ops.linalg.eigvalsh({0})",
)


def _svd(x: np.ndarray) -> np.ndarray:
    u, s, v = np.linalg.svd(x, full_matrices=False)
    signs = _signs(u)
    u *= signs
    v *= signs.conj().swapaxes(-1, -2)
    return packed_arrays(u, s, v, lead=x.ndim - 2)


def _svd_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """As in Wan and Zhang 2019, arXiv:1909.02659; the largest elements of complex left vectors stay real."""
    rows, columns = inputs[0].shape[-2:]
    k = min(rows, columns)
    u, s, v = unpack(output, (rows, k), (k,), (k, columns))
    change = matmul(matmul(adjoint(u), tangents[0]), adjoint(v))
    across, down, known = _columns(s), _rows(s), real_part(s)
    apart = _inverse_where_apart(_columns(known) - _rows(known), known)
    apart = cast(apart * _inverse_where_apart(_columns(known) + _rows(known), known), dtype=s.dtype)
    du = matmul(u, apart * (change * across + down * adjoint(change)))
    dv = matmul(apart * (down * change + adjoint(change) * across), v) * -1.0
    inverse = cast(_inverse_where_apart(_columns(known), known), dtype=s.dtype)
    if rows > k:
        beside = matmul(tangents[0], adjoint(v))
        du = du + (beside - matmul(u, change)) * inverse
    if columns > k:
        beside = matmul(adjoint(u), tangents[0])
        dv = dv + (beside - matmul(change, v)) * swapped(inverse)
    rates = diagonal(change)
    if change.dtype.is_complex:
        turned = _turned(u, du)
        du = du - u * turned
        # Where the change turns a pair against each other, the right one gives way; and both turn together.
        dv = dv + v * swapped(turned + _columns(imaginary_part(rates)) * inverse)
        rates = cast(real_part(rates), dtype=change.dtype)
    return pack(len(u.shape) - 2, du, rates, dv)


def _singular_values_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """dS = diag(U^H dA V)."""
    rows, columns = inputs[0].shape[-2:]
    k = min(rows, columns)
    u, _, v = unpack(svd(inputs[0]), (rows, k), (k,), (k, columns))
    found: Tensor = real_part(_diagonal_of_product(matmul(adjoint(u), tangents[0]), adjoint(v)))
    return found


def _infer_svd(x: Spec) -> Spec:
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    return Spec((*x.shape[:-2], rows * k + k + k * columns), x.dtype)


# U, the singular values, and V^T, packed.
svd: Implicit = Implicit(
    name="svd",
    numpy=of_finite(_svd),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_svd,
    tangent=_svd_tangent,
    examples=tuple(Example((kind(shape),)) for kind in (Dominant, Complexes) for shape in ((3, 3), (3, 2), (2, 2, 3))),
    written=lambda x: None,
)


# The singular values alone, from the largest: a third of the time.
singular_values: Implicit = Implicit(
    name="singular_values",
    numpy=of_finite(lambda x: np.linalg.svd(x, compute_uv=False)),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: infer_part(Spec((*x.shape[:-2], min(x.shape[-2:])), x.dtype)),
    tangent=_singular_values_tangent,
    examples=svd.examples,
    written="ops.linalg.svdvals({0})",
)


def _expm(x: np.ndarray) -> np.ndarray:
    from scipy.linalg import expm

    return np.asarray(expm(x))


def _expm_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """The upper right part of the exponential of [[A, dA], [0, A]] (Higham, *Functions of Matrices*, 2008, 3.2)."""
    (x,), (change,) = inputs, tangents
    n, rank = x.shape[-1], len(x.shape)
    above = concatenate(x, change, axis=rank - 1)
    below = concatenate(x * 0.0, x, axis=rank - 1)
    both = expm(concatenate(above, below, axis=rank - 2))
    return cut(both, starts=(*(0,) * (rank - 1), n), sizes=x.shape, steps=(1,) * rank)


expm: Implicit = Implicit(
    name="expm",
    numpy=of_finite(_expm),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: require_square("expm", x),
    tangent=_expm_tangent,
    cotangents=lambda ct, inputs, output: [_expm_tangent([ct], [swapped(inputs[0])], None)],
    examples=_SQUARES,
    written="ops.linalg.expm({0})",
)
