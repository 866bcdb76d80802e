"""Linear systems and inverses of matrices; LAPACK, behind SciPy and NumPy, computes them on the host.

The factors of a large matrix are computed once, for the system and for those of its derivatives, reverse mode's
transposed ones among them. They are a means, not part of the function: where they are not those of the matrix that they
come with, it is factored anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY
from dualtape.core.example import Complexes, Dominant, Example, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Implicit, NonDifferentiable
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.errors import ShapeError
from dualtape.primitives.arithmetic import negative
from dualtape.primitives.contraction import matmul
from dualtape.primitives.factors import SMALL, factored, inverted, solved, substituted
from dualtape.primitives.matrices import (
    of_finite,
    require_square,
    swapped,
    triangle,
)
from dualtape.primitives.movement import concatenate, cut, reshape

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Changes = Sequence[Any]
_SQUARES = tuple(Example((kind(shape),)) for kind in (Dominant, Complexes) for shape in ((3, 3), (2, 2, 2)))


def _lu(x: np.ndarray) -> np.ndarray:
    from scipy.linalg import lu

    found = np.empty((*x.shape[:-2], 3, *x.shape[-2:]), x.dtype)
    for i, factor in enumerate(lu(x) if x.size else ()):  # SciPy gives factors without elements another shape
        found[..., i, :, :] = factor
    return found


def _lu_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """With X = L^-1 P^T dA U^-1: dL = L times what is below the diagonal of X, dU = the rest of it times U."""
    permutation, lower, upper = split_factors(output)
    moved = matmul(swapped(permutation), tangents[0])
    left = solve_triangular(lower, moved, lower=True, unit=True, transposed=False)
    change = swapped(solve_triangular(upper, swapped(left), lower=False, unit=False, transposed=True))
    by_factor = (permutation * 0.0, matmul(lower, triangle(change, True, -1)), matmul(triangle(change, False), upper))
    *lead, n, _ = lower.shape
    return concatenate(*(reshape(x, shape=(*lead, 1, n, n)) for x in by_factor), axis=len(lead))


def split_factors(packed: Any) -> list[Tensor]:
    """P, L and U, of what :data:`lu` gives: A = P L U."""
    *lead, _, n, _ = packed.shape
    rank = len(packed.shape)
    places = [(*(0,) * (rank - 3), i, 0, 0) for i in range(3)]
    parts = (cut(packed, starts=starts, sizes=(*lead, 1, n, n), steps=(1,) * rank) for starts in places)
    return [reshape(part, shape=(*lead, n, n)) for part in parts]


# A = P L U with partial pivoting, one after another along a new axis.
lu: Implicit = Implicit(
    name="lu",
    numpy=of_finite(_lu),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: Spec((*x.shape[:-2], 3, *require_square("lu", x).shape[-2:]), x.dtype),
    tangent=_lu_tangent,
    examples=(Example((Dominant((3, 3)),)), Example((Dominant((1, 2, 3, 3)),))),
    written=lambda x: None,
)


def _infer_solve(name: str, a: Spec, b: Spec, *factors: Spec) -> Spec:
    require_square(name, a)
    if len(b.shape) < 2 or b.shape[-2] != a.shape[-1]:
        raise ShapeError(
            f"`{name}` got a matrix of shape {a.shape} and right-hand sides of shape {b.shape}: they must have "
            f"{a.shape[-1]} rows"
        )
    lead = broadcast_shapes(name, *(x.shape[:-2] for x in (a, b, *factors)))
    return Spec((*lead, *b.shape[-2:]), b.dtype)


def _change(product: Any, by_right: Any) -> Any:
    """The right-hand side of the system that the tangent of a solution solves: db - dA x."""
    if product is None:
        return by_right
    return negative(product) if by_right is None else by_right - product


def _solve_tangent(tangents: Changes, inputs: Sequence[Any], output: Any, transposed: bool) -> Any:
    a, _, *factors = inputs
    by_matrix, by_right = tangents[:2]
    product = None
    if by_matrix is not None:
        product = matmul(swapped(by_matrix) if transposed else by_matrix, output)
    if (change := _change(product, by_right)) is None:
        return None
    return solve(a, change, *factors, transposed=transposed)


def _solve_cotangents(ct: Any, inputs: Sequence[Any], output: Any, transposed: bool) -> list[Any]:
    a, _, *factors = inputs
    adjoint = solve(a, ct, *factors, transposed=not transposed)
    left, right = (output, adjoint) if transposed else (adjoint, output)
    return [negative(matmul(left, swapped(right))), adjoint, *(None for _ in factors)]


# x of A x = b, or of A^T x = b; where there are factors of A, by them.
solve: Implicit = Implicit(
    name="solve",
    numpy=solved,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda a, b, *factors, transposed: _infer_solve("solve", a, b, *factors),
    tangent=_solve_tangent,
    cotangents=_solve_cotangents,
    examples=(
        Example((Dominant((3, 3)), Reals((3, 2))), {"transposed": False}),
        Example((Dominant((2, 2)), Reals((3, 2, 1))), {"transposed": True}),
        Example((Dominant((2, 2)), Reals((2, 1)), Reals((4, 2))), {"transposed": False}),
    ),
    written=lambda a, b, *factors, transposed: None,
)

# What `solve` need not compute again, of matrices for which that pays.
lu_of_transposed: NonDifferentiable = NonDifferentiable(
    name="lu_of_transposed",
    numpy=factored,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: Spec((*require_square("solve", x).shape[:-2], x.shape[-1] + 2, x.shape[-1]), x.dtype),
    examples=(Example((Dominant((3, 3)),)), Example((Dominant((1, 2, 3, 3)),))),
    written=lambda x: None,
)


def solve_once_factored(a: Any, b: Any) -> Tensor:
    """x of A x = b, of which derivatives use the same factors."""
    factors = [lu_of_transposed(a)] if a.shape[-1] > SMALL else []
    found: Tensor = solve(a, b, *factors, transposed=False)
    return found


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
    numpy=substituted,
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


# The inverse matrices.
inverse: Implicit = Implicit(
    name="inverse",
    numpy=of_finite(inverted),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: require_square("inv", x),
    tangent=lambda tangents, inputs, output: negative(matmul(matmul(output, tangents[0]), output)),
    examples=_SQUARES,
    written="ops.linalg.inv({0})",
)
