"""Passes: each is a small pure function from program to program that keeps its meaning."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from dualtape.bits import exact_key
from dualtape.compiler.passes.pruning import drop_unread_outputs
from dualtape.compiler.program import Control, Equation, KnownNode, Node, Operand, Program, with_inner
from dualtape.core.primitive import Primitive
from dualtape.primitives.arithmetic import add, multiply, negative, strong_multiply, subtract
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_primitive
from dualtape.primitives.gathering import inside_axis
from dualtape.primitives.movement import cut, permute, reshape
from dualtape.primitives.rounding import stop_gradient
from dualtape.primitives.selection import cast

Pass = Callable[[Program], Program]


class _Rewriting(dict[Node, Operand]):
    """What each node of the old program is in the new one, where that is something else."""

    def now(self, operands: tuple[Operand, ...]) -> tuple[Operand, ...]:
        return tuple(self.get(x, x) if isinstance(x, Node) else x for x in operands)

    def read(self, equation: Equation) -> Equation:
        operands = self.now(equation.operands)
        if all(map(operator.is_, operands, equation.operands)):
            return equation
        return replace(equation, operands=operands)

    def finish(self, program: Program, equations: list[Equation]) -> Program:
        return Program(program.inputs, tuple(equations), self.now(program.outputs))


def remove_dead_code(program: Program) -> Program:
    """Leave out equations whose output nobody reads."""
    alive = set(program.results)
    kept = []
    for equation in reversed(program.equations):
        if equation.output in alive:
            kept.append(equation)
            alive.update(equation.reads)
    return Program(program.inputs, tuple(reversed(kept)), program.outputs)


def merge_common(program: Program) -> Program:
    """Compute equal expressions once."""
    rewriting = _Rewriting()
    seen: dict[Any, Node] = {}
    equations = []
    for old in program.equations:
        equation = rewriting.read(old)
        params = tuple((name, exact_key(equation.params[name])) for name in sorted(equation.params))
        key = (equation.primitive, *(x if isinstance(x, Node) else exact_key(x) for x in equation.operands), params)
        if key in seen:
            rewriting[old.output] = seen[key]
        else:
            seen[key] = equation.output
            equations.append(equation)
    return rewriting.finish(program, equations)


def without_checks(program: Program) -> Program:
    """Leave out the checks of indices."""
    rewriting = _Rewriting()
    equations = []
    for old in program.equations:
        equation = with_inner(rewriting.read(old), without_checks)
        if equation.primitive is inside_axis:
            rewriting[old.output] = equation.operands[0]
        else:
            equations.append(equation)
    return rewriting.finish(program, equations)


def fold_constants(program: Program) -> Program:
    """Run equations whose operands are all known, unless the result is larger than what it is made of.

    Checks stay: what a condition holds may never run.
    """
    rewriting = _Rewriting()
    equations = []
    for old in program.equations:
        equation = rewriting.read(old)
        known = all(isinstance(x, KnownNode) or not isinstance(x, Node) for x in equation.operands)
        kept = equation.primitive in (broadcast_to, inside_axis) or isinstance(equation.primitive, Control)
        if known and not kept:
            values = (x.value if isinstance(x, KnownNode) else x for x in equation.operands)
            rewriting[old.output] = KnownNode(old.output.spec, equation.primitive(*values, **equation.params))
        else:
            equations.append(equation)
    return rewriting.finish(program, equations)


def simplify(program: Program, keep: tuple[Primitive, ...] = ()) -> Program:
    """Drop operations that change nothing, unless they are to be kept, and read repeated numbers as numbers."""
    rewriting = _Rewriting()
    producers: dict[Node, Equation] = {}
    equations = []
    for old in program.equations:
        equation = _read_numbers(rewriting.read(old), producers)
        same = None if equation.primitive in keep else _identity(equation, producers)
        if same is not None and _spec(same) == old.output.spec:
            rewriting[old.output] = same
            continue
        equations.append(equation)
        producers[equation.output] = equation
    return rewriting.finish(program, equations)


def _spec(operand: Operand) -> Any:
    return operand.spec if isinstance(operand, Node) else None


def _read_numbers(equation: Equation, producers: dict[Node, Equation]) -> Equation:
    """Replace an operand that repeats one known number, where the other one already has the output's shape."""
    if equation.primitive not in (add, subtract, multiply, strong_multiply) or len(equation.reads) < 2:
        return equation
    x, y = equation.operands
    for i, (number, other) in enumerate(((x, y), (y, x))):
        value = _repeated_number(number, producers)
        if value is not None and _spec(other) == equation.output.spec:
            return replace(equation, operands=(value, other) if i == 0 else (other, value))
    return equation


