"""`jet` and `derivative`: beside SymPy, beside nested transformations, and through networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import sympy

import dualtape as dt
from dualtape import Tensor, nn, ops

t = sympy.Symbol("t")
# Curves x(t) and y(t), by their derivatives at 0 of order 0 to 3.
X, Y = [0.3, 1.0, -0.5, 2.0], [1.2, -0.75, 0.5, 0.0]


def curve(derivatives: list[float]) -> sympy.Expr:
    return sum(value * t**k / sympy.factorial(k) for k, value in enumerate(derivatives))


def series(*curves: list[float]) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
    primals = tuple(Tensor(np.array(c[0])) for c in curves)
    return primals, tuple(Tensor(np.array(c[1:])) for c in curves)


@pytest.mark.parametrize(
    ("f", "expression"),
    [
        (lambda x, y: x * y / (x + 2), lambda x, y: x * y / (x + 2)),
        (lambda x, y: ops.sin(x) ** 2 * ops.exp(y), lambda x, y: sympy.sin(x) ** 2 * sympy.exp(y)),
        (lambda x, y: ops.tanh(x * y) + ops.sqrt(y), lambda x, y: sympy.tanh(x * y) + sympy.sqrt(y)),
        (lambda x, y: y**x, lambda x, y: y**x),
        (lambda x, y: ops.stack([x, y]).sum() ** 3, lambda x, y: (x + y) ** 3),
    ],
)
def test_jet_gives_the_derivatives_along_a_curve(
    f: Callable[..., Tensor], expression: Callable[..., sympy.Expr]
) -> None:
    value, derivatives = ops.jet(f, *series(X, Y))
    exact = expression(curve(X), curve(Y))
    expected = [float(exact.diff(t, k).subs(t, 0)) for k in range(4)]
    np.testing.assert_allclose([value.item(), *derivatives.tolist()], expected, rtol=1e-10)


def test_derivative_of_several_inputs_moves_all_of_them() -> None:
    x, y = Tensor(np.array([0.5, -1.0])), Tensor(np.array([2.0, 3.0]))
    value, third = dt.derivative(lambda x, y: x * x * y, (x, y), 3)
    np.testing.assert_allclose(value.asnumpy(), [0.5, 3.0])
    np.testing.assert_allclose(third.asnumpy(), [6.0, 6.0])


def test_several_outputs_give_lists() -> None:
    values, derivatives = dt.jet(lambda x: (x, ops.ones(2)), Tensor([2.0]), Tensor([[3.0], [0.0]]))
    assert [v.tolist() for v in values] == [[2.0], [1.0, 1.0]]
    assert [d.tolist() for d in derivatives] == [[[3.0], [0.0]], [[0.0, 0.0], [0.0, 0.0]]]
    values, derivatives = dt.derivative(lambda x: [x, x * x], Tensor([2.0]), 2)
    assert [d.tolist() for d in derivatives] == [[0.0], [2.0]]


def test_a_network_and_its_parameters() -> None:
    net = nn.MLP(1, 1, width=5, depth=2, dtype=dt.float64, seed=0)
    x = Tensor(np.array([[0.3], [-0.2]]))
    fourth = dt.derivative(net, x, 4)[1]
    np.testing.assert_allclose(fourth.asnumpy(), dt.partials(net, [(4,)])(x)[0].asnumpy(), rtol=1e-10)
    weights = net.trainable_params()
    by_jet = dt.grad(lambda: dt.derivative(net, x, 2)[1].sum(), None, weights)()
    by_grad = dt.grad(lambda: dt.grad(lambda x: dt.grad(net)(x))(x).sum(), None, weights)()
    for mine, theirs in zip(by_jet, by_grad, strict=True):
        np.testing.assert_allclose(mine.asnumpy(), theirs.asnumpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("dtype", "highest"), [(dt.float16, 6), (dt.float32, 10), (dt.float64, 18)], ids=str)
def test_the_highest_order_that_a_type_carries(dtype: dt.dtypes.DType, highest: int) -> None:
    """Up to it a sine keeps some digits; beyond it there is an error that names argument, type and bound."""
    x = Tensor(np.array([0.5]), dtype)
    points = x.reshape((1, 1))
    exact = [np.sin(0.5), np.cos(0.5), -np.sin(0.5), -np.cos(0.5)][highest % 4]
    curve = ops.concat([ops.ones((1, 1), dtype), ops.zeros((highest - 1, 1), dtype)], 0)
    for found in (
        dt.derivative(ops.sin, x, highest)[1],
        dt.jet(ops.sin, x, curve)[1][-1],
        dt.partials(lambda X: ops.sin(X[:, 0]), [(highest,)])(points)[0],
        dt.linear_operator(lambda X: ops.sin(X[:, 0]), {(highest,): 1.0})(points),
    ):
        np.testing.assert_allclose(found.asnumpy(), [exact], atol=0.5)
    text = f"order {highest + 1}.*{dtype} carries derivatives up to order {highest}"
    with pytest.raises(ValueError, match=rf"`order` of `derivative`.*{text}"):
        dt.derivative(ops.sin, x, highest + 1)
    with pytest.raises(ValueError, match=rf"`series` of `jet`.*{text}"):
        dt.jet(ops.sin, x, ops.zeros((highest + 1, 1), dtype))
    with pytest.raises(ValueError, match=rf"`indices` of `partials`.*{text}"):
        dt.partials(lambda X: ops.sin(X[:, 0]), [(highest + 1,)])(points)
    with pytest.raises(ValueError, match=rf"`coefficients` of `linear_operator`.*{text}"):
        dt.linear_operator(lambda X: ops.sin(X[:, 0]), {(1,): 1.0, (highest + 1,): 1.0})(points)


def test_mixed_orders_count_by_their_factorials() -> None:
    f = lambda X: ops.sin(X[:, 0] + X[:, 1])
    dt.partials(f, [(7, 6)])(Tensor([[0.1, 0.2]]))
    with pytest.raises(ValueError, match=r"derivative of \(9, 6\)"):
        dt.partials(f, [(9, 6)])(Tensor([[0.1, 0.2]]))


def test_jet_nests_in_itself() -> None:
    inner = lambda x: dt.derivative(ops.sin, x, 2)[1]
    assert dt.derivative(inner, Tensor(np.array(0.5)), 2)[1].item() == pytest.approx(np.sin(0.5))


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda x: dt.jet(3, x, x), TypeError, "should be callable"),
        (
            lambda x: dt.jet(ops.sin, x, x),
            ValueError,
            r"series\[0\] of `jet` has shape \(2,\); expected \(order, ...\)",
        ),
        (lambda x: dt.jet(ops.sin, x, ops.ones((0, 2))), ValueError, "one order of 1 or more"),
        (lambda x: dt.jet(ops.sin, x, (ops.ones((1, 2)), x)), ValueError, "1 primals and 2 series"),
        (lambda x: dt.jet(ops.sin, 1.0, x), TypeError, r"primals\[0\] of `jet` must be a Tensor, got float"),
        (lambda x: dt.jet(ops.sin, (), x), ValueError, "`primals` of `jet` is empty"),
        (lambda x: dt.jet(ops.sin, x, ops.ones((1, 2), dt.float64)), TypeError, "Float64, its primal of Float32"),
        (lambda x: dt.jet(ops.sin, x, Tensor([[1, 2]])), TypeError, r"series\[0\] of `jet` is of Int64"),
        (lambda x: dt.jet(lambda x: 1.0, x, ops.ones((1, 2))), TypeError, "must return Tensors, got float"),
        (lambda x: dt.derivative(ops.sin, x, 0), ValueError, "`order` of `derivative` must be 1 or more"),
        (lambda x: dt.derivative(ops.sin, x, 1.0), TypeError, "`order` of `derivative` must be an int"),
    ],
)
def test_misuse_is_named(use: Callable[[Tensor], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        use(Tensor([1.0, 2.0]))
