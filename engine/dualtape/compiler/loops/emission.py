"""Loop nests as OpenCL C.

One work-group runs all nests, one after the other. Each becomes a function of the arrays that it reads and writes, so
that the same computation on other arrays, such as the update of each weight, is written once. The kernel goes through a
table of calls, in which each function is called in one place, so that it is compiled once, too.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dualtape.compiler.loops.nest import Accumulation, Calculation, CalculationOperand, Nest, NotLoops, Source
from dualtape.compiler.program import Node, Number
from dualtape.core.expression import in_c, number_in_c
from dualtape.core.layout import Layout, layout
from dualtape.core.words import is_open, read_in_c, words_of
from dualtape.dtypes import DType, bool_, float32, float64, int8, int16, int32, int64, uint8, uint16, uint32, uint64
from dualtape.opencl_kernels import math_source
from dualtape.opencl_kernels import source as kernel_text

MOST_BUFFERS = 100
"""Of a kernel: OpenCL promises 1,024 bytes of arguments."""

TYPES = {
    bool_: "uchar", int8: "char", int16: "short", int32: "int", int64: "long", uint8: "uchar", uint16: "ushort",
    uint32: "uint", uint64: "ulong", float32: "float", float64: "double",
}  # fmt: skip


class Place(NamedTuple):
    """Where an array lies: so many bytes behind the beginning of a buffer."""

    buffer: Hashable
    offset: int = 0


@dataclass(frozen=True, eq=False)
class LoopKernel:
    """Nests as one kernel, for one work-group.

    Attributes
    ----------
    table
        The calls: of which function, then for each array the number of its buffer and where it begins there, in bytes,
        how many elements there are, where the function does not know it, and the words of numbers.
    buffers
        What it takes behind the table, in the order of its arguments.
    """

    name: str
    source: str
    table: tuple[tuple[int, ...], ...]
    buffers: tuple[Hashable, ...]
    work_items: int


class _Array(NamedTuple):
    """What a function of a nest is given: where an array begins, and how it is declared."""

    source: Source
    is_output: bool


def loop_kernels(nests: Sequence[Nest], places: Mapping[Node, Place], work_items: int) -> list[LoopKernel]:
    """Kernels that run the nests in their order; one, if its arguments are not too many."""
    kernels: list[LoopKernel] = []
    part: list[Nest] = []
    buffers: dict[Hashable, None] = {}
    for nest in nests:
        more = dict.fromkeys(places[array.source.node].buffer for array in _arrays(nest))
        if part and len(buffers | more) > MOST_BUFFERS:
            kernels.append(_kernel(part, places, tuple(buffers), work_items))
            part, buffers = [], {}
        part.append(nest)
        buffers |= more
    return [*kernels, _kernel(part, places, tuple(buffers), work_items)] if part else kernels


def _kernel(
    nests: Sequence[Nest], places: Mapping[Node, Place], buffers: tuple[Hashable, ...], work_items: int
) -> LoopKernel:
    functions: dict[str, str] = {}
    cases: dict[str, int] = {}
    rows: list[list[int]] = []
    for nest in nests:
        text, size, numbers = _function(nest, work_items)
        name = functions.setdefault(text, f"dt_n{len(functions)}")
        arrays = _arrays(nest)
        pointers = [f"({_pointer_type(x)})(start[at[{2 * i + 1}]] + at[{2 * i + 2}])" for i, x in enumerate(arrays)]
        words = [word for array in arrays for word in _where(array, places, buffers)] + size
        passed = [*pointers, *(f"at[{2 * len(arrays) + 1}]" for _ in size)]
        for number, bits in numbers:
            passed.append(read_in_c(bits).format(1 + len(words), 2 + len(words)))
            words += words_of(number, bits)
        rows.append([cases.setdefault(f"{name}({', '.join(passed)});", len(cases)), *words])
    columns = max(map(len, rows))
    parameters = ", ".join(["__global const int *table", *(f"__global uchar *b{i}" for i in range(len(buffers)))])
    text = "".join(
        [
            *_math(nests),
            "#pragma OPENCL FP_CONTRACT OFF\n",
            f"#define DT_ITEMS {work_items}\n",
            kernel_text("loops"),
            *(f"static void {name}{text}" for text, name in functions.items()),
            f"__kernel __attribute__((reqd_work_group_size({work_items}, 1, 1))) void dt_loops({parameters})\n{{\n",
            f"__global uchar *const start[] = {{{', '.join(f'b{i}' for i in range(len(buffers)))}}};\n",
            f"for (int call = 0; call < {len(rows)}; call++) {{\n",
            f"__global const int *at = table + call * {columns};\n",
            "switch (at[0]) {\n",
            *(f"case {number}: {call} break;\n" for call, number in cases.items()),
            "}\nDT_SYNC;\n}\n}\n",
        ]
    )
    table = tuple((*row, *[0] * (columns - len(row))) for row in rows)
    return LoopKernel("dt_loops", text, table, buffers, work_items)


def _math(nests: Iterable[Nest]) -> list[str]:
    """The device functions that the nests call."""
    called: dict[DType, set[str]] = {}
    for nest in nests:
        for step in nest.steps:
            code = step.expression if isinstance(step, Calculation) else step.fold.combine
            if code.functions:
                dtype = step.dtype if isinstance(step, Calculation) else step.output.spec.dtype
                called.setdefault(dtype, set()).update(code.functions)
    return [math_source(functions, f"float{dtype.bits}") for dtype, functions in called.items()]


def _arrays(nest: Nest) -> list[_Array]:
    """What the function of a nest takes: each way of reading once, then where it writes."""
    read = dict.fromkeys(nest.sources())
    return [*(_Array(x, False) for x in read), *(_Array(store.target, True) for store in nest.stores)]


def _where(array: _Array, places: Mapping[Node, Place], buffers: tuple[Hashable, ...]) -> tuple[int, int]:
    """The number of its buffer, and the byte in it at which it begins."""
    node, view = array.source
    place = places[node]
    return buffers.index(place.buffer), place.offset + view.offset * node.spec.dtype.numpy.itemsize


def _pointer_type(array: _Array) -> str:
    return f"__global {'' if array.is_output else 'const '}{TYPES[array.source.node.spec.dtype]} *"


def _function(nest: Nest, work_items: int) -> tuple[str, list[int], list[tuple[Number, int]]]:
    """The function of a nest, and what a call passes: the size, where any is right, and numbers with their bits."""
    arrays = _arrays(nest)
    rank = len(nest.shape)
    where = layout(nest.shape, [array.source.view.strides[:rank] for array in arrays])
    sizes = [*(size for size, _ in reversed(where.outer)), where.columns]
    names = {array.source: f"a{i}" for i, array in enumerate(arrays) if not array.is_output}
    indices = [f"i{k}" for k in range(len(sizes))]
    at = {array: _index(where, i, indices) for i, array in enumerate(arrays)}
    body = _Body(names, {array.source: at[array] for array in arrays if not array.is_output}, rank)
    lines = [line for step in nest.steps for line in body.step(step)]
    for i, store in enumerate(nest.stores, len(names)):
        lines.append(f"a{i}[{_index(where, i, indices)}] = {body.values[store.output]};")
    parameters = [f"{_pointer_type(array)}restrict a{i}" for i, array in enumerate(arrays)]
    any_size = len(sizes) == 1
    if any_size:
        parameters.append("const int n")
    parameters += [f"const {'float' if bits == 32 else 'double'} c{i}" for i, (_, bits) in enumerate(body.numbers)]
    heads = _loops(["n"] if any_size else [str(size) for size in sizes], indices, work_items)
    ends = "}" * sum(head.endswith("{") for head in heads)
    text = "\n".join([f"({', '.join(parameters)})", "{", *heads, *lines, ends, "}", ""])
    return text, [sizes[0]] if any_size else [], body.numbers


def _loops(sizes: list[str], indices: list[str], work_items: int) -> list[str]:
    """What stands before the body: loops, which the work-items of a group share."""
    if work_items == 1:
        return [f"for (int {i} = 0; {i} < {n}; {i}++) {{" for n, i in zip(sizes, indices, strict=True)]
    lines = [f"for (int e = DT_ITEM; e < {' * '.join(sizes)}; e += DT_ITEMS) {{"]
    for k, (n, i) in enumerate(zip(sizes, indices, strict=True)):
        inner = " * ".join(sizes[k + 1 :])
        quotient = f"e / ({inner})" if inner else "e"
        lines.append(f"const int {i} = {quotient}{f' % {n}' if k else ''};")
    return lines


def _index(where: Layout, array: int, indices: list[str]) -> str:
    steps = [*(strides[array] for _, strides in reversed(where.outer)), where.inner[array]]
    terms = [i if step == 1 else f"{i} * {step}" for i, step in zip(indices, steps, strict=True) if step]
    return " + ".join(terms) or "0"


class _Body:
    """What is done for one element, as C."""

    def __init__(self, names: Mapping[Source, str], at: Mapping[Source, str], rank: int) -> None:
        self._names, self._at, self._rank = names, at, rank
        self.values: dict[Node, str] = {}
        self.numbers: list[tuple[Number, int]] = []

    def step(self, step: Calculation | Accumulation) -> list[str]:
        lines = self._operation(step) if isinstance(step, Calculation) else self._reduction(step)
        self.values[step.output] = f"v{len(self.values)}"
        return lines

    def _operation(self, step: Calculation) -> list[str]:
        names = [self._scalar(operand, step.dtype) for operand in step.operands]
        value = in_c(step.expression, names, TYPES[step.dtype])
        return [f"const {TYPES[step.output.spec.dtype]} v{len(self.values)} = {value};"]

    def _scalar(self, operand: CalculationOperand, dtype: DType) -> str:
        if isinstance(operand, Node):
            return self.values[operand]
        if isinstance(operand, Source):
            return f"{self._names[operand]}[{self._at[operand]}]"
        if not dtype.is_float or not is_open(operand):
            return literal(operand, dtype)
        self.numbers.append((operand, dtype.bits))
        return f"c{len(self.numbers) - 1}"

    def _reduction(self, step: Accumulation) -> list[str]:
        kind = TYPES[step.output.spec.dtype]
        n = len(self.values)
        where = layout(step.inner, [x.view.strides[self._rank :] for x in step.sources])
        sizes = [*(size for size, _ in reversed(where.outer)), where.columns]
        inner = [f"k{i}" for i in range(len(sizes))]
        read = [f"{self._names[x]}[{self._at[x]} + {_index(where, i, inner)}]" for i, x in enumerate(step.sources)]
        adds = step.fold.identity == 0 and step.output.spec.dtype.is_float and in_c(step.fold.combine) == "x + y"
        combine = in_c(step.fold.combine, (f"r{n}", f"t{n}"), kind)
        keep = [f"DT_ADD({kind}, r{n}, l{n}, t{n});"] if adds else [f"r{n} = {combine};"]
        return [
            f"{kind} r{n} = {literal(step.fold.identity, step.output.spec.dtype)}{f', l{n} = 0' if adds else ''};",
            *(f"for (int {k} = 0; {k} < {size}; {k}++) {{" for k, size in zip(inner, sizes, strict=True)),
            f"const {kind} t{n} = {' * '.join(read)};",
            *keep,
            "}" * len(sizes),
            f"const {kind} v{n} = r{n}{f' + (l{n} == l{n} ? l{n} : 0)' if adds else ''};",
        ]


def literal(value: Number, dtype: DType) -> str:
    """A number in C."""
    if not dtype.is_float:
        limits = (0, 1) if dtype is bool_ else (np.iinfo(dtype.numpy).min, np.iinfo(dtype.numpy).max)
        if not limits[0] <= value <= limits[1]:
            raise NotLoops(f"{value} is out of bounds for {dtype}")
        return f"({TYPES[dtype]})({int(value)})"
    return number_in_c(value, dtype.bits)
