"""The OpenCL devices of this machine, and the host as the judge of what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualtape.core.primitive import CATALOGUE
from dualtape.devices.opencl import opencl_devices
from dualtape.devices.registry import HOST

_DEVICES = opencl_devices()
_NONE = [pytest.param(None, marks=pytest.mark.opencl)]

Run = Callable[..., np.ndarray]


@pytest.fixture(params=_DEVICES or _NONE, ids=lambda device: device.name if device else "none")
def opencl(request: pytest.FixtureRequest) -> Any:
    """Each OpenCL device in turn."""
    return request.param


@pytest.fixture
def run(opencl: Any) -> Run:
    """``run(name, *inputs, **params)``: a primitive on the device, from arrays (or Python numbers) to an array."""

    def run(name: str, *inputs: Any, **params: Any) -> np.ndarray:
        operands = [opencl.put(x) if isinstance(x, np.ndarray) else x for x in inputs]
        array: np.ndarray = opencl.get(opencl.execute(CATALOGUE[name], operands, params))
        return array

    return run


@pytest.fixture
def same(run: Run) -> Callable[..., None]:
    """``same(name, *inputs, **params)``: device and host agree to ``ulps``, in shape and type too."""

    def same(name: str, *inputs: Any, ulps: float = 0, **params: Any) -> None:
        want = HOST.execute(CATALOGUE[name], tuple(inputs), params)
        got = run(name, *inputs, **params)
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        if ulps and got.dtype.kind == "f":
            tolerance = ulps * float(np.finfo(got.dtype).eps)
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
        else:
            np.testing.assert_array_equal(got, want)

    return same
