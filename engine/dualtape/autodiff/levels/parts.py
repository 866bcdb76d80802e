"""Levels whose values are made of parts, as a jet is of its coefficients.

Which parts a value has may differ: one that is not there is identically zero (or the same for all examples). So that a
condition or loop on such values becomes one on their parts, each level says what the parts are.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Self

from dualtape.core.composite import Composite, Values
from dualtape.core.interpreter import Level, bind
from dualtape.core.primitive import Primitive
from dualtape.core.spec import Spec
from dualtape.primitives.movement import permute
from dualtape.tensor import Tensor

if TYPE_CHECKING:
    from dualtape.autodiff.levels.rule import DerivativeRule

Present = Any
"""Which parts there are: whatever a level says it with, compared by equality."""


class PartsLevel(Level):
    """A level of values with parts. ``stacked`` says that the first axis of the value counts the steps of a loop."""

    def apply(self, composite: Composite, inputs: Values) -> list[Any]:
        return composite.on_parts(self, inputs)

    def push_forward(self, rule: DerivativeRule, inputs: Values) -> list[Any]:
        """The outputs of a function that brings its own derivative."""
        raise NotImplementedError

    def run(self, primitive: Primitive, inputs: tuple[Any, ...], params: dict[str, Any]) -> Tensor:
        """An operation of a body that is evaluated on this level, on whatever levels its inputs are."""
        return bind(primitive, inputs, params)

    def present(self, x: Any) -> Present:
        """Which parts ``x`` has."""
        raise NotImplementedError

    def union(self, p: Present, q: Present) -> Present:
        """The parts of either."""
        raise NotImplementedError

    def specs(self, spec: Spec, present: Present) -> list[Spec]:
        """The specs of the parts of a value of ``spec``."""
        raise NotImplementedError

    def take_apart(self, x: Any, present: Present, stacked: bool = False) -> list[Any]:
        """The parts, as the levels below know them; zeros for those of ``present`` that ``x`` has not."""
        raise NotImplementedError

    def put_together(self, parts: Sequence[Any], present: Present, stacked: bool = False) -> Any:
        """The value of given parts."""
        raise NotImplementedError

    def inside(self) -> AbstractContextManager[Self]:
        """Enter a level of the same kind for the values of a body that is being traced."""
        raise NotImplementedError

    def is_several(self, present: Present) -> bool:
        """Whether values with these parts are several at once, of which each may decide a condition for itself."""
        return False

    def any_of_several(self, x: Any) -> Tensor:
        """Whether any of the several values that ``x`` is holds, as the level below knows it."""
        raise NotImplementedError


def exchanged(x: Tensor) -> Tensor:
    """The axes of examples and of steps, exchanged."""
    return permute(x, axes=(1, 0, *range(2, len(x.shape))))
