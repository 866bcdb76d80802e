"""Reading programs from the text that :mod:`dualtape.compiler.program.program` writes; its grammar stands there.

A recursive descent with one token of lookahead. Everything that is read is checked: names are declared before they
are used and once only, primitives exist, and shapes and element types are those that follow from the operands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np

from dualtape.compiler.program.control import CONTROL
from dualtape.compiler.program.equation import Bundle, Equation, KnownNode, Node, Operand
from dualtape.compiler.program.program import Program, spec_text
from dualtape.core.primitive import CATALOGUE
from dualtape.core.spec import Spec
from dualtape.devices.registry import HOST
from dualtape.dtypes import ALL, DType, bool_
from dualtape.errors import ArgumentError, DualtapeError
from dualtape.tensor import Tensor

T = TypeVar("T")

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    | (?P<number>-?(?:inf\b|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|nan\b|True\b|False\b)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_]\w*)
    | (?P<mark>\.\.\.|[()\[\]{}:,=])
    | (?P<other>.)""",
    re.VERBOSE,
)
_DTYPES = {dtype.name.lower(): dtype for dtype in ALL}


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def parse_program(text: str, constants: Mapping[str, np.ndarray] | None = None) -> Program:
    """The program that ``text`` describes; its constants are on the host.

    Parameters
    ----------
    text
        As printed by ``print(program)`` or, with every constant in full, by ``program_text(program)``.
    constants
        Arrays for the constants that are printed as ``...``, by their names.

    Raises
    ------
    ArgumentError
        Where the text is no program; the message names the line.

    Examples
    --------
    >>> program = parse_program("program(v0: float32[2]): v1: float32[2] = sin(v0) return v1")
    >>> print(program)
    program(v0: float32[2]):
      v1: float32[2] = sin(v0)
      return v1
    """
    reader = _Reader(text, constants or {})
    program = reader.program()
    reader.expect("")
    return program


