"""Unions, intersections and differences of two domains."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.domain import BOUNDARY, Domain
from dualtape.pinn.domains.facets import Faceted
from dualtape.pinn.domains.made import makes
from dualtape.pinn.domains.places import PointsAndNormals, Seed, mixed
from dualtape.pinn.domains.rejection import draw_until
from dualtape.pinn.domains.smooth import conjunction, disjunction
from dualtape.pinn.sampling import sample_cube

NEAR = 1e-7
"""How far to either side of a boundary it is seen whether it is one of the combination, as a part of the box."""
SURVEYED = 1 << 17
"""Points of the box by which it is seen how much of it is inside."""
PIECES = 1 << 12
"""Points of a part by which it is seen how much of it is left."""


class Combination(Domain):
    """Two domains of the same coordinates; what a combination is, its subclasses say.

    A point of either boundary belongs to that of the combination if this has a point right behind it and none right
    before it; so pieces where both boundaries meet are left out or counted once, as they should be.
    """

    symbol = "?"

    def __init__(self, first: Domain, second: Domain) -> None:
        _check_alike(self.symbol, first, second)
        self.first, self.second = first, second
        # Where each part of the combination comes from: the domain, and its part's name there.
        self._origins: dict[str, list[tuple[Domain, str]]] = {name: [(first, name)] for name in first.parts}
        for name, own in self._names_of_second():
            self._origins.setdefault(own, []).append((second, name))
        low, up = self._box()
        if not (low < up).all():
            raise ArgumentError(f"{self} is empty: the boxes around {first} and {second} do not overlap")
        across = {
            own: dict.fromkeys(c for owner, name in origins for c in owner.parts[name])
            for own, origins in self._origins.items()
        }
        bounds = dict(zip(first.coordinates, zip(low.tolist(), up.tolist(), strict=True), strict=True))
        super().__init__({own: tuple(names) for own, names in across.items()}, **bounds)
        self.interior(1)  # refuses an empty one
        self.parts = {own: names for own, names in self.parts.items() if sum(self._left[own])}

    @property
    def time(self) -> str | None:
        """That of the first."""
        return self.first.time

    @property
    def whole(self) -> tuple[str, ...]:
        """What comes from parts that make up the boundary of either."""
        return tuple(own for own in self.parts if any(part in owner.whole for owner, part in self._origins[own]))

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` of the points that fill the box around it."""

        def draw(n: int) -> tuple[np.ndarray]:
            cube = sample_cube(sampler, n, self.dimension, seed)
            return (self.lower + cube * (self.upper - self.lower),)

        return draw_until(number, draw, lambda drawn: self.contains(drawn[0]), str(self))[0]

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points of what is left of a part, evenly by length or area."""
        self.check_part(name)
        shares = np.cumsum(self._left[name])
        counts = np.diff(np.floor(number * shares / shares[-1] + 0.5), prepend=0).astype(int)
        if self.dimension == 1:  # points, of which all are asked for
            counts = np.where(np.diff(shares, prepend=0) > 0, number, 0)
        pairs = []
        for i, ((owner, part), n) in enumerate(zip(self._origins[name], counts, strict=True)):
            if n:
                at = (*seed, i)
                points, normals = draw_until(
                    int(n),
                    lambda m, owner=owner, part=part, at=at: self._oriented(owner, part, m, sampler, at),  # type: ignore[misc]
                    lambda pair, owner=owner: self._shows(owner, *pair),  # type: ignore[misc]
                    f"the part {name!r} of {self}",
                )
                pairs.append((points, normals))
        return mixed(pairs, seed)

    def measure(self) -> float:
        """Its length, area or volume, by a Sobol sequence of 131,072 points in its box: to about 1e-4 of that."""
        return self._measure

    def measure_of(self, part: str) -> float:
        """The length or area of what is left of a part, by 4096 of its points."""
        self.check_part(part)
        return sum(self._left[part])

    @cached_property
    def _measure(self) -> float:
        cube = sample_cube("sobol", SURVEYED, self.dimension, (0,))
        share = self.contains(self.lower + cube * (self.upper - self.lower)).mean()
        return float(share) * float(np.prod(self.upper - self.lower))

    @cached_property
    def _left(self) -> dict[str, list[float]]:
        """How much of each part of the two domains is a part of the combination."""
        found: dict[str, list[float]] = {}
        for own, origins in self._origins.items():
            found[own] = []
            for owner, part in origins:
                pair = self._oriented(owner, part, PIECES, "sobol", (0,))
                found[own].append(float(self._shows(owner, *pair).mean()) * owner.measure_of(part))
        return found

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """The product of what vanishes on the parts of both, where they are whole."""
        found = np.ones_like(points[..., 0])
        for owner in (self.first, self.second):
            own = [name for part in parts for origin, name in self._origins[part] if origin is owner]
            found = found * self._of_owner(owner, own, points) if own else found
        return found

    def _of_owner(self, owner: Domain, parts: Sequence[str], points: Any) -> Any:
        """What vanishes on parts of one of the two domains, at points of the combination."""
        return owner.vanishing_on(parts, points)

    def _require_signs(self) -> None:
        """Refuse domains whose smooth distance does not say by its sign where they are."""
        for domain in (self.first, self.second):
            if isinstance(domain, Faceted):
                raise ArgumentError(
                    f"{type(domain).__name__} has a smooth distance that is positive outside, too: make one polygon of "
                    "the whole, as by shapely"
                )

    def _oriented(self, owner: Domain, part: str, number: int, sampler: str, seed: Seed) -> PointsAndNormals:
        points, normals = owner.on_part(part, number, sampler, seed)
        return (points, -normals) if self._turned(owner) else (points, normals)

    def _turned(self, owner: Domain) -> bool:
        """Whether normals of this domain point inward here."""
        return False

    def _shows(self, owner: Domain, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Which points of a part of one domain are on the boundary of the combination."""
        step = NEAR * float(np.linalg.norm(self.upper - self.lower)) * normals
        shows = self._holds(points - step) & ~self._holds(points + step)
        if owner is self.second:  # what the first has, too, is the first's
            behind, before = (points + step, points - step) if self._turned(owner) else (points - step, points + step)
            of_first = self.first.inside(points - step) & ~self.first.inside(points + step)
            of_second = owner.inside(behind) & ~owner.inside(before)
            shows &= ~(of_first & of_second)
        return np.asarray(shows)

    @abstractmethod
    def _holds(self, points: np.ndarray) -> np.ndarray:
        """Which points are in the combination, given that none is on a boundary."""

    @abstractmethod
    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        """The corners of a box around it."""

    def _names_of_second(self) -> Iterator[tuple[str, str]]:
        """Pairs of a part's name in the second domain and here: parts of one name are one part."""
        yield from ((name, name) for name in self.second.parts)

    def __repr__(self) -> str:
        return f"({self.first!r} {self.symbol} {self.second!r})"


