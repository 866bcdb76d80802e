"""Compositions of primitives: functions that print as the Python source that makes them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.dtypes import DType
from dualtape.tensor import Tensor
from dualtape.testing.code import as_code
from dualtape.testing.render_call import render_call


class Ref(NamedTuple):
    """The inputs of a composition, then the results of its steps, by number."""

    number: int


Given = Ref | np.ndarray | bool | int | float


class Application(NamedTuple):
    """One call of a primitive on variables, constant arrays and numbers."""

    primitive: Primitive
    operands: tuple[Given, ...]
    params: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Composition:
    """A function of Tensors made of primitives.

    Its text, ``repr(f)``, is Python to paste: the imports and a function ``f`` of the public operations (of primitives
    from the catalogue where these have no public name). ``as_code(f)`` is the same as one expression, a lambda.

    Attributes
    ----------
    inputs
        Shapes and element types of its arguments.
    steps
        What it does, in order.
    outputs
        What it returns: a tuple, or one Tensor if there is one.
    bounds
        Between which its arguments are to lie.
    """

    inputs: tuple[Spec, ...]
    steps: tuple[Application, ...]
    outputs: tuple[Ref, ...]
    bounds: tuple[float, float]

    def __call__(self, *arguments: Tensor) -> Any:
        place = arguments[0].device if arguments else None
        values: list[Any] = list(arguments)

        def read(operand: Given) -> Any:
            if isinstance(operand, Ref):
                return values[operand.number]
            return Tensor(operand, device=place) if isinstance(operand, np.ndarray) else operand

        for step in self.steps:
            values.append(step.primitive(*map(read, step.operands), **step.params))
        results = tuple(values[output.number] for output in self.outputs)
        return results if len(results) > 1 else results[0]

    def astype(self, dtype: DType) -> Composition:
        """The same with arguments, constants and conversions to floats in ``dtype``."""

        def adapted(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                return value.astype(dtype.numpy)
            return dtype if isinstance(value, DType) and value.is_float else value

        inputs = tuple(Spec(spec.shape, adapted(spec.dtype)) for spec in self.inputs)
        steps = tuple(
            Application(primitive, tuple(map(adapted, operands)), {name: adapted(x) for name, x in params.items()})
            for primitive, operands, params in self.steps
        )
        return replace(self, inputs=inputs, steps=steps)

    @property
    def primitives(self) -> tuple[str, ...]:
        """The names of the primitives that it is made of."""
        return tuple(step.primitive.name for step in self.steps)

    def __repr__(self) -> str:
        return self._source

    @cached_property
    def _source(self) -> str:
        imports = "import numpy as np\nimport dualtape as dt\nfrom dualtape import ops"
        steps = [f"    v{i} = {call}\n" for i, call in enumerate(self._calls())]
        return f"{imports}\n\ndef f({', '.join(self._arguments())}):\n{''.join(steps)}    return {self._results()}"

    def _arguments(self) -> list[str]:
        return [f"x{i}" for i in range(len(self.inputs))]

    def _results(self) -> str:
        return ", ".join(map(self._written, self.outputs))

    def _calls(self) -> list[str]:
        return [
            render_call(step.primitive, list(map(self._written, step.operands)), step.params) for step in self.steps
        ]

    def _written(self, operand: Given) -> str:
        if isinstance(operand, Ref):
            number = operand.number - len(self.inputs)
            return f"x{operand.number}" if number < 0 else f"v{number}"
        if not isinstance(operand, np.ndarray):
            return as_code(operand)
        # Where the arguments are: operations take no tensors on different devices.
        return f"dt.Tensor({as_code(operand)}, device=x0.device)"


@as_code.register
def _(value: Composition) -> str:
    steps = "".join(f"    v{i} := {call},\n" for i, call in enumerate(value._calls()))
    results = value._results()
    result = f"({results})" if len(value.outputs) > 1 else results
    return f"lambda {', '.join(value._arguments())}: (\n{steps}    {result},\n)[-1]"
