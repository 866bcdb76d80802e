"""Bodies of conditions and loops as programs: traced once, with what they take from outside as inputs.

A function inside a jitted function may use values of any open transformation: traced values, parameters, variables of
a tape, jets. Each that it does use becomes an input of its program (closure conversion), so that the program means the
same on whatever values it is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape.autodiff.rules import Keeping, Rule
from dualtape.compiler.passes import BEFORE_DERIVATIVES, optimise
from dualtape.compiler.program import Node, Operand, Program, Trace
from dualtape.control.apply import evaluate, write
from dualtape.control.kept import KeptRule
from dualtape.control.structured import Call
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.tensor import Tensor


class Closed(NamedTuple):
    """A function as a program whose last inputs stand for ``captured``: the values from outside that it uses."""

    program: Program
    captured: tuple[Tensor, ...]


class Body(Trace, Keeping):
    """The level on which a body is traced."""

    title = "the body of a condition or a loop"

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._captured: dict[int, tuple[Tensor, Node]] = {}

    def operand(self, value: Any) -> Operand:
        if not isinstance(value, Tensor) or value.level is self or not value.level.depth:
            return super().operand(value)
        known = self._captured.get(id(value))
        if known is None:
            self.lower(value)
            known = self._captured[id(value)] = (value, Node(spec_of(value)))
        return known[1]

    def keep(self, rule: Rule, inputs: Sequence[Any]) -> list[Any]:
        """One equation for a function that brings its own derivative."""
        tensors = [x for x in inputs if isinstance(x, Tensor)]

        def call(*values: Any) -> list[Any]:
            given = iter(values)
            return rule.call([next(given) if isinstance(x, Tensor) else x for x in inputs])

        (body,), captured = sharing(close(call, [spec_of(x) for x in tensors], self.device))
        kept = KeptRule(rule, body, len(captured), inputs, evaluate)
        return write(self, Call(body, kept), [*captured, *tensors])

    def closed(self, arguments: Sequence[Node], outputs: Sequence[Any]) -> Closed:
        """What was traced; the values from outside are the last inputs."""
        nodes = tuple(self.operand(x) for x in outputs)
        captured = tuple(value for value, _ in self._captured.values())
        inputs = (*arguments, *(node for _, node in self._captured.values()))
        program = Program(inputs, tuple(self._equations), nodes)
        return Closed(optimise(program, BEFORE_DERIVATIVES), captured)


def close(function: Callable[..., Sequence[Any]], specs: Sequence[Spec], device: Device) -> Closed:
    """Trace ``function``, from values of the given specs to a flat list of tensors."""
    body = Body(device)
    with entered(body):
        arguments = [Node(spec) for spec in specs]
        outputs = function(*(body.traced(node) for node in arguments))
        return body.closed(arguments, outputs)


def spec_of(value: Tensor) -> Spec:
    """Shape and element type of a value of any level."""
    return Spec(value.shape, value.dtype)


def sharing(*closed: Closed) -> tuple[list[Program], list[Tensor]]:
    """The programs with one list of captured values for all, which come first among their inputs."""
    together = {id(value): value for one in closed for value in one.captured}
    programs = []
    for program, captured in closed:
        explicit = len(program.inputs) - len(captured)
        own = dict(zip(map(id, captured), program.inputs[explicit:], strict=True))
        consts = (own.get(key) or Node(spec_of(value)) for key, value in together.items())
        programs.append(Program((*consts, *program.inputs[:explicit]), program.equations, program.outputs))
    return programs, list(together.values())
