"""A function with a derivative of its own on jets: the chain rule, the partial being a linear map between jets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from dualtape.autodiff.levels.algebra import Index
from dualtape.autodiff.levels.scaled import Scaled, sum_of
from dualtape.core.composite import Values
from dualtape.core.interpreter import entered
from dualtape.primitives.arithmetic import add, multiply
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.jet import JetLevel
    from dualtape.autodiff.levels.rule import DerivativeRule, LinearMap, Tangents


def through_jets(level: JetLevel, rule: DerivativeRule, inputs: Values) -> list[Any]:
    """The outputs, coefficient after coefficient."""
    with ExitStack() as opened:
        return _through_jets(level, rule, inputs, opened)


def _through_jets(level: JetLevel, rule: DerivativeRule, inputs: Values, opened: ExitStack) -> list[Any]:
    primals, coefficients = zip(*(level.coefficients(x) for x in inputs), strict=True)
    outputs = level.below(rule, primals)
    known: list[dict[Index, Tensor]] = [{} for _ in outputs]
    done: set[Index] = set()
    reached: set[Index] = set()
    at_primals = rule.linear(primals, outputs)
    along: LinearMap | None = None
    lower = level

    def tangents(index: Index) -> Tangents:
        return [coefficient(index) for coefficient in coefficients]

    def term(left: Index, right: Index) -> Sequence[Tensor | None]:
        nonlocal along, lower, reached
        moving = tangents(left)
        if all(t is None for t in moving):
            return [None] * len(outputs)
        if along is None or right not in reached:
            # The rule may mention the outputs: they are known up to here, and that is as far as it looks. On jets of
            # no more coefficients, for then a rule that calls its own function comes to an end.
            reached = set(done)
            lower = opened.enter_context(entered(level.with_fewer(reached)))
            at = [_truncated(lower, x, c) for x, c in zip(primals, coefficients, strict=True)]
            along = rule.linear(at, [_truncated(lower, y, k.get) for y, k in zip(outputs, known, strict=True)])
        return [lower.coefficients(x)[1](right) for x in along(moving)]

    for index in level.algebra.indices:
        divisor, terms = level.algebra.chain(index)
        inner = _combined([(weight / divisor, term(left, right)) for weight, left, right in terms], len(outputs))
        moving = tangents(index)
        outer = at_primals(moving) if any(t is not None for t in moving) else [None] * len(outputs)
        for k, (a, b) in enumerate(zip(outer, inner, strict=True)):
            products = level.collapse(index, None if b is None else Scaled(b))
            value = sum_of([None if a is None else Scaled(a), products])
            if value is not None:
                known[k][index] = value.value
        done.add(index)
    return [
        level.jet(y, k) if k and isinstance(y, Tensor) and y.dtype.is_inexact else y
        for y, k in zip(outputs, known, strict=True)
    ]


def _truncated(level: JetLevel, primal: Any, coefficient: Callable[[Index], Tensor | None]) -> Any:
    """A jet of the coefficients that there are; without any, ``primal``."""
    found = {index: coefficient(index) for index in level.algebra.indices}
    present = {index: value for index, value in found.items() if value is not None}
    return level.jet(primal, present) if present else primal


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


def solve_on_jets(level: JetLevel, rule: DerivativeRule, inputs: Values) -> list[Any]:
    """The solution of an equation: each coefficient cancels that of the residual of all before."""
    primals = [level.coefficients(x)[0] for x in inputs]
    (output,) = level.below(rule, primals)
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
    return [level.jet(output, known) if known else output]
