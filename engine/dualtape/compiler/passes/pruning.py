"""A pass for conditions and loops: they do not compute what nobody reads."""

from __future__ import annotations

from dataclasses import replace

from dualtape.compiler.program import COND, ITEM, SCAN, Equation, Node, Program, inner_programs, with_inner


def drop_unread_outputs(program: Program) -> Program:
    """Leave out the outputs of conditions, and the stacks of scans, that nobody reads."""
    read: dict[Node, set[int]] = {}
    for equation in program.equations:
        if equation.primitive is ITEM:
            read.setdefault(equation.reads[0], set()).add(equation.params["index"])
    places: dict[Node, tuple[Node, dict[int, int]]] = {}
    equations = []
    for old in program.equations:
        equation = old
        if old.primitive in (COND, SCAN):
            equation = _with_outputs(old, read.get(old.output, set()), places)
        elif old.primitive is ITEM and old.reads[0] in places:
            bundle, place = places[old.reads[0]]
            equation = replace(old, operands=(bundle,), params={"index": place[old.params["index"]]})
        equations.append(equation)
    return Program(program.inputs, tuple(equations), program.outputs)


def _with_outputs(equation: Equation, read: set[int], places: dict[Node, tuple[Node, dict[int, int]]]) -> Equation:
    """The equation without its other outputs; ``places`` learns where those that are left are found."""
    count = len(next(iter(inner_programs(equation).values())).outputs)
    carried = equation.params.get("carried", 0)
    kept = [k for k in range(count) if k < carried or k in read]
    if len(kept) == count:
        return equation
    few = with_inner(equation, lambda held: replace(held, outputs=tuple(held.outputs[k] for k in kept)))
    few = Equation.inferred(few.primitive, few.operands, few.params, few.composite)
    places[equation.output] = few.output, {k: place for place, k in enumerate(kept)}
    return few
