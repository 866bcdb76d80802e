"""Programs with the output MindSpore printed for them, in Markdown that reads as documentation.

A case is a ``##`` heading, an optional note, a ``python`` block and, if the program prints, a
``text`` block. This module reads such files, runs a program against any library that has the names
of MindSpore, and compares what it prints.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import linecache
import re
import sys
import types
from pathlib import Path

import numpy as np

_CASE = re.compile(
    r"^## (?P<title>.+?)\n(?P<note>.*?)"
    r"^```python\n(?P<program>.*?)^```\n"
    r"(?:\nprints\n\n```text\n(?P<printed>.*?)^```\n|\nprints nothing\n)",
    re.MULTILINE | re.DOTALL,
)
_IMPORT = re.compile(r"^(\s*(?:import|from)\s+)(?:mindspore|luojianet_ms)\b", re.MULTILINE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:inf|nan)\b")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|\w+|[^\w\s]")


@dataclasses.dataclass(frozen=True)
class RecordedProgram:
    """A self-contained program and the text MindSpore printed for it.

    Attributes
    ----------
    file
        The stem of the Markdown file the case is kept in.
    title
        The case's heading, unique in its file.
    program
        Python source with ``mindspore`` or ``luojianet_ms`` in its imports.
    printed
        What the program writes to the standard output. A program that ends in an exception prints,
        last, the exception's built-in type and the first line of its message.
    """

    file: str
    title: str
    program: str
    printed: str

    @property
    def id(self) -> str:
        """A name for test reports: the file and the part of the title before its colon."""
        return f"{self.file}: {self.title.partition(':')[0]}"


def read_programs(path: Path) -> list[RecordedProgram]:
    """Return all cases of a Markdown file.

    Raises
    ------
    ValueError
        If a heading has no well-formed case below it, or two cases have the same heading.
    """
    text = path.read_text(encoding="utf-8")
    cases = [
        RecordedProgram(path.stem, match["title"], match["program"], match["printed"] or "")
        for match in _CASE.finditer(text)
    ]
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    titles = [case.title for case in cases]
    if titles != headings or len(set(titles)) != len(titles):
        wrong = sorted(set(headings) - set(titles)) or "headings that occur twice"
        raise ValueError(f"{path}: not in the form of a case, or not unique: {wrong}")
    return cases


def rewrite_outputs(path: Path, library: str) -> None:
    """Run every program of a Markdown file and write what it prints below it."""

    def rewritten(match: re.Match[str]) -> str:
        printed = run(match["program"], library)
        body = f"prints\n\n```text\n{printed}```\n" if printed else "prints nothing\n"
        head = f"## {match['title']}\n{match['note']}```python\n{match['program']}```\n"
        return f"{head}\n{body}"

    path.write_text(_CASE.sub(rewritten, path.read_text(encoding="utf-8")), encoding="utf-8")


def run(program: str, library: str) -> str:
    """Run a program with its MindSpore imports taken from ``library`` and return what it prints."""
    source = _IMPORT.sub(rf"\g<1>{library}", program)
    # MindSpore compiles functions from their source text and looks up their module by its name;
    # errors of any library that quote a line of the program find it here, too.
    module = types.ModuleType("recorded_program")
    file_name = f"{module.__name__}.py"
    linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
    sys.modules[module.__name__] = module
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        try:
            exec(compile(source, file_name, "exec"), module.__dict__)
        except ImportError:
            raise  # a missing name of the library, never a recorded outcome
        except Exception as error:
            print(describe(error))
    return stdout.getvalue()


def describe(error: Exception) -> str:
    """Return an exception as the records keep it: its type and the first line of its message."""
    lines = str(error).strip().splitlines()
    return f"{builtin_type(error)}: {lines[0]}" if lines else builtin_type(error)


def builtin_type(error: Exception) -> str:
    """Return the name of the built-in exception that a caller would catch this error by."""
    return next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == "builtins")


def same_text(actual: str, expected: str, ulps: int = 2) -> bool:
    """Tell whether two texts are equal up to white space and the rounding of float32 numbers.

    White space does not count because NumPy pads by the width of the digits. Two numbers that
    differ in text are equal if, read as float32, they are at most ``ulps`` units in the last place
    apart. The sign of a NaN does not count either: the hardware chooses it.
    """
    actual_tokens, expected_tokens = _TOKEN.findall(actual), _TOKEN.findall(expected)
    return len(actual_tokens) == len(expected_tokens) and all(
        one == other or _close(one, other, ulps) for one, other in zip(actual_tokens, expected_tokens, strict=True)
    )


def _close(one: str, other: str, ulps: int) -> bool:
    if not (_NUMBER.fullmatch(one) and _NUMBER.fullmatch(other)):
        return False
    with np.errstate(over="ignore"):
        pair = np.array([one, other]).astype(np.float32)
    if np.isnan(pair).all():
        return True
    return bool(np.isfinite(pair).all()) and abs(_position(pair[0]) - _position(pair[1])) <= ulps


def _position(number: np.float32) -> int:
    """Return the place of a float32 among all float32 numbers: neighbours differ by one."""
    bits = int(number.view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)
