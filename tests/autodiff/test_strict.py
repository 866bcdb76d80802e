"""`strict_derivatives`: 0 times infinity is NaN in derivatives, in every mode, for this thread, while it lasts."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import numpy as np
import pytest

import dualtape as dt
from dualtape import ops
from dualtape.devices.device import Device


def f(x: dt.Tensor) -> dt.Tensor:
    """The square root of a product that is no square to the engine: its infinite slope meets a zero at 0."""
    return ops.sqrt(x * (x + 0.0))


def tensor(*x: float) -> dt.Tensor:
    return dt.Tensor(np.array(x))


ZERO, ONE = tensor(0.0, 4.0), tensor(1.0, 1.0)

MODES: dict[str, Callable[[], dt.Tensor]] = {
    "reverse": lambda: dt.grad(lambda x: f(x).sum())(ZERO),
    "vjp": lambda: dt.vjp(f, ZERO)[1](ONE)[0],
    "forward": lambda: dt.jvp(f, ZERO, ONE)[1],
    "jacfwd": lambda: dt.jacfwd(f)(ZERO).sum(1),
    "jacrev": lambda: ops.diag(dt.jacrev(f)(ZERO)),
    "jet": lambda: dt.jet(f, ZERO, ops.stack([ONE]))[1][0],
    "linearize": lambda: dt.linearize(f, ZERO)[1](ONE),
    "vmap of reverse": lambda: dt.vmap(dt.grad(f))(ZERO),
    "vmap of forward": lambda: dt.vmap(lambda x: dt.jvp(f, x, tensor(1.0)[0])[1])(ZERO),
    "reverse of vmap": lambda: dt.grad(lambda x: dt.vmap(f)(x).sum())(ZERO),
    "jit of reverse": lambda: dt.jit(dt.grad(lambda x: f(x).sum()))(ZERO),
    "jit of forward": lambda: dt.jit(lambda x: dt.jvp(f, x, ONE)[1])(ZERO),
    "partials": lambda: dt.partials(lambda X: f(X[:, 0]), [(1,)])(ops.reshape(ZERO, (2, 1)))[0],
    "reverse over forward": lambda: dt.grad(lambda t: dt.jvp(lambda x: t * f(x), ZERO, ONE)[1].sum())(tensor(1.0)),
    "checkpoint": lambda: dt.grad(lambda x: dt.checkpoint(f)(x).sum())(ZERO),
    "loop": lambda: dt.grad(lambda x: dt.ops.ForiLoop()(0, 1, lambda i, y: f(y), x).sum())(ZERO),
}


@pytest.mark.parametrize("mode", MODES)
def test_zero_times_infinity(mode: str) -> None:
    loose = MODES[mode]().asnumpy()
    assert np.isfinite(loose).all()
    with dt.strict_derivatives():
        strict = MODES[mode]().asnumpy()
    assert np.isnan(strict.ravel()[0])
    np.testing.assert_array_equal(strict.ravel()[1:], loose.ravel()[1:])
    np.testing.assert_array_equal(MODES[mode]().asnumpy(), loose)


@pytest.mark.parametrize("mode", MODES)
def test_the_innermost_block_decides(mode: str) -> None:
    loose = MODES[mode]().asnumpy()
    with dt.strict_derivatives(), dt.strict_derivatives(enabled=False):
        np.testing.assert_array_equal(MODES[mode]().asnumpy(), loose)


def test_a_block_that_was_never_left_ends_with_itself() -> None:
    """As one is whose `with` Ctrl-C has torn apart."""
    scope = dt.strict_derivatives()
    scope.__enter__()
    del scope
    gc.collect()
    assert dt.grad(lambda x: f(x).sum())(ZERO).tolist() == [0, 1]


@pytest.mark.parametrize("links", [1, 2, 3])
def test_strict_products_have_their_signs(links: int) -> None:
    def chain(x: dt.Tensor) -> dt.Tensor:
        for _ in range(links):
            x = x * tensor(0.5, 2.0)
        return x

    x = tensor(1.0, 0.3)
    loose = dt.grad(lambda x: chain(x).sum())(x), dt.jvp(chain, x, ONE)[1]
    with dt.strict_derivatives():
        strict = dt.grad(lambda x: chain(x).sum())(x), dt.jvp(chain, x, ONE)[1]
    for a, b in zip(loose, strict, strict=True):
        np.testing.assert_array_equal(a.asnumpy(), b.asnumpy())


def test_laplacian() -> None:
    points = tensor(0.0, 4.0).reshape((2, 1))
    g = lambda X: f(X[:, 0])
    assert np.isfinite(dt.laplacian(g)(points)[1].asnumpy()[1])
    with dt.strict_derivatives():
        assert np.isnan(dt.laplacian(g)(points)[1].asnumpy()[0])


def test_one_compiled_function_serves_both() -> None:
    slope = dt.jit(dt.grad(lambda x: f(x).sum()))
    assert slope(ZERO).tolist() == [0, 1]
    with dt.strict_derivatives():
        np.testing.assert_array_equal(slope(ZERO).asnumpy(), [np.nan, 1])
        with dt.strict_derivatives(enabled=False):
            assert slope(ZERO).tolist() == [0, 1]
        np.testing.assert_array_equal(slope(ZERO).asnumpy(), [np.nan, 1])
    assert slope(ZERO).tolist() == [0, 1]


def test_devices(device: Device) -> None:
    x = dt.Tensor(np.array([0.0, 4.0], np.float32))
    slope = dt.grad(lambda x: f(x).sum())
    assert slope(x).tolist() == [0, 1]
    with dt.strict_derivatives():
        for run in (slope, dt.jit(slope)):
            np.testing.assert_array_equal(run(x).asnumpy(), [np.nan, 1])


@pytest.mark.opencl
def test_block_kernels() -> None:
    """A kernel over blocks of points whose products are plain, and are not computed again when a NaN comes out."""
    x = dt.Tensor(np.linspace(0, 4, 512, dtype=np.float32))
    slope = dt.jit(dt.grad(lambda x, w: f(w * x).sum(), 1), device=dt.devices()[-1])
    w = dt.Tensor(np.float32(1.0))
    assert slope(x, w).item() == pytest.approx(1024.0, rel=1e-4)
    assert "block by block" in str(slope.lower(x, w).explanation)
    with dt.strict_derivatives():
        assert np.isnan(slope(x, w).item())


def test_where_cuts_nothing_off() -> None:
    g = lambda x: ops.where(x > 0, ops.sqrt(x), 0.0)
    assert dt.grad(g)(dt.Tensor(0.0)).item() == 0
    with dt.strict_derivatives():
        assert np.isnan(dt.grad(g)(dt.Tensor(0.0)).item())


@dt.strict_derivatives()
def strict_slope(x: dt.Tensor, depth: int = 0) -> float:
    return strict_slope(x, depth - 1) if depth else dt.grad(f)(x).item()


def test_decorator() -> None:
    zero = dt.Tensor(0.0)
    assert np.isnan(strict_slope(zero, depth=3))
    assert dt.grad(f)(zero).item() == 0


def test_it_ends_with_an_error() -> None:
    with pytest.raises(ZeroDivisionError), dt.strict_derivatives():
        raise ZeroDivisionError
    assert dt.grad(f)(dt.Tensor(0.0)).item() == 0


def test_it_is_of_one_thread() -> None:
    found: list[float] = []
    with dt.strict_derivatives():
        thread = threading.Thread(target=lambda: found.append(dt.grad(f)(dt.Tensor(0.0)).item()))
        thread.start()
        thread.join()
    assert found == [0]
