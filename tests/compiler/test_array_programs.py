"""Programs without points under `jit` where the arrays are: the numbers of eager ones, the same at each run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from devices.architectures import with_work_items
from dualtape import ops, pytree
from dualtape.compiler.blocks import planning, policy
from dualtape.compiler.loops import building, cutting, pieces
from dualtape.devices.opencl import opencl_devices
from varied_programs.arrays import ARRAY_PROGRAMS, Shapes

DEVICES = opencl_devices()
TOLERANCE = {dt.float32: 4e-6, dt.float64: 1e-13}
pytestmark = pytest.mark.opencl


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small arrays go the way of large ones, in pieces that no size is a multiple of."""
    monkeypatch.setattr(planning, "MUCH_MOVED", 0)
    monkeypatch.setattr(policy, "WORTHWHILE", 0)
    for module in (building, cutting):
        monkeypatch.setattr(module, "LEAST_SPREAD", 64)
    for module in (cutting, pieces):
        monkeypatch.setattr(module, "PIECE", 500)


def arguments(shapes: Shapes, dtype: Any, device: Any) -> list[dt.Tensor]:
    numbers = np.random.default_rng(5)
    return [dt.Tensor(numbers.normal(size=shape).astype(dtype.numpy)).to(device) for shape in shapes]


def flat(values: Any) -> list[np.ndarray]:
    return [x.asnumpy() for x in pytree.flatten(values)[0]]


def check(function: Callable[..., Any], shapes: Shapes, dtype: Any, device: Any) -> Any:
    """Compare with eager operations on the host, and one run with the next; gives the jitted function."""
    jitted, given = dt.jit(function), arguments(shapes, dtype, device)
    found = flat(jitted(*given))
    expected = flat(function(*arguments(shapes, dtype, "host")))
    for x, y, again in zip(found, expected, flat(jitted(*given)), strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        np.testing.assert_allclose(x, y, rtol=0, atol=TOLERANCE[dtype] * np.abs(y).max())
        np.testing.assert_array_equal(x, again)
    return dt.explain(jitted, *given)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
@pytest.mark.parametrize("name", ARRAY_PROGRAMS)
def test_array_program(name: str, device: Any) -> None:
    check(*ARRAY_PROGRAMS[name], dt.float32, device)


@pytest.mark.parametrize("name", ["several results of one pass", "sums of rows", "chosen", "three axes reversed"])
def test_in_float64(name: str) -> None:
    check(*ARRAY_PROGRAMS[name], dt.float64, DEVICES[0])


@pytest.mark.parametrize(
    "name",
    ["several results of one pass", "sums of axes at both ends", "transposed", "normalized rows", "softmax of a layer"],
)
def test_on_work_items(name: str) -> None:
    check(*ARRAY_PROGRAMS[name], dt.float32, with_work_items(DEVICES[0], 4))


def test_what_is_used_once_never_goes_to_memory() -> None:
    function, shapes = ARRAY_PROGRAMS["several results of one pass"]
    assert "runs as 2 kernels of loops" in str(check(function, shapes, dt.float32, DEVICES[0]))


@pytest.mark.parametrize("name", ["softmax", "logarithm of softmax", "standardized planes", "gradient of a softmax"])
def test_a_row_that_reads_its_reductions_is_read_once(name: str) -> None:
    function, shapes = ARRAY_PROGRAMS[name]
    jitted = dt.jit(function)
    assert "runs as 1 kernel of loops" in str(dt.explain(jitted, *arguments(shapes, dt.float32, DEVICES[0])))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("where", [(ops.argmax, np.argmax), (ops.argmin, np.argmin)], ids=["largest", "smallest"])
def test_the_first_of_equal_extrema_and_a_nan_is_found(where: Any, axis: int) -> None:
    search, expected = where
    values = np.random.default_rng(0).integers(-3, 3, (70, 41)).astype(np.float32)
    values[2, 7] = values[2, 30] = values[3, 40] = values[4, 0] = np.nan
    values[5], values[6], values[7, 5:] = np.inf, -np.inf, 0.0
    values[7, 4] = -0.0
    values = values if axis else values.T.copy()
    jitted = dt.jit(lambda a: search(ops.absolute(a * 1.5) - 1, axis))
    given = dt.Tensor(values).to(DEVICES[0])
    assert "kernels of loops" in str(dt.explain(jitted, given))
    np.testing.assert_array_equal(jitted(given).asnumpy(), expected(np.abs(values * 1.5) - 1, axis))


def test_what_reads_reductions_of_columns_takes_fewer_passes_than_operations() -> None:
    softmax = lambda a: ops.softmax(a, 0)
    assert "runs as 5 kernels of loops" in str(check(softmax, ((330, 41),), dt.float32, DEVICES[0]))


def test_a_chain_has_the_eager_bits() -> None:
    a, b = arguments(((1003,), (1003,)), dt.float32, DEVICES[0])
    chain = dt.jit(lambda a, b: ops.tanh(a * b + 1) * a)
    np.testing.assert_array_equal(chain(a, b).asnumpy(), (ops.tanh(a * b + 1) * a).asnumpy())


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nan_and_infinities_are_handed_on(axis: int | None) -> None:
    values = np.random.default_rng(0).normal(size=(41, 37)).astype(np.float32)
    for row, special in enumerate((np.nan, np.inf, -np.inf)):
        values[3 + row, 5 * row] = special
    reduced = dt.jit(lambda a: ((a * 2).sum(axis), ops.amax(a * 2, axis), ops.amin(a * 2, axis)))
    for found, reduce in zip(reduced(dt.Tensor(values).to(DEVICES[0])), (np.sum, np.max, np.min), strict=True):
        np.testing.assert_allclose(found.asnumpy(), reduce(2 * values, axis=axis), rtol=1e-5, atol=1e-5)


def test_another_size_has_the_same_kernel() -> None:
    """Sizes and steps are told to a kernel when it runs."""
    jitted = dt.jit(lambda a, b: (ops.sin(a) * b).sum(1))
    texts = {
        jitted.lower(*arguments(((rows, 83), (83,)), dt.float32, DEVICES[0])).kernels() for rows in (1000, 1200, 1300)
    }
    assert len(texts) == 1


def test_operations_without_loops_stand_between_them() -> None:
    function, shapes = ARRAY_PROGRAMS["whole numbers"]
    assert "by themselves" in str(check(function, shapes, dt.float32, DEVICES[0]))
