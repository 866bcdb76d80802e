"""Quasi-Newton methods: updates as the papers write them, what a step promises, states that go on bit by bit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, optim
from dualtape.devices.device import Device
from dualtape.optim.inverse_hessian import DenseInverse, Move, StepMemory, scaled_bfgs, scaled_broyden

KINDS = [optim.SSBroyden, optim.SSBFGS, optim.LBFGS]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def parameter(*values: float, dtype: Any = dt.float64, device: Any = "host") -> dt.Parameter:
    return dt.Parameter(dt.Tensor(list(values), dtype, device=device), name="w")


def rosenbrock(w: dt.Parameter) -> Callable[[], Any]:
    """A curved valley in any even dimension; 0 where every number is 1."""

    def loss() -> Any:
        return (100 * (w[1::2] - w[::2] ** 2) ** 2 + (1 - w[::2]) ** 2).sum()

    return dt.value_and_grad(loss, None, weights=[w])


def descend(optimizer: optim.QuasiNewton, evaluate: Callable[[], Any], steps: int = 400) -> list[float]:
    """The loss after each step, until there is no way down."""
    return [optimizer.loss for _ in range(steps) if optimizer.step(evaluate)]


@each_kind
def test_a_curved_valley(kind: type[Any]) -> None:
    w = parameter(-1.2, 1.0, 0.5, -2.0)
    optimizer = kind([w])
    losses = descend(optimizer, rosenbrock(w), 120)
    np.testing.assert_allclose(w.asnumpy(), 1, rtol=1e-6)
    assert all(after < before for before, after in itertools.pairwise(losses))
    assert optimizer.iterations == len(losses) < 120
    assert optimizer.evaluations >= optimizer.iterations


@each_kind
def test_float32_on_each_device(kind: type[Any], device: Device) -> None:
    w = parameter(-1.2, 1.0, dtype=dt.float32, device=device)
    descend(kind([w]), rosenbrock(w), 80)
    assert w.dtype is dt.float32
    assert w.device is device
    np.testing.assert_allclose(w.asnumpy(), 1, atol=2e-2)


def expected_update(rule: Any, matrix: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Equation 9 of Urbán et al. 2025, with the Hessian itself by inversion."""
    curvature, image = change @ step, matrix @ change
    spread = change @ image
    tau, phi = rule(step @ np.linalg.solve(matrix, step) / curvature, spread / curvature, len(step))
    v = np.sqrt(spread) * (step / curvature - image / spread)
    inner = matrix - np.outer(image, image) / spread + phi * np.outer(v, v)
    return np.asarray(inner / tau + np.outer(step, step) / curvature)


@pytest.mark.parametrize("rule", [scaled_bfgs, scaled_broyden])
def test_the_matrix_is_updated_as_the_paper_says(rule: Any) -> None:
    random = np.random.default_rng(0)
    dense, matrix = DenseInverse(6, rule), np.eye(6)
    for number in range(40):
        step = random.normal(size=6) * 10.0 ** random.integers(-2, 2)
        bend = np.diag(10.0 ** random.uniform(-0.5, 0.5, 6))
        change = bend @ step
        if number == 0:
            matrix *= step @ change / (change @ change)
            bending = step @ step
        else:
            bending = step @ np.linalg.solve(matrix, step)
        # Either the next product is known from the step, or it is not; twice the change is all that differs.
        gradient = random.normal(size=6) if number % 3 else 1e9 * random.normal(size=6)
        descent = dense.times(gradient - change)
        matrix = expected_update(rule, matrix, step, change)
        dense.learn(Move(step, change, float(bending), gradient, descent))
        np.testing.assert_allclose(dense.times(gradient), matrix @ gradient, rtol=1e-6)
        present = np.column_stack([dense.times(unit) for unit in np.eye(6)])
        np.testing.assert_allclose(present, matrix, rtol=1e-8, atol=1e-8 * np.abs(matrix).max())
        np.testing.assert_allclose(dense.times(change), step, rtol=1e-6, atol=1e-9 * np.abs(step).max())
        assert (np.linalg.eigvalsh(matrix) > 0).all()


