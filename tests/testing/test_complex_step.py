"""The complex step gives every derivative that it gives to the last digits, and knows what it cannot give."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.lowering import OnHost
from dualtape.core.primitive import CATALOGUE, NonDifferentiable, Primitive
from dualtape.testing.complex_step import complex_step
from dualtape.testing.modes import nested_duals
from dualtape.testing.operands import draw, examples

# No complex polygamma and no complex erfinv are known to SciPy; digamma's derivative is one. Its complex Bessel
# functions lose a small imaginary part, and its incomplete gamma functions take none. What SciPy and LAPACK compute on
# the host is asked of them for real numbers alone, but where a primitive states what it is of real and imaginary parts.
ON_HOST = {
    p.name
    for p in CATALOGUE.values()
    if isinstance(p.lowering, OnHost) and (p.on_complex is None or p.on_complex.pairs is None)
}
BESSEL = {"bessel_j", "bessel_y", "bessel_i", "bessel_ie", "bessel_k", "bessel_ke"}
WITHOUT = {"polygamma", "erfinv", "gammainc", "gammaincc"} | BESSEL | ON_HOST
DIFFERENTIABLE = [p for p in CATALOGUE.values() if not isinstance(p, NonDifferentiable)]


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_every_primitive(primitive: Primitive) -> None:
    for example in examples(primitive):
        call = draw(primitive, example)
        f, x = call.differentiable()
        v = [dt.Tensor(np.linspace(-1.0, 0.7, a.size).reshape(a.shape)) for a in x]
        got = complex_step(lambda a, f=f: [f(*a)], x, v)  # type: ignore[misc]
        if primitive.name in WITHOUT or call.params.get("dtype") is dt.float32:
            assert got is None
            continue
        expected = nested_duals(lambda a, f=f: [f(*a)], x, [v])[0].asnumpy()  # type: ignore[misc]
        assert got is not None
        np.testing.assert_allclose(got[0], expected, rtol=2e-14, atol=2e-14)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (ops.abs, [0.0, 1.0]),
        (ops.relu, [0.0]),
        (lambda x: ops.maximum(x, 1.0), [1.0]),
        (ops.amax, [1.0, 1.0]),
        (ops.sqrt, [0.0]),
        (lambda x: ops.hypot(x, 0.0 * x), [0.0]),
        (lambda x: x * 2 if float(x.sum()) > 0 else x, [1.0]),
        (ops.log, [-1.0]),
    ],
    ids=["abs", "relu", "maximum", "amax", "sqrt", "hypot", "untraceable", "outside the domain"],
)
def test_no_answer_where_there_is_none(f: Callable[..., dt.Tensor], x: list[float]) -> None:
    """At a kink, at a pole, where the function cannot be traced, and beyond a branch point."""
    point = [dt.Tensor(np.array(x))]
    assert complex_step(lambda a: [f(*a)], point, [dt.ops.ones_like(point[0])]) is None


def test_tail_of_a_derivative_is_exact() -> None:
    """Where differences have lost all digits: sigmoid' = exp(-30)."""
    (slope,) = complex_step(lambda a: [ops.sigmoid(*a)], [dt.Tensor(np.array(-30.0))], [dt.Tensor(np.array(1.0))]) or [
        0
    ]
    np.testing.assert_allclose(slope, np.exp(-30.0) / (1 + np.exp(-30.0)) ** 2, rtol=1e-15)


def test_derivative_that_was_declared_by_hand_plays_no_part() -> None:
    """What is run on complex numbers is the function, not its rule."""
    twice = dt.custom_derivative(lambda x: x * x, partials=(lambda x, y: 3 * x,))
    (slope,) = complex_step(lambda a: [twice(*a)], [dt.Tensor(np.array(1.5))], [dt.Tensor(np.array(1.0))]) or [0]
    assert slope == 3.0


def test_slope_near_an_extremum_of_lgamma() -> None:
    """The complex function's is right to 1e-14 only; at x = 1.42 a right derivative was taken for a wrong one."""
    (slope,) = complex_step(lambda a: [ops.lgamma(*a)], [dt.Tensor(np.array(1.42))], [dt.Tensor(np.array(0.8))]) or [0]
    assert float(slope) == pytest.approx(0.8 * -0.04107284332402444, rel=2e-15)
    dt.testing.check_derivatives(ops.lgamma, dt.Tensor(np.array(1.42)), jit=False)
