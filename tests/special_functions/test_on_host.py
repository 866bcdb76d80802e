"""The special functions that SciPy computes: values, third derivatives, edges, devices, `jit` and `vmap`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape import pytree
from dualtape.devices.device import Device
from dualtape.errors import ArgumentError, ArgumentTypeError, DualtapeError
from dualtape.ops import special
from functions.special_cases import CASES
from special_functions.scipy_reference import EXACT, error, points

each_function = pytest.mark.parametrize("name", EXACT)


@each_function
def test_value_is_within_the_stated_bound(name: str) -> None:
    assert error(name) <= EXACT[name].ulps


@each_function
def test_float32_is_rounded_from_float64(name: str) -> None:
    function, at = EXACT[name].function, [x.astype(np.float32) for x in points(name, 8)]
    exact = function(*(dt.Tensor(x.astype(np.float64)) for x in at)).asnumpy()
    got = function(*map(dt.Tensor, at))
    assert got.dtype is dt.float32
    if name in ("logaddexp", "rel_entr", "kl_div", "sinc", "entr"):  # made of several operations, each in the type
        np.testing.assert_allclose(got.asnumpy(), exact, rtol=1e-6, atol=1e-6)
    else:
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(got.asnumpy(), exact.astype(np.float32))


def call(name: str, *args: Any) -> Any:
    return getattr(special, name.removeprefix("special."))(*args)


def split(name: str, dtype: type) -> tuple[list[Any], list[dt.Tensor]]:
    given = list(CASES[name][0].args)
    return given, [dt.Tensor(x.astype(dtype)) for x in given if isinstance(x, np.ndarray)]


def of_tensors(name: str) -> Callable[..., list[dt.Tensor]]:
    def function(*tensors: dt.Tensor) -> list[dt.Tensor]:
        rest = iter(tensors)
        args = [next(rest) if isinstance(x, np.ndarray) else x for x in CASES[name][0].args]
        return [x for x in pytree.leaves(call(name, *args)) if isinstance(x, dt.Tensor)]

    return function


@pytest.mark.parametrize("name", CASES)
def test_jit_gives_the_same_on_a_device(name: str, kind_of_device: Device) -> None:
    function, (_, tensors) = of_tensors(name), split(name, np.float32)
    for got, want in zip(dt.jit(function)(*tensors), function(*tensors), strict=True):
        assert got.device is kind_of_device
        np.testing.assert_allclose(got.asnumpy(), want.asnumpy(), rtol=2e-6)


@pytest.mark.parametrize("name", CASES)
def test_vmap_is_a_loop(name: str) -> None:
    function, (_, tensors) = of_tensors(name), split(name, np.float64)
    mapped = dt.vmap(function)(*(dt.ops.stack([x, x * 0.875]) for x in tensors))
    for i, factor in enumerate((1.0, 0.875)):
        for got, want in zip(mapped, function(*(x * factor for x in tensors)), strict=True):
            np.testing.assert_allclose(got.asnumpy()[i], want.asnumpy(), rtol=1e-13)


SMOOTH = [name for name in EXACT if len(EXACT[name].ranges) == 1 and name not in ("i0e", "i1e", "polygamma")]


@pytest.mark.parametrize("name", SMOOTH)
def test_third_derivative_by_jets_is_mpmaths(name: str) -> None:
    """In the middle of the range of its test cases, where mpmath's differences converge."""
    low, high = {"erfinv": (-0.5, 0.5), "ndtri": (0.3, 0.7), "logit": (0.3, 0.7), "erfcinv": (0.5, 1.5)}.get(
        name, (0.4, 0.6)
    )
    for x in np.linspace(low, high, 3):
        _, got = dt.derivative(EXACT[name].function, dt.Tensor(np.array(x)), 3)
        with mpmath.workdps(40):
            expected = float(mpmath.diff(EXACT[name].exact, mpmath.mpf(float(x)), 3))
        np.testing.assert_allclose(float(got), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(("a", "x"), [(0.3, 0.2), (2.5, 3.0), (30.0, 20.0), (30.0, 50.0), (200.0, 190.0), (0.05, 1e-4)])
def test_incomplete_gamma_by_its_shape(order: int, a: float, x: float) -> None:
    _, got = dt.derivative(lambda t: special.gammainc(t, x), dt.Tensor(np.array(a)), order)
    with mpmath.workdps(40):
        exact = mpmath.diff(lambda t: mpmath.gammainc(t, 0, mpmath.mpf(x), regularized=True), mpmath.mpf(a), order)
    np.testing.assert_allclose(float(got), float(exact), rtol=1e-8)


@pytest.mark.parametrize(("a", "b", "x"), [(2.5, 3.0, 0.3), (0.3, 0.4, 0.9), (30.0, 20.0, 0.55), (5.0, 1.0, 1e-3)])
def test_incomplete_beta_by_its_shapes(a: float, b: float, x: float) -> None:
    exact = lambda s, t: mpmath.betainc(s, t, 0, mpmath.mpf(x), regularized=True)
    first = dt.grad(lambda s, t: special.betainc(s, t, x), (0, 1))(*(dt.Tensor(np.array(v)) for v in (a, b)))
    second = dt.grad(lambda t: dt.grad(lambda s: special.betainc(s, t, x))(dt.Tensor(np.array(a))))
    with mpmath.workdps(40):
        by_a, by_b = (float(mpmath.diff(exact, (a, b), n)) for n in ((1, 0), (0, 1)))
        mixed = float(mpmath.diff(exact, (a, b), (1, 1)))
    np.testing.assert_allclose([float(v) for v in first], [by_a, by_b], rtol=1e-8)
    np.testing.assert_allclose(float(second(dt.Tensor(np.array(b)))), mixed, rtol=1e-7)


def test_sinc_at_zero_has_its_derivatives() -> None:
    at = dt.Tensor(np.array(0.0))
    assert float(special.sinc(at)) == 1
    assert float(dt.derivative(special.sinc, at, 1)[1]) == 0
    np.testing.assert_allclose(float(dt.derivative(special.sinc, at, 2)[1]), -(np.pi**2) / 3, rtol=1e-14)
    np.testing.assert_allclose(float(dt.derivative(special.ellipk, at, 1)[1]), np.pi / 8, rtol=1e-15)


def test_edges() -> None:
    one = lambda x: dt.Tensor(np.array(x))
    assert float(special.erfinv(one(1.0))) == np.inf
    assert np.isnan(float(special.erfinv(one(1.5))))
    assert float(special.xlogy(one(0.0), one(0.0))) == 0
    assert np.isnan(float(special.xlogy(one(0.0), one(np.nan))))
    assert float(special.entr(one(0.0))) == 0
    assert float(special.entr(one(-1.0))) == -np.inf
    assert float(special.rel_entr(one(0.0), one(0.0))) == 0
    assert float(special.rel_entr(one(1.0), one(0.0))) == np.inf
    assert float(special.gammainc(one(2.0), one(0.0))) == 0
    assert float(special.gammainc(one(2.0), one(np.inf))) == 1
    assert float(dt.grad(lambda a: special.gammainc(a, 0.0))(one(2.0))) == 0
    assert float(dt.grad(special.log_ndtr)(one(-1e4))) == pytest.approx(1e4, rel=1e-7)
    assert float(dt.grad(special.log_ndtr)(one(50.0))) == 0
    assert float(special.ndtr(one(-np.inf))) == 0
    assert np.isnan(float(special.ndtr(one(np.nan))))


def test_numbers_that_are_not_differentiated_and_orders_are_read() -> None:
    with pytest.raises(ArgumentTypeError, match="`x` of `zeta` must be a number"):
        special.zeta(dt.Tensor(2.0), 1.0)
    with pytest.raises(ArgumentTypeError, match="`a` of `hyp2f1`"):
        special.hyp2f1(dt.Tensor(2.0), 1.0, 1.0, dt.Tensor(0.5))
    with pytest.raises(ArgumentError, match="`n` of `jn` must not be negative"):
        special.jn(-1, dt.Tensor(0.5))
    with pytest.raises(DualtapeError, match="`n` of `kn` must be an int"):
        special.kn(1.5, dt.Tensor(0.5))
    assert special.j0(dt.Tensor([1, 2])).dtype is dt.float32
    assert special.beta(dt.Tensor(np.array([1.0], np.float32)), 2.0).dtype is dt.float32


def test_incomplete_gamma_by_its_shape_at_the_ends() -> None:
    slope = dt.grad(lambda a, x: special.gammainc(a, x).sum())
    a = dt.Tensor(np.array([2.0, 2.0, 2.0, 2.0, 0.0, -1.0, -1.0, 0.0]))
    x = dt.Tensor(np.array([0.0, np.inf, -1.0, -np.inf, 1.0, 1.0, np.inf, np.inf]))
    np.testing.assert_array_equal(slope(a, x).asnumpy(), [0.0, 0.0, *[np.nan] * 6])
    np.testing.assert_array_equal(slope(dt.Tensor(np.zeros(1)), dt.Tensor(np.zeros(1))).asnumpy(), [np.nan])


def test_derivatives_by_shapes_of_many_elements_are_those_of_each() -> None:
    numbers = np.random.default_rng(3)
    a, b, x = (dt.Tensor(numbers.uniform(low, high, 300)) for low, high in ((0.2, 9), (0.2, 9), (0.05, 0.95)))
    for function, at in ((special.gammainc, (a, 10 * x)), (special.betainc, (a, b, x))):
        slope = dt.grad(lambda *z, f=function: f(*z).sum())
        together = slope(*at).asnumpy()
        for i in (0, 57, 123, 299):
            np.testing.assert_allclose(together[i], float(slope(*(z[i] for z in at))), rtol=1e-11)
