"""What may leave the library: the numbers of a value, as Python and NumPy see them.

A derivative does not follow a number out. Where somebody writes `x.asnumpy()`, that is meant; where NumPy or `math`
converts what it was given, it is not, and would be a derivative of 0 that nobody asked for. Behind a value that is one
of many examples, or not known yet, there is no number to give, whoever asks.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

from dualtape.core.interpreter import Level, Value, value_of
from dualtape.errors import ConversionError

if TYPE_CHECKING:
    from dualtape.tensor import Tensor


def require_numbers(value: Value, asked: str) -> None:
    """Raise an error unless ``value`` has numbers; ``asked`` says what was to be done with them."""
    for level in _levels(value):
        if level.undecided:
            raise level.unseen(asked)


def require_constant(value: Value, asked: str, instead: str = "its equivalent in `dualtape.ops`") -> None:
    """Raise an error if to convert ``value`` would cut a derivative, or if it has no numbers."""
    require_numbers(value, asked)
    # Integers have no derivative, and what has been differentiated has it already.
    if value.dtype.is_inexact:
        level = next((level for level in _levels(value) if level.alive), None)
        if level is not None:
            raise ConversionError(
                f"{asked} would turn a value inside {level.title} into plain numbers, and so cut its derivative; use "
                f"{instead}, or stop_gradient(x).asnumpy() where no derivative is meant"
            )


def _levels(value: Any) -> Iterator[Level]:
    """The levels that ``value`` lives on, from above."""
    value = value_of(value)
    while value.level.depth:
        yield value.level
        below: Tensor = value.primal
        value = value_of(below)


def is_float_call(frame: FrameType) -> bool:
    """Whether what ``frame`` does at this moment is a call that is written ``float(...)``.

    `float(x)` and `math.sin(x)` call the same method, and no argument tells them apart: the instruction does. What is
    not certainly a call of the built-in by its name is none.
    """
    found = _called_name(frame.f_code, frame.f_lasti)
    if found is None:
        return False
    operation, name = found
    known = frame.f_globals.get(name, frame.f_builtins.get(name))
    return (frame.f_locals.get(name, known) if operation == "LOAD_NAME" else known) is float


@lru_cache(maxsize=256)
def _called_name(code: CodeType, offset: int) -> tuple[str, str] | None:
    """For a call of one argument: the instruction that loaded what is called, and its name, if it has one."""
    instructions = list(dis.get_instructions(code))
    at = next((k for k, one in enumerate(instructions) if one.offset == offset), None)
    if at is None or instructions[at].opname not in ("PRECALL", "CALL") or instructions[at].arg != 1:
        return None
    if instructions[at - 1].opname == "PRECALL":
        at -= 1
    # Back over what has put the argument on the stack: a straight line, that no jump comes into.
    missing = 1
    for k in range(at, 0, -1):
        one = instructions[k - 1]
        if missing < 0 or instructions[k].is_jump_target or one.opcode in dis.hasjrel or one.opcode in dis.hasjabs:
            return None
        if missing:
            missing -= dis.stack_effect(one.opcode, one.arg)
        elif one.opname != "PUSH_NULL":
            return (one.opname, one.argval) if one.opname in ("LOAD_GLOBAL", "LOAD_NAME") else None
    return None
