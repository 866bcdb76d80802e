"""What equations are made of beyond derivatives by name, on functions whose derivatives are known."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, ops, pinn
from dualtape.pinn.objective import Objective

PLANE = pinn.Rectangle(x=(0, 1), y=(0, 2))
HEATED = pinn.Rectangle(x=(0, 1), y=(0, 2), t=(0, 1))


class Known(nn.Cell):
    """u = x^3 y^2 and v = x sin(y), and w = x + y + 2 z where there are three coordinates."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs

    def construct(self, X: dt.Tensor) -> dt.Tensor:
        x, y = X[:, 0:1], X[:, 1:2]
        both = [x * x * x * y * y, x * ops.sin(y), x * y * X[:, -1:] * 2]
        return both[0] if self.outputs == 1 else ops.cat(both[: self.outputs], 1)


def residual(
    equation: Callable[..., Any], domain: pinn.Domain = PLANE, *, on: str | None = None, jit: bool = False
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """The residual of an equation at points, inside or on a part of the boundary, and their coordinates."""
    condition = pinn.Condition("tried", equation, lambda *_: {}, parts=(on,) if on else ())
    problem = pinn.Problem(domain, equation)
    arrays = {"points": domain.interior(8)}
    if on:
        arrays["points"], arrays["normal"] = domain.boundary(8, [on])
    batches = [{"points": dt.Tensor(domain.interior(8))}, {name: dt.Tensor(array) for name, array in arrays.items()}]
    problem = pinn.Problem(domain, lambda *args: args[0] * 0.0, [condition], outputs=problem.unknowns)
    loss = Objective(problem, Known(len(problem.unknowns)), batches)

    def evaluate(batch: dict[str, dt.Tensor]) -> dt.Tensor:
        return loss._residuals(loss.terms[1], batch)[0]

    found = (dt.jit(evaluate) if jit else evaluate)(batches[1])
    return np.asarray(found.asnumpy()).ravel(), tuple(arrays["points"].T)


def power(k: int, order: float, x: np.ndarray) -> np.ndarray:
    """Riemann and Liouville's derivative of x^k from 0."""
    return np.asarray(math.gamma(k + 1) / math.gamma(k + 1 - order) * x ** (k - order))


K = dt.Parameter(dt.Tensor(1.5, dtype=dt.float64), name="K")

EQUATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "order": (lambda u, p: u.d("x", 2) + u.d("y"), lambda x, y: 6 * x * y**2 + 2 * x**3 * y),
    "derivative of a derivative": (lambda u, p: u.x.d("x").d("y"), lambda x, y: 12 * x * y),
    "laplacian": (lambda u, p: u.laplacian(), lambda x, y: 6 * x * y**2 + 2 * x**3),
    "grad": (lambda u, p: u.grad()[0] - 2 * u.grad()[1], lambda x, y: 3 * x**2 * y**2 - 4 * x**3 * y),
    "divergence": (lambda u, v, p: pinn.Vector(u, v).div(), lambda x, y: 3 * x**2 * y**2 + x * np.cos(y)),
    "curl": (lambda u, v, p: pinn.Vector(u, v).curl(), lambda x, y: np.sin(y) - 2 * x**3 * y),
    "product": (
        lambda u, p: ((1 + p.x * p.x) * u.x).d("x"),
        lambda x, y: 2 * x * 3 * x**2 * y**2 + (1 + x**2) * 6 * x * y**2,
    ),
    "flux": (
        lambda u, p: (p.x * u.grad()).div(),
        lambda x, y: 9 * x**2 * y**2 + 2 * x**4,
    ),
    "square": (lambda u, p: (u * u).d("x"), lambda x, y: 6 * x**5 * y**4),
    "second derivative of an expression": (lambda u, p: (u * u).d("x", 2), lambda x, y: 30 * x**4 * y**4),
    "laplacian of an expression": (lambda u, p: (u / p.y).laplacian(), lambda x, y: 6 * x * y),
    "function": (
        lambda u, p: p.d(ops.sin(p.x) * ops.exp(u.y), "x"),
        lambda x, y: np.exp(2 * x**3 * y) * (np.cos(x) + np.sin(x) * 6 * x**2 * y),
    ),
    "nested": (
        lambda u, p: (p.y * (p.x * u).d("x")).d("y"),
        lambda x, y: 4 * x**3 * 3 * y**2,
    ),
    "several": (
        lambda u, p: (p.x * u).d("x") - 3 * (p.y * u.x).d("y") + (u * u).d("x"),
        lambda x, y: 4 * x**3 * y**2 - 27 * x**2 * y**2 + 6 * x**5 * y**4,
    ),
    "of two unknowns": (lambda u, v, p: (u * v).d("y"), lambda x, y: x**4 * (2 * y * np.sin(y) + y**2 * np.cos(y))),
    "parameter": (lambda u, p: (u.x * K).d("x") + p.d(K * u.x, "y"), lambda x, y: 9 * x * y**2 + 9 * x**2 * y),
    "constant": (
        lambda u, p: p.d(K * 2.0 + 0 * p.x, "x") + p.d(ops.ones_like(u), "y") + u.x,
        lambda x, y: 3 * x**2 * y**2,
    ),
    "elsewhere": (
        lambda u, p: u.at(p.x - 1, p.y) + u.at(x=0.5).xy + u.at(0.5, 2.0),
        lambda x, y: (x - 1) ** 3 * y**2 + 6 * 0.25 * y + 0.5,
    ),
    "elsewhere, by the equation's own coordinates": (
        lambda u, p: p.d(u.at(2 * p.x, p.y), "x"),
        lambda x, y: 24 * x**2 * y**2,
    ),
    "integral": (
        lambda u, p: p.integral(lambda s, p: p.x * s * u.at(s, p.y), 0.0, p.x),
        lambda x, y: x * y**2 * x**5 / 5,
    ),
    "derivative of an integral": (
        lambda u, p: p.d(p.integral(lambda s, p: u.at(s, p.y), 0.0, p.x, nodes=4), "x") - u,
        lambda x, y: 0 * x,
    ),
    "integral over the domain": (
        lambda u, p: p.integral_over(PLANE, lambda q, p: (p.x + q.y) * u.at(q)),
        lambda x, y: x * 8 / 12 + 1.0,
    ),
    "integral over a part": (
        lambda u, p: p.d(p.integral_over(pinn.Rectangle(x=(0, 1), y=(0, 1)), lambda q, p: p.x**2 * u.at(q).x), "x"),
        lambda x, y: 2 * x / 3,
    ),
    "vectors": (
        lambda u, v, p: (2 * pinn.Vector(u, v) - pinn.Vector(v, u) / 2).dot(v.grad()),
        lambda x, y: (2 * x**3 * y**2 - x * np.sin(y) / 2) * np.sin(y)
        + (2 * x * np.sin(y) - x**3 * y**2 / 2) * x * np.cos(y),
    ),
    "laplacian of a vector": (lambda u, v, p: pinn.Vector(u, v).laplacian()[1], lambda x, y: -x * np.sin(y)),
    "memory": (
        lambda u, p: pinn.caputo(u, p, "y", 0.5) + pinn.caputo(u, p, "y", 1.5),
        lambda x, y: x**3 * (2 / math.gamma(2.5) * y**1.5 + 2 / math.gamma(1.5) * y**0.5),
    ),
    "memory from elsewhere": (
        lambda u, p: pinn.caputo(u, p, "x", 0.3, start=-1.0),
        lambda x, y: y**2 * sum(c * power(k, 0.3, x + 1) for k, c in ((1, 3), (2, -3), (3, 1))),
    ),
    "fractional laplacian": (
        lambda u, p: pinn.riesz(u, p, "x", 1.4, (0.0, 1.0)),
        lambda x, y: y**2
        * (power(3, 1.4, x) + sum(c * power(k, 1.4, 1 - x) for k, c in ((0, 1), (1, -3), (2, 3), (3, -1))))
        / (2 * math.cos(0.7 * math.pi)),
    ),
    "numpy": (lambda u, p: np.sin(p.x) * u + np.exp(u), lambda x, y: np.sin(x) * x**3 * y**2 + np.exp(x**3 * y**2)),
}  # fmt: skip


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(("equation", "expected"), EQUATIONS.values(), ids=EQUATIONS)
def test_an_equation_has_the_value_it_should(
    equation: Callable[..., Any], expected: Callable[..., Any], jit: bool
) -> None:
    found, coordinates = residual(equation, jit=jit)
    np.testing.assert_allclose(found, expected(*coordinates), rtol=1e-12, atol=1e-12)


