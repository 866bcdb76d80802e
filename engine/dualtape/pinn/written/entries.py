"""Values of a TOML file that know where they stand, and are read as what is expected there or refused."""

from __future__ import annotations

import difflib
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from dualtape.errors import DualtapeError
from dualtape.pinn.errors import ProblemFileError
from dualtape.pinn.written.places import KeyPath, LineColumn, places_in
from dualtape.pinn.written.syntax import FormulaError, Term, parse_formula

_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    list: "a list in brackets",
    dict: "a table",
}


class TomlFile:
    """A file, or its text, and values that were set from outside in place of the file's."""

    def __init__(self, name: str, text: str, changes: Mapping[str, Any]) -> None:
        self.name, self.changed = name, set(changes)
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as failure:
            raise ProblemFileError(f"{name} is no TOML: {failure}") from failure
        self.places = places_in(text)
        for key, value in changes.items():
            self._change(key, value)

    def _change(self, key: str, value: Any) -> None:
        *tables, last = key.split(".")
        table: Any = self.values
        for name in tables:
            table = table.setdefault(name, {}) if isinstance(table, dict) else None
        if not isinstance(table, dict) or not last:
            raise ProblemFileError(f"{self.name} has no table for {key!r}, which was to be set")
        table[last] = value

    def place_of(self, keys: KeyPath) -> LineColumn | None:
        """That of a value, or of what it stands in; ``None`` if it was set from outside."""
        if any(".".join(map(str, keys[:n])) in self.changed for n in range(1, len(keys) + 1)):
            return None
        while keys and keys not in self.places:
            keys = keys[:-1]
        return self.places.get(keys, LineColumn(1, 1))


class TomlValue:
    """One value, and what may be done with it.

    Attributes
    ----------
    value
        As TOML has it.
    keys
        The keys and indices that lead to it.
    source
        The file.
    """

    def __init__(self, source: TomlFile, value: Any, keys: KeyPath = ()) -> None:
        self.source, self.value, self.keys = source, value, keys

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return ".".join(str(key + 1) if isinstance(key, int) else key for key in self.keys) or "the file"

    def fail(self, message: str, column: int = 0, at_key: bool = False) -> NoReturn:
        """Raise an error that points to this value, or to a character of its text, or to its key."""
        place = self.source.place_of((*self.keys, "=")) if at_key else self.source.place_of(self.keys)
        if place is None:
            raise ProblemFileError(f"{self.source.name}, {self.name} as it was set: {message}")
        before = self.value[:column] if isinstance(self.value, str) else ""
        line, start = place.line + before.count("\n"), place.column if "\n" not in before else 1
        raise ProblemFileError(
            f"{self.source.name}, line {line}, column {start + len(before.rpartition(chr(10))[2])}: {message}"
        )

    @contextmanager
    def located(self) -> Iterator[None]:
        """Let errors from inside point here."""
        try:
            yield
        except ProblemFileError:
            raise
        except (DualtapeError, OSError) as failure:
            self.fail(str(failure))

    def of_kind(self, *kinds: type) -> Any:
        """The value, if it is of one of these kinds."""
        if type(self.value) not in kinds:
            kind = " or ".join(_KINDS[kind] for kind in kinds if (kind, float) != (int, kinds[-1]))
            self.fail(f"`{self.name}` must be {kind}, got {self.value!r}")
        return self.value

    def items(self) -> list[TomlValue]:
        """The elements of a list."""
        return [TomlValue(self.source, value, (*self.keys, i)) for i, value in enumerate(self.of_kind(list))]

    def one_or_several(self) -> list[TomlValue]:
        """The elements of a list, or the value itself."""
        return self.items() if isinstance(self.value, list) else [self]

    def table(self, known: Collection[str] | None = None, needed: Collection[str] = ()) -> dict[str, TomlValue]:
        """What a table holds; keys that are not known are refused, and needed ones that lack."""
        found = {key: TomlValue(self.source, value, (*self.keys, key)) for key, value in self.of_kind(dict).items()}
        for key, entry in found.items():
            if known is not None and key not in known:
                entry.fail(f"`{key}` is not known here{nearest(key, known)}", at_key=True)
        for key in needed:
            if key not in found:
                self.fail(f"{f'`{self.name}`' if self.keys else self.name} lacks `{key}`")
        return found

    def count(self, lowest: int = 0) -> int:
        """A whole number that is not too low."""
        number: int = self.of_kind(int)
        if number < lowest:
            self.fail(f"`{self.name}` must be {lowest} or more, got {number}")
        return number

    def positive(self) -> float:
        """A positive, finite number."""
        number = self.of_kind(int, float)
        if not 0 < number < math.inf:
            self.fail(f"`{self.name}` must be positive and finite, got {number}")
        return float(number)

    def choice(self, among: Collection[str]) -> str:
        """One of some words."""
        word: str = self.of_kind(str)
        if word not in among:
            self.fail(f"{word!r} is not known here{nearest(word, among)}")
        return word

    def tree(self) -> Term:
        """The tree of a formula, or of a number."""
        text = self.of_kind(str, int, float)
        try:
            return parse_formula(text if isinstance(text, str) else repr(float(text)))
        except FormulaError as failure:
            self.fail(f"{failure} in {text!r}", failure.column)

    def path(self) -> Path:
        """A file that is there, beside the problem's."""
        name: str = self.of_kind(str)
        path = Path(self.source.name).parent / name
        if not path.is_file():
            self.fail(f"there is no file {str(path)!r}")
        return path


def nearest(word: str, known: Collection[str]) -> str:
    """What may have been meant, for the end of a message."""
    close = difflib.get_close_matches(word, known, 1)
    there = f"; there are {', '.join(sorted(known))}" if known else ""
    return f"; did you mean `{close[0]}`?" if close else there
