"""The outputs of a program on values of any level: each equation is done again as what it was written for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.compiler.program.control import ITEM
from dualtape.compiler.program.equation import KnownNode, Node
from dualtape.compiler.program.program import Program
from dualtape.core.composite import Values
from dualtape.core.interpreter import apply, bind


def evaluate(program: Program, inputs: Values, run: Callable[..., Any] = bind) -> list[Any]:
    """The outputs, where ``inputs`` stand for the program's own; ``run`` does what `bind` does."""
    values: dict[Node, Any] = dict(zip(program.inputs, inputs, strict=True))

    def value(operand: Any) -> Any:
        if isinstance(operand, KnownNode):
            return operand.value
        return values[operand] if isinstance(operand, Node) else operand

    for equation in program.equations:
        operands = tuple(map(value, equation.operands))
        if equation.composite is not None:
            found: Any = apply(equation.composite(**equation.params), operands)
        elif equation.primitive is ITEM:
            found = operands[0][equation.params["index"]]
        else:
            found = run(equation.primitive, operands, equation.params)
        values[equation.output] = found
    return [value(x) for x in program.outputs]
