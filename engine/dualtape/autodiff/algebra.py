"""The truncated polynomial algebras in which jets compute.

A jet carries a primal and one coefficient for each index of an algebra. An algebra says which pairs of
indices multiply to which, and that is all that forward mode needs: products are sums over
`products`, and a function with the first derivative f' follows from a derivation D of the
algebra (D y = f'(x) D x), written out in `chain`.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 13.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from itertools import product
from typing import NamedTuple

from dualtape.errors import ArgumentError

Index = Hashable
MultiIndex = tuple[int, ...]


class Term(NamedTuple):
    """``weight * derivative[left] * partial[right]``; ``right`` is ``None`` for the primal."""

    weight: float
    left: Index
    right: Index | None


class Algebra:
    """A finite set of indices, each with its products; the primal is the unit and has no index."""

    indices: tuple[Index, ...]

    def products(self, index: Index) -> tuple[tuple[Index, Index], ...]:
        """All ordered pairs of indices, neither the unit, whose product contributes to ``index``."""
        raise NotImplementedError

    def chain(self, index: Index) -> tuple[Term, ...]:
        """The coefficient of f(x) at ``index`` as a sum of terms of x's coefficients and those of f'(x)."""
        raise NotImplementedError


class MultiIndices(Algebra):
    """Mixed derivatives: polynomials in d variables over a downward-closed set of multi-indices.

    Parameters
    ----------
    wanted
        Multi-indices of one length; everything below them is added.
    """

    def __init__(self, wanted: Iterable[MultiIndex]) -> None:
        closed = {below for index in wanted for below in product(*(range(i + 1) for i in index))}
        lengths = {len(index) for index in closed}
        if len(lengths) > 1:
            raise ArgumentError(f"multi-indices must have one length, got lengths {sorted(lengths)}")
        ordered = sorted((index for index in closed if any(index)), key=lambda index: (sum(index), index))
        self.indices = tuple(ordered)
        self._products: dict[Index, tuple[tuple[Index, Index], ...]] = {}
        self._chain: dict[Index, tuple[Term, ...]] = {}

    def products(self, index: Index) -> tuple[tuple[Index, Index], ...]:
        found = self._products.get(index)
        if found is None:
            found = tuple((beta, gamma) for beta, gamma in _splits(index) if any(beta) and any(gamma))
            self._products[index] = found
        return found

    def chain(self, index: Index) -> tuple[Term, ...]:
        """alpha_i y[alpha] = sum of beta_i x[beta] f'[alpha - beta], i the direction with the fewest terms."""
        found = self._chain.get(index)
        if found is None:
            alpha: MultiIndex = index  # type: ignore[assignment]
            i = min((i for i, a in enumerate(alpha) if a), key=lambda i: alpha[i])
            found = tuple(
                Term(beta[i] / alpha[i], beta, gamma if any(gamma) else None)
                for beta, gamma in _splits(alpha)
                if beta[i]
            )
            self._chain[index] = found
        return found


def _splits(index: Index) -> list[tuple[MultiIndex, MultiIndex]]:
    alpha: MultiIndex = index  # type: ignore[assignment]
    betas = product(*(range(a + 1) for a in alpha))
    return [(beta, tuple(a - b for a, b in zip(alpha, beta, strict=True))) for beta in betas]


DUAL = MultiIndices([(1,)])
