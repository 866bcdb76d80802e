"""Checkpoints of training: a place that cannot be written is refused in time, and a damaged file changes nothing."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn

GROWTH = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
RUN: dict[str, Any] = {"steps": 3, "lbfgs_steps": 2, "points": 12, "progress": False}


def network(seed: int = 0) -> nn.MLP:
    return nn.MLP(1, 1, width=4, depth=1, dtype=dt.float64, seed=seed)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.safetensors"


def values_of(cell: nn.Cell) -> list[bytes]:
    return [p.asnumpy().tobytes() for p in cell.get_parameters()]


def changed(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], object]) -> None:
    """Save a checkpoint again with other tensors and metadata: its checksums are right then."""
    checkpoint = dt.load_checkpoint(path)
    tensors, metadata = dict[str, Any](checkpoint), checkpoint.metadata
    change(tensors, metadata)
    dt.save_checkpoint(tensors, path, metadata=metadata)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t, m: m.pop("steps"), errors.CheckpointError, "does not say how far the run was"),
        (lambda t, m: m.update(draws=-1), errors.CheckpointError, "does not say how far the run was"),
        (lambda t, m: m.update(steps=[3, "2"]), errors.CheckpointError, "does not say how far the run was"),
        (lambda t, m: m.update(seconds=True), errors.CheckpointError, "does not say how far the run was"),
        (lambda t, m: m.update(steps=[4, 2]), errors.CheckpointError, r"of 6 steps .* history is .* \(5, 2\)"),
        (lambda t, m: m.update(arguments=[]), errors.CheckpointError, "with which arguments"),
        (
            lambda t, m: t.update({"training.history": dt.ops.zeros((5, 3))}),
            errors.CheckpointError,
            r"of shape \(5, 3\)",
        ),
        (lambda t, m: t.pop("training.losses"), errors.CheckpointError, "the losses of its 2 terms"),
        (lambda t, m: t.update({"training.losses": dt.Tensor(1.0)}), errors.CheckpointError, "the losses of its"),
        (lambda t, m: t.update(speed=dt.Tensor(1.0)), errors.ArgumentError, "this run has no 'speed'"),
        (lambda t, m: t.pop("training.points.1.points"), errors.ArgumentError, "has no 'training.points.1.points'"),
        (
            lambda t, m: t.update({"training.losses": t["training.losses"] + 1.0}),
            errors.ArgumentError,
            "the equations that the run was begun with",
        ),
    ],
)
def test_a_wrong_checkpoint_changes_nothing(
    path: Path, change: Callable[[Any, Any], object], error: type[Exception], message: str
) -> None:
    pinn.solve(GROWTH, network(), checkpoint=path, **RUN)
    changed(path, change)
    fresh = network(seed=1)
    before = values_of(fresh)
    with pytest.raises(error, match=message):
        pinn.solve(GROWTH, fresh, checkpoint=path, resume=True, **RUN)
    assert values_of(fresh) == before


def test_a_damaged_checkpoint_changes_nothing(path: Path) -> None:
    pinn.solve(GROWTH, network(), checkpoint=path, **RUN)
    whole = bytearray(path.read_bytes())
    whole[-100] ^= 1
    path.write_bytes(whole)
    fresh = network(seed=1)
    before = values_of(fresh)
    with pytest.raises(errors.CheckpointError, match="its checksum differs"):
        pinn.solve(GROWTH, fresh, checkpoint=path, resume=True, **RUN)
    assert values_of(fresh) == before


def test_a_run_that_diverges_after_it_was_resumed_goes_back_to_the_checkpoint(path: Path) -> None:
    """It went back to the network as it was before the checkpoint was read."""
    trained = network()
    calls = []

    def equation(u: Any, p: Any) -> Any:
        calls.append(1)
        return u.x - u if len(calls) < limit else (u.x - u) * float("nan")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dt, "jit", lambda fn: fn)
        limit = 1 << 30
        problem = pinn.Problem(GROWTH.domain, equation, GROWTH.conditions)
        pinn.solve(problem, trained, checkpoint=path, **(RUN | {"lbfgs_steps": 0}))
        fresh = network(seed=1)
        # What the resumed run evaluates before its first step: the equation's form, then the losses to compare.
        calls.clear()
        pinn.solve(problem, network(seed=1), checkpoint=path, resume=True, **(RUN | {"lbfgs_steps": 0}))
        limit = len(calls)
        calls.clear()
        with pytest.raises(pinn.DivergedError):
            pinn.solve(problem, fresh, checkpoint=path, resume=True, **(RUN | {"steps": 9, "lbfgs_steps": 0}))
    assert values_of(fresh) == values_of(trained)


def refused_before_training(path: Path, message: str, **options: Any) -> None:
    def equation(u: Any, p: Any) -> Any:
        evaluated.append(1)
        return u.x - u

    evaluated: list[int] = []
    problem = pinn.Problem(GROWTH.domain, equation, GROWTH.conditions)
    trained = network()
    before = values_of(trained)
    with pytest.raises((errors.CheckpointError, errors.ArgumentError), match=message):
        pinn.solve(problem, trained, checkpoint=path, **(RUN | options))
    assert values_of(trained) == before


def test_a_folder_is_refused_before_training(tmp_path: Path) -> None:
    refused_before_training(tmp_path, "is a folder, not a file")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root makes device nodes")
def test_a_device_is_refused_before_training(tmp_path: Path) -> None:
    """As root, a checkpoint there took the device's place for the whole machine."""
    node = tmp_path / "device"
    try:
        os.mknod(node, 0o666 | stat.S_IFCHR, os.makedev(1, 3))  # a null device of our own
    except PermissionError:
        pytest.skip("this container makes no device nodes")
    refused_before_training(node, "is a device, not a file")
    assert stat.S_ISCHR(node.lstat().st_mode)


