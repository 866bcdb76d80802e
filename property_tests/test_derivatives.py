"""Laws of differentiation, on random expressions of random shapes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from dualtape import ops
from dualtape.testing import check_derivatives
from dualtape.testing.modes import Tensors, gradient, inner, nested_duals, taylor
from dualtape.testing.strategies import multi_indices, tensors
from expressions import Expression, expressions, problems

Problem = tuple[Expression, list[dt.Tensor]]


def direction(x: Tensors, seed: int) -> Tensors:
    numbers = np.random.default_rng(seed)
    return [dt.Tensor(numbers.integers(-9, 10, a.shape) / 10) for a in x]


def derivative(f: Expression, x: Tensors, along: list[Tensors]) -> np.ndarray:
    return nested_duals(lambda a: [f(*a)], x, along)[0].asnumpy()


def assert_close(got: np.ndarray, expected: np.ndarray, rtol: float) -> None:
    scale = max(float(np.abs(expected).max(initial=0)), 1.0)
    np.testing.assert_allclose(got, expected, rtol=0, atol=rtol * scale)


@given(problems())
def test_forward_reverse_and_taylor_agree_with_finite_differences(problem: Problem) -> None:
    f, x = problem
    check_derivatives(f, *x, rtol=1e-10)


@given(problems(), st.integers(0, 99))
def test_reverse_is_the_transpose_of_forward(problem: Problem, seed: int) -> None:
    f, x = problem
    v = direction(x, seed)
    (tangent,) = nested_duals(lambda a: [f(*a)], x, [v])
    w = direction([tangent], seed + 1)
    pulled = gradient(lambda a: inner([f(*a)], w), x)
    scale = sum(float(ops.sum(ops.abs(a * b))) for a, b in [(tangent, w[0]), *zip(pulled, v, strict=True)])
    assert abs(float(inner([tangent], w)) - float(inner(pulled, v))) <= 1e-13 * max(scale, 1.0)


@given(problems(), st.floats(-2, 2), st.integers(0, 99))
def test_tangent_map_is_linear(problem: Problem, factor: float, seed: int) -> None:
    f, x = problem
    v, w = direction(x, seed), direction(x, seed + 1)
    combined = [a * factor + b for a, b in zip(v, w, strict=True)]
    expected = derivative(f, x, [v]) * factor + derivative(f, x, [w])
    assert_close(derivative(f, x, [combined]), expected, 1e-13)


@given(expressions(1, 3), expressions(1, 3), tensors((3,), elements=(-1.5, 1.5), away_from=(0.1,)), st.integers(0, 99))
def test_chain_rule(f: Expression, g: Expression, x: dt.Tensor, seed: int) -> None:
    """The derivative of f(g(x)) along v is that of f at g(x) along the derivative of g along v."""
    v = direction([x], seed)
    middle, slope = dt.jvp(g, x, v[0])
    assert_close(dt.jvp(lambda x: f(g(x)), x, v[0])[1].asnumpy(), dt.jvp(f, middle, slope)[1].asnumpy(), 1e-13)


@given(problems(max_leaves=4), multi_indices(2, 4).filter(any))
def test_mixed_partials_commute_and_are_taylor_coefficients(problem: Problem, index: tuple[int, int]) -> None:
    f, x = problem
    v, w = direction(x, 1), direction(x, 2)
    along = [v] * index[0] + [w] * index[1]
    expected = derivative(f, x, along)
    assert_close(derivative(f, x, along[::-1]), expected, 1e-10)
    assert_close(taylor(lambda a: [f(*a)], x, along)[0].asnumpy(), expected, 1e-10)


@given(problems())
def test_same_call_twice_is_bit_identical(problem: Problem) -> None:
    f, x = problem
    run = lambda: gradient(lambda a: ops.sum(f(*a)), x)
    for first, second in zip(run(), run(), strict=True):
        assert first.asnumpy().tobytes() == second.asnumpy().tobytes()


@given(problems(), problems())
def test_derivative_of_a_sum_is_the_sum_of_derivatives(one: Problem, other: Problem) -> None:
    (f, x), (g, _) = one, other
    total = gradient(lambda a: ops.sum(f(*a)) + ops.sum(g(*a)), x)
    parts = zip(gradient(lambda a: ops.sum(f(*a)), x), gradient(lambda a: ops.sum(g(*a)), x), strict=True)
    for got, (a, b) in zip(total, parts, strict=True):
        assert_close(got.asnumpy(), (a + b).asnumpy(), 1e-13)
