"""Equations are traced: they get the derivatives they name, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.fields import Field, read_derivative
from dualtape.pinn.objective import Objective
from dualtape.pinn.unknowns import unknown_fields

PLANE = pinn.Rectangle(x=(0, 1), y=(0, 2))


class Polynomials(nn.Cell):
    """u = x^3 y^2 and v = x y, with a parameter, so that derivatives are known."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        self.scale = dt.Parameter(dt.Tensor(1.0, dtype=dt.float64), name="scale")
        self.outputs = outputs

    def construct(self, X: dt.Tensor) -> dt.Tensor:
        x, y = X[:, 0:1], X[:, 1:2]
        u = x * x * x * y * y * self.scale
        return u if self.outputs == 1 else dt.ops.concat([u, x * y * self.scale], axis=1)


def objective(problem: pinn.Problem, number: int = 6) -> tuple[Objective, list[dict[str, dt.Tensor]], np.ndarray]:
    points = problem.domain.interior(number)
    batches = [{"points": dt.Tensor(points)}]
    for condition in problem.conditions:
        arrays = condition.sample(problem.domain, "sobol", (0,))
        batches.append({name: dt.Tensor(array) for name, array in arrays.items()})
    network = Polynomials(len(problem.unknowns))
    field = unknown_fields(problem, network, network.scale, scaled=False)
    return Objective(problem, field, batches), batches, points


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        (lambda u, p: u, {(0, 0)}),
        (lambda u, p: u.x + u * u.y, {(0, 0), (1, 0), (0, 1)}),
        (lambda u, p: u.xxyy - u.yx, {(0, 0), (2, 2), (1, 1)}),
        (lambda u, p: u.yyyy.square() + dt.ops.sin(u.x), {(0, 0), (0, 4), (1, 0)}),
    ],
)
def test_exactly_the_derivatives_named_are_computed(
    equation: Callable[..., Any], expected: set[tuple[int, int]]
) -> None:
    loss, _, _ = objective(pinn.Problem(PLANE, equation))
    assert set(loss.terms[0].indices) == expected


def test_derivatives_are_right() -> None:
    loss, batches, points = objective(pinn.Problem(PLANE, lambda u, p: u.xxy + u.x * p.y - 2 * u + p.points[:, :1]))
    x, y = points.T
    residual = 12 * x * y + 3 * x**2 * y**3 - 2 * x**3 * y**2 + x
    np.testing.assert_allclose(loss(batches)[0].asnumpy(), np.mean(residual**2), rtol=1e-13)


def test_several_unknowns_and_equations() -> None:
    problem = pinn.Problem(PLANE, lambda u, v, p: (u.xx - v.y, v.xy + u), weight=(1.0, 4.0))
    assert problem.unknowns == ("u", "v")
    loss, batches, points = objective(problem)
    total, terms, distance = loss(batches)
    x, y = points.T
    expected = [np.mean((6 * x * y**2 - x) ** 2), 4 * np.mean((1 + x**3 * y**2) ** 2)]
    np.testing.assert_allclose(terms.asnumpy(), expected, rtol=1e-13)
    np.testing.assert_allclose(total.asnumpy(), np.sum(expected), rtol=1e-13)
    from_holding = np.abs(6 * x * y**2 - x) + np.abs(1 + x**3 * y**2)
    np.testing.assert_allclose(distance.asnumpy()[:, 0], from_holding, rtol=1e-13)
    assert loss.names == ("equation 1", "equation 2")


def test_outputs_name_the_unknowns_where_the_signature_cannot() -> None:
    assert pinn.Problem(PLANE, lambda *args: args[0].x, outputs=("u", "v")).unknowns == ("u", "v")
    with pytest.raises(errors.ArgumentError, match="outputs="):
        pinn.Problem(PLANE, lambda *args: args[0].x)


def test_names_of_several_letters() -> None:
    domain = pinn.Rectangle(x1=(0, 1), x10=(0, 1))
    loss, _, _ = objective(pinn.Problem(domain, lambda u, p: u.x1x10 + u.x10x10 + u.by("x1") + p.x10))
    assert set(loss.terms[0].indices) == {(0, 0), (1, 1), (0, 2), (1, 0)}


