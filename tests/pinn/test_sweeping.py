"""Many trainings: sweeps on every kind of executor, their tables and files, and ensembles."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn

SPACE = {"seed": [0, 1], "width": [3, 4]}


def growth() -> pinn.Problem:
    return pinn.Problem(
        pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")], exact=lambda x: np.exp(x)
    )


def train(seed: int, width: int) -> pinn.Solution:
    network = nn.MLP(1, 1, width=width, depth=1, dtype=dt.float64, seed=seed)
    return pinn.solve(growth(), network, optimizer=pinn.Adam(3), points=10, progress=False)


def shaky(seed: int, width: int) -> dict[str, Any]:
    """Fails once for all, or ends its process."""
    if seed == 1 and width == 3:
        raise ArithmeticError("on purpose")
    return {"sum": seed + width, "process": os.getpid()}


def test_a_sweep_gathers_what_solutions_are_and_what_is_measured() -> None:
    table = pinn.sweep(train, SPACE, measure=lambda s: {"end": np.float64(s(x=1.0))}, progress=False)
    assert table.names == ["seed", "width", "loss", "steps", "seconds", "error", "end", "failure"]
    assert [(r["seed"], r["width"]) for r in table] == [(0, 3), (0, 4), (1, 3), (1, 4)]
    alone = train(1, 4)
    assert table.records[3]["loss"] == alone.history.last
    assert table.records[3]["error"] == alone.error()
    assert table.best("error")["error"] == min(table["error"])
    assert json.loads(json.dumps(table.records)) == table.records


def test_failures_are_records_and_a_sweep_goes_on_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "table.jsonl"
    with ThreadPoolExecutor(2) as executor:
        table = pinn.sweep(shaky, SPACE, executor=executor, path=path)
    assert "4/4" in capsys.readouterr().err
    assert table["failure"] == [None, None, "ArithmeticError: on purpose", None]
    assert table["sum"] == [3, 4, None, 5]
    assert "on purpose" in str(table)
    path.write_bytes(path.read_bytes() + b'{"values": {"se')  # cut off in the middle of a line
    called: list[dict[str, Any]] = []

    def again(**values: Any) -> dict[str, Any]:
        called.append(values)
        return {"sum": -1}

    wider = SPACE | {"width": [3, 4, 5]}
    table = pinn.sweep(again, wider, path=path, progress=False)
    assert called == [{"seed": 0, "width": 5}, {"seed": 1, "width": 5}]
    assert table["sum"] == [3, 4, -1, None, 5, -1]
    table = pinn.sweep(again, wider, path=path, retry=True, progress=False)
    assert called[2:] == [{"seed": 1, "width": 3}]
    assert table["failure"] == [None] * 6
    assert pinn.sweep(again, wider, path=path, progress=False).records == table.records
    with pytest.raises(errors.ArgumentError, match="is of a sweep over seed, width, and this one is over seed"):
        pinn.sweep(again, {"seed": [0]}, path=path, progress=False)
    path.write_text("nonsense\n")
    with pytest.raises(errors.CheckpointError, match=r"line 1 of .* is no run"):
        pinn.sweep(again, SPACE, path=path, progress=False)


def test_runs_whose_process_was_lost_are_run_again(tmp_path: Path) -> None:
    from loky import ProcessPoolExecutor

    def lost(seed: int, width: int) -> dict[str, Any]:
        if seed == 1:
            os._exit(3)
        return {"sum": seed + width}

    path = tmp_path / "table.jsonl"
    with ProcessPoolExecutor(1) as executor:
        table = pinn.sweep(lost, SPACE, executor=executor, path=path, progress=False)
    assert len(table) == 4
    assert "TerminatedWorkerError" in table["failure"][2]
    called: list[int] = []

    def again(seed: int, width: int) -> dict[str, Any]:
        called.append(seed)
        return {"sum": seed + width}

    table = pinn.sweep(again, SPACE, path=path, progress=False)
    assert table["sum"] == [3, 4, 4, 5]
    assert called.count(1) == 2


def test_a_cluster_of_dask_trains_eight_with_one_that_fails(tmp_path: Path) -> None:
    from distributed import Client, LocalCluster

    def train(seed: int, viscosity: float) -> pinn.Solution:
        if seed == 2 and viscosity < 0.1:
            raise ArithmeticError("on purpose")
        network = nn.MLP(2, 1, width=4, depth=1, dtype=dt.float64, seed=seed)
        whole = pinn.burgers(viscosity)
        problem = pinn.Problem(whole.domain, whole.equations, whole.conditions)  # without an error, which takes long
        return pinn.solve(problem, network, optimizer=pinn.Adam(2), points=20, progress=False)

    path, space = tmp_path / "table.jsonl", {"seed": range(4), "viscosity": [0.01, 0.1]}
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        table = pinn.sweep(train, space, executor=client, path=path, progress=False)
        assert [record["seed"] for record in table.failed] == [2]
        assert table["failure"][4] == "ArithmeticError: on purpose"
        assert table["steps"] == [2, 2, 2, 2, None, 2, 2, 2]
        assert pinn.sweep(train, space, executor=client, path=path, progress=False).records == table.records


@pytest.mark.parametrize(
    ("space", "kind", "message"),
    [
        ({"seed": 3}, errors.ArgumentTypeError, "a sequence of values for each name; 'seed' has int"),
        ({"seed": []}, errors.ArgumentError, "no runs"),
        ({"seed": [0, 0]}, errors.ArgumentError, "a run twice"),
        ({"failure": [0]}, errors.ArgumentError, "a column of every table"),
        ({"seed": [nn.Tanh()]}, errors.ArgumentTypeError, "'seed' is Tanh"),
        ([{"seed": 0}, {"width": 3}], errors.ArgumentError, "the same names"),
        (3, errors.ArgumentTypeError, "must be like"),
    ],
)
def test_what_is_no_space_is_refused(space: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        pinn.sweep(train, space, progress=False)
    with pytest.raises(errors.ArgumentTypeError, match="must have a `submit`"):
        pinn.sweep(train, SPACE, executor=3)


def test_a_file_that_cannot_be_written_is_refused_before_the_first_run(tmp_path: Path) -> None:
    called: list[int] = []
    with pytest.raises(errors.CheckpointError, match="cannot read and write"):
        pinn.sweep(lambda seed: called.append(seed) or {}, {"seed": [0]}, path=tmp_path, progress=False)  # type: ignore[func-returns-value]
    assert not called
    pinn.sweep(lambda seed: {"x": 1}, {"seed": [0]}, path=tmp_path / "new" / "table.jsonl", progress=False)
    assert (tmp_path / "new" / "table.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda seed: 3, "must return a Solution or a mapping"),
        (lambda seed: {"seed": 3}, "a result is called 'seed'"),
        (lambda seed: {"field": np.zeros(3)}, "'field' is ndarray"),
    ],
)
def test_results_that_are_no_plain_data_are_failures(given: Callable[..., Any], message: str) -> None:
    assert message in pinn.sweep(given, {"seed": [0]}, progress=False)["failure"][0]


# Ensembles


def test_an_ensemble_has_a_mean_that_is_a_solution_and_a_spread(tmp_path: Path) -> None:
    members = [train(seed, 3) for seed in range(3)]
    ensemble = pinn.Ensemble(members)
    x = np.linspace(0, 1, 5)
    values = np.stack([member(x=x) for member in members])
    np.testing.assert_allclose(ensemble(x=x), values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(ensemble.spread(x=x), values.std(axis=0, ddof=1), rtol=1e-12)
    slopes = np.stack([member.u.x(x=x) for member in members])
    np.testing.assert_allclose(ensemble.mean.u.x(x=x), slopes.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(ensemble.evaluate(lambda u, p: u.x, x=x), slopes)
    grid = np.linspace(0, 1, 1001)
    wanted = np.exp(grid)
    assert ensemble.error() == pytest.approx(np.linalg.norm(ensemble(x=grid) - wanted) / np.linalg.norm(wanted))
    ensemble.plot(tmp_path / "band.png")
    assert (tmp_path / "band.png").stat().st_size > 1000
    assert members[0].network.trainable_params()[0].name == train(0, 3).network.trainable_params()[0].name
    with pytest.raises(errors.ArgumentError, match="two members or more, got 1"):
        pinn.Ensemble(members[:1])
    with pytest.raises(errors.ArgumentTypeError, match="member 1 of `Ensemble` must be a Solution, got int"):
        pinn.Ensemble([members[0], 3])  # type: ignore[list-item]
