"""What the values of forward levels are made of, so that a program on them becomes one on their parts.

A jet is a primal and coefficients, a batched value one with a further axis, a curved one a primal with slopes and a
bend. Which parts there are is a value's *pattern*; a part that is not there is identically zero (or the same for all
examples), and stays out of the programs that are made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dualtape.autodiff.levels import BatchLevel, CollapsedJetLevel, CollapsedLevel, Curved, Jet, JetLevel
from dualtape.core.interpreter import entered
from dualtape.core.spec import Spec
from dualtape.functions.creation import zeros_like
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.movement import permute
from dualtape.tensor import Tensor

Pattern = Any


class Lifting:
    """One kind of value. ``stacked`` says that the first axis of the value counts the steps of a loop."""

    def pattern(self, x: Any) -> Hashable:
        """Which parts ``x`` has."""
        raise NotImplementedError

    def union(self, p: Pattern, q: Pattern) -> Pattern:
        """The parts of either."""
        raise NotImplementedError

    def specs(self, spec: Spec, pattern: Pattern) -> list[Spec]:
        """The specs of the parts of a value of ``spec``."""
        raise NotImplementedError

    def parts(self, x: Any, pattern: Pattern, stacked: bool = False) -> list[Any]:
        """The parts, as the levels below know them; zeros for those of ``pattern`` that ``x`` has not."""
        raise NotImplementedError

    def whole(self, parts: Sequence[Any], pattern: Pattern, stacked: bool = False) -> Any:
        """The value of given parts."""
        raise NotImplementedError

    @contextmanager
    def inside(self) -> Iterator[Lifting]:
        """A level of the same kind for the values of a body that is being traced."""
        raise NotImplementedError
        yield


class JetLifting(Lifting):
    """Jets: the pattern lists the coefficients that are not zero."""

    def __init__(self, level: JetLevel) -> None:
        self._level = level

    def pattern(self, x: Any) -> Pattern:
        if not isinstance(x, Jet) or x.level is not self._level:
            return ()
        return tuple(index for index in self._level.algebra.indices if x.coefficient(index) is not None)

    def union(self, p: Pattern, q: Pattern) -> Pattern:
        return tuple(index for index in self._level.algebra.indices if index in p or index in q)

    def specs(self, spec: Spec, pattern: Pattern) -> list[Spec]:
        return [spec] * (1 + len(pattern))

    def parts(self, x: Any, pattern: Pattern, stacked: bool = False) -> list[Any]:
        primal, coefficient = self._level.coefficients(x)
        found = [coefficient(index) for index in pattern]
        return [primal, *(zeros_like(primal) if c is None else c for c in found)]

    def whole(self, parts: Sequence[Any], pattern: Pattern, stacked: bool = False) -> Any:
        primal, *coefficients = parts
        return self._level.jet(primal, dict(zip(pattern, coefficients, strict=True))) if pattern else primal

    @contextmanager
    def inside(self) -> Iterator[Lifting]:
        level = JetLevel(self._level.algebra)
        with entered(level):
            yield JetLifting(level)


class CollapsedJetLifting(JetLifting):
    """Jets along many directions: their highest coefficients are one sum, all others have an axis of directions."""

    def __init__(self, level: CollapsedJetLevel) -> None:
        super().__init__(level)
        self._collapsed = level

    def specs(self, spec: Spec, pattern: Pattern) -> list[Spec]:
        everywhere = Spec((self._collapsed.directions.size, *spec.shape), spec.dtype)
        return [spec, *(spec if index == self._collapsed.top else everywhere for index in pattern)]

    def parts(self, x: Any, pattern: Pattern, stacked: bool = False) -> list[Any]:
        primal, *coefficients = super().parts(x, pattern)

        def part(index: Any, value: Tensor) -> Tensor:
            if index == self._collapsed.top:
                return value
            everywhere: Tensor = self._collapsed.directions.all_examples(value)
            return _exchanged(everywhere) if stacked else everywhere

        return [primal, *map(part, pattern, coefficients)]

    def whole(self, parts: Sequence[Any], pattern: Pattern, stacked: bool = False) -> Any:
        primal, *coefficients = parts

        def coefficient(index: Any, part: Tensor) -> Tensor:
            if index == self._collapsed.top:
                return part
            return self._collapsed.directions.batched(_exchanged(part) if stacked else part)

        return super().whole([primal, *map(coefficient, pattern, coefficients)], pattern)

    @contextmanager
    def inside(self) -> Iterator[Lifting]:
        directions = BatchLevel(self._collapsed.directions.size)
        with entered(directions):
            (order,) = self._collapsed.top
            level = CollapsedJetLevel(order, directions, self._collapsed.weights)
            with entered(level):
                yield CollapsedJetLifting(level)


class BatchLifting(Lifting):
    """Batched values: the pattern says whether the examples differ."""

    def __init__(self, level: BatchLevel) -> None:
        self.level = level

    def pattern(self, x: Any) -> Pattern:
        return getattr(x, "level", None) is self.level

    def union(self, p: Pattern, q: Pattern) -> Pattern:
        return p or q

    def specs(self, spec: Spec, pattern: Pattern) -> list[Spec]:
        return [Spec((self.level.size, *spec.shape), spec.dtype) if pattern else spec]

    def parts(self, x: Any, pattern: Pattern, stacked: bool = False) -> list[Any]:
        if not pattern:
            return [x]
        everywhere = self.level.all_examples(x)
        return [_exchanged(everywhere) if stacked else everywhere]

    def whole(self, parts: Sequence[Any], pattern: Pattern, stacked: bool = False) -> Any:
        (part,) = parts
        if not pattern:
            return part
        return self.level.batched(_exchanged(part) if stacked else part)

    @contextmanager
    def inside(self) -> Iterator[Lifting]:
        level = BatchLevel(self.level.size)
        with entered(level):
            yield BatchLifting(level)


class CollapsedLifting(Lifting):
    """Curved values, together with the level of their directions: whether there are slopes, and a bend."""

    def __init__(self, level: CollapsedLevel) -> None:
        self._level = level

    def pattern(self, x: Any) -> Pattern:
        return (x.slope is not None, x.bend is not None) if self._is_curved(x) else (False, False)

    def union(self, p: Pattern, q: Pattern) -> Pattern:
        return p[0] or q[0], p[1] or q[1]

    def specs(self, spec: Spec, pattern: Pattern) -> list[Spec]:
        count = self._level.directions.size
        slopes, bend = pattern
        return [spec, *[Spec((count, *spec.shape), spec.dtype)] * slopes, *[spec] * bend]

    def parts(self, x: Any, pattern: Pattern, stacked: bool = False) -> list[Any]:
        primal, slope, bend = self._level.parts(x)
        found = [primal]
        if pattern[0]:
            filled = zeros_like(primal) if slope is None else slope
            full = filled if filled.shape == primal.shape else broadcast_to(filled, shape=primal.shape)
            everywhere = self._level.directions.all_examples(full)
            found.append(_exchanged(everywhere) if stacked else everywhere)
        if pattern[1]:
            found.append(zeros_like(primal) if bend is None else bend)
        return found

    def whole(self, parts: Sequence[Any], pattern: Pattern, stacked: bool = False) -> Any:
        if not any(pattern):
            return parts[0]
        slope = None
        if pattern[0]:
            slope = self._level.directions.batched(_exchanged(parts[1]) if stacked else parts[1])
        return self._level.curved(parts[0], slope, parts[-1] if pattern[1] else None)

    @contextmanager
    def inside(self) -> Iterator[Lifting]:
        directions = BatchLevel(self._level.directions.size)
        with entered(directions):
            level = CollapsedLevel(directions, self._level.weights)
            with entered(level):
                yield CollapsedLifting(level)

    def _is_curved(self, x: Any) -> bool:
        return isinstance(x, Curved) and x.level is self._level


def _exchanged(x: Tensor) -> Tensor:
    """The axes of examples and of steps, exchanged."""
    return permute(x, axes=(1, 0, *range(2, len(x.shape))))
