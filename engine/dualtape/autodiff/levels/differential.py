"""A primitive that is known by its differential, as a function that brings its own derivative."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualtape.autodiff.levels.rule import DerivativeRule, LinearMap, Tangents
from dualtape.core.composite import Cotangents, Values
from dualtape.core.interpreter import bind
from dualtape.core.primitive import Implicit
from dualtape.tensor import Tensor


class Differential(DerivativeRule):
    """The rule of one call of an :class:`Implicit` primitive."""

    def __init__(self, primitive: Implicit, params: dict[str, Any]) -> None:
        self.name = primitive.name
        self._primitive = primitive
        self._params = params

    def run(self, inputs: Values) -> list[Tensor]:
        return [bind(self._primitive, tuple(inputs), self._params)]

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        def push(tangents: Tangents) -> list[Tensor | None]:
            if all(tangent is None for tangent in tangents):
                return [None]
            return [self._primitive.tangent(tangents, inputs, outputs[0], **self._params)]

        return push

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        (cotangent,) = cotangents
        stated = self._primitive.cotangents
        if cotangent is None:
            return [None] * len(inputs)
        if stated is None:
            return super().transpose(inputs, outputs, cotangents, wanted)
        found = stated(cotangent, inputs, outputs[0], **self._params)
        return [x if want else None for x, want in zip(found, wanted, strict=True)]


Implicit.rule = Differential
