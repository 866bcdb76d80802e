"""Partial derivatives of fields by Taylor mode: against nested reverse mode, and against mpmath."""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.interpreter import Level
from dualtape.testing import finite_differences

draws = np.random.default_rng(3)
W1, B1 = draws.normal(size=(2, 5)), draws.normal(size=5)
W2, B2 = draws.normal(size=(5, 4)) / 2, draws.normal(size=4)
W3 = draws.normal(size=(4, 1))
POINTS = draws.uniform(-1, 1, (3, 2))


def network(X: dt.Tensor) -> dt.Tensor:
    h = ops.tanh(X @ dt.Tensor(W1) + dt.Tensor(B1))
    return (ops.tanh(h @ dt.Tensor(W2) + dt.Tensor(B2)) @ dt.Tensor(W3))[:, 0]


def network_in_mpmath(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    h = [mpmath.tanh(x * W1[0, j] + y * W1[1, j] + B1[j]) for j in range(5)]
    g = [mpmath.tanh(sum(h[i] * W2[i, j] for i in range(5)) + B2[j]) for j in range(4)]
    return sum(g[j] * W3[j, 0] for j in range(4))


def nested_gradients(index: tuple[int, ...]) -> Callable[[dt.Tensor], dt.Tensor]:
    f = network
    for axis, order in enumerate(index):
        for _ in range(order):
            f = lambda X, f=f, axis=axis: dt.grad(f)(X)[:, axis]
    return f


def test_sixth_mixed_derivative_is_nested_reverse_mode_and_mpmath() -> None:
    """u_xxxxyy of a tanh network, to 1e-10."""
    (got,) = dt.partials(network, [(4, 2)])(dt.Tensor(POINTS))
    by_gradients = nested_gradients((4, 2))(dt.Tensor(POINTS))
    np.testing.assert_allclose(got.asnumpy(), by_gradients.asnumpy(), rtol=1e-10)
    with mpmath.workdps(60):
        exact = [
            float(mpmath.diff(network_in_mpmath, tuple(map(mpmath.mpf, point)), (4, 2))) for point in POINTS.tolist()
        ]
    np.testing.assert_allclose(got.asnumpy(), exact, rtol=1e-10)


def test_all_partials_to_order_four_come_from_one_sweep() -> None:
    indices = [(i, j) for i in range(5) for j in range(5) if i + j <= 4]
    calls = 0

    def counted(X: dt.Tensor) -> dt.Tensor:
        nonlocal calls
        calls += 1
        return network(X)

    found = dt.partials(counted, indices)(dt.Tensor(POINTS))
    assert calls == 1
    for index, got in zip(indices, found, strict=True):
        np.testing.assert_allclose(got.asnumpy(), nested_gradients(index)(dt.Tensor(POINTS)).asnumpy(), rtol=1e-11)


def test_laplacian_is_the_trace_of_the_hessian_and_the_linear_operator() -> None:
    X = dt.Tensor(POINTS)
    value, lap = dt.laplacian(network)(X)
    np.testing.assert_allclose(value.asnumpy(), network(X).asnumpy(), rtol=1e-15)
    trace = sum(dt.grad(lambda X, i=i: dt.grad(network)(X)[:, i])(X)[:, i] for i in range(2))
    np.testing.assert_allclose(lap.asnumpy(), trace.asnumpy(), rtol=1e-12)
    operator = dt.linear_operator(network, {(2, 0): 1.0, (0, 2): 1.0})(X)
    np.testing.assert_allclose(lap.asnumpy(), operator.asnumpy(), rtol=1e-12)


def test_laplacian_in_many_dimensions() -> None:
    points = draws.normal(size=(2, 30))
    value, lap = dt.laplacian(lambda X: ops.exp(-0.5 * ops.sum(X * X, -1)))(dt.Tensor(points))
    square = (points**2).sum(-1)
    np.testing.assert_allclose(value.asnumpy(), np.exp(-0.5 * square), rtol=1e-13)
    np.testing.assert_allclose(lap.asnumpy(), (square - 30) * np.exp(-0.5 * square), rtol=1e-12)


def test_bilaplacian_of_a_polynomial() -> None:
    operator = dt.linear_operator(lambda X: X[:, 0] ** 4 * X[:, 1] ** 4, {(4, 0): 1.0, (2, 2): 2.0, (0, 4): 1.0})
    x, y = POINTS.T
    exact = 24 * y**4 + 2 * 144 * x**2 * y**2 + 24 * x**4
    np.testing.assert_allclose(operator(dt.Tensor(POINTS)).asnumpy(), exact, rtol=1e-13)


def test_gradient_of_a_residual_by_the_weights() -> None:
    """Reverse over Taylor: the loss of a PINN, against finite differences of that loss."""
    weight = dt.Parameter(dt.Tensor(W1), name="w")

    def loss(X: dt.Tensor) -> dt.Tensor:
        u, u_x, u_yy = dt.partials(lambda X: ops.tanh(X @ weight) @ dt.Tensor(B1), [(0, 0), (1, 0), (0, 2)])(X)
        return ops.mean((u * u_x - u_yy) ** 2)

    X = dt.Tensor(POINTS)
    gradient = dt.grad(loss, None, weight)(X).asnumpy()

    def at(values: dt.Tensor) -> dt.Tensor:
        weight.set_data(values)
        return loss(X)

    estimate = finite_differences(at, W1)
    np.testing.assert_allclose(gradient, estimate.value, rtol=1e-8, atol=1e-9)


def test_field_that_does_not_depend_on_a_coordinate() -> None:
    found = dt.partials(lambda X: X[:, 0] ** 2, [(2, 0), (0, 1), (1, 1), (3, 0)])(dt.Tensor(POINTS))
    assert [y.tolist() for y in found] == [[2] * 3, [0] * 3, [0] * 3, [0] * 3]
    assert all(y.shape == (3,) and y.dtype is dt.float64 for y in found)
    assert dt.partials(lambda X: dt.Tensor([1.0]), [(1, 0)])(dt.Tensor(POINTS))[0].tolist() == [0]
    _, lap = dt.laplacian(lambda X: ops.stop_gradient(X)[:, 0])(dt.Tensor(POINTS))
    assert lap.tolist() == [0] * 3


def test_field_of_vectors_and_extra_arguments() -> None:
    f = lambda X, a: ops.stack([X[:, 0] * X[:, 1] * a, X[:, 0] ** 2], -1)
    (u_xy,) = dt.partials(f, [(1, 1)])(dt.Tensor(POINTS), 3.0)
    assert u_xy.tolist() == [[3, 0]] * 3


@pytest.mark.parametrize("shape", [(2,), (1, 2), (0, 2), (2, 3, 2)], ids=str)
def test_points_of_any_leading_shape(shape: tuple[int, ...]) -> None:
    points = draws.normal(size=shape)
    u_xy = dt.partials(lambda X: X[..., 0] ** 2 * X[..., 1], [(1, 1)])(dt.Tensor(points))[0]
    np.testing.assert_allclose(u_xy.asnumpy(), 2 * points[..., 0], rtol=1e-15)


@pytest.mark.parametrize(
    ("indices", "error", "text"),
    [
        ([], ValueError, "`indices` of `partials` is empty"),
        ([(1, 0), (1,)], ValueError, "one length"),
        ([(-1, 0)], ValueError, "negative"),
        ([(1.0, 0)], TypeError, "ints"),
        ([(True, 0)], TypeError, "ints"),
        ([1], TypeError, "multi-index"),
        ([()], TypeError, "multi-index"),
        (["xx"], TypeError, "multi-index"),
    ],
)
def test_bad_multi_index(indices: list[object], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        dt.partials(network, indices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "error", "text"),
    [
        (dt.Tensor([[1.0, 2.0, 3.0]]), ValueError, r"\(1, 3\).*2 of them"),
        (dt.Tensor([[1, 2]]), TypeError, "floats"),
        (dt.Tensor(1.0), ValueError, "last axis"),
        ([[1.0, 2.0]], TypeError, "must be a Tensor"),
    ],
)
def test_bad_points(points: object, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        dt.partials(network, [(1, 0)])(points)  # type: ignore[arg-type]


def test_bad_fields_and_operators() -> None:
    with pytest.raises(TypeError, match="return a Tensor"):
        dt.laplacian(lambda X: 1.0)(dt.Tensor(POINTS))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="`coefficients`"):
        dt.linear_operator(network, [(1, 0)])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="fn"):
        dt.partials(3, [(1, 0)])  # type: ignore[arg-type]


