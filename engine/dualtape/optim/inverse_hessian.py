"""What quasi-Newton methods know of the second derivatives: the inverse of the Hessian, learned from gradients.

A matrix in full (:class:`DenseInverse`), or the last few steps from which it could be made (:class:`StepMemory`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

NamedArrays = dict[str, np.ndarray]
Rule = Callable[[float, float, int], tuple[float, float]]


class Move(NamedTuple):
    """A step s, the change y of the gradient along it, and s'Bs with B the inverse of the matrix that led there."""

    step: np.ndarray
    change: np.ndarray
    bending: float

    @property
    def curvature(self) -> float:
        """y's, which is positive where the function bends upwards along the step."""
        return float(self.change @ self.step)


class InverseHessian(ABC):
    """A symmetric, positive definite matrix of shape (n, n)."""

    @property
    @abstractmethod
    def is_fresh(self) -> bool:
        """Whether it has learned nothing, and is the identity."""

    @abstractmethod
    def times(self, vector: np.ndarray) -> np.ndarray:
        """Its product with a vector."""

    @abstractmethod
    def learn(self, move: Move) -> None:
        """Take in a step along which the gradient has grown: the matrix takes ``change`` to ``step`` afterwards."""

    @abstractmethod
    def forget(self) -> None:
        """Be the identity again."""

    @abstractmethod
    def arrays(self) -> NamedArrays:
        """All that it is, for a checkpoint."""

    @abstractmethod
    def take(self, arrays: NamedArrays) -> None:
        """Be what :meth:`arrays` has told."""


class DenseInverse(InverseHessian):
    r"""The matrix in full, updated by Broyden's family with self-scaling, in place.

    .. math:: H \leftarrow \frac{1}{\tau}\Big[H - \frac{H y y^T H}{y^T H y} + \phi\, v v^T\Big] + \frac{s s^T}{y^T s},
       \quad v = \sqrt{y^T H y}\,\Big[\frac{s}{y^T s} - \frac{H y}{y^T H y}\Big]

    with a rule for the numbers :math:`\tau` and :math:`\phi`. The update is a quadratic form in s and Hy, added to one
    triangle by BLAS; the factor before the brackets is a number beside the matrix.
    """

    def __init__(self, size: int, rule: Rule) -> None:
        self._size = size
        self._rule = rule
        self.forget()

    @property
    def is_fresh(self) -> bool:
        return self._fresh

    def forget(self) -> None:
        # BLAS writes in place what is in Fortran's order; the lower triangle is never looked at.
        self._matrix = np.asfortranarray(np.eye(self._size))
        self._factor = 1.0
        self._fresh = True

    def times(self, vector: np.ndarray) -> np.ndarray:
        from scipy.linalg.blas import dsymv

        return np.asarray(dsymv(self._factor, self._matrix, vector))

    def learn(self, move: Move) -> None:
        step, change, curvature = move.step, move.change, move.curvature
        bending = move.bending
        if self._fresh:
            # The identity has no scale; Nocedal & Wright, equation 6.20.
            wanted = curvature / float(change @ change)
            bending *= self._factor / wanted
            self._factor = wanted
            self._fresh = False
        image = self.times(change)
        spread = float(change @ image)
        shrink, mix = self._rule(bending / curvature, spread / curvature, self._size)
        # The update's coefficients of uu', us' + su' and ss', where u = Hy, relative to the new factor.
        factor = self._factor / shrink
        uu = (mix - 1) / (shrink * spread * factor)
        us = -mix / (shrink * curvature * factor)
        ss = (mix * spread / (shrink * curvature) + 1) / (curvature * factor)
        self._add(image, step, uu, us, ss)
        self._factor = factor
        if not 1e-100 < factor < 1e100:
            self._matrix *= factor
            self._factor = 1.0

    def _add(self, u: np.ndarray, s: np.ndarray, uu: float, us: float, ss: float) -> None:
        """A quadratic form, as a product of two linear ones where it is one: a single pass over the matrix."""
        from scipy.linalg.blas import dsyr, dsyr2

        square = us * us - uu * ss
        if square >= 0:
            root = -us - math.copysign(math.sqrt(square), us)
            dsyr2(0.5, uu * u - root * s, u - (ss / root) * s, a=self._matrix, overwrite_a=1)
        else:
            dsyr2(us, u, s, a=self._matrix, overwrite_a=1)
            dsyr(uu, u, a=self._matrix, overwrite_a=1)
            dsyr(ss, s, a=self._matrix, overwrite_a=1)

    def arrays(self) -> NamedArrays:
        return {"matrix": self._matrix, "factor": np.array(self._factor), "fresh": np.array(float(self._fresh))}

    def take(self, arrays: NamedArrays) -> None:
        self._matrix = np.array(arrays["matrix"], order="F")
        self._factor = float(arrays["factor"])
        self._fresh = bool(arrays["fresh"])


