"""Run every recorded program as it is, and compare what it prints with what MindSpore printed.

``PYTHONPATH=tests python tests/mindspore/compare_programs.py [start of names]`` says of each program whether it printed
the same; the exit code is the number of those that did not. All run in one process, each from a file of its own.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path

from recorded_programs import RecordedProgram, read_programs

HERE = Path(__file__).parent
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")


def recorded() -> list[RecordedProgram]:
    """The programs in the style of MindSpore's pages, and those of the tutorials that print no error."""
    pages = sorted((HERE / "programs").glob("*.md"))
    tutorials = [
        case
        for page in sorted((HERE.parent / "tutorials").glob("*.md"))
        for case in read_programs(page)
        if "Error" not in case.printed
    ]
    return [case for page in pages for case in read_programs(page)] + tutorials


def difference(actual: str, expected: str) -> str:
    """Nothing for equal text, with numbers equal to 2e-5 or one unit of the last printed digit; else what differs."""
    texts = [
        " ".join(_NUMBER.sub("#", text).split()).replace(" ]", "]").replace("[ ", "[") for text in (actual, expected)
    ]
    if texts[0] != texts[1]:
        return f"printed\n{actual}\nexpected\n{expected}"
    for one, other in zip(_NUMBER.findall(actual), _NUMBER.findall(expected), strict=True):
        digits = max(len(number.partition(".")[2]) for number in (one, other)) if "e" not in one + other else 8
        if not abs(float(one) - float(other)) <= max(2e-5 * abs(float(other)), 1.01 * 10.0**-digits):
            return f"printed {one}, expected {other}"
    return ""


def compared(start: str = "") -> Iterator[tuple[str, str]]:
    """The name of each program that starts so, and how what it prints differs."""
    from dualtape.mindspore.alias import install_alias

    install_alias()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for case in (case for case in recorded() if case.id.startswith(start)):
            program = Path(folder) / "program.py"
            program.write_text(case.program, encoding="utf-8")
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed):
                    runpy.run_path(str(program), run_name="__main__")
            except Exception:  # whatever it raises, the program did not run as it does under MindSpore
                yield case.id, traceback.format_exc()
            else:
                yield case.id, difference(printed.getvalue(), case.printed)


def main(start: str = "") -> int:
    """Print the comparison; the number of programs that differ."""
    count = 0
    for name, differs in compared(start):
        print(f"{name}: {differs or 'same'}")
        count += bool(differs)
    return count


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
