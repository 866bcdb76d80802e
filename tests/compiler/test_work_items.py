"""Block kernels as a GPU runs them: the points of a tile on the work-items of a group."""

from __future__ import annotations

import numpy as np
import pytest

import dualtape as dt
from compiler.losses import CASES, largest_error, tensors
from devices.architectures import WithUndefinedMemory, with_work_items
from dualtape import pytree
from dualtape.compiler.blocks.target import TileTarget, target_of
from dualtape.devices.kernels import Architecture
from dualtape.devices.opencl import opencl_devices

DEVICES = opencl_devices()
pytestmark = pytest.mark.opencl

WORK_ITEMS = pytest.mark.parametrize("work_items", [4, 32])


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
@WORK_ITEMS
@pytest.mark.parametrize("name", ["burgers", "wave, wide", "trainable coefficient", "choices", "many directions"])
def test_value_and_gradient(name: str, device: dt.Device, work_items: int) -> None:
    loss, values = CASES[name]
    arguments = tensors(values, dt.float32)
    jitted = dt.jit(dt.value_and_grad(loss), device=with_work_items(device, work_items))
    assert "reqd_work_group_size(DT_ITEMS" in jitted.lower(*arguments).kernels()
    assert f"#define DT_ITEMS {work_items}\n" in jitted.lower(*arguments).kernels()
    first = jitted(*arguments)
    assert largest_error(first, dt.value_and_grad(loss)(*tensors(values, dt.float64))) < 2e-5
    for x, y in zip(pytree.flatten(first)[0], pytree.flatten(jitted(*arguments))[0], strict=True):
        np.testing.assert_array_equal(x.asnumpy(), y.asnumpy())


@WORK_ITEMS
def test_results_at_the_points(work_items: int) -> None:
    x = np.linspace(-1, 1, 3 * work_items + 1, dtype=np.float32)
    jitted = dt.jit(lambda x: (x * x > 0.5, dt.ops.exp(x)), device=with_work_items(DEVICES[0], work_items))
    assert jitted.lower(dt.Tensor(x)).kernels()
    large, exponential = jitted(dt.Tensor(x))
    np.testing.assert_array_equal(large.asnumpy(), x * x > 0.5)
    np.testing.assert_allclose(exponential.asnumpy(), np.exp(x), rtol=1e-6)


def test_the_architecture_says_how_points_are_laid() -> None:
    graphics = Architecture(80, 1 << 16, {dt.float32: 1}, 256, points_on_work_items=True, is_processor=False)
    assert target_of(graphics, dt.float32) == TileTarget("float", 32, 64, 64, 1 << 16)
    processor = graphics._replace(lanes={dt.float64: 8}, points_on_work_items=False)
    assert target_of(processor, dt.float64) == TileTarget("double", 64, 8, 1, 1 << 16)
    assert not target_of(DEVICES[0].architecture, dt.float32).points_on_work_items


@pytest.mark.parametrize("work_items", [None, 4, 32])
@pytest.mark.parametrize("name", ["burgers", "wave, wide", "many directions"])
def test_no_number_is_read_before_it_is_written(name: str, work_items: int | None) -> None:
    """Every lane of every tile is summed over, so one element that nobody wrote would make the sums NaN."""
    layout = {} if work_items is None else {"points_on_work_items": True, "largest_group": work_items}
    device = WithUndefinedMemory(DEVICES[0], **layout)
    loss, values = CASES[name]
    for result in pytree.flatten(dt.jit(dt.value_and_grad(loss), device=device)(*tensors(values, dt.float32)))[0]:
        assert np.isfinite(result.asnumpy()).all()
