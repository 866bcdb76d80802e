"""Derivatives at kinks, poles and edges: each row of docs/conventions.md, in every mode."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device
from dualtape.testing.modes import composed, nested_duals, taylor

inf, nan = math.inf, math.nan
Unary = Callable[[dt.Tensor], dt.Tensor]


def tensor(x: object) -> dt.Tensor:
    return dt.Tensor(np.asarray(x, np.float64))


def in_every_mode(f: Unary, x: float, order: int) -> Iterator[tuple[str, float]]:
    """The derivative of a function of one number, with the name of the mode it was computed in."""
    point, one = [tensor(x)], [tensor(1.0)]
    g = lambda a: [f(a[0])]
    yield "nested duals", float(nested_duals(g, point, [one] * order)[0])
    yield "Taylor", float(taylor(g, point, [one] * order)[0])
    for kinds in dict.fromkeys(["R" * order, "F" * (order - 1) + "R", "R" + "F" * (order - 1)]):
        yield kinds, float(composed(g, one, [one] * order, kinds)(point))


class Row(NamedTuple):
    """A function, where, and its value and derivatives of order 1, 2, ..."""

    name: str
    f: Unary
    at: float
    expected: tuple[float, ...]


def exponent(p: float) -> dt.Tensor:
    return tensor(p)


KINKS = [
    Row("abs", ops.abs, 0.0, (0, 0, 0, 0)),
    Row("relu", ops.relu, 0.0, (0, 0, 0, 0)),
    Row("leaky_relu", lambda x: ops.leaky_relu(x, 0.2), 0.0, (0, 0.6, 0, 0)),
    Row("elu", ops.elu, 0.0, (0, 1, 1, 1)),
    Row("sign", ops.sign, 0.0, (0, 0, 0)),
    Row("maximum of a tensor and a number", lambda x: ops.maximum(x, 0.0), 0.0, (0, 0.5, 0, 0)),
    Row("minimum of a tensor and a number", lambda x: ops.minimum(x, 0.0), 0.0, (0, 0.5, 0, 0)),
    Row("maximum of two tensors", lambda x: ops.maximum(x, 0.5 * x), 0.0, (0, 0.75, 0, 0)),
    Row("clip at the lower bound", lambda x: ops.clip(x, 0.0, 1.0), 0.0, (0, 1, 0)),
    Row("clip at the upper bound", lambda x: ops.clip(x, 0.0, 1.0), 1.0, (1, 1, 0)),
    Row("clip outside", lambda x: ops.clip(x, 0.0, 1.0), 1.5, (1, 0, 0)),
    Row("clip_by_value at a bound", lambda x: ops.clip_by_value(x, 0.0, 1.0), 1.0, (1, 0.5, 0)),
    Row("floor", ops.floor, 2.0, (2, 0, 0)),
    Row("ceil", ops.ceil, 2.0, (2, 0, 0)),
    Row("round", ops.round, 2.5, (2, 0, 0)),
    Row("floor_divide", lambda x: x // 2.0, 4.0, (2, 0, 0)),
    Row("mod at a multiple", lambda x: x % 2.0, 4.0, (0, 1, 0)),
    Row("mod has the divisor's sign", lambda x: x % 2.0, -1.0, (1, 1, 0)),
    Row("mod by the divisor", lambda y: 5.0 % y, 2.0, (1, -2, 0)),
    Row("atan2 at the origin", lambda x: ops.atan2(x, 2 * x), 0.0, (0, 0, 0, 0)),
    Row("norm at 0", lambda x: ops.norm(ops.stack([x, 2 * x])), 0.0, (0, 0, 0)),
    Row("norm of a square at 0", lambda x: ops.norm(ops.stack([x * x, x])), 0.0, (0, 0, 0)),
    Row("std of equal elements", lambda x: ops.std(ops.stack([x, x])), 1.0, (0, 0, 0)),
]

EDGES = [
    Row("sqrt", ops.sqrt, 0.0, (0, inf, -inf, inf)),
    Row("sqrt of a square", lambda x: ops.sqrt(x * x), 0.0, (0, 0)),
    Row("x**0", lambda x: x**0, 0.0, (1, 0, 0, 0)),
    Row("x**1", lambda x: x**1, 0.0, (0, 1, 0, 0)),
    Row("x**2", lambda x: x**2, 0.0, (0, 0, 2, 0)),
    Row("x**2.0", lambda x: x**2.0, 0.0, (0, 0, 2, 0)),
    Row("x**3", lambda x: x**3, 0.0, (0, 0, 0, 6, 0)),
    Row("square", ops.square, 0.0, (0, 0, 2, 0)),
    Row("x**0.5", lambda x: x**0.5, 0.0, (0, inf, -inf)),
    Row("x**1.5", lambda x: x**1.5, 0.0, (0, 0, inf)),
    Row("x**tensor(0)", lambda x: x ** exponent(0.0), 0.0, (1, 0, 0)),
    Row("x**tensor(1)", lambda x: x ** exponent(1.0), 0.0, (0, 1, 0)),
    Row("x**tensor(2)", lambda x: x ** exponent(2.0), 0.0, (0, 0, 2, 0)),
    Row("x**tensor(2) of a negative number", lambda x: x ** exponent(2.0), -1.0, (1, -2, 2, 0)),
    Row("0**y at 0", lambda y: tensor(0.0) ** y, 0.0, (1, 0, 0)),
    Row("0**y at 2", lambda y: tensor(0.0) ** y, 2.0, (0, 0, 0)),
    Row("0.0**y at 2, the base a Python number", lambda y: 0.0**y, 2.0, (0, 0, 0)),
    Row("negative base by the exponent", lambda y: tensor(-2.0) ** y, 2.0, (4, nan)),
    Row("negative Python base by the exponent", lambda y: (-2.0) ** y, 2.0, (4, nan)),
    Row("softplus of a large number", ops.softplus, 1000.0, (1000, 1, 0, 0)),
    Row("softplus of a large negative number", ops.softplus, -1000.0, (0, 0, 0, 0)),
    Row("sigmoid of a large number", ops.sigmoid, 1000.0, (1, 0, 0)),
    Row("sigmoid of a large negative number", ops.sigmoid, -1000.0, (0, 0, 0)),
    Row("tanh of a large number", ops.tanh, 1000.0, (1, 0, 0)),
    Row("silu of a large negative number", ops.silu, -1000.0, (0, 0, 0)),
    Row("gelu of a large negative number", ops.gelu, -100.0, (0, 0, 0)),
    Row("logsumexp with -inf", lambda x: ops.logsumexp(ops.stack([x, tensor(-inf)])), 1.0, (1, 1, 0)),
    Row("logsumexp of -inf alone", lambda x: ops.logsumexp(ops.stack([x, x])), -inf, (-inf, 0, 0)),
    Row("cast to an integer and back", lambda x: x.astype(dt.int32).astype(dt.float64), 2.5, (2, 0, 0)),
    Row("cast to float32 and back", lambda x: x.astype(dt.float32).astype(dt.float64), 2.5, (2.5, 1, 0)),
    Row("stop_gradient", lambda x: ops.stop_gradient(x) * x, 3.0, (9, 3, 0, 0)),
]

# Every other branch is infinite or undefined at the point, in its value or in a derivative.
CUT_OFF = [
    Row("x log x at 0", lambda x: ops.where(x > 0, x * ops.log(x), 0.0), 0.0, (0, 0, 0, 0)),
    Row("x log x at -1", lambda x: ops.where(x > 0, x * ops.log(x), 0.0), -1.0, (0, 0, 0, 0)),
    Row("sqrt at 0", lambda x: ops.where(x > 0, ops.sqrt(x), 0.0), 0.0, (0, 0, 0, 0)),
    Row("sqrt at -1", lambda x: ops.where(x > 0, ops.sqrt(x), 0.0), -1.0, (0, 0, 0, 0)),
    Row("overflowing exp", lambda x: ops.where(x < 1, ops.exp(x), 0.0), 1000.0, (0, 0, 0, 0)),
    Row("1/x", lambda x: ops.where(x != 0, 1 / x, 0.0), 0.0, (0, 0, 0, 0)),
    Row("sin(x)/x", lambda x: ops.where(x != 0, ops.sin(x) / x, 1.0), 0.0, (1, 0, 0, 0)),
    Row("x**0.5 at -1", lambda x: ops.where(x > 0, x**0.5, 0.0), -1.0, (0, 0, 0, 0)),
    Row("x**tensor at -1", lambda x: ops.where(x > 0, x ** (0.5 + 0 * x), 0.0), -1.0, (0, 0, 0, 0)),
    Row("0/0", lambda x: ops.where(x > 0, (x * x) / (x * 0), x), -1.0, (-1, 1, 0, 0)),
    Row("lgamma at a pole", lambda x: ops.where(x > 0, ops.lgamma(x), x), -1.0, (-1, 1, 0, 0)),
    Row("asin outside", lambda x: ops.where(ops.abs(x) < 1, ops.asin(x), x), 2.0, (2, 1, 0, 0)),
    Row("tanh of log", lambda x: ops.where(x > 0, ops.tanh(ops.log(x)), 0.0), -1.0, (0, 0, 0, 0)),
    Row("sin of sqrt", lambda x: ops.where(x > 0, ops.sin(ops.sqrt(x)), 0.0), -1.0, (0, 0, 0, 0)),
    Row("sin of infinity", lambda x: ops.where(x < 1, ops.sin(1 / (x - 1)), 0.0), 1.0, (0, 0, 0, 0)),
    Row("abs of log", lambda x: ops.where(x > 0, ops.abs(ops.log(x)), 0.0), -1.0, (0, 0, 0, 0)),
    Row("maximum of log", lambda x: ops.where(x > 0, ops.maximum(ops.log(x), 1.0), 0.0), -1.0, (0, 0, 0, 0)),
    Row("gelu of log", lambda x: ops.where(x > 0, ops.gelu(ops.log(x)), 0.0), -1.0, (0, 0, 0, 0)),
    Row("amax", lambda x: ops.where(x > 0, ops.amax(ops.sqrt(ops.stack([x, 2 * x]))), 0.0), -1.0, (0, 0, 0, 0)),
    Row("logsumexp", lambda x: ops.where(x > 0, ops.logsumexp(ops.log(ops.stack([x, x]))), 0.0), -1.0, (0, 0, 0, 0)),
    Row("cumsum", lambda x: ops.where(x > 0, ops.cumsum(ops.sqrt(ops.stack([x, x])), 0)[1], 0.0), -1.0, (0, 0, 0, 0)),
    Row("times infinity", lambda x: ops.where(x > 0, x * inf, 0.0), -1.0, (0, 0, 0, 0)),
    Row("over the number 0", lambda x: ops.where(x > 0, x / 0.0, 0.0), -1.0, (0, 0, 0, 0)),
    Row("infinite constant", lambda x: ops.where(x > 0, x, inf), 0.0, (inf, 0, 0)),
]


@pytest.mark.parametrize("row", [*KINKS, *EDGES, *CUT_OFF], ids=lambda row: row.name)
def test_value_and_derivatives(row: Row) -> None:
    value, *derivatives = row.expected
    np.testing.assert_allclose(float(row.f(tensor(row.at))), value, rtol=1e-14)
    for order, expected in enumerate(derivatives, start=1):
        for mode, got in in_every_mode(row.f, row.at, order):
            np.testing.assert_allclose(got, expected, rtol=1e-13, err_msg=f"{mode}, order {order}")


@pytest.mark.parametrize("f", [ops.amax, ops.amin], ids=["amax", "amin"])
def test_equal_extrema_share_the_derivative(f: Unary) -> None:
    x = tensor([2.0, 2.0, 2.0])
    np.testing.assert_allclose(dt.grad(f)(x).asnumpy(), [1 / 3] * 3)
    np.testing.assert_allclose(float(dt.jvp(f, x, tensor([3.0, 0.0, 0.0]))[1]), 1.0)


def test_extremum_with_its_index_gives_the_derivative_to_that_element() -> None:
    x = tensor([[1.0, 2.0, 2.0]])
    _, index = ops.max(x, 1)
    assert index.tolist() == [1]
    assert dt.grad(lambda x: ops.max(x, 1)[0])(x).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("x", "gradient", "hessian_row"),
    [([0.0, 2.0, 3.0], [6, 0, 0], [0, 3, 2]), ([0.0, 0.0, 3.0], [0, 0, 0], [0, 3, 0]), ([0.0] * 3, [0] * 3, [0] * 3)],
)
def test_product_with_zeros(x: list[float], gradient: list[float], hessian_row: list[float]) -> None:
    assert dt.grad(ops.prod)(tensor(x)).tolist() == gradient
    assert dt.grad(lambda x: dt.grad(ops.prod)(x)[0])(tensor(x)).tolist() == hessian_row


def test_norm_of_zeros_has_a_zero_gradient_of_its_shape() -> None:
    assert dt.grad(ops.norm)(tensor([[0.0, 0.0]])).tolist() == [[0, 0]]
    rows = dt.grad(lambda x: ops.norm(x, dim=1))(tensor([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(rows.asnumpy(), [[0, 0], [0.6, 0.8]], rtol=1e-15)


def test_matrix_product_of_infinite_numbers_is_not_saved_by_where() -> None:
    """The stated limit: cut off the inputs, not the output."""
    x = tensor([-1.0, 4.0])
    late = lambda x: ops.where(x.sum() > 9, ops.sqrt(x) @ ops.sqrt(x), 0.0)
    early = lambda x: ops.where(x > 0, ops.sqrt(x), 0.0) @ ops.where(x > 0, ops.sqrt(x), 0.0)
    assert np.isnan(dt.grad(late)(x).asnumpy()[0])
    assert dt.grad(early)(x).tolist() == [0, 1]


PRODUCTS: dict[str, Callable[[dt.Tensor], dt.Tensor]] = {
    "by a constant": lambda x: x * tensor([inf, 2.0]),
    "of a constant": lambda x: tensor([inf, 2.0]) * x,
    "by a number": lambda x: ops.stack([x[0] * inf, x[1] * 2.0]),
    "by a value": lambda x: x * ops.exp(ops.stack([x[0] + 1000.0, ops.log(x[1] + 1.0)])),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_zero_is_strong_in_forward_products(name: str) -> None:
    """The tangent of a product was a plain product: 0 * inf gave NaN where reverse mode gave 0."""
    f, x, v = PRODUCTS[name], tensor([1.0, 1.0]), tensor([0.0, 1.0])
    first = float(dt.jvp(f, x, v)[1][1])
    found = {
        "jvp": dt.jvp(f, x, v)[1],
        "jacfwd": dt.jacfwd(f)(x)[:, 1],
        "jacrev": dt.jacrev(f)(x)[:, 1],
        "jet": dt.jet(f, x, ops.stack([v, 0 * v]))[1][0],
        "partials": dt.partials(lambda X: f(X[0])[None], [(0, 1)])(x[None])[0][0],
        "linearize": dt.linearize(f, x)[1](v),
        "jit": dt.jit(lambda x: dt.jvp(f, x, v)[1])(x),
        "vmap": dt.vmap(lambda x: dt.jvp(f, x, v)[1])(x[None])[0],
    }
    for mode, got in found.items():
        np.testing.assert_allclose(got.asnumpy(), [0, first], rtol=1e-15, err_msg=mode)


def test_zero_is_strong_in_laplacians() -> None:
    """A slope of 0 times an infinite one, in the product of a value with itself and with another one."""
    X = tensor([[1.0, 0.0], [2.0, 0.0]])
    u = lambda X: ops.where(X[:, 1] > 0, X[:, 0] * ops.sqrt(X[:, 1]), X[:, 0] ** 2)
    assert dt.laplacian(u)(X)[1].tolist() == [2, 2]


def test_zero_is_strong_in_forward_products_of_block_kernels(device: Device) -> None:
    """The kernel's products are plain; the NaN that comes out makes it run again."""
    x = dt.Tensor(np.linspace(0, 4, 512, dtype=np.float32))
    scale = dt.Tensor(np.array([np.inf] + [2.0] * 511, np.float32))
    v = dt.Tensor(np.array([0.0] + [1.0] * 511, np.float32))
    step = lambda x, w: (dt.jvp(lambda x: x * (w * scale), x, v)[1]).sum()
    w = dt.Tensor(np.float32(1.0))
    assert step(x, w).item() == dt.jit(step)(x, w).item() == 1022


