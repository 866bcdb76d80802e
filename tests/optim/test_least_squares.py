"""Least squares: the same step in both spaces, valleys that are left in few steps, states that go on bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, optim
from dualtape.optim.least_squares import NormalEquations

KINDS = [optim.LevenbergMarquardt, optim.GaussNewton]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def parameter(*values: float) -> dt.Parameter:
    return dt.Parameter(dt.Tensor(list(values), dt.float64), name="w")


def growth(w: dt.Parameter) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """A curve through points: a exp(b t) + c with 2, -1 and 0.5."""
    t = np.linspace(0, 3, 12)[:, None]
    observed = dt.Tensor(np.hstack([t, 2 * np.exp(-t) + 0.5]))

    def residuals(rows: Any) -> Any:
        return w[0] * dt.ops.exp(w[1] * rows[:, 0]) + w[2] - rows[:, 1]

    linearised = dt.jit(dt.residual_jacobian(residuals, [w]))
    return lambda: linearised(observed), lambda: residuals(observed)


def test_both_spaces_give_one_step() -> None:
    random = np.random.default_rng(0)
    for shape in ((7, 4), (4, 7)):
        matrix, residuals = random.normal(size=shape), random.normal(size=shape[0])
        wanted = -np.linalg.solve(matrix.T @ matrix + 0.3 * np.eye(shape[1]), matrix.T @ residuals)
        equations = NormalEquations(residuals, matrix)
        np.testing.assert_allclose(equations.step(0.3), wanted, rtol=1e-10)
        np.testing.assert_allclose(equations.gradient, matrix.T @ residuals)


@each_kind
def test_a_curve_is_found(kind: type[Any]) -> None:
    w = parameter(1.0, -0.5, 0.0)
    optimizer = kind([w])
    linearise, residuals = growth(w)
    losses = [optimizer.loss for _ in range(60) if optimizer.step(linearise, residuals)]
    np.testing.assert_allclose(w.asnumpy(), [2.0, -1.0, 0.5], rtol=1e-8)
    assert (np.diff(losses) < 0).all()
    assert optimizer.iterations == len(losses) < 30


@each_kind
def test_a_trial_that_is_not_finite_has_failed(kind: type[Any]) -> None:
    """The first step leads to where the logarithm has no value."""
    w, x = parameter(3.0), dt.Tensor([[1.0]], dt.float64)
    residuals = lambda x: dt.ops.log(w) * x
    optimizer = kind([w])
    linearised = dt.residual_jacobian(residuals, [w])
    for _ in range(30):
        optimizer.step(lambda: linearised(x), lambda: residuals(x).reshape(-1))
    np.testing.assert_allclose(w.asnumpy(), 1.0, rtol=1e-6)


@each_kind
def test_where_no_way_leads_down_nothing_changes(kind: type[Any]) -> None:
    w = parameter(1.0, 2.0)
    optimizer = kind([w])
    assert not optimizer.step(lambda: (np.ones(3), np.ones((3, 2))), lambda: np.full(3, 2.0))
    assert w.asnumpy().tolist() == [1.0, 2.0]
    assert (optimizer.loss, optimizer.iterations) == (3.0, 0)


@each_kind
def test_a_state_goes_on_to_the_same_bits(kind: type[Any]) -> None:
    first, second, third = parameter(1.0, -0.5, 0.0), parameter(1.0, -0.5, 0.0), parameter(0.0, 0.0, 0.0)
    whole, stopped, resumed = kind([first]), kind([second]), kind([third])
    for optimizer, w, steps in ((whole, first, 5), (stopped, second, 2)):
        for _ in range(steps):
            assert optimizer.step(*growth(w))
    resumed.load_state(stopped.state())
    for _ in range(3):
        assert resumed.step(*growth(third))
    assert third.asnumpy().tobytes() == first.asnumpy().tobytes()
    assert resumed.iterations == 5
    with pytest.raises(errors.ArgumentError, match=r"has no 'vector' of shape \(1,\)"):
        kind([parameter(1.0)]).load_state(stopped.state())


@each_kind
def test_unusable_arguments_are_refused(kind: type[Any]) -> None:
    optimizer = kind([parameter(1.0)])
    with pytest.raises(errors.ShapeError, match=r"a Jacobian of shape \(3, 2\); expected \(M,\) and \(M, 1\)"):
        optimizer.step(lambda: (np.ones(3), np.ones((3, 2))), lambda: np.ones(3))
    with pytest.raises(ArithmeticError, match="cannot begin where"):
        optimizer.step(lambda: (np.full(3, np.nan), np.ones((3, 1))), lambda: np.ones(3))
    with pytest.raises(errors.ArgumentError, match="damping"):
        kind([parameter(1.0)], damping=0.0)