def _repeated_number(operand: Operand, producers: dict[Node, Equation]) -> float | None:
    equation = producers.get(operand) if isinstance(operand, Node) else None
    source = equation.operands[0] if equation is not None and equation.primitive is broadcast_to else operand
    if isinstance(source, KnownNode) and source.spec.shape == () and source.spec.dtype.is_float:
        return float(source.value.item())
    return None


def _identity(equation: Equation, producers: dict[Node, Equation]) -> Operand | None:
    """The operand that the equation hands through, if it does nothing else."""
    operands, params = equation.operands, equation.params
    primitive = equation.primitive
    if isinstance(primitive, Control):
        return None
    if primitive in (multiply, strong_multiply):
        # -0.0, infinities and NaN all pass a factor of one unchanged.
        return next((y for x, y in (operands, operands[::-1]) if _is_number(x, 1)), None)
    does_nothing = (
        (primitive is subtract and _is_number(operands[1], 0))  # but -0.0 - -0.0 is 0.0
        or primitive in (cast, reshape, broadcast_to, stop_gradient)
        or (primitive is sum_primitive and not params["axes"])
        or (primitive is permute and params["axes"] == tuple(range(len(params["axes"]))))
        or (primitive is cut and not any(params["starts"]) and set(params["steps"]) <= {1})
    )
    return operands[0] if does_nothing else _twice(equation, producers)


def _is_number(operand: Operand, value: float) -> bool:
    if isinstance(operand, (Node, bool)) or operand != value:
        return False
    return math.copysign(1, operand) == math.copysign(1, value)


def _twice(equation: Equation, producers: dict[Node, Equation]) -> Operand | None:
    """An operation that undoes the one before: a double negation, a permutation and its inverse."""
    (operand, *rest) = equation.operands
    before = producers.get(operand) if isinstance(operand, Node) and not rest else None
    if before is None or before.primitive is not equation.primitive:
        return None
    if equation.primitive is negative:
        return before.operands[0]
    if equation.primitive is permute:
        first, second = before.params["axes"], equation.params["axes"]
        if tuple(first[i] for i in second) == tuple(range(len(first))):
            return before.operands[0]
    return None


OPTIMISING: tuple[Pass, ...] = (remove_dead_code, fold_constants, simplify, merge_common, remove_dead_code)
BEFORE_DERIVATIVES: tuple[Pass, ...] = (
    remove_dead_code, partial(simplify, keep=(stop_gradient,)), merge_common, remove_dead_code
)  # fmt: skip
"""For the bodies of loops, which are differentiated as programs: ``stop_gradient`` stays."""


def optimise(program: Program, steps: tuple[Pass, ...] = OPTIMISING) -> Program:
    """All passes, on the programs that conditions and loops hold too, until nothing more goes away."""
    program = drop_unread_outputs(remove_dead_code(program))
    inside = tuple(with_inner(equation, lambda held: optimise(held, steps)) for equation in program.equations)
    program = replace(program, equations=inside)
    while True:
        before = len(program.equations)
        for step in steps:
            program = step(program)
        if len(program.equations) == before:
            return program
