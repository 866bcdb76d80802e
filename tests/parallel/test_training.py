"""Trainings by many processes, with the `mpiexec` that comes with the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import dualtape as dt
from parallel import of_all_ranks

PROGRAM = Path(__file__).with_name("of_all_ranks.py")
# Beside Python, where the package has put it.
MPIEXEC = shutil.which("mpiexec", path=os.path.dirname(sys.executable)) or "mpiexec"


def environment() -> dict[str, str]:
    """On the host, which compiles nothing."""
    return os.environ | {"DUALTAPE_DEVICE": "host", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(ranks: int, what: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = [MPIEXEC, "-n", str(ranks), sys.executable, str(PROGRAM), what, str(folder)]
    return subprocess.run(program, env=environment(), capture_output=True, text=True, timeout=100)


def test_two_and_four_ranks_train_as_one_does(tmp_path: Path) -> None:
    one = of_all_ranks.found()
    for ranks in (2, 4):
        done = run(ranks, "compare", tmp_path)
        assert done.returncode == 0, done.stderr
        for name, losses in np.load(tmp_path / f"{ranks}.npz").items():
            tolerance = 1e-6 if name == "own loop" else 1e-9  # in Float32
            np.testing.assert_allclose(losses, one[name], rtol=tolerance, err_msg=name)


def test_a_rank_that_raises_ends_the_job_with_its_error(tmp_path: Path) -> None:
    done = run(2, "fail", tmp_path)
    assert done.returncode == 1
    assert "rank 1 of 2 has failed" in done.stderr
    assert "LookupError: no such coefficient" in done.stderr


def test_a_killed_rank_ends_the_job_and_three_ranks_go_on_from_its_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "run.safetensors"
    done = run(2, "train_and_be_killed", tmp_path)
    assert done.returncode != 0
    found = re.search(r"rank 1 is process (\d+)", done.stderr)
    assert found, done.stderr
    assert f"PID {found[1]}" in done.stdout + done.stderr
    assert 0 < sum(dt.load_checkpoint(path).metadata["steps"]) < 400
    done = run(3, "train", tmp_path)
    assert done.returncode == 0, done.stderr
    resumed = dt.load_checkpoint(path)["training.history"].asnumpy()
    path.unlink()
    of_all_ranks.train(tmp_path)
    np.testing.assert_allclose(resumed, dt.load_checkpoint(path)["training.history"].asnumpy(), rtol=1e-9)


def test_the_command_line_runs_under_mpiexec_and_speaks_once(tmp_path: Path) -> None:
    solve = [sys.executable, "-m", "dualtape", "solve", "poisson", "--device", "host"]
    sizes = ["--steps", "2", "--curvature-steps", "2", "--points", "20", "--width", "4"]
    program = [MPIEXEC, "-n", "2", *solve, *sizes]
    done = subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("poisson on host") == 1
    assert "by 2 processes" in done.stdout
    assert done.stdout.count("relative L2 error") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"poisson.png", "poisson.safetensors"}


def test_what_is_wrong_with_the_arguments_is_told_once(tmp_path: Path) -> None:
    program = [MPIEXEC, "-n", "2", sys.executable, "-m", "dualtape", "solve", "poisson", "--stepz", "2"]
    done = subprocess.run(program, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("No such option") == 1
