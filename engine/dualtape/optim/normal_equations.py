"""The linear least-squares problem of a step, solved in the smaller of two spaces."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SumOverAll = Callable[[np.ndarray], np.ndarray]


class NormalEquations:
    """``(J'J + damping I) step = -J'r``, in the space of weights or, where there are fewer residuals, in theirs.

    There the step is ``-J' (JJ' + damping I)^-1 r``, which is the same one: the Woodbury identity. Where other
    processes have other rows of J and r, ``total`` adds up what all have, and the space is that of weights.
    """

    def __init__(self, residuals: np.ndarray, matrix: np.ndarray, total: SumOverAll | None = None) -> None:
        self._matrix, self.residuals = matrix, residuals
        self._total: SumOverAll = total or (lambda x: x)
        self.gradient: np.ndarray = self._pulled(residuals)
        self._is_dual = total is None and len(residuals) < matrix.shape[1]
        self._square = matrix @ matrix.T if self._is_dual else self._total(matrix.T @ matrix)
        self.largest = float(self._square.diagonal().max())
        """The largest number on the diagonal: the scale of a damping."""

    def step(self, damping: float) -> np.ndarray | None:
        """The solution; ``None`` where rounding has left the matrix indefinite."""
        solve = self.solver(damping)
        return None if solve is None else -solve(self.residuals)

    def solver(self, damping: float) -> Callable[[np.ndarray], np.ndarray] | None:
        """A function that gives ``(J'J + damping I)^-1 J'x`` for residuals x, as often as it is asked."""
        from scipy.linalg import LinAlgError, cho_factor, cho_solve

        damped = self._square.copy()
        damped[np.diag_indices_from(damped)] += damping
        try:
            factor = cho_factor(damped, overwrite_a=True, check_finite=False)
        except LinAlgError:
            return None

        def solve(x: np.ndarray) -> np.ndarray:
            right = x if self._is_dual else self._pulled(x)
            found = cho_solve(factor, right, check_finite=False)
            return np.asarray(self._matrix.T @ found if self._is_dual else found)

        return solve

    def _pulled(self, x: np.ndarray) -> np.ndarray:
        """J'x, for all rows."""
        return self._total(self._matrix.T @ x)

    def bending(self, step: np.ndarray, ahead: np.ndarray, share: float) -> np.ndarray:
        """The second derivative of the residuals along a step, from those ``ahead``, at a share of it."""
        return np.asarray((2 / share) * ((ahead - self.residuals) / share - self._matrix @ step))

    def change(self, step: np.ndarray) -> np.ndarray:
        """By how much the residuals change along a step, if they are linear."""
        return np.asarray(self._matrix @ step)


class SquaredEquations(NormalEquations):
    """The same from J'r and J'J alone, in the space of weights: for so many residuals that J would fill memory."""

    def __init__(
        self, residuals: np.ndarray, gradient: np.ndarray, square: np.ndarray, total: SumOverAll | None = None
    ) -> None:
        self.residuals = residuals
        self._total = total or (lambda x: x)
        self.gradient, self._square = self._total(gradient), self._total(square)
        self._is_dual = False
        self.largest = float(self._square.diagonal().max())

    def _pulled(self, x: np.ndarray) -> np.ndarray:
        assert x is self.residuals, "what J' makes of other vectors is not known"
        return self.gradient