def test_zeros_for_other_outputs_are_no_products() -> None:
    """The cotangents of the other outputs were 0 times these: NaN where one is infinite."""
    by_first, by_second = dt.jacrev(lambda x: (2 * x, x * inf))(tensor([1.0]))
    assert by_first.tolist() == [[2]]
    assert by_second.tolist() == [[inf]]


@pytest.mark.parametrize("dtype", [dt.int32, dt.int64, dt.bool_], ids=str)
def test_integers_have_no_derivative(dtype: dt.dtype.DType) -> None:
    x = dt.Tensor([1, 1], dtype)
    with pytest.raises(TypeError, match=r"argument 0.*astype"):
        dt.grad(lambda x: x * 2.0)(x)
    with pytest.raises(TypeError, match="input 0 of `jvp`"):
        dt.jvp(lambda x: x * 2.0, x, x)
    with pytest.raises(TypeError, match="`X` of `partials`"):
        dt.partials(lambda x: x * 2.0, [(1, 0)])(x)


def test_integer_leaf_of_a_differentiated_container_gets_zeros() -> None:
    gradient = dt.grad(lambda d: (d["x"] * d["n"]).sum())({"x": tensor([1.0, 2.0]), "n": dt.Tensor([3, 4])})
    assert gradient["x"].tolist() == [3, 4]
    assert gradient["n"].tolist() == [0, 0]


