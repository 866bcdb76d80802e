"""Determinants, their logarithms and signs, and the matrices of cofactors: NumPy, on the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.complex_rule import BY_NUMPY
from dualtape.core.example import Complexes, Dominant, Example
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import Implicit
from dualtape.core.spec import Spec
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.complex_parts import imag, join, real
from dualtape.primitives.contraction import matmul
from dualtape.primitives.linear_systems import inverse
from dualtape.primitives.matrices import of_finite, pack, require_square, swapped, unpack
from dualtape.primitives.movement import reshape

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Changes = Sequence[Any]
_SQUARES = tuple(Example((kind(shape),)) for kind in (Dominant, Complexes) for shape in ((3, 3), (2, 2, 2)))


def _inner(x: Any, y: Any) -> Tensor:
    """The sums of the products of all elements of matrices."""
    rank = len(y.shape)
    return reshape(sum_along(x * y, axes=(rank - 2, rank - 1)), shape=y.shape[:-2])


def _sign_and_logarithm(x: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(part, x.dtype) for part in np.linalg.slogdet(x)], -1)


def _logarithmic_tangent(tangents: Changes, inputs: Sequence[Any], output: Any) -> Tensor:
    """The logarithm changes by tr(A^-1 dA); the sign of a complex one turns by the imaginary part of that."""
    rate = _inner(swapped(inverse(inputs[0])), tangents[0])
    lead = len(rate.shape)
    if not rate.dtype.is_complex:
        return pack(lead, rate * 0.0, rate)
    still = real(rate) * 0.0
    return pack(lead, unpack(output, (), ())[0] * join(still, imag(rate)), join(real(rate), still))


# det A / |det A| and log |det A|, packed; 0 and -inf where A is singular.
sign_and_logarithm: Implicit = Implicit(
    name="sign_and_logarithm",
    numpy=of_finite(_sign_and_logarithm),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: Spec((*require_square("slogdet", x).shape[:-2], 2), x.dtype),
    tangent=_logarithmic_tangent,
    examples=_SQUARES,
    written=lambda x: None,
)

# By its cofactors, so that it has a derivative where A is singular, too.
determinant: Implicit = Implicit(
    name="determinant",
    numpy=of_finite(lambda x: np.asarray(np.linalg.det(x))),
    lowering=OnHost(),
    on_complex=BY_NUMPY,
    infer=lambda x: Spec(require_square("det", x).shape[:-2], x.dtype),
    tangent=lambda tangents, inputs, output: _inner(cofactors(inputs[0]), tangents[0]),
    examples=_SQUARES,
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
    examples=_SQUARES,
    written=lambda x: None,
)
