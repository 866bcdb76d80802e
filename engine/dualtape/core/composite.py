"""Composites, which are no primitives: a function with a derivative of its own, a condition, a loop, a checkpoint.

Each says here, once, what the levels need of it; each level says in its own class which of these it asks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from dualtape.errors import ArgumentError

if TYPE_CHECKING:
    from dualtape.tensor import Tensor

Values = Sequence[Any]
Cotangents = list["Tensor | None"]
PullBack = Callable[[Cotangents], Cotangents]


def spread(mask: Sequence[bool], found: Sequence[Any]) -> list[Any]:
    """One value for each place: ``found`` in order where ``mask`` holds, ``None`` elsewhere."""
    rest = iter(found)
    return [next(rest) if holds else None for holds in mask]


def replaced(values: Values, places: Sequence[int], new: Sequence[Any]) -> list[Any]:
    """``values`` with others at some places."""
    filled = list(values)
    for i, value in zip(places, new, strict=True):
        filled[i] = value
    return filled


class Composite:
    """Something done to a flat list of values, which gives another."""

    name: str

    def run(self, inputs: Values) -> list[Any]:
        """Do it, operation by operation."""
        raise NotImplementedError

    def pull_back(self, inputs: Values, watched: Sequence[bool]) -> tuple[list[Any], PullBack]:
        """The outputs, and a function from a cotangent of each to those of the inputs; ``None`` is zero.

        The function is called once, with cotangents of the level of ``inputs``; what is not ``watched`` needs none.
        """
        raise NotImplementedError

    def in_pieces(self, inputs: Values) -> list[Any] | None:
        """The outputs by smaller operations, if reverse mode had better record those."""
        return None

    def on_parts(self, level: Any, inputs: Values) -> list[Any]:
        """The outputs on a level whose values are made of parts, as a jet is of its coefficients."""
        return self.run(inputs)

    def write(self, trace: Any, inputs: Values) -> list[Any]:
        """The outputs while a program is written: by one equation, or by those of what it does."""
        return self.run(inputs)

    def captures(self) -> ArgumentError:
        """The error for a value that is differentiated and used without being an input."""
        return ArgumentError(
            f"`{self.name}`, which has a custom derivative, uses a value that is being differentiated and is none of "
            "its arguments; pass it as an argument"
        )
