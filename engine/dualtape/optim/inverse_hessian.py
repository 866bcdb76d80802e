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
    r"""The last ``kept`` steps, from which BFGS's matrix is made in its compact form.

    .. math:: H = \gamma I + \begin{pmatrix} S & \gamma Y \end{pmatrix}
       \begin{pmatrix} R^{-T} (D + \gamma Y^T Y) R^{-1} & -R^{-T} \\ -R^{-1} & 0 \end{pmatrix}
       \begin{pmatrix} S^T \\ \gamma Y^T \end{pmatrix}

    Steps are the columns of S and changes those of Y, R is the upper triangle of S'Y and D its diagonal, and gamma
    s'y / y'y of the last step. A step passes over S and Y twice: for the products with the change and the gradient at
    its end, and for the way that goes on from there.

    Reference: Byrd, Nocedal & Schnabel 1994, *Representations of quasi-Newton matrices and their use in limited memory
    methods*, Math. Program. 63, theorem 2.2.
    """

    def __init__(self, size: int, kept: int) -> None:
        self._kept, self._size = kept, size
        self.forget()

    @property
    def is_fresh(self) -> bool:
        return not self._known

    def forget(self) -> None:
        self._known = 0
        # Steps in the upper half and changes in the lower one, a new one in the place of the oldest.
        self._pairs = np.zeros((2 * self._kept, self._size))
        # S'Y and Y'Y, and the products of both with the vector met last, from the oldest to the newest.
        self._products = np.zeros((2, self._kept, self._kept))
        self._met, self._seen = np.full(self._size, np.nan), np.zeros((2, self._kept))

    def times(self, vector: np.ndarray) -> np.ndarray:
        from scipy.linalg.blas import dgemv
        from scipy.linalg.lapack import dtrtrs

        if not self._known:
            return vector.copy()
        ages = self._ages()
        count = len(ages)
        if np.array_equal(vector, self._met):
            seen_by_steps, seen_by_changes = self._seen[:, :count]
        else:
            seen_by_steps, seen_by_changes = self._by_age(dgemv(1.0, self._pairs.T, vector, trans=1), ages)
        bends, changes = self._products[:, :count, :count]
        scale = bends[-1, -1] / changes[-1, -1]
        back, _ = dtrtrs(bends, seen_by_steps)
        ahead, _ = dtrtrs(bends, bends.diagonal() * back + scale * (changes @ back - seen_by_changes), trans=1)
        shares = np.zeros(2 * self._kept)
        shares[ages], shares[self._kept + ages] = ahead, -scale * back
        return np.asarray(dgemv(1.0, self._pairs.T, shares, beta=scale, y=vector))

    def learn(self, move: Move) -> None:
        from scipy.linalg.blas import dgemm

        place = self._known % self._kept
        self._met = np.full(self._size, np.nan)
        self._pairs[place], self._pairs[self._kept + place] = move.step, move.change
        if self._known >= self._kept:
            self._products[:, :-1, :-1] = self._products[:, 1:, 1:].copy()
        self._known += 1
        ages = self._ages()
        count = len(ages)
        both = dgemm(1.0, self._pairs.T, np.stack([move.change, move.gradient]).T, trans_a=1)
        with_change, with_gradient = self._by_age(both[:, 0], ages), self._by_age(both[:, 1], ages)
        self._products[:, :count, count - 1] = with_change
        self._products[1, count - 1, :count] = with_change[1]
        self._seen[:, :count] = with_gradient
        self._met = move.gradient

    def _ages(self) -> np.ndarray:
        """The places of the pairs that it knows, from the oldest to the newest."""
        return np.arange(max(self._known - self._kept, 0), self._known) % self._kept

    def _by_age(self, products: np.ndarray, ages: np.ndarray) -> np.ndarray:
        return np.stack([products[ages], products[self._kept + ages]])

    def arrays(self) -> NamedArrays:
        last = {"known": np.array(float(self._known)), "met": self._met, "seen": self._seen}
        return {"pairs": self._pairs, "products": self._products, **last}

    def take(self, arrays: NamedArrays) -> None:
        self._pairs, self._products, self._met, self._seen = (
            np.array(arrays[name]) for name in ("pairs", "products", "met", "seen")
        )
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
