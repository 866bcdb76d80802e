"""Disks, balls and the shells between two of them, in any dimension from two on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import mul
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.domains.distance import length
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_length, read_names, read_point
from dualtape.pinn.domains.smooth import conjunction
from dualtape.pinn.sampling import sample_cube


class Shell(Domain):
    """What lies between two radii about a center: a ring, a spherical shell.

    Parameters
    ----------
    center
        One number for each coordinate.
    inner, outer
        The radii.
    names
        Of the coordinates: x, y, z unless others are given; x1, x2, ... from four dimensions on.

    Examples
    --------
    >>> from dualtape import pinn
    >>> ring = pinn.Shell((0, 0), 0.5, 1.0)
    >>> tuple(ring.parts), round(ring.measure(), 4)
    (('inner', 'outer'), 2.3562)
    """

    def __init__(self, center: Any, inner: float, outer: float, *, names: Sequence[str] | None = None) -> None:
        self.center = read_point("center", center)
        self.inner, self.outer = read_length("inner", inner), read_length("outer", outer)
        if self.inner >= self.outer:
            raise ArgumentError(f"`inner` must be less than `outer`, got {inner} and {outer}")
        bounds = bounds_of(self.center, self.outer, names)
        super().__init__({"inner": tuple(bounds), "outer": tuple(bounds)}, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points, evenly by volume."""
        return np.asarray(self.center + _filling(sampler, number, self.dimension, seed, self.inner, self.outer))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on the inner or outer sphere; normals point out of the shell."""
        self.check_part(name)
        units = _directions(sampler, number, self.dimension, seed)
        if name == "inner":
            return self.center + self.inner * units, -units
        return self.center + self.outer * units, units

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points lie between the radii."""
        return np.asarray(self.signed_distance(points) <= 1e-12 * self.outer)

    def measure(self) -> float:
        """The outer ball's volume less the inner one's."""
        return ball_volume(self.dimension) * (self.outer**self.dimension - self.inner**self.dimension)

    def measure_of(self, part: str) -> float:
        """The area of a sphere."""
        self.check_part(part)
        return sphere_area(self.dimension, self.inner if part == "inner" else self.outer)

    def signed_distance(self, points: Any) -> Any:
        """The distance from the nearer sphere, negative inside."""
        radius = _radius(points, self.center)
        return np.maximum(radius - self.outer, self.inner - radius)

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """The product of what vanishes on either sphere."""
        square = _square(points, self.center)
        of = {"outer": (self.outer**2 - square) / self.outer**2, "inner": (square - self.inner**2) / self.inner**2}
        return reduce(mul, [of[part] for part in parts])

    def smooth_distance(self, points: Any) -> Any:
        """The R-conjunction of the outer ball and of what is outside of the inner one."""
        square = _square(points, self.center)
        return conjunction((self.outer**2 - square) * (0.5 / self.outer), (square - self.inner**2) * (0.5 / self.inner))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({tuple(self.center.tolist())}, {self.inner:g}, {self.outer:g})"


