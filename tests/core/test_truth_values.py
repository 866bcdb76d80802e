"""Comparisons in expressions count as 1 and 0 where numbers are needed, as in NumPy, in every layout of a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import dualtape as dt
from devices.architectures import with_lanes, with_work_items
from dualtape.core.expression import by_type, call, choose, x, y
from dualtape.core.primitive import CATALOGUE
from dualtape.devices.device import Device
from dualtape.devices.opencl import opencl_devices
from dualtape.primitives.declaring import elementwise

pytestmark = pytest.mark.opencl

TRUE = True
TRUTHS = {
    "scaled": ((x > 0) * 2, lambda x, y: (x > 0) * 2),
    "added": ((x > 0) + (y < 1) * 0.5, lambda x, y: (x > 0) + (y < 1) * 0.5),
    "reflected": (3 - (x <= y), lambda x, y: 3 - (x <= y).astype(int)),
    "sum of truths": ((x > 0) + (y > 0), lambda x, y: (x > 0) + (y > 0)),
    "product of truths": ((x > 0) * (y > 0), lambda x, y: (x > 0) * (y > 0)),
    "difference": ((x > 0) - (x < 0), lambda x, y: np.subtract(x > 0, x < 0, dtype=int)),
    "negative": (-(x > 0), lambda x, y: -(x > 0).astype(int)),
    "quotient": (x / ((y > 0) + 1), lambda x, y: x / ((y > 0) + 1)),
    "compared with each other": (choose((x > 0) < (y > 0), 2, 3), lambda x, y: np.where((x > 0) < (y > 0), 2, 3)),
    "equal": (choose((x > 0) == (y > 0), 2, 3), lambda x, y: np.where((x > 0) == (y > 0), 2, 3)),
    "compared with a number": (choose((x > 0) < 0.5, x, y), lambda x, y: np.where((x > 0) < 0.5, x, y)),
    "compared with True": (choose((x > 0) == TRUE, x, y), lambda x, y: np.where(x > 0, x, y)),
    "chosen": (choose(x > 0, y > 0, 7) * 1, lambda x, y: np.where(x > 0, y > 0, 7)),
    "chosen truths": (choose(x > 0, y > 0, y < 0) * 3, lambda x, y: np.where(x > 0, y > 0, y < 0) * 3),
    "of a function": (call("dt_exp", (x > 0) * (y > 0)), lambda x, y: np.exp(((x > 0) & (y > 0)).astype(x.dtype))),
    "alone": (x > y, lambda x, y: x > y),
    "both": ((x > 0) & (y > 0), lambda x, y: (x > 0) & (y > 0)),
    "not": (~(x > 0) * 2, lambda x, y: ~(x > 0) * 2),
    "by type": (by_type(x > 0, 1) * 2, lambda x, y: (x > 0) * 2),
}
ELEMENTS = np.array([-2.0, -0.0, 0.0, 1.0, np.inf, -np.inf, np.nan, 0.5])


# One kernel each and for each layout; all of them run in blocks of points below.
RUN = ("scaled", "added", "compared with each other", "alone", "of a function")


def stated(name: str) -> Any:
    """A primitive of two floats, which gives a float."""
    expression, numpy = TRUTHS[name]
    try:
        return elementwise(
            "truth_values",
            numpy=lambda x, y: np.asarray(numpy(*np.broadcast_arrays(x, y))).astype(np.result_type(x, y)),
            opencl=expression,
            partials=(lambda x, y, z: 0, lambda x, y, z: 0),
            domain=((-1, 1), (-1, 1)),
        )
    finally:
        del CATALOGUE["truth_values"]


@pytest.mark.parametrize("name", RUN)
def test_as_vectors_and_one_by_one(name: str, device: Device) -> None:
    """Contiguous operands are read as vectors, and strided or broadcast ones one by one."""
    primitive = stated(name)
    a, b = (grid.astype(np.float32) for grid in np.meshgrid(ELEMENTS, ELEMENTS))
    expected = primitive.numpy(a, b)
    for pair in ((a, b), (a[0], b[:, :1])):
        np.testing.assert_allclose(primitive(*map(dt.Tensor, pair)).asnumpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_in_other_types(dtype: type, device: Device) -> None:
    primitive = stated("added")
    a, b = (grid.astype(dtype) for grid in np.meshgrid(ELEMENTS, ELEMENTS))
    np.testing.assert_array_equal(primitive(dt.Tensor(a), dt.Tensor(b)).asnumpy(), primitive.numpy(a, b))


LAYOUTS = {"lanes": lambda device: with_lanes(device, 4), "work-items": lambda device: with_work_items(device, 4)}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_blocks_of_points(layout: str, dtype: type) -> None:
    primitives = list(map(stated, TRUTHS))
    a, b = (grid.astype(dtype).ravel() for grid in np.meshgrid(ELEMENTS, ELEMENTS))
    place = LAYOUTS[layout](opencl_devices()[0])
    jitted = dt.jit(lambda x, y: [primitive(x, y) + 0.0 for primitive in primitives], device=place)
    assert jitted.lower(dt.Tensor(a), dt.Tensor(b)).kernels()
    tolerance = 8 * float(np.finfo(dtype).eps)
    for primitive, name, found in zip(primitives, TRUTHS, jitted(dt.Tensor(a), dt.Tensor(b)), strict=True):
        np.testing.assert_allclose(found.asnumpy(), primitive.numpy(a, b), rtol=tolerance, err_msg=name)
