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
Pairs = list[tuple[np.ndarray, np.ndarray]]


class Move(NamedTuple):
    """A step from one place to the next, as a matrix H has led it.

    Attributes
    ----------
    step, change
        The way s, and by how much the gradient has changed, y.
    bending
        s'Bs, where B is the inverse of H.
    gradient
        At the end.
    descent
        H times the gradient at the beginning.
    """

    step: np.ndarray
    change: np.ndarray
    bending: float
    gradient: np.ndarray
    descent: np.ndarray

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
        """Be the identity again; arrays that it has told of stay as they are."""

    @abstractmethod
    def arrays(self) -> NamedArrays:
        """All that it is, for a checkpoint."""

    @abstractmethod
    def take(self, arrays: NamedArrays) -> None:
        """Be what :meth:`arrays` has told."""


_WAITING = 16
"""Updates' pairs of vectors that wait until BLAS adds them together."""
_CANCELLED = 1e-6
"""A difference that is smaller than this share of what it is taken of is computed anew."""


class _Beside(NamedTuple):
    """What is kept beside a matrix: a factor, and how many pairs of vectors wait."""

    factor: float = 1.0
    waiting: int = 0


class DenseInverse(InverseHessian):
    r"""The matrix in full, updated by Broyden's family with self-scaling, in place.

    .. math:: H \leftarrow \frac{1}{\tau}\Big[H - \frac{H y y^T H}{y^T H y} + \phi\, v v^T\Big] + \frac{s s^T}{y^T s},
       \quad v = \sqrt{y^T H y}\,\Big[\frac{s}{y^T s} - \frac{H y}{y^T H y}\Big]

    with a rule for the numbers :math:`\tau` and :math:`\phi`. The update is a quadratic form in s and Hy, so a sum of
    one or two symmetric products of two vectors. These wait beside the matrix, :math:`H = f (M + P Q^T + Q P^T)`, and
    are added to one triangle of it several at a time, which BLAS does in one pass over the memory. A step reads the
    matrix once: the product with the gradient at its end gives both Hy and the way that goes on from there.

    What Ctrl-C interrupts may lose updates, and leaves a matrix from which the search goes on.
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
        self._matrix = np.eye(self._size, order="F")
        self._left, self._right = (np.zeros((self._size, _WAITING), order="F") for _ in range(2))
        self._beside = _Beside()
        self._fresh = True
        self._met = self._product = np.full(self._size, np.nan)

    def times(self, vector: np.ndarray) -> np.ndarray:
        if np.array_equal(vector, self._met):
            return self._product
        from scipy.linalg.blas import dgemv, dsymv

        factor, waiting = self._beside
        product = np.asarray(dsymv(factor, self._matrix, vector))
        left, right = self._left[:, :waiting], self._right[:, :waiting]
        for x, y in ((left, right), (right, left)) if waiting else ():
            product = dgemv(factor, x, dgemv(1.0, y, vector, trans=1), beta=1.0, y=product, overwrite_y=1)
        return product

    def learn(self, move: Move) -> None:
        step, change, curvature = move.step, move.change, move.curvature
        bending, descent = move.bending, move.descent
        if self._fresh:
            # The identity has no scale; Nocedal & Wright, equation 6.20.
            wanted = curvature / float(change @ change)
            bending, descent = bending / wanted, descent * wanted
            self._beside = _Beside(wanted)
            self._fresh = False
        ahead = self.times(move.gradient)
        image = ahead - descent
        if not np.linalg.norm(image) > _CANCELLED * np.linalg.norm(descent):
            image = self.times(change)
        spread = float(change @ image)
        shrink, mix = self._rule(bending / curvature, spread / curvature, self._size)
        # The update's coefficients of uu', us' + su' and ss', where u = Hy, relative to the new factor.
        factor = self._beside.factor / shrink
        uu = (mix - 1) / (shrink * spread * factor)
        us = -mix / (shrink * curvature * factor)
        ss = (mix * spread / (shrink * curvature) + 1) / (curvature * factor)
        product = ahead / shrink
        pairs = _as_products(image, step, uu, us, ss)
        for left, right in pairs:
            product += factor * (float(right @ move.gradient) * left + float(left @ move.gradient) * right)
        self._update(pairs, factor)
        self._met, self._product = move.gradient, product

    def _update(self, pairs: Pairs, factor: float) -> None:
        self._met = np.full(self._size, np.nan)
        if self._beside.waiting + len(pairs) > _WAITING:
            self._settle()
        waiting = self._beside.waiting
        for i, (left, right) in enumerate(pairs, start=waiting):
            self._left[:, i], self._right[:, i] = left, right
        self._beside = _Beside(factor, waiting + len(pairs))
        if not 1e-100 < factor < 1e100:
            self._settle()
            self._matrix *= factor
            self._beside = _Beside()

    def _settle(self) -> None:
        """Add what waits to the matrix."""
        from scipy.linalg.blas import dsyr2k

        factor, waiting = self._beside
        self._beside = _Beside(factor)
        dsyr2k(1.0, self._left[:, :waiting], self._right[:, :waiting], beta=1.0, c=self._matrix, overwrite_c=1)

    def arrays(self) -> NamedArrays:
        beside = {name: np.array(float(value)) for name, value in self._beside._asdict().items()}
        last = {"fresh": np.array(float(self._fresh)), "met": self._met, "product": self._product}
        return {"matrix": self._matrix, "left": self._left, "right": self._right, **beside, **last}

    def take(self, arrays: NamedArrays) -> None:
        self._matrix, self._left, self._right = (np.array(arrays[x], order="F") for x in ("matrix", "left", "right"))
        self._beside = _Beside(float(arrays["factor"]), int(arrays["waiting"]))
        self._met, self._product = np.array(arrays["met"]), np.array(arrays["product"])
        self._fresh = bool(arrays["fresh"])


def _as_products(u: np.ndarray, s: np.ndarray, uu: float, us: float, ss: float) -> Pairs:
    """Vectors p, q for which the sum of pq' + qp' is the quadratic form of u and s with these coefficients."""
    # Of unit vectors, for the coefficients of tiny ones are beyond what can be squared.
    length_u, length_s = float(np.linalg.norm(u)), float(np.linalg.norm(s))
    u, s = u / length_u, s / length_s
    uu, us, ss = uu * length_u * length_u, us * length_u * length_s, ss * length_s * length_s
    square = us * us - uu * ss
    if square >= 0:
        root = -us - math.copysign(math.sqrt(square), us)
        return [((uu * u - root * s) / 2, u - (ss / root) * s)]
    both = u + (us / uu) * s
    return [(uu / 2 * both, both), ((ss - us * us / uu) / 2 * s, s)]


class StepMemory(InverseHessian):
    """The last ``kept`` steps, from which two loops make the product of BFGS's matrix with a vector.

    Reference: Nocedal & Wright 2006, algorithm 7.4 and equation 7.20.
    """

    def __init__(self, size: int, kept: int) -> None:
        self._shape = kept, size
        self.forget()

    @property
    def is_fresh(self) -> bool:
        return not self._known

    def forget(self) -> None:
        self._known = 0
        self._steps, self._changes = np.zeros(self._shape), np.zeros(self._shape)

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
    # h (1 - sqrt(a / (1 + a))), without a difference of numbers that are nearly equal.
    low = min(1.0, h / (1 + a) / (1 + math.sqrt(a / (1 + a))))
    theta = max((low - 1) / a, min(1 / low, (1 - b) / b))
    sigma = max(1 + a * theta, low)  # which it is but for rounding
    root = abs(sigma) ** (1 / (1 - size)) if size > 1 else 1.0
    shrink = min(1.0, 1 / b)
    shrink = min(shrink * root, sigma) if theta <= 0 else shrink * min(root, 1 / theta)
    return shrink, (1 - theta) / sigma
