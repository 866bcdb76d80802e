"""Jets along many directions of whose highest coefficients only one weighted sum is kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from dualtape.autodiff.levels.algebra import Index, MultiIndices
from dualtape.autodiff.levels.batch import BatchLevel
from dualtape.autodiff.levels.jet import JetLevel
from dualtape.autodiff.levels.parts import Present, exchanged
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
        everywhere = Spec((self.directions.size, *spec.shape), spec.dtype)
        return [spec, *(spec if index == self.top else everywhere for index in present)]

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        primal, *coefficients = super().take_apart(x, present)

        def part(index: Index, value: Tensor) -> Tensor:
            if index == self.top:
                return value
            everywhere: Tensor = self.directions.all_examples(value)
            return exchanged(everywhere) if stacked else everywhere

        return [primal, *map(part, present, coefficients)]

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        primal, *coefficients = parts

        def coefficient(index: Index, part: Tensor) -> Tensor:
            if index == self.top:
                return part
            return self.directions.batched(exchanged(part) if stacked else part)

        return super().put_together([primal, *map(coefficient, present, coefficients)], present)

    @contextmanager
    def inside(self) -> Iterator[Self]:
        (order,) = self.top
        with self.directions.inside() as directions, entered(type(self)(order, directions, self.weights)) as level:
            yield level
