"""Domains of the plane from shapely's geometry, holes included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, MissingExtraError
from dualtape.pinn.domains.facets import Faceted


def from_shapely(geometry: Any, *, names: Sequence[str] | None = None) -> Faceted:
    """The region of a shapely Polygon or MultiPolygon.

    Parameters
    ----------
    geometry
        Valid and not empty. The parts of its boundary are ``exterior``, and ``hole 1``, ``hole 2``, ...; of several
        polygons, ``exterior 1``, ``exterior 2``, ...
    names
        Of the coordinates: x and y unless others are given.

    Raises
    ------
    MissingExtraError
        shapely is not installed; ``pip install "dualtape[geometry]"``.

    Examples
    --------
    >>> import shapely
    >>> from dualtape import pinn
    >>> plate = shapely.box(0, 0, 2, 1).difference(shapely.Point(1, 0.5).buffer(0.25))
    >>> tuple(pinn.from_shapely(plate).parts)
    ('exterior', 'hole 1')
    """
    try:
        import shapely
    except ImportError as failure:
        raise missing("shapely", "from_shapely") from failure
    if not isinstance(geometry, (shapely.Polygon, shapely.MultiPolygon)):
        raise ArgumentTypeError(
            f"`geometry` of `from_shapely` must be a shapely Polygon or MultiPolygon, got {type(geometry).__name__}"
        )
    if geometry.is_empty or not geometry.is_valid:
        what = "is empty" if geometry.is_empty else f"is not valid: {shapely.is_valid_reason(geometry)}"
        raise ArgumentError(f"`geometry` of `from_shapely` {what}")
    polygons = [geometry] if isinstance(geometry, shapely.Polygon) else list(geometry.geoms)
    facets, labels, holes = [], [], 0
    for i, polygon in enumerate(polygons):
        turned = shapely.geometry.polygon.orient(polygon)  # the outside to the left, holes to the right
        for j, ring in enumerate([turned.exterior, *turned.interiors]):
            corners = np.asarray(ring.coords)[:, :2]
            facets.append(np.stack([corners[:-1], corners[1:]], axis=1))
            holes += j > 0
            name = f"hole {holes}" if j else "exterior" if len(polygons) == 1 else f"exterior {i + 1}"
            labels += [name] * (len(corners) - 1)
    return Faceted(np.concatenate(facets), labels, names=names)


def missing(package: str, function: str) -> MissingExtraError:
    """The error for a package of the extra ``geometry``."""
    return MissingExtraError(f'`{function}` needs {package}, which is in an extra: pip install "dualtape[geometry]"')
