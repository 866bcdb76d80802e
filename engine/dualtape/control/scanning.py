"""A loop of known length inside `jit`, and what derivatives make of it: the gradient of a scan is a scan in reverse.

A scan of few steps keeps the carry of each, and goes back step by step, each of which runs again where it stands. A
long one of n steps is read as a scan of about sqrt(n) segments, each a scan of sqrt(n) steps: kept are the carries at
the starts of all segments and, while the walk is in a segment, those of its steps. Memory for 2 sqrt(n) carries and
one step, work of three evaluations of the body and one reverse sweep for each step.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12 (checkpointing at uniform distances).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import isqrt
from typing import Any

from dualtape.autodiff.levels import PartsLevel, Present
from dualtape.compiler.program import SCAN, Program
from dualtape.control.bodies import sharing
from dualtape.control.on_parts import all_parts, count_parts, evaluation, on_parts, settled, wholes
from dualtape.control.on_tape import Mask, close_here, moving, pulled, spread
from dualtape.control.structured import Structured, row_spec, value_spec
from dualtape.core.composite import Cotangents, PullBack, Values
from dualtape.core.interpreter import apply
from dualtape.functions.creation import zeros_like
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate, cut, reshape

FEW = 16
"""A scan of no more steps keeps every carry."""


@dataclass(frozen=True)
class Scan(Structured):
    """``body`` on constants, carry and one row of each stack, from the first row to the last, or back.

    Inputs are constants, the first carry and the stacks; outputs the last carry, and the rows of all other outputs of
    ``body`` as stacks. ``stored`` says that reverse mode keeps the carry of every step, however many there are.
    """

    body: Program
    consts: int
    carried: int
    length: int
    reverse: bool = False
    stored: bool = False

    kind = SCAN
    name = "scan"

    def split(self, inputs: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Constants, carry and stacks."""
        first = self.consts + self.carried
        return list(inputs[: self.consts]), list(inputs[self.consts : first]), list(inputs[first:])

    def on_parts(self, level: PartsLevel, inputs: Values) -> list[Any]:
        consts, carry, stacks = self.split(inputs)
        fixed, rows = [level.present(x) for x in consts], [level.present(x) for x in stacks]
        body, nodes = evaluation(self.body), self.body.inputs

        def after(carried: list[Present]) -> list[Present]:
            return on_parts(level, body, nodes, [*fixed, *carried, *rows])[1]

        carried = settled(level, carry, after)
        wanted = [*carried, *after(carried)[self.carried :]]
        (program,), captured = sharing(on_parts(level, body, nodes, [*fixed, *carried, *rows], wanted)[0])
        start = self.consts + self.carried
        scan = replace(
            self,
            body=program,
            consts=len(captured) + count_parts(level, nodes[: self.consts], fixed),
            carried=count_parts(level, nodes[self.consts : start], carried),
        )
        parts = [
            *captured,
            *all_parts(level, consts, fixed),
            *all_parts(level, carry, carried),
            *all_parts(level, stacks, rows, stacked=True),
        ]
        return wholes(level, apply(scan, parts), self.body.results, wanted, self.carried)

    def in_pieces(self, inputs: Values) -> list[Any] | None:
        """A long scan as a scan of scans, and a shorter one for the steps that are left over."""
        if self.length <= FEW or self.stored:
            return None
        consts, carry, stacks = self.split(inputs)
        steps = isqrt(self.length - 1) + 1
        count, rest = divmod(self.length, steps)
        first = rest if self.reverse else 0
        rows = [_shaped(_rows(x, first, count * steps), (count, steps, *x.shape[1:])) for x in stacks]
        segment = replace(self, length=steps, stored=True)
        specs = [*map(value_spec, (*consts, *carry)), *map(row_spec, rows)]
        body = close_here(lambda *values: apply(segment, values), specs)
        outputs = apply(replace(self, body=body, length=count, stored=True), [*consts, *carry, *rows])
        carry, results = outputs[: self.carried], outputs[self.carried :]
        results = [_shaped(y, (count * steps, *y.shape[2:])) for y in results]
        if rest:
            rows = [_rows(x, 0 if self.reverse else count * steps, rest) for x in stacks]
            tail = apply(replace(self, length=rest, stored=True), [*consts, *carry, *rows])
            carry, others = tail[: self.carried], tail[self.carried :]
            pairs = zip(others, results, strict=True) if self.reverse else zip(results, others, strict=True)
            results = [concatenate(x, y, axis=0) for x, y in pairs]
        return [*carry, *results]

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        """The scan keeps the carry of every step."""
        body, carried = self.body, self.carried
        consts, carry, stacks = self.split(inputs)
        before = body.inputs[self.consts : self.consts + carried]
        recording = Program(body.inputs, body.equations, (*body.outputs[:carried], *before, *body.outputs[carried:]))
        outputs = apply(replace(self, body=recording), inputs)
        carries = outputs[carried : 2 * carried]
        active = self._active(watched)
        by_const, by_carry, _ = self.split(active)
        moved = list(compress(range(carried), by_carry))
        n, k, m = self.consts, sum(by_carry), sum(by_const)

        def pull(cotangents: Cotangents) -> Cotangents:
            rows = {i: ct for i, ct in enumerate(cotangents) if i >= carried and ct is not None}
            state = [_or_zeros(cotangents[i], carry[i]) for i in moved]
            state += map(zeros_like, compress(consts, by_const))
            along = [*carries, *stacks, *rows.values()]

            def step(*values: Any) -> list[Any]:
                fixed, arrived, total = values[:n], values[n : n + k], values[n + k : n + k + m]
                at, given = values[n + k + m : n + k + m + carried + len(stacks)], values[len(values) - len(rows) :]
                found = pulled(body, [*fixed, *at], active, dict(zip((*moved, *rows), (*arrived, *given), strict=True)))
                sums = [add(x, y) for x, y in zip(total, found[:m], strict=True)]
                return [*found[m : m + k], *sums, *found[m + k :]]

            program = close_here(step, [*map(value_spec, (*consts, *state)), *map(row_spec, along)])
            back = replace(self, body=program, carried=k + m, reverse=not self.reverse)
            found = apply(back, [*consts, *state, *along])
            by_input = spread(active, [*found[k : k + m], *found[:k], *found[k + m :]])
            return [x if w else None for x, w in zip(by_input, watched, strict=True)]

        return [*outputs[:carried], *outputs[2 * carried :]], pull

    def _active(self, watched: Mask) -> list[bool]:
        """Which inputs of the body get cotangents: those that are watched, and the carry that depends on them."""
        consts, carry, stacks = self.split(watched)
        while True:
            moves = moving(self.body, [*consts, *carry, *stacks])[: self.carried]
            grown = [a or b for a, b in zip(carry, moves, strict=True)]
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
