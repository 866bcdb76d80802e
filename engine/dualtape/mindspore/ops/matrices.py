"""Matrices: dualtape's decompositions in MindSpore's order of arguments and results."""

from __future__ import annotations

from typing import Any

import dualtape as dt
from dualtape import ops as o
from dualtape.mindspore.ops.tables import named

# What computes is imported when it is first called: `dualtape.ops.linalg` is not at hand from the start.


def svd(input: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """The singular values, then the left and the right singular vectors in columns; or the values alone."""
    if not compute_uv:
        return dt.ops.linalg.svdvals(input)
    if full_matrices:
        raise dt.errors.ArgumentError("`full_matrices` of `svd` must be False: dualtape has the reduced decomposition")
    u, s, vh = dt.ops.linalg.svd(input)
    return s, u, o.swapaxes(vh, -1, -2)


def cholesky(input_x: Any, upper: bool = False) -> Any:
    """The lower triangle whose product with its transpose is the matrix, or that transpose."""
    lower = dt.ops.linalg.cholesky(input_x)
    return o.swapaxes(lower, -1, -2) if upper else lower


def logdet(input: Any) -> Any:
    """The logarithm of a determinant; NaN where that is negative."""
    sign, size = dt.ops.linalg.slogdet(input)
    return o.where(sign < 0, float("nan"), size)


FUNCTIONS = named({
    "det": lambda input: dt.ops.linalg.det(input),
    "slogdet": lambda input: tuple(dt.ops.linalg.slogdet(input)),
    "inverse": lambda input: dt.ops.linalg.inv(input),
    "matrix_power": lambda input, n: dt.ops.linalg.matrix_power(input, n),
    "qr": lambda input, mode="reduced": tuple(dt.ops.linalg.qr(input)),
    "erfinv": lambda input: dt.ops.special.erfinv(input),
    "kron": lambda x, y: dt.ops.linalg.kron(x, y),
})  # fmt: skip
FUNCTIONS |= {"svd": svd, "cholesky": cholesky, "logdet": logdet}
