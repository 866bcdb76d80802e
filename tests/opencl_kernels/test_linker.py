"""The loader of kernel sources hands out what is asked for, and no more."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pytest

from dualtape import opencl_kernels
from special_functions.cases import needs_device, on_every_device
from special_functions.launch import cl, queue_of


def test_source_holds_only_what_is_called() -> None:
    text = opencl_kernels.math_source(["dt_tanh"], "float32", [1, 16])
    assert "dt_expm1" in text
    assert not re.search("dt_lgamma|dt_sin|double|//", text)
    assert text == opencl_kernels.math_source({"dt_tanh"}, "float32", (16, 1))


def test_unknown_requests_are_named() -> None:
    with pytest.raises(ValueError, match="no function 'dt_bessel'"):
        opencl_kernels.math_source(["dt_bessel"], "float32")
    with pytest.raises(ValueError, match="not 'float16'"):
        opencl_kernels.math_source(["dt_exp"], "float16")
    with pytest.raises(ValueError, match="widths"):
        opencl_kernels.math_source(["dt_exp"], "float32", [3])


@needs_device
@on_every_device
def test_texts_of_two_dtypes_and_several_widths_live_in_one_program(device: Any) -> None:
    if not device.double_fp_config:
        pytest.skip("the device has no float64")
    text = opencl_kernels.math_source(["dt_tanh"], "float32", [1, 2, 4, 8, 16])
    text += opencl_kernels.math_source(["dt_tanh", "dt_sqrt"], "float64", [1, 2, 4, 8, 16])
    text += (
        "__kernel void test_mixture(__global const float4 *x, __global double *y)\n"
        "{\n    size_t i = get_global_id(0);\n    float4 t = dt_tanh(x[i]);\n"
        "    y[i] = dt_tanh((double)t.x) + dt_sqrt((double16)(4.0)).sf;\n}\n"
    )
    queue = queue_of(device)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cl.CompilerWarning)
        kernel = cl.Kernel(cl.Program(queue.context, text).build(), "test_mixture")
    x = np.linspace(-2, 2, 16, dtype=np.float32)
    y = np.empty(4)
    inputs = cl.Buffer(queue.context, cl.mem_flags.COPY_HOST_PTR, hostbuf=x)
    output = cl.Buffer(queue.context, cl.mem_flags.WRITE_ONLY, y.nbytes)
    kernel.set_args(inputs, output)
    cl.enqueue_nd_range_kernel(queue, kernel, (4,), None)
    cl.enqueue_copy(queue, y, output)
    np.testing.assert_allclose(y, np.tanh(np.tanh(x[::4].astype(float))) + 2, rtol=3e-7)
