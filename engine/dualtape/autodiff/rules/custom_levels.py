"""How each interpreter treats a function that brings its own derivative.

Each does its part and hands the rest to the level below, as it does with an operation; where no derivative is
taken, the function is called as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels import (
    DUAL,
    BatchLevel,
    CollapsedLevel,
    Cotangents,
    Index,
    JetLevel,
    Notes,
    Tape,
    record_call,
)
from dualtape.autodiff.rules.custom_rules import LinearMap, Rule, Tangents, Values
from dualtape.autodiff.transforms import vmap
from dualtape.core.interpreter import Level, entered, ground
from dualtape.errors import ArgumentError
from dualtape.primitives.arithmetic import add, multiply
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_along
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor

_EPSILON = (1,)


def apply_rule(rule: Rule, inputs: Values) -> list[Any]:
    """The outputs of ``rule``'s function, differentiated as the rule says by whoever differentiates."""
    top = max((x.level for x in inputs if isinstance(x, Tensor)), key=lambda level: level.depth, default=ground())
    if isinstance(top, Tape):
        return _on_tape(top, rule, inputs)
    if isinstance(top, JetLevel):
        return [_equation_on_jets(top, rule, inputs)] if rule.is_equation else _on_jets(top, rule, inputs)
    if isinstance(top, CollapsedLevel):
        return _on_collapsed(top, rule, inputs)
    if isinstance(top, BatchLevel):
        return _on_batch(top, rule, inputs)
    if isinstance(top, Notes):
        outputs = _below(top, rule, [top.below(x) for x in inputs])
        return top.note(lambda *again: apply_rule(rule, again), inputs, outputs)
    return top.keep(rule, inputs) if isinstance(top, Keeping) else rule.call(inputs)


class Keeping(Level):
    """A level that writes functions down to have them differentiated later, and so keeps their rules."""

    def keep(self, rule: Rule, inputs: Values) -> list[Any]:
        """The outputs of ``rule``'s function on values of this level."""
        raise NotImplementedError


