"""Program: what a traced function does, as a list of equations in static single assignment.

A program is immutable: a pass is a function from program to program.
"""

from __future__ import annotations

from dataclasses import dataclass

from dualtape.compiler.program.equation import Equation, Node, Operand
from dualtape.compiler.program.printing import SHOWN, program_text


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
        return program_text(self, SHOWN)

    @property
    def results(self) -> tuple[Node, ...]:
        """The outputs that are nodes."""
        return tuple(output for output in self.outputs if isinstance(output, Node))
