"""Weights that follow the training: each kind shows its effect on a small problem."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn
from dualtape.pinn.weighting import TrainingFacts

ALL = [
    pinn.Balanced(every=2, until=4),
    pinn.GradientNorm(every=2),
    pinn.TangentKernel(every=4),
    pinn.Causal(every=2, bins=3),
    pinn.SelfAdaptive(every=2),
]


def network(seed: int = 0, inputs: int = 1) -> nn.MLP:
    return nn.MLP(inputs, 1, width=10, depth=2, dtype=dt.float64, seed=seed)


def error(
    problem: pinn.Problem, cell: nn.Cell | None = None, steps: int = 400, rate: float = 5e-3, **options: Any
) -> float:
    options |= {"points": 60, "resample": 0, "progress": False}
    stage = pinn.Adam(steps, learning_rate=rate)
    return pinn.solve(problem, network() if cell is None else cell, optimizer=stage, **options).error()


# The condition hardly counts.
LIGHT = pinn.Problem(
    pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-", weight=1e-3)], exact=np.exp
)


def test_gradients_of_one_length_train_what_hardly_counts() -> None:
    assert error(LIGHT, weighting=pinn.GradientNorm(every=10, keep=0.5)) < 0.2 * error(LIGHT)


def test_conditions_without_a_weight_get_one_and_it_is_shown() -> None:
    ends = [pinn.dirichlet(0.0, on="x-"), pinn.dirichlet(0.0, on="x+", weight=3.0)]
    steep = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.xx + 900 * ops.sin(30 * p.x), ends)
    options: dict[str, Any] = {"points": 60, "progress": False}
    history = pinn.solve(steep, network(), optimizer=pinn.Adam(3), **options).history
    assert history.weights["dirichlet x+"] == 3.0
    assert history.weights["equation"] == 1.0
    assert 10 < history.weights["dirichlet x-"] <= 100
    assert str(history).splitlines()[-1].split() == ["weights", "1", f"{history.weights['dirichlet x-']:.3g}", "3"]
    plain = [pinn.dirichlet(0.0, on="boundary", weight=1.0)]
    history = pinn.solve(
        pinn.Problem(steep.domain, steep.equations, plain), network(), 3, lbfgs_steps=0, **options
    ).history
    assert set(history.weights.values()) == {1.0}


def test_terms_that_fall_equally_fast() -> None:
    assert error(LIGHT, weighting=pinn.TangentKernel(every=50)) < 0.2 * error(LIGHT)


def test_traces_are_those_of_the_kernels() -> None:
    """Two residuals, a u' + b and c u, of a network that is a straight line: their gradients are known."""
    seen: list[np.ndarray] = []

    class Told(pinn.Weighting):
        every = 5

        def updated(self, present: Any) -> list[np.ndarray]:
            seen.append(present.traces())
            return list(present.weights)

    line = nn.SequentialCell([nn.Dense(1, 1).astype(dt.float64)])
    problem = pinn.Problem(
        pinn.Interval(x=(0, 2)), lambda u, p: 3 * u.x + 1, [pinn.dirichlet(1.0, on="x+", weight=4.0)]
    )
    pinn.solve(problem, line, optimizer=pinn.Adam(1), weighting=Told(), points=8, scaled=False, progress=False)
    np.testing.assert_allclose(seen[0], [9.0, 4.0 * (2.0**2 + 1)])


def test_points_with_large_residuals_come_to_count() -> None:
    assert error(LIGHT, weighting=pinn.SelfAdaptive(rate=1.0)) < 0.8 * error(LIGHT)


def test_what_comes_first_in_time_is_learned_first() -> None:
    swinging = pinn.Problem(
        pinn.Interval(t=(0, 6)),
        lambda u, p: u.t - ops.cos(p.t) * u,
        [pinn.initial(1.0, hard=True)],
        exact=lambda t: np.exp(np.sin(t)),
    )
    few: dict[str, Any] = {"steps": 200, "rate": 1e-2}
    assert error(swinging, weighting=pinn.Causal(epsilon=5.0, bins=12), **few) < 0.6 * error(swinging, **few)


def present(weights: list[np.ndarray], residuals: list[np.ndarray], **facts: Any) -> TrainingFacts:
    norms = lambda: facts["norms"]
    steps, balanced = facts.get("steps", 0), (False,) * (len(weights) - 1) + (True,)
    return TrainingFacts(weights, facts.get("times"), lambda: residuals, norms, norms, steps, balanced)


