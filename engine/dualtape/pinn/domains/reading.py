"""What the arguments of a domain are refused for, and what its methods gave."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError

# What fields and points are asked for by these names, whatever the coordinates are called.
OF_FIELDS = (
    "value",
    "level",
    "shape",
    "dtype",
    "device",
    "name",
    "by",
    "primal",
    "d",
    "at",
    "grad",
    "laplacian",
    "normal",
    "asked",
    "coordinates",
)
OF_POINTS = (
    "points",
    "values",
    "normal_coordinates",
    "normal_along",
    "integral",
    "integral_over",
    "quadrature_weights",
    "means",
)
RESERVED = (*OF_POINTS, *OF_FIELDS)


def read_range(name: str, pair: object) -> tuple[float, float]:
    """A pair (lower, upper) of finite numbers."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ArgumentTypeError(f"the range of {name!r} must be a pair (lower, upper){_ends(name, pair)}, got {pair!r}")
    try:
        low, up = float(pair[0]), float(pair[1])
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(f"the range of {name!r} must hold two numbers, got {pair!r}") from failure
    if not (math.isfinite(low) and math.isfinite(up) and low < up):
        raise ArgumentError(f"the range of {name!r} must be finite with lower < upper, got {pair!r}")
    return low, up


def _ends(name: str, given: object) -> str:
    """What to write in place of an array of numbers."""
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError):
        return ""
    return f", as in {name}=({numbers.min():g}, {numbers.max():g})" if numbers.size > 1 else ""


def check_coordinate(name: str, names: tuple[str, ...]) -> None:
    """Refuse names that could not be told apart in ``u.xx``."""
    others = [re.escape(other) for other in names if other != name]
    if others and re.fullmatch(f"(?:{'|'.join(others)})+", name):
        raise ArgumentError(f"the coordinate {name!r} reads as a derivative by other coordinates; rename it")
    if name in RESERVED or name.startswith("_"):
        raise ArgumentError(f"a coordinate cannot be named {name!r}; {', '.join(RESERVED)} and _names are taken")


def read_parts(owner: str, parts: object, coordinates: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The parts of a boundary, each with the coordinates along which its normals may have a component."""
    given = f"`parts` of {owner}"
    if not isinstance(parts, Mapping) or not all(isinstance(across, Sequence) for across in parts.values()):
        raise ArgumentTypeError(
            f"{given} must be a mapping such as {{'rim': ('x', 'y')}}, from names to coordinates; got {parts!r}"
        )
    for name, across in parts.items():
        if not set(across) <= set(coordinates):
            raise ArgumentError(f"{given} gives {name!r} {across!r}; the coordinates are {', '.join(coordinates)}")
    return {name: tuple(across) for name, across in parts.items()}


def read_rows(method: str, what: str, rows: object, number: int, dimension: int, fewer: bool = False) -> np.ndarray:
    """Points or normals that a method gave: one row for each of ``number``, or for ``fewer`` if that may be."""
    given, expected = f"{method} returned {what}", f"expected {what}"
    if not isinstance(rows, np.ndarray) or rows.dtype.kind not in "iuf":
        kind = f"{type(rows).__name__} of {rows.dtype}" if isinstance(rows, np.ndarray) else type(rows).__name__
        raise ArgumentTypeError(f"{given} as {kind}; {expected} as a NumPy array of numbers")
    count = min(number, max(1, len(rows))) if fewer and rows.ndim else number
    if rows.shape != (count, dimension):
        raise ShapeError(f"{given} of shape {rows.shape}; {expected} of shape {(count, dimension)}")
    if not np.isfinite(rows).all():
        raise ArgumentError(f"{given} with infinities or NaNs; {expected} that are finite")
    return rows


def read_point(argument: str, value: Any, dimension: int | None = None) -> np.ndarray:
    """A point as floats, of ``dimension`` coordinates if that is given."""
    try:
        point = np.array(value, np.float64)
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(f"`{argument}` must hold numbers, got {value!r}") from failure
    if point.ndim != 1 or not point.size or (dimension is not None and point.size != dimension):
        wanted = "one number for each coordinate" if dimension is None else f"{dimension} numbers"
        raise ShapeError(f"`{argument}` must hold {wanted}, got shape {point.shape}")
    if not np.isfinite(point).all():
        raise ArgumentError(f"`{argument}` must be finite, got {value!r}")
    return point


def read_length(argument: str, value: Any) -> float:
    """A positive, finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"`{argument}` must be a number, got {type(value).__name__}")
    if not (math.isfinite(value) and value > 0):
        raise ArgumentError(f"`{argument}` must be positive and finite, got {value}")
    return float(value)


def read_names(names: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    """The names of the coordinates: x, y, z, or x1, x2, ... where there are more."""
    if names is None:
        return ("x", "y", "z")[:dimension] if dimension <= 3 else tuple(f"x{i + 1}" for i in range(dimension))
    given = tuple(names)
    if isinstance(names, str) or len(set(given)) != dimension or not all(isinstance(name, str) for name in given):
        raise ArgumentError(f"`names` must be {dimension} different names of coordinates, got {names!r}")
    return given
