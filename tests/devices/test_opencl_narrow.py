"""Long sums on an OpenCL device that has no Float64 to make them in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dualtape.recent import Recent

Run = Callable[..., np.ndarray]


@pytest.fixture
def narrow(opencl: Any, run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(opencl.runtime, "has_float64", False)
    monkeypatch.setattr(opencl, "_plans", Recent(64))
    return run


@pytest.mark.parametrize("value", [0.1, 1.2345])
def test_running_sums_are_compensated(narrow: Run, value: float) -> None:
    x = np.full((100_000, 3), value, np.float32)
    exact = np.cumsum(x, 0, np.float64)
    np.testing.assert_allclose(narrow("cumsum", x, axis=0, reverse=False), exact, rtol=1e-6)
    beyond = np.array([[1, np.inf, 2, 3], [np.inf, -np.inf, 1, 1]], np.float32)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(narrow("cumsum", beyond, axis=1, reverse=False), np.cumsum(beyond, 1))


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_scattered_sums_are_compensated(narrow: Run, dtype: str) -> None:
    x = np.full((100_000, 20), 0.1, dtype)
    got = narrow("scatter_sum", x, np.arange(100_000) % 2, axis=0, size=3)
    tolerance = float(np.finfo(dtype).eps)
    np.testing.assert_allclose(got, np.outer([50_000, 50_000, 0], np.full(20, x[0, 0], float)), rtol=tolerance)
    beyond = np.array([1, np.inf, -np.inf, 1], dtype)
    np.testing.assert_array_equal(
        narrow("scatter_sum", beyond, np.array([0, 0, 1, 1]), axis=0, size=2), [np.inf, -np.inf]
    )
