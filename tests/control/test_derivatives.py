"""Every transformation of conditions and loops equals that of the same thing written in Python."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from control.programs import NEEDS_REVERSE, PAIRS, TRANSFORMATIONS
from dualtape import ops
from dualtape.errors import TracingError

POINT = np.array([0.4, 0.7])


def agree(got: dt.Tensor, wanted: dt.Tensor, rtol: float = 1e-12) -> None:
    assert got.shape == wanted.shape
    assert got.dtype is wanted.dtype
    scale = max(1.0, float(np.abs(wanted.asnumpy()).max(initial=0)))
    np.testing.assert_allclose(got.asnumpy(), wanted.asnumpy(), rtol=0, atol=rtol * scale)


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_equals_python(pair: str, transformation: str, jitted: bool) -> None:
    ours, by_python = PAIRS[pair]
    transform = TRANSFORMATIONS[transformation]
    x = dt.Tensor(POINT)
    if jitted and pair == "while_loop" and transformation in NEEDS_REVERSE:
        with pytest.raises(TracingError, match="fori_loop"):
            dt.jit(transform(ours))(x)
        return
    run = dt.jit(transform(ours)) if jitted else transform(ours)
    agree(run(x), transform(by_python)(x))


MAPPED = ["value", "jvp", "jet of order 3", "grad", "grad of grad", "jvp of grad", "hessian"]


@pytest.mark.parametrize("transformation", MAPPED)
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_vmap_is_one_example_after_the_other(pair: str, transformation: str, jitted: bool) -> None:
    """The examples choose differently, and repeat a different number of times."""
    ours, by_python = PAIRS[pair]
    transform = TRANSFORMATIONS[transformation]
    examples = dt.Tensor(np.array([[0.4, 0.7], [-0.3, 0.2], [1.5, -0.9]]))
    run = dt.vmap(transform(ours))
    if jitted and pair == "while_loop" and transformation in NEEDS_REVERSE:
        with pytest.raises(TracingError, match="fori_loop"):
            dt.jit(run)(examples)
        return
    wanted = ops.stack([transform(by_python)(x) for x in examples])
    agree((dt.jit(run) if jitted else run)(examples), wanted)


@pytest.mark.parametrize("pair", ["scan", "long", "fori_loop", "cond", "nested"])
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_gradient_and_jvp_of_vmap(pair: str, jitted: bool) -> None:
    ours, by_python = PAIRS[pair]
    examples = dt.Tensor(np.array([[0.4, 0.7], [-0.3, 0.2]]))
    for transformation in ("grad", "jvp", "jet of order 3"):
        transform = TRANSFORMATIONS[transformation]
        run = transform(dt.vmap(ours))
        wanted = transform(lambda xs: ops.stack([by_python(xs[i]) for i in range(2)]))(examples)
        agree((dt.jit(run) if jitted else run)(examples), wanted)


@pytest.mark.parametrize("transformation", ["value", "jvp", "jet of order 3", "grad", "grad of grad"])
@pytest.mark.parametrize("pair", PAIRS)
def test_every_device(pair: str, transformation: str, device: dt.Device) -> None:
    ours, by_python = PAIRS[pair]
    transform = TRANSFORMATIONS[transformation]
    with dt.device("host"):
        wanted = transform(by_python)(dt.Tensor(POINT.astype(np.float32)))
    x = dt.Tensor(POINT.astype(np.float32))
    runs = [transform(ours)]
    if pair != "while_loop" or transformation not in NEEDS_REVERSE:
        runs.append(dt.jit(transform(ours)))
    for run in runs:
        got = run(x)
        assert got.device is device
        agree(got.to("host"), wanted, rtol=1e-4)


def test_a_body_is_traced_once_whatever_the_length_and_the_derivative() -> None:
    calls = []

    def f(x: dt.Tensor, length: int) -> dt.Tensor:
        def step(carry: dt.Tensor, _: None) -> tuple[dt.Tensor, None]:
            calls.append(length)
            return ops.sin(carry * x), None

        return ops.scan(step, x, None, length)[0].sum()

    sizes = []
    for length in (100, 10_000):
        run = dt.jit(dt.grad(lambda x, n=length: dt.grad(lambda x: f(x, n))(x).sum()))
        lowered = run.lower(dt.Tensor(POINT))
        sizes.append(str(lowered.optimised).count("\n"))
    assert calls == [100, 10_000]
    assert sizes[0] == sizes[1]


def test_parameters_in_a_body_are_inputs() -> None:
    w = dt.Parameter(dt.Tensor(np.array([0.5, 1.5])), name="w")

    def loss(x: dt.Tensor) -> dt.Tensor:
        return ops.fori_loop(0, 9, lambda i, y: ops.tanh(y * w) + x, x).sum()

    def by_python(x: dt.Tensor) -> dt.Tensor:
        y = x
        for _ in range(9):
            y = ops.tanh(y * w) + x
        return y.sum()

    x = dt.Tensor(POINT)
    jitted = dt.jit(dt.value_and_grad(loss, 0, [w]))
    for scale in (1.0, 2.0):
        w.set_data(w * scale)
        value, (by_input, by_weight) = jitted(x)
        expected, (expected_by_input, expected_by_weight) = dt.value_and_grad(by_python, 0, [w])(x)
        agree(value, expected)
        agree(by_input, expected_by_input)
        agree(by_weight[0], expected_by_weight[0])


def test_a_value_of_every_level_may_be_used_inside() -> None:
    """Captured: a jet, a variable, an example, a traced value and a constant."""
    constant = dt.Tensor(POINT)

    def f(x: dt.Tensor) -> dt.Tensor:
        def with_loop(a: dt.Tensor, b: dt.Tensor, c: dt.Tensor) -> dt.Tensor:
            return ops.fori_loop(0, 5, lambda i, y: ops.sin(y * a) + b * c * constant, x).sum()

        over_c = dt.vmap(lambda a, b, c: dt.jvp(lambda a: with_loop(a, b, c), a, a)[1], in_axes=(None, None, 0))
        return dt.grad(lambda b: over_c(x, b, ops.stack([x, x * x])).sum())(x * 2)

    agree(dt.jit(f)(dt.Tensor(POINT)), f(dt.Tensor(POINT)))


@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 16, 17])
def test_every_length(length: int, jitted: bool) -> None:
    rows = np.linspace(0.1, 1, length)

    def f(x: dt.Tensor, r: dt.Tensor) -> dt.Tensor:
        last, ys = ops.scan(lambda c, r: (c * r + x, ops.sin(c) * r), x * 2, r)
        return last.sum() + (ys * ys).sum()

    def by_python(x: dt.Tensor, r: dt.Tensor) -> dt.Tensor:
        c, total = x * 2, 0.0
        for i in range(length):
            c, y = c * r[i] + x, ops.sin(c) * r[i]
            total = total + (y * y).sum()
        return c.sum() + total

    run = dt.grad(f, (0, 1))
    arguments = dt.Tensor(POINT), dt.Tensor(rows)
    found = (dt.jit(run) if jitted else run)(*arguments)
    for got, wanted in zip(found, dt.grad(by_python, (0, 1))(*arguments), strict=True):
        agree(got, wanted)


def test_where_zero_wins_no_nan_leaks_from_examples_that_have_stopped() -> None:
    def f(x: dt.Tensor) -> dt.Tensor:
        return ops.while_loop(lambda y: y > 0.5, lambda y: ops.sqrt(y - 0.5), x)

    def slope(x: dt.Tensor) -> dt.Tensor:
        return dt.jvp(f, x, ops.ones_like(x))[1]

    x = dt.Tensor(np.array([0.1, 0.6, 1.4]))
    wanted = ops.stack([slope(x[i]) for i in range(3)])
    agree(dt.jit(dt.vmap(slope))(x), wanted)
    agree(dt.vmap(slope)(x), wanted)
    assert np.isfinite(wanted.asnumpy()).all()
