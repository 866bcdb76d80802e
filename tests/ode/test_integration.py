"""Solutions beside SciPy's, in every mode of running, and what stops an integration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import dualtape as dt
from dualtape import ops
from ode.problems import PROBLEMS, Problem

each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def tensor(x: Any) -> dt.Tensor:
    return dt.Tensor(np.asarray(x), dt.float64)


@each_problem
def test_solution_is_as_near_as_scipys_at_the_same_tolerances(problem: Problem) -> None:
    """At times inside of steps, too; with as many evaluations, but for a quarter and a step."""
    times = np.linspace(0.0, problem.end, 7)
    count = 0

    def counted(t: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
        nonlocal count
        count += 1
        return problem.ours(t, y)

    for tolerance in (1e-4, 1e-7):
        count = 0
        found = dt.ode.integrate(counted, tensor(problem.y0), times, rtol=tolerance, atol=tolerance).asnumpy().T
        options = {"t_eval": times, "method": "RK45"}
        scipys = solve_ivp(problem.numpy, (0, problem.end), problem.y0, rtol=tolerance, atol=tolerance, **options)
        exact = solve_ivp(
            problem.numpy, (0, problem.end), problem.y0, t_eval=times, method="DOP853", rtol=1e-12, atol=1e-13
        )
        assert np.abs(found - exact.y).max() < 2 * np.abs(scipys.y - exact.y).max() + tolerance
        assert count <= 1.25 * scipys.nfev + 6


@pytest.mark.opencl
def test_many_examples_in_one_kernel_are_what_each_is_alone() -> None:
    """From the host, and from the device on which the kernel runs."""
    problem = PROBLEMS["van der pol"]
    run = lambda y: dt.ode.integrate(problem.ours, y, np.linspace(0.0, 2.0, 3), rtol=1e-4, atol=1e-5)
    points = tensor(np.random.default_rng(0).normal(size=(100, 2)))
    together = dt.jit(dt.vmap(run))
    assert "what it repeats runs as 1 kernel of loops on opencl:" in str(dt.explain(together, points))
    alone = np.stack([dt.jit(run)(y).asnumpy() for y in points[:2]])
    for place in dt.devices()[:2]:
        found = together(points.to(place)).asnumpy()
        np.testing.assert_allclose(found[:2], alone, rtol=1e-9, atol=1e-9)


def test_many_examples_outside_jit_have_steps_of_their_own() -> None:
    """A fast one does not shorten the steps of a slow one: its error is what it is alone."""
    run = lambda rate: dt.ode.integrate(lambda t, y: -rate * y, tensor(1.0), [0.0, 1.0], rtol=1e-4)[-1]
    rates = tensor([0.1, 300.0])
    together = dt.vmap(run)(rates).asnumpy()
    np.testing.assert_array_equal(together, [run(rate).item() for rate in rates])


def test_time_may_go_backward_and_the_state_be_a_container() -> None:
    f = lambda t, y: {"q": y["p"], "p": (-y["q"][0],)}
    start = {"q": (tensor([0.0, 1.0]),), "p": tensor([1.0, 0.0])}
    g = lambda t, y: {"q": (y["p"],), "p": -y["q"][0]}
    found = dt.ode.integrate(g, start, [1.0, 0.5, -2.0], rtol=1e-8, atol=1e-10)
    at = np.array([0.0, -0.5, -3.0])
    np.testing.assert_allclose(found["q"][0].asnumpy()[:, 0], np.sin(at), atol=1e-7)
    np.testing.assert_allclose(found["p"].asnumpy()[:, 1], -np.sin(at), atol=1e-7)
    with pytest.raises(TypeError, match="must return slopes arranged as `y0`"):
        dt.ode.integrate(f, start, [0.0, 1.0])


def test_float32_and_matrices() -> None:
    turn = dt.Tensor([[0.0, 1.0], [-1.0, 0.0]])
    found = dt.ode.integrate(lambda t, y: turn @ y, ops.eye(2), [0.0, 1.0], rtol=1e-4)
    assert (found.shape, found.dtype) == ((2, 2, 2), dt.float32)
    np.testing.assert_allclose(found[1].asnumpy()[0], [np.cos(1), np.sin(1)], atol=1e-3)


def test_explicit_time_and_the_first_step() -> None:
    run = lambda **given: dt.ode.integrate(lambda t, y: ops.cos(t) + 0 * y, tensor(0.0), [0.0, 2.0], **given)[-1]
    assert abs(run(rtol=1e-8, atol=1e-10).item() - np.sin(2)) < 1e-8
    assert abs(run(rtol=1e-8, atol=1e-10, first_step=1e-3).item() - np.sin(2)) < 1e-8


ORDERS = {"euler": 1, "midpoint": 2, "rk4": 4}


@pytest.mark.parametrize("method", ORDERS)
def test_fixed_steps_have_their_order(method: str) -> None:
    def error(steps: int) -> float:
        f = lambda t, y: y * ops.cos(t)
        found = dt.ode.integrate(f, tensor(1.0), [0.0, 0.5, 1.0], method=method, steps=steps).asnumpy()
        return float(np.abs(found - np.exp(np.sin([0.0, 0.5, 1.0]))).max())

    assert abs(np.log2(error(8) / error(16)) - ORDERS[method]) < 0.25


def test_leapfrog_keeps_the_energy_of_a_pendulum() -> None:
    f = lambda t, y: (y[1], -ops.sin(y[0]))
    run = dt.jit(lambda q, p: dt.ode.integrate(f, (q, p), np.linspace(0, 100, 51), method="leapfrog", steps=20))
    q, p = (x.asnumpy() for x in run(tensor(2.0), tensor(0.0)))
    energy = p * p / 2 - np.cos(q)
    assert np.abs(energy - energy[0]).max() < 3e-3
    assert abs(energy[-10:].mean() - energy[:10].mean()) < 1e-3


BLOWS_UP = lambda t, y: y * y  # y = 1 / (1 - t)


@pytest.mark.parametrize("wrap", [lambda f: f, dt.jit], ids=["eager", "jit"])
def test_an_integration_that_stops_says_where_and_why(wrap: Callable[..., Any]) -> None:
    run = lambda f, **given: wrap(lambda y: dt.ode.integrate(f, y, [0.0, 2.0], **given))(tensor(1.0))
    with pytest.raises(dt.ode.IntegrationError, match=r"stopped at t = 0.9999\d+, in step \d+ of size .*smaller than"):
        run(BLOWS_UP)
    with pytest.raises(dt.ode.IntegrationError, match=r"stopped at t = 0.0\d+, in step 7 of size .* than `max_steps`"):
        run(lambda t, y: -100 * y, max_steps=7)
    with pytest.raises(dt.ode.IntegrationError, match=r"stopped at t = 0, in step 0 of size .* is not finite"):
        run(lambda t, y: y / (y - 1))
    with pytest.raises(dt.ode.IntegrationError, match=r"stopped at t = 1\b.*not finite|stopped at t = 0.99.*"):
        run(lambda t, y: ops.sqrt(1 - t) + 0 * y, rtol=1e-6)


def test_of_many_examples_the_first_that_fails_is_named_or_nan() -> None:
    starts = tensor([0.1, 1.0, 0.2, 3.0])
    run = lambda **given: dt.vmap(lambda y: dt.ode.integrate(BLOWS_UP, y, [0.0, 2.0], **given)[-1])(starts)
    with pytest.raises(dt.ode.IntegrationError, match=r"integration of example 1 stopped .*\(2 of 4 examples failed\)"):
        run()
    found = run(on_failure="nan").asnumpy()
    assert np.isnan(found).tolist() == [False, True, False, True]
    np.testing.assert_allclose(found[[0, 2]], [0.1 / 0.8, 0.2 / 0.6], rtol=1e-2)


def test_times_in_disorder_are_refused_when_they_are_known_and_when_they_are_not() -> None:
    run = lambda ts: dt.ode.integrate(lambda t, y: -y, tensor(1.0), ts)
    with pytest.raises(ValueError, match=r"1 is followed by 0\.5"):
        run([0.0, 1.0, 0.5, 2.0])
    with pytest.raises(ValueError, match="must be finite"):
        run([0.0, np.inf])
    with pytest.raises(dt.ode.IntegrationError, match="must go in one direction"):
        dt.jit(run)(tensor([0.0, 1.0, 0.5, 2.0]))


Y = dt.Tensor([1.0, 2.0])
REFUSED: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "another shape": ({"f": lambda t, y: y[0]}, ValueError, r"has shape \(\); expected the state's, \(2,\)"),
    "another type": ({"f": lambda t, y: y.astype(dt.float64)}, TypeError, "is of Float64; expected the state's type"),
    "a number": ({"f": lambda t, y: 1.0}, TypeError, "must be a Tensor, got float"),
    "no function": ({"f": 1}, TypeError, "integrate"),
    "integers": ({"y0": dt.Tensor([1, 2])}, TypeError, "must be of Float32 or Float64"),
    "two types": ({"y0": (Y, tensor(1.0))}, TypeError, "got Float32, Float64"),
    "nothing": ({"y0": ()}, ValueError, "holds no Tensor"),
    "one time": ({"ts": [0.0]}, ValueError, "two times or more"),
    "finer times": ({"ts": tensor([0.0, 1.0])}, TypeError, "`ts` of `integrate` is of Float64"),
    "arguments in a list": ({"args": [1.0]}, TypeError, "must be a tuple"),
    "a method": ({"method": "dopri8"}, ValueError, "`method`"),
    "an adjoint": ({"adjoint": "none"}, ValueError, "`adjoint`"),
    "a tolerance": ({"rtol": 1e-9}, ValueError, "beyond Float32; expected at least 1.2e-05"),
    "no tolerance": ({"rtol": 0.0}, ValueError, "`rtol`"),
    "no steps": ({"max_steps": 0}, ValueError, "at least 1"),
    "steps of no size": ({"method": "rk4", "steps": 0}, ValueError, "at least 1"),
    "steps of an adaptive method": ({"steps": 5}, ValueError, "methods with fixed steps"),
    "no pair": ({"method": "leapfrog"}, TypeError, "a pair"),
}


@pytest.mark.parametrize(("given", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refusals(given: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        dt.ode.integrate(**({"f": lambda t, y: -y, "y0": Y, "ts": [0.0, 1.0]} | given))