class StepMemory(InverseHessian):
    """The last ``kept`` steps, from which two loops make the product of BFGS's matrix with a vector.

    Reference: Nocedal & Wright 2006, algorithm 7.4 and equation 7.20.
    """

    def __init__(self, size: int, kept: int) -> None:
        self._steps = np.zeros((kept, size))
        self._changes = np.zeros((kept, size))
        self._known = 0

    @property
    def is_fresh(self) -> bool:
        return not self._known

    def forget(self) -> None:
        self._known = 0
        self._steps[:] = self._changes[:] = 0

    def times(self, vector: np.ndarray) -> np.ndarray:
        rows = range(max(self._known - len(self._steps), 0), self._known)
        found, shares = vector.copy(), {}
        for row in reversed(rows):
            step, change = self._pair(row)
            shares[row] = float(step @ found) / float(change @ step)
            found -= shares[row] * change
        if self._known:
            step, change = self._pair(self._known - 1)
            found *= float(step @ change) / float(change @ change)
        for row in rows:
            step, change = self._pair(row)
            found += (shares[row] - float(change @ found) / float(change @ step)) * step
        return found

    def learn(self, move: Move) -> None:
        place = self._known % len(self._steps)
        self._steps[place], self._changes[place] = move.step, move.change
        self._known += 1

    def _pair(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        place = row % len(self._steps)
        return self._steps[place], self._changes[place]

    def arrays(self) -> NamedArrays:
        return {"steps": self._steps, "changes": self._changes, "known": np.array(float(self._known))}

    def take(self, arrays: NamedArrays) -> None:
        self._steps, self._changes = np.array(arrays["steps"]), np.array(arrays["changes"])
        self._known = int(arrays["known"])


def scaled_bfgs(b: float, h: float, size: int) -> tuple[float, float]:
    """Tau and phi of BFGS that scales itself down, never up: Al-Baali 1998; equation 11 of Urban et al. 2025."""
    return min(1.0, 1 / b), 1.0


def scaled_broyden(b: float, h: float, size: int) -> tuple[float, float]:
    """Tau and phi of Broyden's family; ``b`` is s'Bs / y's and ``h`` is y'Hy / y's.

    Reference: Al-Baali 1998, *Numerical experience with a class of self-scaling quasi-Newton algorithms*, JOTA 96;
    equations 13 to 23 of Urban et al. 2025.
    """
    a = h * b - 1  # not negative but for rounding; 0 where the step is an eigenvector: there all of the family are BFGS
    if a <= 1e-12:
        return scaled_bfgs(b, h, size)
    low = min(1.0, h * (1 - math.sqrt(a / (1 + a))))
    theta = max((low - 1) / a, min(1 / low, (1 - b) / b))
    sigma = 1 + a * theta
    root = abs(sigma) ** (1 / (1 - size)) if size > 1 else 1.0
    shrink = min(1.0, 1 / b)
    shrink = min(shrink * root, sigma) if theta <= 0 else shrink * min(root, 1 / theta)
    return shrink, (1 - theta) / sigma
