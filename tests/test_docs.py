"""The programs in the documentation run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"


PRINTED = {
    "control_flow": ["[0.0495631 0.0991262] (1000,)", "1.4142 0.3536"],
    "jit": ["runs "],
}


@pytest.mark.parametrize("name", PRINTED)
def test_programs_run_from_top_to_bottom(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, f"{name}.md", "exec"), names)
    printed = capsys.readouterr().out
    for line in PRINTED[name]:
        assert line in printed
