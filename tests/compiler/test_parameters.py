"""Parameters under `jit` are what they are eagerly, whoever reads and sets them, and whatever becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.errors import ArgumentError, ArgumentTypeError, DeviceError, ShapeError, TracingError

P = dt.Parameter(dt.Tensor([2.0]), name="p")
Q = dt.Parameter(dt.Tensor([1.0]), name="q")
X, FIVE, SEVEN = dt.Tensor([3.0]), dt.Tensor([5.0]), dt.Tensor([7.0])


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    yield
    for parameter, value in ((P, 2.0), (Q, 1.0)):
        parameter.move_to("host").set_dtype(dt.float32).set_data(dt.Tensor([value]), slice_shape=True)


def setting(parameter: dt.Parameter, value: Any) -> Callable[[dt.Tensor], dt.Tensor]:
    def function(x: dt.Tensor) -> dt.Tensor:
        before = parameter * 1.0
        parameter.set_data(value)
        return (before * x + P * x + Q).sum()

    return function


def inside_of_itself(x: dt.Tensor) -> Any:
    P.set_data(FIVE)

    def outer(x: dt.Tensor) -> dt.Tensor:
        P.set_data(SEVEN)
        value, _ = dt.value_and_grad(setting(P, dt.Tensor([9.0])), None, [Q])(x)
        return (P * x).sum() + value

    return dt.value_and_grad(outer, None, [P])(x), P * 1.0


CASES = {
    "its own derivative": lambda: dt.value_and_grad(setting(P, FIVE), None, [P]),
    "by an argument": lambda: dt.value_and_grad(setting(P, FIVE), 0),
    "another one's derivative": lambda: dt.value_and_grad(setting(P, FIVE), None, [Q]),
    "both": lambda: dt.value_and_grad(setting(P, FIVE), None, [P, Q]),
    "read afterwards": lambda: lambda x: (dt.grad(setting(P, FIVE), None, [P])(x), P * 1.0),
    "set before and inside": lambda: lambda x: (P.set_data(SEVEN) * x, dt.grad(setting(P, FIVE), None, [P])(x), P * x),
    "second derivative": lambda: dt.grad(lambda x: dt.grad(setting(P, FIVE), None, [P])(x)[0].sum() * (P * x).sum()),
    "in each other": lambda: inside_of_itself,
}


def seen(run: Callable[[dt.Tensor], Any]) -> Any:
    P.set_data(dt.Tensor([2.0]))
    Q.set_data(dt.Tensor([1.0]))
    return dt.pytree.map(lambda leaf: leaf.tolist(), (run(X), P.value(), Q.value()))


@pytest.mark.parametrize("name", CASES)
def test_setting_one_that_is_being_differentiated(name: str) -> None:
    expected = seen(CASES[name]())
    jitted = dt.jit(CASES[name]())
    assert seen(jitted) == expected
    assert seen(jitted) == expected


def test_its_value_and_slope() -> None:
    """2 * 3 + 5 * 3 + 1, of which the derivative is that of what was read before."""
    value, (slope,) = dt.jit(CASES["its own derivative"]())(X)
    assert (value.item(), slope.item(), P.value().item()) == (22, 3, 2)


def doubling(x: dt.Tensor) -> dt.Tensor:
    """Gives the sum of x and P, and doubles P."""
    y = x + P
    P.set_data(2 * P)
    return y


def both(x: dt.Tensor) -> dt.Tensor:
    y = doubling(x)
    Q.set_data(Q + P * x.sum())
    return y * Q


LOOPS: dict[str, Callable[[dt.Tensor], Any]] = {
    "a constant": lambda x: ops.fori_loop(0, 2, lambda i, x: (P.set_data(FIVE), x + P)[1], x),
    "loop": lambda x: ops.fori_loop(0, 3, lambda i, x: doubling(x), x),
    "loop of a length that is not known": lambda x: ops.fori_loop(0, x.sum().astype(dt.int64), lambda i, x: both(x), x),
    "of no steps": lambda x: ops.fori_loop(3, 3, lambda i, x: doubling(x), x),
    "set before": lambda x: (P.set_data(SEVEN), ops.fori_loop(0, 2, lambda i, x: doubling(x), x) * P)[1],
    "two": lambda x: (ops.fori_loop(0, 3, lambda i, x: both(x), x), P * Q),
    "with the index": lambda x: ops.fori_loop(0, 4, lambda i, x: (P.set_data(P + i), x * P)[1], x),
    "while": lambda x: ops.while_loop(lambda x: (x < 30).all(), both, x),
    "while P is small": lambda x: ops.while_loop(lambda x: (P < 30).all(), both, x),
    "scan": lambda x: ops.scan(lambda c, row: (doubling(c), row * P), x, x),
    "in each other": lambda x: ops.fori_loop(0, 2, lambda i, x: ops.fori_loop(0, 3, lambda j, x: both(x), x), x),
    "a step of an optimizer": lambda x: ops.fori_loop(0, 5, lambda i, x: (trained(x), x)[1], x),
    "by an argument": lambda x: dt.grad(lambda x: ops.fori_loop(0, 2, lambda i, x: x * x * Q, x).sum())(x) * P,
    "read in a derivative": lambda x: ops.fori_loop(
        0, 3, lambda i, x: (P.set_data(dt.grad(lambda y: (y * y * P).sum())(x)), x + P)[1], x
    ),
}


def trained(x: dt.Tensor) -> None:
    step = dt.optim.SGD([P, Q], 0.01)
    step(dt.grad(lambda x: (P * x * Q).sum(), None, [P, Q])(x))


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_sets_parameters_step_by_step(name: str) -> None:
    expected = seen(LOOPS[name])
    jitted = dt.jit(LOOPS[name])
    assert seen(jitted) == expected
    assert seen(jitted) == expected


def scaled_by_p(x: dt.Tensor) -> dt.Tensor:
    return dt.custom_derivative(lambda x: x * P, jvp=lambda x, t: t[0] * P)(x)


def test_a_rule_of_a_step_that_sets_what_it_may_read_has_no_derivative_from_outside() -> None:
    """It would read the value from before the loop: a wrong number."""
    loop = lambda x: ops.fori_loop(0, 2, lambda i, x: (P.set_data(P + 1), scaled_by_p(x))[1], x)
    push = lambda x: dt.jvp(loop, x, ops.ones_like(x))
    assert push(X)[1].tolist() == [12.0] * X.size
    P.set_data(dt.Tensor([2.0]))
    with pytest.raises(TracingError, match="a loop inside `jit` that sets Parameters"):
        dt.jit(push)(X)
    assert P.value().item() == 2


def test_a_rule_of_a_step_has_a_derivative_inside_of_it() -> None:
    def step(i: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        P.set_data(P + 1)
        inner = lambda x: ops.fori_loop(0, 2, lambda j, x: scaled_by_p(x), x)
        return x + 0.125 * dt.jvp(inner, x, ops.ones_like(x))[1]

    run = lambda x: ops.fori_loop(0, 2, step, x)
    expected = seen(run)
    assert seen(dt.jit(run)) == expected


@pytest.mark.parametrize("loop", [
    lambda x: ops.fori_loop(0, 20, lambda i, x: scaled_by_p(x) * 0.6, x),
    lambda x: ops.scan(lambda c, _: (scaled_by_p(c) * 0.6, c), x, None, 3)[0],
    lambda x: ops.cond((x > 0).all(), scaled_by_p, lambda x: x * Q, x),
])  # fmt: skip
def test_a_rule_that_reads_parameters_is_pulled_back(loop: Callable[[dt.Tensor], dt.Tensor]) -> None:
    gradient = dt.grad(lambda x: loop(x).sum())
    assert dt.jit(gradient)(X).tolist() == pytest.approx(gradient(X).tolist(), rel=1e-5)


def test_a_scan_of_no_steps_sets_nothing() -> None:
    for body in (lambda c, _: (P.set_data(P * 2), (c, c))[1], lambda c, _: (P.set_data(c.sum().reshape(1)), (c, c))[1]):
        for run in (ops.scan, dt.jit(lambda f, c, xs, n: ops.scan(f, c, xs, n))):
            last, rows = run(body, X, None, 0)
            assert last.tolist() == X.tolist()
            assert rows.shape == (0, *X.shape)
            assert P.value().item() == 2


def test_what_a_loop_sets_cannot_depend_on_what_is_being_differentiated() -> None:
    run = lambda x: dt.grad(lambda x: ops.fori_loop(0, 2, lambda i, x: (P.set_data(x), x * x)[1], x).sum())(x)
    with pytest.raises(ArgumentTypeError, match="is being differentiated"):
        dt.jit(run)(X)
    assert P.value().item() == 2


@pytest.mark.parametrize(
    "body",
    [
        lambda x: ops.cond((x > 0).all(), lambda x: (P.set_data(FIVE), x)[1], lambda x: x, x),
        lambda x: ops.while_loop(lambda x: (P.set_data(FIVE), (x < 9).all())[1], lambda x: x + P, x),
        lambda x: dt.grad(lambda x: ops.fori_loop(0, 2, lambda i, x: (P.set_data(FIVE), x + P)[1], x).sum(), None, [P])(
            x
        ),
    ],
    ids=["cond", "condition", "derivative"],
)
def test_bodies_that_may_run_or_not_set_none(body: Callable[[dt.Tensor], Any]) -> None:
    with pytest.raises(ArgumentError, match="new value inside `jit`"):
        dt.jit(body)(X)
    assert P.value().item() == 2


def test_another_element_type_or_shape_is_another_program(device: Any) -> None:
    p = dt.Parameter(dt.Tensor(np.array([1.0, 2.0], np.float32)), name="moved")
    total = dt.jit(lambda x: (x * p).sum())
    x = dt.Tensor(np.float32(3.0))
    assert total(x).item() == 9
    p.set_dtype(dt.float64)
    third = p.set_data(dt.Tensor(np.array([1 / 3, 0.0])))
    found = total(x)
    assert (found.dtype, found.item()) == (dt.float64, (x * third).sum().item())
    p.set_data(dt.Tensor(np.array([1.0, 2.0, 3.0])), slice_shape=True)
    assert total(x).item() == 18
    assert total(x).item() == 18


@pytest.mark.opencl
def test_one_on_another_device_is_an_error_and_then_another_program() -> None:
    scaled = dt.jit(lambda x: x * P)
    assert scaled(X).item() == 6
    P.move_to("opencl:0")
    with pytest.raises(DeviceError, match=r"'p', which is on opencl:0.*move_to\('host'\)"):
        scaled(X)
    assert scaled(X.to("opencl:0")).item() == 6
    P.move_to("host")
    assert scaled(X).item() == 6


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda p: p.set_dtype(dt.float64), ArgumentError),
        (lambda p: p.set_data(dt.Tensor([1.0, 2.0]), slice_shape=True), ShapeError),
    ],
)
def test_no_other_kind_inside(change: Callable[[dt.Parameter], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="'p'"):
        dt.jit(lambda x: (change(P), P * x)[1])(X)
    assert dt.jit(lambda x: P.set_dtype(dt.float32).move_to("host") * x)(X).item() == 6
    assert P.dtype is dt.float32


def test_a_copy_of_what_is_not_known_names_the_way_out() -> None:
    for function in (dt.jit(lambda x: P.clone() * x), dt.grad(lambda x: (P.clone() * x).sum(), None, [P])):
        with pytest.raises(ArgumentTypeError, match=r"`clone` of parameter 'p'.*as in `parameter \* 1`"):
            function(X)
    assert dt.jit(lambda x: P.clone("zeros") + x)(X).item() == 3