@makes("union")
class Union(Combination):
    """The union of two domains, ``a | b``.

    Parts of one name are one part. The signed distance is exact outside; inside, the boundary is at least that far.

    Examples
    --------
    >>> from dualtape import pinn
    >>> l = pinn.Rectangle(x=(0, 2), y=(0, 1)) | pinn.Rectangle(x=(0, 1), y=(0, 2))
    >>> round(l.measure(), 2), round(l.measure_of("x+"), 2)
    (3.0, 2.0)
    """

    symbol = "|"

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are in either."""
        return np.asarray(self.first.inside(points) | self.second.inside(points))

    def signed_distance(self, points: Any) -> Any:
        """The lesser of both."""
        return np.minimum(self.first.signed_distance(points), self.second.signed_distance(points))

    def smooth_distance(self, points: Any) -> Any:
        """The R-disjunction of both."""
        self._require_signs()
        if self._meets_along_a_face:
            raise ArgumentError(
                f"a smooth distance of {self} would vanish where the two meet along a face: let them overlap, or make "
                "one polygon of both"
            )
        return disjunction(self.first.smooth_distance(points), self.second.smooth_distance(points))

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """The smooth distance, on the whole boundary alone: parts of either go on inside the other."""
        if {*self.parts_of(BOUNDARY)} <= {*parts}:
            return self.smooth_distance(points)
        raise ArgumentError(
            f"no function vanishes on {', '.join(map(repr, parts))} of {self} alone: make one polygon of both, as by "
            "shapely, or let conditions there be soft"
        )

    _holds = contains

    @cached_property
    def _meets_along_a_face(self) -> bool:
        """Whether the second begins where the first ends."""
        for part in self.first.whole:
            points, normals = self.first.on_part(part, PIECES, "sobol", (0,))
            step = NEAR * float(np.linalg.norm(self.upper - self.lower)) * normals
            if (self.second.inside(points + step) & ~self.second.inside(points - step)).any():
                return True
        return False

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        return np.minimum(self.first.lower, self.second.lower), np.maximum(self.first.upper, self.second.upper)


@makes("intersection")
class Intersection(Combination):
    """What two domains have in common, ``a & b``.

    Parts of one name are one part. The signed distance is exact inside; outside, the domain is at least that far.
    """

    symbol = "&"

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are in both."""
        return np.asarray(self.first.inside(points) & self.second.inside(points))

    def signed_distance(self, points: Any) -> Any:
        """The greater of both."""
        return np.maximum(self.first.signed_distance(points), self.second.signed_distance(points))

    def smooth_distance(self, points: Any) -> Any:
        """The R-conjunction of both."""
        self._require_signs()
        return conjunction(self.first.smooth_distance(points), self.second.smooth_distance(points))

    _holds = contains

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        return np.maximum(self.first.lower, self.second.lower), np.minimum(self.first.upper, self.second.upper)


