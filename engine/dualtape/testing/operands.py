"""What a primitive can be tried on: calls drawn from what the catalogue declares with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualtape.core.example import Complexes, Dominant, Example, Indices, Input, Reals
from dualtape.core.primitive import Elementwise, Primitive
from dualtape.core.spec import Shape
from dualtape.dtypes import DType, complex_dtype, float64
from dualtape.functions.shape import stack
from dualtape.tensor import Tensor
from dualtape.testing.code import as_code
from dualtape.testing.parts import from_parts, to_parts

# Shapes of the inputs of elementwise functions, by their number: equal, broadcast both ways, 0-d, empty.
_SHAPES: dict[int, tuple[tuple[Shape, ...], ...]] = {
    1: (((2, 3),), ((),), ((0, 2),)),
    2: (((2, 3), (2, 3)), ((2, 1), (4, 1, 3)), ((), (3,)), ((1,), ()), ((0, 2), (2,))),
    3: (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ())),
}


class PrimitiveCall(NamedTuple):
    """One call of a primitive; the arrays of floats and of complex numbers are what can be differentiated."""

    primitive: Primitive
    arrays: tuple[np.ndarray, ...]
    params: dict[str, Any]

    def tensors(self, dtype: DType = float64) -> list[Tensor]:
        """The inputs, those of floats in ``dtype`` and complex ones with such parts, on the current device."""
        kinds = {"f": dtype.numpy, "c": complex_dtype(dtype).numpy}
        return [Tensor(a.astype(kinds.get(a.dtype.kind, a.dtype))) for a in self.arrays]

    def differentiable(self, dtype: DType = float64) -> tuple[Callable[..., Tensor], list[Tensor]]:
        """The primitive as a function of its float inputs alone, and these; complex ones count as their two parts."""
        inputs = self.tensors(dtype)
        parts = [x for x in inputs if x.dtype.is_inexact]

        def function(*floats: Tensor) -> Tensor:
            given = iter(from_parts(floats, parts))
            output = self.primitive(*(next(given) if x.dtype.is_inexact else x for x in inputs), **self.params)
            return stack(to_parts([output])) if output.dtype.is_complex else output

        return function, to_parts(parts)


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


def is_of_reals(primitive: Primitive) -> bool:
    """Whether neither the inputs that it declares nor its outputs are complex."""
    return not (primitive.on_complex is not None and primitive.on_complex.from_reals and primitive.name != "cast") and (
        not any(isinstance(part, Complexes) for example in examples(primitive) for part in example.inputs)
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
    if isinstance(part, Complexes):
        real, imaginary = (draw_input(Reals(*part), numbers) for _ in range(2))
        return np.asarray(real + 1j * imaginary)
    if isinstance(part, Dominant):
        rows, columns = part.shape[-2:]
        beside = numbers.integers(-9, 10, part.shape) / (50 * max(rows, columns, 1))
        return np.asarray(beside + np.eye(rows, columns) * (1.0 + 0.7 * np.arange(rows))[:, None])
    if isinstance(part, Indices):
        return numbers.integers(0, part.size, part.shape)
    return numbers.integers(0, 2, part.shape).astype(np.bool_)
