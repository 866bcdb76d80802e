"""Matrices at each point: multiplied with each other, and with shared ones from the left."""

from __future__ import annotations

import numpy as np

import dualtape as dt
from dualtape import ops
from varied_programs.program import Program, mean_square, network, points, weights


def deformation(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Green's strain of a deformation whose gradient is a network's, 3 x 3 at each point."""
    gradient = network(layers, x).reshape(-1, 3, 3)
    strain = (ops.transpose(gradient, (0, 2, 1)) @ gradient - ops.eye(3).astype(x.dtype)) / 2
    return mean_square(strain)


def low_rank(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """A kernel of rank 12 at each point, and what a shared matrix makes of it from the left."""
    left, right = ops.split(network(layers, x), 36, axis=1)
    kernel = left.reshape(-1, 3, 12) @ right.reshape(-1, 12, 3)
    mixing = dt.Tensor([[1.0, 0.5, 0.0], [0.0, 1.0, -0.5]]).astype(x.dtype)
    return mean_square(mixing @ kernel)


def residual_jacobian(first: dt.Tensor, second: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
    """Derivatives of a network's slope at each point by all of its weights, as Gauss and Newton want them."""

    def residual(row: dt.Tensor, first: dt.Tensor, second: dt.Tensor) -> dt.Tensor:
        slope = dt.partials(lambda z: (ops.tanh(z @ first) @ second)[:, 0], [(1,)])(ops.expand_dims(row, 0))
        return slope[0]

    rows = dt.vmap(dt.grad(residual, (1, 2)), (0, None, None))(x, first, second)
    matrix = ops.concat([row.reshape(x.shape[0], -1) for row in rows], axis=1)
    return mean_square(matrix)


def many_inner(layers: list[dt.Tensor], x: dt.Tensor) -> dt.Tensor:
    """Inner axes of 9, and factors with fewer axes than the product, shared and at the points."""
    first, second = ops.split(network(layers, x), 54, axis=1)
    stack, matrix = first.reshape(-1, 2, 9, 3), second.reshape(-1, 9, 2)
    mixing = dt.Tensor(np.cos(np.arange(45.0)).reshape(5, 9)).astype(x.dtype)
    several = dt.Tensor(np.sin(np.arange(54.0)).reshape(2, 1, 3, 9)).astype(x.dtype)
    return mean_square(mixing @ stack) + mean_square(several @ matrix)


PROGRAMS: dict[str, Program] = {
    "deformation": Program(deformation, [weights(2, 8, 9), points(374, 2)], (374,)),
    "low rank": Program(low_rank, [weights(2, 8, 72), points(375, 2)], (375,)),
    "many inner": Program(many_inner, [weights(2, 8, 72), points(377, 2)], (377,)),
    "residual Jacobian": Program(residual_jacobian, [*weights(1, 8, 1)[::2], points(376, 1)], (376,)),
}
