"""Traced programs as text: printed, read back and run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from drawn import Call, assert_same_bits, calls, seeded_directions
from dualtape.compiler.passes import optimise
from dualtape.compiler.program import Node, Program, trace_program
from dualtape.compiler.program.parsing import parse_program
from dualtape.compiler.program.program import program_text
from dualtape.compiler.replay import replayed
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST

TRANSFORMED: dict[str, Callable[[Call], Callable[..., Any]]] = {
    "value": lambda call: lambda *x: call.results(list(x)),
    "gradient": lambda call: lambda *x: dt.grad(call.loss, call.everything)(*x),
    "second derivative": lambda call: (
        lambda *x: dt.jvp(dt.grad(call.loss, call.everything), x, tuple(seeded_directions(call.x, 1)))[1]
    ),
}


def traced(call: Call, name: str) -> Program:
    transformed = TRANSFORMED[name](call)
    return trace_program(lambda *x: list(transformed(*x)), [Spec(x.shape, x.dtype) for x in call.x], HOST)[0]


@given(calls(smooth=False), st.sampled_from(sorted(TRANSFORMED)), st.booleans())
def test_program_is_printed_read_back_and_runs_the_same(call: Call, name: str, optimised: bool) -> None:
    program = traced(call, name)
    if optimised:
        program = optimise(program)
    text = program_text(program)
    parsed = parse_program(text)
    assert program_text(parsed) == text
    storages = [x.data_ for x in call.x]
    for got, expected in zip(replayed(parsed, HOST)(storages), replayed(program, HOST)(storages), strict=True):
        assert_same_bits(got, expected)


@given(calls(smooth=False))
def test_shown_program_is_read_back_with_its_constants(call: Call) -> None:
    program = traced(call, "value")
    constants = {}
    for line in program_text(program).splitlines():
        name, _, rest = line.strip().partition(": ")
        if " = constant " in rest:
            constants[name] = parse_program(f"program(): {line} return {name}").outputs[0]
    arrays = {name: node.value.asnumpy() for name, node in constants.items() if isinstance(node, Node)}
    assert program_text(parse_program(str(program), arrays)) == program_text(program)


@given(calls(smooth=False))
def test_source_of_a_drawn_program_makes_it_again(call: Call) -> None:
    names: dict[str, Any] = {}
    exec(repr(call.f), names)  # our own text
    got = names["f"](*call.x)
    for a, b in zip(got if isinstance(got, tuple) else (got,), call.results(call.x), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        assert abs(a.asnumpy() - b.asnumpy()).max(initial=0) <= 1e-13 * max(abs(b.asnumpy()).max(initial=0), 1)
