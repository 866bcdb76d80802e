"""Linear systems, inverses and determinants of matrices, or of stacks of them along leading axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtape.dtypes import float64, promote
from dualtape.errors import ShapeError
from dualtape.functions.conversion import (
    TensorLike,
    as_tensor,
    cast_to,
    promoted_pair,
    read_flag,
    tensor_pair,
    to_inexact,
)
from dualtape.functions.shape import expand_dims, squeeze
from dualtape.primitives import determinants
from dualtape.primitives import linear_systems as primitives
from dualtape.primitives.complex_parts import conjugate, real_part
from dualtape.primitives.matrices import require_square, unpack

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

__all__ = ["cholesky_solve", "det", "inv", "lu", "slogdet", "solve", "solve_triangular"]


class SlogdetResult(NamedTuple):
    """Sign of a determinant, and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


class LUResult(NamedTuple):
    """The factors of ``P @ L @ U``."""

    P: Tensor
    L: Tensor
    U: Tensor


def read_matrix(function: str, x: TensorLike, square: bool = False) -> Tensor:
    """A tensor of floats or complex numbers whose last two axes are those of matrices; integers become Float32."""
    matrix = to_inexact(as_tensor(x, function, "a"))
    if matrix.ndim < 2:
        raise ShapeError(f"`{function}` takes matrices, two axes or more; got shape {matrix.shape}")
    if square:
        require_square(function, matrix)  # type: ignore[arg-type]
    return matrix


def _read_system(function: str, a: TensorLike, b: TensorLike) -> tuple[Tensor, Tensor, bool]:
    """Matrix, right-hand sides as columns, and whether that was one vector."""
    matrix, columns = tensor_pair(function, a, b, ("a", "b"))
    left, right = promoted_pair(function, read_matrix(function, matrix, square=True), columns)
    right = to_inexact(right)
    is_vector = right.ndim == 1
    right = expand_dims(right, -1) if is_vector else right
    if right.ndim < 2 or right.shape[-2] != left.shape[-1]:
        raise ShapeError(
            f"`{function}` got a matrix of shape {left.shape} and `b` of shape {right.shape}; expected "
            f"a vector of {left.shape[-1]} elements, or columns of as many"
        )
    return left, right, is_vector


def _as_given(x: Tensor, is_vector: bool) -> Tensor:
    return squeeze(x, -1) if is_vector else x


def solve(a: TensorLike, b: TensorLike) -> Tensor:
    """``x`` of ``a @ x = b``, by LU factors with partial pivoting.

    Derivatives of every order solve with the same factors, transposed in reverse mode. A singular matrix is an error;
    one with elements that are not finite gives NaN.

    Parameters
    ----------
    a
        Square matrices, shape (..., n, n), of floats; integers become Float32.
    b
        A vector of shape (n,), or columns of shape (..., n, m); leading axes broadcast.

    Returns
    -------
    Tensor
        Of ``b``'s shape, with the leading axes of both.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.linalg.solve(dt.Tensor([[2.0, 0.0], [0.0, 4.0]]), dt.Tensor([2.0, 8.0])))
    [1. 2.]
    """
    left, right, is_vector = _read_system("solve", a, b)
    return _as_given(primitives.solve_once_factored(left, right), is_vector)


def solve_triangular(
    a: TensorLike, b: TensorLike, trans: bool = False, lower: bool = False, unit_diagonal: bool = False
) -> Tensor:
    """``x`` of ``a @ x = b`` (``a.T @ x = b`` if ``trans``) for a triangle of ``a``: SciPy's name and arguments.

    The other triangle is not looked at, nor the diagonal if it is ``unit_diagonal``.

    Examples
    --------
    >>> import dualtape as dt
    >>> print(dt.ops.linalg.solve_triangular(dt.Tensor([[2.0, 9.0], [1.0, 4.0]]), dt.Tensor([2.0, 9.0]), lower=True))
    [1. 2.]
    """
    left, right, is_vector = _read_system("solve_triangular", a, b)
    lower, unit = (
        read_flag("solve_triangular", name, flag) for name, flag in (("lower", lower), ("unit_diagonal", unit_diagonal))
    )
    transposed = read_flag("solve_triangular", "trans", trans)
    found = primitives.solve_triangular(left, right, lower=lower, unit=unit, transposed=transposed)
    return _as_given(found, is_vector)


def cholesky_solve(b: TensorLike, L: TensorLike, upper: bool = False) -> Tensor:
    """``x`` of ``L @ L.T @ x = b`` (``L.T @ L @ x = b`` if ``upper``) for a Cholesky factor ``L``: PyTorch's order.

    With the adjoint of a complex factor in the place of ``L.T``.
    """
    left, right, is_vector = _read_system("cholesky_solve", L, b)
    lower = not read_flag("cholesky_solve", "upper", upper)
    found = right
    for transposed in (not lower, lower):
        factor = conjugate(left) if transposed else left
        found = primitives.solve_triangular(factor, found, lower=lower, unit=False, transposed=transposed)
    return _as_given(found, is_vector)


def inv(a: TensorLike) -> Tensor:
    """The inverse of square matrices; a singular one is an error."""
    return primitives.inverse(read_matrix("inv", a, square=True))


def det(a: TensorLike) -> Tensor:
    """The determinant of square matrices.

    Up to 3 x 3 it is written out, and has derivatives of every order everywhere. Beyond, where a matrix is singular,
    the first derivative (its cofactors, by singular values) is right, and those of higher order are NaN.

    What is written out is computed in Float64 where the device has it. In Float32 it is then within 1 ulp, unless its
    terms cancel to less than a millionth of their size; in Float64, and on a device without it, within 8 units in the
    last place of the sum of the terms' magnitudes.
    """
    x = read_matrix("det", a, square=True)
    n = x.shape[-1]
    if n not in (1, 2, 3):
        return determinants.determinant(x)
    wide = cast_to(x, promote(x.dtype, float64)) if n > 1 and x.device.info.has_float64 else x
    return cast_to(_expanded([[wide[..., i, j] for j in range(n)] for i in range(n)]), x.dtype)


def _expanded(rows: list[list[Tensor]]) -> Tensor:
    """A determinant by its first row."""
    if len(rows) == 1:
        return rows[0][0]
    total: Any = 0.0
    for k, element in enumerate(rows[0]):
        term = element * _expanded([row[:k] + row[k + 1 :] for row in rows[1:]])
        total = term if k == 0 else total - term if k % 2 else total + term
    found: Tensor = total
    return found


def slogdet(a: TensorLike) -> SlogdetResult:
    """Sign of the determinant, with derivative 0, and the logarithm of its absolute value: -inf if it is 0.

    The sign of a complex one is that divided by its absolute value, and has a derivative.
    """
    x = read_matrix("slogdet", a, square=True)
    sign, logarithm = unpack(determinants.sign_and_logarithm(x), (), ())
    return SlogdetResult(sign, real_part(logarithm))


def lu(a: TensorLike) -> LUResult:
    """``P``, ``L`` and ``U`` with ``a = P @ L @ U``, by partial pivoting: SciPy's. Takes square matrices.

    ``P`` has the derivative 0; ``L`` and ``U`` have one where no pivot is 0.
    """
    return LUResult(*primitives.split_factors(primitives.lu(read_matrix("lu", a, square=True))))
