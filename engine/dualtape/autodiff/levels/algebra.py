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

Index = Hashable
MultiIndex = tuple[int, ...]


class ChainTerm(NamedTuple):
    """``weight * x[left] * f'[right]``, neither of the two being a primal."""

    weight: int
    left: Index
    right: Index


class Chain(NamedTuple):
    """How f(x) gets its coefficient: ``y[index] = x[index] * f' + (the sum of all terms) / divisor``."""

    divisor: int
    terms: tuple[ChainTerm, ...]


class Algebra:
    """A finite set of indices, each with its products; the primal is the unit and has no index."""

    indices: tuple[Index, ...]

    def products(self, index: Index) -> tuple[tuple[Index, Index], ...]:
        """All ordered pairs of indices, neither the unit, whose product contributes to ``index``.

        Read backwards they are the same pairs with their members exchanged.
        """
        raise NotImplementedError

    def chain(self, index: Index) -> Chain:
        """The coefficient of f(x) at ``index``, from x's coefficients and those of f'(x)."""
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
        ordered = sorted((index for index in closed if any(index)), key=lambda index: (sum(index), index))
        self.indices = tuple(ordered)
        self.units = tuple(index for index in ordered if sum(index) == 1)
        self._products: dict[Index, tuple[tuple[Index, Index], ...]] = {}
        self._chain: dict[Index, Chain] = {}

    def products(self, index: Index) -> tuple[tuple[Index, Index], ...]:
        found = self._products.get(index)
        if found is None:
            found = tuple((beta, gamma) for beta, gamma in _splits(index) if any(beta) and any(gamma))
            self._products[index] = found
        return found

    def chain(self, index: Index) -> Chain:
        """alpha_i y[alpha] = sum of beta_i x[beta] f'[alpha - beta], i the direction with the fewest terms."""
        found = self._chain.get(index)
        if found is None:
            alpha: MultiIndex = index  # type: ignore[assignment]
            i = min((i for i, a in enumerate(alpha) if a), key=lambda i: alpha[i])
            terms = tuple(ChainTerm(beta[i], beta, gamma) for beta, gamma in _splits(alpha) if beta[i] and any(gamma))
            found = Chain(alpha[i], terms)
            self._chain[index] = found
        return found


def _splits(index: Index) -> list[tuple[MultiIndex, MultiIndex]]:
    alpha: MultiIndex = index  # type: ignore[assignment]
    betas = product(*(range(a + 1) for a in alpha))
    return [(beta, tuple(a - b for a, b in zip(alpha, beta, strict=True))) for beta in betas]


DUAL = MultiIndices([(1,)])
