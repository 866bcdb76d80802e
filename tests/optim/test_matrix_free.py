"""Gauss and Newton from products alone: the step that the matrix gives, and what makes it short."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, optim
from dualtape.optim.krylov import conjugate_gradients, nystroem_factor


def falling(size: int, seed: int = 0) -> np.ndarray:
    """A positive definite matrix whose eigenvalues fall from 1 to 1e-8, as those of networks do."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))
    return np.asarray((turn * np.logspace(0, -8, size)) @ turn.T)


def test_the_factor_is_the_largest_part() -> None:
    matrix = falling(60)
    factor = nystroem_factor(lambda v: matrix @ v, 60, 25, seed=1)
    np.testing.assert_allclose(factor.vectors.T @ factor.vectors, np.eye(25), atol=1e-10)
    assert (np.diff(factor.values) <= 0).all()
    left = matrix - (factor.vectors * factor.values) @ factor.vectors.T
    # Below a small multiple of the best that the rank allows: theorem 2.2 of Frangella et al.
    assert np.linalg.norm(left, 2) < 30 * np.logspace(0, -8, 60)[25]
    assert np.linalg.eigvalsh(left).min() > -1e-12


def test_a_matrix_of_lower_rank_is_found_whole() -> None:
    columns = np.random.default_rng(2).normal(size=(30, 3))
    factor = nystroem_factor(lambda v: columns @ (columns.T @ v), 30, 10, seed=3)
    found = (factor.vectors * factor.values) @ factor.vectors.T
    np.testing.assert_allclose(found, columns @ columns.T, atol=1e-8)
    nothing = nystroem_factor(np.zeros_like, 30, 10, seed=3)
    assert not nothing.values.any()
    np.testing.assert_array_equal(nothing.precondition(columns[:, 0], 1.0), columns[:, 0])


def test_the_factor_saves_products() -> None:
    matrix, right = falling(80, 4) + 1e-6 * np.eye(80), np.random.default_rng(5).normal(size=80)
    factor = nystroem_factor(lambda v: matrix @ v, 80, 60, seed=6)
    counts = []
    for precondition in (lambda v: v, lambda v: factor.precondition(v, 1e-6)):
        calls = []

        def product(v: np.ndarray, calls: list[int] = calls) -> np.ndarray:
            calls.append(1)
            return np.asarray(matrix @ v)

        solution = conjugate_gradients(product, right, precondition, 1e-8, 2000)
        np.testing.assert_allclose(matrix @ solution.vector, right - solution.residual, atol=1e-6)
        assert np.linalg.norm(solution.residual) <= 1e-8 * np.linalg.norm(right)
        counts.append(len(calls))
    assert counts[1] < counts[0] / 5


def test_an_indefinite_matrix_ends_the_search() -> None:
    solution = conjugate_gradients(lambda v: -v, np.ones(3), lambda v: v, 1e-8, 10)
    np.testing.assert_array_equal(solution.vector, 0)
    np.testing.assert_array_equal(solution.residual, 1)


def curve(w: dt.Parameter) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """A curve through points: a exp(b t) + c with 2, -1 and 0.5."""
    t = dt.Tensor(np.linspace(0, 3, 12))
    observed = 2 * dt.ops.exp(-t) + 0.5

    def residuals() -> Any:
        return w[0] * dt.ops.exp(w[1] * t) + w[2] - observed

    evaluate = dt.jit(dt.value_and_grad(lambda: (residuals() ** 2).sum(), None, weights=[w]))
    return evaluate, dt.jit(dt.gauss_newton_product(residuals, [w]))


def start() -> dt.Parameter:
    return dt.Parameter(dt.Tensor([1.0, -0.5, 0.0], dt.float64), name="w")


def test_a_curve_is_found() -> None:
    w = start()
    optimizer = optim.GaussNewtonCG([w])
    losses = [optimizer.loss for _ in range(60) if optimizer.step(*curve(w))]
    np.testing.assert_allclose(w.asnumpy(), [2.0, -1.0, 0.5], rtol=1e-6)
    assert (np.diff(losses) < 0).all()
    assert optimizer.iterations == len(losses)


