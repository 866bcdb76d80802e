"""Products at the points: of two matrices or with a shared one at each of them, or summed over all of them."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from dualtape.compiler.blocks.find.geometry import per_point
from dualtape.compiler.blocks.find.pointwise import PointwiseBuilder
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import (
    MOST_ROWS,
    ContractionTerm,
    ElementwiseMap,
    FoldFeatures,
    PointProduct,
    Read,
    Stream,
    TileRead,
    TileValue,
)
from dualtape.compiler.program import Equation, Node
from dualtape.core.expression import x as first
from dualtape.core.expression import y as second
from dualtape.core.expression import z as third
from dualtape.core.lowering import Fold

MOST_SUM = 4 << 20
"""Bytes of a sum over the points that a kernel keeps beside each block: larger ones leave the cache at every block."""


def map_matmul(builder: PointwiseBuilder, equation: Equation) -> None:
    x, y = equation.reads
    if x in builder.located and y in builder.located:
        if _has_matrices(builder, x) and _has_matrices(builder, y):
            _multiply_matrices(builder, equation, x, y)
        else:
            _contract(builder, equation, x, y)
    elif x in builder.located:
        _apply(builder, equation, x, y, on_left=True)
    elif _has_matrices(builder, y):
        _multiply_matrices(builder, equation, x, y)
    else:
        _apply(builder, equation, y, x, on_left=False)


def _has_matrices(builder: PointwiseBuilder, x: Node) -> bool:
    """Whether there is a matrix at each point."""
    return builder.located[x].axis < len(x.spec.shape) - 2


def _multiply_matrices(builder: PointwiseBuilder, equation: Equation, x: Node, y: Node) -> None:
    """A product of two matrices at each point: a row of products for each element that is summed over, added up."""
    rank = len(equation.output.spec.shape)
    found = [(builder.located[z], len(z.spec.shape)) for z in (x, y) if z in builder.located]
    places = {(at.axis + rank - own_rank, at.folded) for at, own_rank in found}
    if len(places) != 1:
        raise NotBlockable("`matmul` meets point axes at different places")
    ((axis, folded),) = places
    shape = per_point(equation.output.spec.shape, axis, folded)
    left, right = (
        builder.read(z) if z in builder.located else builder.shared_read(z, axis, folded, rank, "matmul")
        for z in (x, y)
    )
    left, right = _last_first(left), _last_but_one_first(right)
    left = replace(left, shape=(*left.shape, 1), strides=(*left.strides, 0))
    right = replace(right, shape=_with_one(right.shape, 1), strides=_with_one(right.strides, 0))
    output = builder.new_value(equation.output, axis, folded)
    inner = x.spec.shape[-1]
    if 0 < inner <= MOST_ROWS:
        total: Read | None = None
        for i in range(inner):
            factors = left.at(i).stretched(shape), right.at(i).stretched(shape)
            made = output if i == inner - 1 else TileValue(output.features, output.dtype)
            operands = factors if total is None else (*factors, total)
            code = first * second if total is None else first * second + third
            builder.operations.append(ElementwiseMap(made, code, operands, equation.primitive))
            total = made.whole(shape)
        return
    products = TileValue(inner * output.features, output.dtype)
    whole = (inner, *shape)
    factors = _in_front(left, len(shape)).stretched(whole), _in_front(right, len(shape)).stretched(whole)
    builder.operations.append(ElementwiseMap(products, first * second, factors, equation.primitive))
    source = products.whole((inner, *shape)).arranged([*range(1, len(shape) + 1), 0])
    builder.operations.append(FoldFeatures(output, source, len(shape), Fold(0, first + second)))


def _contract(builder: PointwiseBuilder, equation: Equation, x: Node, y: Node) -> None:
    rank = len(x.spec.shape)
    at_x, at_y = builder.located[x], builder.located[y]
    over_points = at_x.axis == rank - 1 and at_y.axis == len(y.spec.shape) - 2 and at_x.folded == at_y.folded
    if not over_points or rank != 2 or len(y.spec.shape) != 2:
        raise NotBlockable("`matmul` of two values at the points, other than a sum over the points")
    rows, columns = equation.output.spec.shape
    if rows * columns * equation.output.spec.dtype.bits > 8 * MOST_SUM:
        raise NotBlockable("`matmul` sums over the points what is larger than a cache")
    count = at_x.folded.size
    if count == 1:
        terms = [ContractionTerm(builder.dense(at_x.read), builder.dense(at_y.read))]
    elif count <= MOST_ROWS:
        left, right = _last_first(at_x.read), at_y.read
        terms = [ContractionTerm(builder.dense(left.at(i)), builder.dense(right.at(i))) for i in range(count)]
    else:
        (left, x_step), (right, y_step) = _rows(builder, _last_first(at_x.read)), _rows(builder, at_y.read)
        terms = [ContractionTerm(left, right, count, x_step, y_step)]
    builder.sum_over_points(equation.output, terms, rows, columns)


def _rows(builder: PointwiseBuilder, read: Read) -> tuple[TileRead, int]:
    """The first of many rows, each in one piece, and the distance between them; copied if need be."""
    first = read.at(0)
    if isinstance(first, TileRead) and first.is_dense:
        return first, read.strides[0]
    copied = builder.dense(read)
    return copied.at(0), copied.strides[0]


def _apply(builder: PointwiseBuilder, equation: Equation, x: Node, weight: Node, on_left: bool) -> None:
    """A product of points with a shared matrix: every row of a point's elements is a stream, many rows are one."""
    p, rank = builder.located[x].axis, len(x.spec.shape)
    contracted = rank - 1 if on_left else rank - 2
    across = rank - 2 if on_left else rank - 1
    if p == contracted or prod(weight.spec.shape[:-2]) != 1 or len(weight.spec.shape) > rank:
        raise NotBlockable("`matmul` contracts the points with a shared matrix, or has several shared matrices")
    if not on_left and (p != across or builder.located[x].folded.size > 1):
        raise NotBlockable("`matmul` of a shared matrix with a matrix at each point")
    matrix = builder.matrix(weight).arranged([0, 1] if on_left else [1, 0])
    inner, columns = matrix.shape
    source = builder.whole(x)
    output = builder.new_value(equation.output, p, builder.located[x].folded)
    rows = source.features // inner
    together = rows if rows > MOST_ROWS else 1
    streams = tuple(Stream(source, i * inner, output, i * columns) for i in range(rows // together))
    builder.operations.append(PointProduct(streams, matrix, inner, columns, together))


def _last_first(read: Read) -> Read:
    """The same elements with the last axis in front."""
    last = len(read.shape) - 1
    return read.arranged([last, *range(last)])


def _last_but_one_first(read: Read) -> Read:
    last = len(read.shape) - 1
    return read.arranged([last - 1, *range(last - 1), last])


def _in_front(read: Read, rank: int) -> Read:
    """Its first axis before ``rank`` others: those that it lacks have one element."""
    lacking = rank + 1 - len(read.shape)
    shape = (read.shape[0], *(1,) * lacking, *read.shape[1:])
    return replace(read, shape=shape, strides=(read.strides[0], *(0,) * lacking, *read.strides[1:]))


def _with_one(items: tuple[int, ...], item: int) -> tuple[int, ...]:
    """An axis more before the last one."""
    return (*items[:-1], item, items[-1])
