"""Directions whose second derivatives make up a Laplacian, exactly or in the mean.

For a random v with E[v v^T] = I, the second derivative along v has the Laplacian as its mean (Hutchinson 1989). Drawn
coordinates, scaled by the root of d, are such v, and leave first layers sparse (Shi et al. 2024, arXiv:2412.00088).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.core.interpreter import ground, value_of
from dualtape.errors import ArgumentError, ShapeError
from dualtape.functions.conversion import read_int
from dualtape.tensor import Tensor

DrawDirections = Callable[[Tensor], tuple[Tensor, float]]


def read_estimator(estimator: Any, samples: Any, seed: Any) -> DrawDirections:
    """A function from points to directions, and by what the sum of second derivatives along them is multiplied."""
    if estimator is None:
        return lambda points: (ground().constant_like(np.eye(points.shape[-1]), points), 1.0)
    if isinstance(estimator, Tensor):
        return lambda points: _given(value_of(estimator), points)
    if not isinstance(estimator, str) or estimator not in _SAMPLERS:
        raise ArgumentError(
            f"`estimator` of `laplacian` must be None, {' or '.join(map(repr, _SAMPLERS))} or a Tensor of directions, "
            f"got {estimator!r}"
        )
    for name, value, least in (("samples", samples, 1), ("seed", seed, 0)):
        if read_int("laplacian", name, value) < least:
            raise ArgumentError(f"`{name}` of `laplacian` must be {least} or more, got {value}")
    numbers = np.random.default_rng(seed)
    sampler = _SAMPLERS[estimator]

    def draw(points: Tensor) -> tuple[Tensor, float]:
        directions, share = sampler(numbers, samples, points.shape[-1])
        return ground().constant_like(directions, points), share

    return draw


def _signs(numbers: np.random.Generator, samples: int, d: int) -> tuple[np.ndarray, float]:
    return numbers.choice([-1.0, 1.0], (samples, d)), 1 / samples


def _coordinates(numbers: np.random.Generator, samples: int, d: int) -> tuple[np.ndarray, float]:
    if samples > d:
        raise ArgumentError(f"`samples` of `laplacian` is {samples}: there are only {d} coordinates to draw from")
    return np.eye(d)[numbers.permutation(d)[:samples]], d / samples


_SAMPLERS = {"hutchinson": _signs, "stde": _coordinates}


def _given(directions: Tensor, points: Tensor) -> tuple[Tensor, float]:
    if directions.ndim != 2 or directions.shape[0] == 0 or directions.shape[1] != points.shape[-1]:
        raise ShapeError(
            f"`estimator` of `laplacian` has shape {directions.shape}; expected directions of shape "
            f"(m, {points.shape[-1]}), m being 1 or more"
        )
    return directions.astype(points.dtype), 1 / directions.shape[0]
