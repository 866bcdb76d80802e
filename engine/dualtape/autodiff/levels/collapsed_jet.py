"""Jets along many directions of whose highest coefficients only one weighted sum is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from dualtape.autodiff.levels.algebra import Index, MultiIndices
from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.autodiff.levels.parts import Present
from dualtape.autodiff.levels.scaled import Scaled
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
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

    def collapse(self, index: Index, products: Scaled | None) -> Scaled | None:
        if products is None or index != self.top:
            return products
        return products._replace(value=tensordot(self.weights, self.directions.all_examples(products.value), 1))

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        (everywhere,) = self.directions.specs(spec, True)
        return [spec, *(spec if index == self.top else everywhere for index in present)]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        primal, *coefficients = super().take_apart(x, present)
        pairs = zip(present, coefficients, strict=True)
        return [primal, *(c if i == self.top else self.directions.take_apart(c, True, stacked)[0] for i, c in pairs)]

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        primal, *rest = parts
        pairs = zip(present, rest, strict=True)
        coefficients = (c if i == self.top else self.directions.put_together([c], True, stacked) for i, c in pairs)
        return super().put_together([primal, *coefficients], present)

    @contextmanager
    def inside(self) -> Iterator[Self]:
        (order,) = self.top
        with self.directions.inside() as directions, entered(type(self)(order, directions, self.weights)) as level:
            yield level