def count_operations(monkeypatch: pytest.MonkeyPatch, run: Callable[[], object]) -> dict[str, int]:
    """How often each primitive reaches the device."""
    ground = type(dt.Tensor(1.0).level)
    counts: dict[str, int] = {}
    execute = ground.interpret

    def interpret(self: Level, primitive: object, *rest: object) -> object:
        name: str = primitive.name  # type: ignore[attr-defined]
        counts[name] = counts.get(name, 0) + 1
        return execute(self, primitive, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(ground, "interpret", interpret)
        run()
    return counts


def test_symbolic_zeros_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """tanh(x) in a jet over x and y to order 4: every coefficient that involves y is zero, and none is computed."""
    X = dt.Tensor(POINTS)
    in_x = lambda X: ops.tanh(X[:, 0])
    alone = count_operations(monkeypatch, lambda: dt.partials(in_x, [(4, 0)])(X))
    # The unit vector of y goes through the slice, once: nothing is known to be zero before that.
    together = count_operations(monkeypatch, lambda: dt.partials(lambda X: in_x(X) + 0 * X[:, 1], [(4, 0)])(X))
    assert alone["tanh"] == together["tanh"] == 1
    stopped = lambda X: ops.exp(ops.sin(ops.stop_gradient(X[:, 0])))
    constant = count_operations(monkeypatch, lambda: dt.partials(stopped, [(4, 4)])(X))
    assert constant["exp"] == constant["sin"] == 1
    assert constant.get("multiply", 0) == constant.get("scale", 0) == 0


def test_linear_steps_keep_high_coefficients_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear layer has nothing to do at order 2 and above."""
    X, W = dt.Tensor(POINTS), dt.Tensor(W1)
    counts = count_operations(monkeypatch, lambda: dt.partials(lambda X: X @ W, [(3, 0), (0, 3)])(X))
    assert counts["matmul"] == 3  # the value, and one coefficient for each coordinate


def test_rule_that_mentions_its_own_output_is_evaluated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = count_operations(monkeypatch, lambda: dt.partials(lambda X: ops.sin(X[:, 0]), [(6, 0)])(dt.Tensor(POINTS)))
    assert counts["sin"] == counts["cos"] == 1