def test_the_step_is_that_of_the_matrix() -> None:
    first, second = start(), start()
    free, full = optim.GaussNewtonCG([first], tolerance=1e-12), optim.LevenbergMarquardt([second])
    t = dt.Tensor(np.linspace(0, 3, 12)[:, None])
    observed = 2 * dt.ops.exp(-t) + 0.5
    rows = dt.ops.concat([t, observed], axis=1)
    residuals = lambda x: second[0] * dt.ops.exp(second[1] * x[:, 0]) + second[2] - x[:, 1]
    linearised = dt.residual_jacobian(residuals, [second])
    # Both begin with the same damping.
    matrix = linearised(rows)[1].asnumpy()
    largest = np.linalg.eigvalsh(matrix.T @ matrix).max()
    full = optim.LevenbergMarquardt([second], damping=1e-3 * largest / (matrix**2).sum(axis=0).max())
    for _ in range(4):
        assert free.step(*curve(first))
        assert full.step(lambda: linearised(rows), lambda: residuals(rows))
        np.testing.assert_allclose(first.asnumpy(), second.asnumpy(), rtol=1e-8)


def test_a_network_of_float32() -> None:
    net = nn.MLP(1, 1, width=12, depth=2, seed=0)
    weights = net.trainable_params()
    x = dt.Tensor(np.linspace(-1, 1, 40, dtype=np.float32)[:, None])
    residuals = lambda: (net(x) - dt.ops.sin(3 * x)) / 40**0.5
    evaluate = dt.jit(dt.value_and_grad(lambda: (residuals() ** 2).sum(), None, weights=weights))
    product = dt.jit(dt.gauss_newton_product(residuals, weights))
    optimizer = optim.GaussNewtonCG(weights)
    for _ in range(40):
        optimizer.step(evaluate, product)
    assert optimizer.loss < 1e-5


def test_a_state_goes_on_to_the_same_bits() -> None:
    first, second, third = start(), start(), dt.Parameter(dt.Tensor([0.0, 0.0, 0.0], dt.float64), name="w")
    whole, stopped, resumed = (optim.GaussNewtonCG([w], rank=2) for w in (first, second, third))
    for optimizer, w, steps in ((whole, first, 6), (stopped, second, 3)):
        for _ in range(steps):
            assert optimizer.step(*curve(w))
    resumed.load_state(stopped.state())
    for _ in range(3):
        assert resumed.step(*curve(third))
    assert third.asnumpy().tobytes() == first.asnumpy().tobytes()
    with pytest.raises(errors.ArgumentError, match=r"has no 'vector' of shape \(1,\)"):
        optim.GaussNewtonCG([dt.Parameter(1.0, name="w")]).load_state(stopped.state())


def test_a_state_that_cannot_be_read_changes_nothing() -> None:
    w = start()
    for optimizer in (optim.GaussNewtonCG([w], rank=2), optim.LevenbergMarquardt([w]), optim.SSBroyden([w])):
        state = optimizer.state() | {"vector": dt.Tensor([9.0, 9.0, 9.0], dt.float64)}
        with pytest.raises(errors.ArgumentError, match="in the state of"):
            optimizer.load_state(state | {"iterations": dt.Tensor(np.array(np.nan))})
        assert w.asnumpy().tolist() == [1.0, -0.5, 0.0]


def test_where_no_way_leads_down_nothing_changes() -> None:
    w = start()
    optimizer = optim.GaussNewtonCG([w])
    assert not optimizer.step(lambda: (3.0, (np.ones(3),)), lambda v: v)
    assert w.asnumpy().tolist() == [1.0, -0.5, 0.0]
    assert (optimizer.loss, optimizer.iterations) == (3.0, 0)


def test_unusable_arguments_are_refused() -> None:
    with pytest.raises(errors.ArgumentTypeError, match="`rank` of `GaussNewtonCG` must be an int, got float"):
        optim.GaussNewtonCG([start()], rank=2.5)  # type: ignore[arg-type]
    with pytest.raises(errors.ArgumentError, match="`refresh` of `GaussNewtonCG` must be 1 or more, got 0"):
        optim.GaussNewtonCG([start()], refresh=0)
    with pytest.raises(ArithmeticError, match="cannot begin where the loss is nan"):
        optim.GaussNewtonCG([start()]).step(lambda: (np.nan, (np.ones(3),)), lambda v: v)
    with pytest.raises(errors.ArgumentError, match="needs `weights`"):
        dt.gauss_newton_product(lambda x: x, [])
