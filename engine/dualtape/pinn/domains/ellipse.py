"""Ellipses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dualtape.pinn.domains.domain import Domain
from dualtape.pinn.domains.places import PointsAndNormals, Seed
from dualtape.pinn.domains.reading import read_length, read_names, read_point
from dualtape.pinn.sampling import sample_cube


class Ellipse(Domain):
    """An ellipse with axes along the coordinates; turn it with ``rotated``. Its boundary is the part ``ellipse``.

    Parameters
    ----------
    center
        Two numbers.
    semi_axes
        Half its width and half its height.
    names
        Of the coordinates: x and y unless others are given.

    Examples
    --------
    >>> from dualtape import pinn
    >>> round(pinn.Ellipse((0, 0), (2, 1)).measure_of("ellipse"), 6)
    9.688448
    """

    def __init__(self, center: Any, semi_axes: Any, *, names: Sequence[str] | None = None) -> None:
        self.center, self.semi_axes = read_point("center", center, 2), read_point("semi_axes", semi_axes, 2)
        for half in self.semi_axes.tolist():
            read_length("semi_axes", half)
        pairs = zip((self.center - self.semi_axes).tolist(), (self.center + self.semi_axes).tolist(), strict=True)
        bounds = dict(zip(read_names(names, 2), pairs, strict=True))
        super().__init__({"ellipse": tuple(bounds)}, **bounds)

    def interior(self, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> np.ndarray:
        """``number`` points, evenly by area: those of a disk, stretched."""
        share, turn = sample_cube(sampler, number, 2, seed).T
        return np.asarray(self.center + self.semi_axes * np.sqrt(share)[:, None] * _unit(2 * np.pi * turn))

    def on_part(self, name: str, number: int, sampler: str = "sobol", seed: Seed = (0,)) -> PointsAndNormals:
        """``number`` points, evenly by the length of the arc."""
        self.check_part(name)
        units = _unit(self._angle_at(sample_cube(sampler, number, 1, seed)[:, 0]))
        across = units / self.semi_axes
        return self.center + self.semi_axes * units, across / np.linalg.norm(across, axis=1, keepdims=True)

    def contains(self, points: np.ndarray) -> np.ndarray:
        """Which points have ``(x / a)**2 + (y / b)**2 <= 1``."""
        return np.asarray((((points - self.center) / self.semi_axes) ** 2).sum(-1) <= 1 + 1e-12)

    def measure(self) -> float:
        """Its area."""
        return float(np.pi * np.prod(self.semi_axes))

    def measure_of(self, part: str) -> float:
        """Its circumference, a complete elliptic integral of the second kind."""
        from scipy.special import ellipe

        self.check_part(part)
        a, b = self.semi_axes.tolist()
        return float(4 * a * ellipe(1 - (b / a) ** 2))

    def signed_distance(self, points: Any) -> np.ndarray:
        """The distance from the nearest point of the ellipse, by bisection; of arrays alone.

        Eberly 2013, *Distance from a point to an ellipse, an ellipsoid, or a hyperellipsoid*: the foot (x, y) of the
        point (u, v), both in the first quadrant, has x = a^2 u / (t + a^2), y = b^2 v / (t + b^2) at the largest root
        t of (a u / (t + a^2))^2 + (b v / (t + b^2))^2 = 1.
        """
        points = np.asarray(points, np.float64)
        a, b = np.sort(self.semi_axes)[::-1]
        order = np.argsort(-self.semi_axes, kind="stable")
        u, v = np.moveaxis(np.abs(points - self.center)[..., order], -1, 0)
        low, up = b * v - b * b, np.hypot(a * u, b * v) - b * b
        with np.errstate(divide="ignore", invalid="ignore"):
            for _ in range(100):
                t = (low + up) / 2
                above = (a * u / (t + a * a)) ** 2 + (b * v / (t + b * b)) ** 2 > 1
                low, up = np.where(above, t, low), np.where(above, up, t)
            x, y = a * a * u / (t + a * a), b * b * v / (t + b * b)
        # On the long axis, within the centers of curvature, the foot is above or below it.
        x = np.where((v == 0) & (a * u < a * a - b * b), a * a * u / max(a * a - b * b, 1e-300), np.nan_to_num(x))
        x = np.clip(x, 0, a)
        y = np.where(v == 0, b * np.sqrt(np.maximum(0, 1 - (x / a) ** 2)), np.nan_to_num(y))
        distance = np.hypot(x - u, y - v)
        return np.asarray(np.where(self.contains(points), -distance, distance))

    def smooth_distance(self, points: Any) -> Any:
        """``w / sqrt(w^2 + |grad w|^2)`` of ``w = 1 - (x / a)^2 - (y / b)^2``."""
        (a, b), (x0, y0) = self.semi_axes.tolist(), self.center.tolist()
        x, y = points[..., 0] - x0, points[..., 1] - y0
        w = 1 - x * x / a**2 - y * y / b**2
        return w / np.sqrt(w * w + 4 * (x * x / a**4 + y * y / b**4))

    def _angle_at(self, share: np.ndarray) -> np.ndarray:
        """The parameter at which a share of the circumference is passed, from a fine table of arcs."""
        angles = np.linspace(0, 2 * np.pi, 20_001)
        a, b = self.semi_axes
        middle = (angles[1:] + angles[:-1]) / 2
        arc = np.insert(np.cumsum(np.hypot(a * np.sin(middle), b * np.cos(middle))), 0, 0)
        return np.asarray(np.interp(share * arc[-1], arc, angles))

    def __repr__(self) -> str:
        return f"Ellipse({tuple(self.center.tolist())}, {tuple(self.semi_axes.tolist())})"


def _unit(angle: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)