def test_the_laplacian_leaves_time_out() -> None:
    found, (x, y, _) = residual(lambda u, p: u.laplacian(), HEATED)
    np.testing.assert_allclose(found, 6 * x * y**2 + 2 * x**3, rtol=1e-12)
    box = pinn.Rectangle(x=(0, 1), y=(0, 2), z=(0, 1))
    found, (x, y, z) = residual(lambda u, v, w, p: pinn.Vector(u, v, w).curl()[0], box)
    np.testing.assert_allclose(found, 2 * x * z, rtol=1e-12)
    with pytest.raises(errors.ArgumentError, match="a Vector of 2 components, where space has 3: x, y, z"):
        residual(lambda u, v, w, p: pinn.Vector(u, v).div(), box)


def test_the_normal_derivative_of_unknowns_expressions_and_fluxes() -> None:
    for equation, expected in (
        (lambda u, p: u.normal, lambda x, y: 3 * x**2 * y**2),
        (lambda u, p: (u * p.x).normal, lambda x, y: 4 * x**3 * y**2),
        (lambda u, p: (p.y * u.grad()).normal, lambda x, y: 3 * x**2 * y**3),
    ):
        found, (x, y) = residual(equation, on="x+")
        np.testing.assert_allclose(found, expected(x, y), rtol=1e-12)
    with pytest.raises(errors.ArgumentError, match=r"these points have no normals"):
        residual(lambda u, p: u.normal)


