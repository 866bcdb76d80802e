"""The reference solution of Burgers' equation, against what it must satisfy and what others found."""

from __future__ import annotations

import numpy as np
import pytest

from dualtape import errors, pinn

NU = 0.01 / np.pi


def test_initial_and_boundary_values() -> None:
    x = np.linspace(-1, 1, 41)
    np.testing.assert_allclose(pinn.burgers_exact(x, 0.0), -np.sin(np.pi * x), atol=1e-14)
    np.testing.assert_allclose(pinn.burgers_exact(np.array([-1.0, 1.0, 0.0]), 0.7), 0, atol=1e-13)


def test_odd_in_x() -> None:
    x = np.linspace(0, 1, 33)
    np.testing.assert_allclose(pinn.burgers_exact(-x, 0.4), -pinn.burgers_exact(x, 0.4), atol=1e-13)


@pytest.mark.parametrize("viscosity", [NU, 0.1])
@pytest.mark.parametrize("t", [0.1, 0.3, 0.8])
def test_it_satisfies_the_equation(t: float, viscosity: float) -> None:
    """Derivatives by central differences of order 8."""
    x = np.array([-0.9, -0.5, -0.21, 0.05, 0.4, 0.77])
    k = np.arange(-4, 5)
    first = np.array([1 / 280, -4 / 105, 1 / 5, -4 / 5, 0, 4 / 5, -1 / 5, 4 / 105, -1 / 280])
    second = np.array([-1 / 560, 8 / 315, -1 / 5, 8 / 5, -205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
    h = 2e-3 * (1 if viscosity > NU else 0.5)
    along_x = pinn.burgers_exact(x[:, None] + h * k, t, viscosity)
    along_t = pinn.burgers_exact(x[:, None], t + h * k, viscosity)
    u, u_x, u_xx, u_t = along_x[:, 4], along_x @ first / h, along_x @ second / h**2, along_t @ first / h
    scale = np.abs(u_t) + np.abs(u * u_x) + 1
    assert (np.abs(u_t + u * u_x - viscosity * u_xx) / scale).max() < 1e-5


def test_steepest_slope() -> None:
    """Basdevant et al. 1986: the largest slope is 152.00516, at the origin, at pi t = 1.6037."""
    t, h = 1.6037 / np.pi, 1e-5
    slope = (pinn.burgers_exact(h, t) - pinn.burgers_exact(-h, t)) / (2 * h)
    assert abs(slope) == pytest.approx(152.00516, rel=2e-6)


def test_enough_nodes() -> None:
    x, t = np.meshgrid(np.linspace(-1, 1, 51), np.linspace(0, 1, 21))
    np.testing.assert_allclose(pinn.burgers_exact(x, t), pinn.burgers_exact(x, t, nodes=300), atol=1e-13)


def test_unusable_arguments_are_refused() -> None:
    with pytest.raises(errors.ArgumentError, match="viscosity"):
        pinn.burgers_exact(0.0, 0.0, viscosity=0.0)
    with pytest.raises(errors.ArgumentError, match="negative"):
        pinn.burgers_exact(0.0, -1.0)


@pytest.mark.parametrize("name", ["poisson", "heat", "wave"])
def test_exact_solutions_satisfy_their_problems(name: str) -> None:
    """By training nothing: the exact solution, written in tensors, has no loss."""
    import dualtape as dt
    from dualtape import nn
    from dualtape.pinn.objective import Objective

    def first(X: dt.Tensor) -> dt.Tensor:
        return dt.ops.sin(np.pi * X[:, 0:1])

    fields = {
        "poisson": lambda X: first(X) * dt.ops.sin(np.pi * X[:, 1:2]),
        "heat": lambda X: first(X) * dt.ops.exp(-0.1 * np.pi**2 * X[:, 1:2]),
        "wave": lambda X: first(X) * dt.ops.cos(np.pi * X[:, 1:2]),
    }

    class Exact(nn.Cell):
        def construct(self, X: dt.Tensor) -> dt.Tensor:
            return fields[name](X)

    problem = getattr(pinn, name)()
    points = problem.domain.interior(50)
    arrays = [{"points": points}] + [c.sample(problem.domain, "sobol", (0,)) for c in problem.conditions]
    batches = [{key: dt.Tensor(array) for key, array in batch.items()} for batch in arrays]
    total, *_ = Objective(problem, Exact(), batches)(batches)
    assert float(total) < 1e-24
    np.testing.assert_allclose(fields[name](dt.Tensor(points)).asnumpy()[:, 0], problem.exact(*points.T), atol=1e-14)
