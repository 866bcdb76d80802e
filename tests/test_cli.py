"""The command line."""

from __future__ import annotations

import json
import os
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
        ("solve", "heat", "--report", "no/such/folder.html"),
        ("solve", "heat", "--report", "report.pdf"),
        ("solve", "heat", "--log", "log.txt"),
        ("solve", "heat", "--save", "heat.npz"),
        ("solve", "missing.toml"),
        ("solve", "missing.py"),
        ("solve", "heat", "--set", "diffusivity"),
        ("solve", "heat", "--set", "speed=2"),
        ("solve", "heat", "--set", "diffusivity=fast"),
        ("report", "missing.safetensors"),
        ("solve", "heat", "--no-checkpoint", "--resume"),
        ("solve", "heat", "--no-checkpoint", "--checkpoint", "heat.safetensors"),
        ("fly",),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_list() -> None:
    output = run("list").output
    rows = json.loads(run("list", "--json").output)
    assert [row["name"] for row in rows] == ["burgers", "poisson", "heat", "wave"]
    assert all(row["name"] in output for row in rows)
    assert rows[2]["settings"] == {"diffusivity": 0.1}


BURGERS = """
equations = ["u_t + u * u_x = nu * u_xx"]
exact = "cole_hopf(x, t, nu)"
[constants]
nu = "0.01 / pi"
[domain]
x = [-1, 1]
t = [0, 1]
[[conditions]]
initial = "-sin(pi * x)"
hard = true
[[conditions]]
dirichlet = 0
on = ["x-", "x+"]
hard = true
"""


def test_burgers_from_toml_is_burgers_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same error to the last bit. What is left makes the page again."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(BURGERS, encoding="utf-8")
    more = ("--json", "--no-progress", "--no-checkpoint", "--report", "mine.html", "--log", "mine.csv", "--save")
    found = run("solve", "mine.toml", *QUICK, *more, "mine.safetensors", "--set", "constants.nu=0.01")
    assert found.exit_code == 0, found.output
    facts = json.loads(found.output)
    by_name = run("solve", "burgers", *QUICK, "--json", "--no-progress", "--no-checkpoint", "--set", "viscosity=0.01")
    expected = json.loads(by_name.output)
    assert facts["error"] == expected["error"]
    assert facts["loss"] == expected["loss"]
    assert facts["steps"] == 8
    places = [facts[name] for name in ("picture", "report", "log", "solution")]
    assert places == ["mine.png", "mine.html", "mine.csv", "mine.safetensors"]
    assert all(Path(place).stat().st_size for place in places)
    again = run("report", "mine.safetensors", "mine.toml", "--set", "constants.nu=0.01", "--output", "again.html")
    assert again.exit_code == 0, again.output
    assert f"{facts['error']:.3e}" in Path("again.html").read_text(encoding="utf-8")


def test_quick_is_a_tenth_of_what_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a tenth of the defaults."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").write_text(f"{BURGERS}\n[solve]\nsteps = 20\ncurvature_steps = 9\npoints = 40", encoding="utf-8")
    options = (
        "--quick",
        "--width",
        "4",
        "--depth",
        "1",
        "--device",
        "host",
        "--no-progress",
        "--no-checkpoint",
        "--json",
    )
    assert json.loads(run("solve", "mine.toml", *options).output)["steps"] == 2


