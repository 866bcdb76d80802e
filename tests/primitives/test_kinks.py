"""Where a function has a kink, a tie, a jump or a limit: what its value and its derivatives are there by statement."""

from __future__ import annotations

import math

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.primitives import CATALOGUE

INF, NAN = math.inf, math.nan


def gradient(f, *x: float) -> list[float]:
    tensors = [dt.Tensor([v], dt.float32) for v in x]
    found = dt.grad(lambda *a: f(*a).sum(), tuple(range(len(x))))(*tensors)
    return [g.asnumpy().item() for g in (found if isinstance(found, tuple) else (found,))]


def test_functions_with_a_kink_have_a_slope_on_each_side_and_none_in_it(device: Device) -> None:
    assert [gradient(ops.relu, x)[0] for x in (-2.0, 0.0, 2.0)] == [0, 0, 1]
    assert [gradient(ops.abs, x)[0] for x in (-2.0, 0.0, 2.0)] == [-1, 0, 1]


def test_the_extremum_of_two_shares_a_tie_evenly(device: Device) -> None:
    assert [gradient(ops.maximum, x, 1.0) for x in (0.0, 1.0, 2.0)] == [[0, 1], [0.5, 0.5], [1, 0]]
    assert [gradient(ops.minimum, x, 1.0) for x in (0.0, 1.0, 2.0)] == [[1, 0], [0.5, 0.5], [0, 1]]


def test_step_at_ties_infinities_and_nan(device: Device) -> None:
    x = [1.0, 2.0, 2.0, INF, -INF, -INF, INF, NAN, 1.0, NAN, -0.0]
    y = [2.0, 1.0, 2.0, INF, -INF, INF, -INF, 1.0, NAN, NAN, 0.0]
    found = CATALOGUE["step"](dt.Tensor(x), dt.Tensor(y))
    np.testing.assert_array_equal(found.asnumpy(), [0, 1, 0.5, 0.5, 0.5, 0, 1, NAN, NAN, NAN, 0.5])


@pytest.mark.parametrize("number", [0, 1], ids=["first", "second"])
def test_step_of_a_number_keeps_the_tensors_type(number: int, device: Device) -> None:
    x = dt.Tensor([1.0, 2.0], dt.float32)
    found = CATALOGUE["step"](*((1.5, x) if number == 0 else (x, 1.5)))
    assert found.dtype is dt.float32
    assert found.tolist() == ([1, 0] if number == 0 else [0, 1])


@pytest.mark.parametrize("number", [0.0, 2.0, -1.5, INF, NAN], ids=str)
def test_zero_wins_in_a_product_of_derivatives(number: float, device: Device) -> None:
    values = [0.0, -0.0, 3.0, INF, -INF, NAN]
    expected = [0.0 if 0 in (value, number) else value * number for value in values]
    x = dt.Tensor(values)
    for found in (CATALOGUE["strong_multiply"](x, number), CATALOGUE["strong_multiply"](number, x)):
        np.testing.assert_array_equal(found.asnumpy(), expected)
    full = CATALOGUE["strong_multiply"](x, dt.Tensor([number] * len(values)))
    np.testing.assert_array_equal(full.asnumpy(), expected)


def test_slope_of_a_quotient_by_a_python_zero_has_its_sign() -> None:
    x = dt.Tensor([1.0])
    assert dt.grad(lambda x: (x / 0.0).sum())(x).tolist() == [INF]
    assert dt.grad(lambda x: (x / -0.0).sum())(x).tolist() == [-INF]
    assert dt.grad(lambda x: (x / 1.0).sum())(x).tolist() == [1]


def test_a_static_exponent_counts_down_to_zero() -> None:
    """The third derivative of x**2 is 0 at 0, not 0 * 0**-1."""
    f = lambda x: CATALOGUE["power"](x, 2).sum()
    for k, expected in enumerate([[0.0], [2.0], [0.0], [0.0]], start=1):
        g = f
        for _ in range(k):
            g = (lambda h: lambda x: dt.grad(h)(x).sum())(g)
        assert [g(dt.Tensor([0.0])).item()] == expected


def test_derivative_of_zero_to_a_power_by_the_power_is_zero() -> None:
    by_power = lambda x, p: dt.grad(lambda p: CATALOGUE["power"](x, p).sum())(dt.Tensor([p])).tolist()
    for zero in (0.0, 0, dt.Tensor([0.0])):
        assert by_power(zero, 2.0) == by_power(zero, 0.0) == [0]
    for base in (3.0, dt.Tensor([3.0])):
        np.testing.assert_allclose(by_power(base, 2.0), [9 * math.log(3)], rtol=1e-6)
        np.testing.assert_allclose(by_power(base, 0.0), [math.log(3)], rtol=1e-6)


def test_angle_has_a_gradient_however_small_or_large_its_arguments(device: Device) -> None:
    for size in (1e-30, 1.0, 1e30):
        found = np.array(gradient(ops.atan2, 3 * size, -4 * size)) * size
        np.testing.assert_allclose(found, [-4 / 25, -3 / 25], rtol=1e-5)
    by_height, _ = gradient(ops.atan2, -1e-30, -1e30)
    np.testing.assert_allclose(by_height, -1e-30, rtol=1e-5)
    _, by_width = gradient(ops.atan2, -1e30, -1e-30)
    np.testing.assert_allclose(by_width, 1e-30, rtol=1e-5)


def test_angle_has_no_derivative_at_the_origin_and_none_is_infinite(device: Device) -> None:
    assert gradient(ops.atan2, 0.0, 0.0) == [0, 0]
    zero = dt.Tensor([0.0])
    second = dt.grad(lambda y: dt.grad(lambda y: ops.atan2(y, zero).sum())(y).sum())(zero)
    assert np.isfinite(second.asnumpy()).all()


def test_a_length_has_a_second_derivative_across_an_axis() -> None:
    for number in (0, 1):
        x = [dt.Tensor([0.0 if i == number else -2.0]) for i in (0, 1)]
        slope = lambda *v, i=number: dt.grad(lambda *w: ops.hypot(*w).sum(), i)(*v).sum()
        assert dt.grad(slope, number)(*x).tolist() == [0.5]


def test_stop_gradient_stops_inside_vmap() -> None:
    x = dt.Tensor([1.0, 2.0])
    assert dt.grad(lambda x: dt.vmap(lambda a: ops.stop_gradient(a) * a)(x).sum())(x).tolist() == [1, 2]


def test_extrema_that_tie_share_the_derivative() -> None:
    x = dt.Tensor([[1.0, 3.0, 3.0], [2.0, 0.0, 2.0]])
    for name, expected in [
        ("maximum_along", [[0, 0.5, 0.5], [0.5, 0, 0.5]]),
        ("minimum_along", [[1, 0, 0], [0, 1, 0]]),
    ]:
        assert dt.grad(lambda x, p=CATALOGUE[name]: p(x, axes=(1,)).sum())(x).tolist() == expected
