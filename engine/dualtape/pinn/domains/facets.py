"""Domains within facets: segments around a region of the plane, triangles around one of space."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains.cells import Cells
from dualtape.pinn.domains.distance import separations, separations_from_triangles
from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.nearest import NearestFacet
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_names
from dualtape.pinn.domains.rejection import draw_until
from dualtape.pinn.domains.smooth import segments_together
from dualtape.pinn.domains.vanishing import Vanishing, vanishing_on_segments
from dualtape.pinn.sampling import sample_cube

PAIRS = 1 << 20
"""Pairs of a point and a facet that are looked at together."""


class Faceted(Domain):
    """A region of the plane or of space within flat facets, which are its boundary.

    Parameters
    ----------
    facets
        Of shape (F, d, d): the corners of each, in such an order that normals point outward. Of a segment, the region
        is on the left; of a triangle, the corners turn to the left as they are seen from outside.
    labels
        The name of the part that each facet belongs to.
    names
        Of the coordinates: x, y, z unless others are given.
    cells
        Of shape (C, d + 1, d): simplices that fill the region, if they are known; points are drawn from them.
    """

    def __init__(
        self,
        facets: np.ndarray,
        labels: Sequence[str],
        *,
        names: Sequence[str] | None = None,
        cells: np.ndarray | None = None,
    ) -> None:
        dimension = facets.shape[-1]
        sizes, normals = _sizes_and_normals(facets)
        kept = sizes > 1e-12 * sizes.max()
        self._facets, self._sizes, self._normals = facets[kept], sizes[kept], normals[kept]
        self._labels = np.array(labels)[kept]
        self._cells = cells
        self._vanishing: dict[tuple[str, ...], Vanishing] = {}
        corners = facets.reshape(-1, dimension)
        pairs = zip(corners.min(0).tolist(), corners.max(0).tolist(), strict=True)
        bounds = dict(zip(read_names(names, dimension), pairs, strict=True))
        super().__init__({name: tuple(bounds) for name in dict.fromkeys(labels)}, **bounds)
        self._size = float(np.linalg.norm(self.upper - self.lower))
        leak = np.abs((self._normals * self._sizes[:, None]).sum(0)).max() / self._sizes.sum()
        if leak > 1e-8 or self.measure() <= 0:
            raise ArgumentError(
                f"the boundary of {type(self).__name__} does not close around a region, or its normals point inward"
            )

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points: of the cells if they are known, or those of the box that lie inside."""
        if self._cells is not None:
            cube = sample_cube(sampler, number, self.dimension, seed)
            return on_simplices(self._cells, _volumes(self._cells), cube)

        def draw(n: int) -> tuple[np.ndarray]:
            cube = sample_cube(sampler, n, self.dimension, seed)
            return (self.lower + cube * (self.upper - self.lower),)

        return draw_until(number, draw, lambda drawn: self._is_inside(drawn[0]), repr(self))[0]

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points on the facets of a part, evenly by length or area."""
        self.check_part(name)
        chosen = np.flatnonzero(self._labels == name)
        cube = sample_cube(sampler, number, self.dimension - 1, seed)
        which, _ = _select(self._sizes[chosen], cube[:, 0])
        return on_simplices(self._facets[chosen], self._sizes[chosen], cube), self._normals[chosen][which]

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points the facets wind around, or lie on one of them."""
        points = np.asarray(points, np.float64)
        flat = points.reshape(-1, self.dimension)
        found = np.zeros(len(flat), bool)
        near = ((flat >= self.lower - 1e-9 * self._size) & (flat <= self.upper + 1e-9 * self._size)).all(-1)
        inside = flat[near]
        if len(inside) * len(self._facets) <= PAIRS:
            found[near] = self._winds_around(inside) | (self._separation(inside) <= 1e-12 * self._size)
        else:
            found[near] = self._is_inside(inside, 1e-12 * self._size)
        return found.reshape(points.shape[:-1])

    def measure(self) -> float:
        """Its area or volume, by the divergence theorem."""
        centers = self._facets.mean(1)
        return float(((centers * self._normals).sum(-1) * self._sizes).sum() / self.dimension)

    def measure_of(self, part: str) -> float:
        """The length or area of its facets."""
        self.check_part(part)
        return float(self._sizes[self._labels == part].sum())

    def signed_distance(self, points: Any) -> np.ndarray:
        """The distance from the nearest facet, negative inside; of arrays alone."""
        if isinstance(points, dt.Tensor):
            raise ArgumentTypeError(
                f"the signed distance of {type(self).__name__} takes arrays, not Tensors, as it has no derivatives"
            )
        points = np.asarray(points, np.float64)
        flat = points.reshape(-1, self.dimension)
        if len(flat) * len(self._facets) <= PAIRS:
            distance, inside = self._separation(flat), self._winds_around(flat)
        else:
            distance, inside = self._nearest_facet(flat)
        return np.where(inside, -distance, distance).reshape(points.shape[:-1])

    def smooth_distance(self, points: Any) -> Any:
        """The R-equivalence of the segments around a region of the plane; positive outside, too."""
        if self.dimension != 2:
            raise ArgumentError(f"{type(self).__name__} has a smooth distance in the plane, and not in space")
        return segments_together(points[..., 0], points[..., 1], self._facets)

    def vanishing_on(self, parts: Sequence[str], points: Any) -> Any:
        """Of a region of the plane: as smooth as its corners allow, see :mod:`dualtape.pinn.domains.vanishing`."""
        if self.dimension != 2:
            return super().vanishing_on(parts, points)
        key = tuple(sorted(parts))
        if key not in self._vanishing:
            segments = self._facets[np.isin(self._labels, key)]
            self._vanishing[key] = vanishing_on_segments(segments, self._is_inside, self._size)
        return self._vanishing[key](points[..., 0], points[..., 1])

    def vanishing_around(self, parts: Sequence[str], points: Any) -> Any:
        """The R-equivalence of the segments of a region of the plane."""
        if self.dimension != 2:
            return super().vanishing_around(parts, points)
        return segments_together(points[..., 0], points[..., 1], self._facets[np.isin(self._labels, list(parts))])

    @cached_property
    def _grid_of_cells(self) -> Cells:
        return Cells(self._facets, self.lower, self.upper, self._winds_around)

    @cached_property
    def _nearest(self) -> NearestFacet:
        return NearestFacet(self._facets, self._normals)

    def _is_inside(self, points: np.ndarray, near: float = 0.0) -> np.ndarray:
        """Which points of the box the facets wind around, or have nearer than ``near``."""
        if len(points) * len(self._facets) <= PAIRS:
            return self._winds_around(points)
        cut, found = self._grid_of_cells.sides(points)
        distance, inside = self._nearest_facet(points[cut])
        found[cut] = inside | (distance <= near)
        return found

    def _nearest_facet(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far the nearest facet is, and which points the facets wind around, of many points."""
        distance, side = self._nearest(points)
        inside, unknown = side < 0, side == 0
        inside[unknown] = self._winds_around(points[unknown])
        return distance, inside

    def _winds_around(self, points: np.ndarray) -> np.ndarray:
        winding = _winding_2d if self.dimension == 2 else _winding_3d
        return np.concatenate([winding(part, self._facets) > 0.5 for part in self._blocks(points)])

    def _separation(self, points: np.ndarray) -> np.ndarray:
        a = self._facets
        return np.concatenate(
            [
                (separations(part, a[:, 0], a[:, 1]) if self.dimension == 2 else separations_from_triangles(part, a))
                .min(1)
                for part in self._blocks(points)
            ]
        )  # fmt: skip

    def _blocks(self, points: np.ndarray) -> list[np.ndarray]:
        return np.array_split(points, max(1, math.ceil(len(points) * len(self._facets) / PAIRS)))


def on_simplices(simplices: np.ndarray, sizes: np.ndarray, cube: np.ndarray) -> np.ndarray:
    """Points evenly over simplices of shape (F, k, d) and these sizes, from points of a cube of k - 1 dimensions.

    The first coordinate chooses a simplex, and what is left of it is a coordinate in it; the gaps between sorted
    coordinates are barycentric ones (Devroye 1986, *Non-Uniform Random Variate Generation*, theorem V.2.1).
    """
    which, rest = _select(sizes, cube[:, 0])
    cuts = np.sort(np.column_stack([rest, cube[:, 1:]]), axis=1)
    shares = np.diff(cuts, axis=1, prepend=0, append=1)
    return np.asarray(np.einsum("nk,nkd->nd", shares, simplices[which]))


def _select(sizes: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    ends = np.cumsum(sizes)
    target = share * ends[-1]
    which = np.minimum(np.searchsorted(ends, target, side="right"), len(sizes) - 1)
    return which, np.clip((target - (ends[which] - sizes[which])) / sizes[which], 0, 1)


def _volumes(cells: np.ndarray) -> np.ndarray:
    edges = cells[:, 1:] - cells[:, :1]
    return np.asarray(np.abs(np.linalg.det(edges)) / math.factorial(cells.shape[-1]))


def _sizes_and_normals(facets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if facets.shape[-1] == 2:
        along = facets[:, 1] - facets[:, 0]
        vectors = np.stack([along[:, 1], -along[:, 0]], axis=1)
    else:
        vectors = np.cross(facets[:, 1] - facets[:, 0], facets[:, 2] - facets[:, 0]) / 2
    sizes = np.linalg.norm(vectors, axis=1)
    return sizes, vectors / np.maximum(sizes, 1e-300)[:, None]


def _winding_2d(points: np.ndarray, facets: np.ndarray) -> np.ndarray:
    """How often segments wind around points: upward crossings to the right, less downward ones (Sunday 2001)."""
    (ax, ay), (bx, by) = facets[:, 0].T, facets[:, 1].T
    px, py = points[:, :1], points[:, 1:]
    left = (bx - ax) * (py - ay) - (px - ax) * (by - ay)
    up, down = (ay <= py) & (by > py) & (left > 0), (ay > py) & (by <= py) & (left < 0)
    return np.asarray(up.sum(1) - down.sum(1))


def _winding_3d(points: np.ndarray, facets: np.ndarray) -> np.ndarray:
    """The sum of solid angles of triangles over 4 pi; van Oosterom & Strackee 1983, *The solid angle of a plane
    triangle*, IEEE Transactions on Biomedical Engineering 30.
    """
    a, b, c = (facets[:, i] - points[:, None] for i in range(3))
    la, lb, lc = (np.linalg.norm(vector, axis=-1) for vector in (a, b, c))
    volume = (a * np.cross(b, c)).sum(-1)
    below = la * lb * lc + (a * b).sum(-1) * lc + (b * c).sum(-1) * la + (c * a).sum(-1) * lb
    return np.asarray(np.arctan2(volume, below).sum(1) / (2 * np.pi))
