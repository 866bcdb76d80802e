"""Boxes: domains with a range for each coordinate, and a face at either end of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.domains.distance import box_distance
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.smooth import between_ends, conjunction
from dualtape.pinn.sampling import sample_cube


class Rectangle(Domain):
    """A box in any dimension, with a named coordinate along each side.

    Parameters
    ----------
    **ranges
        A pair (lower, upper) for each coordinate, in the order of the network's inputs. The
        coordinate named ``t`` is time: initial conditions hold on its lower face.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Rectangle(x=(-1, 1), t=(0, 1)).faces
    ('x-', 'x+', 't-', 't+')
    """

    def __init__(self, **ranges: tuple[float, float]) -> None:
        if not ranges:
            raise ArgumentError(
                "`Rectangle` needs a named range for each coordinate, as in Rectangle(x=(0, 1), y=(0, 2))"
            )
        super().__init__({name + side: (name,) for name in ranges for side in "-+"}, **ranges)

    @property
    def faces(self) -> tuple[str, ...]:
        """The names of all faces: ``x-`` where x is lowest, ``x+`` where it is highest."""
        return tuple(self.parts)

    def face(self, name: str) -> tuple[int, int]:
        """The axis of a face, and the direction (-1 or 1) of its outward normal along that axis."""
        self.check_part(name)
        return self.coordinates.index(name[:-1]), 1 if name[-1] == "+" else -1

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points inside, of shape (number, dimension)."""
        return self._scale(sample_cube(sampler, number, self.dimension, seed))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on a face, and the outward unit normals there."""
        axis, direction = self.face(name)
        flat = sample_cube(sampler, number, self.dimension - 1, seed)
        if self.dimension == 1:
            flat = flat[:1]  # a face of an interval is one point
        cube = np.insert(flat, axis, (direction + 1) / 2, axis=1)
        normal = np.zeros_like(cube)
        normal[:, axis] = direction
        return self._scale(cube), normal

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points lie in the box, its faces included."""
        inside: np.ndarray = np.all((points >= self.lower) & (points <= self.upper), axis=-1)
        return inside

    def measure(self) -> float:
        """The product of its sides."""
        return float(np.prod(self.upper - self.lower))

    def measure_of(self, part: str) -> float:
        """The product of the other sides; 1 for an end of an interval."""
        return float(np.prod(np.delete(self.upper - self.lower, self.face(part)[0])))

    def during(self, start: float, end: float) -> Rectangle:
        """The same box with another range of time."""
        if self.time is None:
            raise ArgumentError(f"{self} has no time; name a coordinate `t`, or make it of `pinn.Time`")
        low, up = self.bounds[self.time]
        if not low <= start < end <= up:
            raise ArgumentError(f"a window from {start:g} to {end:g} is none of the time from {low:g} to {up:g}")
        return type(self)(**(self.bounds | {self.time: (start, end)}))

    def signed_distance(self, points: Any) -> Any:
        """The distance from the faces, negative inside."""
        beyond = [
            np.maximum(low - points[..., i], points[..., i] - up)
            for i, (low, up) in enumerate(zip(self.lower.tolist(), self.upper.tolist(), strict=True))
        ]
        return box_distance(beyond)

    def smooth_distance(self, points: Any) -> Any:
        """The R-conjunction of what lies within each range."""
        pairs = zip(self.coordinates, self.lower.tolist(), self.upper.tolist(), strict=True)
        ranges = [between_ends(points[..., i], low, up) for i, (name, low, up) in enumerate(pairs) if name != self.time]
        if not ranges:
            raise ArgumentError("an interval of time has no boundary but where time begins and ends")
        return reduce(conjunction, ranges)

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """The product of the distances from the faces, each in the length of its side."""
        found = np.ones_like(points[..., 0])
        for part in parts:
            axis, direction = self.face(part)
            low, up = float(self.lower[axis]), float(self.upper[axis])
            x = points[..., axis]
            found = found * ((up - x if direction > 0 else x - low) * (1 / (up - low)))
        return found

    def quadrature(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss-Legendre points in each direction, and their weights: exact for polynomials up to high degrees.

        Of many points, 16 or fewer are in each of equal intervals along a direction.
        """
        nodes, weights = _gauss(max(1, round(number ** (1 / self.dimension))))
        points = np.stack(np.meshgrid(*[nodes] * self.dimension, indexing="ij"), axis=-1)
        products = np.ones(1)
        for _ in range(self.dimension):
            products = np.multiply.outer(products, weights)
        return self._scale(points.reshape(-1, self.dimension)), products.ravel() * self.measure()

    def _scale(self, cube: np.ndarray) -> np.ndarray:
        # Exact at the faces, where lower + 1.0 * (upper - lower) may round.
        return np.where(cube == 1, self.upper, self.lower + cube * (self.upper - self.lower))


def _gauss(number: int) -> tuple[np.ndarray, np.ndarray]:
    """About ``number`` points and weights of integrals from 0 to 1."""
    intervals = -(-number // 16)
    nodes, weights = np.polynomial.legendre.leggauss(-(-number // intervals))
    starts = np.arange(intervals)[:, None]
    return ((starts + (nodes + 1) / 2) / intervals).ravel(), np.tile(weights / 2 / intervals, intervals)


class Interval(Rectangle):
    """A box of one dimension.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Interval(x=(0, 3.5))
    Interval(x=(0, 3.5))
    """

    def __init__(self, **range: tuple[float, float]) -> None:
        if len(range) != 1:
            raise ArgumentError(f"`Interval` needs one named range, as in Interval(x=(0, 1)); got {len(range)}")
        super().__init__(**range)


class Time(Interval):
    """An interval that is time whatever it is called: initial conditions hold where it begins.

    Examples
    --------
    >>> from dualtape import pinn
    >>> (pinn.Interval(x=(0, 1)) * pinn.Time(tau=(0, 2))).time
    'tau'
    """

    @property
    def time(self) -> str:
        """Its coordinate."""
        return self.coordinates[0]
