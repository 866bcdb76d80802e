"""Points that grow in time, which ordinary equations from initial values are given by default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.collocation import Drawing

LINE = pinn.Interval(t=(0, 6))


def swing(**options: Any) -> pinn.Solution:
    problem = pinn.Problem(LINE, lambda u, p: u.tt + u, [pinn.initial(1.0), pinn.initial(0.0, order=1)])
    network = nn.MLP(1, 1, width=5, depth=1, dtype=dt.float64, seed=0)
    return pinn.solve(problem, network, points=20, progress=False, **options)


def test_a_part_that_was_learned_is_followed_by_the_next() -> None:
    growing = pinn.Growing(every=2, start=0.1, tolerance=1e-3, patience=6)
    assert growing.reached(np.array([])) == (0.1, False)
    assert growing.reached(np.array([1.0, 0.5])) == (0.1, False)
    slow = [1.0, 0.5, 0.1, 1e-4]
    assert growing.reached(np.array(slow)) == (0.2, False)  # as much as before, for it took two looks
    fast = [*slow, 0.1, 1e-5]
    assert growing.reached(np.array(fast)) == (0.4, False)  # twice as much, for it took one


def test_a_step_that_was_too_long_is_taken_back() -> None:
    growing = pinn.Growing(every=2, start=0.1, tolerance=1e-3, patience=6)
    slow = [1.0, 0.5, 0.1, 1e-4]
    assert growing.reached(np.array([*slow, 50.0, 20.0])) == (0.15000000000000002, False)
    stuck = [0.1, 9e-3, 8e-3, 8e-3, 8e-3, 8e-3]
    assert growing.reached(np.array([*slow, *stuck])) == (0.15000000000000002, False)


def test_a_first_part_that_cannot_be_learned_is_left_in_the_end() -> None:
    growing = pinn.Growing(every=2, start=0.1, patience=6)
    assert growing.reached(np.ones(6)) == (0.1 + 0.1, False)
    assert growing.reached(np.ones(2_000)) == (1.0, True)


def test_the_points_are_where_it_has_come_to_and_the_stage_ends_with_the_whole() -> None:
    parts = []

    def look(solution: pinn.Solution) -> None:
        parts.append(growing.reached(solution.history.of_stage)[0])

    growing = pinn.Growing(every=2, start=0.2, patience=4)
    stages = pinn.LevenbergMarquardt(200, points=growing) >> pinn.Adam(1)
    solution = swing(optimizer=stages, watch=look, watch_every=1)
    assert parts[0] == 0.2
    assert parts[-2] == 1.0  # the last one is of Adam
    assert solution.history.stages[0][1] < 200
    assert solution.history.stages[1] == ("Adam", 1)


def test_points_are_drawn_in_the_first_part() -> None:
    problem = pinn.Problem(pinn.Rectangle(x=(0, 1), t=(2, 4)), lambda u, p: u.t + u.x)
    growing = pinn.Growing(every=2, start=0.25, number=16)
    draw = Drawing(problem, 50, "sobol", 0, 1, np.ones(1))
    points = growing.redrawn(draw, np.zeros((50, 2)), lambda x: x)
    assert points.shape == (16, 2)
    assert 2 <= points[:, 1].min() < 2.1
    assert 2.4 < points[:, 1].max() <= 2.5
    assert points[:, 0].max() > 0.9


def test_a_run_goes_on_from_a_file_where_it_had_come_to(tmp_path: Path) -> None:
    def stages(steps: int) -> pinn.TrainingStage:
        return pinn.LevenbergMarquardt(steps, points=pinn.Growing(every=2, start=0.2, tolerance=0.1))

    whole = swing(optimizer=stages(14))
    swing(optimizer=stages(7), checkpoint=tmp_path / "run.safetensors")
    resumed = swing(optimizer=stages(14), checkpoint=tmp_path / "run.safetensors", resume=True)
    times = np.linspace(0, 6, 7)
    assert resumed.u(t=times).tobytes() == whole.u(t=times).tobytes()


def test_ordinary_equations_from_initial_values_grow_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    starts = [pinn.initial(1.0), pinn.initial(0.0, order=1, hard=False)]
    ends = [pinn.dirichlet(0.0, on=("t-", "t+"))]
    shown = []
    for conditions in (starts, ends):
        problem = pinn.Problem(LINE, lambda u, p: u.tt + u, conditions)
        solution = pinn.solve(problem, nn.MLP(1, 1, width=4, depth=1, seed=0), seconds=1e-9)
        shown.append(solution.settings["optimizer"])
    assert shown[0].startswith("LevenbergMarquardt(800, points=Growing(every=4,")
    assert "Growing" not in shown[1]
    lines = capsys.readouterr().err
    assert lines.count("points grow in time") == 1


@pytest.mark.parametrize("wrong", [{"start": 0.0}, {"start": 1.5}, {"tolerance": 0.0}, {"patience": 0}, {"number": 0}])
def test_what_is_no_share_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.ArgumentError):
        pinn.Growing(**wrong)


def test_without_a_time_nothing_grows() -> None:
    problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x, [pinn.dirichlet(0.0, on="x-")])
    stage = pinn.LevenbergMarquardt(2, points=pinn.Growing())
    with pytest.raises(errors.ArgumentError, match="needs a time"):
        pinn.solve(problem, nn.MLP(1, 1, width=3, depth=1), optimizer=stage, points=5, progress=False)
