"""Kernels that compute each element of an output from one element of each input, all with strides of their own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dualtape.core.expression import Expression, in_c
from dualtape.core.layout import Layout
from dualtape.devices.opencl.programs import Launcher
from dualtape.devices.opencl.runtime import PreparedLaunch, Runtime
from dualtape.devices.opencl.types import CType, define, unaligned_vector
from dualtape.opencl_kernels import source


class MapKernel(NamedTuple):
    """What a map kernel computes.

    Attributes
    ----------
    name
        The kernel's name without ``dt_``, for profiles and messages.
    code
        The output's value.
    preamble
        Definitions that the expression needs.
    inputs
        The inputs' types.
    numbers
        Which inputs are one number, passed as an argument, rather than an array.
    common
        The type that ``T`` stands for.
    output
        The output's type.
    lanes
        With how many elements at a time the expression is evaluated: as vectors, or 1, as a loop of
        scalars that compilers turn into vectors if they can.
    """

    name: str
    code: Expression
    preamble: str
    inputs: tuple[CType, ...]
    numbers: tuple[bool, ...]
    common: CType
    output: CType
    lanes: int = 1


def map_launch(runtime: Runtime, what: MapKernel, where: Layout) -> PreparedLaunch:
    """A :class:`MapKernel` for arrays of one layout."""
    width = what.lanes if what.lanes > 1 else 16
    pieces = -(-where.columns // width)
    sizes: tuple[Any, ...] = (where.columns,)
    if where.is_contiguous:
        kernel, grid = _kernel(runtime, what, None, width), runtime.grid(pieces)
    else:
        kernel, grid = _kernel(runtime, what, where.inner, width), runtime.grid(pieces, where.rows)
        sizes += (where.rows, len(where.outer), runtime.table(where.table()))
    return lambda *arguments: kernel(*grid, *arguments, *sizes)


def _kernel(runtime: Runtime, what: MapKernel, inner: tuple[int, ...] | None, width: int) -> Launcher:
    """``inner`` is None for contiguous arrays; else strides 0 and 1 become part of the code."""
    name = f"dt_{what.name}"
    inputs = list(map(_Input, "xyz", what.inputs, what.numbers))
    arrays = [x.letter for x in inputs if not x.number] + ["out"]
    steps = {letter: _step(i, inner, len(arrays)) for i, letter in enumerate(arrays)}
    macros: dict[str, object] = {
        "KERNEL": name,
        "WIDTH": width,
        "WIDE": runtime.wide_attribute() if what.lanes > 1 else "",
        "PARAMETERS": ", ".join([*(x.parameter(what) for x in inputs), f"__global {what.output.storage} *out_array"]),
        "START": " ".join(_start(i, letter, steps[letter], inner is not None) for i, letter in enumerate(arrays)),
        "VALUE": f"({in_c(what.code)})",
        "T": _vector(what.common.compute, what.lanes),
        "OUT": _vector(what.output.compute, what.lanes),
    }
    if inner is not None:
        macros |= {"STRIDED": "", "ARRAYS": len(arrays)}
    macros |= _vector_body(what, inputs, steps) if what.lanes > 1 else _scalar_body(what, inputs, steps)
    head = define(macros)
    if what.lanes > 1:
        # PoCL 3.0 cannot compile vstore16 and spills registers around vload16; dereferencing does neither.
        head += unaligned_vector("dt_vector", what.common, what.lanes)
    scalars = tuple(x.kind.argument if x.number else None for x in inputs)
    sizes = (np.uint64,) if inner is None else (np.uint64, np.uint64, np.int32, None)
    return runtime.kernel(name, what.preamble + head + source("map"), (*scalars, None, *sizes))


class _Input(NamedTuple):
    letter: str
    kind: CType
    number: bool

    def parameter(self, what: MapKernel) -> str:
        if self.number:
            return f"const {self.kind.argument_type} {self.letter}_number"
        # Vectors are read and written explicitly, so they gain nothing from `restrict`; without it, the
        # output may be one of the inputs.
        restrict = "" if what.lanes > 1 else "restrict "
        return f"__global const {self.kind.storage} *{restrict}{self.letter}_array"


def _vector(compute: str, lanes: int) -> str:
    return f"{compute}{lanes}" if lanes > 1 else compute


def _step(position: int, inner: tuple[int, ...] | None, arrays: int) -> str:
    if inner is None:
        return "1"
    return str(inner[position]) if inner[position] in (0, 1) else f"layout[{arrays + position}]"


def _start(position: int, letter: str, step: str, strided: bool) -> str:
    row = f"at[{position}] + " if strided else ""
    return f"long {letter}_at = {row}(long)column * {step};"


def _scalar_body(what: MapKernel, inputs: list[_Input], steps: dict[str, str]) -> dict[str, str]:
    reads = []
    for letter, kind, number in inputs:
        value = f"{letter}_number" if number else kind.load(f"{letter}_array", f"{letter}_at + k * {steps[letter]}")
        reads.append(f"{kind.compute} {letter} = {value};")
    write = what.output.store("out_array", f"out_at + k * {steps['out']}", "(OUT)VALUE")
    return {"ELEMENT": " ".join([*reads, f"{write};"])}


def _vector_body(what: MapKernel, inputs: list[_Input], steps: dict[str, str]) -> dict[str, str]:
    declare, whole, part = [], [], []
    for letter, kind, number in inputs:
        array, at = f"{letter}_array", f"{letter}_at"
        if number or steps[letter] == "0":
            declare.append(f"T {letter} = (T)({f'{letter}_number' if number else kind.load(array, at)});")
            continue
        assert steps[letter] == "1", "a contiguous input that broadcasts has no other inner strides"
        declare.append(f"T {letter} = (T)(0);")
        copy = f"{_lanes(letter, kind)} = {kind.load(array, f'{at} + k')};"
        part.append(_for("count", copy))
        by_vector = f"{letter} = *(__global const dt_vector *)({array} + {at});"
        whole.append(by_vector if kind.storage == kind.compute else _for("WIDTH", copy))
    output = what.output
    copy = f"{output.store('out_array', 'out_at + k', _lanes('value', output))};"
    by_vector = "*(__global dt_vector *)(out_array + out_at) = value;"
    return {
        "DECLARE": " ".join(declare),
        "READ_WHOLE": " ".join(whole),
        "READ_PART": " ".join(part),
        "WRITE_WHOLE": by_vector if output.storage == output.compute else _for("WIDTH", copy),
        "WRITE_PART": _for("count", copy),
    }


def _for(count: str, statement: str) -> str:
    return f"for (long k = 0; k < {count}; k++) {statement}"


def _lanes(vector: str, kind: CType) -> str:
    return f"(({kind.compute} *)&{vector})[k]"
