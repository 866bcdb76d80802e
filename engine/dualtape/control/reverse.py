"""Reverse mode inside `jit`: the gradient of a condition is a condition, that of a scan a scan in reverse.

A scan of few steps keeps the carry of each, and goes back step by step, each of which runs again where it stands. A
long one of n steps is read as a scan of about sqrt(n) segments, each a scan of sqrt(n) steps: kept are the carries at
the starts of all segments and, while the walk is in a segment, those of its steps. Memory for 2 sqrt(n) carries and
one step, work of three evaluations of the body and one reverse sweep for each step.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12 (checkpointing at uniform distances).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import compress
from math import isqrt
from typing import Any

from dualtape.autodiff.levels import Cotangents, Tape, record_call
from dualtape.compiler.program import Program
from dualtape.control.apply import RULES, apply, evaluate
from dualtape.control.bodies import close, spec_of
from dualtape.control.structured import Cond, Scan, Structured, Values
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.errors import TracingError
from dualtape.functions.creation import zeros_like
from dualtape.parameter import current_observer
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate, cut, reshape

Mask = Sequence[bool]
FEW = 16
"""A scan of no more steps keeps every carry."""


def on_tape(tape: Tape, operation: Structured, inputs: Values) -> list[Any]:
    """The outputs, as those of one entry on the tape; a long scan makes several entries."""
    if isinstance(operation, Scan) and operation.length > FEW and not operation.stored:
        return _in_segments(operation, inputs)
    watched = [getattr(x, "level", None) is tape for x in inputs]
    primals = [tape.primal(x) for x in inputs]
    if isinstance(operation, Cond):
        outputs, pull = _cond(operation, primals, watched)
    elif isinstance(operation, Scan):
        outputs, pull = _scan(operation, primals, watched)
    else:
        raise TracingError(
            "reverse mode through a `while_loop` inside `jit`: how many steps it will take, and so how many values to "
            "keep, is not known while it is traced; use `fori_loop` with Python numbers as bounds or `scan` (with "
            "`cond` or `where` to stop early), differentiate it forward (`jvp`, `partials`), or leave the loop outside "
            "`jit`"
        )
    return record_call(tape, inputs, outputs, pull)


RULES[Tape] = on_tape

Pull = Callable[[Cotangents], Cotangents]


def _close(function: Callable[..., Sequence[Any]], specs: Sequence[Spec]) -> Program:
    return close(function, specs, current_observer().device).program


def _pulled(program: Program, inputs: Values, watched: Mask, seeds: dict[int, Any]) -> list[Any]:
    """Cotangents of the watched inputs of a program, given those of some outputs."""
    tape = Tape()
    with entered(tape):
        variables = [tape.watch(x) if w else x for x, w in zip(inputs, watched, strict=True)]
        outputs = evaluate(program, variables)
    given = [(outputs[k], ct) for k, ct in seeds.items() if getattr(outputs[k], "level", None) is tape]
    ours = list(compress(variables, watched))
    found = tape.pull_back(given, ours)
    return [zeros_like(x.primal) if ct is None else ct for x, ct in zip(ours, found, strict=True)]


def _moving(program: Program, watched: Mask) -> list[bool]:
    """Which outputs of a program depend on the watched inputs."""
    found: list[bool] = []

    def run(*inputs: Any) -> list[Any]:
        tape = Tape()
        with entered(tape):
            outputs = evaluate(program, [tape.watch(x) if w else x for x, w in zip(inputs, watched, strict=True)])
        found[:] = [getattr(y, "level", None) is tape for y in outputs]
        return []

    _close(run, [node.spec for node in program.inputs])
    return found


def _given(cotangents: Cotangents) -> dict[int, Any]:
    return {k: ct for k, ct in enumerate(cotangents) if ct is not None}


def _spread(watched: Mask, found: Sequence[Any]) -> Cotangents:
    """One cotangent for each input: ``found`` for those that are watched."""
    rest = iter(found)
    return [next(rest) if w else None for w in watched]


def _cond(cond: Cond, primals: list[Any], watched: list[bool]) -> tuple[list[Any], Pull]:
    operands, active = primals[1:], watched[1:]

    def pull(cotangents: Cotangents) -> Cotangents:
        given = _given(cotangents)
        n = len(operands)

        def transposed(branch: Program) -> Program:
            def run(*values: Any) -> list[Any]:
                return _pulled(branch, values[:n], active, dict(zip(given, values[n:], strict=True)))

            return _close(run, [*map(spec_of, operands), *map(spec_of, given.values())])

        reversed_cond = Cond(transposed(cond.true), transposed(cond.false))
        return _spread(watched, apply(reversed_cond, [primals[0], *operands, *given.values()]))

    return apply(cond, primals), pull


def _in_segments(scan: Scan, inputs: Values) -> list[Any]:
    """A long scan as a scan of scans, and a shorter one for the steps that are left over."""
    consts, carry, stacks = scan.split(inputs)
    steps = isqrt(scan.length - 1) + 1
    count, rest = divmod(scan.length, steps)
    first = rest if scan.reverse else 0
    rows = [_shaped(_rows(x, first, count * steps), (count, steps, *x.shape[1:])) for x in stacks]
    segment = replace(scan, length=steps, stored=True)
    specs = [*map(spec_of, (*consts, *carry)), *(Spec(x.shape[1:], x.dtype) for x in rows)]
    body = _close(lambda *values: apply(segment, values), specs)
    outputs = apply(replace(scan, body=body, length=count, stored=True), [*consts, *carry, *rows])
    carry, results = outputs[: scan.carried], outputs[scan.carried :]
    results = [_shaped(y, (count * steps, *y.shape[2:])) for y in results]
    if rest:
        rows = [_rows(x, 0 if scan.reverse else count * steps, rest) for x in stacks]
        tail = apply(replace(scan, length=rest, stored=True), [*consts, *carry, *rows])
        carry, others = tail[: scan.carried], tail[scan.carried :]
        pairs = zip(others, results, strict=True) if scan.reverse else zip(results, others, strict=True)
        results = [concatenate(x, y, axis=0) for x, y in pairs]
    return [*carry, *results]


def _scan(scan: Scan, primals: list[Any], watched: list[bool]) -> tuple[list[Any], Pull]:
    """A scan that keeps the carry of every step."""
    body, carried = scan.body, scan.carried
    consts, carry, stacks = scan.split(primals)
    before = body.inputs[scan.consts : scan.consts + carried]
    recording = Program(body.inputs, body.equations, (*body.outputs[:carried], *before, *body.outputs[carried:]))
    outputs = apply(replace(scan, body=recording), primals)
    carries = outputs[carried : 2 * carried]
    active = _active(scan, watched)
    by_const, by_carry, _ = scan.split(active)
    moving = list(compress(range(carried), by_carry))
    n, k, m = scan.consts, sum(by_carry), sum(by_const)

    def pull(cotangents: Cotangents) -> Cotangents:
        rows = {i: ct for i, ct in enumerate(cotangents) if i >= carried and ct is not None}
        state = [*(_or_zeros(cotangents[i], carry[i]) for i in moving), *map(zeros_like, compress(consts, by_const))]
        along = [*carries, *stacks, *rows.values()]

        def step(*values: Any) -> list[Any]:
            fixed, arrived, total = values[:n], values[n : n + k], values[n + k : n + k + m]
            inputs, given = values[n + k + m : n + k + m + carried + len(stacks)], values[len(values) - len(rows) :]
            seeds = dict(zip((*moving, *rows), (*arrived, *given), strict=True))
            found = _pulled(body, [*fixed, *inputs], active, seeds)
            sums = [add(x, y) for x, y in zip(total, found[:m], strict=True)]
            return [*found[m : m + k], *sums, *found[m + k :]]

        specs = [*map(spec_of, (*consts, *state)), *(Spec(x.shape[1:], x.dtype) for x in along)]
        back = replace(scan, body=_close(step, specs), carried=k + m, reverse=not scan.reverse)
        found = apply(back, [*consts, *state, *along])
        spread = _spread(active, [*found[k : k + m], *found[:k], *found[k + m :]])
        return [x if w else None for x, w in zip(spread, watched, strict=True)]

    return [*outputs[:carried], *outputs[2 * carried :]], pull


def _active(scan: Scan, watched: Mask) -> list[bool]:
    """Which inputs of the body get cotangents: those that are watched, and the carry that depends on them."""
    consts, carry, stacks = scan.split(watched)
    while True:
        moving = _moving(scan.body, [*consts, *carry, *stacks])[: scan.carried]
        grown = [a or b for a, b in zip(carry, moving, strict=True)]
        if grown == carry:
            return [*consts, *carry, *stacks]
        carry = grown


def _shaped(x: Any, shape: tuple[int, ...]) -> Any:
    return reshape(x, shape=shape)


def _rows(stack: Any, start: int, count: int) -> Any:
    shape = stack.shape
    if count == shape[0]:
        return stack
    zeros = (0,) * (len(shape) - 1)
    return cut(stack, starts=(start, *zeros), sizes=(count, *shape[1:]), steps=(1,) * len(shape))


def _or_zeros(cotangent: Any, like: Any) -> Any:
    return zeros_like(like) if cotangent is None else cotangent
