"""Jets along many directions of whose highest coefficients only one weighted sum is kept."""

from __future__ import annotations

from dualtape.autodiff.levels.algebra import Index, MultiIndices
from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.jet import Coefficient, JetLevel
from dualtape.functions.linear_algebra import tensordot
from dualtape.tensor import Tensor


class CollapsedJetLevel(JetLevel):
    """Jets along many directions, whose highest coefficients are kept as one weighted sum over the directions.

    The sum is linear in the highest coefficients of what an operation takes, so it needs no direction of its own; the
    products of lower coefficients, which do have one, are added up as they arise.

    Reference: Dangel et al. 2025, *Collapsing Taylor mode automatic differentiation*.
    """

    def __init__(self, order: int, directions: BatchLevel, weights: Tensor) -> None:
        super().__init__(MultiIndices([(order,)]))
        self.top = (order,)
        self.directions = directions
        self.weights = weights

    def gathered(self, index: Index, inner: Coefficient) -> Coefficient:
        if inner is None or index != self.top:
            return inner
        return tensordot(self.weights, self.directions.all_examples(inner), 1)
