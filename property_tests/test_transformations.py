"""What transformations keep, and what they may be nested in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import dualtape as dt
from drawn import Call, assert_close, assert_same_bits, calls, scalar_calls, seeded_directions, seeds
from dualtape import ops
from dualtape.testing.modes import Tensors, gradient, inner, nested_duals
from dualtape.testing.strategies import points


@given(st.data(), calls(smooth=False), st.integers(1, 3))
def test_vmap_is_a_loop(data: st.DataObject, call: Call, size: int) -> None:
    """Over the arguments that have an axis of examples, with the others the same for all."""
    axes = data.draw(st.lists(st.sampled_from([0, -1, None]), min_size=len(call.x), max_size=len(call.x)), label="axes")
    axes[0] = axes[0] or 0
    examples = [call.x, *(data.draw(points(call.f)) for _ in range(size - 1))]
    stacked = [
        x if axis is None else ops.stack([example[i] for example in examples], axis)
        for i, (x, axis) in enumerate(zip(call.x, axes, strict=True))
    ]
    together = dt.vmap(lambda *x: tuple(call.results(list(x))), in_axes=tuple(axes))(*stacked)
    for n, example in enumerate(examples):
        one = [x if axis is None else y for x, y, axis in zip(call.x, example, axes, strict=True)]
        for got, expected in zip(together, call.results(one), strict=True):
            assert_close(got.asnumpy()[n], expected, 1e-13)


@given(st.data(), scalar_calls(inputs=2), st.integers(1, 2))
def test_gradients_of_examples_at_once(data: st.DataObject, call: Call, size: int) -> None:
    examples = [call.x, *(data.draw(points(call.f)) for _ in range(size - 1))]
    stacked = [ops.stack([example[i] for example in examples]) for i in range(len(call.x))]
    together = dt.vmap(dt.grad(call.f, call.everything))(*stacked)
    for n, example in enumerate(examples):
        for got, expected in zip(together, dt.grad(call.f, call.everything)(*example), strict=True):
            assert_close(got.asnumpy()[n], expected, 1e-12)


@given(calls(smooth=False))
def test_checkpoint_is_the_plain_function_bit_by_bit(call: Call) -> None:
    plain = dt.value_and_grad(call.loss, call.everything)(*call.x)
    kept = dt.value_and_grad(dt.checkpoint(call.loss), call.everything)(*call.x)
    for got, expected in zip((kept[0], *kept[1]), (plain[0], *plain[1]), strict=True):
        assert_same_bits(got, expected)


@given(calls(), seeds)
def test_checkpoint_under_forward_mode(call: Call, seed: int) -> None:
    v = seeded_directions(call.x, seed)
    again = dt.checkpoint(lambda *x: tuple(call.results(list(x))))
    for along in ([v], [v, v]):
        got = nested_duals(lambda x: list(again(*x)), call.x, along)
        for i, (a, b) in enumerate(zip(got, call.derivative(along), strict=True)):
            assert_close(a, b, 1e-12, lambda i=i, along=along: call.rounding(along)[i])


@given(calls(smooth=False), seeds)
def test_same_call_twice_is_bit_identical(call: Call, seed: int) -> None:
    v = seeded_directions(call.x, seed)

    def run() -> list[np.ndarray]:
        values = [y.asnumpy() for y in call.results(call.x)]
        return [*values, *(g.asnumpy() for g in gradient(lambda x: call.loss(*x), call.x)), *call.derivative([v, v])]

    for first, second in zip(run(), run(), strict=True):
        assert_same_bits(first, second)


@given(calls(), seeds)
def test_linearize_is_forward_mode(call: Call, seed: int) -> None:
    v = seeded_directions(call.x, seed)
    values, push = dt.linearize(lambda *x: tuple(call.results(list(x))), *call.x)
    for got, expected in zip(values, call.results(call.x), strict=True):
        assert_same_bits(got, expected)
    for i, (got, expected) in enumerate(zip(push(*v), call.derivative([v]), strict=True)):
        assert_close(got, expected, 1e-12, lambda i=i: call.rounding([v])[i])


Scalar = Callable[..., dt.Tensor]

# Each takes a function of numbers from tensors and a direction: three give its derivative along it, the
# others give back the function itself.
DERIVATIVES: dict[str, Callable[[Scalar, Tensors], Scalar]] = {
    "grad": lambda h, v: lambda *x: inner(gradient(lambda a: h(*a), list(x)), v),
    "jvp": lambda h, v: lambda *x: dt.jvp(h, x, tuple(v))[1],
    "vjp": lambda h, v: lambda *x: inner(list(dt.vjp(h, *x)[1](dt.ops.ones((), dt.float64))), v),
}
NEUTRAL: dict[str, Callable[[Scalar], Scalar]] = {
    "checkpoint": dt.checkpoint,
    "jit": dt.jit,
    "vmap": lambda h: lambda *x: dt.vmap(h)(*(ops.expand_dims(a, 0) for a in x)).sum(),
}
words = st.lists(st.sampled_from(sorted(DERIVATIVES) + sorted(NEUTRAL)), min_size=2, max_size=4).filter(
    lambda word: 1 <= sum(name in DERIVATIVES for name in word) <= 3
)


@given(scalar_calls(inputs=2, max_steps=3), words)
def test_transformations_nest_in_any_order(call: Call, word: list[str]) -> None:
    h: Scalar = call.f
    along: list[Tensors] = []
    for name in word:
        if name in NEUTRAL:
            h = NEUTRAL[name](h)
        else:
            along.append(seeded_directions(call.x, len(along)))
            h = DERIVATIVES[name](h, along[-1])
    (expected,) = call.derivative(along)
    assert_close(h(*call.x), expected, 1e-10, lambda: call.rounding(along)[0])
