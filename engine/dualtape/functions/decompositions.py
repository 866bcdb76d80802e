"""Decompositions of matrices, or of stacks of them along leading axes, and functions made of these.

Conventions: eigenvectors and singular vectors have the sign (of complex ones, the factor of magnitude 1) that makes
their largest element positive (of a pair of singular vectors, the left one's). ``R`` of complex matrices has a real
diagonal. Where eigenvalues or singular values are equal to rounding, their vectors do not turn into each other: that
part of the derivative, which does not exist, is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dualtape.dtypes import int64
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.functions.conversion import (
    TensorLike,
    cast_to,
    promoted_pair,
    read_choice,
    read_flag,
    read_real,
    tensor_pair,
    to_inexact,
)
from dualtape.functions.linear_algebra import matmul
from dualtape.functions.linear_systems import inv, read_matrix
from dualtape.functions.norms import matrix_norm
from dualtape.functions.reduction import amax
from dualtape.functions.reduction import sum as sum_axes
from dualtape.functions.shape import cat, expand_dims, squeeze
from dualtape.primitives import comparison, factorization, least_squares, rounding
from dualtape.primitives.complex_parts import conjugate, real_part
from dualtape.primitives.matrices import adjoint, unpack

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "cholesky", "cond", "eigh", "eigvalsh", "expm", "lstsq", "matrix_rank", "pinv", "qr", "svd", "svdvals",
]  # fmt: skip


class QRResult(NamedTuple):
    """The factors of ``Q @ R``."""

    Q: Tensor
    R: Tensor


class EighResult(NamedTuple):
    """Eigenvalues, from the smallest, and eigenvectors as columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class SVDResult(NamedTuple):
    """The factors of ``U @ diag(S) @ Vh``."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class LstsqResult(NamedTuple):
    """A solution of least squares, its sums of squared residuals, and rank and singular values of the matrix."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


def cholesky(a: TensorLike, upper: bool = False) -> Tensor:
    """The lower triangular ``L`` with ``L @ L.T = a`` (or the ``upper`` one, its transpose); ``L.T`` is the adjoint.

    Taken is the symmetric part of ``a``, or the Hermitian one; where that is not positive definite, it is an error.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.linalg.cholesky(dt.Tensor([[4.0, 2.0], [2.0, 2.0]])))
    [[2. 0.]
     [1. 1.]]
    """
    factor = factorization.cholesky(read_matrix("cholesky", a, square=True))
    return adjoint(factor) if read_flag("cholesky", "upper", upper) else factor


def qr(a: TensorLike, mode: str = "reduced") -> Any:
    """``Q`` with orthonormal columns and an upper triangular ``R`` with ``Q @ R = a``; ``R`` alone if ``mode`` is "r".

    They have a derivative where the first columns of ``a``, as many as it has rows at most, are independent. "complete"
    would leave the further columns of ``Q`` open, and is not offered.
    """
    mode = read_choice("qr", "mode", mode, ("reduced", "r"))
    x = read_matrix("qr", a)
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    q, r = unpack(factorization.qr(x[..., :k] if columns > k else x), (rows, k), (k, k))
    if columns > k:
        r = cat([r, adjoint(q) @ x[..., k:]], -1)
    return r if mode == "r" else QRResult(q, r)


def eigh(a: TensorLike) -> EighResult:
    """Eigenvalues, from the smallest, and eigenvectors of the symmetric part of ``a``, or of the Hermitian one.

    Eigenvectors of complex matrices have length 1 and a real largest element.

    A function of ``a`` by its eigenvalues, such as ``V @ diag(f(w)) @ V.T``, has a right derivative only where all
    eigenvalues are different; one that is the same however the eigenvectors of one eigenvalue are turned, such as the
    projection on them, or the sum of their eigenvalues, has it everywhere.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.linalg.eigh(dt.Tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues)
    [1. 3.]
    """
    x = read_matrix("eigh", a, square=True)
    n = x.shape[-1]
    values, vectors = unpack(factorization.eigh(x), (n,), (n, n))
    return EighResult(real_part(values), vectors)


def eigvalsh(a: TensorLike) -> Tensor:
    """The eigenvalues of the symmetric part of ``a``, from the smallest."""
    return factorization.symmetric_eigenvalues(read_matrix("eigvalsh", a, square=True))


