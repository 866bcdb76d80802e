"""A loop of an unknown number of steps inside `jit`, and what forward derivatives and `vmap` make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dualtape.autodiff.levels import PartsLevel, Present
from dualtape.compiler.program import WHILE, Program, evaluate
from dualtape.control.bodies import sharing
from dualtape.control.on_parts import all_parts, count_parts, evaluation, on_parts, settled, wholes
from dualtape.control.on_tape import Mask
from dualtape.control.structured import Structured
from dualtape.core.composite import PullBack, Values
from dualtape.core.interpreter import apply
from dualtape.errors import TracingError
from dualtape.primitives.selection import where


@dataclass(frozen=True)
class While(Structured):
    """``body`` on constants and carry, for as long as ``condition`` on the same says so."""

    condition: Program
    body: Program
    consts: int

    kind = WHILE
    name = "while_loop"

    def on_parts(self, level: PartsLevel, inputs: Values) -> list[Any]:
        consts, carry = list(inputs[: self.consts]), list(inputs[self.consts :])
        fixed = [level.present(x) for x in consts]
        condition, body, nodes = evaluation(self.condition), evaluation(self.body), self.body.inputs

        def after(carried: list[Present]) -> list[Present]:
            return on_parts(level, body, nodes, [*fixed, *carried])[1]

        carried = settled(level, carry, after)
        goes_on, (differs,) = on_parts(level, condition, nodes, [*fixed, *carried])
        if level.is_several(differs):
            # Each of them goes on for as long as it wants to, and then waits for the others.
            carried = [differs] * len(carry)
            condition, body = self._any_wants_to_go_on, self._step_of_those_that_want
            goes_on, _ = on_parts(level, condition, nodes, [*fixed, *carried])
        step, _ = on_parts(level, body, nodes, [*fixed, *carried], carried)
        (program, next_carry), captured = sharing(goes_on, step)
        loop = While(program, next_carry, len(captured) + count_parts(level, nodes[: self.consts], fixed))
        parts = apply(loop, [*captured, *all_parts(level, consts, fixed), *all_parts(level, carry, carried)])
        return wholes(level, parts, self.body.results, carried, len(carry))

    def _any_wants_to_go_on(self, values: Values, inner: PartsLevel) -> list[Any]:
        return [inner.any_of_several(evaluate(self.condition, values)[0])]

    def _step_of_those_that_want(self, values: Values, inner: PartsLevel) -> list[Any]:
        (going,) = evaluate(self.condition, values)
        moved = evaluate(self.body, values)
        return [where(going, new, old) for new, old in zip(moved, values[self.consts :], strict=True)]

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        raise TracingError(
            "reverse mode through a `while_loop` inside `jit`: how many steps it will take, and so how many values to "
            "keep, is not known while it is traced; use `fori_loop` with Python numbers as bounds or `scan` (with "
            "`cond` or `where` to stop early), differentiate it forward (`jvp`, `partials`), or leave the loop outside "
            "`jit`"
        )
