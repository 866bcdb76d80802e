"""The incomplete gamma and beta functions on the host: at the switches between formulas, in the tails, at the ends.

Derivatives by shapes are compared with differences of high order of SciPy's functions, of the smaller tail.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

import dualtape as dt
from dualtape.primitives import CATALOGUE
from dualtape.primitives.incomplete import by_shapes
from special_functions.exact_gammainc import gammainc, gammaincc

GRID = np.arange(-5, 6)


def differences(order: int) -> np.ndarray:
    """The weights at ``GRID`` of a derivative of an order, for steps of 1."""
    powers = GRID[None, :] ** np.arange(GRID.size)[:, None].astype(float)
    wanted = np.where(np.arange(GRID.size) == order, float(factorial(order)), 0.0)
    return np.linalg.solve(powers, wanted)


def by_differences(f: Callable[..., np.ndarray], shapes: tuple[np.ndarray, ...], orders: tuple[int, ...]) -> np.ndarray:
    """The derivative of ``f`` by its shapes, of these orders."""
    if not shapes:
        return f()
    first, steps = shapes[0], np.sqrt(shapes[0]) / 50
    if not orders[0]:
        return by_differences(lambda *rest: f(first, *rest), shapes[1:], orders[1:])
    values = [by_differences(lambda *rest, at=first + steps * k: f(at, *rest), shapes[1:], orders[1:]) for k in GRID]
    return np.tensordot(differences(orders[0]), np.array(values), 1) / steps ** orders[0]


GAMMA = tuple(np.array(list(zip(*[
    (0.3, 0.2), (0.3, 0.4), (0.05, 1e-4), (2.5, 2.4), (2.5, 2.6), (2.0, 60.0), (30.0, 5.0), (30.0, 20.0), (30.0, 50.0),
    (200.0, 190.0), (1.0, 1.0), (3.0, 4.0), (3.0, 4.5),
], strict=True))))  # fmt: skip
BETA = tuple(np.array(list(zip(*[
    (2.5, 3.0, 0.3), (0.3, 0.4, 0.9), (30.0, 20.0, 0.55), (5.0, 1.0, 1e-3), (2.0, 50.0, 0.5), (2.0, 2.5, 0.5),
    (50.0, 3.0, 0.4), (0.5, 4.0, 0.999), (1.5, 1.0, 0.2),
], strict=True))))  # fmt: skip


@pytest.mark.parametrize("name", ["gammainc_by_shape"])
@pytest.mark.parametrize("order", [1, 2])
def test_by_the_shape_of_the_gamma_distribution(name: str, order: int) -> None:
    a, x = GAMMA
    lower = by_differences(lambda a: special.gammainc(a, x), (a,), (order,))
    upper = by_differences(lambda a: special.gammaincc(a, x), (a,), (order,))
    found = CATALOGUE[name].numpy(a, x, n=order)
    np.testing.assert_allclose(found, np.where(x > a, -upper, lower), rtol=1e-9)


@pytest.mark.parametrize("name", ["betainc"])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1), (2, 0), (0, 2)])
def test_by_the_shapes_of_the_beta_distribution(name: str, orders: tuple[int, int]) -> None:
    a, b, x = BETA
    lower = by_differences(lambda a, b: special.betainc(a, b, x), (a, b), orders)
    upper = by_differences(lambda a, b: special.betaincc(a, b, x), (a, b), orders)
    found = CATALOGUE[name].numpy(a, b, x, n=orders[0], m=orders[1])
    np.testing.assert_allclose(found, np.where(x > a / (a + b), -upper, lower), rtol=1e-8)


@pytest.mark.parametrize("name", ["gammainc_by_shape", "betainc"])
def test_derivatives_of_an_exponential_are_its_series(name: str) -> None:
    """Those that `name` is made of: of exp(h), where h is a polynomial of two variables."""
    size = 4
    slopes = np.random.default_rng(2).integers(1, 9, (size, size)).astype(float)
    slopes[0, 0] = 0
    scale = np.array([[factorial(i) * factorial(j) for j in range(size)] for i in range(size)])
    h, power, series = slopes / scale, np.eye(1, size**2).reshape(size, size), np.zeros((size, size))
    for k in range(2 * size):
        series += power / factorial(k)
        product = np.zeros((size, size))
        for i in range(size):
            for j in range(size):
                product[i:, j:] += h[i, j] * power[: size - i, : size - j]
        power = product
    for n in range(size):
        for m in range(size):
            found = by_shapes(n, m, lambda i, j: slopes[i, j])
            np.testing.assert_allclose(found, series[n, m] * scale[n, m], rtol=1e-12)


EXACT = {"gammainc": gammainc, "gammaincc": gammaincc}
# Where SciPy's functions are up to 75 ulp off.
AROUND = [(1.577, 1.5807), (1.8486, 1.8766), (1.1096, 1.282), (0.5219, 1.0521), (0.5088, 0.531), (0.7, 0.5), (5.7, 5.5)]
AROUND += [(0.501, 0.06), (2.3, 0.9), (7.9, 8.8), (7.9, 6.8), (5.623934938384295, 0.0021818567854700963), (0.05, 0.95)]


@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
def test_a_few_units_around_the_shape(name: str) -> None:
    """By the series; the upper one is 1 less that if the shape is not small."""
    a, x = np.array(AROUND).T
    with mpmath.workdps(30):
        exact = np.array([float(EXACT[name](*map(mpmath.mpf, point))) for point in AROUND])
    found = CATALOGUE[name].numpy(a, x)
    # The upper one of larger shapes is a difference, and as exact as the lower one.
    size = np.maximum(exact, 1 - exact) if name == "gammaincc" else exact
    assert (np.abs(found - exact) <= 8 * np.spacing(np.where(a < 0.5, exact, size))).all()


INF, NAN = np.inf, np.nan
ENDS = [(2.0, 0.0), (2.0, INF), (0.0, 1.0), (0.0, 0.0), (2.0, -1.0), (-1.0, 2.0), (NAN, 1.0), (2.0, NAN), (0.0, INF)]
ENDS += [(20.0, 0.0), (0.25, 0.0), (-0.5, 0.25), (-1.0, INF), (2.0, -INF), (0.5, INF)]
# Where the series would not do: none for a shape of 0, and beyond the shapes and points for which it is short.
NO_SERIES = [*((0.0, x) for x in np.linspace(0.05, 0.95, 19)), (2.0, 60.0), (0.7, 40.0), (200.0, 7.5)]


@pytest.mark.parametrize("name", ["gammainc", "gammaincc"])
def test_at_the_ends_of_the_gamma_distribution_it_is_scipys(name: str) -> None:
    a, x = np.array(ENDS + NO_SERIES).T
    np.testing.assert_array_equal(CATALOGUE[name].numpy(a, x), getattr(special, name)(a, x))


@pytest.mark.parametrize("name", ["gammainc_by_shape"])
@pytest.mark.parametrize("order", [1, 2])
def test_by_shape_at_the_ends_of_the_gamma_distribution(name: str, order: int) -> None:
    a, x = np.array(ENDS).T
    inside = (a > 0) & ((x == 0) | (x == INF))
    np.testing.assert_array_equal(CATALOGUE[name].numpy(a, x, n=order), np.where(inside, 0.0, np.nan))


@pytest.mark.parametrize("name", ["betainc"])
@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (1, 1)])
def test_by_shape_at_the_ends_of_the_beta_distribution(name: str, orders: tuple[int, int]) -> None:
    values = [(2.0, 3.0), (0.0, 2.0), (2.0, 0.0), (-1.0, 2.0), (2.0, -1.0), (NAN, 1.0), (1.0, NAN), (0.5, 0.5)]
    values += [(-0.5, 2.0), (2.0, -0.5), (0.25, 0.0)]
    ends = np.array([(*shapes, x) for shapes in values for x in (0.0, 1.0, 0.5, -0.5, 1.5, NAN)])
    a, b, x = ends.T
    found = CATALOGUE[name].numpy(a, b, x, n=orders[0], m=orders[1])
    proper = (a > 0) & (b > 0)
    at_end = proper & ((x == 0) | (x == 1))
    np.testing.assert_array_equal(found[at_end], 0.0)
    assert np.isnan(found[~(at_end | (proper & (x == 0.5)))]).all()
    assert np.isfinite(found[proper & (x == 0.5)]).all()


@pytest.mark.parametrize("name", ["gammainc_by_shape", "betainc", "gammainc", "gammaincc", "gammaincinv", "betaincinv"])
def test_arrays_broadcast_and_keep_their_type(name: str) -> None:
    params: dict[str, Any] = CATALOGUE[name].params[-1]  # type: ignore[attr-defined]
    shapes = ((2, 1), (3,), ())[: len(CATALOGUE[name].domain)]  # type: ignore[attr-defined]
    numbers = np.random.default_rng(0)
    wide = [numbers.uniform(0.2, 0.9, shape) for shape in shapes]
    for kind in (np.float16, np.float32, np.float64):
        given = [x.astype(kind) for x in wide]
        found = CATALOGUE[name].numpy(*given, **params)
        assert found.dtype == kind
        exact = CATALOGUE[name].numpy(*(x.astype(np.float64) for x in given), **params)
        assert exact.shape == (2, 3)
        np.testing.assert_array_equal(found, exact.astype(kind))
        each = [
            CATALOGUE[name].numpy(*x, **params)
            for x in zip(*(y.ravel() for y in np.broadcast_arrays(*given)), strict=True)
        ]
        np.testing.assert_allclose(found.ravel(), each, rtol=32 * np.finfo(kind).eps)
    empty = CATALOGUE[name].numpy(*(np.zeros((0, 2)) for _ in shapes), **params)
    assert empty.shape == (0, 2)


ALL: dict[str, list[dict[str, int]]] = {
    "gammainc": [{}],
    "gammaincc": [{}],
    "gammainc_by_shape": [{"n": 1}, {"n": 2}, {"n": 3}],
    "betainc": [{"n": n, "m": m} for n, m in ((0, 0), (1, 0), (0, 1), (2, 0), (0, 2), (1, 1), (2, 1), (1, 2))],
    "gammaincinv": [{}],
    "betaincinv": [{}],
}


@pytest.mark.parametrize("name", ALL)
def test_slopes_are_those_of_differences(name: str) -> None:
    numbers = np.random.default_rng(4)
    domain = CATALOGUE[name].domain  # type: ignore[attr-defined]
    x = [numbers.uniform(low, high, 5) for low, high in domain]
    step = 0.004
    for params in ALL[name]:
        for i in range(len(x)):
            with_input = lambda z, i=i: [z if j == i else y for j, y in enumerate(x)]
            values = [CATALOGUE[name].numpy(*with_input(x[i] + k * step), **params) for k in GRID]
            expected = np.tensordot(differences(1), values, 1) / step
            along = lambda z, p=params, w=with_input: CATALOGUE[name](
                *(dt.Tensor(y) if isinstance(y, np.ndarray) else y for y in w(z)), **p
            )
            slope = dt.jvp(along, dt.Tensor(x[i]), dt.Tensor(np.ones(5)))[1].asnumpy()
            np.testing.assert_allclose(slope, expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", ["betaincinv", "gammaincinv"])
def test_all_but_one_may_be_numbers(name: str) -> None:
    x = [0.5 + 0.125 * i for i in range(len(CATALOGUE[name].domain))]  # type: ignore[attr-defined]
    tensors = [dt.Tensor(np.array(y)) for y in x]
    for i in range(len(x)):
        of = lambda z, given, i=i: CATALOGUE[name](*(z if j == i else y for j, y in enumerate(given)))
        slopes = [float(dt.grad(of)(tensors[i], given)) for given in (x, tensors)]
        assert slopes[0] == slopes[1]


@pytest.mark.parametrize(("name", "at"), [("gammainc_by_shape", GAMMA), ("betainc", BETA)])
def test_more_elements_than_are_integrated_at_once(name: str, at: tuple[np.ndarray, ...]) -> None:
    params: dict[str, Any] = CATALOGUE[name].params[-1]  # type: ignore[attr-defined]
    few = CATALOGUE[name].numpy(*at, **params)
    many = CATALOGUE[name].numpy(*(np.tile(x, (40, 1)) for x in at), **params)
    np.testing.assert_allclose(many, np.tile(few, (40, 1)), rtol=1e-12)