class _Reader:
    def __init__(self, text: str, constants: Mapping[str, np.ndarray]) -> None:
        self._text = text
        self._constants = constants
        self._tokens = self._split(text)
        self._next = 0

    def _split(self, text: str) -> list[_Token]:
        tokens = []
        for found in _TOKEN.finditer(text):
            if found.lastgroup == "other":
                self._fail(f"found {found.group()!r}, which no program holds", found.start())
            if found.lastgroup != "space":
                tokens.append(_Token(str(found.lastgroup), found.group(), found.start()))
        return [*tokens, _Token("end", "", len(text))]

    # Tokens

    @property
    def _token(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, kind: str, what: str) -> str:
        token = self._token
        if token.kind != kind:
            self._fail(f"expected {what}, found {token.text or 'the end'!r}", token.position)
        self._next += 1
        return token.text

    def _accept(self, text: str) -> bool:
        found = self._token.text == text and self._token.kind != "string"
        self._next += found and self._token.kind != "end"
        return found

    def expect(self, text: str) -> None:
        """Step over ``text``; the empty text is the end."""
        token = self._token
        if not self._accept(text):
            self._fail(f"expected {text or 'the end'!r}, found {token.text or 'the end'!r}", token.position)

    def _fail(self, message: str, position: int | None = None) -> NoReturn:
        at = self._tokens[max(self._next - 1, 0)].position if position is None else position
        line = self._text.count("\n", 0, at) + 1
        raise ArgumentError(f"not a program, line {line}: {message}")

    def _list(self, item: Callable[[], T], end: str) -> list[T]:
        """Items between commas up to ``end``; a comma may follow the last one."""
        found = []
        while not self._accept(end):
            found.append(item())
            if not self._accept(","):
                self.expect(end)
                break
        return found

    # The grammar

    def program(self) -> Program:
        """One program, with names of its own."""
        names: dict[str, Node] = {}
        self.expect("program")
        self.expect("(")
        inputs = self._list(lambda: self._new(names, *self._declared()), ")")
        self.expect(":")
        equations = []
        while not self._accept("return"):
            equation = self._line(names)
            if equation is not None:
                equations.append(equation)
        outputs = [] if self._token.text in ("", "}") else [self._operand(names)]
        while self._accept(","):
            outputs.append(self._operand(names))
        return Program(tuple(inputs), tuple(equations), tuple(outputs))

    def _declared(self) -> tuple[str, Spec]:
        name = self._take("name", "a name")
        self.expect(":")
        return name, self._spec()

    def _spec(self) -> Any:
        if self._accept("("):
            return Bundle(tuple(self._list(self._spec, ")")))
        dtype = self._dtype(self._take("name", "an element type"))
        self.expect("[")
        return Spec(tuple(self._list(self._size, "]")), dtype)

    def _dtype(self, name: str) -> DType:
        if name not in _DTYPES:
            self._fail(f"expected an element type, found {name!r}")
        return _DTYPES[name]

    def _size(self) -> int:
        text = self._take("number", "a size")
        if not text.isdigit():
            self._fail(f"expected a size, found {text!r}")
        return int(text)

    def _new(self, names: dict[str, Node], name: str, spec: Spec, value: np.ndarray | None = None) -> Node:
        if name in names:
            self._fail(f"{name!r} is declared twice")
        names[name] = Node(spec) if value is None else KnownNode(spec, Tensor(value, device=HOST))
        return names[name]

    def _line(self, names: dict[str, Node]) -> Equation | None:
        name, spec = self._declared()
        self.expect("=")
        operation = self._take("name", "a primitive")
        if operation == "constant" and self._token.text != "(":
            self._new(names, name, spec, self._elements(name, spec))
            return None
        primitive = CATALOGUE.get(operation) or CONTROL.get(operation)
        if primitive is None:
            self._fail(f"there is no primitive {operation!r}")
        self.expect("(")
        operands: list[Operand] = []
        params: dict[str, Any] = {}
        self._list(lambda: self._argument(names, operands, params), ")")
        try:
            equation = Equation.inferred(primitive, tuple(operands), params)
        except (DualtapeError, TypeError, IndexError, AttributeError) as failure:
            self._fail(f"`{operation}` does not take these operands: {failure}")
        if equation.output.spec != spec:
            given = spec_text(equation.output.spec)
            self._fail(f"{name!r} is declared as {spec_text(spec)}, but `{operation}` gives {given}")
        return replace(equation, output=self._new(names, name, spec))

    def _argument(self, names: dict[str, Node], operands: list[Operand], params: dict[str, Any]) -> None:
        if self._token.kind == "name" and self._tokens[self._next + 1].text == "=":
            key = self._take("name", "a parameter")
            self.expect("=")
            params[key] = self._literal()
        else:
            operands.append(self._operand(names))

    def _operand(self, names: dict[str, Node]) -> Operand:
        if self._token.kind == "number":
            return self._number()
        name = self._take("name", "a name or a number")
        if name not in names:
            self._fail(f"{name!r} is used before it is declared")
        return names[name]

    def _literal(self) -> Any:
        token = self._token
        if token.kind == "number":
            return self._number()
        if token.kind == "string":
            return json.loads(self._take("string", "a string"))
        if self._accept("None"):
            return None
        if self._accept("("):
            return tuple(self._list(self._literal, ")"))
        if self._accept("{"):
            inner = self.program()
            self.expect("}")
            return inner
        return self._dtype(self._take("name", "a value"))

    def _number(self) -> bool | int | float:
        text = self._take("number", "a number")
        if text in ("True", "False"):
            return text == "True"
        return int(text) if text.lstrip("-").isdigit() else float(text)

    def _elements(self, name: str, spec: Spec) -> np.ndarray:
        if self._accept("..."):
            return self._given(name, spec)
        numbers = self._list(self._number, "]") if self._accept("[") else [self._number()]
        if len(numbers) != prod(spec.shape):
            self._fail(f"constant {name!r} has {len(numbers)} elements, but is declared as {spec_text(spec)}")
        kinds = {bool} if spec.dtype is bool_ else {int} if spec.dtype.is_integer else {int, float}
        if not kinds.issuperset(map(type, numbers)):
            self._fail(f"constant {name!r} holds a number that is no {spec.dtype.name.lower()}")
        try:
            return np.array(numbers, spec.dtype.numpy).reshape(spec.shape)
        except OverflowError as failure:
            self._fail(f"constant {name!r}: {failure}")

    def _given(self, name: str, spec: Spec) -> np.ndarray:
        if name not in self._constants:
            self._fail(f"the elements of constant {name!r} are not printed; pass them in `constants`")
        array = np.asarray(self._constants[name])
        if (array.shape, array.dtype) != (spec.shape, spec.dtype.numpy):
            given = f"{array.dtype} of shape {array.shape}"
            self._fail(f"constant {name!r} is declared as {spec_text(spec)}, given {given}")
        return array
