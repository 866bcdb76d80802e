"""L-BFGS tries points at which the loss is infinite or NaN, and steps back; it ends where no way leads down."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import nn, pinn
from dualtape.pinn import blas
from dualtape.pinn.lbfgs import descend

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]


def barrier(beyond: float, slope: float) -> Loss:
    """Least at 0.951 in each coordinate; from 1 on, where the first steps lead, it is what is said."""

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        if (x >= 1).any():
            return beyond, np.full_like(x, slope)
        return float((-np.log(1 - x) + 5 * (x - 3) ** 2).sum()), 1 / (1 - x) + 10 * (x - 3)

    return loss


def reached(loss: Loss, start: list[float], iterations: int = 60) -> list[np.ndarray]:
    """The start, and the point after each iteration."""
    found = [np.array(start)]
    descend(loss, found[0], iterations, found.append)
    return found


@pytest.mark.parametrize("beyond", [np.inf, np.nan, -np.inf, 80.0])
@pytest.mark.parametrize("slope", [0.0, np.nan, np.inf])
def test_a_point_without_a_loss_is_stepped_back_from(beyond: float, slope: float) -> None:
    if np.isfinite(beyond) and np.isfinite(slope):
        return  # an ordinary function
    points = reached(barrier(beyond, slope), [-1.0, 0.0])
    np.testing.assert_allclose(points[-1], (3.9 + np.sqrt(0.01)) / 4.2, atol=1e-6, rtol=0.05)
    np.testing.assert_allclose(barrier(0, 0)(points[-1])[1], 0, atol=1e-4)
    losses = [barrier(0, 0)(x)[0] for x in points]
    assert all(after < before for before, after in itertools.pairwise(losses))


def test_an_iteration_that_finds_no_better_point_is_none() -> None:
    assert len(reached(lambda x: (float((x**2).sum()), -2 * x), [1.0, 2.0])) == 1
    assert len(reached(lambda x: (1.0, np.ones_like(x)), [1.0, 2.0])) == 1


def test_there_is_no_iteration_from_where_the_loss_is_not_finite() -> None:
    assert len(reached(lambda x: (np.inf, x), [1.0])) == 1
    assert len(reached(lambda x: (1.0, x * np.nan), [1.0])) == 1


def network() -> nn.Cell:
    return nn.MLP(1, 1, width=6, depth=1, seed=0).astype(dt.float64)


def problem(residual: Callable[[Any], Any]) -> pinn.Problem:
    return pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: residual(u.x - u), [pinn.dirichlet(1.0, on="x-")])


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
    """Its rounds ended after some twenty useless iterations each, and it began another 160 of them on new points."""
    coarse = nn.MLP(1, 1, width=6, depth=1, seed=0)
    with pytest.warns(RuntimeWarning, match=r"the precision of Float32; solve\(..., precision='float64'\)"):
        history = pinn.solve(problem(lambda residual: residual), coarse, 0, lbfgs_steps=3_000, **SMALL).history
    assert history.total[-1] < 1e-7
    assert len(history) < 400


def test_a_gradient_that_is_not_finite_is_named() -> None:
    rooted = problem(lambda residual: residual + dt.ops.sqrt(residual - dt.ops.stop_gradient(residual)))
    with pytest.raises(pinn.DivergedError, match="the gradient is infinite or NaN at step 1"):
        pinn.solve(rooted, network(), 0, lbfgs_steps=5, **SMALL)


def test_a_checkpoint_is_written_in_every_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr("dualtape.pinn.solver.save_training", lambda training, path: seen.append(len(training.history)))
    often: dict[str, Any] = {"checkpoint": tmp_path / "run.safetensors", "checkpoint_seconds": 1e-9, **SMALL}
    pinn.solve(problem(lambda residual: residual), network(), 3, lbfgs_steps=4, **often)
    assert sorted({*seen}) == [1, 2, 3, 4, 5, 6, 7]


def test_scipys_own_blas_has_one_thread_meanwhile() -> None:
    """Its idle threads spin; with two of them an iteration on a small network took four times as long."""
    from threadpoolctl import threadpool_info

    def threads() -> dict[str, int]:
        return {library["filepath"]: library["num_threads"] for library in threadpool_info()}

    reached(barrier(80.0, 0.0), [0.5])  # imports SciPy's part
    before, seen = threads(), []

    def loss(x: np.ndarray) -> tuple[float, np.ndarray]:
        seen.append(threads())
        return float((x**2).sum()), 2 * x

    reached(loss, [3.0, -1.0])
    own = [path for path in before if "scipy.libs" in path]
    assert all(found[path] == 1 for found in seen[1:] for path in own)
    assert all(found[path] == before[path] for found in seen for path in before if path not in own)
    assert threads() == before

    with blas.one_thread():  # another thread begins in the meantime, and ends later
        other = blas.one_thread()
        other.__enter__()
    assert all(threads()[path] == 1 for path in own)
    other.__exit__(None, None, None)
    assert threads() == before
