"""A system of differential equations as a function of flat lists of tensors, whatever containers its user chose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from dualtape import pytree
from dualtape.errors import ArgumentTypeError, DTypeError, ShapeError
from dualtape.tensor import Tensor

StateLeaves = list[Tensor]
"""The leaves of a state, of one type of floats."""

SystemFunction = Callable[..., Any]


class System(NamedTuple):
    """``y' = f(t, y, *args)``: the user's function, its arguments, and how its states are arranged."""

    f: SystemFunction
    args: tuple[Any, ...]
    structure: Any
    shapes: tuple[tuple[int, ...], ...]

    def __call__(self, t: Tensor, y: Sequence[Tensor]) -> StateLeaves:
        """The slopes of a state."""
        found = self.f(t, pytree.unflatten(self.structure, list(y)), *self.args)
        leaves, structure = pytree.flatten(found)
        if structure != self.structure:
            raise ArgumentTypeError(
                f"`f` of `integrate` must return slopes arranged as `y0`, {self.structure}, got {structure}"
            )
        return [self._read(i, leaf, like) for i, (leaf, like) in enumerate(zip(leaves, y, strict=True))]

    def _read(self, i: int, slope: Any, like: Tensor) -> Tensor:
        place = (
            f"leaf {i} of what `f` of `integrate` returns"
            if len(self.shapes) > 1
            else "what `f` of `integrate` returns"
        )
        if not isinstance(slope, Tensor):
            raise ArgumentTypeError(f"{place} must be a Tensor, got {type(slope).__name__}")
        if slope.shape != self.shapes[i]:
            raise ShapeError(f"{place} has shape {slope.shape}; expected the state's, {self.shapes[i]}")
        if slope.dtype is not like.dtype:
            raise DTypeError(f"{place} is of {slope.dtype}; expected the state's type, {like.dtype}")
        return slope


def weighted(y: Sequence[Tensor], h: Any, weights: Sequence[float], slopes: Sequence[StateLeaves]) -> StateLeaves:
    """``y`` plus ``h`` times a weighted sum of slopes."""
    terms = [(w, k) for w, k in zip(weights, slopes, strict=False) if w]
    if not terms:
        return list(y)
    found = []
    for i, x in enumerate(y):
        total = terms[0][0] * terms[0][1][i]
        for w, k in terms[1:]:
            total = total + w * k[i]
        found.append(x + h * total)
    return found
