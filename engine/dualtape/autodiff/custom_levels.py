"""How each interpreter treats a function that brings its own derivative.

Each does its part and hands the rest to the level below, as it does with an operation; where no derivative is
taken, the function is called as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dualtape.autodiff.algebra import Index
from dualtape.autodiff.batching import BatchLevel, vmap
from dualtape.autodiff.calls import Cotangents, record_call
from dualtape.autodiff.custom_rules import LinearMap, Rule, Tangents, Values
from dualtape.autodiff.forward import jvp
from dualtape.autodiff.jet import JetLevel
from dualtape.autodiff.notes import Notes
from dualtape.autodiff.tape import Tape
from dualtape.core.interpreter import Level, ground
from dualtape.errors import ArgumentError
from dualtape.primitives.arithmetic import add, multiply
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor


def apply_rule(rule: Rule, inputs: Values) -> list[Any]:
    """The outputs of ``rule``'s function, differentiated as the rule says by whoever differentiates."""
    top = max((x.level for x in inputs if isinstance(x, Tensor)), key=lambda level: level.depth, default=ground())
    if isinstance(top, Tape):
        return _on_tape(top, rule, inputs)
    if isinstance(top, JetLevel):
        return _on_jets(top, rule, inputs)
    if isinstance(top, BatchLevel):
        return _on_batch(top, rule, inputs)
    if isinstance(top, Notes):
        return top.note(lambda *again: apply_rule(rule, again), inputs, _below(top, rule, [top.below(x) for x in inputs]))
    return rule.call(inputs)


def _below(level: Level, rule: Rule, inputs: Values) -> list[Any]:
    outputs = apply_rule(rule, inputs)
    if any(x.level.depth >= level.depth for x in outputs if isinstance(x, Tensor)):
        raise ArgumentError(
            f"`{rule.name}`, which has a custom derivative, uses a value that is being differentiated and is none of its "
            "arguments; pass it as an argument"
        )
    return outputs


def _on_tape(tape: Tape, rule: Rule, inputs: Values) -> list[Any]:
    primals = [tape.primal(x) for x in inputs]
    wanted = [getattr(x, "level", None) is tape for x in inputs]
    outputs = _below(tape, rule, primals)

    def pull(cotangents: Cotangents) -> Cotangents:
        return rule.transpose(primals, outputs, cotangents, wanted)

    return record_call(tape, inputs, outputs, pull)


def _on_jets(level: JetLevel, rule: Rule, inputs: Values) -> list[Any]:
    """The chain rule of :mod:`jet <dualtape.autodiff.jet>`, the partial being a linear map between jets."""
    primals, coefficients = zip(*(level.coefficients(x) for x in inputs), strict=True)
    outputs = _below(level, rule, primals)
    known: list[dict[Index, Tensor]] = [{} for _ in outputs]
    done: set[Index] = set()
    reached: set[Index] = set()
    at_primals = rule.linear(primals, outputs)
    along: LinearMap | None = None

    def term(left: Index, right: Index | None) -> list[Tensor | None]:
        nonlocal along, reached
        tangents = [coefficient(left) for coefficient in coefficients]
        if all(t is None for t in tangents):
            return [None] * len(outputs)
        if right is None:
            return at_primals(tangents)
        if along is None or right not in reached:
            # The rule may mention the outputs: they are known up to here, and that is as far as it looks.
            reached = set(done)
            jets = [level.jet(y, k) if isinstance(y, Tensor) else y for y, k in zip(outputs, known, strict=True)]
            along = rule.linear(inputs, jets)
        return [level.coefficients(x)[1](right) for x in along(tangents)]

    for index in level.algebra.indices:
        for weight, left, right in level.algebra.chain(index):
            for k, value in enumerate(term(left, right)):
                if value is not None:
                    scaled = value if weight == 1 else multiply(value, weight)
                    known[k][index] = add(known[k][index], scaled) if index in known[k] else scaled
        done.add(index)
    return [
        level.jet(y, k) if k and isinstance(y, Tensor) and y.dtype.is_float else y
        for y, k in zip(outputs, known, strict=True)
    ]


def _on_batch(level: BatchLevel, rule: Rule, inputs: Values) -> list[Any]:
    batched = [getattr(x, "level", None) is level for x in inputs]
    outputs = _below(level, _OverExamples(rule, batched), [x.primal if b else x for x, b in zip(inputs, batched, strict=True)])
    return [level.batched(x) if isinstance(x, Tensor) else x for x in outputs]


class _OverExamples(Rule):
    """A rule over a further leading axis of some inputs, and of all outputs."""

    def __init__(self, rule: Rule, batched: Sequence[bool]) -> None:
        self._rule = rule
        self._axes = [0 if b else None for b in batched]
        self.name = rule.name

    def call(self, inputs: Values) -> list[Any]:
        found: list[Any] = vmap(self._rule.call, in_axes=(self._axes,))(list(inputs))
        return found

    def linear(self, inputs: Values, outputs: Values) -> LinearMap:
        def push(tangents: Tangents) -> list[Tensor | None]:
            axes = [None if t is None else axis for t, axis in zip(tangents, self._axes, strict=True)]
            over = vmap(lambda x, y, t: self._rule.linear(x, y)(t), in_axes=(self._axes, _leading(outputs), axes))
            found: list[Tensor | None] = over(list(inputs), list(outputs), list(tangents))
            return found

        return push

    def transpose(self, inputs: Values, outputs: Values, cotangents: Cotangents, wanted: Sequence[bool]) -> Cotangents:
        over = vmap(
            lambda x, y, ct: self._rule.transpose(x, y, ct, wanted),
            in_axes=(self._axes, _leading(outputs), _leading(cotangents)),
        )
        pulled = over(list(inputs), list(outputs), list(cotangents))
        return [x if x is None or axis == 0 else _total(x) for x, axis in zip(pulled, self._axes, strict=True)]


def _leading(values: Sequence[Any]) -> list[int | None]:
    return [0 if isinstance(x, Tensor) else None for x in values]


def _total(x: Tensor) -> Tensor:
    """The sum over all examples: an input that is the same for all has one cotangent."""
    return reshape(sum_along(x, axes=(0,)), shape=x.shape[1:])
