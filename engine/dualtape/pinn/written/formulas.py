"""What a formula means: among unknowns and points of an equation, or among arrays of NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import dualtape as dt
from dualtape import ops
from dualtape.errors import ArgumentError
from dualtape.pinn.cole_hopf import burgers_exact
from dualtape.pinn.fields import read_derivative
from dualtape.pinn.written.entries import TomlValue, nearest
from dualtape.pinn.written.syntax import Applied, FormulaError, Name, NumberTerm, Term, names_in

# Each by its name in formulas: of arrays and numbers, and of tensors.
_OF_ONE: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    name: (getattr(np, plain), getattr(ops, ours))
    for name, plain, ours in (
        *((name, name, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "sign")),
        ("abs", "abs", "abs"),
        ("asin", "arcsin", "asin"),
        ("acos", "arccos", "acos"),
        ("atan", "arctan", "atan"),
    )
}
_OF_TWO = {"min": (np.minimum, ops.minimum), "max": (np.maximum, ops.maximum)}
_KNOWN = {"cole_hopf": burgers_exact}  # of x, t and the viscosity
_COMPARISONS = ("<", "<=", ">", ">=")
_SIGNS: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a ** (int(b) if isinstance(b, float) and b.is_integer() else b),
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
CONSTANTS = {"pi": math.pi, "e": math.e}
FUNCTIONS = (*_OF_ONE, *_OF_TWO, "where", "d", "laplacian")


@dataclass(frozen=True)
class Vocabulary:
    """The names that formulas of a file may use."""

    coordinates: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    constants: Mapping[str, float | dt.Parameter] = field(default_factory=dict)
    normals: bool = False
    known: bool = False
    """Whether functions that are known solutions may be used."""

    def derivative(self, name: str) -> tuple[str, str] | None:
        """``u_xx`` as the unknown and its derivative; ``n`` is the one along the normal, on a boundary."""
        for unknown in sorted(self.unknowns, key=len, reverse=True):
            if name.startswith(f"{unknown}_"):
                orders = name[len(unknown) + 1 :]
                if (self.normals and orders == "n") or read_derivative(orders, self.coordinates) is not None:
                    return unknown, orders
        return None

    def normal(self, name: str) -> str | None:
        """``n_x`` as the coordinate along which it is the normal's component."""
        coordinate = name.removeprefix("n_")
        return coordinate if self.normals and coordinate != name and coordinate in self.coordinates else None

    def knows(self, name: str) -> bool:
        """Whether a name has a meaning."""
        plain = name in self.constants or name in CONSTANTS or name in self.coordinates or name in self.unknowns
        return plain or self.derivative(name) is not None or self.normal(name) is not None

    def refuse(self, name: Name) -> None:
        """Raise an error for a name that has no meaning."""
        known = [*self.unknowns, *self.coordinates, *self.constants, *CONSTANTS]
        unknown = name.name.partition("_")[0]
        if unknown in self.unknowns and "_" in name.name:
            orders = ", ".join(self.coordinates)
            example = f"{unknown}_{self.coordinates[0] * 2}"
            along = " and n, the normal" if self.normals else ""
            raise FormulaError(
                f"`{name.name}` is no derivative: the coordinates are {orders}{along}, so write for example {example}",
                name.column,
            )
        if name.name in FUNCTIONS:
            raise FormulaError(f"`{name.name}` is a function: write {name.name}(...)", name.column)
        raise FormulaError(f"`{name.name}` is not known{nearest(name.name, known)}", name.column)

    def check(self, node: Term, condition: bool = False) -> None:
        """Refuse names and functions that are not known, and wrong numbers of operands."""
        if isinstance(node, Name) and not self.knows(node.name):
            self.refuse(node)
        if not isinstance(node, Applied):
            return
        if (node.name in _COMPARISONS) != condition:
            raise FormulaError(
                "the first operand of `where` must be a comparison, as in where(x < 0, 1, 2)"
                if condition
                else f"`{node.name}` compares, and stands only in the first operand of where(x < 0, 1, 2)",
                node.column,
            )
        operands = node.operands
        if node.name in self.unknowns:
            self._count(node, len(self.coordinates))
        elif node.name == "d":
            operands = self._derivative_operands(node)
        elif node.name == "laplacian":
            self._count(node, 1)
            if not isinstance(node.operands[0], Name) or node.operands[0].name not in self.unknowns:
                raise FormulaError("`laplacian` is of an unknown, as in laplacian(u)", node.column)
        elif node.name == "where":
            self._count(node, 3)
            if not isinstance(node.operands[0], Applied):
                raise FormulaError(
                    "the first operand of `where` must be a comparison, as in where(x < 0, 1, 2)", node.column
                )
        elif node.name in _OF_ONE or node.name in _OF_TWO:
            self._count(node, 1 if node.name in _OF_ONE else 2)
        elif self.known and node.name in _KNOWN:
            self._count(node, 3)
        elif node.name not in _SIGNS:
            raise FormulaError(
                f"there is no function `{node.name}`{nearest(node.name, (*FUNCTIONS, *self.unknowns))}", node.column
            )
        for i, operand in enumerate(operands):
            self.check(operand, condition=node.name == "where" and i == 0)

    def _count(self, node: Applied, expected: int) -> None:
        if len(node.operands) != expected:
            raise FormulaError(f"`{node.name}` takes {expected} operands, got {len(node.operands)}", node.column)

    def _derivative_operands(self, node: Applied) -> tuple[Term, ...]:
        expression, *by = node.operands
        if not by or not all(isinstance(x, Name) and x.name in self.coordinates for x in by):
            raise FormulaError("`d` is of an expression by coordinates, as in d(k * u_x, x)", node.column)
        return (expression,)


