"""From equations on values with a point axis to operations on one point.

Each kind of lowering has one rule here; what none of them covers is answered with the reason.
"""

from __future__ import annotations

from math import prod

from dualtape.compiler.blocks.find.geometry import per_point, without
from dualtape.compiler.blocks.find.mapping_movements import map_concatenate, map_movement, map_placement, map_reshape
from dualtape.compiler.blocks.find.mapping_products import map_matmul
from dualtape.compiler.blocks.find.pointwise import PointwiseBuilder
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import COPY, ContractionTerm, ElementwiseMap, FoldFeatures, Read, TileValue
from dualtape.compiler.program import Equation, Node, Number
from dualtape.core.expression import as_number, choose
from dualtape.core.lowering import Expression, Fold, Movement, Placement, Reinterpretation
from dualtape.dtypes import bool_
from dualtape.primitives.broadcasting import sum as sum_primitive
from dualtape.primitives.contraction import matmul
from dualtape.primitives.movement import concatenate
from dualtape.primitives.selection import cast


def map_equation(builder: PointwiseBuilder, equation: Equation) -> None:
    """Take in an equation with an operand at the points."""
    name = equation.primitive.name
    match equation.primitive.lowering:
        case Expression() as expression:
            _map_expression(builder, equation, expression)
        case Movement(view):
            map_movement(builder, equation, view)
        case Reinterpretation():
            map_reshape(builder, equation)
        case Placement(view):
            map_placement(builder, equation, view)
        case Fold() as fold:
            _map_fold(builder, equation, fold)
        case _ if equation.primitive is matmul:
            map_matmul(builder, equation)
        case _ if equation.primitive is concatenate:
            map_concatenate(builder, equation)
        case _:
            raise NotBlockable(f"`{name}` is not an operation that blocks of points know")


def _map_expression(builder: PointwiseBuilder, equation: Equation, expression: Expression) -> None:
    out = equation.output.spec
    rank = len(out.shape)
    found = [(x, builder.located[x]) for x in equation.reads if x in builder.located]
    axes = {(at.axis + rank - len(x.spec.shape), at.folded) for x, at in found}
    name = equation.primitive.name
    if len(axes) != 1:
        raise NotBlockable(f"`{name}` meets point axes at different places")
    ((axis, folded),) = axes
    local = per_point(out.shape, axis, folded)
    operands: list[Read | Number] = []
    for x in equation.operands:
        if not isinstance(x, Node):
            operands.append(x)
        elif x in builder.located:
            operands.append(builder.read(x).stretched(local))
        else:
            operands.append(builder.shared_read(x, axis, folded, rank, name).stretched(local))
    code = elementwise_code(equation, expression)
    output = builder.new_value(equation.output, axis, folded)
    builder.operations.append(ElementwiseMap(output, code, tuple(operands), equation.primitive))


def elementwise_code(equation: Equation, expression: Expression) -> Expression:
    """What an elementwise operation computes of floats and truth values."""
    out = equation.output.spec
    if equation.primitive is cast:
        source = equation.reads[0].spec.dtype
        if (source is not bool_ and source.is_float and source is not out.dtype) or out.dtype is bool_:
            raise NotBlockable(f"`cast` from {source} to {out.dtype} at the points")
        return choose(COPY, 1, 0) if source is bool_ else COPY
    code = expression.specialized(of_integers=False, params=equation.params)
    return code if out.dtype is bool_ else as_number(code)


def _map_fold(builder: PointwiseBuilder, equation: Equation, fold: Fold) -> None:
    (x,) = equation.reads
    located, axes = builder.located[x], equation.params["axes"]
    p = located.axis
    name = equation.primitive.name
    others = tuple(a for a in axes if a != p and x.spec.shape[a] != 1)
    if not others and p not in axes:
        builder.located[equation.output] = located
        return
    if p in axes and equation.primitive is not sum_primitive:
        raise NotBlockable(f"`{name}` over the points: blocks know only sums over them")
    if equation.output.spec.dtype is bool_:
        raise NotBlockable(f"`{name}` at the points: blocks do not fold bools")
    here = (*others, p) if p in axes and located.folded.size > 1 else others
    value = _fold_features(builder, equation, fold, here) if here else builder.whole(x)
    if p in axes:
        term = ContractionTerm(value.whole((value.features,)), None)
        builder.sum_over_points(equation.output, [term], value.features)


def _fold_features(builder: PointwiseBuilder, equation: Equation, fold: Fold, axes: tuple[int, ...]) -> TileValue:
    """What is at a point folded along ``axes``; it is the output, where the points are not among what is reduced."""
    (x,) = equation.reads
    located = builder.located[x]
    p, rank = located.axis, len(x.spec.shape)
    inner = tuple(range(rank)) if located.folded.size > 1 else without(tuple(range(rank)), p)
    kept = [i for i, a in enumerate(inner) if a not in axes]
    source = located.read.arranged([*kept, *(i for i, a in enumerate(inner) if a in axes)])
    if p in equation.params["axes"]:
        output = TileValue(prod(source.shape[: len(kept)]), x.spec.dtype)
    else:
        output = builder.new_value(equation.output, p, located.folded)
    builder.operations.append(FoldFeatures(output, source, len(kept), fold))
    return output
