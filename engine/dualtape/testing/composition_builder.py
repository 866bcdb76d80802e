"""A composition while it is being made: its values so far, and how an operand for the next primitive is found.

A value whose bounds are not known to lie in the domain of the next primitive is brought there by a sine or a tanh
first, so that compositions are smooth and well conditioned wherever their arguments lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

from dualtape.core.primitive import CATALOGUE, Primitive
from dualtape.core.spec import Shape, Spec
from dualtape.dtypes import DType, bool_, dtype_of
from dualtape.testing.composition import Application, Composition, Given, Ref
from dualtape.testing.numeric import Bounds

DrawFrom = Callable[[Any], Any]
"""What Hypothesis calls ``draw``: a strategy to an element of it."""

MARGIN = 0.08
"""By how much finite differences may move an argument beyond its bounds."""
MOST_ELEMENTS = 64


class Known(NamedTuple):
    spec: Spec
    bounds: Bounds | None


class CompositionBuilder:
    """A composition that is not finished yet.

    In a ``smooth`` one, finite differences are to meet no kink.
    """

    def __init__(self, draw: DrawFrom, inputs: Sequence[Spec], bounds: Bounds, smooth: bool) -> None:
        self.draw = draw
        self.inputs = tuple(inputs)
        self.bounds = bounds
        self.smooth = smooth
        self.float = next(spec.dtype for spec in inputs if spec.dtype.is_float)
        wide = (bounds[0] - MARGIN, bounds[1] + MARGIN)
        self.values = [Known(spec, wide if spec.dtype.is_float else None) for spec in inputs]
        self.steps: list[Application] = []

    def finished(self) -> Composition:
        """The composition; it returns all floats that it has made and not used itself."""
        read = {x.number for step in self.steps for x in step.operands if isinstance(x, Ref)}
        first = len(self.inputs)
        floats = [i for i, value in enumerate(self.values) if value.spec.dtype.is_float]
        outputs = [i for i in floats if i >= first and i not in read] or floats[-1:]
        return Composition(self.inputs, tuple(self.steps), tuple(map(Ref, outputs)), self.bounds)

    def total(self) -> Composition:
        """The composition whose value is the sum of all elements that :meth:`finished` would return."""
        sums = []
        for (i,) in self.finished().outputs:
            if rank := len(self.values[i].spec.shape):
                i = self.add(CATALOGUE["sum"], [Ref(i)], {"axes": tuple(range(rank))})
                i = self.add(CATALOGUE["reshape"], [Ref(i)], {"shape": ()})
            sums.append(i)
        total = sums[0]
        for other in sums[1:]:
            if self.values[other].spec.dtype is self.values[total].spec.dtype:
                total = self.add(CATALOGUE["add"], [Ref(total), Ref(other)], {})
        return Composition(self.inputs, tuple(self.steps), (Ref(total),), self.bounds)

    # Steps

    def add(
        self, primitive: Primitive, operands: Sequence[Given], params: dict[str, Any], bounds: Bounds | None = None
    ) -> int:
        spec = primitive.infer(*map(self.spec, operands), **params)
        self.steps.append(Application(primitive, tuple(operands), params))
        self.values.append(Known(spec, bounds))
        return len(self.values) - 1

    def spec(self, operand: Given) -> Spec | None:
        if isinstance(operand, Ref):
            return self.values[operand.number].spec
        return Spec(operand.shape, dtype_of(operand.dtype)) if isinstance(operand, np.ndarray) else None

    def shape(self, operand: Given) -> Shape:
        spec = self.spec(operand)
        return spec.shape if spec else ()

    def operand_bounds(self, operand: Given) -> Bounds | None:
        if isinstance(operand, Ref):
            return self.values[operand.number].bounds
        array = np.asarray(operand)
        return (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)

    # Operands

    def choose(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    def variables(self, dtype: DType, fits: Shape | None = None) -> list[int]:
        """Values of an element type, all or those that broadcast with a shape to few elements; the latest first."""
        found = [(i, value.spec.shape) for i, value in enumerate(self.values) if value.spec.dtype is dtype]
        return [i for i, shape in reversed(found) if fits is None or _fit(shape, fits)]

    def any_float(self) -> int:
        return int(self.draw(st.sampled_from(self.variables(self.float))))

    def constant(self, shape: Shape, interval: Bounds) -> np.ndarray:
        """Short decimals inside an interval, all different while there are enough."""
        numbers = np.random.default_rng(self.draw(st.integers(0, 255)))
        low, high = within(interval)
        grid = np.arange(np.ceil(low * 100), np.floor(high * 100) + 1) / 100
        grid = grid[np.abs(grid) > 0.02]
        chosen = numbers.choice(grid, shape, replace=prod(shape) > grid.size)
        return np.asarray(chosen, self.float.numpy)

    def flags(self, shape: Shape, stretched: bool = True) -> Given:
        """Bools of a shape, or of one that is ``stretched`` to it."""
        known = [i for i in self.variables(bool_, fits=shape) if stretched or self.values[i].spec.shape == shape]
        if known and self.draw(st.booleans()):
            return Ref(self.draw(st.sampled_from(known)))
        return np.asarray(np.random.default_rng(self.draw(st.integers(0, 255))).integers(0, 2, shape), np.bool_)

    def indices(self, shape: Shape, size: int) -> np.ndarray:
        return np.asarray(np.random.default_rng(self.draw(st.integers(0, 255))).integers(0, size, shape))

    def into(self, i: int, interval: Bounds) -> int:
        """The value itself if it lies in the interval, else a sine or a tanh of it that does."""
        low, high = interval
        bounds = self.values[i].bounds
        if bounds is not None and low < bounds[0] and bounds[1] < high:
            return i
        low, high = within(interval)
        half, middle = round((high - low) / 2, 3), round((high + low) / 2, 3)
        # A sine of something large would turn its rounding into noise.
        squash = CATALOGUE["tanh" if bounds is None else "sin"]
        i = self.add(squash, [Ref(i)], {}, (-1.0, 1.0))
        if half != 1:
            i = self.add(CATALOGUE["multiply"], [Ref(i), half], {}, (-half, half))
        if middle:
            i = self.add(CATALOGUE["add"], [Ref(i), middle], {}, (middle - half, middle + half))
        return i

    def fitted(self, i: int, shape: Shape) -> int:
        """The elements of a value in another shape, repeated or left out."""
        source = self.values[i].spec.shape
        if source == shape:
            return i
        size = prod(source)
        bounds = self.values[i].bounds
        if size != prod(shape):
            flat = self.add(CATALOGUE["reshape"], [Ref(i)], {"shape": (size,)}, bounds)
            places = np.asarray(np.arange(prod(shape)).reshape(shape) % size)
            return self.add(CATALOGUE["take"], [Ref(flat), places], {"axis": 0}, bounds)
        return self.add(CATALOGUE["reshape"], [Ref(i)], {"shape": shape}, bounds)

    def apart(self, i: int) -> int:
        """A value whose elements differ from each other by more than finite differences move them."""
        shape = self.values[i].spec.shape
        spacing = min(0.5, 3.0 / max(prod(shape), 1))
        i = self.into(i, (-spacing / 3, spacing / 3))
        order = np.random.default_rng(self.draw(st.integers(0, 255))).permutation(prod(shape)).reshape(shape)
        ramp = np.asarray(np.round((order - (prod(shape) - 1) / 2) * spacing, 6), self.float.numpy)
        ends = (float(ramp.min(initial=0)) - spacing, float(ramp.max(initial=0)) + spacing)
        return self.add(CATALOGUE["add"], [Ref(i), ramp], {}, ends)


def within(interval: Bounds) -> Bounds:
    """The interval without its ends, where finite differences have no room."""
    low, high = interval
    return low + 0.1 * (high - low), high - 0.1 * (high - low)


def _fit(one: Shape, other: Shape) -> bool:
    """Whether they broadcast, and do not blow up to many elements."""
    try:
        return prod(np.broadcast_shapes(one, other)) <= MOST_ELEMENTS
    except ValueError:
        return False
