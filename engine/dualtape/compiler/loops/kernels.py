"""The kernels of loop nests on few elements: one work-group runs them all, one after the other.

A kernel goes through a table of calls, in which each function is called in one place, so that it is compiled once, too.
All stages of a program share the text of one kernel, and have tables of their own.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dualtape.compiler.loops.emission import ArrayArgument, arrays_of, nest_function, pointer_type
from dualtape.compiler.loops.nest import Calculation, Nest, NotLoops
from dualtape.compiler.program import Node
from dualtape.core.words import read_in_c, words_of
from dualtape.dtypes import DType
from dualtape.opencl_kernels import math_source, source

MOST_BUFFERS = 100
"""Of a kernel: OpenCL promises 1,024 bytes of arguments."""


class Place(NamedTuple):
    """Where an array lies: so many bytes behind the beginning of a buffer."""

    buffer: Hashable
    offset: int = 0


WhereArrays = Mapping[Node, Place]


@dataclass(frozen=True, eq=False)
class LoopKernel:
    """Nests as one kernel; its arguments are the table, the number of its rows, and the buffers.

    Nests on few elements are run by one work-group, one after the other, a nest on many by all.

    Attributes
    ----------
    table
        The calls: of which function, then for each array the number of its buffer and where it begins there, in bytes,
        how many elements there are, where the function does not know it, and the words of numbers.
    arrays
        Row and column of each array in the table.
    """

    name: str
    source: str
    table: tuple[tuple[int, ...], ...]
    buffers: tuple[Hashable, ...]
    work_items: int
    arrays: tuple[tuple[int, int, Node], ...]
    groups: int = 1

    def table_with(self, places: WhereArrays) -> tuple[tuple[int, ...], ...]:
        """The table where some arrays, which began with their buffers, lie elsewhere."""
        rows = [list(row) for row in self.table]
        for row, column, node in self.arrays:
            if node in places:
                rows[row][column] = self.buffers.index(places[node].buffer)
                rows[row][column + 1] += places[node].offset
        return tuple(map(tuple, rows))


def loop_kernels(
    stages: Sequence[Sequence[Nest]], places: WhereArrays, work_items: int, more: Iterable[Hashable] = ()
) -> list[list[LoopKernel]]:
    """For each stage the kernels that run its nests in their order: one, if its arguments are not too many.

    All have the same text then, too. ``more`` are buffers that they are given in any case.
    """
    buffers = _buffers_of((nest for nests in stages for nest in nests), places, more)
    if len(buffers) <= MOST_BUFFERS:
        return [[kernel] if kernel.table else [] for kernel in _of_one_text(stages, places, buffers, work_items)]
    return [
        [kernel for part in _parts(nests, places, more) for (kernel,) in loop_kernels([part], places, work_items, more)]
        for nests in stages
    ]


def _parts(nests: Sequence[Nest], places: WhereArrays, more: Iterable[Hashable]) -> Iterator[list[Nest]]:
    part: list[Nest] = []
    for nest in nests:
        if len(_buffers_of([nest], places, more)) > MOST_BUFFERS:
            raise NotLoops(f"a loop over more than {MOST_BUFFERS} arrays")
        if part and len(_buffers_of([*part, nest], places, more)) > MOST_BUFFERS:
            yield part
            part = []
        part.append(nest)
    if part:
        yield part


def _buffers_of(nests: Iterable[Nest], places: WhereArrays, more: Iterable[Hashable]) -> tuple[Hashable, ...]:
    read = (places[array.source.node].buffer for nest in nests for array in arrays_of(nest))
    return tuple(dict.fromkeys((*more, *read)))


def _of_one_text(
    stages: Sequence[Sequence[Nest]], places: WhereArrays, buffers: tuple[Hashable, ...], work_items: int
) -> list[LoopKernel]:
    functions: dict[str, str] = {}
    cases: dict[str, int] = {}

    def row(nest: Nest) -> list[int]:
        text, size, numbers = nest_function(nest, work_items)
        name = functions.setdefault(text, f"dt_n{len(functions)}")
        arrays = arrays_of(nest)
        passed = [f"({pointer_type(x)})(start[at[{2 * i + 1}]] + at[{2 * i + 2}])" for i, x in enumerate(arrays)]
        words = [word for array in arrays for word in place_words(array, places, buffers)] + size
        passed += [f"at[{2 * len(arrays) + 1}]" for _ in size]
        for number, bits in numbers:
            passed.append(read_in_c(bits).format(1 + len(words), 2 + len(words)))
            words += words_of(number, bits)
        return [cases.setdefault(f"{name}({', '.join(passed)});", len(cases)), *words]

    tables = [[checked_words(row(nest)) for nest in nests] for nests in stages]
    columns = max((len(each) for table in tables for each in table), default=0)
    functions_called = called_functions(nest for nests in stages for nest in nests)
    text = "".join(
        [
            *(math_source(names, f"float{dtype.bits}") for dtype, names in functions_called.items()),
            "#pragma OPENCL FP_CONTRACT OFF\n",
            f"#define DT_ITEMS {work_items}\n",
            source("loops"),
            *(f"static void {name}{text}" for text, name in functions.items()),
            _kernel_text(list(cases), columns, len(buffers), work_items),
        ]
    )
    return [
        LoopKernel("dt_loops", text, _padded(table, columns), buffers, work_items, tuple(_arrays(nests)))
        for nests, table in zip(stages, tables, strict=True)
    ]


def _padded(table: Iterable[list[int]], columns: int) -> tuple[tuple[int, ...], ...]:
    return tuple((*row, *[0] * (columns - len(row))) for row in table)


def _arrays(nests: Iterable[Nest]) -> Iterator[tuple[int, int, Node]]:
    for row, nest in enumerate(nests):
        for i, array in enumerate(arrays_of(nest)):
            yield row, 1 + 2 * i, array.source.node


def _kernel_text(cases: Sequence[str], columns: int, buffers: int, work_items: int) -> str:
    names = [f"b{i}" for i in range(buffers)]
    parameters = ["__global const int *table", "const int rows", *(f"__global uchar *{name}" for name in names)]
    lines = [
        f"__kernel __attribute__((reqd_work_group_size({work_items}, 1, 1))) void dt_loops({', '.join(parameters)})",
        "{",
        f"__global uchar *const start[] = {{{', '.join(names)}}};",
        "for (int row = 0; row < rows; row++) {",
        f"__global const int *at = table + row * {columns};",
        "switch (at[0]) {",
        *(f"case {number}: {call} break;" for number, call in enumerate(cases)),
        "}",
        "DT_SYNC;",
        "}",
        "}",
        "",
    ]
    return "\n".join(lines)


def called_functions(nests: Iterable[Nest]) -> dict[DType, set[str]]:
    """The device functions that the nests call, by the type that they are of."""
    called: dict[DType, set[str]] = {}
    for nest in nests:
        for step in nest.steps:
            code = step.expression if isinstance(step, Calculation) else step.fold.combine
            if code.functions:
                dtype = step.dtype if isinstance(step, Calculation) else step.output.spec.dtype
                called.setdefault(dtype, set()).update(code.functions)
    return called


def checked_words(words: list[int]) -> list[int]:
    """A row of a table, if they are words of 32 bits."""
    if any(word >= 1 << 31 for word in words):
        raise NotLoops("an array begins beyond 2 GiB of its buffer")
    return words


def place_words(array: ArrayArgument, places: WhereArrays, buffers: tuple[Hashable, ...]) -> tuple[int, int]:
    """The number of its buffer, and the byte in it at which it begins."""
    node, view = array.source
    place = places[node]
    return buffers.index(place.buffer), place.offset + view.offset * node.spec.dtype.numpy.itemsize