def test_self_scaled_broyden_by_numbers() -> None:
    """The equations, worked by hand for one pair of quotients on each side of theta = 0."""
    # b = 2, h = 1: a = 1, c = 1 / sqrt 2, rho = 1 - c, theta = (1 - b) / b = -1/2, sigma = 1/2.
    assert scaled_broyden(2.0, 1.0, 3) == pytest.approx((min(0.5 * 0.5**-0.5, 0.5), 1.5 / 0.5))
    # b = 1/2, h = 4: a = 1, rho = 1, theta = min(1, 1) = 1, sigma = 2.
    assert scaled_broyden(0.5, 4.0, 3) == pytest.approx((min(2**-0.5, 1.0), 0.0))
    assert scaled_broyden(1.0, 1.0, 3) == (1.0, 1.0)
    assert scaled_bfgs(4.0, 1.0, 3) == (0.25, 1.0)


@pytest.mark.parametrize("learned", [1, 2, 3, 7])
def test_the_compact_form_is_bfgs_of_the_steps_that_are_kept(learned: int) -> None:
    random = np.random.default_rng(1)
    memory = StepMemory(5, 3)
    pairs = random.normal(size=(learned, 2, 5))
    moves = [Move(s, np.diag([1.0, 2, 3, 4, 5]) @ s, 0.0, g, s) for s, g in pairs]
    for move in moves:
        memory.learn(move)
    last = moves[-1]
    matrix = np.eye(5) * (last.curvature / (last.change @ last.change))
    for move in moves[-3:]:
        turn = np.eye(5) - np.outer(move.step, move.change) / move.curvature
        matrix = turn @ matrix @ turn.T + np.outer(move.step, move.step) / move.curvature
    # With the gradient at the end of the last step, whose products it has kept, and with others.
    for vector in (last.gradient, last.change, *np.eye(5)):
        np.testing.assert_allclose(memory.times(vector), matrix @ vector, atol=1e-12)


def barrier(w: dt.Parameter, beyond: float, slope: float) -> Callable[[], Any]:
    """Least at 0.951 in each coordinate; from 1 on, where the first steps lead, it is what is said."""

    def evaluate() -> Any:
        x = w.asnumpy()
        if (x >= 1).any():
            return beyond, (np.full_like(x, slope),)
        return float((-np.log(1 - x) + 5 * (x - 3) ** 2).sum()), (1 / (1 - x) + 10 * (x - 3),)

    return evaluate


@each_kind
@pytest.mark.parametrize(
    ("beyond", "slope"), [(np.inf, 0.0), (np.nan, 0.0), (-np.inf, 1.0), (80.0, np.nan), (1, np.inf)]
)
def test_a_trial_that_is_not_finite_has_failed(kind: type[Any], beyond: float, slope: float) -> None:
    w = parameter(-1.0, 0.0)
    losses = descend(kind([w]), barrier(w, beyond, slope))
    np.testing.assert_allclose(w.asnumpy(), 2 - np.sqrt(1.1), atol=1e-6)
    assert all(after < before for before, after in itertools.pairwise(losses))


@each_kind
def test_where_no_way_leads_down_nothing_changes(kind: type[Any]) -> None:
    w = parameter(1.0, 2.0)
    for evaluate in (lambda: (float((w.asnumpy() ** 2).sum()), (-2 * w.asnumpy(),)), lambda: (1.0, (np.ones(2),))):
        optimizer = kind([w])
        assert not optimizer.step(evaluate)
        assert not optimizer.step(evaluate)
        assert w.asnumpy().tolist() == [1.0, 2.0]
        assert optimizer.iterations == 0


@each_kind
def test_a_search_that_fails_leaves_the_parameters(kind: type[Any]) -> None:
    w = parameter(-1.2, 1.0)
    optimizer, evaluate = kind([w]), rosenbrock(w)
    assert optimizer.step(evaluate)
    before = w.asnumpy().copy()

    def interrupted() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(interrupted)
    np.testing.assert_array_equal(w.asnumpy(), before)
    assert optimizer.step(evaluate)


@each_kind
def test_a_beginning_that_is_not_finite_is_refused(kind: type[Any]) -> None:
    w = parameter(1.0)
    with pytest.raises(ArithmeticError, match="cannot begin where the loss is nan"):
        kind([w]).step(lambda: (float("nan"), (np.ones(1),)))


@each_kind
def test_a_state_goes_on_to_the_same_bits(kind: type[Any], tmp_path: Path) -> None:
    first, second = (parameter(*np.linspace(-1.5, 2.0, 8)) for _ in range(2))
    whole, stopped = kind([first]), kind([second])
    descend(whole, rosenbrock(first), 30)
    descend(stopped, rosenbrock(second), 13)
    dt.save_checkpoint(stopped.state(), tmp_path / "state.safetensors")
    third = parameter(*np.zeros(8))
    resumed = kind([third])
    resumed.load_state(dt.load_checkpoint(tmp_path / "state.safetensors"))
    assert resumed.loss == stopped.loss
    descend(resumed, rosenbrock(third), 17)
    assert third.asnumpy().tobytes() == first.asnumpy().tobytes() != second.asnumpy().tobytes()
    assert (resumed.iterations, resumed.evaluations) == (whole.iterations, whole.evaluations)


