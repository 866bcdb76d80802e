"""Primitives that choose, search and accumulate along one axis: an array seen as (outer, size, inner)."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Plan, Runtime
from dualtape.devices.opencl.types import C_TYPES, RAW, CType
from dualtape.dtypes import DType, float16, float32
from dualtape.opencl_kernels import source

_WIDTH = 16  # how many neighbours one work-item moves


def plan_take(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec, ...], params: dict[str, Any], output: Spec
) -> Plan:
    """Prepare ``take``."""
    x, indices = specs
    outer, size, inner = _around(x.shape, params["axis"])
    count = prod(indices.shape)
    head = {"ELEMENT": RAW[x.dtype.numpy.itemsize].storage, "INDEX": C_TYPES[indices.dtype].storage}
    kernel = runtime.kernel("dt_take", define(head) + source("take"), (None, None, None, *[np.uint64] * 4))
    grid, group = runtime.grid(-(-inner // _WIDTH), outer * count)

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None and size:
            kernel(grid, group, operands[0].buffer, operands[1].buffer, out.buffer, outer, size, count, inner)
        return out

    return run


def plan_scatter_sum(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec, ...], params: dict[str, Any], output: Spec
) -> Plan:
    """Prepare ``scatter_sum``."""
    x, indices = specs
    axis, size = params["axis"], params["size"]
    count = prod(indices.shape)
    outer, inner = prod(x.shape[:axis]), prod(x.shape[axis + len(indices.shape) :])
    pieces = -(-inner // _WIDTH)
    # Few columns are shared by several work-items, each of which reads all indices.
    parts = min(max(1, size), max(1, runtime.processors // max(1, outer * pieces)))
    part = -(-size // parts)
    head = accesses(x.dtype) + define({"INDEX": C_TYPES[indices.dtype].storage})
    narrow = x.dtype in (float16, float32)
    text = head + (_sums(runtime, x.dtype) if narrow else "") + source("scatter_sum")
    kernel = runtime.kernel("dt_scatter_sum", text, (None, None, None, None, *[np.uint64] * 6))
    grid, group = runtime.spread(pieces, outer * parts)

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            values, places = operands[0].buffer, operands[1].buffer
            # One Float64, or a Float32 and its rest, for each.
            sums = runtime.new((2, *output.shape), float32) if narrow else out
            kernel(grid, group, values, places, out.buffer, sums.buffer, outer, size, count, inner, part, parts)
        return out

    return run


def plan_search(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec, ...], params: dict[str, Any], output: Spec
) -> Plan:
    """Prepare ``argmax`` and ``argmin``."""
    (x,) = specs
    sizes = _around(x.shape, params["axis"])
    no_better = {"argmax": "(v) <= (best)", "argmin": "(v) >= (best)"}[primitive.name]
    head = accesses(x.dtype) + f"#define NO_BETTER(v, best) ({no_better})\n"
    kernel = runtime.kernel("dt_search", head + source("search"), (None, None, *[np.uint64] * 3))
    grid, group = runtime.spread(sizes[0] * sizes[2])

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            kernel(grid, group, operands[0].buffer, out.buffer, *sizes)
        return out

    return run


def plan_cumsum(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec, ...], params: dict[str, Any], output: Spec
) -> Plan:
    """Prepare ``cumsum``."""
    (x,) = specs
    sizes = _around(x.shape, params["axis"])
    reverse = int(params["reverse"])
    text = accesses(x.dtype) + _sums(runtime, x.dtype) + source("cumsum")
    kernel = runtime.kernel("dt_cumsum", text, (None, None, *[np.uint64] * 3, np.int32))
    grid, group = runtime.spread(sizes[0] * sizes[2])

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            kernel(grid, group, operands[0].buffer, out.buffer, *sizes, reverse)
        return out

    return run


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


def accesses(dtype: DType) -> str:
    """Macros with which a kernel reads, computes with and writes elements of ``dtype``."""
    kind: CType = C_TYPES[dtype]
    return define(
        {
            "IN": kind.storage,
            "ACC": kind.compute,
            "LOAD(pointer, index)": kind.load("pointer", "index"),
            "STORE(pointer, index, value)": kind.store("pointer", "index", "value"),
        }
    )


def define(macros: dict[str, str]) -> str:
    return "".join(f"#define {name} {text}\n" for name, text in macros.items())
