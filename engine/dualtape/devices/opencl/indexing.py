"""Primitives that choose, search and accumulate along one axis: an array seen as (outer, size, inner)."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.device import require_inside
from dualtape.devices.opencl.fold import LANES, columns_together
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Params, Plan, Runtime, Specs
from dualtape.devices.opencl.types import C_TYPES, RAW, accesses, define
from dualtape.dtypes import DType, float16, float32, int64
from dualtape.opencl_kernels import source

_WORTH_A_PART = 4096  # indices that one work-item looks through
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


def plan_outside(runtime: Runtime, indices: Spec, size: int) -> Plan:
    """Prepare the search for indices outside of an axis, as :meth:`Device.begin_check` says."""
    count = prod(indices.shape)
    parts = max(1, min(runtime.processors, count // _WORTH_A_PART))
    text = define({"INDEX": C_TYPES[indices.dtype].storage}) + source("outside")
    grid = runtime.spread(parts)
    launch = runtime.launch("dt_outside", text, 2, grid, count, size, -(-count // parts), parts)
    return runtime.plan(Spec((parts, 2), int64), launch)


def plan_inside_axis(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``inside_axis``: the indices themselves, after a wait for the check."""
    (indices,) = specs
    size = params["size"]
    check = plan_outside(runtime, indices, size)

    def run(operands: Operands) -> BufferStorage:
        given: BufferStorage = operands[0]
        if given.allocation is not None:
            require_inside(runtime.read(check(operands)), params)
        return given.reshaped(given.shape)

    return run


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
    outer, size, inner = sizes
    no_better = {"argmax": "(v) <= (best)", "argmin": "(v) >= (best)"}[primitive.name]
    width = 1
    if runtime.is_cpu:
        width = LANES if inner == 1 else columns_together(runtime, outer, inner)
    index = "int" if size < 1 << 31 else "long"
    head = accesses(x.dtype, x.dtype) + define({"NO_BETTER(v, best)": f"({no_better})", "WIDTH": width, "INDEX": index})
    grid = runtime.spread(outer * (1 if inner == 1 else -(-inner // width)))
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
