"""What is made of domains: unions and products of two, others places and names of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

from dualtape.pinn.domains.places import Predicate

if TYPE_CHECKING:
    from dualtape.pinn.domains.domain import Domain

_operations: dict[str, Callable[..., Domain]] = {}


def makes(name: str) -> Callable[[Callable[..., Domain]], Callable[..., Domain]]:
    """Say what makes a domain of others: a class, which is a domain itself and so cannot be imported here."""

    def said(maker: Callable[..., Domain]) -> Callable[..., Domain]:
        _operations[name] = maker
        return maker

    return said


class Combinable:
    """What other domains can be made of."""

    @final
    def __or__(self, other: Domain) -> Domain:
        """The union of both: ``a | b``."""
        return _operations["union"](self, other)

    @final
    def __and__(self, other: Domain) -> Domain:
        """What both have in common: ``a & b``."""
        return _operations["intersection"](self, other)

    @final
    def __sub__(self, other: Domain) -> Domain:
        """What of this one is not in the other: ``a - b``."""
        return _operations["difference"](self, other)

    @final
    def __mul__(self, other: Domain) -> Domain:
        """All pairs of a point here and one there, of other coordinates: ``disk * pinn.Interval(t=(0, 1))``."""
        return _operations["product"](self, other)

    @final
    def translated(self, **by: float) -> Domain:
        """Moved along some coordinates: ``disk.translated(x=1.5)``."""
        return _operations["translation"](self, by)

    @final
    def rotated(self, angle: float, *, plane: tuple[str, str] | None = None, about: Any = None) -> Domain:
        """Turned by ``angle`` radians from the first coordinate of ``plane`` to the second, about a point.

        The plane is that of the first two coordinates, and the point the origin, if they are not given.
        """
        return _operations["rotation"](self, angle, plane, about)

    @final
    def scaled(self, factor: float, *, about: Any = None) -> Domain:
        """Larger by a positive factor, the same in all directions, as seen from a point (the origin)."""
        return _operations["scaling"](self, factor, about)

    @final
    def named(self, name: str) -> Domain:
        """The same, whose whole boundary is one part of this name: ``square - disk.named("hole")``."""
        return _operations["name"](self, name)

    @final
    def with_parts(self, **parts: Predicate) -> Domain:
        """The same, with parts of the boundary that functions choose: ``box.with_parts(inlet=lambda p: p.x < 0.1)``.

        A function is given points with their coordinates as arrays of shape (N,) and says with bools which belong to
        the part. The parts that there were stay as they are.
        """
        return _operations["parts"](self, parts)
