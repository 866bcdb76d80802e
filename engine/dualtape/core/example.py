"""What a primitive can be tried on: declared with it, so that no primitive escapes the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dualtape.core.spec import Shape


class Reals(NamedTuple):
    """A floating-point input with elements between ``low`` and ``high``."""

    shape: Shape
    low: float = -2.0
    high: float = 2.0


class Complexes(NamedTuple):
    """A complex input whose parts are between ``low`` and ``high``."""

    shape: Shape
    low: float = -2.0
    high: float = 2.0


class Indices(NamedTuple):
    """An integer input with elements from 0 to ``size - 1``."""

    shape: Shape
    size: int


class Flags(NamedTuple):
    """A boolean input."""

    shape: Shape


class Dominant(NamedTuple):
    """Matrices of floats whose diagonals, all different, are larger than what stands beside them together."""

    shape: Shape


Input = Reals | Complexes | Indices | Flags | Dominant


@dataclass(frozen=True)
class Example:
    """One call of a primitive: its inputs and static parameters."""

    inputs: tuple[Input, ...]
    params: dict[str, Any] = field(default_factory=dict)


Choose = Callable[[int, int], int]
"""An integer between two bounds, which it may be itself."""

ExampleFor = Callable[[Choose, Shape], Example | None]
"""A call with an input of that shape, or None where there is none."""


def over_axes(kind: type[Reals] | type[Flags], filled: bool = False) -> ExampleFor:
    """Reductions over some axes; ``filled`` for one that needs elements along them."""

    def example(choose: Choose, shape: Shape) -> Example:
        axes = tuple(axis for axis, size in enumerate(shape) if (size or not filled) and choose(0, 1))
        return Example((kind(shape),), {"axes": axes})

    return example


def one_of(choose: Choose, several: Sequence[Any]) -> Any:
    """One of them."""
    return several[choose(0, len(several) - 1)]
