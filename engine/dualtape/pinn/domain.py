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
        self.parts = self._read_parts(parts)

    @abstractmethod
    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points inside, of shape (number, dimension); the same ones for the same seed.

        They fill the domain evenly. :func:`dualtape.pinn.sample_cube` has points of the unit cube to begin with.
        """

    @abstractmethod
    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on a part of the boundary, and the outward unit normals there: both (number, dimension).

        On a line, whose boundary is made of points, there may be fewer than ``number``, as many of both.
        """

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
            pair = self.on_part(name, number, sampler, (*seed, i))
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise ArgumentTypeError(
                    f"`on_part` of {type(self).__name__} returned {type(pair).__name__}; "
                    "expected a pair of arrays: points, and the normals there"
                )
            points.append(self._read_rows("on_part", "points", pair[0], number, fewer=self.dimension == 1))
            normals.append(self._read_rows("on_part", "normals", pair[1], len(points[-1])))
        return np.concatenate(points), np.concatenate(normals)

    @final
    def points_inside(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """The points of :meth:`interior`, which the equations can be taken at: as many as asked for, and finite."""
        points = self._read_rows("interior", "points", self.interior(number, sampler, seed), number)
        if not self.inside(points).any():
            raise ArgumentError(
                f"`contains` of {type(self).__name__} is False at all {number} points that `interior` gave; "
                "expected True inside"
            )
        return points

    @final
    def check_made(self) -> None:
        """Refuse a domain whose class did not call this ``__init__``, or named no coordinate."""
        if not getattr(self, "coordinates", None):
            raise ArgumentError(
                f"`__init__` of {type(self).__name__} must call `super().__init__(parts, x=(0, 1), ...)`, "
                "with a range for each coordinate"
            )

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

    def _read_rows(self, method: str, what: str, rows: object, number: int, fewer: bool = False) -> np.ndarray:
        """Points or normals that a method gave: one row for each of ``number``, or for ``fewer`` if that may be."""
        given, expected = f"`{method}` of {type(self).__name__} returned {what}", f"expected {what}"
        if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "iuf":
            kind = f"{type(rows).__name__} of {rows.dtype}" if isinstance(rows, np.ndarray) else type(rows).__name__
            raise ArgumentTypeError(f"{given} as {kind}; {expected} as a NumPy array of numbers")
        count = min(number, max(1, len(rows))) if fewer and rows.ndim else number
        if rows.shape != (count, self.dimension):
            raise ShapeError(f"{given} of shape {rows.shape}; {expected} of shape {(count, self.dimension)}")
        if not np.isfinite(rows).all():
            raise ArgumentError(f"{given} with infinities or NaNs; {expected} that are finite")
        return rows

    def _read_parts(self, parts: object) -> dict[str, tuple[str, ...]]:
        given = f"`parts` of {type(self).__name__}"
        if not isinstance(parts, Mapping) or not all(isinstance(across, Sequence) for across in parts.values()):
            raise ArgumentTypeError(
                f"{given} must be a mapping such as {{'rim': ('x', 'y')}}, from names to coordinates; got {parts!r}"
            )
        for name, across in parts.items():
            if not set(across) <= set(self.coordinates):
                raise ArgumentError(
                    f"{given} gives {name!r} {across!r}; the coordinates are {', '.join(self.coordinates)}"
                )
        return {name: tuple(across) for name, across in parts.items()}

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
