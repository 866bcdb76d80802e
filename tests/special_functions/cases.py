"""How the tests of the kernels' functions are parametrized."""

from __future__ import annotations

import pytest

from special_functions.launch import DEVICES
from special_functions.reference import FUNCTIONS


def _groups(size: int) -> list[tuple[str, ...]]:
    names = sorted(FUNCTIONS)
    return [tuple(names[i : i + size]) for i in range(0, len(names), size)]


needs_device = pytest.mark.opencl
on_every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.platform.version.strip()[:24])
in_both_precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])
as_scalars_and_vectors = pytest.mark.parametrize("form", ["scalar", "vector"])
all_functions = pytest.mark.parametrize("names", _groups(5), ids=lambda names: "-".join(names).replace("dt_", ""))
