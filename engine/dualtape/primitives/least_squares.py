"""Pseudo-inverses and least squares: LAPACK, behind NumPy, on the host. Derivatives are at constant rank."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY
from dualtape.core.example import Complexes, Dominant, Example, Reals
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Implicit
from dualtape.core.spec import Spec, broadcast_shapes
from dualtape.errors import ShapeError
from dualtape.primitives.contraction import matmul
from dualtape.primitives.matrices import adjoint, for_lapack, of_finite

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Changes = Sequence[Any]


def _pinv_tangent(tangents: Changes, inputs: Sequence[Any], output: Any, rcond: float) -> Tensor:
    """Golub and Pereyra 1973, at constant rank."""
    x, (change,) = inputs[0], tangents
    back = matmul(output, adjoint(output))
    left = matmul(matmul(adjoint(output), output), change)
    by_rows = adjoint(change) - matmul(matmul(adjoint(change), x), output)
    by_columns = adjoint(left) - matmul(output, matmul(x, adjoint(left)))
    return matmul(back, by_rows) + by_columns - matmul(matmul(output, change), output)


pinv: Implicit = Implicit(
    name="pinv",
    numpy=of_finite(lambda x, rcond: np.linalg.pinv(x, rcond)),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x, rcond: Spec((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype),
    tangent=_pinv_tangent,
    examples=tuple(
        Example((kind(shape),), {"rcond": 1e-6})
        for kind in (Dominant, Complexes)
        for shape in ((3, 3), (3, 2), (2, 2, 3))
    ),
    written=lambda x, rcond: None,
)


def _least_squares(a: np.ndarray, b: np.ndarray, rcond: float) -> np.ndarray:
    wide, right = for_lapack(a), for_lapack(b)
    if a.ndim > 2 or b.ndim > 2 or not np.isfinite(wide).all():
        found = pinv.numpy(wide, rcond=rcond) @ right
    else:
        found = np.linalg.lstsq(wide, right, rcond)[0]
    return np.asarray(found, b.dtype)


def _least_squares_tangent(tangents: Changes, inputs: Sequence[Any], output: Any, rcond: float) -> Any:
    """Golub and Pereyra 1973 again: A^+ (db - dA x) + A^+ A^+H dA^H (b - A x) + (1 - A^+ A) dA^H A^+H x."""
    (a, b), (by_matrix, by_right) = inputs, tangents
    back = pinv(a, rcond=rcond)
    if by_matrix is None:
        return matmul(back, by_right)
    turned = adjoint(by_matrix)
    within = matmul(turned, matmul(adjoint(back), output))
    left_over = b - matmul(a, output)
    change = within + matmul(back, matmul(adjoint(back), matmul(turned, left_over)) - matmul(by_matrix, output))
    change = change - matmul(back, matmul(a, within))
    return change if by_right is None else change + matmul(back, by_right)


def _infer_least_squares(a: Spec, b: Spec, rcond: float) -> Spec:
    if len(a.shape) < 2 or len(b.shape) < 2 or a.shape[-2] != b.shape[-2]:
        raise ShapeError(
            f"`lstsq` got a matrix of shape {a.shape} and right-hand sides of shape {b.shape}: they must have the "
            "same number of rows"
        )
    lead = broadcast_shapes("lstsq", a.shape[:-2], b.shape[:-2])
    return Spec((*lead, a.shape[-1], b.shape[-1]), b.dtype)


# The shortest x that makes A x - b as short as possible.
least_squares: Implicit = Implicit(
    name="least_squares",
    numpy=_least_squares,
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=_infer_least_squares,
    tangent=_least_squares_tangent,
    examples=(
        Example((Dominant((3, 2)), Reals((3, 2))), {"rcond": 1e-6}),
        Example((Dominant((2, 3)), Reals((4, 2, 1))), {"rcond": 1e-6}),
        Example((Complexes((3, 2)), Complexes((3, 1))), {"rcond": 1e-6}),
    ),
    written=lambda a, b, rcond: f"ops.linalg.lstsq({a}, {b}, {rcond})[0]",
)