def test_coordinates_hide_the_methods_of_tensors() -> None:
    domain = pinn.Rectangle(T=(0, 1), x=(0, 1))
    loss, _, _ = objective(pinn.Problem(domain, lambda u, p: u.T - u.x.T.T))
    assert set(loss.terms[0].indices) == {(0, 0), (1, 0), (0, 1)}


def test_a_hard_constraint_is_differentiated_too() -> None:
    problem = pinn.Problem(PLANE, lambda u, p: u.x, transform=lambda u, p: u * p.x + 1)
    loss, batches, points = objective(problem)
    x, y = points.T
    np.testing.assert_allclose(loss(batches)[0].asnumpy(), np.mean((4 * x**3 * y**2) ** 2), rtol=1e-13)


@pytest.mark.parametrize(
    ("equation", "kind", "message"),
    [
        (lambda u, p: u.z, errors.ArgumentError, r"u\.z.*coordinates are x, y"),
        (lambda u, p: u.x * p.z, errors.ArgumentError, r"p\.z.*x, y"),
        (lambda u, p: u.x.reshape(-1), errors.ShapeError, r"shape \(6,\).*expected \(6, 1\)"),
        (lambda u, p: u.x - u.y.reshape(-1), errors.ShapeError, r"shape \(6, 6\)"),
        (lambda u, p: 1.0, errors.ArgumentTypeError, "must be a Tensor, got float"),
        (lambda u, p: u.astype(dt.float32), errors.DTypeError, "Float32 but the network of Float64"),
    ],
)
def test_unusable_equations_are_refused(equation: Callable[..., Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        objective(pinn.Problem(PLANE, equation))


def test_an_equation_that_changes_its_mind_is_refused() -> None:
    calls = []

    def equation(u: Any, p: Any) -> Any:
        calls.append(1)
        return u.x if len(calls) == 1 else u.y

    loss, batches, _ = objective(pinn.Problem(PLANE, equation))
    with pytest.raises(errors.ArgumentError, match="same derivatives at every call"):
        loss(batches)


def test_the_loss_is_the_same_on_every_device(device: Any) -> None:
    problem = pinn.Problem(PLANE, lambda u, p: u.xxy + dt.ops.sin(u.x) * p.y)
    loss, batches, _ = objective(problem)
    with dt.device("host"):
        on_host, host_batches, _ = objective(problem)
    np.testing.assert_allclose(loss(batches)[0].asnumpy(), on_host(host_batches)[0].asnumpy(), rtol=1e-12)


@pytest.mark.parametrize(
    ("coordinates", "orders", "index"),
    [
        (("r", "th", "rt"), "rth", (1, 1, 0)),
        (("r", "th", "rt"), "rtth", (0, 1, 1)),
        (("r", "th", "rt"), "rtrth", (1, 1, 1)),
        (("x1", "x10"), "x10x1", (1, 1)),
        (("r", "th", "rt"), "rthh", None),
        (("x", "t"), "", None),
    ],
)
def test_a_derivative_was_read_by_the_first_names_that_fit(
    coordinates: tuple[str, ...], orders: str, index: tuple[int, ...] | None
) -> None:
    """`u.rth` was read as a derivative by `rt`, and the `h` was lost."""
    assert read_derivative(orders, coordinates) == index


def test_a_derivative_with_two_readings_is_refused() -> None:
    field = Field("u", ("r", "rt", "tr"), lambda index: dt.Tensor([[float(index[0] + 10 * index[1] + 100 * index[2])]]))
    with pytest.raises(errors.ArgumentError, match="by r, rt or r, tr"):
        getattr(field, "r" + "tr")
    assert field.by("rt", "r") == 11
    assert field.by("r", "tr") == 101


@pytest.mark.parametrize(
    "name", ["value", "level", "shape", "dtype", "device", "name", "by", "primal", "points", "normal_along"]
)
def test_coordinates_with_the_name_of_an_attribute_were_no_derivatives(name: str) -> None:
    with pytest.raises(errors.ArgumentError, match=f"cannot be named '{name}'"):
        pinn.Interval(**{name: (0, 1)})
