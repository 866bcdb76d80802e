"""Formulas as text, ``u_t + u * u_x - nu * u_xx``, to trees: a parser by precedence (Pratt 1973).

``^`` and ``**`` are powers, which bind to the right and before a sign: ``-x^2`` is ``-(x^2)``. Nothing is left out: a
product is written ``2 * x``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<sign>\*\*|<=|>=|==|!=|[-+*/^(),<>=]))"
)
# How tightly a sign binds what stands on its left and right.
_BINDING = {
    **dict.fromkeys(("<", "<=", ">", ">="), (1, 2)),
    **dict.fromkeys("+-", (3, 4)),
    **dict.fromkeys("*/", (5, 6)),
    **dict.fromkeys(("^", "**"), (10, 9)),
}
_SIGNED = 7  # a sign in front: after products, before powers
_DEEPEST = 100
_LONGEST = 500  # numbers, names and signs


class FormulaError(ValueError):
    """What is wrong in a formula, and at which character, counted from 0."""

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.column = column


@dataclass(frozen=True)
class Term:
    """A part of a formula, and the character at which it is named."""

    column: int


@dataclass(frozen=True)
class NumberTerm(Term):
    """A number as it is written."""

    value: float


@dataclass(frozen=True)
class Name(Term):
    """A coordinate, an unknown, a derivative of it, a constant."""

    name: str


@dataclass(frozen=True)
class Applied(Term):
    """A function, a sign between two operands, or the sign ``-`` before one."""

    name: str
    operands: tuple[Term, ...]


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"`{self.text}`"


def parse_formula(text: str) -> Term:
    """The tree of a formula; of an equation ``left = right``, that of ``left - right``.

    Examples
    --------
    >>> parse_formula("2 * x").name
    '*'
    """
    tokens = list(_tokens(text))
    if len(tokens) > _LONGEST:
        raise FormulaError(f"more than {_LONGEST} numbers, names and signs", tokens[_LONGEST].column)
    parser = _Parser(tokens)
    found = parser.expression(0)
    if parser.next.text == "=":
        sign = parser.take()
        found = Applied(sign.column, "-", (found, parser.expression(0)))
    if parser.next.kind != "end":
        raise FormulaError(_unexpected(parser.next), parser.next.column)
    return found


def names_in(node: Term) -> Iterator[Name]:
    """The names that a formula asks for, but those of functions."""
    if isinstance(node, Name):
        yield node
    elif isinstance(node, Applied):
        for operand in node.operands:
            yield from names_in(operand)


def _tokens(text: str) -> Iterator[_Token]:
    place = 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            column = place + len(text[place:]) - len(text[place:].lstrip())
            raise FormulaError(f"`{text[column]}` has no meaning in a formula", column)
        kind = match.lastgroup or ""
        yield _Token(kind, match[kind], match.start(kind))
        place = match.end()
    yield _Token("end", "", len(text.rstrip()))


def _unexpected(token: _Token) -> str:
    if token.text == "=":
        return "a second `=`; an equation has one"
    if token.text in ("==", "!="):
        return f"`{token.text}` compares; an equation has one `=`"
    if token.kind in ("number", "name") or token.text == "(":
        return f"expected an operator before {token}; a product is written with `*`"
    return f"did not expect {token}"


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def next(self) -> _Token:
        return self._tokens[self._place]

    def take(self) -> _Token:
        token = self.next
        self._place += token.kind != "end"
        return token

    def expression(self, tightness: int) -> Term:
        """What binds at least so tightly."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormulaError(f"more than {_DEEPEST} parts stand in one another", self.next.column)
        left = self._operand()
        while self.next.text in _BINDING and _BINDING[self.next.text][0] >= tightness:
            sign = self.take()
            left = Applied(sign.column, "^" if sign.text == "**" else sign.text, (left, self._right_of(sign.text)))
        self._depth -= 1
        return left

    def _right_of(self, sign: str) -> Term:
        return self.expression(_BINDING[sign][1])

    def _operand(self) -> Term:
        token = self.take()
        if token.kind == "number":
            number = float(token.text)
            if number == math.inf:
                raise FormulaError(f"{token} is more than the largest number, some 1.8e308", token.column)
            return NumberTerm(token.column, number)
        if token.kind == "name":
            return self._called(token) if self.next.text == "(" else Name(token.column, token.text)
        if token.text in ("-", "+"):
            inner = self.expression(_SIGNED)
            return inner if token.text == "+" else Applied(token.column, "-", (inner,))
        if token.text == "(":
            inner = self.expression(0)
            self._expect(")", token)
            return inner
        raise FormulaError(f"expected a number, a name or `(`, got {token}", token.column)

    def _called(self, name: _Token) -> Term:
        opened = self.take()
        operands = [self.expression(0)]
        while self.next.text == ",":
            self.take()
            operands.append(self.expression(0))
        self._expect(")", opened)
        return Applied(name.column, name.text, tuple(operands))

    def _expect(self, sign: str, opened: _Token) -> None:
        token = self.take()
        if token.text != sign:
            if token.kind == "end" or token.text == "=":
                raise FormulaError("the `(` is not closed", opened.column)
            raise FormulaError(_unexpected(token), token.column)
