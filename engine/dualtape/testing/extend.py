"""Random compositions grow: one primitive after the other, each on operands from its domain.

In smooth compositions, primitives whose derivative is zero by statement are applied to constants, and extrema to
elements that lie apart: finite differences meet no kink.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import isfinite, prod
from typing import Any

import numpy as np
from hypothesis import strategies as st

from dualtape.core.example import Complexes, Dominant, Example, Flags, Indices, Reals
from dualtape.core.lowering import Expression
from dualtape.core.primitive import CATALOGUE, Bilinear, Elementwise, Linear, NonDifferentiable, Primitive, Reduction
from dualtape.core.spec import Spec
from dualtape.dtypes import DType, bool_, complex_dtype, int64
from dualtape.testing.composition import Given, Ref
from dualtape.testing.composition_builder import MOST_ELEMENTS, CompositionBuilder
from dualtape.testing.numeric import Bounds
from dualtape.testing.operands import draw, examples, is_of_reals
from dualtape.testing.rounding import moves_only

_LARGEST = 20.0


def extend(builder: CompositionBuilder, primitive: Primitive) -> None:
    """Apply ``primitive`` to what is there."""
    if isinstance(primitive, Elementwise):
        _elementwise(builder, primitive)
    elif isinstance(primitive.lowering, Expression) and primitive.example_for is None and _takes_floats(primitive):
        _broadcasting(builder, primitive)
    else:
        _as_stated(builder, primitive)


def _elementwise(builder: CompositionBuilder, primitive: Elementwise) -> None:
    domain = list(primitive.domain)
    if len(domain) == 2 and domain[0][1] == domain[1][0] and builder.draw(st.booleans()):
        domain.reverse()
    operands = _broadcast_operands(builder, domain)
    params = builder.draw(st.sampled_from(primitive.params))
    builder.add(primitive, operands, params, _image(builder, primitive, operands, params))


def _broadcast_operands(builder: CompositionBuilder, intervals: Sequence[Bounds]) -> list[Given]:
    """Operands in the given intervals that broadcast together, at least one of them a variable."""
    first = builder.draw(st.integers(0, len(intervals) - 1))
    chosen = builder.any_float()
    shape = builder.values[chosen].spec.shape
    operands: list[Given] = []
    for place, interval in enumerate(intervals):
        if place == first:
            operands.append(Ref(builder.into(chosen, interval)))
            continue
        fitting = builder.variables(builder.float, fits=shape)
        kind = builder.draw(st.sampled_from(["variable"] * bool(fitting) + ["number", "constant"]))
        if kind == "variable":
            other = builder.draw(st.sampled_from(fitting))
            operands.append(Ref(builder.into(other, interval)))
            shape = np.broadcast_shapes(builder.values[other].spec.shape, shape)
        elif kind == "number" and len(intervals) == 2:
            operands.append(float(builder.constant((), interval)))
        else:
            operands.append(builder.constant(shape[builder.draw(st.integers(0, len(shape))) :], interval))
    return operands


def _image(
    builder: CompositionBuilder, primitive: Primitive, operands: Sequence[Given], params: dict[str, Any]
) -> Bounds | None:
    """Bounds of a smooth function on bounded operands, from a grid with room around it."""
    intervals = [builder.operand_bounds(x) for x in operands]
    if any(interval is None for interval in intervals):
        return None
    points = [np.linspace(*interval, 9) for interval in intervals if interval is not None]
    grid = [np.array(axis) for axis in zip(*product(*points), strict=True)]
    with np.errstate(all="ignore"):
        values = np.asarray(primitive.numpy(*grid, **params))
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) + 0.01
    return (low - room, high + room) if isfinite(low + high) and max(-low, high) < _LARGEST else None


def _moved(builder: CompositionBuilder, primitive: Primitive, operands: Sequence[Given]) -> Bounds | None:
    """Bounds of what only moves elements, fills up with zeros or picks one of them."""
    if not moves_only(primitive):
        return None
    known = [builder.operand_bounds(x) for x in operands]
    if any(bounds is None for bounds in known):
        return None
    lows, highs = zip(*(bounds for bounds in known if bounds), strict=True)
    return min(0.0, *lows), max(0.0, *highs)


def _broadcasting(builder: CompositionBuilder, primitive: Primitive) -> None:
    """A primitive that is an expression of each element: its operands broadcast."""
    inputs = builder.draw(st.sampled_from(examples(primitive))).inputs
    reals = [part for part in inputs if isinstance(part, Reals)]
    shape = builder.values[builder.any_float()].spec.shape
    floats: list[Given] = []
    if isinstance(primitive, NonDifferentiable) and builder.smooth:
        floats = [builder.constant(shape, (part.low, part.high)) for part in reals]
    elif reals:
        floats = _broadcast_operands(builder, [(part.low, part.high) for part in reals])
        shape = np.broadcast_shapes(*map(builder.shape, floats))
    given = iter(floats)
    operands = [next(given) if isinstance(part, Reals) else builder.flags(shape) for part in inputs]
    image = _image(builder, primitive, operands, {}) if isinstance(primitive, Bilinear) else None
    builder.add(primitive, operands, {}, image or _moved(builder, primitive, floats))


def _as_stated(builder: CompositionBuilder, primitive: Primitive) -> None:
    """A call on one of the values that are there, or else one that the primitive declares."""
    i = builder.any_float()
    given: int | None = i
    shape = builder.values[i].spec.shape
    example = primitive.example_for(builder.choose, shape) if primitive.example_for else None
    if example is None or _count(builder, primitive, example) > MOST_ELEMENTS:
        example = builder.draw(st.sampled_from(examples(primitive)))
    operands: list[Given] = []
    for part in example.inputs:
        if isinstance(part, Indices):
            operands.append(builder.indices(part.shape, part.size))
        elif isinstance(part, Flags):
            operands.append(builder.flags(part.shape, stretched=False))
        elif isinstance(part, Dominant):
            operands.append(_dominant(builder, primitive, part))
        elif isinstance(part, Complexes):
            operands.append(_complexes(builder, primitive, part, given))
            given = None
        elif isinstance(primitive, NonDifferentiable) and builder.smooth:
            operands.append(builder.constant(part.shape, (part.low, part.high)))
        else:
            operands.append(_reals(builder, primitive, part, given))
            given = None
    params = {key: builder.float if isinstance(value, DType) else value for key, value in example.params.items()}
    result = builder.add(primitive, operands, params, _moved(builder, primitive, operands))
    if builder.values[result].spec.dtype.is_complex:
        _part(builder, result)


def _complexes(builder: CompositionBuilder, primitive: Primitive, part: Complexes, given: int | None) -> Given:
    """The value at hand as the real or imaginary part, beside a constant one."""
    parts = [_reals(builder, primitive, Reals(*part), given), builder.constant(part.shape, (part.low, part.high))]
    if builder.draw(st.booleans()):
        parts.reverse()
    return Ref(builder.add(CATALOGUE["join"], parts, {}))


def _part(builder: CompositionBuilder, i: int) -> None:
    """One of the parts of a complex value, of the type that compositions go on with."""
    i = builder.add(CATALOGUE[builder.draw(st.sampled_from(("real", "imag")))], [Ref(i)], {})
    if builder.values[i].spec.dtype is not builder.float:
        builder.add(CATALOGUE["cast"], [Ref(i)], {"dtype": builder.float})


def _takes_floats(primitive: Primitive) -> bool:
    return not any(isinstance(part, Indices) for example in examples(primitive) for part in example.inputs)


def _dominant(builder: CompositionBuilder, primitive: Primitive, part: Dominant) -> Given:
    """Matrices with dominant diagonals, and a value that is there, made small, beside these."""
    matrix = draw(primitive, Example((part,))).arrays[0].astype(builder.float.numpy)
    i = builder.any_float()
    empty = prod(builder.values[i].spec.shape) == 0
    if empty or (isinstance(primitive, NonDifferentiable) and builder.smooth):
        return matrix
    largest = 0.1 / max(part.shape[-2:])
    i = builder.into(builder.fitted(i, part.shape), (-largest, largest))
    return Ref(builder.add(CATALOGUE["add"], [Ref(i), matrix], {}))


def _count(builder: CompositionBuilder, primitive: Primitive, example: Example) -> int:
    """How many elements the result has."""
    kinds = {Reals: builder.float, Dominant: builder.float, Flags: bool_, Indices: int64}
    kinds[Complexes] = complex_dtype(builder.float)
    specs = [Spec(part.shape, kinds[type(part)]) for part in example.inputs]
    return prod(primitive.infer(*specs, **example.params).shape)


def _reals(builder: CompositionBuilder, primitive: Primitive, part: Reals, given: int | None) -> Given:
    """The value at hand, if it is not yet used; another one brought to the shape; or a constant."""
    bounds = (part.low, part.high)
    i = builder.any_float() if given is None else given
    empty = prod(builder.values[i].spec.shape) == 0 and prod(part.shape) > 0
    if empty or (given is None and builder.draw(st.booleans())):
        return builder.constant(part.shape, bounds)
    i = builder.fitted(i, part.shape)
    if not isinstance(primitive, Linear):
        i = builder.into(i, bounds)
    return Ref(builder.apart(i) if isinstance(primitive, Reduction) and builder.smooth else i)


def pool() -> list[Primitive]:
    """What compositions are made of unless they are told: all functions of reals, the differentiable ones more often.

    Those of complex numbers take part where they are asked for: their operands are joined, and a part is taken out.
    """
    of_reals = [p for p in CATALOGUE.values() if is_of_reals(p)]
    differentiable = [p for p in of_reals if not isinstance(p, NonDifferentiable)]
    constant = [p for p in of_reals if isinstance(p, NonDifferentiable)]
    return [*differentiable * 3, *constant]