def _below(level: Level, rule: Rule, inputs: Values) -> list[Any]:
    outputs = apply_rule(rule, inputs)
    if any(x.level.depth >= level.depth for x in outputs if isinstance(x, Tensor)):
        raise ArgumentError(
            f"`{rule.name}`, which has a custom derivative, uses a value that is being differentiated and is none of "
            "its arguments; pass it as an argument"
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
    """The chain rule of :mod:`jet <dualtape.autodiff.levels.jet>`, the partial being a linear map between jets."""
    primals, coefficients = zip(*(level.coefficients(x) for x in inputs), strict=True)
    outputs = _below(level, rule, primals)
    known: list[dict[Index, Tensor]] = [{} for _ in outputs]
    done: set[Index] = set()
    reached: set[Index] = set()
    at_primals = rule.linear(primals, outputs)
    along: LinearMap | None = None

    def tangents(index: Index) -> Tangents:
        return [coefficient(index) for coefficient in coefficients]

    def term(left: Index, right: Index) -> Sequence[Tensor | None]:
        nonlocal along, reached
        moving = tangents(left)
        if all(t is None for t in moving):
            return [None] * len(outputs)
        if along is None or right not in reached:
            # The rule may mention the outputs: they are known up to here, and that is as far as it looks.
            reached = set(done)
            jets = [level.jet(y, k) if isinstance(y, Tensor) else y for y, k in zip(outputs, known, strict=True)]
            along = rule.linear(inputs, jets)
        return [level.coefficients(x)[1](right) for x in along(moving)]

    for index in level.algebra.indices:
        divisor, terms = level.algebra.chain(index)
        inner = _combined([(weight / divisor, term(left, right)) for weight, left, right in terms], len(outputs))
        moving = tangents(index)
        outer = at_primals(moving) if any(t is not None for t in moving) else [None] * len(outputs)
        for k, (a, b) in enumerate(zip(outer, inner, strict=True)):
            (value,) = _combined([(1, [a]), (1, [level.gathered(index, b)])], 1)
            if value is not None:
                known[k][index] = value
        done.add(index)
    return [
        level.jet(y, k) if k and isinstance(y, Tensor) and y.dtype.is_float else y
        for y, k in zip(outputs, known, strict=True)
    ]


def _combined(weighted: Sequence[tuple[float, Sequence[Tensor | None]]], count: int) -> list[Tensor | None]:
    """The weighted sum of lists of ``count`` values; ``None`` is zero."""
    total: list[Tensor | None] = [None] * count
    for weight, values in weighted:
        for k, value in enumerate(values):
            if value is not None:
                scaled = value if weight == 1 else multiply(value, weight)
                present = total[k]
                total[k] = scaled if present is None else add(present, scaled)
    return total


def _equation_on_jets(level: JetLevel, rule: Rule, inputs: Values) -> Tensor:
    """Coefficient after coefficient: each cancels that of the residual of all before."""
    primals = [level.coefficients(x)[0] for x in inputs]
    (output,) = _below(level, rule, primals)
    cancel = rule.correction(primals, output)
    known: dict[Index, Tensor] = {}
    reached: set[Index] = set()
    residual: Any = None
    for k, index in enumerate(level.algebra.indices):
        needed = {part for _, *parts in level.algebra.chain(index).terms for part in parts}
        if residual is None or not needed <= reached:
            residual = rule.residual(inputs, level.jet(output, known) if known else output)
            reached = set(level.algebra.indices[:k])
        value = level.coefficients(residual)[1](index)
        if value is not None:
            known[index] = cancel(value)
    return level.jet(output, known) if known else output


def _on_collapsed(level: CollapsedLevel, rule: Rule, inputs: Values) -> list[Any]:
    """The linear map on slopes and bends, and the change of the linear map along the slopes."""
    primals, slopes, bends = zip(*map(level.parts, inputs), strict=True)
    outputs = _below(level, rule, primals)
    full = [None if s is None else broadcast_to(s, shape=p.shape) for p, s in zip(primals, slopes, strict=True)]
    at_primals = rule.linear(primals, outputs)
    pushed, bent = at_primals(full), at_primals(bends)
    dual = JetLevel(DUAL)
    with entered(dual):
        at = [p if s is None else dual.jet(p, {_EPSILON: s}) for p, s in zip(primals, full, strict=True)]
        result = [y if s is None else dual.jet(y, {_EPSILON: s}) for y, s in zip(outputs, pushed, strict=True)]
        changed = [dual.coefficients(x)[1](_EPSILON) for x in rule.linear(at, result)(full)]
    curved = []
    for y, slope, bend, change in zip(outputs, pushed, bent, changed, strict=True):
        total = level.contracted(change)
        bend = total if bend is None else bend if total is None else add(bend, total)
        moves = isinstance(y, Tensor) and y.dtype.is_float and (slope is not None or bend is not None)
        curved.append(level.curved(y, slope, bend) if moves else y)
    return curved


def _on_batch(level: BatchLevel, rule: Rule, inputs: Values) -> list[Any]:
    batched = [getattr(x, "level", None) is level for x in inputs]
    everywhere = [x.primal if b else x for x, b in zip(inputs, batched, strict=True)]
    outputs = _below(level, _OverExamples(rule, batched), everywhere)
    return [level.batched(x) if isinstance(x, Tensor) else x for x in outputs]


class _OverExamples(Rule):
    """A rule over a further leading axis of some inputs, and of all outputs."""

    def __init__(self, rule: Rule, batched: Sequence[bool]) -> None:
        self._rule = rule
        self._axes = [0 if b else None for b in batched]
        self.name = rule.name
        self.is_equation = rule.is_equation

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

    def residual(self, inputs: Values, output: Tensor) -> Tensor:
        over = vmap(self._rule.residual, in_axes=(self._axes, 0))
        return over(list(inputs), output)  # type: ignore[no-any-return]

    def correction(self, inputs: Values, output: Tensor) -> Callable[[Tensor], Tensor]:
        over = vmap(lambda x, y, r: self._rule.correction(x, y)(r), in_axes=(self._axes, 0, 0))
        return lambda residual: over(list(inputs), output, residual)

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
