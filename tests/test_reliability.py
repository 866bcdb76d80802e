"""The page of promises: every test and every kind of fault that it names is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from faults.registry import injections

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
DEFINED = {
    node.name
    for path in TESTS.rglob("test_*.py")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.FunctionDef)
}


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", PAGE))))
def test_a_test_that_holds_a_promise_exists(name: str) -> None:
    assert name in DEFINED


@pytest.mark.parametrize("row", [line for line in PAGE.splitlines() if line.startswith("|") and "faults: " in line])
def test_a_fault_that_tries_a_promise_is_injected(row: str) -> None:
    assert any(kind in row.partition("faults: ")[2] for kind in injections())


def test_every_promise_has_a_test() -> None:
    rows = [
        line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| promise", "| kind"))
    ]
    promises = [row for row in rows if len(row.split("|")) == 4]
    assert promises
    assert not promises[0].endswith("| the same |")
    known = ("test_", "faults", "| the same |")  # as the row above it
    assert [row for row in promises if not any(word in row for word in known)] == []
