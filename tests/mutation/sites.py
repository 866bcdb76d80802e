"""Where the rules of the catalogue stand, and how a changed one takes the place of the original."""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any

from dualtape import primitives
from dualtape.core.complex_rule import ComplexRule
from dualtape.core.lowering import Expression, Fold
from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.primitives import declaring

from .changes import Change, changes
from .expression_changes import expression_changes, fold_changes

# The fields of a primitive that hold its rules, as they are called in a declaration.
FIELDS = {name: name for name in ("numpy", "infer", "batch", "partials", "partial", "transposes", "transpose_each")}
FIELDS |= {name: name for name in ("tangent", "cotangents")}
FIELDS |= {"opencl": "lowering", "lowering": "lowering", "on_complex": "on_complex"}
# The method by which a module says what primitives of other modules do with complex numbers.
_CONTINUE = "continue_by"
# What gives truth values: everything that a `predicate` declares, and these.
_PREDICATES = ("predicate", "any", "all")


@dataclass(frozen=True)
class Field:
    """One field of one declaration, as code."""

    module: ModuleType
    primitive: Primitive
    name: str
    code: ast.expr
    maker: str

    def value(self, code: str) -> Any:
        """What the field holds if its code is ``code``."""
        value = eval(compile(code, self.module.__file__ or "?", "eval"), vars(self.module))
        return ComplexRule(value) if self.maker == _CONTINUE else value

    def set(self, value: Any) -> None:
        object.__setattr__(self.primitive, self.name, value)


@dataclass(frozen=True)
class Mutant:
    """A rule with one change: of a field of a primitive, or of a function that such fields use."""

    where: str
    field: str
    change: Change
    users: tuple[Field, ...]
    function: FunctionType | None = None

    @property
    def name(self) -> str:
        return f"{self.where}: {self.change}"

    @property
    def file(self) -> str:
        """The module of the catalogue in which the rule stands."""
        return self.users[0].module.__name__ if self.function is None else self.function.__module__

    @property
    def key(self) -> str:
        """By what a record knows it: it changes with the source of the rule, and with the change."""
        text = "\n".join((self.file, self.where, self.change.original, self.change.code))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def primitives(self) -> tuple[Primitive, ...]:
        """Whose rule is changed."""
        return tuple({id(field.primitive): field.primitive for field in self.users}.values())

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The change is in force, in this process, inside the ``with`` block."""
        kept = [(field, getattr(field.primitive, field.name)) for field in self.users]
        code = self.function.__code__ if self.function is not None else None
        try:
            if self.function is not None:
                self.function.__code__ = _compiled(self.change.code, self.function)
                for field in self.users:
                    # What the field made by calling the function is made again.
                    field.set(field.value(ast.unparse(field.code)))
            else:
                (field,) = self.users
                field.set(field.value(self.change.code) if self.change.value is None else self.change.value)
            yield
        finally:
            if self.function is not None and code is not None:
                self.function.__code__ = code
            for field, value in kept:
                field.set(value)


def _compiled(code: str, function: FunctionType) -> Any:
    scope: dict[str, Any] = {}
    exec(compile(code, function.__code__.co_filename, "exec"), dict(function.__globals__), scope)
    return scope[function.__name__].__code__


def mutants() -> Iterator[Mutant]:
    """Every mutant of every rule, in the order of the catalogue's files."""
    fields, functions = _declared()
    missing = set(CATALOGUE) - {field.primitive.name for field in fields}
    assert not missing, f"no declaration found for {missing}"
    for field in fields:
        for change in _changes_of(field):
            yield Mutant(f"{field.primitive.name}.{field.name}", field.name, change, (field,))
    reached = {id(field): _reached(field.module, field.code) for field in fields}
    for module, definition in functions:
        function = vars(module)[definition.name]
        users = tuple(field for field in fields if function in reached[id(field)])
        # What no rule uses serves the tests: calls to try, and how they are written.
        for change in changes(definition) if users else ():
            yield Mutant(definition.name, users[0].name, change, users, function)


