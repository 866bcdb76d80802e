"""Sums of any length keep a relative error below 1e-6 in Float32, whatever is added up, along whatever axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.core.primitive import CATALOGUE
from dualtape.devices.device import Device
from dualtape.devices.registry import HOST
from dualtape.primitives import reduction

BOUND = 1e-6
LIKE = (1.0, 0.1, 1.2345)


def like(value: float, shape: tuple[int, ...]) -> np.ndarray:
    return np.full(shape, value, np.float32)


def error(got: np.ndarray, value: float, count: int) -> float:
    """The largest relative error of sums of ``count`` equal numbers."""
    exact = float(np.float32(value)) * count
    return float(np.abs(np.asarray(got, np.float64) / exact - 1).max())


@pytest.mark.parametrize("value", LIKE)
@pytest.mark.parametrize(
    ("shape", "axes"),
    [((300_000, 3), (0,)), ((300_000, 3), (0, 1)), ((300_000,), (0,)), ((2, 100_001, 3), (1,)),
     ((100_001, 2, 3), (0, 2)), ((20_003, 40), (0,))],
)  # fmt: skip
def test_of_like_terms(device: Device, value: float, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    count = int(np.prod([shape[i] for i in axes]))
    assert error(ops.sum(dt.Tensor(like(value, shape)), axes).asnumpy(), value, count) < BOUND


@pytest.mark.parametrize("value", LIKE)
def test_of_a_hundred_million_like_terms(value: float) -> None:
    """Repeated by a stride of 0, so that they take no memory."""
    for columns in (1, 2):
        x = np.broadcast_to(np.float32(value), (10**8, columns))
        assert error(HOST.execute(CATALOGUE["sum"], (x,), {"axes": (0,)}), value, 10**8) < BOUND


@pytest.mark.parametrize(
    "arrange",
    [
        np.transpose, lambda x: x[:, ::-1], lambda x: x[::2, :3], lambda x: np.broadcast_to(x[:, :1], x.shape),
        lambda x: np.moveaxis(x.reshape(-1, 2, 2), 0, 1),
    ],
    ids=["transposed", "flipped", "part", "broadcast", "middle"],
)  # fmt: skip
def test_of_views(arrange: Callable[[np.ndarray], np.ndarray]) -> None:
    x = arrange(np.random.default_rng(0).uniform(0.5, 1, (300_000, 4)).astype(np.float32))
    for axes in ((0,), (1,), tuple(range(x.ndim))):
        got = HOST.execute(CATALOGUE["sum"], (x,), {"axes": axes})
        np.testing.assert_allclose(got, np.sum(x, axes, np.longdouble, keepdims=True), rtol=BOUND)


def test_mean_of_twenty_million_ones_was_0_839() -> None:
    assert dt.ops.mean(dt.Tensor(like(1.0, (20_000_000, 1))), 0).tolist() == [1.0]
    column = HOST.execute(CATALOGUE["sum"], (like(1.0, (20_000_000, 2)),), {"axes": (0,)})
    assert (column == 2e7).all()


@pytest.mark.parametrize("value", LIKE)
def test_gradient_of_a_bias(device: Device, value: float) -> None:
    bias, scale = dt.Tensor(np.zeros(2, np.float32)), dt.Tensor(like(value, (400_000, 2)))
    assert error(dt.grad(lambda b: ops.sum(scale * b))(bias).asnumpy(), value, 400_000) < BOUND


@pytest.mark.parametrize("shape", [(3, 2), (3, 1), (1, 2), (30, 20)])
def test_products_of_long_matrices_do_not_err_more_with_length(device: Device, shape: tuple[int, int]) -> None:
    m, n = shape
    rng = np.random.default_rng(0)
    x, y = (rng.uniform(0.5, 1, (200_000, k)).astype(np.float32) for k in shape)
    got = ops.matmul(dt.Tensor(x.T.copy()), dt.Tensor(y)).asnumpy()
    np.testing.assert_allclose(got, x.T.astype(float) @ y.astype(float), rtol=BOUND)
    equal = ops.matmul(dt.Tensor(like(0.1, (m, 1_000_000))), dt.Tensor(like(1.0, (1_000_000, n)))).asnumpy()
    assert error(equal, 0.1, 1_000_000) < 1e-5


@pytest.mark.parametrize("value", LIKE)
@pytest.mark.parametrize("reverse", [False, True])
def test_running_sums(device: Device, value: float, reverse: bool) -> None:
    n = 300_000
    x = dt.Tensor(like(value, (n, 2)))
    wanted = float(np.float32(value)) * np.arange(1, n + 1)
    got = reduction.cumsum(x, axis=0, reverse=reverse).asnumpy()[:, 1]
    np.testing.assert_allclose(got, wanted[::-1] if reverse else wanted, rtol=BOUND)


def test_running_sums_past_infinity(device: Device) -> None:
    x = dt.Tensor(np.array([[1, np.inf, 2, 3], [1, np.inf, -np.inf, 1]], np.float32))
    np.testing.assert_array_equal(ops.cumsum(x, 1).asnumpy(), [[1, *[np.inf] * 3], [1, np.inf, np.nan, np.nan]])


@pytest.mark.parametrize("value", LIKE)
@pytest.mark.parametrize("columns", [1, 20])
def test_scattered_sums(device: Device, value: float, columns: int) -> None:
    n = 300_000
    updates = dt.Tensor(like(value, (n, columns)))
    gradient = dt.grad(lambda v: (ops.take(v, np.zeros(n, np.int64), 0) * updates).sum())
    got = gradient(dt.Tensor(like(0.0, (2, columns)))).asnumpy()
    assert error(got[0], value, n) < BOUND
    assert (got[1] == 0).all()


HALVES: list[tuple[str, Callable[[dt.Tensor], dt.Tensor], Callable[[np.ndarray], float]]] = [
    ("mean", ops.mean, np.mean),
    ("mean of columns", lambda x: ops.mean(x.reshape(-1, 2), 0)[0], lambda x: 280),
    ("std", ops.std, np.std),
    ("norm", lambda x: ops.norm(x / 8), lambda x: np.linalg.norm(x) / 8),
    ("logsumexp", ops.logsumexp, lambda x: float(np.log(np.exp(x - x.max()).sum()) + x.max())),
    ("softmax", lambda x: ops.softmax(x * 0)[0], lambda x: 1 / x.size),
    ("root of MSE", lambda x: ops.mse_loss(x / 8, -x / 8) ** 0.5, lambda x: np.sqrt(np.mean((x / 4) ** 2))),
    ("MSE", lambda x: ops.mse_loss(x, x - 16), lambda x: 256),
    ("L1", lambda x: ops.l1_loss(x, 0 * x), np.mean),
    ("Huber", lambda x: ops.huber_loss(x, 0 * x, delta=1000.0) ** 0.5, lambda x: np.sqrt(np.mean(x * x) / 2)),
    ("smooth L1", lambda x: ops.smooth_l1_loss(x, 0 * x, 1e4, "mean"), lambda x: np.mean(x * x) / 2e4),
    ("cross entropy", lambda x: ops.cross_entropy(ops.stack((x, x), 1), x.astype(dt.int64) * 0), lambda x: np.log(2)),
]


@pytest.mark.parametrize(("function", "reference"), [pytest.param(f, r, id=name) for name, f, r in HALVES])
@pytest.mark.parametrize("jitted", [False, True], ids=["eager", "jit"])
def test_float16_accumulates_in_float32(
    device: Device, function: Callable[[dt.Tensor], dt.Tensor], reference: Callable[[np.ndarray], float], jitted: bool
) -> None:
    """The mean of 1000 times 300 was inf, and that of 70,000 ones NaN."""
    x = np.tile(np.array([280, 320], np.float16), 35_000)
    got = (dt.jit(function) if jitted else function)(dt.Tensor(x))
    assert got.dtype is dt.float16
    np.testing.assert_allclose(got.asnumpy().astype(float), reference(x.astype(float)), rtol=2e-3)


def test_slopes_of_float16_losses_stay_float16(device: Device) -> None:
    x = dt.Tensor(np.full(70_000, 300, np.float16))
    slope = dt.grad(lambda x: ops.mse_loss(x, 0 * x) ** 0.5 * 1000)(x / 2)
    assert slope.dtype is dt.float16
    assert np.isfinite(slope.asnumpy()).all()
    assert dt.grad(ops.norm)(x).dtype is dt.float16


def test_no_axes_leave_the_sign_of_zero(device: Device) -> None:
    zeros = -dt.Tensor(np.array([0.0, 1.0]))
    assert np.signbit(CATALOGUE["sum"](zeros, axes=()).asnumpy()).tolist() == [True, True]
