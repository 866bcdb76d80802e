"""Laws of differentiation, on random programs of random shapes."""

from __future__ import annotations

from math import prod

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from drawn import Call, assert_close, calls, scalar_calls, seeded_directions, seeds
from dualtape import ops
from dualtape.testing import check_derivatives
from dualtape.testing.modes import gradient, inner, nested_duals, taylor
from dualtape.testing.strategies import multi_indices, points, programs


@given(calls())
def test_forward_reverse_and_taylor_agree_with_finite_differences_and_the_complex_step(call: Call) -> None:
    check_derivatives(call.f, *call.x, jit=False)


@given(calls(inputs=1, max_steps=3))
def test_third_derivatives(call: Call) -> None:
    check_derivatives(call.f, *call.x, order=3, jit=False)


@given(calls(dtype=dt.float32), st.sampled_from([dt.float32, dt.float16]))
def test_narrow_types_agree_with_float64(call: Call, dtype: dt.dtype.DType) -> None:
    narrow = call.to("host", dtype)
    check_derivatives(narrow.f, *narrow.x, order=2 if dtype is dt.float32 else 1, jit=False)


@given(calls(), seeds)
def test_reverse_is_the_transpose_of_forward(call: Call, seed: int) -> None:
    """<w, Jv> = <J'w, v>."""
    v = seeded_directions(call.x, seed)
    tangents = nested_duals(call.results, call.x, [v])
    w = seeded_directions(tangents, seed + 1)
    pulled = gradient(lambda x: inner(call.results(x), w), call.x)
    pairs = [*zip(tangents, w, strict=True), *zip(pulled, v, strict=True)]
    scale = sum(float(ops.sum(ops.abs(a * b))) for a, b in pairs)
    assert abs(float(inner(tangents, w)) - float(inner(pulled, v))) <= 1e-13 * max(scale, 1.0)


@given(calls(), st.floats(-2, 2), seeds)
def test_tangent_map_is_linear(call: Call, factor: float, seed: int) -> None:
    v, w = seeded_directions(call.x, seed), seeded_directions(call.x, seed + 1)
    combined = [a * factor + b for a, b in zip(v, w, strict=True)]
    parts = zip(call.derivative([v]), call.derivative([w]), strict=True)
    for i, (got, (a, b)) in enumerate(zip(call.derivative([combined]), parts, strict=True)):
        rounding = lambda i=i: (1 + abs(factor)) * (call.rounding([v])[i] + call.rounding([w])[i])
        assert_close(got, a * factor + b, 1e-12, rounding)


@given(st.data(), calls(max_steps=3), seeds)
def test_chain_rule(data: st.DataObject, call: Call, seed: int) -> None:
    """The derivative of f(g(x)) along v is that of f at g(x) along the derivative of g along v."""
    g = lambda x: [ops.sin(y) for y in call.results(list(x))]
    v = seeded_directions(call.x, seed)
    middle = g(call.x)
    outer = data.draw(programs(inputs=[y.shape for y in middle], max_steps=2), label="f")
    f = Call(outer, middle)
    slopes = nested_duals(g, call.x, [v])
    whole = nested_duals(lambda x: f.results(g(x)), call.x, [v])
    for got, expected in zip(whole, f.derivative([slopes]), strict=True):
        assert_close(got, expected, 1e-12)


@given(calls(max_steps=3), multi_indices(2, 4).filter(any))
def test_mixed_partials_commute_and_are_taylor_coefficients(call: Call, index: tuple[int, int]) -> None:
    v, w = seeded_directions(call.x, 1), seeded_directions(call.x, 2)
    along = [v] * index[0] + [w] * index[1]
    expected = call.derivative(along)
    coefficients = taylor(call.results, call.x, along)
    turned = call.derivative(along[::-1])
    for i, (got, a, b) in enumerate(zip(expected, turned, coefficients, strict=True)):
        assert_close(a, got, 1e-9, lambda i=i: call.rounding(along)[i])
        assert_close(b, got, 1e-9, lambda i=i: call.rounding(along)[i])


@given(scalar_calls(inputs=1))
def test_hessian_is_symmetric_and_the_same_in_every_mode(call: Call) -> None:
    (x,) = call.x
    n = prod(x.shape)
    expected = np.asarray(dt.hessian(call.f)(x)).reshape(n, n)
    assert_close(expected.T, expected, 1e-11)
    assert_close(np.asarray(dt.jacfwd(dt.grad(call.f))(x)).reshape(n, n), expected, 1e-11)
    assert_close(np.asarray(dt.jacrev(dt.grad(call.f))(x)).reshape(n, n), expected, 1e-11)


@given(calls(), calls())
def test_derivative_of_a_sum_is_the_sum_of_derivatives(one: Call, other: Call) -> None:
    both = [*one.x, *other.x]
    n = len(one.x)
    total = gradient(lambda x: one.loss(*x[:n]) + other.loss(*x[n:]), both)
    parts = [*gradient(lambda x: one.loss(*x), one.x), *gradient(lambda x: other.loss(*x), other.x)]
    for got, expected in zip(total, parts, strict=True):
        assert_close(got, expected, 1e-13)


@given(st.data(), scalar_calls(inputs=2), st.integers(1, 3))
def test_gradient_over_blocks_is_the_sum_of_gradients(data: st.DataObject, call: Call, blocks: int) -> None:
    """As in training: the same weights, the points in blocks."""
    weights, _ = call.x
    found = [data.draw(points(call.f))[1] for _ in range(blocks)]
    total = dt.grad(lambda w: sum((call.f(w, block) for block in found[1:]), call.f(w, found[0])))(weights)
    parts = [dt.grad(call.f)(weights, block).asnumpy() for block in found]
    assert_close(total, np.sum(parts, axis=0), 1e-12)
    together = dt.grad(lambda w: dt.vmap(call.f, in_axes=(None, 0))(w, ops.stack(found)).sum())(weights)
    assert_close(together, total, 1e-11)
