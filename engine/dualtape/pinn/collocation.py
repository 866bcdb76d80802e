"""The points at which the loss is taken: drawn by seed, and redrawn during training where the equations hold worst.

Reference: Wu, Zhu, Tan, Kartha & Lu 2023, *A comprehensive study of non-adaptive and residual-based adaptive sampling
for physics-informed neural networks*, CMAME 403 (arXiv:2207.10289).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.condition import Arrays
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.sampling import read_count

CANDIDATES = 8  # for each point


class Drawing(NamedTuple):
    """What points are drawn by: ``draws`` counts how often it was done before, ``losses`` are the stage's so far."""

    problem: Problem
    number: int
    sampler: str
    seed: int
    draws: int
    losses: np.ndarray

    def conditions(self) -> list[Arrays]:
        """One set of points for each condition."""
        sets = []
        for i, condition in enumerate(self.problem.conditions):
            arrays = condition.sample(self.problem.domain, self.sampler, (self.seed, self.draws, i + 1))
            if not isinstance(arrays, dict) or "points" not in arrays:
                raise ArgumentTypeError(
                    f"`sample` of `{condition.name}` returned {type(arrays).__name__}; expected a dict of arrays, "
                    "{'points': ...}, with whatever else the equation finds in `p`"
                )
            points, dimension = np.asarray(arrays["points"]), self.problem.domain.dimension
            if not points.size:
                raise ShapeError(f"`{condition.name}` has no points; expected at least one")
            if points.ndim != 2 or points.shape[1] != dimension:
                raise ShapeError(
                    f"`sample` of `{condition.name}` gave points of shape {points.shape}; expected (N, {dimension}): a "
                    f"row for each point, with {', '.join(self.problem.domain.coordinates)}"
                )
            sets.append(arrays)
        return sets

    def even(self, number: int, *stream: int) -> np.ndarray:
        """Points for the equations, spread evenly."""
        return self.problem.domain.points_inside(number, self.sampler, (self.seed, self.draws, 0, *stream))

    def where_large(self, residual: Callable[[np.ndarray], np.ndarray], number: int, k: float, c: float) -> np.ndarray:
        """Of many candidates so many, with a probability in proportion to ``|residual| ** k / mean + c``."""
        candidates = self.even(CANDIDATES * self.number, 1)
        size = np.abs(residual(candidates).astype(np.float64)).ravel() ** k
        size[~np.isfinite(size)] = 0  # the loss there will tell
        density = size / (size.mean() or 1.0) + max(c, np.finfo(np.float32).eps)
        random = np.random.default_rng((self.seed, self.draws))
        number = min(number, len(candidates))
        return candidates[
            random.choice(len(candidates), number, replace=False, p=density / density.sum(), shuffle=False)
        ]


class Policy(ABC):
    """Which points a stage of training takes: :class:`Fixed`, :class:`RAD`, :class:`RARD` or :class:`Growing`."""

    every: int
    """After how many steps they are drawn again; 0 for never."""
    begins_anew = False
    """Whether even a first stage begins with points that are drawn by it."""

    @abstractmethod
    def redrawn(self, draw: Drawing, present: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The points of the equations from now on."""

    def is_over(self, history: History) -> bool:
        """Whether it ends the present stage of a history."""
        return False


@dataclass(frozen=True)
class Fixed(Policy):
    """The points stay the same."""

    every = 0

    def redrawn(self, draw: Drawing, present: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return present


@dataclass(frozen=True)
class RAD(Policy):
    """All points are drawn anew, with a density in proportion to ``|residual| ** k / mean + c``.

    The share ``c / (1 + c)`` of them, which does not depend on the residual, is spread evenly instead of by chance.

    Parameters
    ----------
    every
        After so many steps.
    k, c
        See above; section 2.4.2 of Wu et al. 2023.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.SSBroyden(2_000, points=pinn.RAD(every=250)).points
    RAD(every=250, k=2.0, c=1.0)
    """

    every: int = 200
    k: float = 2.0
    c: float = 1.0

    def __post_init__(self) -> None:
        _check(self)

    def redrawn(self, draw: Drawing, present: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        adaptive = round(draw.number / (1 + self.c))
        return np.concatenate(
            [draw.even(draw.number - adaptive), draw.where_large(residual, adaptive, self.k, 0.0)]
            if adaptive < draw.number
            else [draw.where_large(residual, adaptive, self.k, 0.0)]
        )


@dataclass(frozen=True)
class RARD(Policy):
    """Further points are added, with a density in proportion to ``|residual| ** k / mean + c``; the others stay.

    Parameters
    ----------
    every
        After so many steps.
    added
        How many points each time.
    k, c
        See above; section 2.4.3 of Wu et al. 2023.
    """

    every: int = 500
    added: int = 100
    k: float = 2.0
    c: float = 0.0

    def __post_init__(self) -> None:
        _check(self)
        read_count("added", self.added)

    def redrawn(self, draw: Drawing, present: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        return np.concatenate([present, draw.where_large(residual, self.added, self.k, self.c)])


def _check(policy: RAD | RARD) -> None:
    read_count("every", policy.every)
    for name in ("k", "c"):
        value = getattr(policy, name)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise ArgumentError(
                f"`{name}` of `{type(policy).__name__}` must be a finite number from 0 on, got {value!r}"
            )
