"""Domains that are moved, turned, or made larger."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.made import makes
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_length, read_point


class Placed(Domain):
    """A domain in another place: its point ``q`` is at ``shift + factor * turn @ q``, where ``turn`` is a rotation."""

    def __init__(self, inner: Domain, shift: np.ndarray, factor: float = 1.0, turn: np.ndarray | None = None) -> None:
        self.inner, self._shift, self._factor = inner, shift, factor
        self._turn = np.eye(inner.dimension) if turn is None else turn
        center, half = (inner.lower + inner.upper) / 2, (inner.upper - inner.lower) / 2
        middle = self._placed(center[None])[0]
        reach = factor * np.abs(self._turn) @ half
        pairs = zip((middle - reach).tolist(), (middle + reach).tolist(), strict=True)
        super().__init__(
            {name: self._mixed(across) for name, across in inner.parts.items()},
            **dict(zip(inner.coordinates, pairs, strict=True)),
        )

    @property
    def time(self) -> str | None:
        """That of the domain inside."""
        return self.inner.time

    @property
    def whole(self) -> tuple[str, ...]:
        """As of the domain inside."""
        return self.inner.whole

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points of the domain, in their place."""
        return self._placed(self.inner.interior(number, sampler, seed))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points of a part in their place, with turned normals."""
        points, normals = self.inner.on_part(name, number, sampler, seed)
        return self._placed(points), normals @ self._turn.T

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points the domain holds at their place in it."""
        return self.inner.inside(self._back(np.asarray(points, np.float64)))

    def measure(self) -> float:
        """That of the domain, by a power of the factor."""
        return self.inner.measure() * self._factor**self.dimension

    def measure_of(self, part: str) -> float:
        """That of the domain's part, by a power of the factor."""
        return self.inner.measure_of(part) * self._factor ** (self.dimension - 1)

    def signed_distance(self, points: Any) -> Any:
        """That of the domain, by the factor."""
        return self._factor * self.inner.signed_distance(self._back(points))

    def smooth_distance(self, points: Any) -> Any:
        """That of the domain, by the factor."""
        return self._factor * self.inner.smooth_distance(self._back(points))

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """That of the domain inside, in its place."""
        return self.inner.vanishing_on(parts, self._back(points))

    def vanishing_around(self, parts: Sequence[str], points: Any) -> Any:
        """That of the domain inside, in its place."""
        return self.inner.vanishing_around(parts, self._back(points))

    def quadrature(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """That of the domain, in its place."""
        points, weights = self.inner.quadrature(number)
        return self._placed(points), weights * self._factor**self.dimension

    def _placed(self, points: np.ndarray) -> np.ndarray:
        return np.asarray(self._shift + self._factor * points @ self._turn.T)

    def _back(self, points: Any) -> Any:
        if isinstance(points, dt.Tensor):
            kind = points.dtype.numpy
            turn = dt.Tensor((self._turn / self._factor).astype(kind), device=points.device)
            return dt.ops.matmul(points - dt.Tensor(self._shift.astype(kind), device=points.device), turn)
        return (np.asarray(points, np.float64) - self._shift) @ self._turn / self._factor

    def _mixed(self, across: tuple[str, ...]) -> tuple[str, ...]:
        """The coordinates along which turned normals may have a component."""
        columns = [self.inner.axis(name) for name in across]
        rows = np.abs(self._turn[:, columns]).max(1, initial=0) > 1e-15
        return tuple(name for name, reached in zip(self.inner.coordinates, rows, strict=True) if reached)

    def __repr__(self) -> str:
        return f"Placed({self.inner!r}, {self._shift.tolist()}, {self._factor:g}, {self._turn.round(12).tolist()})"


@makes("translation")
def translated(domain: Domain, by: Mapping[str, float]) -> Domain:
    """See :meth:`Domain.translated`."""
    shift = np.zeros(domain.dimension)
    for name, distance in by.items():
        shift[domain.axis(name)] = read_point(name, [distance])[0]
    return Placed(domain, shift)


@makes("rotation")
def rotated(domain: Domain, angle: float, plane: tuple[str, str] | None, about: Any) -> Domain:
    """See :meth:`Domain.rotated`."""
    if isinstance(angle, bool) or not isinstance(angle, (int, float, np.floating)) or not math.isfinite(angle):
        raise ArgumentTypeError(f"`angle` of `rotated` must be a finite number of radians, got {angle!r}")
    names = domain.space[:2] if plane is None else tuple(plane)
    if len(names) != 2 or names[0] == names[1]:
        raise ArgumentError(f"`plane` of `rotated` must be two coordinates of {', '.join(domain.coordinates)}")
    i, j = map(domain.axis, names)
    turn = np.eye(domain.dimension)
    turn[[i, j], [i, j]] = math.cos(angle)
    turn[i, j], turn[j, i] = -math.sin(angle), math.sin(angle)
    center = np.zeros(domain.dimension) if about is None else read_point("about", about, domain.dimension)
    return Placed(domain, center - turn @ center, turn=turn)


@makes("scaling")
def scaled(domain: Domain, factor: float, about: Any) -> Domain:
    """See :meth:`Domain.scaled`."""
    size = read_length("factor", factor)
    center = np.zeros(domain.dimension) if about is None else read_point("about", about, domain.dimension)
    return Placed(domain, center - size * center, size)
