"""Small changes of C expressions, token by token."""

from __future__ import annotations

import re
from collections.abc import Iterator

_TOKEN = re.compile(r"\{\w+\}|\(T\)|\(OUT\)|\w+\.?\d*|&&|\|\||[=!<>]=|[-+*/<>!?:(),]")
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
    "!": ("",),
    "LOWEST": ("HIGHEST",),
    "HIGHEST": ("LOWEST",),
}


def c_changes(code: str, truth: bool = False) -> Iterator[str]:
    """``code`` with one operator, operand or constant replaced, and with its sign flipped.

    A truth value is negated instead, and its constants are 0 and 1: every other number means the same as 1.
    """
    tokens = list(_TOKEN.finditer(code))
    operands = list(dict.fromkeys(t.group() for t in tokens if t.group() in ("x", "y", "z", "a", "b")))
    for i, token in enumerate(tokens if code not in ("0", "1") or not truth else ()):
        for other in _replacements(token.group(), tokens[i - 1].group() if i else "(", operands):
            yield code[: token.start()] + other + code[token.end() :]
    if truth and code in ("0", "1"):
        yield str(1 - int(code))
    elif operands:
        yield f"!({code})" if truth else f"-({code})"


def _replacements(token: str, previous: str, operands: list[str]) -> tuple[str, ...]:
    if token == "-":
        # After an operand a minus subtracts; elsewhere it is a sign.
        return ("+",) if re.match(r"\w|\)", previous) and previous not in ("(T)", "(OUT)") else ("",)
    if token in operands and len(operands) > 1:
        return (operands[(operands.index(token) + 1) % len(operands)],)
    if re.fullmatch(r"\d+(\.\d+)?", token):
        return (str(float(token) + 1) if "." in token else str(int(token) + 1),)
    return _OTHER.get(token, ())
