"""What a domain is: named coordinates, points inside, and named parts of a boundary with points and normals on them.

How points are spread over several parts is in ``spreading``, and what is made of domains in ``made``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.domains.made import Combinable
from dualtape.pinn.domains.places import PointsAndNormals, Predicate, Seed
from dualtape.pinn.domains.reading import check_coordinate, read_parts, read_range, read_rows
from dualtape.pinn.domains.spreading import points_on

On = Sequence[str | Predicate]

BOUNDARY = "boundary"
"""The whole boundary, but where time begins and ends."""
INITIAL = "initial"
"""Where time begins."""


class Domain(Combinable, ABC):
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
            check_coordinate(name, self.coordinates)
        self.lower, self.upper = np.array([read_range(*item) for item in bounds.items()]).reshape(-1, 2).T.copy()
        self.parts = read_parts(type(self).__name__, parts, self.coordinates)

    # What a domain of your own defines

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

    def measure_of(self, part: str) -> float:
        """The length or area of a part of the boundary; 1 for each unless a domain says more.

        In proportion to it, points of the whole boundary fall on the parts.
        """
        self.check_part(part)
        return 1.0

    def signed_distance(self, points: Any) -> Any:
        """The distance from the boundary at points of shape (..., dimension), negative inside: shape (...).

        Given Tensors, a Tensor with its derivatives, where a domain can: then it is a factor for a hard constraint.
        """
        raise ArgumentError(f"{type(self).__name__} has no signed distance; define `signed_distance(points)` in it")

    def smooth_distance(self, points: Any) -> Any:
        """A smooth stand-in for the distance from the boundary, by which conditions hold exactly with ``hard=True``.

        At points inside, of shape (..., dimension), Tensors or arrays: shape (...). It is 0 on the boundary (but where
        time begins and ends), positive inside, and rises there with a slope of 1 (or more, where boundaries of a
        union's parts coincide). It is smooth but at corners, where a distance has a kink wherever two points of the
        boundary are nearest.
        """
        raise ArgumentError(
            f"{type(self).__name__} has no smooth distance; define `smooth_distance(points)` in it, or let its "
            "conditions be soft"
        )

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """A smooth function that is 0 on some parts of the boundary and positive elsewhere inside.

        By it conditions with ``hard=True`` hold on these parts, ``points`` as of :meth:`smooth_distance`, which it is
        on the whole boundary unless a domain knows better.
        """
        if {*self.parts_of(BOUNDARY)} <= {*parts}:
            return self.smooth_distance(points)
        raise ArgumentError(
            f"{type(self).__name__} has no function that vanishes on {', '.join(map(repr, parts))} alone; define "
            "`vanishing_on(parts, points)` in it, or let conditions there be soft"
        )

    def vanishing_around(self, parts: Sequence[str], points: Any) -> Any:
        """The same for points outside, where the domain is cut out of another one."""
        if {*self.parts_of(BOUNDARY)} <= {*parts}:
            return -self.smooth_distance(points)
        raise ArgumentError(
            f"a hole {type(self).__name__} has no function that vanishes on {', '.join(map(repr, parts))} alone: give "
            "values on all of it, or let conditions there be soft"
        )

    def quadrature(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Points (n, dimension) and weights (n,) of integrals over the domain, about ``number`` of them.

        A Sobol sequence with equal weights (Niederreiter 1992, *Random Number Generation and Quasi-Monte Carlo
        Methods*), whose error falls about as 1/number; Gauss's points where the domain is a box.
        """
        points = self.interior(number, "sobol", (0,))
        return points, np.full(len(points), self.measure() / len(points))

    def during(self, start: float, end: float) -> Domain:
        """The same from one moment to another, both within its time: a window, as :func:`dualtape.pinn.march` has."""
        raise ArgumentError(f"{type(self).__name__} cannot be cut in time; make it as `region * pinn.Interval(t=...)`")

    @property
    def time(self) -> str | None:
        """The coordinate that is time: the one named ``t``, if there is one. See also :class:`dualtape.pinn.Time`."""
        return "t" if "t" in self.coordinates else None

    @property
    def whole(self) -> tuple[str, ...]:
        """The parts that make up the boundary once; all of them, unless some lie in others."""
        return tuple(self.parts)

    # What it can do

    @final
    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return len(self.coordinates)

    @final
    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """The range of each coordinate."""
        pairs = zip(self.lower.tolist(), self.upper.tolist(), strict=True)
        return dict(zip(self.coordinates, pairs, strict=True))

    @final
    @property
    def space(self) -> tuple[str, ...]:
        """The coordinates other than time."""
        return tuple(name for name in self.coordinates if name != self.time)

    @final
    def axis(self, coordinate: str) -> int:
        """The position of a coordinate among the network's inputs."""
        if coordinate not in self.coordinates:
            raise ArgumentError(f"no coordinate {coordinate!r}; the domain has {', '.join(self.coordinates)}")
        return self.coordinates.index(coordinate)

    @final
    def parts_of(self, on: str | Predicate) -> tuple[str, ...]:
        """The parts that a name stands for: itself, or those of ``"boundary"`` or ``"initial"``."""
        if isinstance(on, str) and on in self.parts:
            return (on,)
        if on == INITIAL and self.time is None:
            raise ArgumentError(
                f"{self} has no time, and so no beginning of it: a coordinate named `t` is time, and so is that of "
                "pinn.Time(tau=(0, 1))"
            )
        begin, end = f"{self.time or 't'}-", f"{self.time or 't'}+"
        if on == BOUNDARY or callable(on):
            return tuple(name for name in self.whole if name not in (begin, end))
        name = begin if on == INITIAL else on
        self.check_part(name)
        return (name,)

    @final
    def across(self, on: On) -> tuple[str, ...]:
        """The coordinates along which normals on these parts may have a component."""
        parts = [part for one in on for part in self.parts_of(one)]
        return tuple(dict.fromkeys(name for part in parts for name in self.parts[part]))

    @final
    def boundary(
        self, number: int, on: On = (BOUNDARY,), sampler: str = "sobol", seed: Seed = (0,)
    ) -> PointsAndNormals:
        """``number`` points on each of some parts of the boundary, and the outward unit normals there.

        A part is a name of :attr:`parts`, ``"boundary"`` for the whole of it (but where time begins and ends),
        ``"initial"``, or a function that chooses from the whole, such as ``lambda p: p.x < 0.1``.
        """
        pairs = [points_on(self, one, number, sampler, (*seed, i)) for i, one in enumerate(on)]
        points, normals = zip(*pairs, strict=True)
        return np.concatenate(points), np.concatenate(normals)

    @final
    def points_inside(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """The points of :meth:`interior`, which the equations can be taken at: as many as asked for, and finite."""
        made = self.interior(number, sampler, seed)
        points = read_rows(f"`interior` of {type(self).__name__}", "points", made, number, self.dimension)
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
            raise ArgumentError(f"no face {name!r}; the domain has {', '.join(self.parts) or 'no boundary'}")

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