def test_weights_by_numbers() -> None:
    ones = [np.ones((3, 2)), np.ones((2, 1))]
    residuals = [np.array([[1.0, 0], [2, 0], [0, 0]]), np.array([[3.0], [0.0]])]
    norms = np.array([1.0, 4.0, 0.5])
    found = pinn.GradientNorm(keep=0.5).updated(present(ones, residuals, norms=norms))
    np.testing.assert_allclose(found[0], np.broadcast_to([3.25, 0.5 + 5.5 / 8], (3, 2)))
    np.testing.assert_allclose(found[1], 6.0)
    for steps, size, weight in ((0, 0.2, 20), (100, 0.2, np.sqrt(20)), (0, 4.0, 10), (0, 1e-9, 100), (0, 0.0, 10)):
        now = present(ones, residuals, norms=np.array([1.0, 4.0, size]), steps=steps)
        found = pinn.Balanced().updated(now)
        np.testing.assert_array_equal(found[0], ones[0])
        np.testing.assert_allclose(found[1], weight)
    assert pinn.Balanced().updated(present(ones, residuals, steps=201)) is ones
    times = np.array([0.0, 0.4, 1.0])
    found = pinn.Causal(epsilon=2.0, bins=2).updated(present(ones, residuals, times=times))
    np.testing.assert_allclose(found[0], np.exp(-2 * np.array([[0.0], [0.0], [2.5]]) * np.ones(2)))
    np.testing.assert_allclose(found[1], 1.0)
    found = pinn.SelfAdaptive(rate=0.1).updated(present(ones, residuals))
    mean = (5 / 6 + 9 / 2) / 2
    np.testing.assert_allclose(found[0][:, 0], 1 + 0.1 / mean * np.array([1.0, 4.0, 0.0]))


def decay(equation: Any = lambda u, p: u.t + u) -> pinn.Problem:
    return pinn.Problem(pinn.Interval(t=(0, 1)), equation, [pinn.initial(1.0)])


@pytest.mark.parametrize("weighting", ALL, ids=lambda weighting: type(weighting).__name__)
def test_a_run_with_weights_is_resumed_to_the_same_bits(
    weighting: pinn.Weighting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dt, "jit", lambda fn: fn)
    calls: list[int] = []

    def interrupted(u: Any, p: Any) -> Any:
        calls.append(1)
        if len(calls) == 30:
            signal.raise_signal(signal.SIGINT)
        return u.t + u

    optimizer = pinn.Adam(5) >> pinn.SSBroyden(20, points=pinn.RARD(every=4, added=2))
    options: dict[str, Any] = {"optimizer": optimizer, "points": 15, "weighting": weighting, "progress": False}
    path = tmp_path / "run.safetensors"
    with pytest.raises(KeyboardInterrupt):
        pinn.solve(decay(interrupted), network(), checkpoint=path, **options)
    resumed = pinn.solve(decay(), network(5), checkpoint=path, resume=True, **options)
    whole = pinn.solve(decay(), network(), **options)
    np.testing.assert_array_equal(resumed.history.terms, whole.history.terms)
    with pytest.raises(errors.ArgumentError, match="weighting"):
        pinn.solve(decay(), network(5), checkpoint=path, resume=True, **(options | {"weighting": None}))


@pytest.mark.parametrize("weighting", ALL, ids=lambda weighting: type(weighting).__name__)
def test_least_squares_have_the_same_loss(weighting: pinn.Weighting) -> None:
    optimizer = pinn.SSBroyden(4) >> pinn.LevenbergMarquardt(3) >> pinn.SSBroyden(1)
    options: dict[str, Any] = {"points": 15, "resample": 0, "weighting": weighting, "progress": False}
    problem = pinn.Problem(
        pinn.Rectangle(x=(0, 1), t=(0, 1)), lambda u, p: u.t - u.xx, [pinn.initial(1.0), pinn.periodic("x")]
    )
    assert len(pinn.solve(problem, network(inputs=2), optimizer=optimizer, **options).history) == 8


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: error(LIGHT, weighting=2.0), r"`weighting` must be Balanced\(\)"),
        (lambda: error(LIGHT, weighting=pinn.Causal()), "`Causal` needs a coordinate that is time"),
        (lambda: pinn.Balanced(least=20.0, most=10.0), "`least` and `most` of `Balanced` must be positive"),
        (lambda: pinn.GradientNorm(keep=1.0), "`keep` must be from 0"),
        (lambda: pinn.Causal(epsilon=0.0), "`epsilon` of `Causal`"),
        (lambda: pinn.Causal(bins=0), "`bins` must be 1 or more"),
        (lambda: pinn.SelfAdaptive(rate=-1.0), "`rate` of `SelfAdaptive`"),
    ],
)
def test_unusable_arguments_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(errors.DualtapeError, match=message):
        make()