@each_kind
def test_a_state_of_another_optimizer_changes_nothing(kind: type[Any]) -> None:
    w, other = parameter(1.0, 2.0), parameter(1.0, 2.0, 3.0, 4.0)
    optimizer = kind([w])
    with pytest.raises(errors.ShapeError, match=r"'vector' in the state of .* has shape \(4,\); expected \(2,\)"):
        optimizer.load_state(kind([other]).state())
    with pytest.raises(errors.ArgumentError, match="has no 'loss'"):
        optimizer.load_state({name: x for name, x in optimizer.state().items() if name != "loss"})
    assert w.asnumpy().tolist() == [1.0, 2.0]


def test_another_loss_is_computed_anew_and_the_curvature_kept() -> None:
    w = parameter(4.0, -3.0)
    bend, middle = np.array([1.0, 100.0]), [0.0]

    def evaluate() -> Any:
        x = w.asnumpy() - middle[0]
        return float((bend * x**2).sum() / 2), (bend * x,)

    optimizer = optim.SSBroyden([w])
    descend(optimizer, evaluate, 40)
    middle[0] = 5.0
    optimizer.loss_changed()
    assert np.isnan(optimizer.loss)
    descend(optimizer, evaluate, 4)
    assert optimizer.loss < 1e-8
    assert not optimizer.restarts


def test_a_very_narrow_valley_divides_by_nothing() -> None:
    """One over a difference that rounding had made 0: 1 - sqrt(a / (1 + a)) with a beyond 1e16."""
    c, w = 1e9, parameter(0.0, 0.0)

    def evaluate() -> Any:
        x, y = w.asnumpy()
        loss = 0.5 * (x - 1) ** 2 + c * x * y + 5 * c * c * y * y
        return float(loss), (np.array([x - 1 + c * y, c * x + 10 * c * c * y]),)

    optimizer = optim.SSBroyden([w])
    descend(optimizer, evaluate, 60)
    assert optimizer.loss < 0.5
    assert all(np.isfinite(scaled_broyden(b, h, 5)).all() for b in (1e-3, 1.0, 1e8) for h in (1e-8, 1.0, 1e20))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SSBroyden([]), "`params` of `SSBroyden` is empty"),
        (lambda: optim.SSBFGS([dt.Parameter(dt.Tensor([1], dt.int32), name="n")]), "'n' is of Int32"),
        (lambda: optim.LBFGS([parameter(1.0)], memory=0), "`memory` of `LBFGS` must be 1 or more"),
        (lambda: optim.SSBFGS([parameter(1.0)]).step(lambda: (1.0, ())), "got 0 gradients for 1 parameters"),
        (lambda: optim.SSBFGS([parameter(1.0)]).step(lambda: (1.0, (np.ones(2),))), r"'w' has shape \(2,\)"),
    ],
)
def test_unusable_arguments_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(errors.DualtapeError, match=message):
        make()


def test_scipys_own_blas_has_one_thread_meanwhile() -> None:
    """Its idle threads spin; with two of them an iteration on a small network took four times as long."""
    from threadpoolctl import threadpool_info

    from dualtape.optim import blas

    def threads() -> dict[str, int]:
        return {library["filepath"]: library["num_threads"] for library in threadpool_info()}

    w = parameter(3.0, -1.0)
    optimizer = optim.SSBroyden([w])
    optimizer.step(rosenbrock(w))  # imports SciPy's part
    before, seen = threads(), []

    def evaluate() -> Any:
        seen.append(threads())
        return rosenbrock(w)()

    optimizer.step(evaluate)
    own = [path for path in before if "scipy.libs" in path]
    assert seen
    assert all(found[path] == 1 for found in seen for path in own)
    assert all(found[path] == before[path] for found in seen for path in before if path not in own)
    assert threads() == before

    for first, second in itertools.product((blas.one_thread, lambda: blas.one_thread_if_small(2, 2)), repeat=2):
        with first():  # another thread begins in the meantime, and ends later
            other = second()
            other.__enter__()
        assert all(threads()[path] == 1 for path in own)
        other.__exit__(None, None, None)
        assert threads() == before