def test_a_derivative_of_an_expression_trains() -> None:
    """-(k u')' = f with k = 1 + x^2, whose expansion by hand needs k'."""
    problem = pinn.Problem(
        pinn.Interval(x=(0, 1)),
        lambda u, p: ((1 + p.x * p.x) * u.x).d("x") - (6 * p.x**2 - 2 * p.x + 2),
        [pinn.dirichlet(lambda p: p.x * p.x - p.x, on="boundary", weight=10.0)],
        exact=lambda x: x**2 - x,
    )
    with dt.device("host"):
        network = nn.MLP(1, 1, width=10, depth=2, seed=0)
    trained = pinn.solve(problem, network, 50, lbfgs_steps=300, points=40, precision="float64", progress=False)
    assert trained.error() < 5e-3


@pytest.mark.parametrize(
    ("equation", "kind", "message"),
    [
        (lambda u, p: u * p[:, 0:1], errors.ArgumentTypeError, r"by name, write p\.x; all coordinates are p\.points"),
        (lambda u, p: u.x.x, errors.ArgumentError, r"`\.x` of an expression: .* as in u\.xx"),
        (lambda u, p: (u * u).xy, errors.ArgumentError, r"Write \(\.\.\.\)\.d\('x'\)"),
        (lambda u, p: math.sin(p.x) * u, errors.ArgumentTypeError, r"write dualtape\.ops\.sin\(p\.x\)"),
        (lambda u, p: u if u > 0 else -u, errors.ArgumentTypeError, r"ops\.where\(u > 0, a, b\)"),
        (lambda u, p: builtins.max(u, 0), errors.ArgumentTypeError, r"ops\.maximum\(u, 0\.0\)"),
        (lambda u, p: u.d("z"), errors.ArgumentError, "no coordinate 'z'; there are x, y"),
        (lambda u, p: (u * u).d("z"), errors.ArgumentError, "no coordinate 'z'"),
        (lambda u, p: u.d("x", 0), errors.ArgumentError, "must be 1 or more, got 0"),
        (lambda u, p: u.d(1), errors.ArgumentTypeError, r"name of a coordinate, as in u\.d\('x', 2\)"),
        (lambda u, p: u.at(p.x), errors.ArgumentError, "`at` takes all coordinates, x, y, or some by name; got 1"),
        (lambda u, p: u.at(z=1.0), errors.ArgumentError, "no coordinate 'z'"),
        (lambda u, p: (u.at(x=0.0) * 2).d("x"), errors.ArgumentError, r"as in u\.at\(x=0\.0\)\.xx"),
        (lambda u, p: u.at(p.points, p.y), errors.ShapeError, "columns of one length"),
        (lambda u, p: p.integral(lambda s, p: u * 1.0, 0, 1), errors.ShapeError, "the integrand gave"),
        (lambda u, p: p.integral_over(PLANE, lambda q, p: u * 1.0), errors.ShapeError, "the integrand gave"),
        (lambda u, p: p.integral_over(HEATED, lambda q, p: u.at(q)), errors.ArgumentError, "coordinates x, y, t"),
        (lambda u, p: p.integral_over(3, lambda q, p: u.at(q)), errors.ArgumentTypeError, "must be a domain, got int"),
        (lambda u, p: p.d(u.reshape(-1), "x"), errors.ShapeError, r"an expression of shape \(8,\)"),
        (lambda u, p: pinn.caputo(u, p, "y", 2), errors.ArgumentError, r"no integer, got 2; see u\.d\('y', n\)"),
        (lambda u, p: pinn.caputo(u, p, "z", 0.5), errors.ArgumentError, "no coordinate 'z'; there are x, y"),
        (lambda u, p: pinn.caputo(u.x, p, "y", 0.5), errors.ArgumentTypeError, "of an unknown at the points"),
        (lambda u, p: pinn.riesz(u, p, "x", 0.5, (0, 1)), errors.ArgumentError, "above 1 and below 2, got 0.5"),
        (lambda u, p: pinn.riesz(u, p, "x", 1.5, (1, 0)), errors.ArgumentError, "a lower and an upper end"),
        (lambda u, p: pinn.Vector(u, 1.0).div(), errors.ArgumentTypeError, "made of unknowns and expressions"),
    ],
)  # fmt: skip
def test_what_an_equation_cannot_say_is_answered_with_what_to_write(
    equation: Callable[..., Any], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=message):
        residual(equation)


