"""The nearest of many facets, and the side of it that a point is on."""

from __future__ import annotations

from typing import Any

import numpy as np

from dualtape.pinn.domains.distance import separations, separations_from_triangles

_FIRST = 12  # facets that are looked at for each point to begin with
_PAIRS = 1 << 19  # of a point and a facet that are looked at together
_TIED = 1e-9  # as a share of the size: facets so nearly as near as the nearest one have its foot, too


class NearestFacet:
    """Distances from facets, by a k-d tree of their middles.

    What is farther with its middle than the nearest one that is known, by more than the reach of a facet, need not be
    looked at. Facets that are much larger than others are cut for that.

    Parameters
    ----------
    facets
        Of shape (F, d, d): the corners of each.
    normals
        Of shape (F, d), outward and of unit length.
    """

    def __init__(self, facets: np.ndarray, normals: np.ndarray) -> None:
        from scipy.spatial import cKDTree

        self._facets, self._normals = _cut(facets, normals)
        middles = self._facets.mean(axis=1)
        self._reach = float(_reach(self._facets).max())
        self._tree: Any = cKDTree(middles)
        self._tied = _TIED * float(np.linalg.norm(np.ptp(facets.reshape(-1, facets.shape[-1]), axis=0)))

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For points of shape (n, d): the distance, and the side: 1 outside, -1 inside, 0 where it does not tell.

        Outside is where the point is before all facets that have its foot, and inside where it is behind them all: so
        says the sum of their normals, whatever its weights (Bærentzen & Aanæs 2005, *Signed distance computation using
        the angle weighted pseudonormal*, IEEE Transactions on Visualization and Computer Graphics 11). A point of a
        saddle may be before some and behind others.
        """
        distance, side = np.full(len(points), np.inf), np.zeros(len(points))
        open_, count = np.arange(len(points)), min(_FIRST, len(self._facets))
        while len(open_):
            settled = []
            for group in np.array_split(open_, -(-len(open_) * count // _PAIRS)):
                distance[group], side[group], known = self._among(points[group], count, distance[group])
                settled.append(known)
            open_ = open_[~np.concatenate(settled)]
            count = min(4 * count, len(self._facets))
        return distance, side

    def _among(self, points: np.ndarray, count: int, bound: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Distance and side by so many facets, and whether no other one can be as near; ``bound`` is not nearer."""
        away, which = self._tree.query(points, k=np.arange(1, count + 1))
        # Middles come in the order of their distance, so that those near enough come first; the first one always.
        near = away <= np.maximum(bound + self._reach + self._tied, away[:, 0])[:, None]
        of, facets = np.nonzero(near)[0], which[near]
        starts = np.flatnonzero(np.diff(of, prepend=-1))
        own, corners = points[of], self._facets[facets][:, None]
        if points.shape[1] == 2:
            each = separations(own, corners[..., 0, :], corners[..., 1, :])[:, 0]
        else:
            each = separations_from_triangles(own, corners)[:, 0]
        nearest = np.minimum.reduceat(each, starts)
        heights = ((own - corners[:, 0, 0]) * self._normals[facets]).sum(axis=1)
        heights[each > nearest[of] + self._tied] = 0.0
        before = np.maximum.reduceat(heights, starts) > self._tied
        behind = np.minimum.reduceat(heights, starts) < -self._tied
        settled = (away[:, -1] - self._reach > nearest + self._tied) | (count == len(self._facets))
        return nearest, before.astype(float) - behind, settled


def _reach(facets: np.ndarray) -> np.ndarray:
    """How far corners are from the middle."""
    return np.asarray(np.linalg.norm(facets - facets.mean(axis=1, keepdims=True), axis=-1).max(axis=1))


def _cut(facets: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Halves of facets that reach much farther than most, of their halves, and so on, but at most as many again."""
    most, limit = 2 * len(facets) + 1_000, 2 * float(np.median(_reach(facets)))
    while (large := _reach(facets) > limit).any() and len(facets) + large.sum() <= most:
        halves = _halves(facets[large])
        facets = np.concatenate([facets[~large], *halves])
        normals = np.concatenate([normals[~large], normals[large], normals[large]])
    return facets, normals


def _halves(facets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each of the facets, cut at the middle of its longest edge."""
    corners = facets.shape[1]
    starts = np.arange(corners if corners > 2 else 1)
    ends = (starts + 1) % corners
    longest = np.linalg.norm(facets[:, ends] - facets[:, starts], axis=-1).argmax(axis=1)
    rows = np.arange(len(facets))
    first, second = facets.copy(), facets.copy()
    middle = (facets[rows, starts[longest]] + facets[rows, ends[longest]]) / 2
    first[rows, ends[longest]] = middle
    second[rows, starts[longest]] = middle
    return first, second
