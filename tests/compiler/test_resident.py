"""A training step runs on its device from start to end, and gives what the operations do one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from devices.architectures import As
from dualtape import nn, ops, optim
from dualtape.compiler.blocks import placing
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl


def trained(home: Any, dtype: Any, jitted: bool, device: Any = None, steps: int = 3) -> tuple[list[float], list[Any]]:
    """The losses of some steps of Adam, and the weights after them."""
    rng = np.random.default_rng(3)
    net = nn.MLP(2, 1, width=8, depth=2).astype(dtype)
    for parameter in net.trainable_params():
        parameter.set_data(dt.Tensor(rng.normal(scale=0.5, size=parameter.shape)).astype(dtype))
        parameter.move_to(home)
    optimizer = optim.Adam(net.trainable_params(), optim.CosineDecayLR(1e-3, 1e-2, 10))
    inside, edge = (dt.Tensor(rng.uniform(-1, 1, (n, 2))).astype(dtype).to(home) for n in (700, 90))

    def loss(inside: dt.Tensor, edge: dt.Tensor) -> dt.Tensor:
        u, u_t, u_xx = dt.partials(lambda x: net(x)[:, 0], [(0, 0), (0, 1), (2, 0)])(inside)
        return ops.square(u_t - 0.1 * u_xx + u).mean() + ops.square(net(edge)).mean()

    differentiate = dt.value_and_grad(loss, None, net.trainable_params())

    def step(inside: dt.Tensor, edge: dt.Tensor) -> dt.Tensor:
        value, gradients = differentiate(inside, edge)
        optimizer(gradients)
        return value

    run: Callable[..., dt.Tensor] = dt.jit(step, device=device) if jitted else step
    losses = [run(inside, edge).item() for _ in range(steps)]
    if jitted:
        assert "kernels of loops between" in str(dt.explain(run, inside, edge))
    return losses, [parameter.asnumpy() for parameter in net.trainable_params()]


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
@pytest.mark.parametrize("on_host", [True, False])
def test_steps_of_adam(device: Any, on_host: bool) -> None:
    losses, weights = trained("host", dt.float64, jitted=False)
    home = "host" if on_host else device
    found, reached = trained(home, dt.float64, jitted=True, device=device)
    np.testing.assert_allclose(found, losses, rtol=1e-12)
    for one, other in zip(reached, weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def test_a_row_of_a_product_between_kernels_that_registers_do_not_hold() -> None:
    """The directions of a Laplacian times the weights of a wide layer; the last device has the shorter vectors."""
    device = DEVICES[-1]
    rng = np.random.default_rng(0)
    w, v, x = (dt.Tensor(rng.normal(size=shape) / 8, dt.float32) for shape in ((64, 112), (112, 1), (40, 64)))

    def loss(w: dt.Tensor, v: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        _, laplacian = dt.laplacian(lambda x: ops.sin(ops.sin(x @ w) @ v))(x)
        return ops.square(laplacian).mean()

    differentiate = dt.value_and_grad(loss, (0, 1))
    jitted = dt.jit(differentiate, device=device)
    assert "kernels of loops between" in str(dt.explain(jitted, w, v, x))
    for one, other in zip(dt.pytree.leaves(jitted(w, v, x)), dt.pytree.leaves(differentiate(w, v, x)), strict=True):
        np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=1e-4, atol=1e-6)


class Counting(As):
    """Counts what is sent to it and read from it, in bytes."""

    def __init__(self, device: Any) -> None:
        super().__init__(device)
        self.sent: list[int] = []
        self.read: list[int] = []

    def put(self, array: np.ndarray) -> Any:
        self.sent.append(array.nbytes)
        return super().put(array)

    def get_all(self, storages: Any) -> list[np.ndarray]:
        found = super().get_all(storages)
        self.read.append(sum(array.nbytes for array in found))
        return found


def test_with_weights_on_the_device_nothing_is_sent() -> None:
    device = Counting(DEVICES[0])
    w, x = (dt.Tensor(np.ones(shape, np.float32)).to(device) for shape in ((2, 3), (5000, 2)))
    step = dt.jit(dt.grad(lambda w, x: ops.square(ops.tanh(x @ w)).mean()), device=device)
    step(w, x)
    device.sent.clear()
    device.read.clear()
    for _ in range(3):
        w = w - 0.1 * step(w, x)
    assert device.sent == []
    assert all(size <= 256 for size in device.read)  # whether there is a NaN, and the gradient, which is tiny


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_small_results_are_ordinary_tensors(device: Any) -> None:
    """They lie in one piece of memory: each can be read, computed with, converted, kept, and given to any call."""

    @dt.jit
    def step(w: dt.Tensor, b: dt.Tensor, x: dt.Tensor) -> tuple[dt.Tensor, ...]:
        u = ops.tanh(x @ w + b)
        return w - 0.1 * u.mean(0), b * u.sum(), ops.square(u).mean(), u.max()

    rng = np.random.default_rng(0)
    given = [dt.Tensor(rng.normal(size=shape).astype(np.float32)) for shape in ((2, 30), (30,), (4000, 2))]
    w, b, x = (tensor.to(device) for tensor in given)
    expected = dt.pytree.leaves(step(*given))
    for _ in range(2):
        found = step(w, b, x)
        assert step(w, b, x)[0].asnumpy().tobytes() == found[0].asnumpy().tobytes()
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.asnumpy(), other.asnumpy(), rtol=2e-5)
            np.testing.assert_allclose((one * 2).asnumpy(), 2 * other.asnumpy(), rtol=2e-5)
            np.testing.assert_allclose(one.reshape(-1).asnumpy(), other.asnumpy().reshape(-1), rtol=2e-5)
            np.testing.assert_allclose(one.to("host").sum().item(), other.asnumpy().sum(), rtol=1e-4)
        once, twice = step(w, b, x), step(*(step(w, b, x)[:2]), x)
        again = step(once[0].to("host").to(device), once[1], x)
        for one, other in zip(again, twice, strict=True):
            assert one.asnumpy().tobytes() == other.asnumpy().tobytes()
        loss = found[2].asnumpy()
        loss += 1
        assert found[2].item() != loss.item()


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_points_that_an_equation_has_made_are_read(device: Any) -> None:
    def chosen(x: dt.Tensor, y: dt.Tensor) -> dt.Tensor:
        return -ops.where(dt.Tensor(np.array([False, True]), device=x.device), y, y)

    x, y = dt.Tensor(np.zeros((9, 2)), device=device), dt.Tensor(np.array([1.0, 2.0]), device=device)
    assert dt.jit(chosen, device=device)(x, y).tolist() == [-1, -2]


def test_inputs_from_many_places_are_gathered_and_known_again() -> None:
    """And a value that has changed since is another tensor."""
    device = Counting(DEVICES[0])
    copies: list[int] = []
    copy = device.copy
    device.copy = lambda *given: (copies.append(1), copy(*given))
    total = dt.jit(lambda *terms: [sum(terms[1:], terms[0])])
    terms = [dt.Tensor(float(i), device=device) for i in range(130)]
    assert "1 kernel of loops" in str(dt.explain(total, *terms))
    for _ in range(3):
        assert total(*terms)[0].item() == sum(range(130))
    assert len(copies) == 130
    terms[7] = dt.Tensor(1000.0, device=device)
    assert total(*terms)[0].item() == sum(range(130)) + 993
    assert len(copies) == 260


def test_a_nan_runs_the_strict_kernel_and_only_then() -> None:
    def loss(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        safe = ops.where(x > 0, ops.log(x), 0.0)  # its derivative at 0 is 0 times infinity
        return ops.square(safe @ w).mean()

    x = np.linspace(0, 1, 5000, dtype=np.float32).reshape(-1, 2)
    w = dt.Tensor(np.array([[0.5], [-1.0]], np.float32))
    for home in ("host", DEVICES[0].name):
        step = dt.jit(dt.grad(loss, (0, 1)), device=DEVICES[0])
        both = step(w.to(home), dt.Tensor(x).to(home))
        expected = dt.grad(loss, (0, 1))(w, dt.Tensor(x))
        for found, right in zip(both, expected, strict=True):
            np.testing.assert_allclose(found.asnumpy(), right.asnumpy(), rtol=2e-5, atol=1e-7)


def test_what_has_no_loops_is_done_on_the_host_and_said() -> None:
    step = dt.jit(dt.grad(lambda w, x, i: ops.square(x @ w[i]).mean()), device=DEVICES[0])
    w, x, i = (each.to(DEVICES[0].name) for each in (ops.ones((3, 3)), ops.ones((5000, 2)), dt.Tensor([2, 0])))
    assert "the host between: `inside_axis` has no loops" in str(dt.explain(step, w, x, i))
    expected = dt.grad(lambda w, x, i: ops.square(x @ w[i]).mean())(w, x, i)
    np.testing.assert_allclose(step(w, x, i).asnumpy(), expected.asnumpy(), rtol=1e-5)


def test_what_has_no_loops_may_be_an_operation_by_itself() -> None:
    step = dt.jit(dt.grad(lambda w, x: ops.square(x @ ops.cumsum(w, 0)).mean()), device=DEVICES[0])
    w, x = (ops.ones(shape).to(DEVICES[0].name) for shape in ((2, 3), (5000, 2)))
    assert "2 operations by themselves between" in str(dt.explain(step, w, x))
    expected = dt.grad(lambda w, x: ops.square(x @ ops.cumsum(w, 0)).mean())(w, x)
    np.testing.assert_allclose(step(w, x).asnumpy(), expected.asnumpy(), rtol=1e-5)


def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each array has a buffer of its own, as large ones do."""
    for name in ("_SMALL", "_TINY"):
        monkeypatch.setattr(placing, name, 0)


