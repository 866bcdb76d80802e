"""What is said before training begins: Parameters that nobody trains, conditions that contradict each other."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn

SPEED = dt.Parameter(dt.Tensor(2.0), name="speed")
x = dt.Parameter(dt.Tensor(2.0), name="x")
BOX = pinn.Rectangle(x=(0, 1), t=(0, 1))


def steps(problem: pinn.Problem, **options: Any) -> None:
    pinn.solve(
        problem,
        nn.MLP(problem.domain.dimension, 1, width=4, depth=1),
        1,
        lbfgs_steps=0,
        points=4,
        progress=False,
        **options,
    )


def transported(u: Any, p: Any) -> Any:
    return u.t + SPEED * u.x


def by_helper(u: Any, p: Any, times: float = 1.0) -> Any:
    return transported(u, p) * times


@pytest.mark.parametrize("equation", [transported, by_helper, functools.partial(by_helper, times=2.0)])
def test_a_parameter_that_nobody_trains_was_constant_without_a_word(equation: Any) -> None:
    problem = pinn.Problem(BOX, equation, outputs=("u",))
    with pytest.warns(RuntimeWarning, match=r"`equations` of the problem uses the Parameter 'speed', which stays"):
        steps(problem)
    steps(problem, parameters=[SPEED])


def test_parameters_of_conditions_transforms_and_networks_are_found() -> None:
    rate, inner = dt.Parameter(dt.Tensor(1.0), name="rate"), nn.MLP(1, 1, width=3, depth=1)
    with pytest.warns(RuntimeWarning, match="`dirichlet x-` of the problem uses the Parameter 'rate'"):
        steps(pinn.Problem(BOX, lambda u, p: u.t, [pinn.dirichlet(rate, on="x-")]))
    with pytest.warns(RuntimeWarning, match="`transform` of the problem uses the Parameter 'rate'"):
        steps(pinn.Problem(BOX, lambda u, p: u.t, transform=lambda u, p: u * rate))
    with pytest.warns(RuntimeWarning, match="uses the network MLP, which stays"):
        steps(pinn.Problem(BOX, lambda u, p: u.t - inner(p.x)))


def test_constants_and_names_of_derivatives_are_let_pass() -> None:
    fixed = dt.Parameter(dt.Tensor(1.0), name="fixed", requires_grad=False)
    steps(pinn.Problem(BOX, lambda u, p: u.t + fixed * u.x))  # `u.x` is no use of the Parameter x above


@pytest.mark.parametrize(
    ("domain", "conditions", "message"),
    [
        (BOX, [pinn.initial(1.0), pinn.dirichlet(0.0, on="x-")], r" `dirichlet x-` contradict at \(x=0, t=0\): 1"),
        (
            pinn.Rectangle(x=(0, 1), y=(0, 1)),
            [pinn.dirichlet(1.0, on="y+"), pinn.dirichlet(0.0, on=("x-", "x+", "y-"))],
            r"`dirichlet y\+` and `dirichlet x- x\+ y-` contradict at \(x=0, y=1\): 1 and 0",
        ),
        (
            pinn.Disk() * pinn.Time(tau=(0, 1)),
            [pinn.initial(lambda p: p.x), pinn.dirichlet(0.0, on="boundary")],
            r"`initial` and `dirichlet boundary` contradict at \(x=.*, tau=0\)",
        ),
        (
            BOX,
            [pinn.dirichlet(0.0, on="boundary"), pinn.dirichlet(1.0, on="x+")],
            r"`dirichlet boundary` and `dirichlet x\+` contradict at \(x=1, t=.*\): 0 and 1",
        ),
        (
            BOX,
            [pinn.initial(1.0, hard=True), pinn.dirichlet(0.0, on="x-")],
            r"`dirichlet x-` and `initial` contradict at \(x=0, t=0\): 0 and 1",
        ),
    ],
)  # fmt: skip
def test_conditions_that_contradict_at_a_corner_are_named(domain: pinn.Domain, conditions: Any, message: str) -> None:
    with pytest.warns(RuntimeWarning, match=message):
        steps(pinn.Problem(domain, lambda u, p: u.x, conditions))


def test_conditions_that_agree_are_let_pass() -> None:
    steps(
        pinn.Problem(
            BOX, lambda u, p: u.x, [pinn.initial(lambda p: ops.sin(np.pi * p.x)), pinn.dirichlet(0.0, on="boundary")]
        )
    )
    steps(pinn.Problem(BOX, lambda u, p: u.x, [pinn.initial(1.0, order=1), pinn.dirichlet(0.0, on="boundary")]))
    steps(pinn.Problem(BOX, lambda u, p: u.x, [pinn.dirichlet(1.0, on="x-"), pinn.dirichlet(0.0, on="x+")]))


LINE = pinn.Interval(x=(0, 1))


def test_what_is_no_number_is_told_with_its_place() -> None:
    """`try a smaller learning_rate` was said of it."""
    with pytest.raises(
        pinn.DivergedError, match=r"in the term equation at x=0\.[0-4].* of \d+ points, before anything"
    ):
        steps(pinn.Problem(LINE, lambda u, p: u.x - ops.sqrt(p.x - 0.5)))
    with pytest.raises(errors.ArgumentError, match="`value` of `dirichlet` must be finite, got nan"):
        pinn.dirichlet(float("nan"), on="x-")
    root = pinn.dirichlet(lambda p: ops.sqrt(p.x - 0.5), on="x-", hard=True)
    with pytest.raises(errors.ArgumentError, match="values of `dirichlet x-`, which is hard, are not finite"):
        steps(pinn.Problem(LINE, lambda u, p: u.x, [root]))


def of_equation(equation: Any) -> Any:
    return lambda: steps(pinn.Problem(LINE, equation, outputs=("u",)))


def sampled(points: Any) -> Any:
    own = pinn.Condition("own", lambda u, p: u, lambda domain, sampler, seed: points)
    return lambda: steps(pinn.Problem(LINE, lambda u, p: u.x, [own]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (of_equation(lambda u, p: u.x - p[:, 0:1]), r"`p\[:, 0:1\]`: points are asked by name, write p\.x"),
        (of_equation(lambda u, p: u.x.x), r"the whole derivative at once for an unknown, as in u\.xx"),
        (of_equation(lambda u, p: (u * u).x), r"Write \(\.\.\.\)\.d\('x'\) for that of an expression"),
        (of_equation(lambda u, p: ops.exp(u).x), r"Write p\.d\(expression, 'x'\) for the derivative of any"),
        (of_equation(lambda u, p: u - math.sin(p.x)), r"write dualtape\.ops\.sin\(p\.x\)"),
        (of_equation(lambda u, p: u - math.sin(ops.exp(u))), r"asked for them: write .* ops\.sin\(u\)"),
        (of_equation(lambda u, p: u if u > 0 else -u), r"write ops\.where\(u > 0, a, b\)"),
        (of_equation(lambda u, p: u if ops.exp(u) > 0 else -u), r"write ops\.where\(u > 0, a, b\)"),
        (of_equation(lambda u, p: max(u, 0)), r"ops\.maximum\(u, 0\.0\)"),
        (of_equation(lambda u, p: u(p.x)), r"elsewhere it is u\.at\(\.\.\.\), as in u\.at\(x=0\.0\)"),
        (
            lambda: pinn.Problem(LINE, lambda u, p: u.x, pinn.dirichlet(0.0, on="x-")),  # type: ignore[arg-type]
            r"as in \[pinn\.dirichlet\(\.\.\.\)\]; got `dirichlet x-` without the brackets",
        ),
        (lambda: pinn.Interval(x=np.linspace(2, 3, 5)), r"as in x=\(2, 3\), got array"),  # type: ignore[arg-type]
        (sampled(np.zeros((3, 1))), "`sample` of `own` returned ndarray; expected a dict of arrays"),
        (sampled({"points": np.zeros((3, 2))}), r"gave points of shape \(3, 2\); expected \(N, 1\)"),
        (lambda: steps(pinn.Problem(LINE, lambda u, p: u.x, [pinn.initial(0.0)])), "has no time, and so no beginning"),
    ],
)  # fmt: skip
def test_a_message_says_what_to_write_instead(make: Any, message: str) -> None:
    with pytest.raises(errors.DualtapeError, match=message):
        make()
