"""Conditions and loops over programs, as operations on lists of values of any level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dualtape.autodiff.rules import Rule
from dualtape.compiler.program import CALL, COND, SCAN, WHILE, Equation, Program
from dualtape.core.spec import Spec

Values = Sequence[Any]


@dataclass(frozen=True)
class Cond:
    """``true`` or ``false`` on the operands that follow the predicate."""

    true: Program
    false: Program


@dataclass(frozen=True)
class While:
    """``body`` on constants and carry, for as long as ``condition`` on the same says so."""

    condition: Program
    body: Program
    consts: int


@dataclass(frozen=True)
class Scan:
    """``body`` on constants, carry and one row of each stack, from the first row to the last, or back.

    Inputs are constants, the first carry and the stacks; outputs the last carry, and the rows of all other outputs of
    ``body`` as stacks. ``stored`` says that reverse mode keeps the carry of every step, however many there are.
    """

    body: Program
    consts: int
    carried: int
    length: int
    reverse: bool = False
    stored: bool = False

    def split(self, inputs: Values) -> tuple[list[Any], list[Any], list[Any]]:
        """Constants, carry and stacks."""
        first = self.consts + self.carried
        return list(inputs[: self.consts]), list(inputs[self.consts : first]), list(inputs[first:])


@dataclass(frozen=True)
class Call:
    """``body`` on the operands, differentiated as ``rule`` says."""

    body: Program
    rule: Rule


Structured = Cond | While | Scan
KINDS: dict[Any, Any] = {COND: Cond, SCAN: Scan, WHILE: While, CALL: Call}


def read(equation: Equation) -> Structured | Call:
    """The operation that an equation stands for."""
    return KINDS[equation.primitive](**equation.params)  # type: ignore[no-any-return]


def stacked(spec: Spec, length: int) -> Spec:
    """``length`` values of one spec along a new leading axis."""
    return Spec((length, *spec.shape), spec.dtype)