def test_derivatives_of_expressions_that_change_from_call_to_call_are_refused() -> None:
    calls: list[int] = []

    def equation(u: Any, p: Any) -> Any:
        calls.append(1)
        return u * 1.0 if len(calls) == 3 else (u * u).d("x") + u.x

    with pytest.raises(errors.ArgumentError, match="it must take the same at every call"):
        residual(equation)


def test_a_laplacian_in_time_alone_is_refused() -> None:
    time = pinn.Interval(t=(0, 1))
    for equation in (lambda u, p: u.laplacian(), lambda u, p: u.grad()[0], lambda u, p: (u * u).laplacian()):
        problem = pinn.Problem(time, equation)
        with pytest.raises(errors.ArgumentError, match="over the coordinates of space, and there is none but time"):
            pinn.solve(problem, nn.MLP(1, 1), 1, points=4, progress=False)


def test_an_unknown_that_nothing_uses_is_refused() -> None:
    with pytest.raises(errors.ArgumentError, match="no equation and no condition uses the unknown v: nothing would"):
        residual(lambda u, v, p: u.x)
    assert residual(lambda u, v, p: u.x + v.at(x=0.5))
    assert residual(lambda u, v, p: u.x + 0.0 * v)


def test_an_equation_of_no_unknown_is_refused() -> None:
    """It was trained on: a number that no network changes."""
    domain, conditions = pinn.Interval(x=(0, 1)), [pinn.dirichlet(0.0, on="x-")]
    with pytest.raises(errors.ArgumentError, match="the equation uses none of the unknowns u: give `None`"):
        pinn.solve(pinn.Problem(domain, lambda u, p: p.x, conditions), nn.MLP(1, 1), 1, points=4, progress=False)
    nothing = pinn.Problem(domain, None, conditions, outputs=["u"])
    assert len(pinn.solve(nothing, nn.MLP(1, 1), optimizer=pinn.Adam(1), points=4, progress=False).history) == 1


def test_an_unknown_of_a_name_that_solutions_have_is_refused() -> None:
    """`solution.field(points)` was all unknowns, whatever `field` was."""
    network = nn.MLP(1, 1)
    for name in ("field", "error", "network", "plot"):
        problem = pinn.Problem(
            pinn.Interval(x=(0, 1)), lambda u, p: u.x, [pinn.dirichlet(0.0, on="x-")], outputs=[name]
        )
        with pytest.raises(
            errors.ArgumentError, match=f"cannot be named '{name}': `solution.{name}` is something else"
        ):
            pinn.solve(problem, network, 1, points=4, progress=False)
    assert network.trainable_params()[0].dtype is dt.float32


def test_derivatives_of_several_expressions_are_taken_by_one_call_of_the_equation() -> None:
    calls: list[int] = []

    def stresses(u: Any, v: Any, p: Any) -> Any:
        calls.append(1)
        across, along, shear = 2 * u.x + v.y, 2 * v.y + u.x, (u.y + v.x) / 2
        return across.d("x") + shear.d("y") + shear.d("x") + along.d("y")

    found, (x, y) = residual(stresses)
    # across_x + along_y + shear_x + shear_y of u = x^3 y^2, v = x sin(y)
    expected = 12 * x * y**2 + np.cos(y) - 2 * x * np.sin(y) + 6 * x**2 * y
    expected += (6 * x**2 * y + 0 * x) / 2 + (2 * x**3 + np.cos(y)) / 2
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert len(calls) == 3  # to learn what it asks for, for its value, and for the expressions


def test_transformations_inside_of_an_equation_keep_their_derivatives() -> None:
    """A coordinate or derivative that a function returned had a tangent of 0."""
    ones = lambda u: ops.ones_like(u)
    found, (x, y) = residual(lambda u, p: dt.jvp(lambda s: u.x * s + p.x * s, (ones(u),), (ones(u),))[1])
    np.testing.assert_allclose(found, 3 * x**2 * y**2 + x, rtol=1e-12)
