"""`explain`: in words, which way a computation goes and why."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from dualtape.autodiff.fields import explain_derivatives
from dualtape.compiler.jit import Jitted
from dualtape.compiler.lowered import Lowered
from dualtape.compiler.program import COND, ITEM, SCAN, WHILE, Program, inner_programs
from dualtape.errors import ArgumentTypeError


class Explanation:
    """How a jitted function runs; it prints as text.

    Attributes
    ----------
    lowered
        The programs, and all else that is known.
    """

    def __init__(self, name: str, lowered: Lowered) -> None:
        self._name = name
        self.lowered = lowered

    def __str__(self) -> str:
        return "\n".join(_lines(self._name, self.lowered))

    __repr__ = __str__


def explain(function: Any, *args: Any, **kwargs: Any) -> Any:
    """How ``function`` computes what it gives for these arguments, and why; the answer prints as text.

    Parameters
    ----------
    function
        The result of :func:`dualtape.jit`: told is whether the program runs in blocks of points or operation by
        operation. Or that of :func:`dualtape.partials` or :func:`dualtape.linear_operator`: told is which sets of
        streams were compared, and which one was taken.
    *args, **kwargs
        As in a call.

    Examples
    --------
    >>> import dualtape as dt
    >>> total = dt.jit(lambda x: (dt.ops.sin(x) ** 2).sum())
    >>> print(dt.explain(total, dt.ops.ones(3)))  # doctest: +ELLIPSIS
    jit of `<lambda>`: 4 operations as traced, 4 after the passes
    runs operation by operation on host (NumPy ...): 8 elements are too few to be worth compiling a kernel
    1 input of 3 elements, 1 output of 1 element
    """
    if isinstance(function, Jitted):
        return Explanation(getattr(function, "__name__", "a function"), function.lower(*args, **kwargs))
    if not hasattr(function, "plan"):
        raise ArgumentTypeError(
            "`explain` takes the result of `jit`, the result of `partials` or that of `linear_operator`, got "
            f"{type(function).__name__}"
        )
    return explain_derivatives(function, *args, **kwargs)


def _lines(name: str, lowered: Lowered) -> Iterator[str]:
    before, after = (_operations(program) for program in (lowered.program, lowered.optimised))
    yield f"jit of `{name}`: {_many(before, 'operation')} as traced, {after} after the passes"
    yield lowered.explanation
    program = lowered.optimised
    given = sum(prod(node.spec.shape) for node in program.inputs)
    made = sum(prod(node.spec.shape) for node in program.results)
    inputs = f"{_many(len(program.inputs), 'input')} of {_many(given, 'element')}"
    yield f"{inputs}, {_many(len(program.results), 'output')} of {_many(made, 'element')}"
    yield from _control(program)


def _control(program: Program, depth: int = 1) -> Iterator[str]:
    for equation in program.equations:
        held_programs = inner_programs(equation)
        inner = [f"{_many(_operations(held), 'operation')} in `{key}`" for key, held in held_programs.items()]
        if equation.primitive is SCAN:
            yield f"{'  ' * depth}a scan of {_many(equation.params['length'], 'step')}, {inner[0]}"
        elif equation.primitive in (COND, WHILE):
            yield f"{'  ' * depth}a `{equation.primitive.name}`, {' and '.join(inner)}"
        for held in held_programs.values():
            yield from _control(held, depth + 1)


def _operations(program: Program) -> int:
    return sum(equation.primitive is not ITEM for equation in program.equations)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
