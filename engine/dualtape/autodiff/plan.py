"""Which way to partial derivatives is cheaper, by counted operations.

Two ways lead to a set of mixed derivatives: one jet over the smallest downward-closed set of multi-indices, or
univariate jets along some directions, of which the mixed derivatives are linear combinations.

Reference: Griewank, Utke & Walther 2000, *Evaluating higher derivative tensors by forward propagation of univariate
Taylor series*, Math. Comp. 69.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np

from dualtape.autodiff.algebra import MultiIndex, MultiIndices

_MOST_CANDIDATES = 400


class Cost(NamedTuple):
    """What each operation of the field costs on top of its value.

    ``streams`` are coefficients, each moved by a linear operation; ``products`` are multiplications of two coefficients
    in a nonlinear one.
    """

    streams: int
    products: int

    @property
    def total(self) -> int:
        return self.streams + self.products


class Directions(NamedTuple):
    """Directions (rows), the order of the jets along them, and the weights of their top coefficients for each index."""

    rows: np.ndarray
    order: int
    weights: dict[MultiIndex, np.ndarray]

    @property
    def cost(self) -> Cost:
        count = len(self.rows)
        return Cost(count * self.order, count * self.order * (self.order + 1) // 2)


class Plan(NamedTuple):
    """How :func:`partials <dualtape.partials>` computes its derivatives; it prints as text."""

    indices: tuple[MultiIndex, ...]
    algebra: MultiIndices
    directions: Directions | None
    directional: bool

    def __str__(self) -> str:
        multivariate = multivariate_cost(self.algebra)
        lines = [f"partials of the indices {', '.join(map(str, self.indices))}"]
        ways = [
            ("one multivariate jet", multivariate, f"{len(self.algebra.indices)} multi-indices", not self.directional)
        ]
        if self.directions is None:
            lines.append("  directional jets: none are better than the one jet, or too many to choose from")
        else:
            detail = f"{len(self.directions.rows)} directions of order {self.directions.order}, as one tensor"
            ways.append(("directional jets", self.directions.cost, detail, self.directional))
        for name, cost, detail, chosen in ways:
            mark = "->" if chosen else "  "
            lines.append(f"{mark} {name}: {detail}: {cost.streams} streams + {cost.products} products = {cost.total}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def plan_partials(indices: Sequence[MultiIndex], strategy: str) -> Plan:
    """The plan for ``indices`` by a ``strategy``: ``"auto"`` takes the cheaper one."""
    algebra = MultiIndices(indices)
    wanted = [index for index in dict.fromkeys(indices) if any(index)]
    mixed = any(sum(map(bool, index)) > 1 for index in wanted)
    directions = find_directions(wanted) if wanted and (mixed or strategy == "directional") else None
    if strategy == "auto":
        directional = directions is not None and directions.cost.total < multivariate_cost(algebra).total
    else:
        directional = strategy == "directional" and directions is not None
    return Plan(tuple(indices), algebra, directions, directional)


def multivariate_cost(algebra: MultiIndices) -> Cost:
    """Streams and products of one jet."""
    return Cost(len(algebra.indices), sum(len(algebra.chain(index)) for index in algebra.indices))


def find_directions(wanted: Sequence[MultiIndex]) -> Directions | None:
    """As few directions as a greedy search finds; ``None`` if there are too many to search."""
    order = max(map(sum, wanted))
    candidates = _candidates(wanted, order)
    if candidates is None:
        return None
    length = np.abs(candidates).sum(1)
    breadth = (candidates != 0).sum(1) - np.abs(candidates).max(1) / (1 + length)
    found = []
    # What to try to do without first: long directions (the worst conditioned), short ones, or those of few axes.
    for first in (-length, length, breadth):
        rows = _needed(candidates[np.argsort(first, kind="stable")], wanted)
        weights = _weights(rows, wanted)
        if weights is not None:
            found.append(Directions(rows, order, weights))
    return min(found, key=lambda directions: len(directions.rows), default=None)


def _needed(rows: np.ndarray, wanted: Sequence[MultiIndex]) -> np.ndarray:
    """The rows that are left when each one that the others can do without is dropped in turn."""
    kept = np.ones(len(rows), bool)
    for k in range(len(rows)):
        kept[k] = False
        if _weights(rows[kept], wanted) is None:
            kept[k] = True
    return rows[kept]


def _candidates(wanted: Sequence[MultiIndex], order: int) -> np.ndarray | None:
    """Integer directions with the axes of some wanted index, one of each pair of opposites."""
    found: set[tuple[int, ...]] = set()
    for index in wanted:
        axes = [i for i, a in enumerate(index) if a]
        if (2 * order + 1) ** len(axes) > 50 * _MOST_CANDIDATES:
            return None
        for sizes in product(range(-order, order + 1), repeat=len(axes)):
            divisor = math.gcd(*sizes)
            if not divisor or sum(map(abs, sizes)) > order:
                continue
            row = [0] * len(index)
            for axis, size in zip(axes, sizes, strict=True):
                row[axis] = size // divisor
            if next(a for a in row if a) > 0:
                found.add(tuple(row))
    return np.array(sorted(found), np.float64) if len(found) <= _MOST_CANDIDATES else None


def _weights(rows: np.ndarray, wanted: Sequence[MultiIndex]) -> dict[MultiIndex, np.ndarray] | None:
    """For each index the weights that make it of the directions' coefficients of its degree, if they can."""
    weights: dict[MultiIndex, np.ndarray] = {}
    for degree in sorted({sum(index) for index in wanted}):
        ours = [index for index in wanted if sum(index) == degree]
        powers = _monomials(rows, wanted, degree)
        right = np.zeros((len(powers), len(ours)))
        for k, index in enumerate(ours):
            right[list(powers).index(index), k] = math.prod(map(math.factorial, index))
        matrix = np.array(list(powers.values()))
        solution = np.linalg.lstsq(matrix, right, rcond=1e-10)[0]
        if np.abs(matrix @ solution - right).max() > 1e-9:
            return None
        weights.update(zip(ours, solution.T, strict=True))
    return weights


def _monomials(rows: np.ndarray, wanted: Sequence[MultiIndex], degree: int) -> dict[MultiIndex, np.ndarray]:
    """The monomials of one degree in the axes that some direction may have together, at all directions."""
    supports = {tuple(i for i, a in enumerate(index) if a) for index in wanted}
    found: dict[MultiIndex, np.ndarray] = {}
    for axes in supports:
        for powers in product(range(degree + 1), repeat=len(axes)):
            if sum(powers) == degree:
                index = [0] * rows.shape[1]
                for axis, power in zip(axes, powers, strict=True):
                    index[axis] = power
                found[tuple(index)] = np.prod(rows ** np.array(index), axis=1)
    return found
