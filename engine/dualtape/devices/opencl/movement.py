"""Primitives that only move elements: strided views, placements in zeros, and concatenation."""

from __future__ import annotations

from math import prod

import numpy as np

from dualtape.core.expression import x as element
from dualtape.core.layout import Layout, broadcast_strides, layout
from dualtape.core.lowering import ComplexPart, Movement, Placement, View, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.map import MapKernel, map_launch
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Params, Plan, PreparedLaunch, Runtime, Specs
from dualtape.devices.opencl.types import RAW, CType, define
from dualtape.opencl_kernels import source

_LEAST_SIDE = 8


def plan_reinterpretation(shape: Shape) -> Plan:
    """Storages never change, so another shape shares the buffer."""
    return lambda operands: operands[0].reshaped(shape)


def plan_movement(runtime: Runtime, movement: Movement, x: Spec, params: Params, output: Spec) -> Plan:
    """Prepare a :class:`Movement`."""
    view = movement.view(x.shape, **params)
    where = layout(view.shape, [view.strides, contiguous_strides(view.shape)], [view.offset, 0])
    if where.is_contiguous:
        return plan_reinterpretation(output.shape)
    return runtime.plan(output, _copy(runtime, output, where))


def plan_placement(runtime: Runtime, placement: Placement, x: Spec, params: Params, output: Spec) -> Plan:
    """Prepare a :class:`Placement`."""
    place = _place(runtime, x, placement.view(x.shape, **params))

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        runtime.fill(out)
        if operands[0].allocation is not None:
            place(operands[0].buffer, out.buffer)
        return out

    return run


def plan_part(runtime: Runtime, part: ComplexPart, x: Spec, output: Spec) -> Plan:
    """Prepare a :class:`ComplexPart`: complex elements are pairs of reals, of which each second one is taken."""
    steps = tuple(2 * step for step in contiguous_strides(x.shape))
    return runtime.plan(
        output, _copy(runtime, output, layout(x.shape, [steps, contiguous_strides(x.shape)], [part.which, 0]))
    )


def plan_joined(runtime: Runtime, specs: Specs, output: Spec) -> Plan:
    """Prepare :class:`Joined`: each part is placed in every second real of the output."""
    steps = tuple(2 * step for step in contiguous_strides(output.shape))
    places = [
        _copy(runtime, x, layout(output.shape, [broadcast_strides(x.shape, output.shape), steps], [0, i]))
        for i, x in enumerate(specs)
    ]

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            for x, place in zip(operands, places, strict=True):
                place(x.buffer, out.buffer)
        return out

    return run


def plan_concatenate(runtime: Runtime, primitive: Primitive, specs: Specs, params: Params, output: Spec) -> Plan:
    """Prepare ``concatenate``: every input is placed in its part of the output."""
    axis = params["axis"]
    strides = contiguous_strides(output.shape)
    places = []
    start = 0
    for x in specs:
        places.append(_place(runtime, x, View(start * strides[axis], x.shape, strides)))
        start += x.shape[axis]

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        for x, place in zip(operands, places, strict=True):
            if x.allocation is not None:
                place(x.buffer, out.buffer)
        return out

    return run


def _place(runtime: Runtime, x: Spec, view: View) -> PreparedLaunch:
    where = layout(view.shape, [contiguous_strides(view.shape), view.strides], [0, view.offset])
    return _copy(runtime, x, where)


def _copy(runtime: Runtime, x: Spec, where: Layout) -> PreparedLaunch:
    raw = RAW[x.dtype.numpy.itemsize]
    exchanged = _exchanged_axis(where) if runtime.is_cpu else None  # GPUs have no cache for the pieces
    if exchanged is not None:
        return _transpose(runtime, raw, where, exchanged)
    return map_launch(runtime, MapKernel("copy", element, "", (raw,), (False,), raw, raw), where)


def _exchanged_axis(where: Layout) -> int | None:
    """Which of the outer axes the source has as its innermost, if the target has another one as its own."""
    if where.inner[1] != 1 or where.inner[0] in (0, 1) or where.columns < _LEAST_SIDE:
        return None
    axes = enumerate(where.outer)
    return next((i for i, (size, steps) in axes if steps[0] == 1 and size >= _LEAST_SIDE), None)


def _transpose(runtime: Runtime, raw: CType, where: Layout, axis: int) -> PreparedLaunch:
    down, (_, y_step) = where.outer[axis]
    rest = [*where.outer[:axis], *where.outer[axis + 1 :]]
    table = [*where.offsets, *(number for size, steps in rest for number in (size, *steps))]
    piece = 128 if np.dtype(raw.argument).itemsize <= 4 else 64  # rows and columns, which fit into a cache
    pieces = prod([-(-down // piece), -(-where.columns // piece), *(size for size, _ in rest)])
    sizes = (pieces, down, where.columns, where.inner[0], y_step, len(rest), runtime.table(table))
    text = define({"RAW": raw.storage, "PIECE": piece}) + source("transpose")
    return runtime.launch("dt_transpose", text, 2, runtime.spread(pieces), *sizes)
