"""What a domain is: named coordinates, points inside, and named parts of a boundary with points and normals on them."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError

Seed = tuple[int, ...]
PointsAndNormals = tuple[np.ndarray, np.ndarray]

# What fields and points are asked for by these names, whatever the coordinates are called.
OF_FIELDS = ("value", "level", "shape", "dtype", "device", "name", "by", "primal")
RESERVED = ("points", "normal", "values", "normal_coordinates", "normal_along", *OF_FIELDS)


class Domain(ABC):
    """A region in named coordinates, and the named parts of its boundary.

    A domain of your own is one class: call this ``__init__`` and define :meth:`interior`, :meth:`on_part`,
    :meth:`contains` and :meth:`measure`. Problems, conditions, errors and plots ask for nothing else.

    Parameters
    ----------
    parts
        The parts of the boundary by name, each with the coordinates along which its normals may have a component: a
        flux takes the derivatives by these. A name has two letters or more. Initial conditions hold on the part ``t-``,
        periodic ones on ``x-`` and, moved along x to the upper bound, on ``x+``.
    **bounds
        A pair (lower, upper) for each coordinate, in the order of the network's inputs: a box around the domain.

    Attributes
    ----------
    coordinates
        Their names.
    lower, upper
        The corners of the box, of shape (dimension,).
    parts
        As given.

    Examples
    --------
    >>> import numpy as np
    >>> from dualtape import pinn
    >>> class Disk(pinn.Domain):
    ...     def __init__(self) -> None:
    ...         super().__init__({"rim": ("x", "y")}, x=(-1, 1), y=(-1, 1))
    ...
    ...     def interior(self, number, sampler="sobol", seed=(0,)):
    ...         radius, turn = pinn.sample_cube(sampler, number, 2, seed).T
    ...         return np.sqrt(radius)[:, None] * self._directions(turn)
    ...
    ...     def on_part(self, name, number, sampler="sobol", seed=(0,)):
    ...         rim = self._directions(pinn.sample_cube(sampler, number, 1, seed)[:, 0])
    ...         return rim, rim
    ...
    ...     def contains(self, points):
    ...         return np.hypot(points[..., 0], points[..., 1]) <= 1
    ...
    ...     def measure(self):
    ...         return np.pi
    ...
    ...     def _directions(self, turn):
    ...         return np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=-1)
    >>> pinn.Problem(Disk(), lambda u, p: u.xx + u.yy + 1, [pinn.dirichlet(0.0, on="rim")])
    Problem(domain=Disk(x=(-1, 1), y=(-1, 1)), unknowns=('u',), conditions=['dirichlet rim'])
    """

    def __init__(self, parts: Mapping[str, Sequence[str]], /, **bounds: tuple[float, float]) -> None:
        self.coordinates = tuple(bounds)
        for name in bounds:
            _check_name(name, self.coordinates)
        self.lower, self.upper = np.array([_read_range(*item) for item in bounds.items()]).reshape(-1, 2).T.copy()
        self.parts = {name: tuple(across) for name, across in parts.items()}

    @abstractmethod
    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points inside, of shape (number, dimension); the same ones for the same seed.

        They fill the domain evenly. :func:`dualtape.pinn.sample_cube` has points of the unit cube to begin with.
        """

    @abstractmethod
    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on a part of the boundary, and the outward unit normals there: both (number, dimension)."""

    @abstractmethod
    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which of the points, of shape (..., dimension), lie inside or on the boundary: bools of shape (...)."""

    @abstractmethod
    def measure(self) -> float:
        """Its length, area or volume."""

    @final
    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return len(self.coordinates)

    @final
    def axis(self, coordinate: str) -> int:
        """The position of a coordinate among the network's inputs."""
        if coordinate not in self.coordinates:
            raise ArgumentError(f"no coordinate {coordinate!r}; the domain has {', '.join(self.coordinates)}")
        return self.coordinates.index(coordinate)

    @final
    def boundary(self, number: int, on: Sequence[str], sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on each of some parts of the boundary, and the outward unit normals there."""
        points, normals = [], []
        for i, name in enumerate(on):
            self.check_part(name)
            places, outward = self.on_part(name, number, sampler, (*seed, i))
            if places.shape != outward.shape or places.shape[1:] != (self.dimension,):
                raise ShapeError(
                    f"`on_part` of {type(self).__name__} returned points of shape {places.shape} and normals of shape "
                    f"{outward.shape}; expected {self.dimension} coordinates on the last axis of both"
                )
            points.append(places)
            normals.append(outward)
        return np.concatenate(points), np.concatenate(normals)

    @final
    def check_part(self, name: str) -> None:
        """Refuse a name that no part of the boundary has."""
        if name not in self.parts:
            raise ArgumentError(f"no face {name!r}; the domain has {', '.join(self.parts)}")

    @final
    def inside(self, points: np.ndarray) -> np.ndarray:
        """What :meth:`contains` says of points; numbers in place of bools would choose points by their positions."""
        found = np.asarray(self.contains(points))
        if found.dtype != bool or found.shape != points.shape[:-1]:
            raise ShapeError(
                f"`contains` of {type(self).__name__} returned {found.dtype} of shape {found.shape} for points of "
                f"shape {points.shape}; expected bools of shape {points.shape[:-1]}"
            )
        return found

    @final
    def grid(self, *sizes: int) -> list[np.ndarray]:
        """One array of shape ``sizes`` for each coordinate: a regular grid of the box, its faces included."""
        axes = [np.linspace(low, up, n) for low, up, n in zip(self.lower, self.upper, sizes, strict=True)]
        return list(np.meshgrid(*axes, indexing="ij"))

    def __repr__(self) -> str:
        ranges = zip(self.coordinates, self.lower, self.upper, strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}=({low:g}, {up:g})' for name, low, up in ranges)})"


def _read_range(name: str, pair: object) -> tuple[float, float]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ArgumentTypeError(f"the range of {name!r} must be a pair (lower, upper), got {pair!r}")
    try:
        low, up = float(pair[0]), float(pair[1])
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(f"the range of {name!r} must hold two numbers, got {pair!r}") from failure
    if not (math.isfinite(low) and math.isfinite(up) and low < up):
        raise ArgumentError(f"the range of {name!r} must be finite with lower < upper, got {pair!r}")
    return low, up


def _check_name(name: str, names: tuple[str, ...]) -> None:
    """Refuse names that could not be told apart in ``u.xx``."""
    others = [re.escape(other) for other in names if other != name]
    if others and re.fullmatch(f"(?:{'|'.join(others)})+", name):
        raise ArgumentError(f"the coordinate {name!r} reads as a derivative by other coordinates; rename it")
    if name in RESERVED or name.startswith("_"):
        raise ArgumentError(f"a coordinate cannot be named {name!r}; {', '.join(RESERVED)} and _names are taken")
