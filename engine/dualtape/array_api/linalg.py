"""Linear algebra: the extension ``linalg`` of the array API standard, on the functions of ``dualtape.ops.linalg``."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

from dualtape.array_api.reductions import sum as sum_of
from dualtape.array_api.shaping import matrix_transpose as matrix_transpose
from dualtape.array_api.shaping import tensordot as tensordot
from dualtape.array_api.shaping import vecdot as vecdot
from dualtape.functions import decompositions, indexing, linear_algebra, linear_systems, norms, products
from dualtape.functions.decompositions import EighResult, QRResult, SVDResult
from dualtape.functions.linear_systems import SlogdetResult

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = [
    "cholesky", "cross", "det", "diagonal", "eigh", "eigvalsh", "inv", "matmul", "matrix_norm", "matrix_power",
    "matrix_rank", "matrix_transpose", "outer", "pinv", "qr", "slogdet", "solve", "svd", "svdvals", "tensordot",
    "trace", "vecdot", "vector_norm",
]  # fmt: skip


def cholesky(x: Tensor, /, *, upper: builtins.bool = False) -> Tensor:
    """The triangular factor of positive definite matrices."""
    return decompositions.cholesky(x, upper)


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """The cross product of vectors of 3 elements along ``axis``."""
    return products.cross(x1, x2, axis)


def det(x: Tensor, /) -> Tensor:
    """The determinant of square matrices."""
    return linear_systems.det(x)


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """A diagonal of matrices of the last two axes."""
    return indexing.diagonal(x, offset, -2, -1)


def eigh(x: Tensor, /) -> EighResult:
    """Eigenvalues and eigenvectors of symmetric matrices."""
    return decompositions.eigh(x)


def eigvalsh(x: Tensor, /) -> Tensor:
    """The eigenvalues of symmetric matrices."""
    return decompositions.eigvalsh(x)


def inv(x: Tensor, /) -> Tensor:
    """The inverse of square matrices."""
    return linear_systems.inv(x)


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The products of matrices."""
    return linear_algebra.matmul(x1, x2)


def matrix_norm(x: Tensor, /, *, keepdims: builtins.bool = False, ord: Any = "fro") -> Tensor:
    """The norm of matrices of the last two axes."""
    return norms.matrix_norm(x, ord, (-2, -1), keepdims)


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """Square matrices to a whole power."""
    return products.matrix_power(x, n)


def matrix_rank(x: Tensor, /, *, rtol: float | None = None) -> Tensor:
    """How many singular values are not small."""
    return decompositions.matrix_rank(x, rtol)


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The products of all elements of one vector with all of another."""
    return linear_algebra.outer(x1, x2)


def pinv(x: Tensor, /, *, rtol: float | None = None) -> Tensor:
    """The pseudo-inverse of matrices."""
    return decompositions.pinv(x, rtol)


def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Orthogonal and triangular factors of matrices."""
    found: QRResult = decompositions.qr(x, mode)
    return found


def slogdet(x: Tensor, /) -> SlogdetResult:
    """The sign of a determinant, and the logarithm of its magnitude."""
    return linear_systems.slogdet(x)


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The solution of linear systems."""
    return linear_systems.solve(x1, x2)


def svd(x: Tensor, /, *, full_matrices: builtins.bool = True) -> SVDResult:
    """Singular values and vectors of matrices; of square ones only, unless ``full_matrices`` is False."""
    square = x.ndim > 1 and x.shape[-2] == x.shape[-1]
    found: SVDResult = decompositions.svd(x, full_matrices and not square)
    return found


def svdvals(x: Tensor, /) -> Tensor:
    """The singular values of matrices."""
    return decompositions.svdvals(x)


def trace(x: Tensor, /, *, offset: int = 0, dtype: Any = None) -> Tensor:
    """The sum of a diagonal of matrices of the last two axes."""
    return sum_of(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vector_norm(x: Tensor, /, *, axis: Any = None, keepdims: builtins.bool = False, ord: Any = 2) -> Tensor:
    """The norm of the vectors along ``axis``, all elements by default."""
    return norms.vector_norm(x, ord, axis, keepdims)