def test_a_folder_that_cannot_be_made_is_refused_before_training(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused_before_training(tmp_path / "file" / "run.safetensors", "no folder can be made for it")
    refused_before_training(Path("/proc/self/run.safetensors"), "cannot write")


@pytest.mark.parametrize("given", ["", 3])
def test_what_is_no_path_is_refused(given: Any) -> None:
    with pytest.raises((errors.CheckpointError, errors.ArgumentTypeError), match="`checkpoint`"):
        pinn.solve(GROWTH, network(), checkpoint=given, **RUN)


def test_parameters_without_names_are_refused_with_a_checkpoint(path: Path) -> None:
    """Made in another order, they were exchanged when the run was resumed, without a word."""
    first, second = (dt.Parameter(dt.Tensor(np.float64(x))) for x in (1.0, 2.0))
    problem = pinn.Problem(GROWTH.domain, lambda u, p: u.x - first * u + 0 * second, GROWTH.conditions)
    with pytest.raises(errors.ArgumentError, match=r"a trained parameter of shape \(\) has no name"):
        pinn.solve(problem, network(), parameters=[first, second], checkpoint=path, **RUN)
    pinn.solve(problem, network(), parameters=[first, second], **RUN)
    assert not path.exists()


def test_a_disk_that_is_full_for_a_while_ends_no_training(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = iter([True, True])
    replace = os.replace

    def full(source: Any, target: Any) -> None:
        if next(failing, False):
            raise OSError("no space left on device")
        replace(source, target)

    monkeypatch.setattr("os.replace", full)
    with pytest.warns(RuntimeWarning, match="no space left on device; training goes on, and will try again"):
        solution = pinn.solve(GROWTH, network(), checkpoint=path, checkpoint_seconds=1e-9, **RUN)
    assert len(solution.history) == 5
    assert dt.load_checkpoint(path).metadata["steps"] == [3, 2]


def test_a_checkpoint_is_told_from_a_solution(path: Path) -> None:
    """`dualtape report` of the file that `dualtape solve` leaves beside its picture said only "None"."""
    pinn.solve(GROWTH, network(), checkpoint=path, **RUN)
    with pytest.raises(errors.CheckpointError, match="it is the checkpoint of a training; go on from it with `resume`"):
        pinn.load(path)
