"""Products: a region and time, a base and a height."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.ball import Disk
from dualtape.pinn.domains.box import Interval
from dualtape.pinn.domains.distance import box_distance
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.made import makes
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.smooth import conjunction


@makes("product")
class ProductDomain(Domain):
    """All pairs of a point of one domain and a point of another, whose coordinates have other names.

    Its parts are those of both, each together with the whole of the other domain.

    Examples
    --------
    >>> from dualtape import pinn
    >>> heated = pinn.Disk() * pinn.Interval(t=(0, 1))
    >>> heated.coordinates, tuple(heated.parts), heated.time
    (('x', 'y', 't'), ('circle', 't-', 't+'), 't')
    """

    def __init__(self, first: Domain, second: Domain) -> None:
        for domain in (first, second):
            if not isinstance(domain, Domain):
                raise ArgumentTypeError(f"`*` is between two domains, got {type(domain).__name__}")
            domain.check_made()
        for what, both in (
            ("coordinate", {*first.coordinates} & {*second.coordinates}),
            ("part", {*first.parts} & {*second.parts}),
        ):
            if both:
                raise ArgumentError(
                    f"both factors of a product have the {what} {min(both)!r}; rename it in one of them"
                )
        if first.time and second.time:
            raise ArgumentError(f"both factors of a product have a time: {first.time!r} and {second.time!r}")
        self.first, self.second = first, second
        super().__init__(first.parts | second.parts, **(first.bounds | second.bounds))

    @property
    def time(self) -> str | None:
        """That of the factor that has one."""
        return self.first.time or self.second.time

    @property
    def whole(self) -> tuple[str, ...]:
        """The parts of both that make up their boundaries."""
        return self.first.whole + self.second.whole

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` pairs of points of both."""
        return np.concatenate([self.first.interior(number, sampler, seed), self._other(1, number, sampler, seed)], 1)

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` pairs of a point on the part of one domain, and one inside the other."""
        self.check_part(name)
        which = 0 if name in self.first.parts else 1
        points, normals = (self.first, self.second)[which].on_part(name, number, sampler, seed)
        if len(points) < number:  # the end of an interval
            points, normals = (array[np.arange(number) % len(array)] for array in (points, normals))
        inside = self._other(1 - which, number, sampler, seed)
        places, across = [points, inside], [normals, np.zeros_like(inside)]
        order = slice(None) if which == 0 else slice(None, None, -1)
        return np.concatenate(places[order], 1), np.concatenate(across[order], 1)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are pairs of a point in one and a point in the other."""
        n = self.first.dimension
        return np.asarray(self.first.inside(points[..., :n]) & self.second.inside(points[..., n:]))

    def measure(self) -> float:
        """The product of both."""
        return self.first.measure() * self.second.measure()

    def measure_of(self, part: str) -> float:
        """That of the part of one domain, by the other's measure."""
        self.check_part(part)
        if part in self.first.parts:
            return self.first.measure_of(part) * self.second.measure()
        return self.second.measure_of(part) * self.first.measure()

    def during(self, start: float, end: float) -> Domain:
        """The product with a part of the time."""
        if self.time is None:
            raise ArgumentError(f"{self} has no time; multiply it by `pinn.Interval(t=...)`")
        parts = (x.during(start, end) if x.time else x for x in (self.first, self.second))
        return ProductDomain(*parts)

    def signed_distance(self, points: Any) -> Any:
        """Exact if those of both are; it takes time for a length like others."""
        points = np.asarray(points, np.float64) if isinstance(points, (list, tuple)) else points
        n = self.first.dimension
        return box_distance([self.first.signed_distance(points[..., :n]), self.second.signed_distance(points[..., n:])])

    def smooth_distance(self, points: Any) -> Any:
        """The R-conjunction of both; where one is no more than time, that of the other."""
        n = self.first.dimension
        parts = [(self.first, points[..., :n]), (self.second, points[..., n:])]
        found = [domain.smooth_distance(place) for domain, place in parts if domain.coordinates != (domain.time,)]
        return reduce(conjunction, found)

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """The product of what vanishes on the parts of either."""
        n = self.first.dimension
        found = np.ones_like(points[..., 0])
        for domain, place in ((self.first, points[..., :n]), (self.second, points[..., n:])):
            own = [part for part in parts if part in domain.parts]
            found = found * domain.vanishing_on(own, place) if own else found
        return found

    def quadrature(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """All pairs of the points of both, each domain with a number that its dimension deserves."""
        share = self.first.dimension / self.dimension
        (p, a), (q, b) = (
            self.first.quadrature(round(number**share)),
            self.second.quadrature(round(number ** (1 - share))),
        )
        points = np.concatenate([np.repeat(p, len(q), axis=0), np.tile(q, (len(p), 1))], axis=1)
        return points, np.outer(a, b).ravel()

    def _other(self, which: int, number: int, sampler: str, seed: Seed) -> np.ndarray:
        """Points of a factor in an order of their own, as two sequences of one kind would go side by side."""
        points = (self.first, self.second)[which].interior(number, sampler, (*seed, 1))
        return points[np.random.default_rng((*seed, 2)).permutation(number)]

    def __repr__(self) -> str:
        return f"{self.first!r} * {self.second!r}"


class Cylinder(ProductDomain):
    """A disk and a height; the parts of its boundary are ``side``, and as of an interval, ``z-`` and ``z+``.

    Parameters
    ----------
    center, radius
        Of the disk, in the plane of the first two coordinates.
    height
        The range of the third coordinate.
    names
        Of the coordinates: x, y, z unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> round(pinn.Cylinder((0, 0), 1.0, (0, 2)).measure(), 6)
    6.283185
    """

    def __init__(
        self,
        center: Any = (0.0, 0.0),
        radius: float = 1.0,
        height: tuple[float, float] = (0.0, 1.0),
        *,
        names: Sequence[str] = ("x", "y", "z"),
    ) -> None:
        if len(names) != 3:
            raise ArgumentError(f"`names` of `Cylinder` must be three names of coordinates, got {names!r}")
        disk = Disk(center, radius, names=names[:2])
        super().__init__(disk.named("side"), Interval(**{names[2]: height}))