def test_a_mistake_in_a_file_is_one_line_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(BURGERS.replace("u_xx", "u_xz"), encoding="utf-8")
    result = python("dualtape", "solve", "mine.toml", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("dualtape: mine.toml, line 2, column 36: `u_xz` is no derivative")
    assert len(result.stderr.splitlines()) == 1


PROGRAM = """
from dualtape import pinn

def problem(rate=1.0):
    return pinn.Problem(pinn.Interval(t=(0, 1)), lambda u, p: u.t - rate * u, [pinn.initial(1.0, hard=True)])
"""


def test_a_program_that_names_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("growth.py").write_text(PROGRAM, encoding="utf-8")
    found = run("solve", "growth.py", *QUICK, "--no-progress", "--no-checkpoint", "--set", "rate=2.0")
    assert found.exit_code == 0, found.output
    assert "no exact solution is known" in found.output
    assert run("solve", "growth.py", "--set", "speed=2.0").exit_code == 2
    Path("nothing.py").write_text("x = 1", encoding="utf-8")
    assert "must name a `problem`" in run("solve", "nothing.py").output.replace("\n", " ")
    done = "solution = pinn.solve(problem(), nn.MLP(1, 1, width=4), optimizer=pinn.Adam(2), points=9, progress=False)"
    Path("trains.py").write_text(f"{PROGRAM}\nfrom dualtape import nn\n{done}", encoding="utf-8")
    assert json.loads(run("solve", "trains.py", "--json").output)["steps"] == 2
    assert run("solve", "trains.py", "--points", "7").exit_code == 2


def test_bench_times_steps() -> None:
    (row,) = json.loads(run("bench", "heat", "--steps", "5", "--points", "9", "--device", "host", "--json").output)
    assert row["device"] == "host"
    assert 0 < row["quartiles_ms"][0] <= row["median_ms"]
    assert "median" in run("bench", "heat", "--steps", "5", "--points", "9", "--device", "host").output


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


OWN_WAYS = f"""{PROGRAM.replace("rate=1.0", "").replace("rate * u", "u")}
from dualtape import nn, pinn
problem = problem()
options = {{"points": 9, "optimizer": pinn.Adam(4)}}
error = lambda solution: 0.25
"""


def test_the_command_line_comes_before_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its options were ignored in silence where the program had some of its own."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(OWN_WAYS, encoding="utf-8")
    common = ("solve", "mine.py", "--json", "--no-progress", "--no-checkpoint", "--device", "host")
    facts = json.loads(run(*common).stdout)
    assert (facts["steps"], facts["error"], facts["kind"]) == (4, 0.25, "own")
    facts = json.loads(run(*common, "--steps", "2", "--curvature-steps", "0", "--width", "3", "--depth", "1").stdout)
    assert facts["steps"] == 2
    assert "error, as the program measures it: 2.5e-01" in run(*[x for x in common if x != "--json"]).output
    Path("mine.py").write_text(f"{OWN_WAYS}network = nn.MLP(1, 1, width=4)", encoding="utf-8")
    refused = run(*common, "--width", "9")
    assert refused.exit_code == 2
    assert "has a network of its own" in refused.output


def test_a_program_may_train_in_a_way_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    march = "solve = lambda **more: pinn.march(problem, lambda: nn.MLP(1, 1, width=4), 2, **{**options, **more})"
    Path("mine.py").write_text(f"{OWN_WAYS.replace('hard=True', '')}{march}", encoding="utf-8")
    found = run("solve", "mine.py", "--json", "--no-progress", "--points", "5", "--device", "host")
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["steps"] == 8
    assert not Path("mine.safetensors").exists()
    assert run("solve", "mine.py", "--resume").exit_code == 2


def test_a_reader_who_has_enough_is_no_failure(tmp_path: Path) -> None:
    """`dualtape list | head -1` ended with a traceback of Python's own, then with 1 or 141 as it happened."""
    unread, written = os.pipe()
    os.close(unread)  # the reader has gone before a word was written
    command = [sys.executable, "-m", "dualtape", "list"]
    result = subprocess.run(command, stdout=written, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
    os.close(written)
    assert (result.returncode, result.stderr) == (141, "")


def test_a_training_that_is_stopped_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ended without a word."""

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt("stopped after 7 steps")

    monkeypatch.setattr("dualtape.pinn.solve", stopped)
    monkeypatch.chdir(tmp_path)
    result = run("solve", "heat", *QUICK)
    assert result.exit_code == 130
    assert "dualtape: stopped after 7 steps; the checkpoint is in heat.safetensors: go on" in result.output
