"""Which way to partial derivatives is cheapest, by counted operations.

Three ways lead to mixed derivatives: one jet over the smallest downward-closed set of multi-indices; univariate jets
along some directions, of which the mixed derivatives are linear combinations; and, where only one weighted sum of the
derivatives of the highest order is wanted, such jets with that sum in the place of their highest coefficients.

References: Griewank & Walther, *Evaluating Derivatives*, ch. 13; Griewank, Utke & Walther 2000, Math. Comp. 69; Dangel
et al. 2025, *Collapsing Taylor mode automatic differentiation*.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import lru_cache
from typing import NamedTuple, cast

from dualtape.autodiff.fields.directions import Directions, find_directions
from dualtape.autodiff.levels import Index, MultiIndex, MultiIndices

STRATEGIES = ("auto", "multivariate", "directional", "collapsed")


class SweepCost(NamedTuple):
    """What each operation of the field costs on top of its value.

    ``streams`` are coefficients, each moved by a linear operation; ``products`` are multiplications of two coefficients
    in a nonlinear one.
    """

    streams: int
    products: int

    @property
    def total(self) -> int:
        return self.streams + self.products


class Way(NamedTuple):
    """One way, what it consists of, and its cost; ``None`` where it does not lead there."""

    name: str
    detail: str
    cost: SweepCost | None


class SweepPlan(NamedTuple):
    """How :func:`partials <dualtape.partials>` and its like compute derivatives; it prints as text."""

    title: str
    indices: tuple[MultiIndex, ...]
    algebra: MultiIndices
    directions: Directions | None
    ways: tuple[Way, ...]
    strategy: str

    def __str__(self) -> str:
        lines = [f"{self.title} {', '.join(map(str, self.indices))}"]
        for name, detail, cost in self.ways:
            count = "" if cost is None else f": {cost.streams} streams + {cost.products} products = {cost.total}"
            lines.append(f"{'->' if name == self.strategy else '  '} {name}: {detail}{count}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    @property
    def dimension(self) -> int:
        """How many coordinates the points have."""
        return len(self.indices[0])

    def cost(self, strategy: str) -> SweepCost | None:
        """What ``strategy`` costs; ``None`` if it does not lead there."""
        return next(way.cost for way in self.ways if way.name == strategy)


@lru_cache(256)
def plan_partials(indices: tuple[MultiIndex, ...], strategy: str) -> SweepPlan:
    """The plan for derivatives one by one, by a ``strategy``: ``"auto"`` takes the cheapest."""
    wanted = [index for index in dict.fromkeys(indices) if any(index)]
    mixed = any(sum(map(bool, index)) > 1 for index in wanted)
    seeks = bool(wanted) and (mixed or strategy == "directional")
    directions = find_directions({index: {index: 1.0} for index in wanted}) if seeks else None
    reason = "too many of them to choose from" if seeks else "no better where no derivative is mixed"
    algebra = MultiIndices(indices)
    ways = (
        _multivariate(algebra),
        _along("directional", directions, reason),
        Way("collapsed", "only for one weighted sum, as of `linear_operator` or `laplacian`", None),
    )
    return SweepPlan("partials of the indices", indices, algebra, directions, ways, _chosen(ways, strategy))


@lru_cache(256)
def plan_operator(coefficients: tuple[tuple[MultiIndex, float], ...], strategy: str) -> SweepPlan:
    """The plan for one weighted sum of derivatives."""
    indices = tuple(index for index, _ in coefficients)
    forms: dict[Hashable, dict[MultiIndex, float]] = {}
    for index, weight in coefficients:
        if any(index) and weight:
            forms.setdefault(sum(index), {})[index] = weight
    algebra = MultiIndices(indices)
    directions = find_directions(forms) if forms else None
    reason = "too many of them to choose from" if forms else "no derivative is asked for"
    ways = (_multivariate(algebra), *(_along(name, directions, reason) for name in ("directional", "collapsed")))
    return SweepPlan("a weighted sum of the indices", indices, algebra, directions, ways, _chosen(ways, strategy))


def _chosen(ways: tuple[Way, ...], strategy: str) -> str:
    if strategy != "auto":
        return strategy
    costs = {name: cost.total for name, _, cost in ways if cost is not None}
    return min(costs, key=lambda name: costs[name])


def _multivariate(algebra: MultiIndices) -> Way:
    cost = SweepCost(len(algebra.indices), sum(map(_products, algebra.indices)))
    return Way("multivariate", f"one jet over {len(algebra.indices)} multi-indices", cost)


def _products(index: Index) -> int:
    """The terms of the chain rule at ``index``, counted without writing them down."""
    orders = [order for order in cast(MultiIndex, index) if order]
    return math.prod(order + 1 for order in orders) * min(orders) // (min(orders) + 1)


def _along(name: str, directions: Directions | None, reason: str) -> Way:
    """Univariate jets along directions; ``reason`` says why there are none."""
    if directions is None:
        return Way(name, reason, None)
    m, order = len(directions.rows), directions.order
    if name == "directional":
        detail = f"{m} directions of order {order}, as one tensor, recombined"
        return Way(name, detail, SweepCost(m * order, m * order * (order + 1) // 2))
    detail = f"{m} directions of order {order - 1}, as one tensor, and one sum of all of order {order}"
    return Way(name, detail, SweepCost(m * (order - 1) + 1, m * (order - 1) * (order + 2) // 2 + 1))
