"""Programs of many kinds under `jit`: the numbers of eager float64, and the way that each of them goes."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

import dualtape as dt
from dualtape import pytree
from dualtape.compiler.lowered import Lowered
from dualtape.devices.opencl import opencl_devices
from varied_programs import PROGRAMS, Program

DEVICES = [device.name for device in opencl_devices() if device.architecture.is_processor]
pytestmark = pytest.mark.opencl

IN_FLOAT64 = [
    "activation gelu",
    "mixture of experts",
    "Navier-Stokes",
    "order 6",
    "biharmonic",
    "periodic ends",
    "causal weights",
    "attention over points",
    "cross entropy",
    "batch norm",
]
TOLERANCE = {dt.float32: 2e-5, dt.float64: 1e-11}


def tensors(values: Any, dtype: Any) -> list[Any]:
    def tensor(x: np.ndarray) -> dt.Tensor:
        return dt.Tensor(x.astype(dtype.numpy) if x.dtype.kind == "f" else x)

    return pytree.map(tensor, list(values))  # type: ignore[no-any-return]


def flat(values: Any) -> list[np.ndarray]:
    return [x.asnumpy() for x in pytree.flatten(values)[0]]


@cache
def expected(name: str) -> list[np.ndarray]:
    program = PROGRAMS[name]
    return flat(dt.value_and_grad(program.loss)(*tensors(program.arguments, dt.float64)))


def check_way(program: Program, lowered: Lowered) -> None:
    """That it runs in the kernels of the program's description, and says why something does not."""
    explanation = lowered.explanation
    found = tuple(sorted(int(count) for count in re.findall(r"at (\d+) points", explanation) if lowered.kernels()))
    assert bool(found) == bool(lowered.kernels())
    assert program.kernels in (None, found), explanation
    assert explanation.startswith("runs " if found else "runs operation by operation on host")
    _, _, reasons = explanation.partition("operation by operation")
    assert program.left_out in reasons, explanation


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("name", "dtype"),
    [*((name, dt.float32) for name in PROGRAMS), *((name, dt.float64) for name in IN_FLOAT64)],
    ids=str,
)
def test_value_and_gradient(name: str, dtype: Any, device: str) -> None:
    program = PROGRAMS[name]
    jitted = dt.jit(dt.value_and_grad(program.loss), device=device)
    arguments = tensors(program.arguments, dtype)
    check_way(program, jitted.lower(*arguments))
    found = flat(jitted(*arguments))
    for x, y in zip(found, expected(name), strict=True):
        assert x.shape == y.shape
        np.testing.assert_allclose(x, y, rtol=0, atol=TOLERANCE[dtype] * np.abs(y).max())
    for x, again in zip(found, flat(jitted(*arguments)), strict=True):
        np.testing.assert_array_equal(x, again)
