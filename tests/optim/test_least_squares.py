"""Least squares: the same step in both spaces, valleys that are left in few steps, states that go on bit by bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, optim
from dualtape.optim.normal_equations import NormalEquations


def accelerated(params: list[dt.Parameter], damping: float = 1e-3) -> optim.LevenbergMarquardt:
    return optim.LevenbergMarquardt(params, damping, acceleration=True)


KINDS = [optim.LevenbergMarquardt, accelerated, optim.GaussNewton, optim.NaturalGradient]
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


@pytest.mark.parametrize("kind", [optim.LevenbergMarquardt, optim.GaussNewton])
def test_the_square_of_the_jacobian_gives_the_same_steps(kind: Callable[..., Any]) -> None:
    """What is added up in parts, for residuals whose Jacobian would fill memory."""
    found = []
    for squared in (False, True):
        w = parameter(1.0, -0.5, 0.0)
        optimizer = kind([w])
        linearise, residuals = growth(w)

        def squares(linearise: Callable[[], Any] = linearise) -> tuple[np.ndarray, ...]:
            r, matrix = (np.asarray(x) for x in linearise())
            return r, matrix.T @ r, matrix.T @ matrix

        for _ in range(30):
            optimizer.step(squares if squared else linearise, residuals)
        found.append(w.asnumpy())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-9)


def test_what_needs_the_jacobian_says_so() -> None:
    squares = lambda: (np.ones(4), np.ones(1), np.ones((1, 1)))
    for optimizer in (accelerated([parameter(1.0)]), optim.NaturalGradient([parameter(1.0)])):
        with pytest.raises(errors.ArgumentError, match="needs the Jacobian itself"):
            optimizer.step(squares, lambda: np.ones(4))
    with pytest.raises(errors.ShapeError, match=r"residuals, J'r and J'J of shapes \(4,\), \(1,\), \(1, 1\); expected"):
        optim.GaussNewton([parameter(1.0, 2.0)]).step(squares, lambda: np.ones(4))


@each_kind
def test_a_curve_is_found(kind: Callable[..., Any]) -> None:
    w = parameter(1.0, -0.5, 0.0)
    optimizer = kind([w])
    linearise, residuals = growth(w)
    losses = [optimizer.loss for _ in range(60) if optimizer.step(linearise, residuals)]
    np.testing.assert_allclose(w.asnumpy(), [2.0, -1.0, 0.5], rtol=1e-8)
    assert (np.diff(losses) < 0).all()
    assert optimizer.iterations == len(losses) < 30


@each_kind
def test_a_trial_that_is_not_finite_has_failed(kind: Callable[..., Any]) -> None:
    """The first step leads to where the logarithm has no value."""
    w, x = parameter(3.0), dt.Tensor([[1.0]], dt.float64)
    residuals = lambda x: dt.ops.log(w) * x
    optimizer = kind([w])
    linearised = dt.residual_jacobian(residuals, [w])
    for _ in range(30):
        optimizer.step(lambda: linearised(x), lambda: residuals(x).reshape(-1))
    np.testing.assert_allclose(w.asnumpy(), 1.0, rtol=1e-6)


@each_kind
def test_where_no_way_leads_down_nothing_changes(kind: Callable[..., Any]) -> None:
    w = parameter(1.0, 2.0)
    optimizer = kind([w])
    assert not optimizer.step(lambda: (np.ones(3), np.ones((3, 2))), lambda: np.full(3, 2.0))
    assert w.asnumpy().tolist() == [1.0, 2.0]
    assert (optimizer.loss, optimizer.iterations) == (3.0, 0)


@each_kind
def test_a_state_goes_on_to_the_same_bits(kind: Callable[..., Any]) -> None:
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
def test_unusable_arguments_are_refused(kind: Callable[..., Any]) -> None:
    optimizer = kind([parameter(1.0)])
    with pytest.raises(errors.ShapeError, match=r"of shapes \(3,\), \(3, 2\); expected \(3,\), \(3, 1\)"):
        optimizer.step(lambda: (np.ones(3), np.ones((3, 2))), lambda: np.ones(3))
    with pytest.raises(ArithmeticError, match="cannot begin where"):
        optimizer.step(lambda: (np.full(3, np.nan), np.ones((3, 1))), lambda: np.ones(3))
    with pytest.raises(errors.ArgumentError, match="damping"):
        kind([parameter(1.0)], damping=0.0)


def test_momentum_is_what_the_paper_says() -> None:
    """Equation 3.13 of Goldshlager et al. 2024, for residuals that are linear in both steps."""
    matrix, values = np.array([[2.0, 1.0]]), np.array([1.0])
    w = parameter(0.0, 0.0)
    optimizer = optim.NaturalGradient([w], damping=0.1, momentum=0.6)
    damping = 0.1 * 5.0
    expected, last = np.zeros(2), np.zeros(2)
    for k in (1, 2, 3):
        turned = matrix if k != 2 else matrix[:, ::-1]
        residuals = turned @ expected + values
        kernel = turned @ turned.T + damping * np.eye(1)
        kept = 0.6 * last
        last = kept - turned.T @ np.linalg.solve(kernel, residuals + turned @ kept)
        loss = lambda w, there=turned: float(((there @ w + values) ** 2).sum())
        step = last / np.sqrt(1 - 0.6 ** (2 * k))
        while loss(expected + step / 2) < loss(expected + step):  # cut short, as long as the half is better
            step = step / 2
        expected, there = expected + step, turned
        assert optimizer.step(
            lambda there=there: (there @ w.asnumpy() + values, there), lambda there=there: there @ w.asnumpy() + values
        )
        np.testing.assert_allclose(w.asnumpy(), expected, rtol=1e-12)


def test_acceleration_follows_a_bend() -> None:
    """A narrow bent valley: what lies ahead in it is seen, and fewer steps are taken."""

    def steps(acceleration: bool) -> int:
        w, rows = parameter(-1.2, 1.0), dt.Tensor([[0.0], [1.0]], dt.float64)
        residuals = lambda x: 1e3 * (w[1] - w[0] ** 2) * x[:, 0] + (1 - w[0]) * (1 - x[:, 0])
        linearised = dt.residual_jacobian(residuals, [w])
        optimizer = optim.LevenbergMarquardt([w], acceleration=acceleration)
        while optimizer.loss != 0 and optimizer.step(lambda: linearised(rows), lambda: residuals(rows)):
            pass
        np.testing.assert_allclose(w.asnumpy(), 1.0, rtol=1e-9)
        return optimizer.iterations

    assert steps(acceleration=True) < steps(acceleration=False) / 2


def test_momentum_must_be_below_one() -> None:
    with pytest.raises(errors.ArgumentError, match="`momentum` of `NaturalGradient` must be from 0 up to"):
        optim.NaturalGradient([parameter(1.0)], momentum=1.0)


def test_small_matrices_have_one_thread() -> None:
    """On two cores a step on 400 residuals took six times as long, for idle threads of BLAS slowed the kernels."""
    from threadpoolctl import threadpool_info

    w = dt.Parameter(dt.Tensor([3.0, -1.0], dt.float64), name="w")
    optimizer = dt.optim.LevenbergMarquardt([w])
    seen = []

    def residuals() -> dt.Tensor:
        seen.extend(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas")
        return w * w

    def linearised() -> tuple[dt.Tensor, dt.Tensor]:
        return w * w, dt.Tensor(np.diag(2 * np.asarray(w)))

    before = threadpool_info()
    optimizer.step(linearised, residuals)
    assert seen
    assert {*seen} == {1}
    assert [library["num_threads"] for library in threadpool_info()][: len(before)] == [
        library["num_threads"] for library in before
    ]
