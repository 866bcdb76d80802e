"""Small changes of the expressions and folds that devices compute with, node by node."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from dualtape.core.expression import Argument, ByType, Expression, Literal, OperatorCall
from dualtape.core.lowering import Fold

_OTHER = {
    "+": ("-",),
    "*": ("+",),
    "/": ("*",),
    "<": ("<=", ">"),
    "<=": ("<", ">="),
    ">": (">=", "<"),
    ">=": (">", "<="),
    "==": ("!=",),
    "!=": ("==",),
    "&&": ("||",),
    "||": ("&&",),
}


def expression_changes(tree: Expression, truth: bool = False) -> Iterator[Expression]:
    """``tree`` with one operator, operand or constant replaced, a choice turned round, and with its sign flipped.

    A truth value is negated instead, and its constants are 0 and 1: every other number means the same as 1.
    """
    if isinstance(tree, ByType):
        yield from _with_changed_operand(tree, lambda operand: expression_changes(operand, truth))
    elif truth and isinstance(tree, Literal):
        yield Literal((), 1 - tree.value)
    else:
        places = list(dict.fromkeys(node.position for node in tree.nodes() if isinstance(node, Argument)))
        yield from _changes(tree, places)
        if places:
            yield ~tree if truth else -tree


def fold_changes(fold: Fold, truth: bool = False) -> Iterator[Fold]:
    """``fold`` with a change of how it combines, or with another beginning."""
    first = fold.identity
    yield fold._replace(identity=-first if math.isinf(first) else 1 - first if truth else first + 1)
    for combine in expression_changes(fold.combine, truth):
        yield fold._replace(combine=combine)


def _changes(node: Expression, places: list[int]) -> Iterator[Expression]:
    match node:
        case Argument(position=place) if len(places) > 1:
            yield Argument((), places[(places.index(place) + 1) % len(places)])
        case Literal(value=value):
            yield Literal((), -value if math.isinf(value) else value + 1)
        case OperatorCall(symbol="-" | "!", operands=(operand,)):
            yield operand
        case OperatorCall(symbol="-"):
            yield node.replaced(symbol="+")
        case OperatorCall(symbol="?", operands=(condition, chosen, otherwise)):
            yield node.replaced(operands=(condition, otherwise, chosen))
        case OperatorCall(symbol=symbol):
            for other in _OTHER.get(symbol, ()):
                yield node.replaced(symbol=other)
    yield from _with_changed_operand(node, lambda operand: _changes(operand, places))


def _with_changed_operand(
    node: Expression, change: Callable[[Expression], Iterator[Expression]]
) -> Iterator[Expression]:
    for i, operand in enumerate(node.operands):
        for other in change(operand):
            yield node.replaced(operands=(*node.operands[:i], other, *node.operands[i + 1 :]))
