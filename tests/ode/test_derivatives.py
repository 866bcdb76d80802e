"""Derivatives of solutions by everything they depend on: both adjoints and forward mode, against finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.testing import check_derivatives

WEIGHTS = np.array([[1.0, 2.0], [0.5, 0.3], [-1.0, 0.7]])


def swing(t: dt.Tensor, y: dt.Tensor, given: dict[str, dt.Tensor]) -> dt.Tensor:
    """Van der Pol's equation with a force that depends on time."""
    return ops.stack([y[1], given["mu"] * (1 - y[0] * y[0]) * y[1] - y[0] + ops.cos(given["w"] * t)])


def measured(y0: dt.Tensor, ts: dt.Tensor, mu: dt.Tensor, w: dt.Tensor, **how: Any) -> dt.Tensor:
    options = {"rtol": 1e-6, "atol": 1e-6, "max_steps": 200} | how
    ys = dt.ode.integrate(swing, y0, ts, ({"mu": mu, "w": w},), **options)
    return (ys * dt.Tensor(WEIGHTS, dt.float64)).sum()


def arguments() -> tuple[dt.Tensor, ...]:
    return tuple(dt.Tensor(np.asarray(x), dt.float64) for x in ([2.0, 0.1], [0.2, 0.6, 1.2], 1.5, 0.7))


@pytest.fixture(scope="module")
def differences() -> list[np.ndarray]:
    """Of solutions to much smaller tolerances, by each number that they depend on."""
    value = dt.jit(lambda *x: measured(*x, rtol=1e-11, atol=1e-12, max_steps=2000))
    found = []
    for i, x in enumerate(arguments()):
        slopes = np.zeros(x.shape)
        for place in np.ndindex(x.shape):
            near = []
            for step in (1e-4, -1e-4):
                moved = list(arguments())
                array = moved[i].asnumpy().copy()
                array[place] += step
                moved[i] = dt.Tensor(array)
                near.append(value(*moved).item())
            slopes[place] = (near[0] - near[1]) / 2e-4
        found.append(slopes)
    return found


MODES: dict[str, Callable[..., Any]] = {
    "discrete": lambda f: dt.grad(f, (0, 1, 2, 3)),
    "discrete in jit": lambda f: dt.jit(dt.grad(f, (0, 1, 2, 3))),
    "continuous": lambda f: dt.grad(lambda *x: f(*x, adjoint="continuous"), (0, 1, 2, 3)),
    "continuous in jit": lambda f: dt.jit(dt.grad(lambda *x: f(*x, adjoint="continuous"), (0, 1, 2, 3))),
    "forward": lambda f: dt.jacfwd(f, (0, 1, 2, 3)),
}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_gradients_are_finite_differences(mode: Callable[..., Any], differences: list[np.ndarray]) -> None:
    for found, expected in zip(mode(measured)(*arguments()), differences, strict=True):
        np.testing.assert_allclose(found.asnumpy(), expected, rtol=2e-4, atol=2e-4)


def test_the_discrete_adjoint_is_the_derivative_of_the_steps_in_every_mode() -> None:
    """To rounding, at tolerances that are far from exact; and the gradient of many examples is that of each."""
    loose = lambda y0, mu: measured(y0, arguments()[1], mu, arguments()[3], rtol=1e-3, atol=1e-3)
    y0, mu = arguments()[0], arguments()[2]
    expected = [x.asnumpy() for x in dt.grad(loose, (0, 1))(y0, mu)]
    forward = dt.jit(lambda mu: dt.jvp(lambda mu: loose(y0, mu), mu, ops.ones_like(mu))[1])(mu)
    np.testing.assert_allclose(forward.item(), expected[1], rtol=1e-9)
    each = dt.jit(dt.vmap(dt.grad(loose, (0, 1)), in_axes=(0, None)))(ops.stack([y0, -y0]), mu)
    for x, y in zip(each, expected, strict=True):
        np.testing.assert_allclose(x.asnumpy()[0], y, rtol=1e-9, atol=1e-10)


def test_second_derivatives_outside_and_inside_jit() -> None:
    """Of y' = -k y^2, y(0) = 1: y(t) = 1 / (1 + k t), with y_kk = 2 t^2 / (1 + k t)^3."""
    last = lambda k: dt.ode.integrate(
        lambda t, y, k: -k * y * y, dt.Tensor(1.0, dt.float64), [0.0, 1.0], (k,), rtol=1e-8, atol=1e-8, max_steps=64
    )[-1]
    k, one = dt.Tensor(0.7, dt.float64), dt.Tensor(1.0, dt.float64)
    expected = 2 / 1.7**3
    assert abs(dt.grad(dt.grad(last))(k).item() - expected) < 1e-5
    assert abs(dt.jit(lambda k: dt.jvp(dt.grad(last), k, one)[1])(k).item() - expected) < 1e-5