def test_cast_between_floats_casts_the_derivative() -> None:
    x = tensor([0.1])
    assert dt.grad(lambda x: x.astype(dt.float32) * 3)(x).dtype is dt.float64
    assert dt.jvp(lambda x: x.astype(dt.float32), x, x)[1].dtype is dt.float32


@pytest.mark.parametrize(
    ("f", "slope", "last", "first_zero"),
    [
        (ops.tanh, lambda x: 1 / np.cosh(x) ** 2, 8.0, 10.0),
        (ops.sigmoid, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2, 15.0, 18.0),
    ],
    ids=["tanh", "sigmoid"],
)
def test_slopes_from_values_are_accurate_to_roundings_of_one(
    f: Unary, slope: Callable[[np.ndarray], np.ndarray], last: float, first_zero: float
) -> None:
    points = np.linspace(-20, 20, 401)
    got = dt.grad(f)(dt.Tensor(points.astype(np.float32))).asnumpy()
    np.testing.assert_allclose(got, slope(points), rtol=0, atol=4 * np.finfo(np.float32).eps)
    assert float(dt.grad(f)(dt.Tensor(last))) > 0
    assert float(dt.grad(f)(dt.Tensor(first_zero))) == 0


def test_slope_of_erf_keeps_its_relative_accuracy() -> None:
    got = float(dt.grad(ops.erf)(tensor(6.0)))
    assert got == pytest.approx(2 / math.sqrt(math.pi) * math.exp(-36), rel=1e-14)


