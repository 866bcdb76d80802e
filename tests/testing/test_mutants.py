"""A fixed sample of the mutants of the catalogue's rules is killed; ``python -m tests.mutation`` tries them all."""

from __future__ import annotations

import ast
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from dualtape.core.expression import Expression, call, choose, x, y
from mutation.changes import changes
from mutation.expression_changes import expression_changes

ROOT = Path(__file__).parents[2]
EVERY = 900


@pytest.mark.opencl
def test_sample_is_killed() -> None:
    command = [sys.executable, "-m", "tests.mutation", "--fresh", "--every", str(EVERY), "--workers", "1"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "mutation score 100.0 %" in result.stdout


def test_results_are_kept_and_found_again(tmp_path: Path) -> None:
    """The second run has nothing left to try, and is over before it could."""
    command = [sys.executable, "-m", "tests.mutation", "--only", "^dualtape.primitives.arithmetic: subtract.partials"]
    command += ["--record", str(tmp_path), "--workers", "1", "--list"]
    first, second = (subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False) for _ in range(2))
    assert first.returncode == 0, first.stdout + first.stderr
    assert first.stdout == second.stdout
    lines = (tmp_path / "fates.jsonl").read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)[0] for line in lines}) == len(lines) == first.stdout.count("killed by")


def test_changes_of_a_rule() -> None:
    tree = ast.parse("lambda x, y: 1 - y * y", mode="eval").body
    found = {change.code for change in changes(tree)}
    assert {"lambda x, y: 1 + y * y", "lambda x, y: 1 - y", "lambda x, y: 1", "lambda x, y: -(y * y)"} <= found
    assert {"lambda x, y: 2 - y * y", "lambda x, y: 1 - x * y", "lambda x, y: -(1 - y * y)"} <= found
    assert ast.unparse(tree) == "lambda x, y: 1 - y * y"


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (x + y, {"x - y", "y + y", "x + x", "-(x + y)"}),
        (-x, {"x", "-(-x)"}),
        (x * math.inf, {"x + (T)INFINITY", "x * (T)-INFINITY", "-(x * (T)INFINITY)"}),
        (call("dt_atan2", x, y), {"dt_atan2(y, y)", "dt_atan2(x, x)", "-dt_atan2(x, y)"}),
        (choose(x < 0, 0, x), {f"(x {c}) ? {b}" for c, b in [
            ("<= (T)0", "(T)0 : x"), ("> (T)0", "(T)0 : x"), ("< (T)1", "(T)0 : x"), ("< (T)0", "(T)1 : x"),
            ("< (T)0", "x : (T)0"),
        ]} | {"-((x < (T)0) ? (T)0 : x)"}),
    ],
)  # fmt: skip
def test_changes_of_an_expression(tree: Expression, expected: set[str]) -> None:
    assert {str(change) for change in expression_changes(tree)} == expected
