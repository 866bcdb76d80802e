"""Hypothesis strategies: shapes, tensors, directions, multi-indices, and random functions of the whole catalogue.

Examples
--------
>>> from hypothesis import given
>>> from dualtape.testing import strategies
>>> @given(strategies.tensors(strategies.shapes(), elements=(-1.0, 1.0)))
... def test_square_is_not_negative(x):
...     assert bool((x * x >= 0).all())
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, prod
from typing import Any

import numpy as np

from dualtape import pytree
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, bool_, float64
from dualtape.errors import ArgumentError, MissingExtraError
from dualtape.tensor import Tensor

try:
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy
except ImportError as failure:
    raise MissingExtraError(
        "`dualtape.testing.strategies` needs the package hypothesis; install it with `pip install 'dualtape[test]'`"
    ) from failure

from dualtape.testing.composition import Composition
from dualtape.testing.composition_builder import CompositionBuilder
from dualtape.testing.counterexamples import show_counterexamples_as_code
from dualtape.testing.extend import extend, pool
from dualtape.testing.numeric import Bounds
from dualtape.testing.operands import PrimitiveCall, draw, examples

show_counterexamples_as_code()

CLOSEST = 0.05
"""How far elements stay away from kinks."""


def shapes(max_rank: int = 3, max_size: int = 4, min_size: int = 0, min_rank: int = 0) -> SearchStrategy[Shape]:
    """Shapes, the empty and the 0-d ones among them."""
    return st.lists(st.integers(min_size, max_size), min_size=min_rank, max_size=max_rank).map(tuple)


@st.composite
def broadcastable_shapes(
    draw: Any, count: int = 2, max_rank: int = 3, max_size: int = 4, min_size: int = 1
) -> tuple[Shape, ...]:
    """``count`` shapes that broadcast together; with ``min_size=0`` some have an empty axis."""
    common: Shape = draw(shapes(max_rank, max_size, min_size))
    found = []
    for _ in range(count):
        rank = draw(st.integers(0, len(common)))
        stretched = draw(st.lists(st.booleans(), min_size=rank, max_size=rank))
        tail = common[len(common) - rank :]
        found.append(tuple(1 if one else n for one, n in zip(stretched, tail, strict=True)))
    return tuple(found)


@st.composite
def tensors(
    draw: Any,
    shape: Shape | SearchStrategy[Shape],
    dtype: DType | SearchStrategy[DType] = float64,
    elements: tuple[float, float] | SearchStrategy[Any] = (-2.0, 2.0),
    away_from: Sequence[float] = (),
) -> Tensor:
    """Tensors, on the device that is current when they are drawn.

    Parameters
    ----------
    shape
        A shape, or a strategy of shapes.
    dtype
        An element type, or a strategy of element types.
    elements
        Two bounds: the elements are then decimals with two places between them (integers for types of integers), few
        enough digits to read; or a strategy of elements.
    away_from
        Points, such as kinks, that all elements keep a distance of 0.05 from.

    Examples
    --------
    >>> relu_inputs = tensors(shapes(max_rank=2), elements=(-1.0, 1.0), away_from=(0.0,))
    """
    from hypothesis.extra.numpy import arrays

    kind: DType = draw(dtype) if isinstance(dtype, SearchStrategy) else dtype
    chosen: Shape = draw(shape) if isinstance(shape, SearchStrategy) else shape
    if not isinstance(elements, SearchStrategy):
        elements = _elements(kind, elements, tuple(away_from))
    elif away_from:
        elements = elements.filter(lambda x: all(abs(x - point) >= CLOSEST for point in away_from))
    return Tensor(draw(arrays(kind.numpy, chosen, elements=elements)))


def _elements(dtype: DType, bounds: Bounds, away_from: tuple[float, ...]) -> SearchStrategy[Any]:
    """Numbers between two bounds, the simplest first: Hypothesis shrinks towards them."""
    if dtype is bool_:
        return st.booleans()
    low, high = bounds
    if dtype.is_integer:
        info = np.iinfo(dtype.numpy)
        return st.integers(max(ceil(low), int(info.min)), min(floor(high), int(info.max)))
    numbers = [n / 100 for n in range(ceil(low * 100), floor(high * 100) + 1)]
    allowed = [x for x in numbers if all(abs(x - point) >= CLOSEST for point in away_from)]
    if not allowed:
        raise ArgumentError(f"no decimal with two places lies between {low} and {high} and away from {away_from}")
    simplest = sorted(allowed, key=lambda x: (len(repr(x)), abs(x), x < 0))
    # Rounded to the element type here, for Hypothesis wants elements that the array holds exactly.
    return st.sampled_from([dtype.numpy.type(x) for x in simplest])


@st.composite
def directions(draw: Any, like: Any) -> Any:
    """Directions to differentiate along: for each Tensor of floats in ``like`` one of its shape, type and device.

    Elements are decimals with one place between -1 and 1; other leaves of ``like`` stay as they are.
    """
    tenths = st.integers(-10, 10).map(lambda n: n / 10)

    def direction(x: Any) -> Any:
        if not isinstance(x, Tensor) or not x.dtype.is_float:
            return x
        numbers = draw(st.lists(tenths, min_size=x.size, max_size=x.size))
        return Tensor(np.array(numbers, x.dtype.numpy).reshape(x.shape), device=x.device)

    return pytree.map(direction, like)


def multi_indices(length: int, max_order: int = 4) -> SearchStrategy[tuple[int, ...]]:
    """Multi-indices of one length whose orders add up to ``max_order`` at most."""
    orders = st.lists(st.integers(0, max_order), min_size=length, max_size=length)
    return orders.map(tuple).filter(lambda index: sum(index) <= max_order)


@st.composite
def programs(
    draw: Any,
    inputs: Sequence[Shape] | SearchStrategy[Sequence[Shape]] | int = 2,
    max_steps: int = 4,
    dtype: DType = float64,
    bounds: tuple[float, float] = (-1.5, 1.5),
    smooth: bool = True,
    primitives: Sequence[Primitive] | None = None,
) -> Composition:
    """Random functions of Tensors: compositions of the whole catalogue, each primitive on operands from its domain.

    A drawn program is called like any function, and prints as Python to paste. :func:`points` draws its arguments.

    Parameters
    ----------
    inputs
        Shapes of the arguments, or a strategy of these; or how many arguments there are, of any shapes that broadcast.
    max_steps
        How many primitives it is made of at most, not counting those that bring operands into a domain.
    dtype
        Element type of the arguments.
    bounds
        Between which the arguments are to lie.
    smooth
        Whether it has derivatives of every order at all arguments within the bounds. If not, comparisons, rounding
        and searches are applied to what depends on the arguments, too.
    primitives
        What it is made of, besides what brings operands into a domain; by default the whole catalogue.
    """
    return _grown(draw, inputs, max_steps, dtype, bounds, smooth, primitives).finished()


@st.composite
def scalar_functions(
    draw: Any,
    inputs: Sequence[Shape] | SearchStrategy[Sequence[Shape]] | int = 1,
    max_steps: int = 4,
    dtype: DType = float64,
    bounds: tuple[float, float] = (-1.5, 1.5),
) -> Composition:
    """Smooth :func:`programs` whose value is one number, as a 0-d Tensor: what a gradient can be taken of."""
    return _grown(draw, inputs, max_steps, dtype, bounds, smooth=True).total()


def points(program: Composition) -> SearchStrategy[tuple[Tensor, ...]]:
    """Arguments of a drawn program, within its bounds."""
    return st.tuples(*(tensors(spec.shape, spec.dtype, program.bounds) for spec in program.inputs))


@st.composite
def operands(draw_: Any, primitive: Primitive) -> PrimitiveCall:
    """Calls of a primitive: one of the shapes it is declared for, with numbers from its domain."""
    example = draw_(st.sampled_from(examples(primitive)))
    return draw(primitive, example, draw_(st.integers(0, 2**16)))


def _grown(
    draw: Any,
    inputs: Any,
    max_steps: int,
    dtype: DType,
    bounds: Bounds,
    smooth: bool,
    primitives: Sequence[Primitive] | None = None,
) -> CompositionBuilder:
    if isinstance(inputs, int):
        inputs = broadcastable_shapes(inputs, max_size=3, min_size=draw(st.sampled_from((1, 1, 0))))
    chosen = draw(inputs) if isinstance(inputs, SearchStrategy) else inputs
    builder = CompositionBuilder(draw, [Spec(tuple(shape), dtype) for shape in chosen], bounds, smooth)
    for primitive in draw(st.lists(st.sampled_from(list(primitives or pool())), min_size=1, max_size=max_steps)):
        extend(builder, primitive)
        if prod(builder.values[-1].spec.shape) > 1000:
            break
    return builder
