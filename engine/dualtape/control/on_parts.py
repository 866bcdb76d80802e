"""Programs on values that are made of parts, as programs on the parts.

Which parts the carry of a loop has is found by going round until it does not change: what starts as a constant may
become a jet after the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from dualtape.autodiff.levels import PartsLevel, Present
from dualtape.compiler.program import Node, Program, evaluate
from dualtape.control.bodies import BodyTrace, Closed
from dualtape.core.composite import Values
from dualtape.core.interpreter import entered
from dualtape.views import current_observer

OnWholes = Callable[[Values, PartsLevel], Sequence[Any]]
"""From values of a level, which comes second, to others."""


def on_parts(
    level: PartsLevel,
    run: OnWholes,
    inputs: Sequence[Node],
    present: Sequence[Present],
    wanted: Sequence[Present] | None = None,
) -> tuple[Closed, list[Present]]:
    """``run`` as a program from parts to parts, and which parts its outputs have: those ``wanted``, or as found."""
    with entered(BodyTrace(current_observer().device)) as body:
        nodes = [[Node(s) for s in level.specs(x.spec, p)] for x, p in zip(inputs, present, strict=True)]
        with level.inside() as inner:
            pairs = zip(nodes, present, strict=True)
            values = [inner.put_together(list(map(body.traced, group)), p) for group, p in pairs]
            outputs = run(values, inner)
            found = [inner.present(y) for y in outputs] if wanted is None else list(wanted)
            parts = [part for y, p in zip(outputs, found, strict=True) for part in inner.take_apart(y, p)]
        return body.closed([node for group in nodes for node in group], parts), found


def evaluation(program: Program) -> OnWholes:
    """A program as a function of the values of a level."""
    return lambda values, inner: evaluate(program, values, inner.run)


def all_parts(level: PartsLevel, values: Values, present: Sequence[Present], stacked: bool = False) -> list[Any]:
    """The parts of several values."""
    return [part for x, p in zip(values, present, strict=True) for part in level.take_apart(x, p, stacked)]


def count_parts(level: PartsLevel, nodes: Sequence[Node], present: Sequence[Present]) -> int:
    """How many parts several values have."""
    return sum(len(level.specs(node.spec, p)) for node, p in zip(nodes, present, strict=True))


def wholes(
    level: PartsLevel, parts: Values, nodes: Sequence[Node], present: Sequence[Present], carried: int
) -> list[Any]:
    """Outputs of their parts; those behind the first ``carried`` are stacks."""
    rest = iter(parts)
    groups = [[next(rest) for _ in level.specs(node.spec, p)] for node, p in zip(nodes, present, strict=True)]
    pairs = enumerate(zip(groups, present, strict=True))
    return [level.put_together(group, p, stacked=k >= carried) for k, (group, p) in pairs]


def settled(level: PartsLevel, carry: Values, after: Callable[[list[Present]], Any]) -> list[Present]:
    """The parts of a carry that a step does not change any more; ``after`` gives those after one step."""
    present = [level.present(x) for x in carry]
    while True:
        grown = [level.union(p, q) for p, q in zip(present, after(present), strict=False)]
        if grown == present:
            return present
        present = grown
