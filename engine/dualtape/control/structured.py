"""Conditions and loops over programs, as operations on lists of values of any level.

As everywhere, the highest level among the inputs decides: it makes programs on what its values are made of, and hands
the new condition or loop to the level below. A jet of a scan is a scan of jets, a gradient of a scan a scan of
gradients in reverse. At the bottom tracing writes one equation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

from dualtape.compiler.program import Control, Trace
from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import highest
from dualtape.core.spec import Spec
from dualtape.errors import TracingError
from dualtape.tensor import Tensor
from dualtape.views import current_observer


@dataclass(frozen=True)
class Structured(Composite):
    """A condition or loop: its fields are the parameters of one kind of equation."""

    kind: ClassVar[Control]

    def run(self, inputs: Values) -> list[Any]:
        top = highest(inputs)
        if top.depth:
            raise TracingError(f"{top.title} cannot look into a condition or a loop inside `jit`; write it in Python")
        # Of constants alone: it is written down all the same.
        return self.write(current_observer(), inputs)

    def write(self, trace: Trace, inputs: Values) -> list[Any]:
        params = {field.name: getattr(self, field.name) for field in fields(self)}
        return list(trace.write(self.kind, inputs, params, type(self)))


def value_spec(value: Tensor) -> Spec:
    """Shape and element type of a value of any level."""
    return Spec(value.shape, value.dtype)


def row_spec(stack: Tensor) -> Spec:
    """What is known of one row of a stack."""
    return Spec(stack.shape[1:], stack.dtype)
