"""Random programs on small arrays, and what their loop nests compute: element by element in NumPy."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

import dualtape as dt
from dualtape import ops
from dualtape.compiler.loops import NestBuilder, Source, whole
from dualtape.compiler.loops.nest import Accumulation, Calculation, Nest
from dualtape.compiler.program import KnownNode, Node, Program
from dualtape.core.expression import Argument, Expression, FunctionCall, Literal, OperatorCall

Memory = dict[Node, np.ndarray]


@st.composite
def functions(draw: st.DrawFn) -> Callable[..., list[Any]]:
    """Functions of two tensors, of shapes (2, 3) and (3,), that move, combine and sum; whole numbers stay whole."""
    choices = draw(st.lists(st.tuples(*[st.integers(0, 7)] * 3), min_size=1, max_size=12))
    outputs = draw(st.lists(st.integers(0, 20), min_size=1, max_size=3))

    def function(x: Any, y: Any) -> list[Any]:
        values = [x, y]
        for kind, first, second in choices:
            a, b = values[first % len(values)], values[second % len(values)]
            values.append(_operation(kind, a, b, first))
        return [values[i % len(values)] for i in outputs]

    return function


def _operation(kind: int, a: Any, b: Any, n: int) -> Any:
    fits = all(x in (1, y) or y == 1 for x, y in zip(reversed(a.shape), reversed(b.shape), strict=False))
    if kind == 0 and fits:
        return a + b
    if kind == 1 and fits:
        return ops.where(a > b, a - b, 2)
    if kind == 2 and a.ndim:
        return a.sum(n % a.ndim, keepdims=bool(n % 2)) % 8
    if kind == 3 and a.ndim:
        return ops.cat((a, a + 1), n % a.ndim)[1:]
    if kind == 4 and a.ndim > 1:
        return a.permute(*reversed(range(a.ndim)))
    if kind == 5:
        return ops.broadcast_to(a, (2, *a.shape)).reshape(-1)
    if kind == 6 and a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0]:
        return (a @ b) % 8
    if kind == 7 and a.ndim and a.shape[0]:
        return dt.grad(lambda a: (a[:: n % 2 + 1] * 3).sum())(a) - ops.amax(a)
    return -a


def built(program: Program) -> tuple[list[Nest], list[Node]]:
    """The nests of a program, and the arrays that they leave its results in."""
    builder = NestBuilder()
    for equation in program.equations:
        builder.visit(equation)
    copies = [Node(node.spec) for node in program.results]
    for node, copy in zip(program.results, copies, strict=True):
        builder.copy(builder.source(node), whole(copy))
    return builder.finish(), copies


def run(nests: Sequence[Nest], program: Program, inputs: Sequence[np.ndarray]) -> Memory:
    """All arrays after the nests; what was never written is NaN."""
    memory: Memory = dict(zip(program.inputs, inputs, strict=True))

    def array(node: Node) -> np.ndarray:
        if node not in memory:
            known = isinstance(node, KnownNode)
            memory[node] = node.value.asnumpy() if known else np.full(node.spec.shape, np.nan)  # type: ignore[attr-defined]
        return memory[node].reshape(-1)

    def place(source: Source, index: Sequence[int]) -> int:
        return source.view.offset + sum(i * step for i, step in zip(index, source.view.strides, strict=True))

    for nest in nests:
        for index in product(*map(range, nest.shape)):
            values: dict[Node, Any] = {}
            for step in nest.steps:
                if isinstance(step, Accumulation):
                    result: Any = step.fold.identity
                    for inner in product(*map(range, step.inner)):
                        given = [array(x.node)[place(x, (*index, *inner))] for x in step.sources]
                        result = _evaluated(step.fold.combine, [result, np.prod(given)])
                else:
                    assert isinstance(step, Calculation)
                    result = _evaluated(
                        step.expression, [_scalar(x, values, array, place, index) for x in step.operands]
                    )
                values[step.output] = result
            for store in nest.stores:
                array(store.target.node)[place(store.target, index)] = values[store.output]
    return memory


def _scalar(x: Any, values: dict[Node, Any], array: Any, place: Any, index: Sequence[int]) -> Any:
    if isinstance(x, Source):
        return array(x.node)[place(x, index)]
    return values[x] if isinstance(x, Node) else x


def _evaluated(expression: Expression, given: Sequence[Any]) -> Any:
    match expression:
        case Argument(position=position):
            return given[position]
        case Literal(value=value):
            return value
        case OperatorCall(symbol="?", operands=(condition, chosen, otherwise)):
            return _evaluated(chosen if _evaluated(condition, given) else otherwise, given)
        case OperatorCall(symbol=symbol, operands=operands):
            values = [_evaluated(operand, given) for operand in operands]
            return UNARY[symbol](*values) if len(values) == 1 else BINARY[symbol](*values)
        case FunctionCall(function="dt_mod", operands=operands):
            return np.mod(*(_evaluated(operand, given) for operand in operands))
    raise AssertionError(expression)


UNARY = {"-": operator.neg, "!": operator.not_}
BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "<": operator.lt, ">": operator.gt,
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "&&": lambda x, y: x and y, "||": lambda x, y: x or y,
}  # fmt: skip
