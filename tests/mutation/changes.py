"""Small changes of Python code, each of which should change what it computes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, NamedTuple

# Swapping the arguments of these changes nothing, for the operation is symmetric.
SYMMETRIC = {
    "add",
    "multiply",
    "strong_multiply",
    "equal",
    "not_equal",
    "maximum",
    "minimum",
    "logical_and",
    "logical_or",
    "result_type",
    "broadcast_shapes",
}
# These only convert or count in Python, and a call of one is no operation of the rule.
PYTHON = {"int", "tuple", "len", "range", "sum", "zip", "enumerate", "isinstance", "reversed", "any"}

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.In: (ast.NotIn,),
}
_PAIRS = {"maximum": "minimum", "minimum": "maximum", "logical_or": "logical_and", "logical_and": "logical_or"}
_PAIRS |= {"argmax": "argmin", "argmin": "argmax"}


class Change(NamedTuple):
    """Code with one change in it; ``value`` is what it makes, where that is data and the code only shows it."""

    before: str
    after: str
    original: str
    code: str
    value: Any = None

    def __str__(self) -> str:
        return f"`{self.before}` -> `{self.after}`"


def changes(tree: ast.expr | ast.FunctionDef) -> Iterator[Change]:
    """Every change of an expression or a function; ``tree`` is as it was afterwards."""
    original = ast.unparse(tree)
    seen = {original}
    root = ast.Module([tree], []) if isinstance(tree, ast.FunctionDef) else ast.Expression(tree)
    for place in _places(root, ()):
        node = place.get()
        for other in _replacements(node, place.parameters):
            before = ast.unparse(node)
            place.set(other)
            code = ast.unparse(root)
            if code not in seen:
                seen.add(code)
                yield Change(before, ast.unparse(other), original, code)
            place.set(node)


class _Place(NamedTuple):
    """Where a node hangs in the tree, and the parameters of the function around it."""

    parent: ast.AST
    field: str
    index: int | None
    parameters: tuple[str, ...]

    def get(self) -> ast.AST:
        value = getattr(self.parent, self.field)
        found: ast.AST = value if self.index is None else value[self.index]
        return found

    def set(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


def _places(parent: ast.AST, parameters: tuple[str, ...]) -> Iterator[_Place]:
    if isinstance(parent, (ast.Lambda, ast.FunctionDef)):
        parameters = tuple(argument.arg for argument in (*parent.args.args, *parent.args.kwonlyargs))
    for field, value in ast.iter_fields(parent):
        # Types, defaults and the words of an error are no part of what a rule computes.
        if field in ("args", "returns", "annotation") and not isinstance(parent, ast.Call):
            continue
        # `strict` only asserts what holds, and the types that `isinstance` names are a set.
        if isinstance(parent, ast.keyword) and parent.arg == "strict":
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Raise, ast.Import, ast.ImportFrom)):
                continue
            if isinstance(parent, ast.Call) and ast.unparse(parent.func) == "isinstance" and index == 1:
                continue
            yield _Place(parent, field, index, parameters)
            yield from _places(child, parameters)


def _is_number(node: ast.expr) -> bool:
    """Whether a sign could be in front of it: it is no tuple, and no record such as a `Spec` or a `View`."""
    record = isinstance(node, ast.Call) and ast.unparse(node.func)[:1].isupper()
    return not (record or isinstance(node, (ast.Tuple, ast.Constant)))


def _negative(node: ast.expr) -> ast.expr:
    return node.operand if isinstance(node, ast.UnaryOp) else ast.UnaryOp(ast.USub(), node)


def _replacements(node: ast.AST, parameters: tuple[str, ...]) -> Iterator[ast.AST]:
    match node:
        case ast.BinOp():
            yield from _terms(node)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Lambda(args, body) if _is_number(body):
            yield ast.Lambda(args, _negative(body))
        case ast.Return(ast.expr() as value) if _is_number(value):
            yield ast.Return(_negative(value))
        case ast.Compare(left, [operation], right):
            for other in _COMPARISONS.get(type(operation), ()):
                yield ast.Compare(left, [other()], right)
        case ast.BoolOp(operation, values):
            yield ast.BoolOp(ast.Or() if isinstance(operation, ast.And) else ast.And(), values)
            yield from values
        case ast.IfExp(_, body, otherwise):
            yield body
            yield otherwise
        case ast.If(test, body, otherwise):
            yield ast.If(ast.UnaryOp(ast.Not(), test), body, otherwise)
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value):
            yield ast.Constant(value + 1)
        case ast.Name(name, ast.Load()) if name in parameters and len(parameters) > 1:
            yield ast.Name(parameters[(parameters.index(name) + 1) % len(parameters)], ast.Load())
        case ast.Attribute(value, name, ast.Load()) if name in _PAIRS:
            yield ast.Attribute(value, _PAIRS[name], ast.Load())
        case ast.Call(function, arguments, keywords):
            yield from _calls(function, arguments, keywords)
        case ast.Tuple(elements, ast.Load()):
            for i in range(len(elements) - 1):
                yield ast.Tuple([*elements[:i], elements[i + 1], elements[i], *elements[i + 2 :]], ast.Load())


def _terms(node: ast.BinOp) -> Iterator[ast.expr]:
    """The other operation, the operands exchanged where that matters, and each term or factor dropped."""
    left, right = node.left, node.right
    match node.op:
        case ast.Add():
            yield from (ast.BinOp(left, ast.Sub(), right), left, right)
        case ast.Sub():
            yield from (ast.BinOp(left, ast.Add(), right), ast.BinOp(right, ast.Sub(), left), left, _negative(right))
        case ast.Mult():
            yield from (left, right)
        case ast.Div():
            yield from (ast.BinOp(left, ast.Mult(), right), ast.BinOp(right, ast.Div(), left), left)


def _calls(function: ast.expr, arguments: list[ast.expr], keywords: list[ast.keyword]) -> Iterator[ast.expr]:
    name = ast.unparse(function).rpartition(".")[2]
    if len(arguments) == 1 and not keywords and name.islower() and name not in PYTHON:
        yield arguments[0]
    starred = any(isinstance(argument, ast.Starred) for argument in arguments[:2])
    if len(arguments) > 1 and not starred and name not in SYMMETRIC | {"isinstance", "zip"}:
        yield ast.Call(function, [arguments[1], arguments[0], *arguments[2:]], keywords)
