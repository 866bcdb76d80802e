"""Forward levels and `vmap`: a condition or loop on lifted values is one on their parts.

Which parts the carry of a loop has is found by going round until it does not change: what starts as a constant may
become a jet after the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from dualtape.autodiff.levels import BatchLevel, CollapsedJetLevel, CollapsedLevel, JetLevel
from dualtape.compiler.program import Node, Program
from dualtape.control.apply import RULES, apply, evaluate
from dualtape.control.bodies import Body, Closed, sharing
from dualtape.control.lifting import BatchLifting, CollapsedJetLifting, CollapsedLifting, JetLifting, Lifting, Pattern
from dualtape.control.structured import Cond, Scan, Structured, Values, While
from dualtape.core.interpreter import entered
from dualtape.parameter import current_observer
from dualtape.primitives.movement import reshape
from dualtape.primitives.reduction import any as any_along
from dualtape.primitives.selection import where


def lifted(lifting: Lifting, operation: Structured, inputs: Values) -> list[Any]:
    """The outputs of ``operation`` on values of which some are on the level of ``lifting``."""
    if isinstance(operation, Cond):
        return _cond(lifting, operation, inputs)
    return _scan(lifting, operation, inputs) if isinstance(operation, Scan) else _while(lifting, operation, inputs)


def _on_parts(
    lifting: Lifting,
    run: Callable[[Values, Lifting], Sequence[Any]],
    inputs: Sequence[Node],
    patterns: Sequence[Pattern],
    wanted: Sequence[Pattern] | None = None,
) -> tuple[Closed, list[Pattern]]:
    """``run`` as a program from parts to parts, and the patterns of its outputs: those ``wanted``, or as found."""
    body = Body(current_observer().device)
    with entered(body):
        nodes = [[Node(s) for s in lifting.specs(x.spec, p)] for x, p in zip(inputs, patterns, strict=True)]
        with lifting.inside() as inner:
            values = [
                inner.whole([body.traced(node) for node in group], p) for group, p in zip(nodes, patterns, strict=True)
            ]
            outputs = run(values, inner)
            found = [inner.pattern(y) for y in outputs] if wanted is None else list(wanted)
            parts = [part for y, p in zip(outputs, found, strict=True) for part in inner.parts(y, p)]
        return body.closed([node for group in nodes for node in group], parts), found


def _program(program: Program) -> Callable[[Values, Lifting], list[Any]]:
    return lambda values, inner: evaluate(program, values)


def _take_apart(lifting: Lifting, values: Values, patterns: Sequence[Pattern], stacked: bool = False) -> list[Any]:
    return [part for x, p in zip(values, patterns, strict=True) for part in lifting.parts(x, p, stacked)]


def _count(lifting: Lifting, nodes: Sequence[Node], patterns: Sequence[Pattern]) -> int:
    return sum(len(lifting.specs(node.spec, p)) for node, p in zip(nodes, patterns, strict=True))


def _put_together(
    lifting: Lifting, parts: Sequence[Any], nodes: Sequence[Node], patterns: Sequence[Pattern], carried: int
) -> list[Any]:
    """Outputs of their parts; those behind the first ``carried`` are stacks."""
    values = []
    rest = list(parts)
    for k, (node, pattern) in enumerate(zip(nodes, patterns, strict=True)):
        n = len(lifting.specs(node.spec, pattern))
        values.append(lifting.whole(rest[:n], pattern, stacked=k >= carried))
        rest = rest[n:]
    return values


def _cond(lifting: Lifting, cond: Cond, inputs: Values) -> list[Any]:
    predicate, *operands = inputs
    if isinstance(lifting, BatchLifting) and lifting.pattern(predicate):
        branches = zip(evaluate(cond.true, operands), evaluate(cond.false, operands), strict=True)
        return [where(predicate, x, y) for x, y in branches]
    patterns = [lifting.pattern(x) for x in operands]
    runs = [_program(cond.true), _program(cond.false)]
    found = [_on_parts(lifting, run, cond.true.inputs, patterns)[1] for run in runs]
    wanted = [lifting.union(p, q) for p, q in zip(*found, strict=True)]
    (true, false), captured = sharing(*(_on_parts(lifting, run, cond.true.inputs, patterns, wanted)[0] for run in runs))
    parts = apply(Cond(true, false), [predicate, *captured, *_take_apart(lifting, operands, patterns)])
    return _put_together(lifting, parts, cond.true.results, wanted, len(wanted))


def _settled(lifting: Lifting, carried: Sequence[Pattern], after: Callable[[list[Pattern]], Any]) -> list[Pattern]:
    """The patterns of a carry that a step does not change any more; ``after`` gives those after one step."""
    patterns = list(carried)
    while True:
        grown = [lifting.union(p, q) for p, q in zip(patterns, after(patterns), strict=False)]
        if grown == patterns:
            return patterns
        patterns = grown


def _scan(lifting: Lifting, scan: Scan, inputs: Values) -> list[Any]:
    consts, carry, stacks = scan.split(inputs)
    fixed, rows = [lifting.pattern(x) for x in consts], [lifting.pattern(x) for x in stacks]
    body, nodes = _program(scan.body), scan.body.inputs

    def after(carried: list[Pattern]) -> list[Pattern]:
        return _on_parts(lifting, body, nodes, [*fixed, *carried, *rows])[1]

    carried = _settled(lifting, [lifting.pattern(x) for x in carry], after)
    wanted = [*carried, *after(carried)[scan.carried :]]
    (program,), captured = sharing(_on_parts(lifting, body, nodes, [*fixed, *carried, *rows], wanted)[0])
    start = scan.consts + scan.carried
    new = replace(
        scan,
        body=program,
        consts=len(captured) + _count(lifting, nodes[: scan.consts], fixed),
        carried=_count(lifting, nodes[scan.consts : start], carried),
    )
    parts = [
        *captured,
        *_take_apart(lifting, consts, fixed),
        *_take_apart(lifting, carry, carried),
        *_take_apart(lifting, stacks, rows, stacked=True),
    ]
    return _put_together(lifting, apply(new, parts), scan.body.results, wanted, scan.carried)


def _while(lifting: Lifting, loop: While, inputs: Values) -> list[Any]:
    consts, carry = list(inputs[: loop.consts]), list(inputs[loop.consts :])
    fixed = [lifting.pattern(x) for x in consts]
    condition, body, nodes = _program(loop.condition), _program(loop.body), loop.body.inputs

    def after(carried: list[Pattern]) -> list[Pattern]:
        return _on_parts(lifting, body, nodes, [*fixed, *carried])[1]

    carried = _settled(lifting, [lifting.pattern(x) for x in carry], after)
    goes_on, (differs,) = _on_parts(lifting, condition, nodes, [*fixed, *carried])
    if isinstance(lifting, BatchLifting) and differs:
        # Each example goes on for as long as it wants to, and then waits for the others.
        carried = [True] * len(carry)
        condition, body = _any_wants_to_go_on(loop), _step_of_those_that_want(loop)
        goes_on, _ = _on_parts(lifting, condition, nodes, [*fixed, *carried])
    step, _ = _on_parts(lifting, body, nodes, [*fixed, *carried], carried)
    (program, next_carry), captured = sharing(goes_on, step)
    new = While(program, next_carry, len(captured) + _count(lifting, nodes[: loop.consts], fixed))
    parts = apply(new, [*captured, *_take_apart(lifting, consts, fixed), *_take_apart(lifting, carry, carried)])
    return _put_together(lifting, parts, loop.body.results, carried, len(carry))


def _any_wants_to_go_on(loop: While) -> Callable[[Values, Lifting], list[Any]]:
    def run(values: Values, inner: Lifting) -> list[Any]:
        assert isinstance(inner, BatchLifting)
        (going,) = inner.parts(evaluate(loop.condition, values)[0], True)
        return [reshape(any_along(going, axes=(0,)), shape=())]

    return run


def _step_of_those_that_want(loop: While) -> Callable[[Values, Lifting], list[Any]]:
    def run(values: Values, inner: Lifting) -> list[Any]:
        (going,) = evaluate(loop.condition, values)
        moved = evaluate(loop.body, values)
        return [where(going, new, old) for new, old in zip(moved, values[loop.consts :], strict=True)]

    return run


RULES[JetLevel] = lambda level, operation, inputs: lifted(JetLifting(level), operation, inputs)
RULES[CollapsedJetLevel] = lambda level, operation, inputs: lifted(CollapsedJetLifting(level), operation, inputs)
RULES[BatchLevel] = lambda level, operation, inputs: lifted(BatchLifting(level), operation, inputs)
RULES[CollapsedLevel] = lambda level, operation, inputs: lifted(CollapsedLifting(level), operation, inputs)
