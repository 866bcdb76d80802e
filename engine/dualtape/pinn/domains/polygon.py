"""Polygons and triangles, by their corners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.domains.facets import Faceted


class Polygon(Faceted):
    """A simple polygon: its edges do not cross. They are the parts ``edge 1``, ``edge 2``, ... of its boundary.

    Parameters
    ----------
    corners
        Of shape (n, 2), one after the other in either direction; the first is not repeated at the end. ``edge 1``
        leads from the first to the second.
    names
        Of the coordinates: x and y unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> l = pinn.Polygon([(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)])
    >>> l.measure(), len(l.parts)
    (3.0, 6)
    """

    def __init__(self, corners: Any, *, names: Sequence[str] | None = None) -> None:
        places = np.array(corners, np.float64)
        if places.ndim != 2 or places.shape[1:] != (2,) or len(places) < 3:
            raise ShapeError(f"`corners` must have shape (n, 2) with n > 2, got {places.shape}")
        if not np.isfinite(places).all():
            raise ArgumentError("`corners` must be finite; got infinities or NaNs")
        edges = np.stack([places, np.roll(places, -1, axis=0)], axis=1)
        _check_simple(edges)
        x, y = places.T
        if (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() < 0:  # clockwise
            edges = edges[:, ::-1]
        super().__init__(edges, [f"edge {i + 1}" for i in range(len(places))], names=names)
        self.corners = places

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.corners.tolist()})"


class Triangle(Polygon):
    """The triangle between three corners; see :class:`Polygon`.

    Parameters
    ----------
    a, b, c
        Its corners. ``edge 1`` leads from a to b, ``edge 2`` from b to c, ``edge 3`` from c to a.
    names
        Of the coordinates: x and y unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Triangle((0, 0), (2, 0), (0, 1)).measure()
    1.0
    """

    def __init__(self, a: Any, b: Any, c: Any, *, names: Sequence[str] | None = None) -> None:
        super().__init__([a, b, c], names=names)


def _check_simple(edges: np.ndarray) -> None:
    """Refuse edges of no length, and two that cross or touch and are not neighbours."""
    starts, ends = edges[:, 0], edges[:, 1]
    if (short := np.flatnonzero((starts == ends).all(1))).size:
        raise ArgumentError(f"`corners` names one corner twice in a row: edge {short[0] + 1} has no length")
    for i in range(len(edges) - 1):
        others = np.arange(i + 2, len(edges) - (i == 0))
        if not others.size:
            continue
        a, b, c, d = starts[i], ends[i], starts[others], ends[others]
        apart = _turn(a, b, c) * _turn(a, b, d) > 0
        apart |= _turn(c, d, a) * _turn(c, d, b) > 0
        apart |= (np.maximum(a, b) < np.minimum(c, d)).any(1) | (np.maximum(c, d) < np.minimum(a, b)).any(1)
        if not apart.all():
            raise ArgumentError(f"the polygon crosses itself: edge {i + 1} meets edge {others[~apart][0] + 1}")


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Twice the area of a triangle, positive where its corners turn to the left."""
    ab, ac = b - a, c - a
    return np.asarray(ab[..., 0] * ac[..., 1] - ab[..., 1] * ac[..., 0])
