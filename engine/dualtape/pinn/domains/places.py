"""Points as users' functions of NumPy see them, with their coordinates by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError

Seed = tuple[int, ...]
PointsAndNormals = tuple[np.ndarray, np.ndarray]
Predicate = Callable[["BoundaryPoints"], Any]
"""Which points of a boundary belong to a part, as in ``lambda p: p.x < 0.1``."""


class BoundaryPoints:
    """N points of a boundary: ``p.x`` is an array of shape (N,), ``p.points`` and ``p.normal`` of (N, dimension)."""

    def __init__(self, coordinates: tuple[str, ...], points: np.ndarray, normal: np.ndarray) -> None:
        self._coordinates = coordinates
        self.points = points
        self.normal = normal

    def __getattr__(self, name: str) -> np.ndarray:
        if name.startswith("_") or name not in self._coordinates:
            raise ArgumentError(f"`p.{name}`: these points have {', '.join((*self._coordinates, 'points', 'normal'))}")
        column: np.ndarray = self.points[:, self._coordinates.index(name)]
        return column

    def chosen(self, predicate: Predicate) -> np.ndarray:
        """Where the predicate holds: bools of shape (N,)."""
        found = np.asarray(predicate(self))
        if found.dtype != bool or found.shape != (len(self.points),):
            raise ShapeError(
                f"a function that chooses points gave {found.dtype} of shape {found.shape} for {len(self.points)} "
                f"points; expected bools of shape {(len(self.points),)}, as in `lambda p: (p.x < 0.1) & (p.y > 0)`"
            )
        return found


def read_predicates(parts: dict[str, Any]) -> dict[str, Predicate]:
    """Functions that choose points, by the names of the parts that they make."""
    for name, predicate in parts.items():
        if not callable(predicate):
            raise ArgumentTypeError(
                f"the part {name!r} needs a function such as `lambda p: p.x < 0.1`, got {type(predicate).__name__}"
            )
    return parts


def mixed(pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Points and normals of several pieces, mixed, so that the first of them are spread over all pieces."""
    points, normals = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    order = np.random.default_rng((*seed, 77)).permutation(len(points))
    return points[order], normals[order]
