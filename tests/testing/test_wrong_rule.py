"""The test of the tests: a primitive with a wrong rule makes the suite fail, and no test file need be touched."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dualtape.devices.opencl import opencl_devices

ROOT = Path(__file__).parents[2]
SUITE = ("tests/primitives/test_catalogue.py", "tests/autodiff/test_batching.py", "property_tests/test_primitives.py")
# A plugin is imported before the tests are collected; the engine is imported first, as it would be in a user's program.
DECLARATION = """
import dualtape
from dualtape.core.expression import x
from dualtape.primitives.declaring import elementwise

elementwise(
    "cube_to_be_tested",
    numpy=lambda x: x * x * x,
    opencl={opencl},
    partials=(lambda x, y: {partial},),
    domain=((0.3, 2.0),),
)
"""


def run_suite(folder: Path, partial: str, opencl: str = "x * x * x") -> subprocess.CompletedProcess[str]:
    """The suite's own tests, with one primitive more."""
    (folder / "one_primitive_more.py").write_text(DECLARATION.format(partial=partial, opencl=opencl))
    command = [sys.executable, "-m", "pytest", *SUITE, "-p", "one_primitive_more", "-k", "cube_to_be_tested"]
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    return subprocess.run(
        [*command, "-n", "0", "-q", "-x", "-p", "no:cacheprovider", *([] if opencl_devices() else ["--host-only"])],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


def test_right_rule_passes(tmp_path: Path) -> None:
    result = run_suite(tmp_path, "3 * x * x")
    assert result.returncode == pytest.ExitCode.OK, result.stdout
    assert "passed" in result.stdout


@pytest.mark.parametrize("partial", ["2 * x * x", "3 * x * x + 0.001"])
def test_wrong_partial_fails_and_is_named(tmp_path: Path, partial: str) -> None:
    result = run_suite(tmp_path, partial)
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout
    assert "test_all_modes_agree_with_finite_differences[cube_to_be_tested-host-" in result.stdout
    assert "from finite differences" in result.stdout


@pytest.mark.opencl
def test_wrong_code_for_devices_fails(tmp_path: Path) -> None:
    result = run_suite(tmp_path, "3 * x * x", opencl="x * x")
    assert result.returncode == pytest.ExitCode.TESTS_FAILED, result.stdout
    assert "test_shape_rule_and_value[cube_to_be_tested-opencl:0-" in result.stdout
