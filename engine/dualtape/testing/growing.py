"""Growing random compositions: one primitive after the other, each on operands from its domain.

In smooth compositions, primitives whose
derivative is zero by statement are applied to constants, and extrema to elements that lie apart: finite
differences meet no kink.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import isfinite, prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dualtape.core.example import Flags, Indices, Reals
from dualtape.core.lowering import Expression, Movement, Placement, Reinterpretation
from dualtape.core.primitive import CATALOGUE, Bilinear, Elementwise, NonDifferentiable, Primitive, Reduction
from dualtape.dtypes import bool_, int64
from dualtape.testing.composition import Operand, Variable
from dualtape.testing.draft import MOST_ELEMENTS, Bounds, Draft, broadcast
from dualtape.testing.operands import examples
from dualtape.testing.static_params import PARAMS

_LARGEST = 20.0


def grow(draft: Draft, primitive: Primitive) -> None:
    """Apply ``primitive`` to what is there, if there is something that it can be applied to."""
    special = _SPECIAL.get(primitive.name)
    if special is not None:
        applied = special(draft, primitive)
    elif isinstance(primitive, Elementwise):
        applied = _elementwise(draft, primitive)
    elif primitive.name in PARAMS:
        applied = _with_params(draft, primitive)
    elif isinstance(primitive.lowering, Expression):
        applied = _broadcasting(draft, primitive)
    else:
        applied = False
    if not applied:
        _as_declared(draft, primitive)


# Kinds


def _elementwise(draft: Draft, primitive: Elementwise) -> bool:
    domain = list(primitive.domain)
    if len(domain) == 2 and domain[0][1] == domain[1][0] and draft.draw(st.booleans()):
        domain.reverse()
    operands = _broadcast_operands(draft, domain, constants=True)
    params = draft.draw(st.sampled_from(primitive.params))
    draft.add(primitive, operands, params, _image(draft, primitive, operands, params))
    return True


def _broadcast_operands(draft: Draft, intervals: Sequence[Bounds], constants: bool) -> list[Operand]:
    """Operands in the given intervals that broadcast together, at least one of them a variable."""
    first = draft.draw(st.integers(0, len(intervals) - 1))
    chosen = draft.any_float()
    shape = draft.values[chosen].spec.shape
    operands: list[Operand] = []
    for place, interval in enumerate(intervals):
        if place == first:
            operands.append(Variable(draft.into(chosen, interval)))
            continue
        fitting = draft.small(draft.variables(draft.float, fits=shape), shape)
        kinds = ["variable"] * bool(fitting) + (["number", "constant"] if constants else ["constant"])
        kind = draft.draw(st.sampled_from(kinds))
        if kind == "variable":
            other = draft.draw(st.sampled_from(fitting))
            operands.append(Variable(draft.into(other, interval)))
            shape = broadcast(draft.values[other].spec.shape, shape) or shape
        elif kind == "number" and len(intervals) == 2:
            operands.append(float(draft.constant((), interval)))
        else:
            operands.append(draft.constant(shape[draft.draw(st.integers(0, len(shape))) :], interval))
    return operands


def _image(draft: Draft, primitive: Primitive, operands: Sequence[Operand], params: dict[str, Any]) -> Bounds | None:
    """Bounds of a smooth function on bounded operands, from a grid with room around it."""
    intervals = [draft.operand_bounds(x) for x in operands]
    if any(interval is None for interval in intervals):
        return None
    points = [np.linspace(*interval, 9) for interval in intervals if interval is not None]
    grid = [np.array(axis) for axis in zip(*product(*points), strict=True)]
    with np.errstate(all="ignore"):
        values = np.asarray(primitive.numpy(*grid, **params))
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) + 0.01
    return (low - room, high + room) if isfinite(low + high) and max(-low, high) < _LARGEST else None


def _with_params(draft: Draft, primitive: Primitive) -> bool:
    """A primitive of one operand, of any shape."""
    wanted = primitive.examples[0].inputs[0]  # type: ignore[attr-defined]
    if isinstance(wanted, Flags):
        operand: Operand = draft.flags(draft.values[draft.any_float()].spec.shape)
    elif isinstance(primitive, NonDifferentiable) and draft.smooth:
        operand = draft.constant(draft.values[draft.any_float()].spec.shape, (wanted.low, wanted.high))
    else:
        i = draft.any_float()
        operand = Variable(draft.apart(i) if isinstance(primitive, Reduction) and draft.smooth else i)
    params = PARAMS[primitive.name](draft.draw, draft.shape(operand))
    if params is None:
        return False
    if prod(primitive.infer(draft.spec(operand), **params).shape) > MOST_ELEMENTS:
        return False
    draft.add(primitive, [operand], params, _moved(draft, primitive, [operand]))
    return True


def _moved(draft: Draft, primitive: Primitive, operands: Sequence[Operand]) -> Bounds | None:
    """Bounds of what only moves elements, fills up with zeros or picks one of them."""
    movement = isinstance(primitive.lowering, (Movement, Placement, Reinterpretation))
    if not (movement or primitive.name in _PICKING):
        return None
    known = [draft.operand_bounds(x) for x in operands]
    if any(bounds is None for bounds in known):
        return None
    lows, highs = zip(*(bounds for bounds in known if bounds), strict=True)
    return min(0.0, *lows), max(0.0, *highs)


def _broadcasting(draft: Draft, primitive: Primitive) -> bool:
    """A primitive that is a C expression of each element: its operands broadcast."""
    inputs = draft.draw(st.sampled_from(examples(primitive))).inputs
    reals = [part for part in inputs if isinstance(part, Reals)]
    shape = draft.values[draft.any_float()].spec.shape
    if isinstance(primitive, NonDifferentiable) and draft.smooth:
        floats: list[Operand] = [draft.constant(shape, (part.low, part.high)) for part in reals]
    elif reals:
        floats = _broadcast_operands(draft, [(part.low, part.high) for part in reals], constants=True)
        shape = np.broadcast_shapes(*map(draft.shape, floats))
    else:
        floats = []
    given = iter(floats)
    operands = [next(given) if isinstance(part, Reals) else draft.flags(shape) for part in inputs]
    image = _image(draft, primitive, operands, {}) if isinstance(primitive, Bilinear) else None
    draft.add(primitive, operands, {}, image or _moved(draft, primitive, floats))
    return True


def _as_declared(draft: Draft, primitive: Primitive) -> None:
    """One of the calls that the primitive declares, on elements of what is there."""
    example = draft.draw(st.sampled_from(examples(primitive)))
    operands: list[Operand] = []
    for part in example.inputs:
        if isinstance(part, Indices):
            operands.append(draft.indices(part.shape, part.size))
        elif isinstance(part, Flags):
            operands.append(draft.flags(part.shape))
        else:
            operands.append(_declared_reals(draft, primitive, part))
    draft.add(primitive, operands, example.params, _moved(draft, primitive, operands))


def _declared_reals(draft: Draft, primitive: Primitive, part: Reals) -> Operand:
    i = draft.any_float()
    empty = prod(draft.values[i].spec.shape) == 0 and prod(part.shape) > 0
    if empty or (isinstance(primitive, NonDifferentiable) and draft.smooth):
        return draft.constant(part.shape, (part.low, part.high))
    i = draft.into(draft.fitted(i, part.shape), (part.low, part.high))
    return Variable(draft.apart(i) if isinstance(primitive, Reduction) and draft.smooth else i)


# Primitives with a shape rule of their own


def _matmul(draft: Draft, primitive: Primitive) -> bool:
    matrices = [i for i in draft.variables(draft.float) if len(draft.values[i].spec.shape) >= 2]
    if not matrices:
        return False
    i = draft.into(draft.draw(st.sampled_from(matrices)), (-2.0, 2.0))
    shape = draft.values[i].spec.shape
    other: Operand = draft.constant((shape[-1], draft.draw(st.integers(0, 3))), (-2.0, 2.0))
    if draft.draw(st.booleans()):
        axes = (*range(len(shape) - 2), len(shape) - 1, len(shape) - 2)
        other = Variable(draft.add(CATALOGUE["permute"], [Variable(i)], {"axes": axes}, (-2.0, 2.0)))
    operands = [Variable(i), other]
    if len(shape) == 2 and isinstance(other, Variable) and draft.draw(st.booleans()):
        operands.reverse()
    draft.add(primitive, operands, {})
    return True


def _concatenate(draft: Draft, primitive: Primitive) -> bool:
    first = draft.any_float()
    shape = draft.values[first].spec.shape
    if not shape or 2 * prod(shape) > MOST_ELEMENTS:
        return False
    same = draft.variables(draft.float, shape=shape)
    others = [Variable(draft.draw(st.sampled_from(same)))] if draft.draw(st.booleans()) else []
    operands = [Variable(first), *others]
    params = {"axis": draft.draw(st.integers(0, len(shape) - 1))}
    draft.add(primitive, operands, params, _moved(draft, primitive, operands))
    return True


def _take(draft: Draft, primitive: Primitive) -> bool:
    i = draft.any_float()
    shape = draft.values[i].spec.shape
    filled = [axis for axis, n in enumerate(shape) if n]
    if not filled:
        return False
    axis = draft.draw(st.sampled_from(filled))
    places = draft.indices(draft.draw(st.sampled_from([(), (2,), (0,), (2, 1)])), shape[axis])
    draft.add(primitive, [Variable(i), places], {"axis": axis}, draft.values[i].bounds)
    return True


def _scatter_sum(draft: Draft, primitive: Primitive) -> bool:
    i = draft.any_float()
    shape = draft.values[i].spec.shape
    if not shape:
        return False
    axis = draft.draw(st.integers(0, len(shape) - 1))
    depth = draft.draw(st.integers(1, len(shape) - axis))
    size = draft.draw(st.integers(1, 3))
    places = draft.indices(shape[axis : axis + depth], size)
    draft.add(primitive, [Variable(i), places], {"axis": axis, "size": size})
    return True


def _cast(draft: Draft, primitive: Primitive) -> bool:
    others = [*draft.variables(bool_), *draft.variables(int64)]
    i = draft.draw(st.sampled_from([*others, *draft.variables(draft.float)]))
    draft.add(primitive, [Variable(i)], {"dtype": draft.float})
    return True


_SPECIAL = {
    "matmul": _matmul,
    "concatenate": _concatenate,
    "take": _take,
    "scatter_sum": _scatter_sum,
    "cast": _cast,
}
_PICKING = frozenset({"concatenate", "where", "maximum_along", "minimum_along"})


def growing_pool() -> list[Primitive]:
    """What compositions are made of: the whole catalogue as it is now, and what can be differentiated more often."""
    differentiable = [p for p in CATALOGUE.values() if not isinstance(p, NonDifferentiable)]
    constant = [p for p in CATALOGUE.values() if isinstance(p, NonDifferentiable)]
    return [*differentiable * 3, *constant]
