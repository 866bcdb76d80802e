"""Block kernels as a GPU runs them: the points of a tile on the work-items of a group."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.compiler.test_blocks import CASES, largest_error, tensors

import dualtape as dt
from dualtape import pytree
from dualtape.compiler.blocks import run as blocks
from dualtape.compiler.blocks.target import Target, target_of
from dualtape.devices.opencl import opencl_devices

DEVICES = [device.name for device in opencl_devices()]
pytestmark = pytest.mark.skipif(not DEVICES, reason="no OpenCL device")


@pytest.fixture(params=[4, 32])
def work_items(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Groups of so many work-items on any device."""
    count: int = request.param

    def spread(device: Any, dtype: dt.dtype.DType) -> Target:
        return Target("float" if dtype is dt.float32 else "double", dtype.bits, count, count)

    monkeypatch.setattr(blocks, "target_of", spread)
    return count


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["burgers", "wave, wide", "trainable coefficient", "choices", "many directions"])
def test_value_and_gradient(name: str, device: str, work_items: int) -> None:
    loss, values = CASES[name]
    arguments = tensors(values, dt.float32)
    jitted = dt.jit(dt.value_and_grad(loss), device=device)
    assert "reqd_work_group_size(DT_ITEMS" in jitted.lower(*arguments).kernels()
    assert f"#define DT_ITEMS {work_items}\n" in jitted.lower(*arguments).kernels()
    first = jitted(*arguments)
    assert largest_error(first, dt.value_and_grad(loss)(*tensors(values, dt.float64))) < 2e-5
    for x, y in zip(pytree.flatten(first)[0], pytree.flatten(jitted(*arguments))[0], strict=True):
        np.testing.assert_array_equal(x.asnumpy(), y.asnumpy())


def test_results_at_the_points(work_items: int) -> None:
    x = np.linspace(-1, 1, 3 * work_items + 1, dtype=np.float32)
    jitted = dt.jit(lambda x: (x * x > 0.5, dt.ops.exp(x)), device=DEVICES[0])
    assert jitted.lower(dt.Tensor(x)).kernels()
    large, exponential = jitted(dt.Tensor(x))
    np.testing.assert_array_equal(large.asnumpy(), x * x > 0.5)
    np.testing.assert_allclose(exponential.asnumpy(), np.exp(x), rtol=1e-6)


def test_devices_say_how_points_are_laid() -> None:
    class Graphics:
        class runtime:
            is_cpu = False

            class handle:
                max_work_group_size = 256

    assert target_of(Graphics, dt.float32) == Target("float", 32, 64, 64)
    assert not target_of(opencl_devices()[0], dt.float64).spreads


@pytest.mark.parametrize("name", ["burgers", "wave, wide", "many directions"])
def test_no_number_is_read_before_it_is_written(name: str, work_items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every lane of every tile is summed over, so one element that nobody wrote would make the sums NaN."""
    prepare = blocks.Launch.__init__

    def prepare_with_nan(self: blocks.Launch, region: Any, device: Any) -> None:
        prepare(self, region, device)
        device.runtime.fill(self._scratch, float("nan"))
        device.runtime.fill(self._sums, float("nan"))

    monkeypatch.setattr(blocks.Launch, "__init__", prepare_with_nan)
    loss, values = CASES[name]
    for result in pytree.flatten(dt.jit(dt.value_and_grad(loss), device=DEVICES[0])(*tensors(values, dt.float32)))[0]:
        assert np.isfinite(result.asnumpy()).all()
