"""Stages of training: when they end, on which points they are, and what is refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.schedules import default_schedule


def network() -> nn.Cell:
    return nn.MLP(1, 1, width=6, depth=1, seed=0).astype(dt.float64)


def problem(residual: Callable[[Any], Any]) -> pinn.Problem:
    return pinn.Problem(
        pinn.Interval(x=(0, 1)), lambda u, p: residual(u.x - u), [pinn.dirichlet(1.0, on="x-", weight=1.0)]
    )


def lying(residual: Any) -> Any:
    """Its derivative has the other sign: the loss rises along what is said to lead down."""
    return dt.ops.stop_gradient(2 * residual) - residual


SMALL: dict[str, Any] = {"points": 20, "progress": False}


def test_training_goes_on_where_a_trial_has_no_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dt, "jit", lambda fn: fn)
    trials = []

    def sometimes(residual: Any) -> Any:
        trials.append(1)
        return residual * (float("nan") if len(trials) % 5 == 0 else 1.0)

    history = pinn.solve(problem(sometimes), network(), 0, lbfgs_steps=30, resample=0, **SMALL).history
    assert len(history) == 30
    assert len(trials) > 36
    assert (np.diff(history.total) < 0).all()


@pytest.mark.parametrize("resample", [0, 2])
def test_it_ends_when_no_way_leads_down(resample: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dt, "jit", lambda fn: fn)
    calls = []

    def equations(u: Any, p: Any) -> Any:
        calls.append(1)
        return lying(u.x - u)

    only = pinn.Problem(pinn.Interval(x=(0, 1)), equations)
    history = pinn.solve(only, network(), 0, lbfgs_steps=400, resample=resample, **SMALL).history
    assert len(history) == 0
    assert len(calls) < 120


def test_it_ends_at_the_precision_of_float32() -> None:
    """It went on with rounds of some twenty useless iterations each, on new points, until all 3000 were spent."""
    coarse = nn.MLP(1, 1, width=6, depth=1, seed=0)
    with pytest.warns(RuntimeWarning, match=r"the precision of Float32; solve\(..., precision='float64'\)"):
        history = pinn.solve(
            problem(lambda residual: residual), coarse, 0, lbfgs_steps=3_000, precision="float32", **SMALL
        ).history
    assert history.total[-1] < 1e-5
    assert len(history) < 400


def test_a_gradient_that_is_not_finite_is_named() -> None:
    rooted = problem(lambda residual: residual + dt.ops.sqrt(residual - dt.ops.stop_gradient(residual)))
    with pytest.raises(pinn.DivergedError, match="the gradient is infinite or NaN at step 1"):
        pinn.solve(rooted, network(), 0, lbfgs_steps=5, **SMALL)


def test_a_checkpoint_is_written_in_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    for room in ("solver", "between_steps"):
        write = lambda training, path: seen.append(len(training.history))
        monkeypatch.setattr(f"dualtape.pinn.{room}.save_training", write)
    often: dict[str, Any] = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_seconds": 1e-9, **SMALL}
    pinn.solve(problem(lambda residual: residual), network(), 3, lbfgs_steps=4, **often)
    assert sorted({*seen}) == [1, 2, 3, 4, 5, 6, 7]


def trained(optimizer: pinn.TrainingStage, **options: Any) -> pinn.Solution:
    return pinn.solve(problem(lambda residual: residual), network(), optimizer=optimizer, **(SMALL | options))


def test_stages_follow_one_another() -> None:
    solution = trained(pinn.Adam(5) >> pinn.SSBFGS(4) >> (pinn.LBFGS(3) >> pinn.SSBroyden(2)))
    assert solution.history.stages == [("Adam", 5), ("SSBFGS", 4), ("L-BFGS", 3), ("SSBroyden", 2)]
    assert len(solution.history) == 14


def test_a_stage_stops_by_its_rules() -> None:
    losses = trained(pinn.SSBroyden(300, tolerance=1e-6)).history.total
    assert losses[-1] <= 1e-6 < losses[-2]
    assert len(trained(pinn.Adam(300, seconds=1e-9)).history) == 1
    losses = trained(pinn.Adam(300, learning_rate=1e-9, patience=10, change=0.5)).history.total
    assert len(losses) == 20
    assert len(trained(pinn.SSBroyden(100, patience=20)).history) == 100


def test_soap_goes_further_than_adam() -> None:
    adam, soap = (trained(stage).error(np.exp) for stage in (pinn.Adam(300), pinn.SOAP(300)))
    assert soap < adam


def test_what_was_reached_is_exact_to_many_digits() -> None:
    solution = trained(pinn.Adam(50) >> pinn.SSBroyden(400))
    assert solution.error(np.exp) < 1e-6


RING = pinn.Problem(
    pinn.Rectangle(x=(0, 2), t=(0, 1)),
    lambda u, v, p: (u.t + v.x, v.t + u.x),
    [
        pinn.initial(lambda p: dt.ops.sin(np.pi * p.x), of="u", weight=1.0),
        pinn.initial(0.0, of="v", weight=3.0),
        pinn.periodic("x", weight=1.0),
    ],
    weight=(1.0, 2.0),
)


@pytest.mark.parametrize(
    "stage",
    [
        pinn.LevenbergMarquardt(6),
        pinn.LevenbergMarquardt(6, acceleration=True),
        pinn.GaussNewton(6, damping=1e-6),
        pinn.NaturalGradient(12, damping=1e-6),
        pinn.GaussNewtonCG(14, rank=12),
    ],
    ids=repr,
)
def test_least_squares_of_several_terms(stage: pinn.TrainingStage) -> None:
    """Its terms are those of the loss, of conditions between pairs of points, too."""
    cell = nn.MLP(2, 2, width=6, depth=1, dtype=dt.float64, seed=0)
    options: dict[str, Any] = {"points": 30, "resample": 0, "progress": False}
    history = pinn.solve(RING, cell, optimizer=pinn.Adam(1) >> stage, **options).history
    assert len(history.names) == 8
    totals = history.total
    assert (np.diff(totals[1:]) < 0).all()
    assert totals[-1] < 0.5 * totals[0]
    again = pinn.solve(RING, cell, optimizer=pinn.Adam(1, learning_rate=1e-12), **options).history
    np.testing.assert_allclose(again.terms[0], history.terms[-1], rtol=1e-9)


def test_least_squares_of_a_residual_that_depends_on_many_points() -> None:
    """An integral is one residual; its derivatives were taken as if each of its points had one."""
    line = pinn.Interval(x=(0, 1))
    mean = pinn.Problem(line, lambda u, p: u.x - 2, [pinn.integral(lambda u, p: u, 3.0, over=line)])
    history = pinn.solve(mean, network(), optimizer=pinn.LevenbergMarquardt(40), resample=0, **SMALL).history
    assert history.total[-1] < 1e-7


def test_levenberg_and_marquardt_reach_in_few_steps_what_takes_others_many() -> None:
    assert trained(pinn.LevenbergMarquardt(60)).error(np.exp) < 1e-5


def test_a_jacobian_that_would_be_large_is_squared_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same steps, whatever the conditions: at points, at pairs of points, of a whole integral."""
    line = pinn.Interval(x=(0, 1))
    conditions = [pinn.integral(lambda u, p: u, 0.0, over=line), pinn.periodic("x")]
    problem = pinn.Problem(line, lambda u, p: u.x - dt.ops.cos(2 * np.pi * p.x), conditions)

    def losses() -> np.ndarray:
        stage = pinn.LevenbergMarquardt(8)
        return pinn.solve(problem, network(), optimizer=stage, resample=0, **SMALL).history.total

    whole = losses()
    monkeypatch.setattr("dualtape.pinn.work.MOST_JACOBIAN", 0)
    np.testing.assert_allclose(losses()[:6], whole[:6], rtol=1e-6)


