"""Bodies of conditions and loops as programs: traced once, with what they take from outside as inputs.

A function inside a jitted function may use values of any open transformation: traced values, parameters, variables of
a tape, jets. Each that it does use becomes an input of its program (closure conversion), so that the program means the
same on whatever values it is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape.autodiff.levels import DerivativeRule
from dualtape.compiler.passes import BEFORE_DERIVATIVES, optimise
from dualtape.compiler.program import CALL, Node, Operand, Program, Trace
from dualtape.control.structured import value_spec
from dualtape.control.traced_rule import TracedRule
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError
from dualtape.parameter import pending_changes
from dualtape.tensor import Tensor


class Closed(NamedTuple):
    """A function as a program whose last inputs stand for ``captured``: the values from outside that it uses."""

    program: Program
    captured: tuple[Tensor, ...]


class BodyTrace(Trace):
    """The level on which a body is traced."""

    title = "the body of a condition or a loop"

    def __init__(self, device: Device) -> None:
        super().__init__(device)
        self._captured: dict[int, tuple[Tensor, Node]] = {}

    def operand(self, value: Any) -> Operand:
        if not isinstance(value, Tensor) or self.owns(value) or not value.level.depth:
            return super().operand(value)
        known = self._captured.get(id(value))
        if known is None:
            self.lower(value)
            known = self._captured[id(value)] = (value, Node(value_spec(value)))
        return known[1]

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        """A body is differentiated later: a function that brings its own derivative is one equation that keeps it."""
        if not isinstance(composite, DerivativeRule):
            return super().apply(composite, inputs)
        tensors = [x for x in inputs if isinstance(x, Tensor)]

        def run(*values: Any) -> list[Any]:
            given = iter(values)
            return composite.run([next(given) if isinstance(x, Tensor) else x for x in inputs])

        (body,), captured = sharing(close(run, [value_spec(x) for x in tensors], self.device))
        params = {"body": body, "rule": TracedRule(composite, body, len(captured), inputs)}
        return list(self.write(CALL, [*captured, *tensors], params, lambda body, rule: rule))

    def closed(self, arguments: Sequence[Node], outputs: Sequence[Any]) -> Closed:
        """What was traced; the values from outside are the last inputs."""
        nodes = tuple(self.operand(x) for x in outputs)
        captured = tuple(value for value, _ in self._captured.values())
        inputs = (*arguments, *(node for _, node in self._captured.values()))
        program = Program(inputs, tuple(self._equations), nodes)
        return Closed(optimise(program, BEFORE_DERIVATIVES), captured)


def close(function: Callable[..., Sequence[Any]], specs: Sequence[Spec], device: Device) -> Closed:
    """Trace ``function``, from values of the given specs to a flat list of tensors."""
    body = BodyTrace(device)
    with entered(body):
        arguments = [Node(spec) for spec in specs]
        outputs = function(*(body.traced(node) for node in arguments))
        return body.closed(arguments, outputs)


def close_body(title: str, function: Callable[..., Sequence[Any]], specs: Sequence[Spec], device: Device) -> Closed:
    """As :func:`close`, for the body of a loop, which may run many times or never: it must not change a parameter."""
    before = pending_changes()
    closed = close(function, specs, device)
    if pending_changes() != before:
        raise ArgumentError(
            f"the body of `{title}` gives a Parameter a new value inside `jit`; carry the value through the loop, and "
            "call `set_data` after it"
        )
    return closed


def sharing(*closed: Closed) -> tuple[list[Program], list[Tensor]]:
    """The programs with one list of captured values for all, which come first among their inputs."""
    together = {id(value): value for one in closed for value in one.captured}
    programs = []
    for program, captured in closed:
        explicit = len(program.inputs) - len(captured)
        own = dict(zip(map(id, captured), program.inputs[explicit:], strict=True))
        consts = (own.get(key) or Node(value_spec(value)) for key, value in together.items())
        programs.append(Program((*consts, *program.inputs[:explicit]), program.equations, program.outputs))
    return programs, list(together.values())