def test_many_arrays_are_several_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)

    def update(*weights: dt.Tensor) -> list[dt.Tensor]:
        return [w - 0.1 * ops.sin(w) for w in weights]

    weights = [dt.Tensor(np.full(3, float(i))).to(DEVICES[0]) for i in range(80)]
    jitted = dt.jit(update)
    assert "runs as 2 kernels of loops" in str(dt.explain(jitted, *weights))
    for found, expected in zip(jitted(*weights), update(*weights), strict=True):
        np.testing.assert_array_equal(found.asnumpy(), expected.asnumpy())


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_values_at_points_stay_on_the_device(device: Any) -> None:
    """Elementwise chains, of floats and of bools, also where they read sums over the points; the host hears nothing."""
    counting = Counting(device)

    def chain(a: dt.Tensor, b: dt.Tensor) -> tuple[dt.Tensor, ...]:
        y = ops.tanh(a * b + 1) * a
        return y, y > b, y.sum(), ops.exp(-y / (1 + ops.abs(y).sum()))

    rng = np.random.default_rng(0)
    a, b = (dt.Tensor(rng.normal(size=200_003).astype(np.float32), device=counting) for _ in range(2))
    jitted = dt.jit(chain)
    first = jitted(a, b)
    assert "kernels of loops" in str(dt.explain(jitted, a, b))
    counting.sent.clear()
    counting.read.clear()
    found = jitted(a, b)
    assert (counting.sent, counting.read) == ([], [])
    for got, again, expected in zip(found, first, chain(a, b), strict=True):
        assert (got.dtype, got.device) == (expected.dtype, counting)
        assert got.asnumpy().tobytes() == again.asnumpy().tobytes()
        np.testing.assert_allclose(got.asnumpy(), expected.asnumpy(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(
    "view", [lambda w: w[:, ::2], lambda w: ops.broadcast_to(w[:, :1], (2, 3))], ids=["slice", "repeated"]
)
def test_arrays_of_the_host_may_have_gaps(view: Callable[[dt.Tensor], dt.Tensor]) -> None:
    def decayed(w: dt.Tensor, x: dt.Tensor) -> dt.Tensor:
        for _ in range(12):
            w = 0.9 * w + 0.01
        u = ops.tanh(x @ w).mean(0)
        for _ in range(12):
            u = 0.9 * u + 0.01
        return u

    rng = np.random.default_rng(0)
    w, x = (
        view(dt.Tensor(rng.normal(size=(2, 6)).astype(np.float32))),
        dt.Tensor(rng.normal(size=(9000, 2)).astype("f")),
    )
    jitted = dt.jit(decayed, device=DEVICES[0])
    assert "of loops between" in str(dt.explain(jitted, w, x))
    np.testing.assert_allclose(jitted(w, x).asnumpy(), decayed(w, x).asnumpy(), rtol=1e-5)


def test_a_loop_over_very_many_arrays_runs_operation_by_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    alone(monkeypatch)
    terms = [dt.Tensor(float(i), device=DEVICES[0]) for i in range(130)]
    total = dt.jit(lambda *terms: sum(terms[1:], terms[0]))
    assert total(*terms).item() == sum(range(130))
    assert "operation by operation" in str(dt.explain(total, *terms))


@pytest.mark.filterwarnings("error")
def test_sums_that_are_infinite_together_only() -> None:
    total = dt.jit(lambda x: (ops.tanh(x) * x).sum(0), device=DEVICES[0])
    assert total(dt.Tensor(np.full((20_000, 1), 2.5e34, np.float32))).tolist() == [np.inf]