class Formula:
    """A formula of a file, all of whose names are known."""

    def __init__(self, entry: TomlValue, words: Vocabulary) -> None:
        self.entry, self.words, self.tree = entry, words, entry.tree()
        try:
            words.check(self.tree)
        except FormulaError as failure:
            entry.fail(f"{failure} in {entry.value!r}", failure.column)
        except ArgumentError as failure:  # a derivative that may be by several
            entry.fail(str(failure))

    @property
    def names(self) -> set[str]:
        """All names in it but those of functions."""
        return {name.name for name in names_in(self.tree)}

    def asks_unknowns(self) -> bool:
        """Whether it depends on what is sought."""
        return any(name in self.words.unknowns or self.words.derivative(name) for name in self.names)

    def number(self) -> float:
        """Its value, where it is made of numbers and constants."""
        found = self._value(self.tree, self._constant)
        if not isinstance(found, (float, np.floating)) or not math.isfinite(found):
            self.entry.fail(f"{self.entry.value!r} is {found}; expected a finite number")
        return float(found)

    def in_equation(self, *fields_and_points: Any) -> Any:
        """Its value at the points of an equation or condition, as a column."""
        fields, p = dict(zip(self.words.unknowns, fields_and_points[:-1], strict=True)), fields_and_points[-1]
        found = self._value(self.tree, lambda name: self._at_points(name, fields, p), fields, p)
        return found * ops.ones_like(p.points[:, :1]) if isinstance(found, (float, dt.Parameter)) else found

    def at_points(self, p: Any) -> Any:
        """Its value at points, where no unknown is in it."""
        found = self._value(self.tree, lambda name: self._at_points(name, {}, p), {}, p)
        return found * ops.ones_like(p.points[:, :1]) if isinstance(found, (float, dt.Parameter)) else found

    def of_arrays(self, *coordinates: np.ndarray) -> np.ndarray:
        """Its value at arrays of NumPy."""
        arrays = dict(zip(self.words.coordinates, coordinates, strict=True))
        found = self._value(self.tree, lambda name: arrays[name] if name in arrays else self._constant(name))
        return np.broadcast_to(found, np.broadcast_shapes(*(np.shape(x) for x in coordinates)))

    def _constant(self, name: str) -> Any:
        return self.words.constants[name] if name in self.words.constants else CONSTANTS[name]

    def _at_points(self, name: str, fields: Mapping[str, Any], p: Any) -> Any:
        if name in self.words.coordinates:
            return getattr(p, name)
        if name in fields:
            return fields[name]
        if (derivative := self.words.derivative(name)) is not None:
            field, orders = fields[derivative[0]], derivative[1]
            return field.normal if orders == "n" and "n" not in self.words.coordinates else field.by(orders)
        if (coordinate := self.words.normal(name)) is not None and name not in self.words.constants:
            return p.normal_along(coordinate)
        return self._constant(name)

    def _value(
        self, node: Term, known: Callable[[str], Any], fields: Mapping[str, Any] | None = None, p: Any = None
    ) -> Any:
        if isinstance(node, NumberTerm):
            return node.value
        if isinstance(node, Name):
            return known(node.name)
        assert isinstance(node, Applied)
        value: Callable[[Term], Any] = lambda x: self._value(x, known, fields, p)
        if fields is not None and node.name in fields:
            return fields[node.name].at(*map(value, node.operands))
        if node.name == "laplacian":
            return value(node.operands[0]).laplacian()
        if node.name == "d":
            found = value(node.operands[0])
            for coordinate in node.operands[1:]:
                found = p.d(found, coordinate.name)  # type: ignore[attr-defined]
            return found
        operands = [value(operand) for operand in node.operands]
        numbers = all(isinstance(x, (float, bool, np.bool_)) for x in operands)
        try:
            with np.errstate(all="raise" if numbers else "ignore", under="ignore"):
                found = _applied(node.name, operands, p is None or numbers)
        except ArithmeticError as failure:
            self.entry.fail(f"{failure} in {self.entry.value!r}", node.column)
        return float(found) if numbers and node.name not in _COMPARISONS else found


def _applied(name: str, operands: list[Any], plain: bool) -> Any:
    """A function or sign of numbers and arrays (``plain``), or of tensors."""
    found: Any
    if name in _KNOWN:
        found = _KNOWN[name](*operands)
    elif name in _SIGNS:
        found = -operands[0] if len(operands) == 1 else _SIGNS[name](*operands)
    elif name == "where":
        condition, one, other = operands
        found = (np.where if plain else ops.where)(condition, one, other)
    else:
        found = (_OF_ONE.get(name) or _OF_TWO[name])[not plain](*operands)
    if isinstance(found, complex):
        raise ArithmeticError("the power of a negative number is not real")
    return found