def svd(a: TensorLike, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """``U``, the singular values ``S``, from the largest, and ``Vh``, with ``U @ diag(S) @ Vh = a``.

    ``full_matrices``, which would add vectors that ``a`` does not say, are not offered. Without ``compute_uv``, ``S``.
    """
    if read_flag("svd", "full_matrices", full_matrices):
        raise ArgumentError("`full_matrices` of `svd` must be False: the further vectors have no derivative")
    x = read_matrix("svd", a)
    if not read_flag("svd", "compute_uv", compute_uv):
        return factorization.singular_values(x)
    rows, columns = x.shape[-2:]
    k = min(rows, columns)
    u, s, vh = unpack(factorization.svd(x), (rows, k), (k,), (k, columns))
    return SVDResult(u, real_part(s), vh)


def svdvals(a: TensorLike) -> Tensor:
    """The singular values, from the largest."""
    values: Tensor = svd(a, compute_uv=False)
    return values


def _threshold(function: str, argument: str, x: Tensor, given: Any, factor: float) -> float:
    if given is None:
        return factor * float(np.finfo(x.dtype.numpy if x.dtype.bits > 16 else np.float32).eps)
    return read_real(function, argument, given)


def pinv(a: TensorLike, rcond: float | None = None) -> Tensor:
    """The pseudo-inverse, shape (..., n, m) of (..., m, n); its derivative is that at constant rank.

    Singular values below ``rcond`` times the largest count as 0; by default the larger size times the type's rounding.
    """
    x = read_matrix("pinv", a)
    return least_squares.pinv(x, rcond=_threshold("pinv", "rcond", x, rcond, max(x.shape[-2:])))


def matrix_rank(a: TensorLike, rtol: float | None = None) -> Tensor:
    """How many singular values are above ``rtol`` times the largest: Int64."""
    x = read_matrix("matrix_rank", a)
    return _rank_by(svdvals(x), _threshold("matrix_rank", "rtol", x, rtol, max(x.shape[-2:])))


def _rank_by(singular_values: Tensor, rtol: float) -> Tensor:
    values = rounding.stop_gradient(singular_values)
    return sum_axes(cast_to(comparison.greater(values, amax(values, -1, keepdims=True) * rtol), int64), -1)


def lstsq(a: TensorLike, b: TensorLike, rcond: float | None = None) -> LstsqResult:
    """The shortest ``x`` that makes ``a @ x - b`` as short as possible: NumPy's four results.

    ``residuals`` are given whatever the rank; the derivatives are those at constant rank.
    """
    matrix, given = tensor_pair("lstsq", a, b, ("a", "b"))
    x, right = promoted_pair("lstsq", read_matrix("lstsq", matrix), to_inexact(given))
    values = svdvals(x)
    is_vector = right.ndim == 1
    columns = expand_dims(right, -1) if is_vector else right
    limit = _threshold("lstsq", "rcond", x, rcond, max(x.shape[-2:]))
    solution = least_squares.least_squares(x, columns, rcond=limit)
    left_over = matmul(x, solution) - columns
    residuals = sum_axes(real_part(left_over * conjugate(left_over)), -2)
    found = squeeze(solution, -1) if is_vector else solution
    return LstsqResult(found, residuals, _rank_by(values, limit), values)


def cond(x: TensorLike, p: float | str | None = None) -> Tensor:
    """The condition number: the largest singular value by the smallest, or the norms ``p`` of x and its inverse."""
    if isinstance(p, bool) or not isinstance(p, (type(None), int, float, str)):
        raise ArgumentTypeError(f"`p` of `cond` must be None, a number or 'fro', got {type(p).__name__}")
    if p in (None, 2, -2):
        values = svdvals(x)
        largest, smallest = values[..., 0], values[..., -1]
        ratio: Tensor = smallest / largest if p == -2 else largest / smallest
        return ratio
    return matrix_norm(x, p) * matrix_norm(inv(x), p)


def expm(a: TensorLike) -> Tensor:
    """The exponential of square matrices, by SciPy; its derivative is that of a matrix of twice the size."""
    return factorization.expm(read_matrix("expm", a, square=True))
