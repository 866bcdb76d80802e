"""Movements of values with points: most cost nothing, for they only say where elements are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

from dualtape.compiler.blocks.find.geometry import Folded, per_point, steps_of, without
from dualtape.compiler.blocks.find.pointwise import PointAxis, PointwiseBuilder
from dualtape.compiler.blocks.find.regions import NotBlockable
from dualtape.compiler.blocks.tile import Embed, TileRead
from dualtape.compiler.program import Equation
from dualtape.core.lowering import View, contiguous_strides
from dualtape.core.spec import Shape


def map_movement(builder: PointwiseBuilder, equation: Equation, rule: Callable[..., View]) -> None:
    (x,) = equation.reads
    view = rule(x.spec.shape, **equation.params)
    located = builder.located[x]
    start, moves = steps_of(view, x.spec.shape, equation.primitive.name)
    p = located.axis
    located = _of_some_sets(builder, located, p, start, moves, view)
    size = located.folded.size * builder.points
    candidates = [i for i, move in enumerate(moves) if move == {p: 1} and view.shape[i] == size]
    if len(candidates) != 1 or start[p] != 0 or any(p in move for i, move in enumerate(moves) if i != candidates[0]):
        raise NotBlockable(f"`{equation.primitive.name}` takes some of the points or reorders them")
    out_axis = candidates[0]
    # On a folded axis a step of one goes to the next of the values that a point has there.
    inner = [a for a in range(len(x.spec.shape)) if a != p or located.folded.size > 1]
    stride_of = dict(zip(inner, located.read.strides, strict=True))
    offset, strides = _inside(start, moves if located.folded.size > 1 else without(tuple(moves), out_axis), stride_of)
    shape = per_point(view.shape, out_axis, located.folded)
    read = replace(located.read, shape=shape, offset=located.read.offset + offset, strides=strides)
    builder.located[equation.output] = PointAxis(out_axis, read, located.folded)


def _of_some_sets(
    builder: PointwiseBuilder,
    located: PointAxis,
    p: int,
    start: dict[int, int],
    moves: Sequence[dict[int, int]],
    view: View,
) -> PointAxis:
    """What is located on an axis that holds all points again and again, where only some of these times are taken."""
    before, after = located.folded
    along = [i for i, move in enumerate(moves) if move == {p: 1}]
    if after > 1 or before == 1 or len(along) != 1:
        return located
    first, rest = divmod(start[p], builder.points)
    count, more = divmod(view.shape[along[0]], builder.points)
    if rest or more or count == before:
        return located
    start[p] = 0
    read = located.read
    offset = read.offset + first * read.strides[p]
    if count > 1:
        shape = (*read.shape[:p], count, *read.shape[p + 1 :])
        return PointAxis(p, replace(read, shape=shape, offset=offset), Folded(count))
    return PointAxis(p, replace(read, shape=without(read.shape, p), offset=offset, strides=without(read.strides, p)))


def _inside(
    start: dict[int, int], moves: Sequence[dict[int, int]], stride_of: dict[int, int]
) -> tuple[int, tuple[int, ...]]:
    """The first element and the steps of moves along axes of these strides."""
    offset = sum(start[a] * stride for a, stride in stride_of.items())
    return offset, tuple(sum(n * stride_of[a] for a, n in move.items()) for move in moves)


def map_reshape(builder: PointwiseBuilder, equation: Equation) -> None:
    (x,) = equation.reads
    located = builder.located[x]
    shape = equation.output.spec.shape
    if shape == x.spec.shape:
        builder.located[equation.output] = located
        return
    places = _points_in(shape, prod(x.spec.shape[: located.axis]) * located.folded.before, builder.points)
    if not places:
        raise NotBlockable(f"`{equation.primitive.name}` from {x.spec.shape} to {shape} mixes points with other axes")
    axis, folded = min(places, key=lambda place: place[1].size)
    local = per_point(shape, axis, folded)
    old = [(n, step) for n, step in zip(located.read.shape, located.read.strides, strict=True) if n != 1]
    if [n for n, _ in old] == [n for n in local if n != 1]:
        steps = (step for _, step in old)
        read = replace(located.read, shape=local, strides=tuple(0 if n == 1 else next(steps) for n in local))
    else:
        read = builder.whole(x).whole(local)
    builder.located[equation.output] = PointAxis(axis, read, folded)


def _points_in(shape: Shape, outer: int, points: int) -> list[tuple[int, Folded]]:
    """The axes of a shape that hold the points, if so many elements of each point lie before those of the next one."""
    found = []
    for i, size in enumerate(shape):
        before, rest = divmod(outer, prod(shape[:i]))
        if rest == 0 and before and size % (before * points) == 0:
            found.append((i, Folded(before, size // (before * points))))
    return found


def map_placement(builder: PointwiseBuilder, equation: Equation, rule: Callable[..., View]) -> None:
    (x,) = equation.reads
    located = builder.located[x]
    shape = equation.output.spec.shape
    view = rule(x.spec.shape, **equation.params)
    start, moves = steps_of(view, shape, equation.primitive.name)
    p = located.axis
    sets, rest = divmod(shape[p], builder.points)
    first, more = divmod(start[p], builder.points)
    elsewhere = any(p in move for i, move in enumerate(moves) if i != p)
    if moves[p] != {p: 1} or rest or more or elsewhere or located.folded.after > 1:
        raise NotBlockable(f"`{equation.primitive.name}` writes to some of the points only")
    folded = Folded(sets)
    local = per_point(shape, p, folded)
    kept = [a for a in range(len(shape)) if a != p or sets > 1]
    stride_of = dict(zip(kept, contiguous_strides(local), strict=True))
    own = [a for a in range(len(shape)) if a != p or located.folded.size > 1]
    # The points' own axis is counted in sets of them.
    offset, steps = _inside(start | {p: first}, [moves[a] for a in own], stride_of)
    source = builder.whole(x)
    output = builder.new_value(equation.output, p, folded)
    target = TileRead(output, per_point(x.spec.shape, p, located.folded), offset, steps)
    builder.operations.append(Embed(output, ((source, target),)))


def map_concatenate(builder: PointwiseBuilder, equation: Equation) -> None:
    shape, axis = equation.output.spec.shape, equation.params["axis"]
    found = {builder.located[x].axis for x in equation.reads if x in builder.located}
    if len(found) != 1 or any(x not in builder.located for x in equation.reads):
        raise NotBlockable("`concatenate` joins values at points with shared ones")
    (p,) = found
    folds = [builder.located[x].folded for x in equation.reads]
    if axis != p and len(set(folds)) > 1:
        raise NotBlockable("`concatenate` joins axes of points and something else")
    if axis == p and any(folded.after > 1 for folded in folds):
        raise NotBlockable("`concatenate` joins points")
    # Values one behind the other on the axis of the points are all points again and again.
    folded = Folded(sum(each.before for each in folds)) if axis == p else folds[0]
    kept = [a for a in range(len(shape)) if a != p or folded.size > 1]
    stride_of = dict(zip(kept, contiguous_strides(per_point(shape, p, folded)), strict=True))
    sources = [builder.whole(x) for x in equation.reads]
    output = builder.new_value(equation.output, p, folded)
    parts, start = [], 0
    for x, source, own in zip(equation.reads, sources, folds, strict=True):
        axes = [a for a in range(len(shape)) if a != p or own.size > 1]
        place = TileRead(
            output, per_point(x.spec.shape, p, own), start * stride_of[axis], tuple(stride_of[a] for a in axes)
        )
        parts.append((source, place))
        start += own.before if axis == p else x.spec.shape[axis]
    builder.operations.append(Embed(output, tuple(parts)))
