"""What docs/testing.md shows runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


@pytest.mark.opencl
def test_every_test_of_the_page_passes(pytester: pytest.Pytester) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (pytester.path / "test_page.py").write_text("\n".join(blocks), encoding="utf-8")
    options = ("-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=dev", "--dualtape-devices=host")
    # Two of its own, the drawn law, and the marked one; the fixture runs its test twice.
    pytester.runpytest_subprocess(*options).assert_outcomes(passed=5)


def test_the_first_example_has_ten_lines() -> None:
    block = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    assert len([line for line in block.group(1).splitlines() if line]) <= 10
