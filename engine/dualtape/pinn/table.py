"""Results of many trainings: records of plain data, in memory and in a file of one JSON object a line."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, CheckpointError

PlainData = dict[str, Any]
FAILURE = "failure"
_PLAIN = (bool, int, float, str, type(None))


class Table:
    """One record for each run, with what it was run with, what it gave, and its ``failure``, ``None`` if it has none.

    ``pandas.DataFrame(table.records)`` makes a data frame of it.

    Attributes
    ----------
    records
        Dicts of numbers, strings, bools and ``None``, in the order of the space.

    Examples
    --------
    >>> from dualtape import pinn
    >>> table = pinn.Table([{"seed": 0, "loss": 0.5, "failure": None}, {"seed": 1, "failure": "ValueError: no"}])
    >>> print(table)
    seed  loss  failure
       0   0.5
       1        ValueError: no
    >>> table.best("loss")["seed"], len(table.failed)
    (0, 1)
    """

    def __init__(self, records: Sequence[Mapping[str, Any]]) -> None:
        self.records: list[PlainData] = [dict(record) for record in records]

    @property
    def names(self) -> list[str]:
        """The columns, ``failure`` last."""
        found = dict.fromkeys(name for record in self.records for name in record)
        return sorted(found, key=lambda name: name == FAILURE)

    @property
    def failed(self) -> list[PlainData]:
        """The records of runs that failed."""
        return [record for record in self.records if record.get(FAILURE) is not None]

    def __getitem__(self, name: str) -> list[Any]:
        """A column; ``None`` where a record has none."""
        if name not in self.names:
            raise ArgumentError(f"the table has no column {name!r}; it has {', '.join(self.names)}")
        return [record.get(name) for record in self.records]

    def best(self, name: str = "loss") -> PlainData:
        """The record with the lowest number in a column."""
        known = [
            (value, record)
            for value, record in zip(self[name], self.records, strict=True)
            if isinstance(value, (int, float)) and not math.isnan(value)
        ]
        if not known:
            raise ArgumentError(f"no record has a number in {name!r}")
        return min(known, key=lambda pair: pair[0])[1]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[PlainData]:
        return iter(self.records)

    def __str__(self) -> str:
        columns = [[name, *(_shown(value) for value in self[name])] for name in self.names]
        widths = [0 if column[0] == FAILURE else max(map(len, column)) for column in columns]
        rows = zip(*columns, strict=True)
        return "\n".join("  ".join(f"{x:>{w}}" for x, w in zip(row, widths, strict=True)).rstrip() for row in rows)

    def __repr__(self) -> str:
        return f"Table({len(self)} runs, {len(self.failed)} failed)"


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).splitlines()[0]


def plain(what: str, values: Mapping[str, Any]) -> PlainData:
    """A mapping of numbers, strings, bools and ``None``; those of NumPy and 0-D tensors become Python's."""
    found: PlainData = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise ArgumentTypeError(f"names of {what} must be strings, got {type(name).__name__}")
        number = value
        if not isinstance(value, _PLAIN) and getattr(value, "shape", None) == ():
            number = np.asarray(value).item()
        if not isinstance(number, _PLAIN):
            raise ArgumentTypeError(
                f"{what} must be numbers, strings, bools or None, which a table holds; {name!r} is "
                f"{type(value).__name__}"
            )
        found[name] = number
    return found


def run_key(values: Mapping[str, Any]) -> str:
    """What tells runs apart."""
    return json.dumps(values, sort_keys=True)


class TableFile:
    """A file to which runs are added, so that a sweep goes on where it was.

    Parameters
    ----------
    path
        The file; neither it nor its folder need exist.

    Attributes
    ----------
    found
        What it held: the results of each run by its key, with its failure.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self.path = path
        self.found: dict[str, PlainData] = {}
        try:  # before hours of work
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("ab").close()
            content = path.read_bytes()
        except OSError as failure:
            raise CheckpointError(f"cannot read and write {str(path)!r}: {failure}") from failure
        # What was cut off while it was written is not there.
        self._length = content.rfind(b"\n") + 1
        for number, line in enumerate(content[: self._length].splitlines(), 1):
            values, results = self._read(line, number)
            if sorted(values) != sorted(names):
                raise ArgumentError(
                    f"{str(path)!r} is of a sweep over {', '.join(values)}, and this one is over {', '.join(names)}"
                )
            self.found[run_key(values)] = results

    def _read(self, line: bytes, number: int) -> tuple[PlainData, PlainData]:
        try:
            entry = json.loads(line)
            values, results = plain("values", entry["values"]), plain("results", entry["results"])
        except (ValueError, KeyError, TypeError, AttributeError) as failure:
            raise CheckpointError(f"line {number} of {str(self.path)!r} is no run of a sweep") from failure
        return values, results

    def add(self, values: PlainData, results: PlainData) -> None:
        """Write down a run; what was written before stays whatever happens."""
        line = json.dumps({"values": values, "results": results}).encode() + b"\n"
        try:
            with self.path.open("r+b") as file:
                file.truncate(self._length)
                file.seek(self._length)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as failure:
            raise CheckpointError(f"cannot write {str(self.path)!r}: {failure}") from failure
        self._length += len(line)
