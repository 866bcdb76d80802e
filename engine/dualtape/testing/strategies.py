"""Hypothesis strategies: shapes, tensors, multi-indices, and calls of the catalogue's primitives.

Examples
--------
>>> from hypothesis import given
>>> from dualtape.testing import strategies
>>> @given(strategies.tensors(strategies.shapes(), elements=(-1.0, 1.0)))
... def test_square_is_not_negative(x):
...     assert bool((x * x >= 0).all())
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.core.primitive import Primitive
from dualtape.core.spec import Shape, broadcast_shapes
from dualtape.dtypes import DType, float64
from dualtape.errors import MissingExtraError
from dualtape.tensor import Tensor
from dualtape.testing.operands import Call, draw, examples

try:
    from hypothesis import strategies as st
except ImportError as failure:
    raise MissingExtraError(
        "`dualtape.testing.strategies` needs the package hypothesis; install it with `pip install 'dualtape[test]'`"
    ) from failure

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def shapes(max_rank: int = 3, max_size: int = 4, min_size: int = 0) -> SearchStrategy[Shape]:
    """Shapes, the empty and the 0-d ones among them."""
    return st.lists(st.integers(min_size, max_size), max_size=max_rank).map(tuple)


@st.composite
def broadcastable_shapes(draw: Any, count: int = 2, max_rank: int = 3, max_size: int = 4) -> tuple[Shape, ...]:
    """``count`` shapes that broadcast together, none with an empty axis."""
    common: Shape = draw(shapes(max_rank, max_size, 1))
    found = []
    for _ in range(count):
        rank = draw(st.integers(0, len(common)))
        stretched = draw(st.lists(st.booleans(), min_size=rank, max_size=rank))
        tail = common[len(common) - rank :]
        found.append(tuple(1 if one else n for one, n in zip(stretched, tail, strict=True)))
    broadcast_shapes("broadcastable_shapes", *found)
    return tuple(found)


@st.composite
def tensors(
    draw: Any,
    shape: Shape | SearchStrategy[Shape],
    dtype: DType = float64,
    elements: tuple[float, float] = (-2.0, 2.0),
    away_from: tuple[float, ...] = (),
) -> Tensor:
    """Tensors of floats with elements between the two ``elements``: decimals with two places, exact enough to read.

    ``away_from`` names points, such as kinks, that all elements keep a distance of 0.05 from.
    """
    chosen: Shape = draw(shape) if isinstance(shape, st.SearchStrategy) else shape
    low, high = elements
    hundredths = range(int(np.ceil(low * 100)), int(np.floor(high * 100)) + 1)
    allowed = [n / 100 for n in hundredths if all(abs(n / 100 - point) >= 0.05 for point in away_from)]
    count = int(np.prod(chosen))
    numbers = draw(st.lists(st.sampled_from(allowed), min_size=count, max_size=count))
    return Tensor(np.asarray(numbers, dtype.numpy).reshape(chosen))


def multi_indices(length: int, max_order: int = 4) -> SearchStrategy[tuple[int, ...]]:
    """Multi-indices of one length whose orders add up to ``max_order`` at most."""
    orders = st.lists(st.integers(0, max_order), min_size=length, max_size=length)
    return orders.map(tuple).filter(lambda index: sum(index) <= max_order)


@st.composite
def operands(draw_: Any, primitive: Primitive) -> Call:
    """Calls of a primitive: one of the shapes it is declared for, with numbers from its domain."""
    example = draw_(st.sampled_from(examples(primitive)))
    return draw(primitive, example, draw_(st.integers(0, 2**16)))
