"""A pass for block programs: compute what is the same along an axis once, instead of at every index of the axis.

The seed of a jet is the same at every point, and so is all that the first layer makes of it. Here every node gets a
*thin* counterpart that has size 1 on the axes along which it repeats itself. The results equal those of the program
as written up to rounding, not bit by bit, so programs that are replayed do without it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from dualtape.bits import same_bits
from dualtape.compiler.program import Equation, KnownNode, Node, Operand, Program, with_inner
from dualtape.core.lowering import Expression
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.broadcasting import sum as sum_primitive
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import permute, reshape
from dualtape.tensor import Tensor


def compute_repeated_once(program: Program) -> Program:
    """The same program with thin nodes wherever an operation allows."""
    thinning = _Thinning()
    for equation in program.equations:
        thinning.visit(equation)
    outputs = tuple(thinning.full(x) if isinstance(x, Node) else x for x in program.outputs)
    return Program(program.inputs, tuple(thinning.equations), outputs)


class _Thinning:
    def __init__(self) -> None:
        self.equations: list[Equation] = []
        self._thin: dict[Node, Node] = {}
        self._full: dict[Node, Node] = {}

    def emit(self, primitive: Primitive, *operands: Operand, **params: Any) -> Node:
        self.equations.append(Equation.inferred(primitive, operands, params))
        return self.equations[-1].output

    def thin(self, node: Node) -> Node:
        if isinstance(node, KnownNode) and node not in self._thin:
            self._thin[node] = _thin_constant(node)
        return self._thin.get(node, node)

    def full(self, node: Node) -> Node:
        """The node with all its elements: a repetition of the thin one, written when somebody needs it."""
        thin = self.thin(node)
        if thin.spec.shape == node.spec.shape:
            return thin
        if node not in self._full:
            self._full[node] = self.emit(broadcast_to, thin, shape=node.spec.shape)
        return self._full[node]

    def visit(self, equation: Equation) -> None:
        primitive = equation.primitive
        found: Node | None = None
        equation = with_inner(equation, compute_repeated_once)
        if isinstance(primitive.lowering, Expression) or primitive is permute:
            found = self._on(self.thin, equation)
        elif primitive is matmul:
            found = self._product(*equation.reads)
        elif primitive is broadcast_to:
            x = self.thin(equation.reads[0])
            shape = (1,) * (len(equation.output.spec.shape) - len(x.spec.shape)) + x.spec.shape
            found = x if x.spec.shape == shape else self.emit(reshape, x, shape=shape)
        elif primitive is sum_primitive:
            found = self._sum(equation.reads[0], equation.params["axes"])
        self._thin[equation.output] = self._on(self.full, equation) if found is None else found

    def _on(self, change: Callable[[Node], Node], equation: Equation) -> Node:
        """The same operation on changed nodes."""
        operands = [change(x) if isinstance(x, Node) else x for x in equation.operands]
        return self.emit(equation.primitive, *operands, **equation.params)

    def _product(self, x: Node, y: Node) -> Node | None:
        """Rows of the first factor and columns of the second may be thin; along the contracted axis, a factor that
        repeats itself meets the sum of the other one."""
        thin_x, thin_y = self.thin(x), self.thin(y)
        repeats_x = thin_x.spec.shape[-1] != x.spec.shape[-1]
        repeats_y = thin_y.spec.shape[-2] != y.spec.shape[-2]
        if repeats_x and repeats_y:
            return None
        if repeats_x:
            thin_y = self.emit(sum_primitive, thin_y, axes=(len(thin_y.spec.shape) - 2,))
        elif repeats_y:
            thin_x = self.emit(sum_primitive, thin_x, axes=(len(thin_x.spec.shape) - 1,))
        return self.emit(matmul, thin_x, thin_y)

    def _sum(self, x: Node, axes: tuple[int, ...]) -> Node | None:
        thin = self.thin(x)
        if any(thin.spec.shape[i] != x.spec.shape[i] for i in axes):
            return None
        return self.emit(sum_primitive, thin, axes=axes)


def _thin_constant(constant: KnownNode) -> Node:
    """The constant with size 1 on each axis along which all its slices have the same bits."""
    array = constant.value.asnumpy()
    kept = array
    for axis in range(array.ndim):
        first = kept.take([0], axis) if kept.shape[axis] > 1 else kept
        if prod(first.shape) < prod(kept.shape) and same_bits(kept, np.broadcast_to(first, kept.shape)):
            kept = first
    if kept is array:
        return constant
    return KnownNode(Spec(kept.shape, constant.spec.dtype), Tensor(kept, device=constant.value.device))