class Ball(Domain):
    """A ball in any dimension from two on; its boundary is the part ``sphere``.

    Parameters
    ----------
    center
        One number for each coordinate.
    radius
        Its radius.
    names
        Of the coordinates: x, y, z unless others are given; x1, x2, ... from four dimensions on.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Ball([0.0] * 10, 1.0).coordinates[-1], pinn.Ball((0, 0, 0), 2.0).signed_distance([3.0, 0.0, 0.0]).item()
    ('x10', 1.0)
    """

    part = "sphere"

    def __init__(self, center: Any, radius: float = 1.0, *, names: Sequence[str] | None = None) -> None:
        self.center, self.radius = read_point("center", center), read_length("radius", radius)
        bounds = bounds_of(self.center, self.radius, names)
        super().__init__({self.part: tuple(bounds)}, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points, evenly by volume."""
        return np.asarray(self.center + _filling(sampler, number, self.dimension, seed, 0.0, self.radius))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on the sphere, and their directions from the center."""
        self.check_part(name)
        units = _directions(sampler, number, self.dimension, seed)
        return self.center + self.radius * units, units

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are no further from the center than the radius."""
        return np.asarray(self.signed_distance(points) <= 1e-12 * self.radius)

    def measure(self) -> float:
        """Its volume."""
        return ball_volume(self.dimension) * self.radius**self.dimension

    def measure_of(self, part: str) -> float:
        """The area of its sphere."""
        self.check_part(part)
        return sphere_area(self.dimension, self.radius)

    def signed_distance(self, points: Any) -> Any:
        """The distance from the center less the radius."""
        return _radius(points, self.center) - self.radius

    def smooth_distance(self, points: Any) -> Any:
        """``(R^2 - r^2) / (2 R)``, which is smooth in the center, too."""
        return (self.radius**2 - _square(points, self.center)) * (0.5 / self.radius)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({tuple(self.center.tolist())}, {self.radius:g})"


class Disk(Ball):
    """A disk in the plane; its boundary is the part ``circle``.

    Parameters
    ----------
    center
        Two numbers.
    radius
        Its radius.
    names
        Of the coordinates: x and y unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> plate = pinn.Rectangle(x=(-1, 1), y=(-1, 1)) - pinn.Disk((0, 0), 0.3).named("hole")
    >>> tuple(plate.parts)
    ('x-', 'x+', 'y-', 'y+', 'hole')
    """

    part = "circle"

    def __init__(self, center: Any = (0.0, 0.0), radius: float = 1.0, *, names: Sequence[str] | None = None) -> None:
        super().__init__(read_point("center", center, 2), radius, names=names)


def ball_volume(dimension: int) -> float:
    """Of the unit ball."""
    return float(math.pi ** (dimension / 2) / math.gamma(dimension / 2 + 1))


def sphere_area(dimension: int, radius: float) -> float:
    """Of the sphere around a ball of this dimension."""
    return float(dimension * ball_volume(dimension) * radius ** (dimension - 1))


def bounds_of(center: np.ndarray, radius: float, names: Sequence[str] | None) -> dict[str, tuple[float, float]]:
    """The box around a ball, by names of its coordinates."""
    if len(center) < 2:
        raise ArgumentError("`center` must have two coordinates or more; in one dimension there is pinn.Interval")
    pairs = [(c - radius, c + radius) for c in center.tolist()]
    return dict(zip(read_names(names, len(center)), pairs, strict=True))


def _radius(points: Any, center: np.ndarray) -> Any:
    points = np.asarray(points, np.float64) if isinstance(points, (list, tuple)) else points
    return length([points[..., i] - c for i, c in enumerate(center.tolist())])


def _square(points: Any, center: np.ndarray) -> Any:
    return sum((points[..., i] - c) * (points[..., i] - c) for i, c in enumerate(center.tolist()))


def _width(dimension: int) -> int:
    """How many numbers say a direction: as many as a sphere has dimensions, or one Gaussian for each coordinate."""
    return dimension - 1 if dimension <= 3 else dimension


def _directions(sampler: str, number: int, dimension: int, seed: Seed) -> np.ndarray:
    return _turned(sample_cube(sampler, number, _width(dimension), seed), dimension)


def _filling(sampler: str, number: int, dimension: int, seed: Seed, inner: float, outer: float) -> np.ndarray:
    cube = sample_cube(sampler, number, 1 + _width(dimension), seed)
    powers = inner**dimension + cube[:, :1] * (outer**dimension - inner**dimension)
    return np.asarray(powers ** (1 / dimension) * _turned(cube[:, 1:], dimension))


def _turned(cube: np.ndarray, dimension: int) -> np.ndarray:
    """Unit vectors, evenly over the sphere: by angle, by height and angle (Archimedes), or as Gaussian vectors.

    Muller 1959, *A note on a method for generating points uniformly on n-dimensional spheres*, CACM 2.
    """
    if dimension > 3:
        from scipy.special import ndtri

        gaussian = ndtri(cube)
        return np.asarray(gaussian / np.linalg.norm(gaussian, axis=1, keepdims=True))
    angle = 2 * np.pi * cube[:, -1]
    height = [2 * cube[:, 0] - 1] if dimension == 3 else []
    flat = np.sqrt(1 - height[0] ** 2) if height else np.ones(len(cube))
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), *height], axis=1)
