"""How points are spread over a boundary: on its parts in proportion to their measures, or where a function holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dualtape.errors import ArgumentTypeError
from dualtape.pinn.domains.places import BoundaryPoints, PointsAndNormals, Predicate, Seed, mixed
from dualtape.pinn.domains.reading import read_rows
from dualtape.pinn.domains.rejection import draw_until

if TYPE_CHECKING:
    from dualtape.pinn.domains.domain import Domain


def points_on(domain: Domain, on: str | Predicate, number: int, sampler: str, seed: Seed) -> PointsAndNormals:
    """``number`` points on what a name stands for, or a function chooses; see :meth:`Domain.boundary`."""
    parts = domain.parts_of(on)
    if not callable(on):
        return _spread(domain, parts, number, sampler, seed)
    points, normals = draw_until(
        number,
        lambda n: _spread(domain, parts, n, sampler, seed),
        lambda pair: BoundaryPoints(domain.coordinates, *pair).chosen(on),
        f"the part of the boundary of {type(domain).__name__} that a function in `on` chooses",
    )
    return points, normals


def _spread(domain: Domain, parts: Sequence[str], number: int, sampler: str, seed: Seed) -> PointsAndNormals:
    """``number`` points on several parts together, in proportion to their measures."""
    if len(parts) == 1:
        return _read_part(domain, parts[0], number, sampler, seed)
    shares = np.cumsum([domain.measure_of(part) for part in parts])
    counts = np.diff(np.floor(number * shares / shares[-1] + 0.5), prepend=0).astype(int)
    if domain.dimension == 1:  # each part is a point, or a few
        counts = np.full(len(parts), number)
    pairs = [
        _read_part(domain, part, int(n), sampler, (*seed, i))
        for i, (part, n) in enumerate(zip(parts, counts, strict=True))
        if n
    ]
    return mixed(pairs, seed)


def _read_part(domain: Domain, name: str, number: int, sampler: str, seed: Seed) -> PointsAndNormals:
    made, owner = domain.on_part(name, number, sampler, seed), f"`on_part` of {type(domain).__name__}"
    if not isinstance(made, (tuple, list)) or len(made) != 2:
        raise ArgumentTypeError(
            f"{owner} returned {type(made).__name__}; expected a pair of arrays: points, and the normals there"
        )
    points = read_rows(owner, "points", made[0], number, domain.dimension, fewer=domain.dimension == 1)
    return points, read_rows(owner, "normals", made[1], len(points), domain.dimension)
