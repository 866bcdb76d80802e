"""What a primitive can be tried on: calls drawn from what the catalogue declares with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.example import Dominant, Example, Indices, Input, Reals
from dualtape.core.primitive import Elementwise, Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import DType, float64
from dualtape.tensor import Tensor
from dualtape.testing.code import as_code

# Shapes of the inputs of elementwise functions, by their number: equal, broadcast both ways, 0-d, empty.
_SHAPES: dict[int, tuple[tuple[Shape, ...], ...]] = {
    1: (((2, 3),), ((),), ((0, 2),)),
    2: (((2, 3), (2, 3)), ((2, 1), (4, 1, 3)), ((), (3,)), ((1,), ()), ((0, 2), (2,))),
    3: (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ())),
}


class PrimitiveCall(NamedTuple):
    """One call of a primitive; the arrays of floats are what can be differentiated."""

    primitive: Primitive
    arrays: tuple[np.ndarray, ...]
    params: dict[str, Any]

    def tensors(self, dtype: DType = float64) -> list[Tensor]:
        """The inputs, those of floats in ``dtype``, on the current device."""
        return [Tensor(a.astype(dtype.numpy) if a.dtype.kind == "f" else a) for a in self.arrays]

    def differentiable(self, dtype: DType = float64) -> tuple[Callable[..., Tensor], list[Tensor]]:
        """The primitive as a function of its float inputs alone, and these."""
        inputs = self.tensors(dtype)
        places = [i for i, x in enumerate(inputs) if x.dtype.is_float]

        def function(*floats: Tensor) -> Tensor:
            filled = list(inputs)
            for place, x in zip(places, floats, strict=True):
                filled[place] = x
            return self.primitive(*filled, **self.params)

        return function, [inputs[i] for i in places]


@as_code.register
def _(value: PrimitiveCall) -> str:
    return f"dt.testing.PrimitiveCall({', '.join(map(as_code, value))})"


def examples(primitive: Primitive) -> tuple[Example, ...]:
    """The calls that a primitive declares: from its domain if it is elementwise, else its examples."""
    if not isinstance(primitive, Elementwise):
        return tuple(primitive.examples)  # type: ignore[attr-defined]
    domains = [primitive.domain]
    if len(primitive.domain) == 2 and primitive.domain[0][1] == primitive.domain[1][0]:
        # Intervals that touch: the kink is where the inputs are equal, and both sides of it count.
        domains.append(primitive.domain[::-1])
    return tuple(
        Example(tuple(Reals(shape, *interval) for shape, interval in zip(shapes, domain, strict=True)), params)
        for params in primitive.params
        for shapes in _SHAPES[len(primitive.domain)]
        for domain in domains
    )


def draw(primitive: Primitive, example: Example, seed: int = 0) -> PrimitiveCall:
    """Numbers for an example: short decimals inside its bounds, all different while there are enough."""
    numbers = np.random.default_rng(seed)
    return PrimitiveCall(primitive, tuple(draw_input(part, numbers) for part in example.inputs), example.params)


def draw_input(part: Input, numbers: np.random.Generator) -> np.ndarray:
    """One input of a call."""
    count = int(np.prod(part.shape))
    if isinstance(part, Reals):
        grid = np.arange(np.floor(part.low * 100) + 1, np.ceil(part.high * 100)) / 100
        # Nothing at the ends, where finite differences have no room, nor at 0, where kinks are.
        grid = grid[(grid > part.low + 0.04) & (grid < part.high - 0.04) & (np.abs(grid) > 0.04)]
        return numbers.choice(grid, part.shape, replace=count > grid.size)
    if isinstance(part, Dominant):
        rows, columns = part.shape[-2:]
        beside = numbers.integers(-9, 10, part.shape) / (50 * max(rows, columns, 1))
        return np.asarray(beside + np.eye(rows, columns) * (1.0 + 0.7 * np.arange(rows))[:, None])
    if isinstance(part, Indices):
        return numbers.integers(0, part.size, part.shape)
    return numbers.integers(0, 2, part.shape).astype(np.bool_)