def test_weights_of_a_network_are_found_by_the_discrete_adjoint() -> None:
    net = dt.nn.Dense(2, 2)
    y0 = dt.Tensor([1.0, -0.5])
    loss = lambda: (dt.ode.integrate(lambda t, y: ops.tanh(net(y)), y0, [0.0, 1.0], max_steps=40)[-1] ** 2).sum()
    eager = dt.grad(loss, None, net.trainable_params())()
    jitted = dt.jit(lambda: dt.grad(loss, None, net.trainable_params())())()
    for x, y in zip(eager, jitted, strict=True):
        assert np.abs(x.asnumpy()).max() > 0
        np.testing.assert_allclose(y.asnumpy(), x.asnumpy(), rtol=1e-4, atol=1e-6)


def test_the_continuous_adjoint_finds_weights_that_are_no_arguments() -> None:
    """Those of a network and a tensor from outside, alone and beside an argument: as if they were arguments."""
    net, y0 = dt.nn.Dense(2, 2), dt.Tensor([1.0, -0.5])
    weights, k = net.trainable_params(), dt.Tensor(0.7)
    how: dict[str, Any] = {"adjoint": "continuous", "rtol": 1e-2, "atol": 1e-2}
    last = lambda y0, k: dt.ode.integrate(lambda t, y: k * ops.tanh(net(y)), y0, [0.0, 1.0], **how)[-1].sum()
    given = lambda t, y, k, w, b: k * ops.tanh(ops.matmul(y, w.T) + b)
    expected = dt.grad(lambda y0, *args: dt.ode.integrate(given, y0, [0.0, 1.0], args, **how)[-1].sum(), (0, 1, 2, 3))(
        y0, k, *(dt.Tensor(w.asnumpy()) for w in weights)
    )
    for around in (lambda f: f, dt.jit):
        alone = around(dt.grad(lambda: last(y0, k), None, weights))()
        of_k = around(dt.grad(lambda k: last(y0, k)))(k)
        of_y0, beside = around(dt.grad(lambda y0: last(y0, k), 0, weights))(y0)
        for found, x in zip([of_y0, of_k, *alone, *beside], [*expected, *expected[2:]], strict=True):
            np.testing.assert_allclose(found.asnumpy(), x.asnumpy(), rtol=1e-5, atol=1e-6)


def test_the_continuous_adjoint_refuses_what_it_does_not_see() -> None:
    """A weight of a function that looks at its numbers; and forward mode, by arguments and by what is captured."""
    y0, one = dt.Tensor([1.0, -0.5]), dt.Tensor(1.0)
    last = lambda f, y0: dt.ode.integrate(f, y0, [0.0, 1.0], adjoint="continuous")[-1].sum()
    branching = lambda k: last(lambda t, y: k * y if t.item() < 0.5 else y, y0)
    with pytest.raises(ValueError, match="pass it as an argument"):
        dt.grad(branching)(one)
    for around in (lambda f: f, dt.jit):
        with pytest.raises(TypeError, match="forward mode through `integrate"):
            around(lambda y0: dt.jvp(lambda y0: last(lambda t, y: -y, y0), y0, y0))(y0)
        with pytest.raises(TypeError, match="forward mode through `integrate"):
            around(lambda k: dt.jvp(lambda k: last(lambda t, y: -k * y, y0), k, one))(one)


@pytest.mark.parametrize("method", ["rk4", "leapfrog"])
def test_fixed_steps_have_every_derivative(method: str) -> None:
    def last(q: dt.Tensor, p: dt.Tensor, k: dt.Tensor, end: dt.Tensor) -> dt.Tensor:
        f = lambda t, y, k: (y[1], -k * ops.sin(y[0]))
        ts = ops.stack([0 * end, end])
        q, p = dt.ode.integrate(f, (q, p), ts, (k,), method=method, steps=3)
        return q[-1] + 2 * p[-1]

    check_derivatives(last, *(dt.Tensor(x, dt.float64) for x in (0.5, 0.3, 2.0, 0.8)), order=2)


def test_a_solution_that_failed_has_no_gradient_but_an_error() -> None:
    late = lambda y: dt.ode.integrate(lambda t, y: y * y, y, [0.0, 2.0])[-1]
    with pytest.raises(dt.ode.IntegrationError, match="smaller than what two times"):
        dt.grad(late)(dt.Tensor(1.0, dt.float64))
