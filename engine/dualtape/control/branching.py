"""A condition inside `jit`, and what derivatives make of it: the gradient of a condition is a condition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dualtape.autodiff.levels import PartsLevel
from dualtape.compiler.program import COND, Program, evaluate
from dualtape.control.bodies import sharing
from dualtape.control.on_parts import all_parts, evaluation, on_parts, wholes
from dualtape.control.on_tape import Mask, close_here, pulled, spread
from dualtape.control.structured import Structured, value_spec
from dualtape.core.composite import Cotangents, PullBack, Values
from dualtape.core.interpreter import apply
from dualtape.primitives.selection import where


@dataclass(frozen=True)
class Cond(Structured):
    """``true`` or ``false`` on the operands that follow the predicate."""

    true: Program
    false: Program

    kind = COND
    name = "cond"

    def on_parts(self, level: PartsLevel, inputs: Values) -> list[Any]:
        predicate, *operands = inputs
        if level.is_several(level.present(predicate)):
            branches = zip(evaluate(self.true, operands), evaluate(self.false, operands), strict=True)
            return [where(predicate, x, y) for x, y in branches]
        present = [level.present(x) for x in operands]
        runs = [evaluation(self.true), evaluation(self.false)]
        found = [on_parts(level, run, self.true.inputs, present)[1] for run in runs]
        wanted = [level.union(p, q) for p, q in zip(*found, strict=True)]
        (true, false), captured = sharing(*(on_parts(level, run, self.true.inputs, present, wanted)[0] for run in runs))
        parts = apply(Cond(true, false), [predicate, *captured, *all_parts(level, operands, present)])
        return wholes(level, parts, self.true.results, wanted, len(wanted))

    def pull_back(self, inputs: Values, watched: Mask) -> tuple[list[Any], PullBack]:
        predicate, *operands = inputs
        n = len(operands)

        def pull(cotangents: Cotangents) -> Cotangents:
            seeds = {k: ct for k, ct in enumerate(cotangents) if ct is not None}

            def transposed(branch: Program) -> Program:
                def run(*values: Any) -> list[Any]:
                    return pulled(branch, values[:n], watched[1:], dict(zip(seeds, values[n:], strict=True)))

                return close_here(run, [*map(value_spec, operands), *map(value_spec, seeds.values())])

            reversed_cond = Cond(transposed(self.true), transposed(self.false))
            return spread(watched, apply(reversed_cond, [predicate, *operands, *seeds.values()]))

        return apply(self, inputs), pull
