"""Domains whose boundary has other names."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.domain import BOUNDARY, INITIAL, Domain
from dualtape.pinn.domains.made import makes
from dualtape.pinn.domains.places import BoundaryPoints, PointsAndNormals, Predicate, Seed, read_predicates
from dualtape.pinn.domains.rejection import draw_until

SURVEYED = 1 << 12


class Named(Domain):
    """A domain, with parts of its boundary that are told by a name or chosen by a function."""

    def __init__(self, inner: Domain, parts: dict[str, tuple[str, ...]]) -> None:
        self.inner = inner
        super().__init__(parts, **inner.bounds)

    @property
    def time(self) -> str | None:
        """That of the domain inside."""
        return self.inner.time

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """Those of the domain inside."""
        return self.inner.interior(number, sampler, seed)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """What the domain inside does."""
        return self.inner.inside(np.asarray(points, np.float64))

    def measure(self) -> float:
        """That of the domain inside."""
        return self.inner.measure()

    def signed_distance(self, points: Any) -> Any:
        """That of the domain inside."""
        return self.inner.signed_distance(points)

    def smooth_distance(self, points: Any) -> Any:
        """That of the domain inside."""
        return self.inner.smooth_distance(points)

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """That of the domain inside, on the parts there that these are."""
        return self.inner.vanishing_on(self._inner_parts(parts), points)

    def vanishing_around(self, parts: Sequence[str], points: Any) -> Any:
        """That of the domain inside, on the parts there that these are."""
        return self.inner.vanishing_around(self._inner_parts(parts), points)

    @abstractmethod
    def _inner_parts(self, parts: Sequence[str]) -> tuple[str, ...]:
        """The parts of the domain inside that parts are made of; an error for those of which only pieces are meant."""

    def quadrature(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """That of the domain inside."""
        return self.inner.quadrature(number)

    def __repr__(self) -> str:
        return f"{self.inner!r} with {', '.join(self.parts)}"


@makes("name")
class OneName(Named):
    """The whole boundary under one name, but where time begins and ends."""

    def __init__(self, inner: Domain, name: str) -> None:
        _check_name(name)
        self._name = name
        self._ends = tuple(part for part in inner.whole if part not in inner.parts_of(BOUNDARY))
        super().__init__(inner, {name: inner.across((BOUNDARY,)), **{end: inner.parts[end] for end in self._ends}})

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points of the whole boundary."""
        self.check_part(name)
        return self.inner.boundary(number, (name if name in self._ends else BOUNDARY,), sampler, seed)

    def during(self, start: float, end: float) -> Domain:
        """The same of a part of the time."""
        return OneName(self.inner.during(start, end), self._name)

    def _inner_parts(self, parts: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            own for part in parts for own in (self.inner.parts_of(BOUNDARY) if part == self._name else (part,))
        )

    def measure_of(self, part: str) -> float:
        """That of the whole boundary."""
        self.check_part(part)
        if part in self._ends:
            return self.inner.measure_of(part)
        return sum(self.inner.measure_of(name) for name in self.inner.parts_of(BOUNDARY))


@makes("parts")
class ChosenParts(Named):
    """Parts that functions choose, beside those that there are."""

    def __init__(self, inner: Domain, chosen: dict[str, Predicate]) -> None:
        self._chosen = read_predicates(dict(chosen))
        for name in chosen:
            _check_name(name)
            if name in inner.parts:
                raise ArgumentError(f"the domain has a part {name!r} already")
        across = inner.across((BOUNDARY,))
        super().__init__(inner, {**inner.parts, **dict.fromkeys(chosen, across)})
        self._shares = {name: self._share(name) for name in chosen}

    @property
    def whole(self) -> tuple[str, ...]:
        """The parts of the domain inside."""
        return self.inner.whole

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points where the function of a part holds, or of a part that there was."""
        if name in self.inner.parts:
            return self.inner.on_part(name, number, sampler, seed)
        points, normals = draw_until(
            number,
            lambda n: self.inner.boundary(n, (BOUNDARY,), sampler, seed),
            lambda pair: BoundaryPoints(self.coordinates, *pair).chosen(self._chosen[name]),
            f"the part {name!r} of {self.inner!r}",
        )
        return points, normals

    def during(self, start: float, end: float) -> Domain:
        """The same of a part of the time."""
        return ChosenParts(self.inner.during(start, end), self._chosen)

    def _inner_parts(self, parts: Sequence[str]) -> tuple[str, ...]:
        if chosen := [part for part in parts if part in self._chosen]:
            raise ArgumentError(
                f"no function vanishes on the part {chosen[0]!r}, which a function chooses; let conditions be soft"
            )
        return tuple(parts)

    def measure_of(self, part: str) -> float:
        """The length or area of a part, by 4096 points of the boundary."""
        if part in self.inner.parts:
            return self.inner.measure_of(part)
        self.check_part(part)
        return self._shares[part] * sum(self.inner.measure_of(name) for name in self.inner.parts_of(BOUNDARY))

    def _share(self, name: str) -> float:
        places = BoundaryPoints(self.coordinates, *self.inner.boundary(SURVEYED, (BOUNDARY,), "sobol", (0,)))
        share = float(places.chosen(self._chosen[name]).mean())
        if not share:
            raise ArgumentError(
                f"the function of the part {name!r} holds at no point of the boundary of {self.inner!r}"
            )
        return share


def _check_name(name: object) -> None:
    if not isinstance(name, str) or len(name) < 2:
        raise ArgumentTypeError(f"a part needs a name of two letters or more, got {name!r}")
    if name in (BOUNDARY, INITIAL):
        raise ArgumentError(f"{name!r} stands for parts of every domain; choose another name")
