"""Each condition, on a function whose residual is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.objective import Objective

DOMAIN = pinn.Rectangle(x=(0, 1), t=(0, 2))


class Wave(nn.Cell):
    """u = x^2 + 3 t."""

    def construct(self, X: dt.Tensor) -> dt.Tensor:
        return X[:, 0:1] * X[:, 0:1] + 3 * X[:, 1:2]


def losses(*conditions: pinn.Condition, network: nn.Cell | None = None) -> dict[str, float]:
    problem = pinn.Problem(DOMAIN, lambda u, p: u.x, conditions)
    arrays = [{"points": DOMAIN.interior(4)}] + [c.sample(DOMAIN, "sobol", (0,)) for c in conditions]
    batches = [{name: dt.Tensor(array) for name, array in batch.items()} for batch in arrays]
    objective = Objective(problem, network or Wave(), batches)
    return dict(zip(objective.names, objective(batches)[1].tolist(), strict=True))


@pytest.mark.parametrize(
    "condition",
    [
        pinn.initial(lambda p: p.x**2),
        pinn.initial(3.0, order=1),
        pinn.dirichlet(lambda p: p.x**2 + 3 * p.t, on=("x-", "x+", "t+")),
        pinn.neumann(0.0, on="x-"),
        pinn.neumann(2.0, on="x+"),
        pinn.neumann(lambda p: 2 * p.x, on=("x-", "x+")),
        pinn.neumann(-3.0, on="t-"),
        pinn.robin(2.0, 0.5, lambda p: 3 + 6 * p.t, on="x+"),
        pinn.boundary(lambda u, p: u.xx - 2 + u.t - 3, on="x+"),
        pinn.observations([[0.5, 1.0], [0.0, 2.0]], [3.25, 6.0]),
        pinn.observations(np.array([[0.5, 1.0]]), [[3.25]]),
    ],
    ids=lambda condition: condition.name,
)
def test_a_condition_that_holds_costs_nothing(condition: pinn.Condition) -> None:
    assert losses(condition)[condition.name] < 1e-25


def test_conditions_that_do_not_hold_cost_their_mean_square() -> None:
    found = losses(
        pinn.dirichlet(lambda p: p.x**2 + 3 * p.t - 2, on="x-", weight=10.0),
        pinn.neumann(0.0, on=("x-", "x+"), points=8),
        pinn.periodic("x"),
    )
    assert found["dirichlet x-"] == pytest.approx(40)
    assert found["neumann x- x+"] == pytest.approx(2)
    assert found["periodic x 1"] == pytest.approx(1)  # u(1) - u(0)
    assert found["periodic x 2"] == pytest.approx(4)  # u_x(1) - u_x(0)


def test_a_periodic_function_is_periodic() -> None:
    class Sine(nn.Cell):
        def construct(self, X: dt.Tensor) -> dt.Tensor:
            return dt.ops.sin(2 * np.pi * X[:, 0:1]) * X[:, 1:2]

    found = losses(pinn.periodic("x", derivatives=3), network=Sine())
    assert sum(value for name, value in found.items() if "periodic" in name) < 1e-20


def test_equal_conditions_get_names_of_their_own() -> None:
    assert list(losses(pinn.initial(0.0), pinn.initial(1.0))) == ["equation", "initial", "initial #2"]


def test_of_says_which_unknown() -> None:
    class Two(nn.Cell):
        def construct(self, X: dt.Tensor) -> dt.Tensor:
            return X

    def loss(condition: pinn.Condition) -> Any:
        problem = pinn.Problem(DOMAIN, lambda a, b, p: a.x - b.t, [condition])
        batches = [
            {name: dt.Tensor(array) for name, array in arrays.items()}
            for arrays in ({"points": DOMAIN.interior(4)}, condition.sample(DOMAIN, "sobol", (0,)))
        ]
        return Objective(problem, Two(), batches)(batches)[1].tolist()[1]

    assert loss(pinn.dirichlet(2.0, on="t+", of="b")) == 0
    assert loss(pinn.dirichlet(1.0, on="x+", of="a")) == 0
    with pytest.raises(errors.ArgumentError, match=r"of=.*a, b"):
        loss(pinn.dirichlet(2.0, on="t+"))
    with pytest.raises(errors.ArgumentError, match="unknowns are a, b"):
        loss(pinn.dirichlet(2.0, on="t+", of="c"))


def test_values_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(errors.ShapeError, match=r"initial.*\(100, 100\).*expected \(100, 1\)"):
        losses(pinn.initial(lambda p: p.x.reshape(-1)))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: pinn.dirichlet("0", on="x-"), errors.ArgumentTypeError, "number, a Parameter or a function"),
        (lambda: pinn.dirichlet(0.0, on=()), errors.ArgumentTypeError, "name faces"),
        (lambda: pinn.dirichlet(0.0, on=("x-", "x-")), errors.ArgumentError, "twice"),
        (lambda: pinn.initial(0.0, weight=-1.0), errors.ArgumentError, "not negative"),
        (lambda: pinn.initial(0.0, order=-1), errors.ArgumentError, "0 or more"),
        (lambda: pinn.observations(np.zeros((0, 2)), []), errors.ShapeError, "N > 0"),
        (lambda: pinn.observations([[0.0, 1.0]], [1.0, 2.0]), errors.ShapeError, "there are 1 points"),
        (lambda: pinn.observations([[0.0, 1.0]], [np.nan]), errors.ArgumentError, "NaN"),
        (lambda: losses(pinn.dirichlet(0.0, on="y-")), errors.ArgumentError, "no face 'y-'"),
        (lambda: losses(pinn.observations([[1.0]], [1.0])), errors.ShapeError, "1 coordinates"),
    ],
)
def test_unusable_conditions_are_refused(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()
