"""Signed distances, negative inside, of what is put together from others."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np


def box_distance(beyond: Sequence[Any]) -> Any:
    """From the box of points that are within each of several ranges, given how far a point is beyond each of them.

    Inside, the nearest face counts; outside, the distances beyond add up as the sides of a right triangle.
    """
    inside = np.minimum(reduce(np.maximum, beyond), 0.0)
    if len(beyond) == 1:
        return beyond[0]
    return inside + length([np.maximum(one, 0.0) for one in beyond])


def length(components: Sequence[Any]) -> Any:
    """The length of vectors, given their components; of Tensors too, with derivatives that are 0 at the origin."""
    squares = sum(one * one for one in components)
    if isinstance(squares, (np.ndarray, np.floating)):
        return np.sqrt(squares)
    # Away from 0 it is the root; at 0, where a root has an infinite slope, the constant below it counts.
    return np.sqrt(np.maximum(squares, 1e-30))


def separations(points: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The distance of each point (N, d) from segments (F, d), or from its own ones (N, F, d): of shape (N, F)."""
    along = ends - starts
    offset = points[:, None] - starts
    share = np.clip((offset * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-300), 0, 1)
    return np.asarray(np.linalg.norm(offset - share[..., None] * along, axis=-1))


def separations_from_triangles(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The distance of each point (N, 3) from triangles (F, 3, 3), or from its own ones (N, F, 3, 3): of shape (N, F).

    Where a point's foot on the plane lies in the triangle, the distance from the plane; elsewhere that from the
    nearest edge.
    """
    a, b, c = (triangles[..., i, :] for i in range(3))
    normals = np.cross(b - a, c - a)
    twice = np.linalg.norm(normals, axis=-1)
    units = normals / np.maximum(twice, 1e-300)[..., None]
    height = ((points[:, None] - a) * units).sum(-1)
    over = np.ones(height.shape, bool)
    nearest = np.full(height.shape, np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        inward = np.cross(units, end - start)
        over &= ((points[:, None] - start) * inward).sum(-1) >= 0
        nearest = np.minimum(nearest, separations(points, start, end))
    return np.asarray(np.where(over, np.abs(height), nearest))
