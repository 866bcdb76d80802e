"""Linear systems and determinants; LAPACK, behind SciPy and NumPy, computes them on the host.

The factors of a matrix are computed once, for the system and for those of its derivatives, reverse mode's transposed
ones among them. They are a means, not part of the function: where they are not those of the matrix that they come with,
it is factored anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY
from dualtape.core.example import Complexes, Dominant, Example, Reals
from dualtape.core.interpreter import ground
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Implicit, NonDifferentiable
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.errors import ShapeError
from dualtape.primitives.arithmetic import negative
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.comparison import equal
from dualtape.primitives.complex_parts import imag, infer_part, join, real_part
from dualtape.primitives.contraction import matmul
from dualtape.primitives.matrices import (
    for_lapack,
    identity_like,
    letter_of,
    of_finite,
    require_square,
    swapped,
    triangle,
)
from dualtape.primitives.movement import cut, embed, reshape
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import cast

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Changes = Sequence[Any]
_STACKS = tuple(Example((kind(shape),)) for kind in (Dominant, Complexes) for shape in ((3, 3), (2, 2, 2)))


def _factored(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """L and U in one matrix, and the order of rows in which their product is ``x``."""
    from scipy.linalg import lapack

    if not x.size:  # which LAPACK does not take
        return x, np.arange(0)
    getrf = getattr(lapack, f"{letter_of(x)}getrf")
    factors, pivots, _ = getrf(x)
    order = list(range(len(x)))
    for row, other in enumerate(pivots.tolist()):
        order[row], order[other] = order[other], order[row]
    return factors, np.array(order, np.intp)


def _lu(x: np.ndarray) -> np.ndarray:
    n = x.shape[-1]
    found = np.empty((*x.shape[:-2], n + 1, n), x.dtype)
    for place in np.ndindex(x.shape[:-2]):
        found[(*place, slice(n))], found[(*place, n)] = _factored(x[place])
    return found


def _lu_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """With X = L^-1 P dA U^-1: dL = L times what is below the diagonal of X, dU = the rest of it times U."""
    lower, upper, permutation = split_factors(output)
    moved = matmul(permutation, tangents[0])
    left = solve_triangular(lower, moved, lower=True, unit=True, transposed=False)
    change = swapped(solve_triangular(upper, swapped(left), lower=False, unit=False, transposed=True))
    both = matmul(lower, triangle(change, True, -1)) + matmul(triangle(change, False), upper)
    return embed(both, shape=output.shape, starts=(0,) * len(output.shape), steps=(1,) * len(output.shape))


def split_factors(packed: Any) -> tuple[Tensor, Tensor, Tensor]:
    """L, U, and the permutation P, of what :data:`lu` gives: P A = L U."""
    *lead, _, n = packed.shape
    rank = len(packed.shape)

    def take(row: int, rows: int) -> Tensor:
        starts = (*(0,) * (rank - 2), row, 0)
        return cut(packed, starts=starts, sizes=(*lead, rows, n), steps=(1,) * rank)

    both, order = take(0, n), take(n, 1)
    places = ground().constant(np.arange(n).astype(packed.dtype.numpy), packed.device)
    permutation = cast(equal(swapped(order), places), dtype=packed.dtype)
    return triangle(both, True, -1) + identity_like(both), triangle(both, False), permutation


# P A = L U with partial pivoting: the elements of both triangles, and below them the order of the rows.
lu: Implicit = Implicit(
    name="lu",
    numpy=of_finite(_lu),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: Spec((*require_square("lu", x).shape[:-2], x.shape[-1] + 1, x.shape[-1]), x.dtype),
    tangent=_lu_tangent,
    examples=(Example((Dominant((3, 3)),)), Example((Dominant((1, 2, 3, 3)),))),
    written=lambda x: None,
)


def _triangular(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool, transposed: bool) -> np.ndarray:
    """The solution with one triangle of a matrix in C's order, which is the other triangle in Fortran's."""
    from scipy.linalg import lapack

    if not b.size:
        return b
    trtrs = getattr(lapack, f"{letter_of(a)}trtrs")
    by_rows = a.flags.c_contiguous and not a.flags.f_contiguous
    given = a.T if by_rows else a
    found, info = trtrs(given, b, lower=lower != by_rows, trans=transposed != by_rows, unitdiag=unit)
    if info > 0:
        raise np.linalg.LinAlgError(f"the matrix is singular: element {info - 1} of a triangle's diagonal is 0")
    return np.asarray(found)


def _substituted(factors: np.ndarray, order: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    """The solution by the factors of the matrix."""
    if not transposed:
        between = _triangular(factors, b[order], lower=True, unit=True, transposed=False)
        return _triangular(factors, between, lower=False, unit=False, transposed=False)
    between = _triangular(factors, b, lower=False, unit=False, transposed=True)
    found = np.empty_like(between)
    found[order] = _triangular(factors, between, lower=True, unit=True, transposed=True)
    return found


def _fits(factors: np.ndarray, order: np.ndarray, a: np.ndarray) -> bool:
    """Whether they are factors of ``a``, by their product with one vector."""
    from scipy.linalg import blas

    n = len(a)
    if not n or not np.array_equal(np.sort(order), np.arange(n)):
        return False
    # The transposed of a matrix in C's order is one in Fortran's, which BLAS reads where it is.
    multiply, stored = getattr(blas, f"{letter_of(a)}trmv"), factors.T
    v = np.cos(np.arange(n)).astype(a.dtype)
    product = multiply(stored, multiply(stored, v, lower=True, trans=True), lower=False, trans=True, diag=True)
    size = _largest(factors) + _largest(a)
    return bool(np.abs(product - (a @ v)[order]).max(initial=0) <= 64 * n * np.finfo(a.dtype).eps * size)


def _largest(x: np.ndarray) -> Any:
    """The largest magnitude among the elements, which BLAS finds in one pass."""
    from scipy.linalg import blas

    flat = x.ravel(order="K")
    return abs(flat[getattr(blas, f"i{letter_of(x)}amax")(flat)])


def _over_stack(solve_one: Any, arrays: Sequence[np.ndarray]) -> np.ndarray:
    """``solve_one`` on the matrices of several arrays, whose leading axes broadcast."""
    wide = [for_lapack(x) for x in arrays]
    lead = np.broadcast_shapes(*(x.shape[:-2] for x in wide))
    if not lead:
        return np.asarray(solve_one(*wide), arrays[-1].dtype)
    spread = [np.broadcast_to(x, (*lead, *x.shape[-2:])) for x in wide]
    found = np.empty(spread[-1].shape, arrays[-1].dtype)
    for place in np.ndindex(lead):
        found[place] = solve_one(*(x[place] for x in spread))
    return found


def _solve(factors: np.ndarray, a: np.ndarray, b: np.ndarray, transposed: bool) -> np.ndarray:
    def one(packed: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if not np.isfinite(a).all():
            return np.full_like(b, np.nan)
        both, order = packed[:-1], packed[-1].real.astype(np.intp)
        if not _fits(both, order, a):
            both, order = _factored(a)
        return _substituted(both, order, b, transposed)

    return _over_stack(one, (factors, a, b))


def _infer_solve(name: str, a: Spec, b: Spec) -> Spec:
    require_square(name, a)
    if len(b.shape) < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(
            f"`{name}` got a matrix of shape {a.shape} and right-hand sides of shape {b.shape}: they must have "
            f"{a.shape[-1]} rows"
        )
    return Spec((*broadcast_shapes(name, a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), b.dtype)


def _change(product: Any, by_right: Any) -> Any:
    """The right-hand side of the system that the tangent of a solution solves: db - dA x."""
    if product is None:
        return by_right
    return negative(product) if by_right is None else by_right - product


def _solve_tangent(tangents: Changes, inputs: Sequence[Any], output: Any, transposed: bool) -> Any:
    factors, a, _ = inputs
    _, by_matrix, by_right = tangents
    product = None
    if by_matrix is not None:
        product = matmul(swapped(by_matrix) if transposed else by_matrix, output)
    if (change := _change(product, by_right)) is None:
        return None
    return solve(factors, a, change, transposed=transposed)


def _solve_cotangents(ct: Any, inputs: Sequence[Any], output: Any, transposed: bool) -> list[Any]:
    factors, a, _ = inputs
    adjoint = solve(factors, a, ct, transposed=not transposed)
    left, right = (output, adjoint) if transposed else (adjoint, output)
    return [None, negative(matmul(left, swapped(right))), adjoint]


# x of A x = b, or of A^T x = b, given the factors of A.
solve: Implicit = Implicit(
    name="solve",
    numpy=_solve,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda factors, a, b, transposed: _infer_solve("solve", a, b),
    tangent=_solve_tangent,
    cotangents=_solve_cotangents,
    examples=(
        Example((Reals((4, 3)), Dominant((3, 3)), Reals((3, 2))), {"transposed": False}),
        Example((Reals((3, 2)), Dominant((2, 2)), Reals((3, 2, 1))), {"transposed": True}),
    ),
    written=lambda factors, a, b, transposed: None,
)


def _solve_triangular(a: np.ndarray, b: np.ndarray, lower: bool, unit: bool, transposed: bool) -> np.ndarray:
    one = lambda a, b: _triangular(a, b, lower, unit, transposed)
    return _over_stack(one, (a, b))


def _part(x: Any, lower: bool, unit: bool) -> Tensor:
    """The triangle that a system knows of a matrix."""
    return triangle(x, lower, (-1 if lower else 1) if unit else 0)


def _triangular_tangent(
    tangents: Changes, inputs: Sequence[Any], output: Any, lower: bool, unit: bool, transposed: bool
) -> Any:
    by_matrix, by_right = tangents
    product = None
    if by_matrix is not None:
        known = _part(by_matrix, lower, unit)
        product = matmul(swapped(known) if transposed else known, output)
    if (change := _change(product, by_right)) is None:
        return None
    return solve_triangular(inputs[0], change, lower=lower, unit=unit, transposed=transposed)


def _triangular_cotangents(
    ct: Any, inputs: Sequence[Any], output: Any, lower: bool, unit: bool, transposed: bool
) -> list[Any]:
    adjoint = solve_triangular(inputs[0], ct, lower=lower, unit=unit, transposed=not transposed)
    left, right = (output, adjoint) if transposed else (adjoint, output)
    return [negative(_part(matmul(left, swapped(right)), lower, unit)), adjoint]


# The same with one triangle of A, whose diagonal is 1 if `unit`.
solve_triangular: Implicit = Implicit(
    name="solve_triangular",
    numpy=_solve_triangular,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda a, b, **_: _infer_solve("solve_triangular", a, b),
    tangent=_triangular_tangent,
    cotangents=_triangular_cotangents,
    examples=(
        Example((Dominant((3, 3)), Reals((3, 2))), {"lower": True, "unit": False, "transposed": False}),
        Example((Dominant((2, 2)), Reals((3, 2, 1))), {"lower": False, "unit": True, "transposed": True}),
        Example((Dominant((2, 2)), Reals((2, 1))), {"lower": False, "unit": False, "transposed": False}),
        Example((Dominant((2, 3, 3)), Reals((3, 1))), {"lower": True, "unit": True, "transposed": True}),
    ),
    written=lambda a, b, **_: None,
)


def _infer_number(name: str) -> Any:
    return lambda x: Spec(require_square(name, x).shape[:-2], x.dtype)


def _inner(x: Any, y: Any) -> Tensor:
    """The sums of the products of all elements of matrices."""
    rank = len(y.shape)
    return reshape(sum_along(x * y, axes=(rank - 2, rank - 1)), shape=y.shape[:-2])


def _turn(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """The sign of a complex determinant turns by the imaginary part of what its logarithm changes by."""
    rate = imag(_inner(swapped(inverse(inputs[0])), tangents[0]))
    turned: Tensor = output * join(rate * 0.0, rate)
    return turned


# log |det A|; -inf where A is singular.
log_determinant: Implicit = Implicit(
    name="log_determinant",
    numpy=of_finite(lambda x: np.asarray(np.linalg.slogdet(x)[1])),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: infer_part(_infer_number("log_determinant")(x)),
    tangent=lambda tangents, inputs, output: real_part(_inner(swapped(inverse(inputs[0])), tangents[0])),
    examples=_STACKS,
    written="ops.linalg.slogdet({0})[1]",
)

determinant_sign: NonDifferentiable = NonDifferentiable(
    name="determinant_sign",
    numpy=of_finite(lambda x: np.asarray(np.linalg.slogdet(x)[0])),
    lowering=OnHost(),
    infer=_infer_number("determinant_sign"),
    examples=tuple(Example((Dominant(shape),)) for shape in ((3, 3), (2, 2, 2))),
    written="ops.linalg.slogdet({0})[0]",
)

# det A / |det A| of complex matrices, which has a derivative; 0 where A is singular.
determinant_phase: Implicit = Implicit(
    name="determinant_phase",
    numpy=of_finite(lambda x: np.asarray(np.linalg.slogdet(x)[0])),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_number("determinant_phase"),
    tangent=_turn,
    examples=(Example((Complexes((3, 3)),)), Example((Complexes((2, 2, 2)),))),
    written="ops.linalg.slogdet({0})[0]",
)

# By its cofactors, so that it has a derivative where A is singular, too.
determinant: Implicit = Implicit(
    name="determinant",
    numpy=of_finite(lambda x: np.asarray(np.linalg.det(x))),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_number("determinant"),
    tangent=lambda tangents, inputs, output: _inner(cofactors(inputs[0]), tangents[0]),
    examples=_STACKS,
    written=lambda x: None,  # `ops.linalg.det` writes small ones out
)


def _cofactors(x: np.ndarray) -> np.ndarray:
    """By the singular values: those of the matrix of cofactors are the products of all others."""
    u, s, v = np.linalg.svd(x)
    n = x.shape[-1]
    others = np.where(np.eye(n, dtype=np.bool_), 1, s[..., None, :]).prod(-1)
    turns = np.linalg.det(u) * np.linalg.det(v)
    # For complex matrices too, det(A) A^-T: u and v are unitary, and their inverses transposed their conjugates.
    return np.asarray((u.conj() * (others * turns[..., None])[..., None, :]) @ v.conj())


def _cofactors_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """Of det(A) A^-T. At a singular matrix this is NaN, for it divides by the determinant."""
    number = determinant(inputs[0])
    factor = reshape(_inner(output, tangents[0]), shape=(*number.shape, 1, 1))
    twice = matmul(matmul(output, swapped(tangents[0])), output)
    change: Tensor = (factor * output - twice) / reshape(number, shape=(*number.shape, 1, 1))
    return change


cofactors: Implicit = Implicit(
    name="cofactors",
    numpy=of_finite(_cofactors),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: require_square("cofactors", x),
    tangent=_cofactors_tangent,
    examples=_STACKS,
    written=lambda x: None,
)


def inverse(x: Any) -> Tensor:
    """The inverse matrices."""
    found: Tensor = solve(lu(stop_gradient(x)), x, identity_like(x), transposed=False)
    return found
