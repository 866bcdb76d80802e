"""Primitives that only move elements: strided views, placements in zeros, and concatenation."""

from __future__ import annotations

from typing import Any

from dualtape.core.expression import x as element
from dualtape.core.lowering import Movement, Placement, View, contiguous_strides
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.devices.opencl.layout import Layout, layout
from dualtape.devices.opencl.map import Map, MapLaunch
from dualtape.devices.opencl.memory import BufferStorage
from dualtape.devices.opencl.runtime import Operands, Plan, Runtime
from dualtape.devices.opencl.types import RAW


def plan_reinterpretation(shape: Shape) -> Plan:
    """Storages never change, so another shape shares the buffer."""

    def run(operands: Operands) -> BufferStorage:
        storage: BufferStorage = operands[0]
        return storage.reshaped(shape)

    return run


def plan_movement(runtime: Runtime, primitive: Primitive, x: Spec, params: dict[str, Any], output: Spec) -> Plan:
    """Prepare a :class:`Movement`."""
    assert isinstance(primitive.lowering, Movement)
    view = primitive.lowering.view(x.shape, **params)
    where = layout(view.shape, [view.strides, contiguous_strides(view.shape)], [view.offset, 0])
    if where.is_contiguous:
        return plan_reinterpretation(output.shape)
    copy = _copy(runtime, output, where)

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        if out.allocation is not None:
            copy(operands[0].buffer, out.buffer)
        return out

    return run


def plan_placement(runtime: Runtime, primitive: Primitive, x: Spec, params: dict[str, Any], output: Spec) -> Plan:
    """Prepare a :class:`Placement`."""
    assert isinstance(primitive.lowering, Placement)
    place = _place(runtime, x, primitive.lowering.view(x.shape, **params))

    def run(operands: Operands) -> BufferStorage:
        out = runtime.new(output.shape, output.dtype)
        runtime.fill(out)
        if operands[0].allocation is not None:
            place(operands[0].buffer, out.buffer)
        return out

    return run


def plan_concatenate(
    runtime: Runtime, primitive: Primitive, specs: tuple[Spec, ...], params: dict[str, Any], output: Spec
) -> Plan:
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


def _place(runtime: Runtime, x: Spec, view: View) -> MapLaunch:
    where = layout(view.shape, [contiguous_strides(view.shape), view.strides], [0, view.offset])
    return _copy(runtime, x, where)


def _copy(runtime: Runtime, x: Spec, where: Layout) -> MapLaunch:
    raw = RAW[x.dtype.numpy.itemsize]
    what = Map("copy", element, "", (raw,), (False,), raw, raw)
    return MapLaunch(runtime, what, where)
