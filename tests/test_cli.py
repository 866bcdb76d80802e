"""The command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import dualtape as dt
from dualtape import cli

QUICK = ("--steps", "5", "--curvature-steps", "3", "--points", "30", "--width", "6", "--depth", "1", "--device", "host")


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli.app, list(arguments))


def python(code_or_module: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", code_or_module, *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


def test_help_names_the_commands() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert "solve" in result.output
    assert "devices" in result.output
    assert run("solve", "--help").exit_code == 0


def test_version() -> None:
    result = run("--version")
    assert result.exit_code == 0
    assert result.output == f"dualtape {dt.__version__}\n"


def test_devices_lists_all() -> None:
    result = run("devices")
    assert result.exit_code == 0
    for device in dt.devices():
        assert device.name in result.output


def test_devices_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    host = dt.devices()[0]
    monkeypatch.setattr(dt, "devices", lambda: (host,))
    output = run("devices").output
    assert "pip install pocl-binary-distribution" in output
    assert "pocl-opencl-icd" in output


def test_solve_leaves_a_picture_and_a_checkpoint(tmp_path: Path) -> None:
    picture, saved = tmp_path / "burgers.png", tmp_path / "burgers.safetensors"
    arguments = ("solve", "burgers", *QUICK, "--output", str(picture), "--checkpoint", str(saved))
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    assert "relative L2 error against the Cole-Hopf solution: " in result.output
    assert str(picture) in result.output.replace("\n", "")
    assert picture.read_bytes().startswith(b"\x89PNG\r\n")
    assert dt.load_checkpoint(saved).metadata["steps"][0] == 5
    assert run(*arguments, "--resume").exit_code == 0


def test_solve_can_leave_no_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("solve", "heat", *QUICK, "--no-progress", "--no-checkpoint")
    assert result.exit_code == 0, result.output
    assert "checkpoint" not in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["heat.png"]


@pytest.mark.parametrize("problem", ["poisson", "heat", "wave"])
def test_the_other_problems(problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("solve", problem, *QUICK, "--no-progress", "--dtype", "float64")
    assert result.exit_code == 0, result.output
    assert (tmp_path / f"{problem}.png").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("solve", "nothing"),
        ("solve",),
        ("solve", "heat", "--steps", "-1"),
        ("solve", "heat", "--output", "no/such/folder.png"),
        ("solve", "heat", "--output", "heat.txt"),
        ("solve", "heat", "--no-checkpoint", "--resume"),
        ("solve", "heat", "--no-checkpoint", "--checkpoint", "heat.safetensors"),
        ("fly",),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_picture_that_is_no_file_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    result = run("solve", "heat", "--output", str(tmp_path / "folder.png"))
    assert result.exit_code == 2
    assert "is not a file" in result.output


def test_a_checkpoint_that_is_no_file_is_refused_in_one_line(tmp_path: Path) -> None:
    result = python("dualtape", "solve", "heat", *QUICK, "--checkpoint", str(tmp_path), cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.strip().endswith("is a folder, not a file")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    result = python("dualtape", "solve", "heat", "--device", "opencl:99", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("dualtape: no device 'opencl:99'")
    assert len(result.stderr.splitlines()) == 1


def test_python_dash_m() -> None:
    result = python("dualtape", "--version")
    assert result.stdout == f"dualtape {dt.__version__}\n"
