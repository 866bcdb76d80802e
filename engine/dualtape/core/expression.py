"""What a primitive computes of each element, as data: a small tree, made with Python's operators.

``choose((x == 0) | (y == 0), 0, x * y)`` is the product in which zero wins. The inputs are ``x``, ``y``, ``z`` in
order; numbers have the inputs' type. What others ask of it is computed from the tree; :func:`in_c` makes C of it.

A comparison is a truth value. Where a number is needed it counts as 1 or 0, as in NumPy: ``(x > 0) * 2``. C would have
-1 in vectors, of another type than theirs. Sums and products of truth values alone are truth values, as in NumPy; for
their differences, which NumPy refuses, they count as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from itertools import product
from typing import Any, NoReturn

import numpy as np

from dualtape.errors import ArgumentError


def _binary(symbol: str) -> Callable[[Expression, Expression | float], Expression]:
    return lambda self, other: _operation(symbol, self, other)


def _reflected(symbol: str) -> Callable[[Expression, Expression | float], Expression]:
    return lambda self, other: _operation(symbol, other, self)


class Expression:
    """A value for each element. ``==``, ``&``, ``|`` and ``~`` make expressions too: none has a truth value."""

    # Classes as dataclasses makes them would take a tenth of the time to import the package.
    def __init__(self, operands: tuple[Expression, ...]) -> None:
        self.operands = operands

    def replaced(self, **changes: Any) -> Any:
        """The same with other attributes."""
        other = copy(self)
        vars(other).update(changes)
        vars(other).pop("_is_open", None)
        return other

    __add__, __radd__ = _binary("+"), _reflected("+")
    __sub__, __rsub__ = _binary("-"), _reflected("-")
    __mul__, __rmul__ = _binary("*"), _reflected("*")
    __truediv__, __rtruediv__ = _binary("/"), _reflected("/")
    __lt__, __le__ = _binary("<"), _binary("<=")
    __gt__, __ge__ = _binary(">"), _binary(">=")
    __and__, __or__ = _binary("&&"), _binary("||")

    def __eq__(self, other: object) -> Any:
        return _operation("==", self, other)

    def __ne__(self, other: object) -> Any:
        return _operation("!=", self, other)

    def __neg__(self) -> Expression:
        return _operation("-", self)

    def __invert__(self) -> Expression:
        return _operation("!", self)

    __hash__ = object.__hash__

    def __bool__(self) -> NoReturn:
        raise TypeError(f"`{self}` has no truth value: choose with `choose`, compare trees with `is`")

    def __repr__(self) -> str:
        return in_c(self)

    def nodes(self) -> Iterator[Expression]:
        """All parts of the tree, itself first."""
        yield self
        for operand in self.operands:
            yield from operand.nodes()

    @property
    def functions(self) -> frozenset[str]:
        """The device functions that it calls."""
        return frozenset(node.function for node in self.nodes() if isinstance(node, FunctionCall))

    @property
    def is_truth(self) -> bool:
        """Whether the value is a truth value."""
        if isinstance(self, ByType):
            return self.operands[0].is_truth
        if isinstance(self, OperatorCall) and self.symbol == "?":
            return all(branch.is_truth for branch in self.operands[1:])
        return isinstance(self, OperatorCall) and self.symbol in (*_COMPARISONS, "&&", "||", "!")

    @property
    def arity(self) -> int:
        """How many inputs it has."""
        return 1 + max((node.position for node in self.nodes() if isinstance(node, Argument)), default=-1)

    @property
    def picks(self) -> bool:
        """Whether the value is that of one of the inputs."""
        if isinstance(self, OperatorCall) and self.symbol == "?":
            return all(branch.picks for branch in self.operands[1:])
        return isinstance(self, Argument)

    @property
    def operations(self) -> int:
        """How many operations it makes of an element, a call being one and a conversion none."""
        return sum(
            isinstance(node, FunctionCall) or (isinstance(node, OperatorCall) and node.symbol != _CONVERSION)
            for node in self.nodes()
        )

    @property
    def needs_floats(self) -> bool:
        """Whether it has no meaning for integers: it divides or calls, and states no form for them."""
        if isinstance(self, ByType):
            return False
        here = isinstance(self, FunctionCall) or (isinstance(self, OperatorCall) and self.symbol == "/")
        return here or any(operand.needs_floats for operand in self.operands)

    @property
    def hands_on_nan(self) -> bool:
        """Whether it is NaN wherever an input is, whatever the others are."""
        choices = list(product((False, True), repeat=self.arity))[1:]
        return all(_with_nan(self, choice) == "nan" for choice in choices)

    @cached_property
    def _is_open(self) -> bool:
        """Whether it depends on the kind of elements, or on static parameters."""
        return any(isinstance(node, (ByType, Static)) for node in self.nodes())

    def specialized(self, of_integers: bool, params: Mapping[str, Any]) -> Expression:
        """Itself for elements of one kind and known static parameters."""
        if not self._is_open:
            return self
        if isinstance(self, ByType):
            return self.operands[of_integers].specialized(of_integers, params)
        if isinstance(self, Static):
            value = params[self.name]  # a whole number is C's int, as device functions take it
            return Literal((), int(value), bare=True) if isinstance(value, int) else Literal((), float(value))
        specialized: Expression = self.replaced(
            operands=tuple(x.specialized(of_integers, params) for x in self.operands)
        )
        return specialized


class Argument(Expression):
    """The element of an input."""

    def __init__(self, operands: tuple[Expression, ...], position: int) -> None:
        super().__init__(operands)
        self.position = position


class Literal(Expression):
    """A constant of the inputs' type; ``bare`` for one of C's own, an int."""

    def __init__(self, operands: tuple[Expression, ...], value: float, bare: bool = False) -> None:
        super().__init__(operands)
        self.value = value
        self.bare = bare


class Static(Expression):
    """A static parameter of the primitive: known when the expression is specialized."""

    def __init__(self, operands: tuple[Expression, ...], name: str) -> None:
        super().__init__(operands)
        self.name = name


class FunctionCall(Expression):
    """A device function; ``swallows_nan`` says that its value may be a number where an operand is NaN."""

    def __init__(self, operands: tuple[Expression, ...], function: str, swallows_nan: bool = False) -> None:
        super().__init__(operands)
        self.function = function
        self.swallows_nan = swallows_nan


class OperatorCall(Expression):
    """An operator of C: of one operand, of two, or of three, which is the choice ``?``."""

    def __init__(self, operands: tuple[Expression, ...], symbol: str) -> None:
        super().__init__(operands)
        self.symbol = symbol


class ByType(Expression):
    """One expression for floats, and another one for integers and bools."""


_CONVERSION = "(OUT)"
_COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")
_OF_TRUTHS = {"+": "||", "*": "&&"}
x, y, z = (Argument((), position) for position in range(3))


def _operation(symbol: str, *operands: object) -> Expression:
    given = tuple(map(_expression, operands))
    match symbol:
        case "+" | "*" if all(operand.is_truth for operand in given):
            symbol = _OF_TRUTHS[symbol]
        case "+" | "-" | "*" | "/" | "==" | "!=" | "<" | "<=" | ">" | ">=":
            given = tuple(map(as_number, given))
        case "?":
            condition, *branches = given
            if not all(branch.is_truth for branch in branches):
                given = (condition, *map(as_number, branches))
    return OperatorCall(given, symbol)


def as_number(expression: Expression) -> Expression:
    """The expression, 1 and 0 in the place of truth values."""
    return OperatorCall((expression, Literal((), 1), Literal((), 0)), "?") if expression.is_truth else expression


def _expression(value: object) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool):
        return Literal((), int(value))
    if isinstance(value, (int, float)):
        return Literal((), value)
    raise TypeError(f"{value!r} is no part of an expression")


def call(function: str, *operands: Expression, swallows_nan: bool = False) -> Expression:
    """The value of a function of `opencl_kernels`."""
    return FunctionCall(tuple(map(as_number, operands)), function, swallows_nan)


def bits(symbol: str, *operands: Expression) -> Expression:
    """An operator of C on the bits of integers."""
    return OperatorCall(operands, symbol)


def choose(condition: Expression, chosen: Expression | float, otherwise: Expression | float) -> Expression:
    """``chosen`` where the condition holds."""
    return _operation("?", condition, chosen, otherwise)


def by_type(floats: Expression, integers: Expression | float) -> Expression:
    """``integers`` for elements that are integers or bools, else ``floats``."""
    return ByType((floats, _expression(integers)))


def to_output(operand: Expression) -> Expression:
    """In the output's type."""
    return _operation(_CONVERSION, operand)


