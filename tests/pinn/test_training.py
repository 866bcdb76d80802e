"""What can be done with a training: look on, stop, take few points at a time, go from easy to hard, march in time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn
from dualtape.pinn.minibatches import MiniBatches
from dualtape.pinn.objective import Objective

GROWTH = pinn.Problem(
    pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-", weight=1.0)], exact=lambda x: np.exp(x)
)


def network(inputs: int = 1) -> nn.MLP:
    return nn.MLP(inputs, 1, width=6, depth=1, dtype=dt.float64, seed=0)


def solve(stages: Any, problem: pinn.Problem = GROWTH, cell: nn.Cell | None = None, **options: Any) -> pinn.Solution:
    options = {"points": 20, "progress": False} | options
    return pinn.solve(problem, network() if cell is None else cell, optimizer=stages, **options)


def test_records_of_errors_and_parameters() -> None:
    rate = dt.Parameter(dt.Tensor([1.0], dt.float64), name="rate")
    problem = pinn.Problem(
        pinn.Interval(t=(0, 1)),
        lambda u, p: u.t - rate * u,
        [pinn.initial(1.0), pinn.observations([[1.0]], [np.exp(2.0)])],
        exact=lambda t: np.exp(2 * t),
    )
    errors_seen, rates = pinn.Track(lambda s: s.error(), every=10), pinn.Track([rate], every=7, name="rate")
    solution = solve(pinn.SSBroyden(40), problem, parameters=[rate], watch=[errors_seen, rates])
    assert errors_seen.steps.tolist() == [10, 20, 30, 40]
    assert errors_seen.values[-1] == solution.error()
    assert rates.steps.tolist() == [7, 14, 21, 28, 35, 40]
    assert rates.values.shape == (6, 1)
    assert rates.values[-1, 0] == rate.value().asnumpy()[0]
    assert abs(rates.values[-1, 0] - 2) < 0.1


def test_enough_ends_a_training_and_gives_its_solution() -> None:
    def enough(solution: pinn.Solution) -> None:
        if len(solution.history) >= 30:
            raise pinn.StopTraining

    solution = solve(pinn.Adam(100) >> pinn.SSBroyden(50), watch=enough, watch_every=10)
    assert len(solution.history) == 30


def test_a_callback_that_raises_leaves_what_was_learned(tmp_path: Path) -> None:
    def broken(solution: pinn.Solution) -> None:
        raise ZeroDivisionError("of the callback")

    cell = network()
    with pytest.raises(ZeroDivisionError, match="of the callback"):
        solve(pinn.Adam(100), cell=cell, watch=broken, watch_every=20, checkpoint=tmp_path / "run.safetensors")
    saved = dt.load_checkpoint(tmp_path / "run.safetensors")
    for parameter in cell.get_parameters():
        assert np.array_equal(saved[parameter.name].asnumpy(), parameter.asnumpy())
    same = network()
    solve(pinn.Adam(100), cell=same, watch=_stop_at(20), watch_every=1)
    assert np.array_equal(same.trainable_params()[0].asnumpy(), cell.trainable_params()[0].asnumpy())


def _stop_at(steps: int) -> Callable[[pinn.Solution], None]:
    def stop(solution: pinn.Solution) -> None:
        if len(solution.history) == steps:
            raise pinn.StopTraining

    return stop


def test_seconds_end_a_training() -> None:
    began = time.perf_counter()
    solution = solve(pinn.Adam(10_000_000) >> pinn.Adam(10_000_000), seconds=0.5)
    assert len(solution.history) < 10_000_000
    assert time.perf_counter() - began < 60


def test_what_watchers_take_is_not_counted() -> None:
    solution = solve(pinn.Adam(4, seconds=1.0), seconds=20, watch=lambda _: time.sleep(0.6), watch_every=1)
    assert len(solution.history) == 4
    assert solution.seconds < 20


def test_the_error_is_in_the_progress_line(capfd: pytest.CaptureFixture[str]) -> None:
    solution = solve(pinn.SSBroyden(30), progress=True)
    shown = re.search(r"error (\S+)", capfd.readouterr().err.splitlines()[-1])
    assert shown
    assert 0.5 < float(shown[1]) / solution.error() < 2


# Mini-batches


def test_each_point_has_its_turn_in_minibatches() -> None:
    problem = pinn.Problem(
        pinn.Rectangle(x=(0, 1), t=(0, 1)),
        lambda u, p: u.t - u.xx,
        [pinn.periodic("x", points=6), pinn.initial(0.0, points=10), pinn.integral(lambda u, p: u, 1.0, points=9)],
    )
    arrays = [{"points": problem.domain.points_inside(20)}]
    arrays += [condition.sample(problem.domain, "sobol", (0,)) for condition in problem.conditions]
    whole = [{name: dt.Tensor(x) for name, x in each.items()} for each in arrays]
    batches = MiniBatches(whole, Objective(problem, network(2), whole), 5, seed=0)
    seen = [batches.of_step(step) for step in range(4)]
    for term, sizes in ((0, 5), (2, 2)):
        assert all(part[term]["points"].shape[0] == sizes for part in seen)
    taken = np.concatenate([part[0]["points"].asnumpy() for part in seen])
    assert np.array_equal(np.sort(taken, axis=0), np.sort(arrays[0]["points"], axis=0))
    pair = seen[1][1]["points"].asnumpy()
    assert np.array_equal(pair[: len(pair) // 2, 1], pair[len(pair) // 2 :, 1])
    assert seen[0][3] is whole[3]
    again = batches.of_step(2)
    assert np.array_equal(again[0]["points"].asnumpy(), seen[2][0]["points"].asnumpy())


def test_minibatches_train_and_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    stage = pinn.Adam(300, batch=8, learning_rate=2e-2)
    cell, resumed = network(), network()
    assert solve(stage, cell=cell, resample=50).error() < 0.05
    path = tmp_path / "run.safetensors"
    solve(stage, cell=resumed, resample=50, checkpoint=path, watch=_stop_at(120), watch_every=1)
    solve(stage, cell=resumed, resample=50, checkpoint=path, resume=True)
    assert np.array_equal(cell.trainable_params()[0].asnumpy(), resumed.trainable_params()[0].asnumpy())


# From easy to hard


def test_a_value_that_an_earlier_stage_held_is_there_when_a_run_goes_on(tmp_path: Path) -> None:
    def run(path: Path, stop: int, resume: bool) -> np.ndarray:
        k = dt.Parameter(dt.Tensor(1.0, dt.float64), name="k", requires_grad=False)
        problem = pinn.Problem(
            pinn.Interval(x=(0, 1)), lambda u, p: u.x - k * u, [pinn.dirichlet(1.0, on="x-", weight=1.0)]
        )

        def watch(solution: pinn.Solution) -> None:
            if len(solution.history) == stop:
                raise pinn.StopTraining

        stages = pinn.curriculum(k, (1.0, 1.002), pinn.Adam(10)) >> pinn.Adam(20)
        solution = solve(stages, problem, checkpoint=path, resume=resume, watch=watch, watch_every=1)
        return np.array([float(k), *solution.u(x=[0.3, 0.7])])

    whole = run(tmp_path / "whole.safetensors", -1, False)
    run(tmp_path / "parts.safetensors", 25, False)
    np.testing.assert_array_equal(run(tmp_path / "parts.safetensors", -1, True), whole)


def test_a_record_has_the_last_value_though_another_ended_the_training() -> None:
    def stop(solution: pinn.Solution) -> None:
        if len(solution.history) == 30:
            raise pinn.StopTraining

    track = pinn.Track(lambda solution: solution.error(), every=10)
    solve(pinn.Adam(50), watch=[stop, track], watch_every=10)
    assert track.steps.tolist() == [10, 20, 30]


def test_a_curriculum_ends_at_its_last_value() -> None:
    slope = dt.Parameter(dt.Tensor([0.0], dt.float64), name="slope", requires_grad=False)
    problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - slope, [pinn.dirichlet(0.0, on="x-")])
    seen = pinn.Track(slope, every=1)
    stages = pinn.curriculum(slope, (1.0, 2.0, 3.0), pinn.Adam(2) >> pinn.SSBroyden(30))
    solution = solve(stages, problem, watch=seen)
    assert len(solution.history.stages) == 6
    assert np.array_equal(np.unique(seen.values), [1.0, 2.0, 3.0])
    assert slope.asnumpy() == 3.0
    assert abs(solution.u.x(x=0.5) - 3) < 0.01


def test_a_curriculum_takes_numbers_of_numpy() -> None:
    slope = dt.Parameter(dt.Tensor([0.0], dt.float64), name="slope", requires_grad=False)
    stages = pinn.curriculum(slope, np.array([1, 3]), pinn.Adam(2))
    assert str(stages) == "Adam(2, holds={slope: 1.0}) >> Adam(2, holds={slope: 3.0})"


# Windows of time


def test_marching_goes_where_one_network_does_not() -> None:
    swing = pinn.Problem(
        pinn.Interval(t=(0, 6)),
        lambda u, p: u.tt + 4 * u,
        [pinn.initial(1.0), pinn.initial(0.0, order=1)],
        exact=lambda t: np.cos(2 * t),
    )
    options: dict[str, Any] = {"optimizer": pinn.Adam(50) >> pinn.SSBroyden(150), "points": 20, "progress": False}
    marched = pinn.march(swing, network, 4, **options)
    assert marched.error() < 0.01
    with pytest.raises(errors.ArgumentError, match="one network for each"):
        marched.save("never.safetensors")
    assert pinn.solve(swing, network(), **options).error() > 10 * marched.error()
    assert len(marched.history) == sum(rows for _, rows in marched.history.stages)
    assert marched.history.stages[-1][0] == "SSBroyden, window 4"
    edges = np.array([1.5, 3.0, 4.5])
    steps = marched.u(t=edges + 1e-9) - marched.u(t=edges - 1e-9)
    assert np.abs(steps).max() < 1e-3
    assert np.abs(marched.u.t(t=edges + 1e-9) + 2 * np.sin(2 * edges)).max() < 0.05


def test_marching_on_any_region_with_hard_and_named_conditions() -> None:
    rod = pinn.Interval(x=(0, 1)).with_parts(left=lambda p: p.x < 0.5)
    heat = lambda u, p: u.t - 0.1 * u.xx
    begin = lambda p: ops.sin(np.pi * p.x)
    exact = lambda x, t: np.sin(np.pi * x) * np.exp(-0.1 * np.pi**2 * t)
    options: dict[str, Any] = {"optimizer": pinn.Adam(30) >> pinn.SSBroyden(120), "points": 100, "progress": False}
    soft = pinn.Problem(
        rod * pinn.Time(t=(0, 2)), heat, [pinn.initial(begin), pinn.dirichlet(0.0, on=("left", "x+"))], exact=exact
    )
    assert pinn.march(soft, lambda: network(2), (0.5, 2.0), **options).error() < 0.05
    box = pinn.Rectangle(x=(0, 1), t=(0, 2))
    sides = pinn.dirichlet(0.0, on=("x-", "x+"), hard=True)
    hard = pinn.Problem(box, heat, [pinn.initial(begin, hard=True), sides], exact=exact)
    solution = pinn.march(hard, lambda: network(2), 2, **options)
    assert solution.error() < 0.02
    assert np.abs(solution.u(x=[0.0, 1.0], t=1.7)).max() < 1e-12


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: pinn.Track(3), "of a function of the solution"),
        (lambda: solve(pinn.Adam(1), watch=3), "`watch` must be"),
        (lambda: solve(pinn.Adam(1), seconds=0), "`seconds` must be positive"),
        (lambda: pinn.Adam(1, batch=0), "`batch` must be 1 or more"),
        (lambda: pinn.Adam(1, holds=3), "`holds` of `Adam` must be like"),
        (lambda: pinn.curriculum(dt.Parameter(dt.Tensor([1.0]), name="c"), (), pinn.Adam(1)), "a tuple of numbers"),
        (lambda: pinn.march(GROWTH, network, 2), "needs a time"),
        (lambda: pinn.march(GROWTH, network(), 2), "must be a function that makes one"),
        (
            lambda: pinn.march(pinn.Problem(pinn.Interval(t=(0, 1)), lambda u, p: u.t), network, 2),
            "needs conditions by `pinn.initial`",
        ),
        (
            lambda: pinn.march(
                pinn.Problem(pinn.Interval(t=(0, 1)), lambda u, p: u.t, [pinn.initial(0.0)]), network, (0.5, 0.4, 1.0)
            ),
            "must rise from above 0 to 1",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises((errors.ArgumentError, errors.ArgumentTypeError), match=message):
        make()


def test_a_parameter_is_trained_or_held() -> None:
    rate = dt.Parameter(dt.Tensor([1.0], dt.float64), name="rate")
    problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - rate, [pinn.dirichlet(0.0, on="x-")])
    with pytest.raises(errors.ArgumentError, match="'rate' at a value, and it is trained as well"):
        solve(pinn.Adam(1, holds={rate: 2.0}), problem, parameters=[rate])
