"""The solution of a dense linear system, differentiated as what it is: dx = A^-1 (db - dA x).

Elimination runs in the library's own operations, so it works on every device, under `vmap` and in a jitted program;
no derivative ever runs through its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dualtape.autodiff.levels import DerivativeRule, LinearMap, Tangents
from dualtape.core.composite import Cotangents, Values
from dualtape.core.interpreter import apply, ground
from dualtape.functions.elementwise import abs as absolute
from dualtape.functions.indexing import where
from dualtape.functions.reduction import argmax
from dualtape.functions.shape import concat
from dualtape.primitives.gathering import take
from dualtape.tensor import Tensor


def solve_dense(matrix: Tensor, right: Tensor) -> Tensor:
    """``x`` of ``matrix @ x = right``, for a matrix of shape (n, n) and columns of shape (n, m)."""
    found: Tensor = apply(_Solution(), [matrix, right])[0]
    return found


class _Solution(DerivativeRule):
    """The rule of inputs ``matrix`` and ``right``."""

    name = "solve"
    is_equation = True

    def run(self, inputs: Values) -> list[Tensor]:
        return [_eliminated(*inputs)]

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        def push(tangents: Tangents) -> list[Tensor | None]:
            by_matrix, by_right = tangents
            change = by_right if by_matrix is None else -(by_matrix @ outputs[0])
            if by_matrix is not None and by_right is not None:
                change = change + by_right
            return [None if change is None else solve_dense(inputs[0], change)]

        return push

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        left_over: Tensor = inputs[0] @ output - inputs[1]
        return left_over

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        return lambda residual: -solve_dense(inputs[0], residual)

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        (cotangent,) = cotangents
        if cotangent is None:
            return [None, None]
        adjoint = solve_dense(inputs[0].T, cotangent)
        return [-(adjoint @ outputs[0].T) if wanted[0] else None, adjoint if wanted[1] else None]


def _eliminated(matrix: Tensor, right: Tensor) -> Tensor:
    """Gauss-Jordan elimination with row pivoting."""
    n = matrix.shape[0]
    work = concat([matrix, right], 1)
    rows = ground().constant(np.arange(n), matrix.device)
    for k in range(n):
        # Rows above k are done: they do not compete.
        pivot = argmax(where(rows >= k, absolute(work[:, k]), -1.0))
        work = take(work, where(rows == k, pivot, where(rows == pivot, k, rows)), axis=0)
        row = work[k] / work[k, k]
        here = (rows == k)[:, None]
        work = where(here, row, work - work[:, k : k + 1] * row)
    return work[:, n:]
