"""Functions with derivatives of their own in the bodies of conditions and loops.

A body is differentiated after it was written down, by evaluating its program on other values. Operations keep their
derivatives in the catalogue; a function that brings its own becomes one equation that keeps the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels import DerivativeRule, LinearMap, Tangents
from dualtape.compiler.program import Program, evaluate
from dualtape.core.composite import Cotangents, Values
from dualtape.tensor import Tensor


class TracedRule(DerivativeRule):
    """A rule whose function is a program.

    Parameters
    ----------
    rule
        The rule that is kept.
    body
        Its function, from ``captured`` values from outside and then the tensors among its inputs.
    template
        Its inputs, with None for each tensor.
    """

    def __init__(self, rule: DerivativeRule, body: Program, captured: int, template: Values) -> None:
        self._rule = rule
        self._body = body
        self._captured = captured
        self._template = [(isinstance(x, Tensor), None if isinstance(x, Tensor) else x) for x in template]
        self.name = rule.name
        self.is_equation = rule.is_equation

    def run(self, inputs: Values) -> list[Any]:
        return evaluate(self._body, inputs)

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        push = self._rule.linear(self._filled(inputs), outputs)

        def with_captured(tangents: Tangents) -> list[Tensor | None]:
            self._require_fixed([t is not None for t in tangents])
            return push(self._spread(tangents))

        return with_captured

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        return self._rule.residual(self._filled(inputs), output)

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        return self._rule.correction(self._filled(inputs), output)

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        self._require_fixed(wanted)
        among = [bool(w) for w in self._spread(wanted)]
        found = self._rule.transpose(self._filled(inputs), outputs, cotangents, among)
        ours = [x for x, (is_tensor, _) in zip(found, self._template, strict=True) if is_tensor]
        return [*[None] * self._captured, *ours]

    def _filled(self, inputs: Values) -> list[Any]:
        given = iter(inputs[self._captured :])
        return [next(given) if is_tensor else x for is_tensor, x in self._template]

    def _spread(self, values: Sequence[Any]) -> list[Any]:
        given = iter(values[self._captured :])
        return [next(given) if is_tensor else None for is_tensor, _ in self._template]

    def _require_fixed(self, moving: Sequence[bool]) -> None:
        if any(moving[: self._captured]):
            raise self.captures()
