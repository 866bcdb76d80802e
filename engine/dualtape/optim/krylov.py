"""Linear systems of which only products with their matrix are known: conjugate gradients, and what makes them short."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

VectorMap = Callable[[np.ndarray], np.ndarray]


class NystroemFactor(NamedTuple):
    """The largest part of a positive semidefinite matrix: ``vectors @ diag(values) @ vectors.T``.

    Attributes
    ----------
    vectors
        Of shape (n, rank), orthonormal.
    values
        Of shape (rank,), falling.
    """

    vectors: np.ndarray
    values: np.ndarray

    def precondition(self, residual: np.ndarray, damping: float) -> np.ndarray:
        """An approximate solution of ``(A + damping I) x = residual``, up to a factor.

        Reference: Frangella, Tropp & Udell 2023, *Randomized Nyström preconditioning* (arXiv:2110.02820), section 5.1.
        """
        inside = self.vectors.T @ residual
        scale = (self.values[-1] + damping) / (self.values + damping)
        return np.asarray(residual + self.vectors @ ((scale - 1) * inside))


def nystroem_factor(product: VectorMap, size: int, rank: int, seed: int) -> NystroemFactor:
    """The factor from ``rank`` products with random directions.

    Reference: Frangella, Tropp & Udell 2023 (arXiv:2110.02820), algorithm 2.1.
    """
    random = np.random.default_rng(seed)
    directions, _ = np.linalg.qr(random.normal(size=(size, rank)))
    images = np.column_stack([product(direction) for direction in directions.T])
    shift = math.sqrt(size) * np.finfo(np.float64).eps * float(np.linalg.norm(images))
    images += shift * directions
    inner = directions.T @ images
    # Of products that are not quite symmetric, as those of Float32 weights are.
    values, turn = np.linalg.eigh((inner + inner.T) / 2)
    kept = values > max(values[-1], 0.0) * np.finfo(np.float64).eps * rank
    if not kept.any():
        return NystroemFactor(np.zeros((size, 1)), np.zeros(1))
    root = images @ (turn[:, kept] / np.sqrt(values[kept]))
    vectors, singular, _ = np.linalg.svd(root, full_matrices=False)
    return NystroemFactor(vectors, np.maximum(singular**2 - shift, 0.0))


class Solution(NamedTuple):
    """Of a linear system: approximately, with what is left of the right side."""

    vector: np.ndarray
    residual: np.ndarray


def conjugate_gradients(
    product: VectorMap, right: np.ndarray, precondition: VectorMap, tolerance: float, most: int
) -> Solution:
    """An approximate solution of a positive definite system.

    It ends where the residual is below ``tolerance`` times the right side, after ``most`` products, or where rounding
    has left the matrix indefinite; there the solution so far is a descent still.
    """
    scale = float(np.linalg.norm(right))
    solution = np.zeros_like(right)
    if not scale > 0:
        return Solution(solution, right)
    residual = right / scale  # of length one, for its powers are taken
    step = turned = precondition(residual)
    size = float(residual @ turned)
    for _ in range(most):
        if float(np.linalg.norm(residual)) <= tolerance or not size > 0:
            break
        image = product(step)
        bend = float(step @ image)
        if not bend > 0:
            break
        solution = solution + (size / bend) * step
        residual = residual - (size / bend) * image
        turned = precondition(residual)
        before, size = size, float(residual @ turned)
        step = turned + (size / before) * step
    return Solution(scale * solution, scale * residual)
