"""Each condition, on a function whose residual is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.objective import Objective

TYPE, VALUE, SHAPE = errors.ArgumentTypeError, errors.ArgumentError, errors.ShapeError
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


def test_a_sampler_that_returns_an_array_is_told_what_to_return() -> None:
    sample: Any = lambda domain, sampler, seed: domain.interior(4)
    problem = pinn.Problem(DOMAIN, lambda u, p: u.x, [pinn.Condition("mine", lambda u, p: u, sample)])
    with pytest.raises(errors.ArgumentTypeError, match="of `mine` returned ndarray; expected a dict"):
        pinn.solve(problem, nn.MLP(2, 1), 1, progress=False)


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


@pytest.mark.parametrize(
    "condition",
    [
        pinn.dirichlet(lambda p: p.x**2 + 3 * p.t, on="boundary"),
        pinn.neumann(2.0, on=lambda p: p.x > 0.5),
        pinn.boundary(lambda u, p: u.normal - 2, on="x+"),
        pinn.boundary(lambda u, p: u.normal + 0.5, on="x-", region=pinn.Rectangle(x=(0.25, 1), t=(0, 2))),
        pinn.neumann(1.2, on="x+", region=pinn.Rectangle(x=(0, 0.6), t=(0, 2))),
        pinn.inside(lambda u, p: (u.xx - 2, u.t - 3), pinn.Rectangle(x=(0, 0.5), t=(0, 1))),
        pinn.at((0.5, 1.0), lambda u, p: u - 3.25),
        pinn.at([[0.5, 1.0], [0.0, 2.0]], lambda u, p: u.x - 2 * p.x),
        pinn.integral(lambda u, p: u * 1.0, 2 / 3 + 6),
        pinn.integral(lambda u, p: u.x * u.x, 1.5 * 4 / 3 * 0.125, over=pinn.Rectangle(x=(0, 0.5), t=(0.5, 2))),
        pinn.observations([[0.5, 1.0], [0.0, 2.0]], [1.0, 0.0], operator=lambda u, p: u.x),
        pinn.observations([[0.5, 1.0], [0.0, 2.0], [0.0, 1.0]], [4.625, 3.0], groups=[0, 0, 1]),
    ],
    ids=lambda condition: condition.name,
)  # fmt: skip
def test_conditions_on_parts_at_points_and_on_integrals_that_hold_cost_nothing(condition: pinn.Condition) -> None:
    assert sum(value for name, value in losses(condition).items() if name != "equation") < 1e-25


def test_conditions_that_do_not_hold_there_cost_their_mean_square() -> None:
    found = losses(
        pinn.integral(lambda u, p: u + 1.0, 2 / 3 + 6, name="mass"),
        pinn.observations([[0.5, 1.0], [0.0, 2.0], [0.0, 1.0]], [4.625, 5.0], groups=[0, 0, 1]),
        pinn.inside(lambda u, p: u.xx, pinn.Rectangle(x=(0, 0.5), t=(0, 1)), name="left", weight=0.5),
    )
    assert found["mass"] == pytest.approx(4)
    assert found["observations"] == pytest.approx(2)
    assert found["left"] == pytest.approx(2)


def test_an_interface_joins_values_and_fluxes() -> None:
    class Two(nn.Cell):
        """u = 2 x + t and v = x / 2 + 3 / 2 + t meet at x = 1, with fluxes in the ratio of 1 to 4."""

        def construct(self, X: dt.Tensor) -> dt.Tensor:
            x, t = X[:, 0:1], X[:, 1:2]
            return dt.ops.concat([2 * x + t, x / 2 + 1.5 + t], axis=1)

    left = pinn.Rectangle(x=(0, 1), t=(0, 1))
    domain = pinn.Rectangle(x=(0, 3), t=(0, 1))

    def terms(condition: pinn.Condition) -> list[float]:
        problem = pinn.Problem(domain, None, [condition], outputs=("u", "v"))
        sets = [{"points": domain.interior(4)}, condition.sample(domain, "sobol", (0,))]
        batches = [{name: dt.Tensor(array) for name, array in arrays.items()} for arrays in sets]
        found: list[float] = Objective(problem, Two(), batches)(batches)[1].tolist()
        return found

    assert terms(pinn.interface("u", "v", "x+", region=left, conductivities=(1.0, 4.0))) == pytest.approx([0, 0, 0])
    assert terms(pinn.interface("u", "v", "x+", region=left)) == pytest.approx([0, 0, 2.25])
    jumps = pinn.interface("u", "v", "x+", region=left, jump=0.5, flux_jump=lambda p: 1.5 + 0 * p.t)
    assert terms(jumps) == pytest.approx([0, 0.25, 0])


def test_two_materials_are_solved_with_a_network_each() -> None:
    """u'' = 0 on both sides of x = 1, conductivities 1 and 4: a line that breaks there."""
    left, right = pinn.Interval(x=(0, 1)), pinn.Interval(x=(1, 2))
    problem = pinn.Problem(
        pinn.Interval(x=(0, 2)),
        None,
        [
            pinn.inside(lambda u, v, p: u.xx, left, points=20),
            pinn.inside(lambda u, v, p: v.xx, right, points=20),
            pinn.interface("u", "v", "x+", region=left, conductivities=(1.0, 4.0)),
            pinn.dirichlet(0.0, on="x-", of="u"),
            pinn.dirichlet(5.0, on="x+", of="v"),
        ],
        outputs=("u", "v"),
    )
    with dt.device("host"):
        network = nn.MLP(1, 2, width=8, depth=2, seed=0)
    solution = pinn.solve(problem, network, 50, lbfgs_steps=200, points=8, progress=False)
    u, v = solution(x=[0.5, 1.5])
    assert abs(u[0] - 2.0) < 0.02
    assert abs(v[1] - 4.5) < 0.02


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: losses(pinn.observations([[0.5, 3.0]], [1.0])), VALUE, r"outside Rect.* 0, at \(0.5, 3.0\)"),
        (lambda: losses(pinn.at((2.0, 0.0), lambda u, p: u)), VALUE, "1 of 1 `points` of `at` lie outside"),
        (lambda: pinn.at([[np.nan]], lambda u, p: u), VALUE, "must be finite"),
        (lambda: pinn.at((0.0,), 3), TYPE, "must be a function, got int"),
        (lambda: pinn.inside(lambda u, p: u, "left"), TYPE, "must be a domain, got str"),
        (lambda: losses(pinn.inside(lambda u, p: u, pinn.Interval(x=(0, 1)))), VALUE, "coordinates x; the"),
        (lambda: pinn.dirichlet(0.0, on="x-", region=3), TYPE, "`region` must be a domain, got int"),
        (lambda: pinn.integral(lambda u, p: u, "1"), TYPE, "a number or a Parameter, got str"),
        (lambda: losses(pinn.integral(lambda u, p: 1.0, 1.0)), SHAPE, "the integrand of `integral` gave float"),
        (lambda: pinn.observations([[0.0, 1.0]], [1.0], groups=[1]), VALUE, "none of them empty"),
        (lambda: pinn.observations([[0.0, 1.0]], [1.0], groups=[0.5]), SHAPE, "an int for each of 1 points"),
        (lambda: pinn.observations([[0.0, 1.0]], [1.0], operator=2), TYPE, "must be a function, got int"),
        (lambda: pinn.observations({"x": [1.0]}, [1.0]), TYPE, "`points` .* must be an array of numbers"),
        (lambda: pinn.Problem(DOMAIN, None), VALUE, r"name the unknowns as in outputs="),
        (lambda: pinn.Problem(DOMAIN, lambda u, p: u, pinn.initial(0.0)), TYPE, "without the brackets"),
    ],
)  # fmt: skip
def test_unusable_conditions_elsewhere_are_refused(make: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_initial_conditions_hold_where_a_time_of_another_name_begins() -> None:
    domain = pinn.Interval(x=(0, 1)) * pinn.Time(tau=(1, 2))
    condition = pinn.initial(lambda p: 0 * p.x, order=1)
    arrays = condition.sample(domain, "sobol", (0,))
    assert (arrays["points"][:, 1] == 1).all()
    batches = [{"points": dt.Tensor(domain.interior(4))}, {name: dt.Tensor(array) for name, array in arrays.items()}]
    problem = pinn.Problem(domain, lambda u, p: u.tau, [condition])
    assert Objective(problem, Wave(), batches)(batches)[1].tolist() == pytest.approx([9, 9])


@pytest.mark.parametrize(
    "make",
    [
        lambda region: pinn.inside(lambda u, p: u, region),
        lambda region: pinn.dirichlet(0.0, on="x-", region=region),
        lambda region: pinn.integral(lambda u, p: u, 1.0, over=region),
    ],
)
def test_regions_beyond_the_domain_are_refused(make: Any) -> None:
    """There is no equation, and the network is given coordinates that it was never meant for."""
    condition = make(pinn.Rectangle(x=(3, 4), y=(0, 1)))
    with pytest.raises(errors.ArgumentError, match="goes beyond the problem's domain"):
        condition.sample(pinn.Rectangle(x=(0, 1), y=(0, 1)), "sobol", (0,))


def test_an_unknown_at_a_number_beyond_the_domain_is_refused() -> None:
    seen = pinn.at((0.5, 1.0), lambda u, p: u - u.at(x=7.0))
    with pytest.raises(errors.ArgumentError, match="`at` of x=7 is outside the domain, where x is from 0 to 1"):
        losses(seen)