def test_atan2_far_from_one_neither_underflows_nor_overflows() -> None:
    """Its partials held x*x + y*y, which is 0 in Float16 below 2e-4 and infinite above 256."""
    for size in (1e-4, 1000.0):
        y, x = dt.Tensor([3 * size], dt.float16), dt.Tensor([4 * size], dt.float16)
        by_y, by_x = dt.grad(ops.atan2, (0, 1))(y, x)
        expected = np.array([4, -3]) / 25 / size
        np.testing.assert_allclose([by_y.item(), by_x.item()], expected, rtol=0.02)


def test_infinities_of_one_sign_are_a_tie() -> None:
    """The derivative of maximum(inf, inf) was NaN on the host: the sign of inf - inf."""
    slopes = dt.grad(ops.maximum, (0, 1))(dt.Tensor([np.inf, -np.inf]), dt.Tensor([np.inf, -np.inf]))
    np.testing.assert_array_equal([s.asnumpy() for s in slopes], 0.5)


def test_division_by_the_number_zero() -> None:
    """The gradient of x / 0 was a ZeroDivisionError: the partial is computed with Python's own division."""
    np.testing.assert_array_equal(dt.grad(lambda x: x / 0)(dt.Tensor([1.0, 2.0])).asnumpy(), np.inf)
    np.testing.assert_array_equal(dt.grad(lambda x: x / -0.0)(dt.Tensor([1.0])).asnumpy(), -np.inf)
