"""What CONTRIBUTING says of adding a primitive is true: `sinc` is added to a copy of the engine, and tested there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.opencl

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("## Adding a primitive")[1].split("\n## ")[0]
DECLARATION, PUBLIC, ROW, IN_C = re.findall(r"```(?:python|c)\n(.*?)```", SECTION, re.S)
BY_EXPRESSION = re.compile(r"opencl=.*,  #")
SUITE = (
    "tests/primitives/test_catalogue.py",
    "tests/primitives/test_lowerings.py",
    "tests/functions",
    "tests/devices/test_opencl_catalogue.py",
    "tests/autodiff/test_batching.py",
    "tests/core/test_expression.py",
)


def add(path: Path, text: str, after: str = "") -> None:
    """Put ``text`` behind ``after``, or at the end."""
    head, found, tail = path.read_text(encoding="utf-8").rpartition(after) if after else (path.read_text(), "", "")
    assert head, f"{path} has no {after!r}"
    path.write_text(head + found + text + tail, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The engine and its tests, with ``sinc``; the imports are an editor's part of the work."""
    no_caches = shutil.ignore_patterns("__pycache__")
    for name in ("engine/dualtape", "tests", "pyproject.toml"):
        source, target = ROOT / name, tmp_path / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=no_caches)
        else:
            shutil.copy(source, target)
    engine = tmp_path / "engine" / "dualtape"
    shutil.copytree(ROOT / "opencl_kernels", engine / "opencl_kernels", ignore=no_caches)
    add(engine / "primitives" / "trigonometric.py", "\nfrom dualtape.core.expression import choose\n" + DECLARATION)
    add(engine / "functions" / "elementwise.py", '"sinc", ', after='"sin", ')
    add(engine / "functions" / "elementwise.py", PUBLIC)
    add(tmp_path / "tests" / "functions" / "cases.py", ROW, after='"sin": unary(np.sin),\n')
    return tmp_path


def run(folder: Path, *arguments: str) -> str:
    path = os.pathsep.join([str(folder / "engine"), *filter(None, [os.environ.get("PYTHONPATH")])])
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_added_primitive_passes_the_suite(copy: Path) -> None:
    chosen = "sinc or test_every_function_has_a_case"
    found = run(copy, "-m", "pytest", *SUITE, "-k", chosen, "-n", "0", "-v", "-p", "no:cacheprovider")
    for test in (
        "all_modes_agree_with_finite_differences",
        "expression_is_the_function",
        "equals_host",
        "value",
        "a_mapped_primitive_is_a_loop",
    ):
        assert re.search(rf"test_{test}\[.*sinc.* PASSED", found), test


def test_function_in_c_is_found_by_its_name(copy: Path) -> None:
    add(copy / "engine" / "dualtape" / "opencl_kernels" / "math_trig.cl", "\n" + IN_C)
    catalogue = copy / "engine" / "dualtape" / "primitives" / "trigonometric.py"
    text = catalogue.read_text(encoding="utf-8")
    catalogue.write_text(BY_EXPRESSION.sub('opencl=call("dt_sinc", x),  #', text), encoding="utf-8")
    assert 'call("dt_sinc", x)' in catalogue.read_text(encoding="utf-8")
    found = run(copy, "-m", "pytest", SUITE[2], "-k", "sinc", "-n", "0", "-q", "-p", "no:cacheprovider")
    assert "passed" in found
