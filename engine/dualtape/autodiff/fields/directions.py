"""Directions along which univariate Taylor polynomials say all that is wanted of mixed derivatives.

The k-th Taylor coefficient along v is the sum of v^alpha / alpha! D^alpha u over all |alpha| = k. So a weighted sum
of mixed derivatives of one order (a form) is a weighted sum of these coefficients, over directions whose monomials
v^alpha span the form: an interpolation.

Reference: Griewank, Utke & Walther 2000, *Evaluating higher derivative tensors by forward propagation of univariate
Taylor series*, Math. Comp. 69.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from dualtape.autodiff.levels import MultiIndex
from dualtape.core.composite import replaced

_MOST_CANDIDATES = 400

Form = Mapping[MultiIndex, float]


class Directions(NamedTuple):
    """Directions (rows), the highest order along them, and for each wanted form its degree and its weights."""

    rows: np.ndarray
    order: int
    degrees: dict[Hashable, int]
    weights: dict[Hashable, np.ndarray]


def degree_of(form: Form) -> int:
    """The order of the derivatives in ``form``."""
    return sum(next(iter(form)))


def find_directions(forms: Mapping[Hashable, Form]) -> Directions | None:
    """As few directions as a greedy search finds for all ``forms``; ``None`` if there are too many to search."""
    degrees = {key: degree_of(form) for key, form in forms.items()}
    order = max(degrees.values())
    indices = [index for form in forms.values() for index in form]
    if len(forms) == order == 1:
        (form,) = forms.values()
        gradient = sum(weight * np.array([index], np.float64) for index, weight in form.items())
        return Directions(np.asarray(gradient), 1, degrees, dict.fromkeys(forms, np.ones(1)))
    candidates = _candidates(indices, order)
    if candidates is None:
        return None
    found = []
    for rows in _selections(candidates, indices, forms):
        weights = _weights(rows, forms)
        if weights is not None:
            found.append(Directions(rows, order, degrees, weights))
    return min(found, key=lambda directions: len(directions.rows), default=None)


def _selections(
    candidates: np.ndarray, indices: list[MultiIndex], forms: Mapping[Hashable, Form]
) -> Iterable[np.ndarray]:
    """Some choices among the candidates that may suffice."""
    if not any(sum(map(bool, index)) > 1 for index in indices):
        yield candidates
        return
    length = np.abs(candidates).sum(1)
    breadth = (candidates != 0).sum(1) - np.abs(candidates).max(1) / (1 + length)
    # What to try to do without first: long directions (the worst conditioned), short ones, or those of few axes.
    for first in (-length, length, breadth):
        yield _needed(candidates[np.argsort(first, kind="stable")], forms)


def _needed(rows: np.ndarray, forms: Mapping[Hashable, Form]) -> np.ndarray:
    """The rows that are left when each one that the others can do without is dropped in turn."""
    kept = np.ones(len(rows), bool)
    for k in range(len(rows)):
        kept[k] = False
        if _weights(rows[kept], forms) is None:
            kept[k] = True
    return rows[kept]


def _candidates(indices: Iterable[MultiIndex], order: int) -> np.ndarray | None:
    """Integer directions with the axes of some wanted index, one of each pair of opposites."""
    found: set[tuple[int, ...]] = set()
    for index in dict.fromkeys(indices):
        axes = [i for i, a in enumerate(index) if a]
        if (2 * order + 1) ** len(axes) > 50 * _MOST_CANDIDATES:
            return None
        for sizes in product(range(-order, order + 1), repeat=len(axes)):
            divisor = math.gcd(*sizes)
            if not divisor or sum(map(abs, sizes)) > order:
                continue
            row = replaced([0] * len(index), axes, [size // divisor for size in sizes])
            if next(a for a in row if a) > 0:
                found.add(tuple(row))
    mixed = any(sum(map(bool, row)) > 1 for row in found)
    return None if mixed and len(found) > _MOST_CANDIDATES else np.array(sorted(found), np.float64)


def _weights(rows: np.ndarray, forms: Mapping[Hashable, Form]) -> dict[Hashable, np.ndarray] | None:
    """For each form the weights that make it of the directions' coefficients of its degree, if they can."""
    weights: dict[Hashable, np.ndarray] = {}
    for degree in sorted(set(map(degree_of, forms.values()))):
        ours = {key: form for key, form in forms.items() if degree_of(form) == degree}
        powers = _monomials(rows, forms, degree)
        place = {index: k for k, index in enumerate(powers)}
        right = np.zeros((len(powers), len(ours)))
        for k, form in enumerate(ours.values()):
            for index, weight in form.items():
                right[place[index], k] = weight * math.prod(map(math.factorial, index))
        matrix = np.array(list(powers.values()))
        solution = np.linalg.lstsq(matrix, right, rcond=1e-10)[0]
        if np.abs(matrix @ solution - right).max() > 1e-9 * np.abs(right).max():
            return None
        weights.update(zip(ours, solution.T, strict=True))
    return weights


def _monomials(rows: np.ndarray, forms: Mapping[Hashable, Form], degree: int) -> dict[MultiIndex, np.ndarray]:
    """The monomials of one degree in the axes that some direction may have together, at all directions."""
    supports = {tuple(i for i, a in enumerate(index) if a) for form in forms.values() for index in form}
    found: dict[MultiIndex, np.ndarray] = {}
    for axes in supports:
        for powers in product(range(degree + 1), repeat=len(axes)):
            if sum(powers) == degree:
                index = tuple(replaced([0] * rows.shape[1], axes, powers))
                found[index] = np.prod(rows[:, axes] ** np.array(powers), axis=1)
    return found
