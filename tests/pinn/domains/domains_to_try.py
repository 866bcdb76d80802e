"""Domains of every kind, with all that is asked of each."""

from __future__ import annotations

import numpy as np
import shapely
import trimesh

from dualtape import pinn

L = [(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)]
SQUARE = pinn.Rectangle(x=(-1, 1), y=(-1, 1))
CUBE = pinn.Rectangle(x=(-1, 1), y=(-1, 1), z=(-1, 1))
GLOBE = trimesh.creation.icosphere(1, 1.5)
PLATE = shapely.box(0, 0, 2, 1).difference(shapely.box(0.5, 0.25, 1, 0.75)).difference(shapely.box(1.5, 0.2, 1.8, 0.8))

# Domains with exact measures, where they are known.
DOMAINS: dict[str, tuple[pinn.Domain, float | None]] = {
    "interval": (pinn.Interval(x=(-1, 2)), 3.0),
    "box": (pinn.Rectangle(x=(0, 1), y=(-1, 1), z=(2, 5)), 6.0),
    "disk": (pinn.Disk((1, 2), 0.5), np.pi / 4),
    "ball": (pinn.Ball((0, 1, 2), 2.0), 32 / 3 * np.pi),
    "ball in five dimensions": (pinn.Ball([0.5] * 5, 1.0), 8 / 15 * np.pi**2),
    "ring": (pinn.Shell((0, 0), 0.5, 1.0), 0.75 * np.pi),
    "spherical shell": (pinn.Shell((0, 0, 1), 1.0, 2.0), 28 / 3 * np.pi),
    "ellipse": (pinn.Ellipse((1, 0), (0.5, 2.0)), np.pi),
    "triangle": (pinn.Triangle((0, 0), (0, 1), (2, 0)), 1.0),
    "L": (pinn.Polygon(L), 3.0),
    "cylinder": (pinn.Cylinder((0, 0), 1.0, (0, 3)), 3 * np.pi),
    "product with time": (pinn.Disk() * pinn.Time(tau=(0, 2)), 2 * np.pi),
    "union": (pinn.Rectangle(x=(0, 2), y=(0, 1)) | pinn.Rectangle(x=(0, 1), y=(0, 2)), 3.0),
    "union side by side": (pinn.Rectangle(x=(0, 1), y=(0, 2)) | pinn.Rectangle(x=(1, 2), y=(0, 1)), 3.0),
    "intersection": (SQUARE & pinn.Disk((1, 1), 1.0), np.pi / 4),
    "hole": (SQUARE - pinn.Disk((0.2, 0), 0.4).named("hole"), 4 - 0.16 * np.pi),
    "L by difference": (SQUARE - pinn.Rectangle(x=(0, 1), y=(0, 1)), 3.0),
    "solid hole": (CUBE - pinn.Ball((0, 0, 0), 0.7), 8 - 4 / 3 * np.pi * 0.343),
    "placed": (pinn.Ellipse((1, 0), (0.5, 2.0)).rotated(0.7).translated(x=3, y=-1).scaled(2.0), 4 * np.pi),
    "parts": (SQUARE.with_parts(inlet=lambda p: (p.x < -0.99) & (p.y > 0)), 4.0),
    "shapely": (pinn.from_shapely(PLATE), PLATE.area),
    "surface": (pinn.from_surface(trimesh.creation.box((1, 2, 3))), 6.0),
    "sphere of facets": (pinn.from_surface(GLOBE), GLOBE.volume),
}  # fmt: skip
