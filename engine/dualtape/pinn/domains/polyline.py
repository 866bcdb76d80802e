"""Lines along given points, in the plane or in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.domains.distance import separations
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.facets import on_simplices
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_names
from dualtape.pinn.sampling import sample_cube


class Polyline(Domain):
    """A line from point to point: a domain of no area, on which equations of the coordinates around it may hold.

    Its boundary is its two ends, the parts ``start`` and ``end``, with normals along the line.

    Parameters
    ----------
    corners
        Of shape (n, d).
    names
        Of the coordinates: x, y, z unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Polyline([(0, 0), (3, 4), (3, 5)]).measure()
    6.0
    """

    def __init__(self, corners: Any, *, names: Sequence[str] | None = None) -> None:
        places = np.array(corners, np.float64)
        if places.ndim != 2 or len(places) < 2 or places.shape[1] < 2:
            raise ShapeError(f"`corners` must have shape (n, d) with n and d of 2 or more, got {places.shape}")
        if not np.isfinite(places).all() or (places[1:] == places[:-1]).all(1).any():
            raise ArgumentError("`corners` must be finite, and different from one to the next")
        self.corners = places
        self._segments = np.stack([places[:-1], places[1:]], axis=1)
        self._lengths = np.linalg.norm(places[1:] - places[:-1], axis=1)
        # A line along one coordinate still lies in a box with some room on both sides of it.
        room = np.where(np.ptp(places, axis=0) == 0, 1e-9 * self._lengths.sum(), 0)
        pairs = zip((places.min(0) - room).tolist(), (places.max(0) + room).tolist(), strict=True)
        bounds = dict(zip(read_names(names, places.shape[1]), pairs, strict=True))
        super().__init__({"start": tuple(bounds), "end": tuple(bounds)}, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points, evenly along the line."""
        return on_simplices(self._segments, self._lengths, sample_cube(sampler, number, 1, seed))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """An end, ``number`` times, and the direction in which the line would go on."""
        self.check_part(name)
        end, before = self.corners[:2] if name == "start" else self.corners[:-3:-1]
        along = (end - before) / np.linalg.norm(end - before)
        return np.tile(end, (number, 1)), np.tile(along, (number, 1))

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points lie on the line, but for rounding."""
        return np.asarray(self.signed_distance(points) <= 1e-9 * self.measure())

    def measure(self) -> float:
        """Its length."""
        return float(self._lengths.sum())

    def signed_distance(self, points: Any) -> np.ndarray:
        """The distance from the line, which has no inside."""
        points = np.asarray(points, np.float64)
        flat = points.reshape(-1, self.dimension)
        return np.asarray(
            separations(flat, self._segments[:, 0], self._segments[:, 1]).min(1).reshape(points.shape[:-1])
        )

    def __repr__(self) -> str:
        return f"Polyline({self.corners.tolist()})"
