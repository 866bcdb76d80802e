"""Lines and planes through a domain, with points on them at which fields are drawn.

Where the domain fills a plane, the points are a regular grid. Elsewhere they are triangulated: grid points inside, and
points on the edge, which bisection finds on the grid's lines between inside and outside. Triangles whose middle lies
outside, in a hole, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.domains import Domain

LINE = 1001
PLANE = (257, 129)
_BISECTIONS = 30


class Section:
    """Points of a domain where some coordinates are fixed.

    Attributes
    ----------
    domain
        As given.
    free
        The coordinates that are not fixed: one or two.
    coordinates
        An array for each coordinate of the domain, all of one shape: a line, a grid, or points in a row.
    triangles
        Of points in a row, by their numbers, of shape (n, 3); ``None`` for grids and lines.
    """

    def __init__(
        self,
        domain: Domain,
        free: Sequence[str],
        coordinates: Sequence[np.ndarray],
        triangles: np.ndarray | None = None,
    ) -> None:
        self.domain, self.free, self.coordinates, self.triangles = domain, tuple(free), list(coordinates), triangles

    def along(self, name: str) -> np.ndarray:
        """The values of one coordinate."""
        return self.coordinates[self.domain.axis(name)]

    @property
    def to_scale(self) -> bool:
        """Whether both axes have one scale: in a plane of space, except for a long box, which fills the picture."""
        spans = [float(np.ptp(self.along(name))) for name in self.free]
        return self.domain.time not in self.free and (self.triangles is not None or max(spans) <= 3 * min(spans))

    def values(self, function: Any, number: int) -> np.ndarray:
        """One of what a function of the coordinates gives; NaN, which is not drawn, outside the domain."""
        inside = self.domain.inside(np.stack(self.coordinates, axis=-1))
        if not inside.any():
            sizes = " x ".join(map(str, inside.shape))
            raise ArgumentError(f"none of the {sizes} points that `plot` draws lie inside {type(self.domain).__name__}")
        if inside.all() or self.triangles is not None:
            return _one_of(function(*self.coordinates), number)
        found = np.full(inside.shape, np.nan)
        found[inside] = _one_of(function(*(axis[inside] for axis in self.coordinates)), number)
        return found

    def paint(self, axes: Any, values: np.ndarray, **colours: Any) -> Any:
        """Draw values in the plane, time to the right, as in the literature."""
        across, up = self.free[::-1] if self.free[1] == self.domain.time else self.free
        axes.set(xlabel=across, ylabel=up)
        if self.to_scale:
            axes.set_aspect("equal")  # lengths of both are lengths of one space
        if self.triangles is not None:
            axes.margins(0.02)
            return axes.tripcolor(
                self.along(across),
                self.along(up),
                self.triangles,
                values,
                shading="gouraud",
                rasterized=True,
                **colours,
            )
        shading = "nearest" if np.isnan(values).any() else "gouraud"  # which would smear the edge of the domain
        return axes.pcolormesh(self.along(across), self.along(up), values, shading=shading, rasterized=True, **colours)


def grid_section(domain: Domain, fixed: Mapping[str, float], sizes: Sequence[int] | None = None) -> Section:
    """A line or a regular grid, wherever the domain is on it."""
    free = [name for name in domain.coordinates if name not in fixed]
    points = sizes or ((LINE,) if len(free) == 1 else PLANE)
    axes = [np.linspace(*domain.bounds[name], n) for name, n in zip(free, points, strict=True)]
    grid = dict(zip(free, np.meshgrid(*axes, indexing="ij"), strict=True))
    shape = tuple(points)
    return Section(domain, free, [grid[x] if x in grid else np.full(shape, fixed[x]) for x in domain.coordinates])


def plane_section(domain: Domain, fixed: Mapping[str, float]) -> Section:
    """A plane: a grid if the domain fills it, triangles where it does not."""
    grid = grid_section(domain, fixed)
    inside = domain.inside(np.stack(grid.coordinates, axis=-1))
    if inside.all() or not inside.any():
        return grid
    return _triangulated(domain, fixed)


def _triangulated(domain: Domain, fixed: Mapping[str, float]) -> Section:
    from scipy.spatial import Delaunay, QhullError

    free = [name for name in domain.coordinates if name not in fixed]
    spans = np.array([up - low for low, up in (domain.bounds[name] for name in free)])
    sizes = np.clip(np.rint(140 * spans / spans.max()), 40, 140).astype(int).tolist()
    grid = grid_section(domain, fixed, sizes)
    points = np.stack(grid.coordinates, axis=-1)
    inside = domain.inside(points)
    edge = _edge_points(domain, points, inside)
    step = spans / (np.array(sizes) - 1)
    axes = [domain.axis(name) for name in free]
    kept = points[inside]
    if len(edge):
        from scipy.spatial import cKDTree

        near, _ = cKDTree(edge[:, axes] / step).query(kept[:, axes] / step)
        kept = kept[near > 0.3]  # no slivers between them and the edge
    places = np.concatenate([kept, edge])
    try:
        triangles = Delaunay(places[:, axes] / step).simplices
    except (QhullError, ValueError):  # too few points, or all on a line
        return grid
    middle = places[triangles].mean(axis=1)
    small = np.ptp(places[triangles][:, :, axes] / step, axis=1).max(axis=-1) < 3  # nothing spans a hole or a bay
    return Section(domain, free, list(places.T), triangles[domain.inside(middle) & small])


def _edge_points(domain: Domain, points: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Where the edge of the domain cuts the lines of a grid."""
    starts, ends = [], []
    for axis in range(2):
        one, other = (np.take(points, range(n, points.shape[axis] - 1 + n), axis) for n in (0, 1))
        there, here = (np.take(inside, range(n, inside.shape[axis] - 1 + n), axis) for n in (0, 1))
        starts += [one[there & ~here], other[here & ~there]]
        ends += [other[there & ~here], one[here & ~there]]
    within, without = np.concatenate(starts), np.concatenate(ends)
    for _ in range(_BISECTIONS if len(within) else 0):
        middle = (within + without) / 2
        is_inside = domain.inside(middle)[:, None]
        within, without = np.where(is_inside, middle, within), np.where(is_inside, without, middle)
    return np.asarray(np.unique(within, axis=0))


def _one_of(values: Any, number: int) -> np.ndarray:
    return np.asarray(values[number] if isinstance(values, (tuple, list)) else values)
