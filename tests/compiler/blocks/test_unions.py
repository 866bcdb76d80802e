"""No operation and no step is let pass by: every `match` on them names all kinds, so a new one is an error of types."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dualtape

BLOCKS = Path(dualtape.__file__).parent / "compiler" / "blocks"
FILES = [path for room in ("tile", "emit") for path in sorted((BLOCKS / room).glob("*.py"))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_match_ends_in_assert_never(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Match):
            last = node.cases[-1]
            assert ast.unparse(last).startswith("case _:\n    assert_never("), f"line {node.lineno}"
