"""Program: what a traced function does, as a list of equations in static single assignment; and its text.

A program is immutable: a pass is a function from program to program. Its text is what
:mod:`dualtape.compiler.program.parsing` reads back.

The grammar, in which space and line ends only separate::

    program   = "program" "(" [declared {"," declared}] ")" ":" {line} "return" [operand {"," operand}]
    line      = declared "=" ("constant" constant | primitive "(" [argument {"," argument}] ")")
    declared  = name ":" spec
    spec      = type "[" [size {"," size}] "]" | "(" [spec {"," spec}] ")"
    constant  = "..." | number | "[" [number {"," number}] "]"
    argument  = operand | name "=" literal
    operand   = name | number
    literal   = number | string | type | "None" | "(" [literal {"," literal} [","]] ")" | "{" program "}"
    string    = a string of JSON
    number    = integer | decimal | "inf" | "-inf" | "nan" | "True" | "False"

A specification in parentheses is that of a bundle, which conditions and loops give. A constant's elements follow each
other in C order; its shape is the declared one. ``...`` stands for the elements of a constant that is too large to be
shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dualtape.compiler.program.equation import Bundle, Equation, KnownNode, Node, Operand
from dualtape.core.spec import Spec
from dualtape.dtypes import DType

SHOWN = 16
"""Constants of more elements are left out where a program is shown to people."""


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


def program_text(program: Program, largest_constant: int | None = None) -> str:
    """A program as text.

    Parameters
    ----------
    program
        What to print.
    largest_constant
        Constants of more elements are printed as ``...``; by default every constant is printed in full, so that the
        text can be read back.
    """
    return "\n".join(_lines(program, largest_constant))


def _lines(program: Program, largest: int | None) -> Iterator[str]:
    names: dict[Node, str] = {}

    def name(operand: Any) -> str:
        if isinstance(operand, (bool, int, float)):
            return number_text(operand)
        if operand not in names:
            names[operand] = f"{'c' if isinstance(operand, KnownNode) else 'v'}{len(names)}"
        return names[operand]

    def declared(node: Node) -> str:
        return f"{name(node)}: {spec_text(node.spec)}"

    def constants(operands: tuple[Any, ...]) -> Iterator[str]:
        for operand in operands:
            if isinstance(operand, KnownNode) and operand not in names:
                yield f"  {declared(operand)} = constant {_elements(operand.value.asnumpy(), largest)}"

    yield f"program({', '.join(declared(node) for node in program.inputs)}):"
    for equation in program.equations:
        yield from constants(equation.operands)
        params = (f"{key}={literal_text(value, largest)}" for key, value in equation.params.items())
        call = f"{equation.primitive.name}({', '.join((*map(name, equation.operands), *params))})"
        yield f"  {declared(equation.output)} = {call}"
    yield from constants(program.outputs)
    yield f"  return {', '.join(map(name, program.outputs))}".rstrip()


def literal_text(value: Any, largest_constant: int | None = None) -> str:
    """A static parameter as text. What the grammar has no word for is printed in angle brackets."""
    if isinstance(value, (bool, int, float, np.generic)):
        return number_text(value)
    if value is None:
        return "None"
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, DType):
        return value.name.lower()
    if isinstance(value, tuple):
        parts = [literal_text(part, largest_constant) for part in value]
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    if isinstance(value, Program):
        return "{" + "\n  ".join(_lines(value, largest_constant)) + "}"
    return f"<{type(value).__name__}>"


def spec_text(spec: Spec | Bundle) -> str:
    """Element type and shape; for a bundle, those of its items in parentheses."""
    if isinstance(spec, Bundle):
        return f"({', '.join(map(spec_text, spec.items))})"
    return f"{spec.dtype.name.lower()}[{','.join(map(str, spec.shape))}]"


def number_text(value: bool | int | float | np.generic) -> str:
    """The shortest text that gives back the same number of the same type."""
    if isinstance(value, np.floating):
        # The shortest digits of a narrow type, if they survive being read as a wider one first.
        short = str(value)
        with np.errstate(over="ignore"):
            same = type(value)(float(short)) == value
        return short if same else repr(float(value))
    if isinstance(value, np.generic):
        return repr(value.item())
    return float.__repr__(value) if isinstance(value, float) else repr(value)


def _elements(array: np.ndarray, largest: int | None) -> str:
    if largest is not None and array.size > largest:
        return "..."
    if array.ndim == 0:
        return number_text(array.ravel()[0])
    return f"[{', '.join(number_text(x) for x in array.ravel())}]"
