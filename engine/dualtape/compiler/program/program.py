"""Program: what a traced function does, as a list of equations in static single assignment.

Every node is written once, before it is read; shapes and element types are static. A program is
immutable: a pass is a function from program to program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec

Number = bool | int | float


@dataclass(frozen=True, eq=False)
class Node:
    """One value of a program; compared by identity."""

    spec: Spec


@dataclass(frozen=True, eq=False)
class Constant(Node):
    """A value that is known: a tensor captured by the function, on the device that the program runs on."""

    value: Any


Operand = Node | Number


@dataclass(frozen=True, eq=False)
class Equation:
    """``output = primitive(*operands, **params)``."""

    primitive: Primitive
    operands: tuple[Operand, ...]
    params: dict[str, Any]
    output: Node

    @property
    def reads(self) -> tuple[Node, ...]:
        return tuple(operand for operand in self.operands if isinstance(operand, Node))


@dataclass(frozen=True, eq=False)
class Program:
    """A traced function.

    Attributes
    ----------
    inputs
        Nodes of the arguments, then of the parameters that the function reads.
    equations
        In an order in which every operand is there before it is read.
    outputs
        Nodes or numbers: the results, then the new values of parameters that the function sets.
    """

    inputs: tuple[Node, ...]
    equations: tuple[Equation, ...]
    outputs: tuple[Operand, ...]

    def __str__(self) -> str:
        from dualtape.compiler.program.printing import SHOWN, program_text

        return program_text(self, SHOWN)

    @property
    def results(self) -> tuple[Node, ...]:
        """The outputs that are nodes."""
        return tuple(output for output in self.outputs if isinstance(output, Node))