@makes("difference")
class Difference(Combination):
    """What of one domain is not in another, ``a - b``.

    The boundary that is cut out has the names of the second domain's parts; where the first has a part of that name,
    it is called ``cut x-``, and so on. The signed distance is exact inside; outside, the domain is at least that far.

    Examples
    --------
    >>> from dualtape import pinn
    >>> tuple((pinn.Rectangle(x=(0, 4), y=(0, 4)) - pinn.Rectangle(x=(1, 2), y=(1, 2))).parts)
    ('x-', 'x+', 'y-', 'y+', 'cut x-', 'cut x+', 'cut y-', 'cut y+')
    """

    symbol = "-"

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are in the first, and not in the second; of the second's boundary, those in both count."""
        inside = self.first.inside(points)
        return np.asarray(inside & ~self.second.inside(points) | inside & self._rim(points))

    def signed_distance(self, points: Any) -> Any:
        """The greater of the first one's and the second one's of the other sign."""
        return np.maximum(self.first.signed_distance(points), -self.second.signed_distance(points))

    def smooth_distance(self, points: Any) -> Any:
        """The R-conjunction of the first and of what is outside of the second."""
        self._require_signs()
        return conjunction(self.first.smooth_distance(points), -self.second.smooth_distance(points))

    def _holds(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(self.first.inside(points) & ~self.second.inside(points))

    def _rim(self, points: np.ndarray) -> np.ndarray:
        """Which points are on the boundary of the second, where its signed distance tells."""
        try:
            size = float(np.linalg.norm(self.second.upper - self.second.lower))
            return np.asarray(np.abs(self.second.signed_distance(points)) <= 1e-12 * size)
        except ArgumentError:
            return np.zeros(points.shape[:-1], bool)

    def _turned(self, owner: Domain) -> bool:
        return owner is self.second

    def _of_owner(self, owner: Domain, parts: Sequence[str], points: Any) -> Any:
        if owner is self.first:
            return owner.vanishing_on(parts, points)
        return owner.vanishing_around(parts, points)

    def _box(self) -> tuple[np.ndarray, np.ndarray]:
        return self.first.lower, self.first.upper

    def _names_of_second(self) -> Iterator[tuple[str, str]]:
        for name in self.second.parts:
            own = name
            while own in self.first.parts:
                own = f"cut {own}"
            yield name, own


def _check_alike(symbol: str, first: Domain, second: Domain) -> None:
    for domain in (first, second):
        if not isinstance(domain, Domain):
            raise ArgumentTypeError(f"`{symbol}` is between two domains, got {type(domain).__name__}")
        domain.check_made()
    if first.coordinates != second.coordinates:
        raise ArgumentError(
            f"`{symbol}` is between domains of the same coordinates; got {', '.join(first.coordinates)} and "
            f"{', '.join(second.coordinates)}"
        )
