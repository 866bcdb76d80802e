"""Functions of the kernels, run on a device in one small program."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

from dualtape import opencl_kernels
from dualtape.devices.opencl import opencl_devices
from special_functions.reference import FUNCTIONS, in_c

cl = pytest.importorskip("pyopencl", reason="pyopencl is not installed")

VECTOR_WIDTH = {"float32": 16, "float64": 8}


# As the engine finds them, with a target that their compilers know.
DEVICES = [device._handle for device in opencl_devices()]


@cache
def queue_of(device: Any) -> Any:
    return cl.CommandQueue(cl.Context([device]))


def evaluate(device: Any, dtype: str, width: int, calls: dict[str, tuple[np.ndarray, ...]]) -> dict[str, np.ndarray]:
    """Each function on its arguments, all in one kernel: on PoCL a program costs more than a function."""
    scalar = {"float32": "float", "float64": "double"}[dtype]
    real = scalar if width == 1 else f"{scalar}{width}"
    parameters: list[str] = []
    statements: list[str] = []
    arrays: list[np.ndarray] = []
    for name, arguments in calls.items():
        inputs = [f"{name}_{i}" for i in range(len(arguments))]
        parameters += [f"__global const {real} *{item}" for item in inputs] + [f"__global {real} *{name}_y"]
        order = FUNCTIONS[name].order
        values = [*([] if order is None else [str(order)]), *(f"{item}[i]" for item in inputs)]
        statements.append(f"{name}_y[i] = {in_c(name)}({', '.join(values)});")
        arrays += [np.ascontiguousarray(argument, dtype) for argument in arguments]
        arrays.append(np.empty_like(arrays[-1]))
    text = opencl_kernels.math_source(map(in_c, calls), dtype, [width]) + (
        f"__kernel void test_functions({', '.join(parameters)})\n"
        f"{{\n    size_t i = get_global_id(0);\n    {' '.join(statements)}\n}}\n"
    )
    queue = queue_of(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.CompilerWarning)
        kernel = cl.Kernel(cl.Program(queue.context, text).build(), "test_functions")
    flags = cl.mem_flags
    buffers = [cl.Buffer(queue.context, flags.READ_WRITE | flags.COPY_HOST_PTR, hostbuf=array) for array in arrays]
    kernel.set_args(*buffers)
    cl.enqueue_nd_range_kernel(queue, kernel, (arrays[0].size // width,), None)
    results = {}
    position = 0
    for name, arguments in calls.items():
        position += len(arguments)
        cl.enqueue_copy(queue, arrays[position], buffers[position])
        results[name] = arrays[position]
        position += 1
    return results


def width_of(form: str, dtype: str, device: Any) -> int:
    """How many numbers a kernel computes at a time: one, or a vector."""
    if dtype == "float64" and not device.double_fp_config:
        pytest.skip("the device has no float64")
    return VECTOR_WIDTH[dtype] if form == "vector" else 1
