"""Tracing: run a function once on nodes instead of numbers, and write down what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.bits import bits_of
from dualtape.compiler.program.control import ITEM, Control
from dualtape.compiler.program.equation import Equation, KnownNode, Node, Number, Operand
from dualtape.compiler.program.program import Program
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, entered
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.devices.device import Device
from dualtape.dtypes import DType
from dualtape.errors import DeviceError, DualtapeError, TracingError, user_line
from dualtape.parameter import Parameter
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.gathering import inside_axis
from dualtape.tensor import Tensor
from dualtape.views import call_observed, current_observer


class Traced(Tensor):
    """A value whose numbers are not known yet: only shape and element type are."""

    __slots__ = ("level", "node")

    level: Trace
    node: Node

    @property
    def shape(self) -> tuple[int, ...]:
        return self.node.spec.shape

    @property
    def dtype(self) -> DType:
        return self.node.spec.dtype

    @property
    def device(self) -> Device:
        return self.level.device

    @property
    def primal(self) -> Tensor:
        raise self.level.unseen("something")


class Trace(Level):
    """The tracing interpreter: every operation becomes an equation.

    ``optional`` are levels on which bodies are traced that may not run, in the order in which they were opened.
    """

    title = "a jitted function"
    undecided = True

    def __init__(self, device: Device) -> None:
        self.device = device
        self.optional: list[Trace] = []
        self._equations: list[Equation] = []
        self._constants: dict[int, tuple[Tensor, Node]] = {}
        self._parameters: dict[int, tuple[Parameter, Traced]] = {}

    def traced(self, node: Node) -> Traced:
        """The value that stands for ``node`` while the function runs."""
        value: Traced = object.__new__(Traced)
        value.level = self
        value.node = node
        return value

    def unseen(self, asked: str) -> DualtapeError:
        return TracingError(
            "a value inside a jitted function has no numbers yet, but they were asked for (by print, bool(), float(), "
            "`if`, `while`, indexing with a mask, .asnumpy(), or a function of NumPy or `math`); use ops.where instead "
            "of `if` and functions of `ops` instead of NumPy's, return the value and look at it outside, or pass what "
            "decides the control flow as a Python number"
        )

    def interpret(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        if primitive is inside_axis:
            return self._checked(inputs, params)
        return self.traced(self._emit(primitive, inputs, params))

    def _checked(self, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """A check, with the user's line, for it fails where the program is called.

        It stays in the innermost body that may not run, though all that it reads is from outside: so does what reads
        the index then, and only that.
        """
        inner = (body for body in reversed(current_observer().optional) if body.alive and body.depth > self.depth)
        level: Trace = next(inner, self)
        return level.traced(level._emit(inside_axis, inputs, params | {"line": user_line()}))

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        return composite.write(self, inputs)

    def write(
        self, kind: Control, inputs: Values, params: dict[str, Any], composite: Callable[..., Composite]
    ) -> list[Traced]:
        """One equation of several values, which ``composite(**params)`` gives, and one to take out each of them."""
        bundle = self.traced(self._emit(kind, inputs, params, composite))
        items: Any = bundle.node.spec
        return [self.traced(self._emit(ITEM, (bundle,), {"index": i})) for i in range(len(items.items))]

    def _emit(
        self, primitive: Primitive, inputs: Values, params: dict[str, Any],
        composite: Callable[..., Composite] | None = None,
    ) -> Node:  # fmt: skip
        self._equations.append(Equation.inferred(primitive, tuple(map(self.operand, inputs)), params, composite))
        return self._equations[-1].output

    def operand(self, value: Any) -> Operand:
        """What stands for a value in an equation."""
        if self.owns(value):
            node: Node = value.node
            return node
        if not isinstance(value, Tensor):
            number: Number = value
            return number
        self.lower(value)
        if id(value) not in self._constants:
            self._constants[id(value)] = (value, self._constant(value))
        return self._constants[id(value)][1]

    def _constant(self, value: Tensor) -> Node:
        """A tensor of numbers with the same bits is written as one that is repeated, any other is kept."""
        array = value.asnumpy()
        bits = bits_of(array)
        spec = Spec(value.shape, value.dtype)
        if array.size > 1 and np.all(bits == bits.flat[0]):
            one = KnownNode(Spec((), value.dtype), Tensor(array.flat[0], device=self.device))
            return self._emit(broadcast_to, (one,), {"shape": value.shape})
        return KnownNode(spec, value.to(self.device))

    def parameter(self, parameter: Parameter) -> Tensor:
        """The node of a parameter: an input, so that later calls see its later values."""
        if id(parameter) not in self._parameters:
            held = parameter.held
            if held.device is not self.device:
                raise DeviceError(
                    f"a jitted function on {self.device.name} reads the parameter {parameter.name!r}, which is on "
                    f"{held.device.name}; move one of them, as in parameter.move_to({self.device.name!r})"
                )
            self._parameters[id(parameter)] = (parameter, self.traced(Node(Spec(held.shape, held.dtype))))
        return self._parameters[id(parameter)][1]

    def program(self, arguments: list[Node], outputs: list[Any]) -> Program:
        """What was written down, with the given outputs."""
        nodes = tuple(self.operand(x) for x in outputs)
        inputs = (*arguments, *(value.node for _, value in self._parameters.values()))
        return Program(inputs, tuple(self._equations), nodes)

    @property
    def parameters(self) -> list[Parameter]:
        """The parameters read so far, in the order of their nodes among the inputs."""
        return [parameter for parameter, _ in self._parameters.values()]


def trace_program(
    function: Callable[..., list[Any]], specs: list[Spec], device: Device
) -> tuple[Program, list[Parameter], list[Parameter]]:
    """Run ``function`` on nodes of the given specs.

    Returns
    -------
    tuple
        The program; the parameters behind its last inputs; and those whose new values are its last outputs.
    """
    level = Trace(device)
    arguments = [Node(spec) for spec in specs]

    def written(changes: dict[Parameter, Tensor]) -> tuple[Program, list[Parameter]]:
        outputs = function(*(level.traced(node) for node in arguments))
        updated = list(changes)
        return level.program(arguments, [*outputs, *(changes[parameter] for parameter in updated)]), updated

    with entered(level):
        program, updated = call_observed(level, written)
    return program, level.parameters, updated