def places() -> dict[str, list[tuple[int, int, str]]]:
    """Where the code of rules stands: for each file, the first line, the last one, and the mutants' ``where``."""
    fields, functions = _declared()
    found: dict[str, list[tuple[int, int, str]]] = {}
    for field in fields:
        if isinstance(field.code, (ast.Lambda, ast.Tuple)) and field.module.__file__:
            where = f"{field.primitive.name}.{field.name}"
            found.setdefault(field.module.__file__, []).append((field.code.lineno, field.code.end_lineno or 0, where))
    for module, definition in functions:
        assert module.__file__
        found.setdefault(module.__file__, []).append(
            (definition.body[0].lineno, definition.end_lineno or 0, definition.name)
        )
    return found


def _declared() -> tuple[list[Field], list[tuple[ModuleType, ast.FunctionDef]]]:
    """The rules that declarations name, and the functions beside them."""
    fields: list[Field] = []
    functions: list[tuple[ModuleType, ast.FunctionDef]] = []
    for module in _modules():
        for statement in ast.parse(inspect.getsource(module)).body:
            if isinstance(statement, ast.FunctionDef):
                functions.append((module, statement))
            else:
                fields += _fields(module, statement)
    return fields, functions


def _modules() -> list[ModuleType]:
    names = [module.name for module in pkgutil.iter_modules(primitives.__path__)]
    return [importlib.import_module(f"dualtape.primitives.{name}") for name in names]


def _fields(module: ModuleType, statement: ast.stmt) -> list[Field]:
    """The rules in a statement ``name = kind(...)`` that declares a primitive, or ``name.continue_by(...)``."""
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(value, method), [code])) if method == _CONTINUE:
            named = eval(ast.unparse(value), vars(module))
            return [Field(module, named, "on_complex", code, _CONTINUE)]
    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or not isinstance(statement.value, ast.Call):
        return []
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    primitive = vars(module).get(ast.unparse(target))
    if not isinstance(primitive, Primitive):
        return []
    keywords = [(FIELDS[k.arg], k.value) for k in statement.value.keywords if k.arg in FIELDS]
    if "lowering" not in dict(keywords):
        # `math_function` makes it of the name.
        keywords.append(("lowering", statement.value.args[0]))
    maker = ast.unparse(statement.value.func)
    fields = [Field(module, primitive, name, code, maker) for name, code in keywords]
    if maker == "predicate":
        rule = ast.parse(f"infer_elementwise({primitive.name!r}, bool_)", mode="eval").body
        fields.append(Field(declaring, primitive, "infer", rule, maker))
    return fields


def _changes_of(field: Field) -> Iterator[Change]:
    code = field.code
    if field.name == "lowering":
        yield from _changes_of_lowering(field, code)
    elif field.name == "numpy" and not isinstance(code, ast.Lambda) and not _is_ours(field):
        # NumPy's own function: nothing to change in it but the sign of its result.
        text = ast.unparse(code)
        after = f"lambda *inputs, **params: -{text}(*inputs, **params)"
        yield Change(text, after, text, after)
    elif isinstance(code, (ast.Lambda, ast.Tuple)) or field.name == "on_complex":
        yield from changes(code)


def _changes_of_lowering(field: Field, code: ast.expr) -> Iterator[Change]:
    lowering = field.primitive.lowering
    truth = any(part in _PREDICATES for part in (field.maker, field.primitive.name))
    if isinstance(lowering, (Expression, Fold)):
        change_of: Any = expression_changes if isinstance(lowering, Expression) else fold_changes
        for other in change_of(lowering, truth):
            yield Change(str(lowering), str(other), str(lowering), str(other), other)
    elif isinstance(code, ast.Call) and code.args and isinstance(code.args[0], ast.Lambda):
        kind = ast.unparse(code.func)
        for change in changes(code.args[0]):
            yield change._replace(code=f"{kind}({change.code})", original=f"{kind}({change.original})")


def _is_ours(field: Field) -> bool:
    return isinstance(vars(field.module).get(ast.unparse(field.code)), FunctionType)


def _reached(module: ModuleType, code: ast.AST) -> set[FunctionType]:
    """The functions of the catalogue's own files that code mentions, and those that they mention."""
    found: set[FunctionType] = set()
    pending = [(module, code)]
    while pending:
        scope, tree = pending.pop()
        for name in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}:
            function = vars(scope).get(name)
            if not isinstance(function, FunctionType) or function in found:
                continue
            if function.__module__.startswith("dualtape.primitives"):
                found.add(function)
                pending.append((importlib.import_module(function.__module__), ast.parse(inspect.getsource(function))))
    return found
