"""Domains that are given as points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_length, read_names


class PointCloud(Domain):
    """A region known by points inside it, and by points and normals on the parts of its boundary.

    Points are chosen from those that are given, each at most once; more than there are is an error.

    Parameters
    ----------
    points
        Of shape (n, d), evenly spread.
    boundary
        For each part of the boundary its points, or a pair of points and outward unit normals.
    names
        Of the coordinates: x, y, z unless others are given.
    measure
        Its area or volume, for integrals over it.

    Examples
    --------
    >>> import numpy as np
    >>> from dualtape import pinn
    >>> cloud = pinn.PointCloud(np.random.default_rng(0).random((500, 2)), {"left": [[0.0, 0.5], [0.0, 0.7]]})
    >>> cloud.interior(100).shape, cloud.on_part("left", 2)[0].shape
    ((100, 2), (2, 2))
    """

    def __init__(
        self,
        points: Any,
        boundary: Mapping[str, Any] | None = None,
        *,
        names: Sequence[str] | None = None,
        measure: float | None = None,
    ) -> None:
        self._points = _read("points", points, None)
        dimension = self._points.shape[1]
        self._measure = None if measure is None else read_length("measure", measure)
        self._boundary: dict[str, tuple[np.ndarray, np.ndarray | None]] = {}
        for part, given in (boundary or {}).items():
            pair = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
            places = _read(f"boundary[{part!r}]", pair[0], dimension)
            self._boundary[part] = places, _read_normals(part, pair[1], places)
        everything = np.concatenate([self._points, *(places for places, _ in self._boundary.values())])
        pairs = zip(everything.min(0).tolist(), everything.max(0).tolist(), strict=True)
        bounds = dict(zip(read_names(names, dimension), pairs, strict=True))
        across = {part: tuple(bounds) if pair[1] is not None else () for part, pair in self._boundary.items()}
        super().__init__(across, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` of the points."""
        return np.asarray(self._points[self._choice("points inside", len(self._points), number, seed)])

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` of the points of a part; without normals, zeros in their place."""
        self.check_part(name)
        places, normals = self._boundary[name]
        chosen = self._choice(f"points on {name!r}", len(places), number, seed)
        return places[chosen], np.zeros((number, self.dimension)) if normals is None else normals[chosen]

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points are about as near to a given one as those are to each other."""
        from scipy.spatial import KDTree

        inside = np.concatenate([self._points, *(places for places, _ in self._boundary.values())])
        tree = KDTree(inside)
        gaps: np.ndarray = np.asarray(tree.query(inside, k=[min(2, len(inside))])[0])
        spacing = float(np.quantile(gaps, 0.9))
        return np.asarray(tree.query(points)[0] <= spacing)

    def measure(self) -> float:
        """As given."""
        if self._measure is None:
            raise ArgumentError("the area or volume of a PointCloud is not known; give it as `measure`")
        return self._measure

    def measure_of(self, part: str) -> float:
        """The number of its points, in whose proportion the whole boundary is drawn."""
        self.check_part(part)
        return float(len(self._boundary[part][0]))

    def _choice(self, what: str, there: int, number: int, seed: Seed) -> np.ndarray:
        if number > there:
            raise ArgumentError(f"the PointCloud has {there} {what}, and {number} are asked for; ask for fewer")
        return np.random.default_rng(seed).choice(there, number, replace=False)


def _read(argument: str, points: Any, dimension: int | None) -> np.ndarray:
    places = np.array(points, np.float64)
    if places.ndim != 2 or not places.size or (dimension is not None and places.shape[1] != dimension):
        raise ShapeError(f"`{argument}` of PointCloud must have shape (n, {dimension or 'd'}), got {places.shape}")
    if not np.isfinite(places).all():
        raise ArgumentError(f"`{argument}` of PointCloud must be finite; got infinities or NaNs")
    return places


def _read_normals(part: str, normals: Any, places: np.ndarray) -> np.ndarray | None:
    if normals is None:
        return None
    given = _read(f"boundary[{part!r}]", normals, places.shape[1])
    if given.shape != places.shape or np.abs(np.linalg.norm(given, axis=1) - 1).max() > 1e-3:
        raise ArgumentError(f"the normals of {part!r} must be unit vectors, one for each of {len(places)} points")
    return given
