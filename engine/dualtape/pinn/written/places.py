"""Where in a TOML file each value stands, so that errors can say so.

``tomllib`` reads the values and refuses what is no TOML; this walks over the same text and notes places alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([A-Za-z0-9_-]+))[ \t]*""")
_TEXT = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'', re.S)
_PLAIN = re.compile(r"[^,\]}#\n]*")


@dataclass(frozen=True)
class LineColumn:
    """Line and column, from 1 on; of a text, those of its first character."""

    line: int
    column: int


def places_in(text: str) -> dict[KeyPath, LineColumn]:
    """Places by the path of keys and indices that leads to a value; ``text`` is TOML that ``tomllib`` has read.

    Examples
    --------
    >>> places_in('[domain]\\nx = [0, 1]')["domain", "x", 1]
    LineColumn(line=2, column=9)
    """
    return _Walk(text).places


class _Walk:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places: dict[KeyPath, LineColumn] = {}
        self._counts: dict[KeyPath, int] = {}
        self._document()

    def _document(self) -> None:
        table: KeyPath = ()
        while self._skip() < len(self.text):
            if self.text[self.at] != "[":
                self._pair(table)
                continue
            several, begin = self.text.startswith("[[", self.at), self.at
            self.at += 1 + several
            table = self._resolved(self._keys(), several)
            self.at += 1 + several
            self._note(table, begin)

    def _resolved(self, keys: list[str], several: bool) -> KeyPath:
        """The path of a header: through the last element of each list of tables on the way."""
        path: KeyPath = ()
        for i, key in enumerate(keys):
            path = (*path, key)
            if several and i == len(keys) - 1:
                self._note(path, self.at)
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        begin = self.at
        path = (*table, *self._keys())
        self.at += 1  # the equals sign
        self.places.setdefault((*path, "="), self._place(begin))
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while match := _KEY.match(self.text, self.at):
            keys.append(next(part for part in match.groups() if part is not None))
            self.at = match.end()
            if self.text[self.at] != ".":
                break
            self.at += 1
        return keys

    def _value(self, path: KeyPath) -> None:
        self._skip()
        first = self.text[self.at]
        if first in "\"'":
            match = _TEXT.match(self.text, self.at)
            assert match is not None  # tomllib has read it
            quotes = 3 if match[0].startswith(first * 3) else 1
            self._note(path, self.at + quotes + (match[0][quotes] == "\n"))
            self.at = match.end()
        elif first == "[":
            self._note(path, self.at)
            self._elements(path)
        elif first == "{":
            self._note(path, self.at)
            self._inline_table(path)
        else:
            self._note(path, self.at)
            match = _PLAIN.match(self.text, self.at)
            self.at = match.end() if match else self.at

    def _elements(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self._after_comma() != "]":
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self.at += 1
        while self._after_comma() != "}":
            self._pair(path)
        self.at += 1

    def _after_comma(self) -> str:
        while self.text[self._skip()] == ",":
            self.at += 1
        return self.text[self.at]

    def _skip(self) -> int:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at

    def _note(self, path: KeyPath, at: int) -> None:
        self.places.setdefault(path, self._place(at))

    def _place(self, at: int) -> LineColumn:
        return LineColumn(self.text.count("\n", 0, at) + 1, at - self.text.rfind("\n", 0, at))
