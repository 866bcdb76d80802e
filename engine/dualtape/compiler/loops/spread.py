"""A nest as a kernel by itself, whose pieces all work-groups of a device share."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from dualtape.compiler.loops.emission import arrays_of, pointer_type
from dualtape.compiler.loops.kernels import LoopKernel, WhereArrays, called_functions, checked_words, place_words
from dualtape.compiler.loops.nest import Nest
from dualtape.compiler.loops.pieces import PieceWriter
from dualtape.compiler.loops.walking import Words
from dualtape.dtypes import DType
from dualtape.opencl_kernels import math_source, source


def spread_kernel(
    nest: Nest, places: WhereArrays, work_items: int, lanes: Mapping[DType, int], more: Iterable[Hashable] = ()
) -> LoopKernel:
    """The kernel of a nest, for groups of so many work-items."""
    arrays = arrays_of(nest)
    buffers = tuple(dict.fromkeys((*more, *(places[array.source.node].buffer for array in arrays))))
    real = nest.real_type if work_items == 1 else None
    words = Words([word for array in arrays for word in place_words(array, places, buffers)])
    writer = PieceWriter(nest, arrays, real, lanes[real] if real else 1, work_items, words)
    body, groups = writer.text()
    width = writer.lanes
    functions = called_functions([nest])
    parameters = [f"{pointer_type(x)}restrict a{i}" for i, x in enumerate(arrays)]
    passed = [f"({pointer_type(x)})(start[at[{2 * i + 1}]] + at[{2 * i + 2}])" for i, x in enumerate(arrays)]
    attribute = f"__attribute__((noinline, min_vector_width({width * real.bits}))) " if real else ""
    names = [f"b{i}" for i in range(len(buffers))]
    text = "".join(
        [
            *(math_source(names, f"float{dtype.bits}", (width,)) for dtype, names in functions.items()),
            "#pragma OPENCL FP_CONTRACT OFF\n",
            f"#define DT_ITEMS {work_items}\n",
            source("loops"),
            writer.vectors_text(),
            writer.product_text(attribute),
            f"static {attribute}void dt_spread(const long group, __global const int *at, {', '.join(parameters)})\n",
            "{\n",
            body,
            "}\n",
            f"__kernel __attribute__((reqd_work_group_size({work_items}, 1, 1))) void dt_loops("
            f"__global const int *at, const int rows, {', '.join(f'__global uchar *{x}' for x in names)})\n",
            f"{{\n__global uchar *const start[] = {{{', '.join(names)}}};\n",
            f"dt_spread(get_group_id(0), at, {', '.join(passed)});\n}}\n",
        ]
    )
    table = (tuple(checked_words([0, *words.values])),)
    where = tuple((0, 1 + 2 * i, array.source.node) for i, array in enumerate(arrays))
    return LoopKernel("dt_loops", text, table, buffers, work_items, where, groups)
