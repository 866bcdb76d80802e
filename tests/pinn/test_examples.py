"""The programs in examples/ run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("burgers.py", "relative L2 error"),
        ("poisson.py", "relative L2 error"),
        ("inverse_burgers.py", "viscosity"),
    ],
)
def test_example(name: str, output: str, tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / name), "--quick"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert output in result.stdout
