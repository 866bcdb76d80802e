"""Primitives that choose, search and accumulate along one axis: an array seen as (outer, size, inner)."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.runtime import Params, Plan, Runtime, Specs
from dualtape.devices.opencl.types import C_TYPES, RAW, accesses, define
from dualtape.dtypes import DType, float16, float32
from dualtape.opencl_kernels import source

_WIDTH = 16  # how many neighbours one work-item moves


def plan_take(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``take``."""
    x, indices = specs
    outer, size, inner = _around(x.shape, params["axis"])
    count = prod(indices.shape)
    head = define({"ELEMENT": RAW[x.dtype.numpy.itemsize].storage, "INDEX": C_TYPES[indices.dtype].storage})
    grid = runtime.grid(-(-inner // _WIDTH), outer * count)
    launch = runtime.launch("dt_take", head + source("take"), 3, grid, outer, size, count, inner)
    return runtime.plan(output, launch if size else lambda *buffers: None)


def plan_scatter_sum(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``scatter_sum``."""
    x, indices = specs
    axis, size = params["axis"], params["size"]
    count = prod(indices.shape)
    outer, inner = prod(x.shape[:axis]), prod(x.shape[axis + len(indices.shape) :])
    pieces = -(-inner // _WIDTH)
    # Few columns are shared by several work-items, each of which reads all indices.
    parts = min(max(1, size), max(1, runtime.processors // max(1, outer * pieces)))
    head = accesses(x.dtype, x.dtype) + define({"INDEX": C_TYPES[indices.dtype].storage})
    narrow = x.dtype in (float16, float32)
    text = head + (_sums(runtime, x.dtype) if narrow else "") + source("scatter_sum")
    grid = runtime.spread(pieces, outer * parts)
    launch = runtime.launch("dt_scatter_sum", text, 4, grid, outer, size, count, inner, -(-size // parts), parts)
    if not narrow:
        return runtime.plan(output, lambda values, places, out: launch(values, places, out, out))

    def with_sums(values: Any, places: Any, out: Any) -> None:
        # One Float64, or a Float32 and its rest, for each.
        sums = runtime.new((2, *output.shape), float32)
        launch(values, places, out, sums.buffer)

    return runtime.plan(output, with_sums)


def plan_search(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``argmax`` and ``argmin``."""
    (x,) = specs
    sizes = _around(x.shape, params["axis"])
    no_better = {"argmax": "(v) <= (best)", "argmin": "(v) >= (best)"}[primitive.name]
    head = accesses(x.dtype, x.dtype) + define({"NO_BETTER(v, best)": f"({no_better})"})
    grid = runtime.spread(sizes[0] * sizes[2])
    return runtime.plan(output, runtime.launch("dt_search", head + source("search"), 2, grid, *sizes))


def plan_cumsum(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``cumsum``."""
    (x,) = specs
    sizes = _around(x.shape, params["axis"])
    reverse = int(params["reverse"])
    text = accesses(x.dtype, x.dtype) + _sums(runtime, x.dtype) + source("cumsum")
    kernel = runtime.kernel("dt_cumsum", text, (None, None, *[np.uint64] * 3, np.int32))
    grid = runtime.spread(sizes[0] * sizes[2])
    return runtime.plan(output, lambda given, out: kernel(*grid, given, out, *sizes, reverse))


def _sums(runtime: Runtime, dtype: DType) -> str:
    """The type in which a kernel adds up elements of ``dtype`` one after the other, whatever their number."""
    if dtype not in (float16, float32):
        return define({"SUM": C_TYPES[dtype].compute})
    if runtime.has_float64:
        return define({"SUM": "double"})
    text: str = source("compensated")
    return define({"SUM": "float", "COMPENSATED": ""}) + text


def _around(shape: Shape, axis: int) -> tuple[int, int, int]:
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
