"""A loop of known length inside `jit`, and what derivatives make of it: the gradient of a scan is a scan in reverse.

A scan of few steps keeps the carry of each, and goes back step by step, each of which runs again where it stands. A
long one of n steps is read as a scan of about sqrt(n) segments, each a scan of sqrt(n) steps: kept are the carries at
the starts of all segments and, while the walk is in a segment, those of its steps. Memory for 2 sqrt(n) carries and
one step, work of three evaluations of the body and one reverse sweep for each step.

Reference: Griewank & Walther, *Evaluating Derivatives*, 2nd ed., chapter 12 (checkpointing at uniform distances).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import isqrt
from typing import Any, NamedTuple

from dualtape.autodiff.levels import PartsLevel, Present
from dualtape.autodiff.transforms import checkpoint
from dualtape.compiler.program import SCAN, Program
from dualtape.control.bodies import Mask, close_here, close_step, close_unset, moving, pulled, sharing
from dualtape.control.flat import Flat, described, flat, require_same
from dualtape.control.on_parts import all_parts, count_parts, evaluation, on_parts, settled, wholes
from dualtape.control.structured import Structured, row_spec, value_spec
from dualtape.core.composite import Cotangents, PullBack, Values, spread
from dualtape.core.interpreter import apply, value_of
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ArgumentTypeError
from dualtape.functions.creation import zeros_like
from dualtape.functions.shape import concat, stack
from dualtape.parameter import set_all
from dualtape.primitives.arithmetic import add
from dualtape.primitives.movement import concatenate, cut, reshape
from dualtape.tensor import Tensor

FEW = 16
"""A scan of no more steps keeps every carry."""


@dataclass(frozen=True)
class ScanLoop(Structured):
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
        rows = [reshape(_rows(x, first, count * steps), shape=(count, steps, *x.shape[1:])) for x in stacks]
        segment = replace(self, length=steps, stored=True)
        specs = [*map(value_spec, (*consts, *carry)), *map(row_spec, rows)]
        (body,), captured = sharing(close_here(lambda *values: apply(segment, values), specs))
        whole = replace(self, body=body, consts=self.consts + len(captured), length=count, stored=True)
        outputs = apply(whole, [*captured, *consts, *carry, *rows])
        carry, results = outputs[: self.carried], outputs[self.carried :]
        results = [reshape(y, shape=(count * steps, *y.shape[2:])) for y in results]
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
            state = [zeros_like(carry[i]) if cotangents[i] is None else cotangents[i] for i in moved]
            state += map(zeros_like, compress(consts, by_const))
            along = [*carries, *stacks, *rows.values()]

            def step(*values: Any) -> list[Any]:
                fixed, arrived, total = values[:n], values[n : n + k], values[n + k : n + k + m]
                at, given = values[n + k + m : n + k + m + carried + len(stacks)], values[len(values) - len(rows) :]
                found = pulled(body, [*fixed, *at], active, dict(zip((*moved, *rows), (*arrived, *given), strict=True)))
                sums = [add(x, y) for x, y in zip(total, found[:m], strict=True)]
                return [*found[m : m + k], *sums, *found[m + k :]]

            specs = [*map(value_spec, (*consts, *state)), *map(row_spec, along)]
            (program,), captured = sharing(close_here(step, specs))
            first = self.consts + len(captured)
            back = replace(self, body=program, consts=first, carried=k + m, reverse=not self.reverse)
            found = apply(back, [*captured, *consts, *state, *along])
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


def _rows(stack: Any, start: int, count: int) -> Any:
    shape = stack.shape
    if count == shape[0]:
        return stack
    zeros = (0,) * (len(shape) - 1)
    return cut(stack, starts=(start, *zeros), sizes=(count, *shape[1:]), steps=(1,) * len(shape))


class Steps(NamedTuple):
    """What a scan does to a first carry, row by row; ``named`` is the user's own function, and ``title`` its loop."""

    f: Callable[..., Any]
    named: Callable[..., Any]
    first: Flat
    rows: Flat
    device: Device
    title: str

    def one_by_one(self, length: int) -> tuple[Any, Any]:
        """The last carry, and the stacks of outputs."""
        carry, rows = self.first, self.rows
        outputs: list[Flat] = []
        for i in range(length):
            row = rows.filled([reshape(_rows(x, i, 1), shape=x.shape[1:]) for x in rows.tensors])
            carry, y = self._step(carry.filled(carry.tensors), row)
            if outputs:
                what = f"the output of {described(self.named)} of `{self.title}`"
                require_same(outputs[0], y, what, "its first output")
            outputs.append(y)
        if not outputs:
            return carry.filled(carry.tensors), self._no_outputs()
        stacks = [stack(list(values)) for values in zip(*(y.tensors for y in outputs), strict=True)]
        return carry.filled(carry.tensors), outputs[0].filled(stacks)

    def in_segments(self, length: int) -> tuple[Any, Any]:
        """The same, in about sqrt(length) segments, of which a tape remembers the starts only."""
        size = isqrt(length - 1) + 1
        carry, rows = self.first, self.rows
        pieces: list[Flat] = []
        for start in range(0, length, size):
            count = min(size, length - start)

            def segment(carry: Any, part: Any, count: int = count) -> Any:
                steps = self._replace(first=flat(carry, self.device), rows=flat(part, self.device))
                return steps.one_by_one(count)

            part = rows.filled([_rows(x, start, count) for x in rows.tensors])
            last, ys = checkpoint(segment)(carry.filled(carry.tensors), part)
            carry = flat(last, self.device)
            pieces.append(flat(ys, self.device))
        joined = [concat(parts, 0) for parts in zip(*(piece.tensors for piece in pieces), strict=True)]
        return carry.filled(carry.tensors), pieces[0].filled(joined)

    def written(self, length: int) -> tuple[Any, Any]:
        """The same, as one equation of the program that is being written."""
        outputs: list[Flat] = []

        def run(*tensors: Any) -> list[Any]:
            carry, y = self._step(*self._apart(tensors))
            outputs.append(y)
            return [*carry.tensors, *y.tensors]

        n = len(self.first.tensors)
        closed, held = close_step(self.title, run, self._specs(), self.device, n)
        (body,), captured = sharing(closed)
        first = [*self.first.tensors, *(value_of(parameter) for parameter in held.parameters)]
        found = apply(ScanLoop(body, len(captured), len(first), length), [*captured, *first, *self.rows.tensors])
        others, values = held.parted(found)
        set_all(held.parameters, values.values())
        return self.first.filled(others[:n]), outputs[0].filled(others[n:])

    def _no_outputs(self) -> Any:
        """Stacks of no rows, of the shapes that a step would give."""
        found: list[Flat] = []

        def run(*tensors: Any) -> list[Any]:
            found.append(self._step(*self._apart(tensors))[1])
            return []

        close_unset(run, self._specs(), self.device)
        (y,) = found
        return y.filled([Tensor(0, dtype=x.dtype, shape=(0, *x.shape), device=self.device) for x in y.tensors])

    def _step(self, carry: Any, row: Any) -> tuple[Flat, Flat]:
        found = self.f(carry, row)
        name = f"{described(self.named)} of `{self.title}`"
        if not isinstance(found, tuple) or len(found) != 2:
            kind = f"a tuple of {len(found)}" if isinstance(found, tuple) else type(found).__name__
            raise ArgumentTypeError(f"{name} must return a pair (carry, output), got {kind}")
        after, y = flat(found[0], self.device), flat(found[1], self.device)
        require_same(self.first, after, f"the carry that {name} returns", "`init`")
        return after, y

    def _specs(self) -> list[Spec]:
        return [*map(value_spec, self.first.tensors), *map(row_spec, self.rows.tensors)]

    def _apart(self, tensors: Sequence[Any]) -> tuple[Any, Any]:
        n = len(self.first.tensors)
        return self.first.filled(tensors[:n]), self.rows.filled(tensors[n:])
