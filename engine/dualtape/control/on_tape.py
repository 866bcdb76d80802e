"""Programs pulled back: from cotangents of a program's outputs to those of its inputs, and which depend on which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

from dualtape.autodiff.levels import Tape, pulled_through
from dualtape.compiler.program import Program, evaluate
from dualtape.control.bodies import close
from dualtape.core.composite import Values
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.functions.creation import zeros_like
from dualtape.parameter import current_observer

Mask = Sequence[bool]


def close_here(function: Callable[..., Sequence[Any]], specs: Sequence[Spec]) -> Program:
    """A function as a program of the jitted function that is being traced."""
    return close(function, specs, current_observer().device).program


def pulled(program: Program, inputs: Values, watched: Mask, seeds: dict[int, Any]) -> list[Any]:
    """Cotangents of the watched inputs of a program, given those of some outputs."""
    cotangents = [seeds.get(k) for k in range(len(program.outputs))]
    found = pulled_through(lambda values: evaluate(program, values), inputs, watched, cotangents)
    pairs = compress(zip(inputs, found, strict=True), watched)
    return [zeros_like(x) if ct is None else ct for x, ct in pairs]


def moving(program: Program, watched: Mask) -> list[bool]:
    """Which outputs of a program depend on the watched inputs."""
    found: list[bool] = []

    def run(*inputs: Any) -> list[Any]:
        with entered(Tape()) as tape:
            outputs = evaluate(program, [tape.watch(x) if w else x for x, w in zip(inputs, watched, strict=True)])
        found[:] = map(tape.owns, outputs)
        return []

    close_here(run, [node.spec for node in program.inputs])
    return found