def static(name: str) -> Expression:
    """A static parameter of the primitive."""
    return Static((), name)


def in_c(expression: Expression, names: Sequence[str] = "xyz", number: str = "T") -> str:
    """C code: the inputs are called ``names`` and their type ``number``; the output's type is OUT."""
    texts = [in_c(operand, names, number) for operand in expression.operands]
    match expression:
        case Argument(position=position):
            return names[position]
        case Literal(value=value, bare=bare):
            text = str(value).replace("inf", "INFINITY").replace("nan", "NAN")
            if bare:
                return text if value >= 0 else f"({text})"
            return f"({number}){text}"
        case Static(name=name):
            return f"{{{name}}}"
        case FunctionCall(function=function):
            return f"{function}({', '.join(texts)})"
        case ByType():
            return f"by_type({', '.join(texts)})"
    assert isinstance(expression, OperatorCall)
    inner = [
        f"({text})" if isinstance(operand, OperatorCall) else text
        for operand, text in zip(expression.operands, texts, strict=True)
    ]
    match inner:
        case [operand]:
            return f"{expression.symbol}{operand}"
        case [left, right]:
            return f"{left} {expression.symbol} {right}"
    return "{} ? {} : {}".format(*inner)


def number_in_c(value: bool | int | float, bits: int) -> str:
    """C code: a number as a float of 32 or 64 bits, exactly."""
    try:
        with np.errstate(over="ignore"):
            rounded = float(np.float32(value)) if bits == 32 else float(value)
    except OverflowError as failure:
        raise ArgumentError(f"a number in a program is beyond all floats: {failure}") from failure
    if not math.isfinite(rounded):
        return "NAN" if math.isnan(rounded) else ("INFINITY" if rounded > 0 else "(-INFINITY)")
    text = f"{rounded.hex()}{'f' if bits == 32 else ''}"
    return text if math.copysign(1, rounded) > 0 else f"({text})"


def _with_nan(expression: Expression, is_nan: Sequence[bool]) -> str | bool | None:
    """What is known of the value: "nan", a truth value, or None, where those inputs are NaN and the others are not."""
    found = [_with_nan(operand, is_nan) for operand in expression.operands]
    match expression:
        case Argument(position=position):
            return "nan" if is_nan[position] else None
        case FunctionCall(swallows_nan=True):
            return None
        case ByType():
            return found[0]
        case OperatorCall(symbol="?"):
            condition, *branches = found
            if isinstance(condition, bool):
                return branches[not condition]
            return branches[0] if branches[0] == branches[1] else None
        case OperatorCall(symbol="||" | "&&" as symbol):
            decides = symbol == "||"
            if decides in found:
                return decides
            return None if None in found or "nan" in found else not decides
        case OperatorCall(symbol="!"):
            return not found[0] if isinstance(found[0], bool) else None
        case OperatorCall(symbol="==" | "!=" | "<" | "<=" | ">" | ">=" as symbol, operands=(left, right)):
            if "nan" in found:
                return symbol == "!="
            return symbol in ("==", "<=", ">=") if left is right and isinstance(left, Argument) else None
    return "nan" if "nan" in found else None