def points_of_each_step(
    optimizer: pinn.TrainingStage, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> list[np.ndarray]:
    """The points of the equation at each step, as the program is called with them."""
    seen: list[np.ndarray] = []

    def jit(fn: Any) -> Any:
        def called(*args: Any) -> Any:
            if getattr(fn, "__name__", "") == "step":  # and not an evaluation at candidates for new points
                seen.append(args[0][0]["points"].asnumpy())
            return fn(*args)

        return called

    with monkeypatch.context() as patch:
        patch.setattr(dt, "jit", jit)
        trained(optimizer, **options)
    return seen


def test_points_are_as_each_stage_says(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = points_of_each_step(pinn.Adam(6, points=pinn.Fixed()), monkeypatch, resample=2)
    assert all(np.array_equal(points, fixed[0]) for points in fixed)
    drawn = points_of_each_step(pinn.Adam(6, points=pinn.RAD(every=2)), monkeypatch, resample=0)
    changes = [not np.array_equal(a, b) for a, b in itertools.pairwise(drawn[:6])]
    assert changes == [False, True, False, True, False]
    assert {len(points) for points in drawn} == {20}
    grown = points_of_each_step(pinn.Adam(6, points=pinn.RARD(every=2, added=3)), monkeypatch)
    assert [len(points) for points in grown[:6]] == [20, 20, 23, 23, 26, 26]
    np.testing.assert_array_equal(grown[5][:23], grown[3])


@pytest.mark.parametrize(("c", "share"), [(0.0, 1.0), (1.0, 0.65), (3.0, 0.475)])
def test_points_are_where_the_residual_is_large(c: float, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 0.7 the equation does not hold, and the share c / (1 + c) of the points is spread evenly."""
    seen: list[np.ndarray] = []
    redrawn = pinn.RAD.redrawn
    monkeypatch.setattr(pinn.RAD, "redrawn", lambda *args: seen.append(redrawn(*args)) or seen[-1])
    steep = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: 0 * u + 1e3 * dt.ops.relu(p.x - 0.7))
    stage = pinn.Adam(2, points=pinn.RAD(every=1, c=c))
    pinn.solve(steep, network(), optimizer=stage, points=200, progress=False)
    assert float((seen[-1] > 0.7).mean()) == pytest.approx(share, abs=0.02)


def test_a_resumed_run_may_have_more_stages(tmp_path: Path) -> None:
    options: dict[str, Any] = {"checkpoint": tmp_path / "run.safetensors", "resume": True}
    trained(pinn.Adam(5), **options)
    solution = trained(pinn.Adam(5) >> pinn.SSBFGS(4), **options)
    assert solution.history.stages == [("Adam", 5), ("SSBFGS", 4)]
    with pytest.raises(errors.ArgumentError, match="stages"):
        trained(pinn.SSBFGS(5), **options)


def test_a_network_of_many_weights_has_lbfgs_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dualtape.pinn.schedules.DENSE_WEIGHTS", 30)
    found = [default_schedule(weights) for weights in (30, 31)]
    assert [repr(schedule) for schedule in found] == ["Adam(200) >> SSBroyden(20000)", "Adam(200) >> LBFGS(20000)"]


def test_few_points_and_weights_begin_with_least_squares() -> None:
    net = network()
    weights = sum(w.size for w in net.trainable_params())
    stages = [default_schedule(weights, points=number).stages[0].label for number in (100, 100_000)]
    assert stages == ["Levenberg-Marquardt", "Adam"]

    def stop(solution: pinn.Solution) -> None:
        assert solution.history.stages[0][0] == "Levenberg-Marquardt"
        raise pinn.StopTraining

    pinn.solve(problem(lambda r: r), net, points=20, watch=stop, watch_every=2, progress=False)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: trained(3), "`optimizer` must be a stage"),
        (lambda: pinn.Adam(5) >> 3, "takes a stage"),
        (lambda: trained(pinn.Adam(5), lbfgs_steps=3), "give no `lbfgs_steps`"),
        (lambda: pinn.Adam(-1), "`steps` must be 0 or more"),
        (lambda: pinn.Adam(1, learning_rate=0.0), "`learning_rate` must be positive"),
        (lambda: pinn.LBFGS(1, memory=0), "`memory` must be 1 or more"),
        (lambda: pinn.SSBFGS(1, points="rad"), "`points` of `SSBFGS`"),
        (lambda: pinn.SSBFGS(1, patience=0), "`patience` must be 1 or more"),
        (lambda: pinn.SSBFGS(1, change=2.0), "`change` of `SSBFGS` must be from 0 to 1"),
        (lambda: pinn.SSBFGS(1, seconds="1"), "`seconds` of `SSBFGS` must be a number"),
        (lambda: pinn.RAD(every=0), "`every` must be 1 or more"),
        (lambda: pinn.RARD(k=-1.0), "`k` of `RARD`"),
    ],
)
def test_what_cannot_be_meant_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(errors.DualtapeError, match=message):
        make()


def test_a_training_can_be_watched_and_stopped() -> None:
    seen: list[tuple[int, float]] = []

    def watch(solution: pinn.Solution) -> None:
        seen.append((len(solution.history), solution.error(np.exp)))
        if len(seen) == 3:
            raise StopIteration

    with pytest.raises(StopIteration):
        trained(pinn.Adam(4) >> pinn.SSBroyden(100), watch=watch, watch_every=10)
    assert [steps for steps, _ in seen] == [10, 20, 30]
    assert seen[2][1] < seen[0][1]
    with pytest.raises(errors.ArgumentTypeError, match="`watch` must be a function"):
        trained(pinn.Adam(1), watch=3)
