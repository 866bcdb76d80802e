"""How each interpreter treats a condition or a loop: as everywhere, the highest level among the inputs decides.

A level does its part by making programs on what its values are made of, and hands the new condition or loop to the
level below: a jet of a scan is a scan of jets, a gradient of a scan a scan of gradients in reverse. At the bottom
tracing writes one equation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dualtape.autodiff.levels import Notes
from dualtape.autodiff.rules import apply_rule
from dualtape.compiler.program import ITEM, Constant, Node, Program, Trace
from dualtape.control.structured import KINDS, Call, Structured, Values, read
from dualtape.core.interpreter import Level, bind, ground
from dualtape.errors import TracingError
from dualtape.parameter import current_observer
from dualtape.tensor import Tensor

Rule = Callable[[Any, Structured, Values], list[Any]]

RULES: dict[type[Level], Rule] = {}
"""What each kind of level does; the files that say it put it here, for they need :func:`apply` themselves."""


def apply(operation: Structured, inputs: Values) -> list[Any]:
    """The outputs of a condition or loop inside a jitted function."""
    top = max((x.level for x in inputs if isinstance(x, Tensor)), key=lambda level: level.depth, default=ground())
    if not top.depth:
        top = current_observer()
    if isinstance(top, Trace):
        return write(top, operation, inputs)
    if isinstance(top, Notes):
        outputs = apply(operation, [top.below(x) for x in inputs])
        return top.note(lambda *again: apply(operation, again), inputs, outputs)
    rule = RULES.get(type(top))
    if rule is None:
        raise TracingError(f"{top.title} cannot look into a condition or a loop inside `jit`; write it in Python")
    return rule(top, operation, inputs)


def write(trace: Trace, operation: Structured | Call, inputs: Values) -> list[Any]:
    """One equation for the operation on the level of ``trace``, and one for each value that it gives."""
    kind = next(kind for kind, known in KINDS.items() if isinstance(operation, known))
    params = {name: getattr(operation, name) for name in operation.__dataclass_fields__}
    bundle = trace.emit(kind, inputs, params)
    items: Any = bundle.node.spec
    return [trace.emit(ITEM, (bundle,), {"index": i}) for i in range(len(items.items))]


def evaluate(program: Program, inputs: Values) -> list[Any]:
    """The outputs of a program on values of any level."""
    values: dict[Node, Any] = dict(zip(program.inputs, inputs, strict=True))

    def value(operand: Any) -> Any:
        if isinstance(operand, Constant):
            return operand.value
        return values[operand] if isinstance(operand, Node) else operand

    for equation in program.equations:
        operands = tuple(map(value, equation.operands))
        if equation.primitive in KINDS:
            operation = read(equation)
            values[equation.output] = (
                apply_rule(operation.rule, operands) if isinstance(operation, Call) else apply(operation, operands)
            )
        elif equation.primitive is ITEM:
            values[equation.output] = operands[0][equation.params["index"]]
        else:
            values[equation.output] = bind(equation.primitive, operands, equation.params)
    return [value(x) for x in program.outputs]
