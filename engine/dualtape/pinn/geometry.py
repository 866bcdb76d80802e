"""Where an equation holds: boxes with named coordinates and named faces."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.sampling import sample_cube

RESERVED = ("points", "normal", "values")


class Rectangle:
    """A box in any dimension, with a named coordinate along each side.

    Parameters
    ----------
    **ranges
        A pair (lower, upper) for each coordinate, in the order of the network's inputs. The
        coordinate named ``t`` is time: initial conditions hold on its lower face.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Rectangle(x=(-1, 1), t=(0, 1)).faces
    ('x-', 'x+', 't-', 't+')
    """

    def __init__(self, **ranges: tuple[float, float]) -> None:
        if not ranges:
            raise ArgumentError(
                "`Rectangle` needs a named range for each coordinate, as in Rectangle(x=(0, 1), y=(0, 2))"
            )
        self.coordinates = tuple(ranges)
        self.lower = np.empty(len(ranges))
        self.upper = np.empty(len(ranges))
        for i, (name, pair) in enumerate(ranges.items()):
            _check_name(name, self.coordinates)
            self.lower[i], self.upper[i] = _read_range(name, pair)

    @property
    def dimension(self) -> int:
        """Number of coordinates."""
        return len(self.coordinates)

    @property
    def faces(self) -> tuple[str, ...]:
        """The names of all faces: ``x-`` where x is lowest, ``x+`` where it is highest."""
        return tuple(name + side for name in self.coordinates for side in "-+")

    def axis(self, coordinate: str) -> int:
        """The position of a coordinate among the network's inputs."""
        if coordinate not in self.coordinates:
            raise ArgumentError(f"no coordinate {coordinate!r}; the domain has {', '.join(self.coordinates)}")
        return self.coordinates.index(coordinate)

    def face(self, name: str) -> tuple[int, int]:
        """The axis of a face, and the direction (-1 or 1) of its outward normal along that axis."""
        if name not in self.faces:
            raise ArgumentError(f"no face {name!r}; the domain has {', '.join(self.faces)}")
        return self.coordinates.index(name[:-1]), 1 if name[-1] == "+" else -1

    def interior(self, number: int, sampler: str = "sobol", seed: tuple[int, ...] = (0,)) -> np.ndarray:
        """``number`` points inside, of shape (number, dimension)."""
        return self._scale(sample_cube(sampler, number, self.dimension, seed))

    def boundary(
        self, number: int, on: Sequence[str], sampler: str = "sobol", seed: tuple[int, ...] = (0,)
    ) -> tuple[np.ndarray, np.ndarray]:
        """``number`` points on each of some faces, and the outward unit normals there."""
        points, normals = [], []
        for i, name in enumerate(on):
            axis, direction = self.face(name)
            flat = sample_cube(sampler, number, self.dimension - 1, (*seed, i))
            if self.dimension == 1:
                flat = flat[:1]  # a face of an interval is one point
            cube = np.insert(flat, axis, (direction + 1) / 2, axis=1)
            normal = np.zeros_like(cube)
            normal[:, axis] = direction
            points.append(self._scale(cube))
            normals.append(normal)
        return np.concatenate(points), np.concatenate(normals)

    def grid(self, *sizes: int) -> list[np.ndarray]:
        """One array of shape ``sizes`` for each coordinate: a regular grid that holds the faces."""
        axes = [np.linspace(low, up, n) for low, up, n in zip(self.lower, self.upper, sizes, strict=True)]
        return list(np.meshgrid(*axes, indexing="ij"))

    def _scale(self, cube: np.ndarray) -> np.ndarray:
        # Exact at the faces, where lower + 1.0 * (upper - lower) may round.
        return np.where(cube == 1, self.upper, self.lower + cube * (self.upper - self.lower))

    def __repr__(self) -> str:
        ranges = zip(self.coordinates, self.lower, self.upper, strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}=({low:g}, {up:g})' for name, low, up in ranges)})"


class Interval(Rectangle):
    """A box of one dimension.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Interval(x=(0, 3.5))
    Interval(x=(0, 3.5))
    """

    def __init__(self, **range: tuple[float, float]) -> None:
        if len(range) != 1:
            raise ArgumentError(f"`Interval` needs one named range, as in Interval(x=(0, 1)); got {len(range)}")
        super().__init__(**range)


def _read_range(name: str, pair: object) -> tuple[float, float]:
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ArgumentTypeError(f"the range of {name!r} must be a pair (lower, upper), got {pair!r}")
    try:
        low, up = float(pair[0]), float(pair[1])
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(f"the range of {name!r} must hold two numbers, got {pair!r}") from failure
    if not (math.isfinite(low) and math.isfinite(up) and low < up):
        raise ArgumentError(f"the range of {name!r} must be finite with lower < upper, got {pair!r}")
    return low, up


def _check_name(name: str, names: tuple[str, ...]) -> None:
    """Refuse names that could not be told apart in ``u.xx``."""
    others = [re.escape(other) for other in names if other != name]
    if others and re.fullmatch(f"(?:{'|'.join(others)})+", name):
        raise ArgumentError(f"the coordinate {name!r} reads as a derivative by other coordinates; rename it")
    if name in RESERVED or name.startswith("_"):
        raise ArgumentError(f"a coordinate cannot be named {name!r}; {', '.join(RESERVED)} and _names are taken")
