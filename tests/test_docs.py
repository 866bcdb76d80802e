"""The programs in the documentation run, and print what the pages say.

The ``python`` blocks of a page run from top to bottom as one program. A ``text`` block right after one is what it
prints, with ``...`` for what varies from run to run. A block that does not run has a comment before it with the reason:
``<!-- not run: ... -->``.
"""

from __future__ import annotations

import contextlib
import doctest
import functools
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import dualtape as dt

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>[^>]+) -->\n+)?^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.S | re.M)


@dataclass
class Block:
    """A block of Python."""

    line: int
    code: str
    printed: str | None = None


def blocks_of(page: str) -> Iterator[Block]:
    """The blocks that run, each with what the page says it prints."""
    last, end = None, 0
    for match in BLOCK.finditer(page):
        if match["kind"] == "python" and not match["reason"]:
            if last is not None:
                yield last
            last = Block(page.count("\n", 0, match.start("text")), match["text"])
        elif match["kind"] == "text" and last is not None and not page[end : match.start()].strip():
            last.printed = match["text"]
        end = match.end()
    if last is not None:
        yield last


def run_page(name: str, page: str) -> None:
    """Run its blocks in one namespace, and compare."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(page):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile("\n" * block.line + block.code, name, "exec"), names)
        if block.printed is not None:
            same = doctest.OutputChecker().check_output(block.printed, said.getvalue(), doctest.ELLIPSIS)
            assert same, f"{name}, line {block.line}: printed\n{said.getvalue()}instead of\n{block.printed}"


# What these print tells of an OpenCL device.
ON_DEVICE = ("compiler.md", "devices.md", "jit.md")


def _case(path: Path) -> object:
    return pytest.param(path, id=path.name, marks=pytest.mark.opencl if path.name in ON_DEVICE else ())


@pytest.mark.parametrize("path", [_case(path) for path in PAGES])
def test_programs_run_from_top_to_bottom(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if path.name == "README.md":  # which says so
        stages = dt.pinn.Adam(20) >> dt.pinn.SSBroyden(20)
        few = functools.partial(dt.pinn.solve, optimizer=stages, progress=False)
        monkeypatch.setattr(dt.pinn, "solve", lambda *problem, precision: few(*problem, precision=precision))
    try:
        run_page(path.name, path.read_text(encoding="utf-8"))
    finally:
        dt.set_device("host")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_readme_lists_every_page() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    assert [path.name for path in PAGES[2:] if f"](docs/{path.name})" not in readme] == []


PAGE = """
```python
x = 2
print(x)
```

```text
{}
```

<!-- not run: it would not end -->
```python
while True:
    pass
```

Words, and a block of something else.

```
x ** 2 = ...
```

```python
{}
```
"""


def test_a_page_is_one_program_and_prints_what_it_says() -> None:
    run_page("page.md", PAGE.format("2", "assert x == 2"))
    run_page("page.md", PAGE.format("...", "assert x == 2"))
    with pytest.raises(AssertionError, match=r"line 2: printed\s+2\s+instead of\s+3"):
        run_page("page.md", PAGE.format("3", ""))
    with pytest.raises(ZeroDivisionError) as failure:
        run_page("page.md", PAGE.format("2", "x / 0"))
    assert failure.traceback[-1].lineno + 1 == PAGE.format("2", "x / 0").splitlines().index("x / 0") + 1
