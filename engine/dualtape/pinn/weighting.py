"""Weights of the loss that follow the training: of terms, of moments in time, of single points.

They are part of the batches, so a checkpoint holds them, and between two updates the loss is one function.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.sampling import read_count

PointWeights = list[np.ndarray]
"""For each term one array of shape (N, m): a row for each point, a column for each residual."""


class TrainingFacts(NamedTuple):
    """What weights are made from.

    Attributes
    ----------
    weights
        Those of now.
    times
        The moment of each point of the equations, of shape (N,); ``None`` if there is no time.
    residuals
        Computes the residuals of each term, in the shape of the weights.
    norms
        Computes how long the gradient of each residual's mean square is, in the order of the columns of all terms.
    traces
        Computes for each of them the mean square of the gradients of its single residuals, in the same order.
    steps
        How many steps the training has taken.
    balanced
        For each term whether its weight is to be found; the first is that of the equations.
    """

    weights: PointWeights
    times: np.ndarray | None
    residuals: Callable[[], PointWeights]
    norms: Callable[[], np.ndarray]
    traces: Callable[[], np.ndarray]
    steps: int
    balanced: tuple[bool, ...]


class Weighting(ABC):
    """How weights follow the training: by terms, as :class:`Balanced` and :class:`GradientNorm`, in time, at points."""

    every: int
    """After so many steps they are computed anew."""

    @abstractmethod
    def updated(self, present: TrainingFacts) -> PointWeights:
        """The weights from now on."""

    def redrawn(self, before: PointWeights, shapes: list[tuple[int, int]]) -> PointWeights:
        """The first weights of new points: those of the terms."""
        return [np.broadcast_to(w.mean(axis=0), shape).copy() for w, shape in zip(before, shapes, strict=True)]


@dataclass(frozen=True)
class Balanced(Weighting):
    """Conditions whose weight nobody gave get one from the first steps of a training, and keep it: the default.

    The weight is the norm of the equations' gradient over that of the condition's, within bounds: conditions that are
    learned late are learned in vain, and one that holds by chance has no gradient. It is taken at the beginning and
    after each ``every`` steps until ``until``, as the geometric mean of what it was and what it would be now.
    Equations, and conditions with a weight of their own, keep theirs. ``print(solution.history)`` shows all weights.

    Reference: Wang, Teng & Perdikaris 2021, *Understanding and mitigating gradient flow pathologies in physics-informed
    neural networks*, SIAM J. Sci. Comput. 43 (arXiv:2001.04536), algorithm 1, whose weights never rest and have no
    bounds.

    Parameters
    ----------
    least, most
        Between which values weights are.
    every, until
        After how many steps, and until which.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Balanced()
    Balanced(least=10.0, most=100.0, every=100, until=200)
    """

    least: float = 10.0
    most: float = 100.0
    every: int = 100
    until: int = 200

    def __post_init__(self) -> None:
        read_count("every", self.every)
        read_count("until", self.until, 0)
        if not 0 < self.least <= self.most < math.inf:
            raise ArgumentError(
                f"`least` and `most` of `Balanced` must be positive and in this order, got {self.least} and {self.most}"
            )

    def updated(self, present: TrainingFacts) -> PointWeights:
        if present.steps > self.until:
            return present.weights
        norms = present.norms()
        equations = norms[: present.weights[0].shape[1]].max()
        found, start = [], 0
        for weights, balanced in zip(present.weights, present.balanced, strict=True):
            own = norms[start : start + weights.shape[1]]
            start += weights.shape[1]
            if balanced:
                ratios = np.divide(equations, own, out=np.zeros_like(own), where=own > 0)
                wanted = np.clip(np.where(np.isfinite(ratios), ratios, 0.0), self.least, self.most)
                weights = np.broadcast_to(wanted, weights.shape) if present.steps == 0 else np.sqrt(weights * wanted)
            found.append(weights)
        return found


@dataclass(frozen=True)
class GradientNorm(Weighting):
    """The gradients of all terms are made equally long, so that none of them is trained alone.

    The weight of a term moves towards the sum of the norms of all terms' gradients over its own.

    Reference: Wang, Sankaran, Wang & Perdikaris 2023, *An expert's guide to training physics-informed neural networks*
    (arXiv:2308.08468), algorithm 1.

    Parameters
    ----------
    every
        After so many steps.
    keep
        How much of the old weights is kept each time.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.GradientNorm(every=50)
    GradientNorm(every=50, keep=0.9)
    """

    every: int = 100
    keep: float = 0.9

    def __post_init__(self) -> None:
        read_count("every", self.every)
        _check_share("keep", self.keep)

    def updated(self, present: TrainingFacts) -> PointWeights:
        return _moved(present.weights, present.norms(), self.keep)


@dataclass(frozen=True)
class TangentKernel(Weighting):
    """All terms are made to fall equally fast, as the mean eigenvalues of their neural tangent kernels (NTK) say.

    The weight of a term moves towards the sum of the kernels' mean traces over its own. It takes the Jacobian of all
    residuals, and is dearer than :class:`GradientNorm` by as much.

    Reference: Wang, Yu & Perdikaris 2022, *When and why PINNs fail to train: a neural tangent kernel perspective*,
    J. Comput. Phys. 449 (arXiv:2007.14527), algorithm 1.

    Parameters
    ----------
    every
        After so many steps.
    keep
        How much of the old weights is kept each time.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.TangentKernel().every
    500
    """

    every: int = 500
    keep: float = 0.0

    def __post_init__(self) -> None:
        read_count("every", self.every)
        _check_share("keep", self.keep)

    def updated(self, present: TrainingFacts) -> PointWeights:
        return _moved(present.weights, present.traces(), self.keep)


@dataclass(frozen=True)
class Causal(Weighting):
    """What comes later counts when what comes before it has been learned.

    Time is cut into ``bins``; the points of one weigh ``exp(-epsilon * (sum of the mean squares in the bins before))``.

    Reference: Wang, Sankaran & Perdikaris 2024, *Respecting causality for training physics-informed neural networks*,
    CMAME 421 (arXiv:2203.07404), equation 2.13.

    Parameters
    ----------
    epsilon
        How strictly.
    bins
        How many.
    every
        After so many steps.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.Causal(epsilon=10.0).bins
    32
    """

    epsilon: float = 1.0
    bins: int = 32
    every: int = 10

    def __post_init__(self) -> None:
        read_count("every", self.every)
        read_count("bins", self.bins)
        if not 0 < self.epsilon < math.inf:
            raise ArgumentError(f"`epsilon` of `Causal` must be positive and finite, got {self.epsilon}")

    def updated(self, present: TrainingFacts) -> PointWeights:
        if present.times is None:
            raise ArgumentError("`Causal` needs a coordinate that is time")
        equations, *conditions = present.weights
        squares = (present.residuals()[0] ** 2).sum(axis=1)
        low, up = present.times.min(), present.times.max()
        places = np.minimum((present.times - low) / ((up - low) or 1.0) * self.bins, self.bins - 1).astype(int)
        counts = np.maximum(np.bincount(places, minlength=self.bins), 1)
        means = np.bincount(places, squares, self.bins) / counts
        before = np.concatenate([[0.0], np.cumsum(means)[:-1]])
        return [np.broadcast_to(np.exp(-self.epsilon * before)[places, None], equations.shape).copy(), *conditions]


@dataclass(frozen=True)
class SelfAdaptive(Weighting):
    """Each point has a weight of its own, which grows as long as its residual is large.

    The weights ascend where the network descends: by ``rate * residual ** 2`` over the mean of all squares.
    New points begin with the mean of the weights before, so the points should be :class:`Fixed`.

    Reference: McClenny & Braga-Neto 2023, *Self-adaptive physics-informed neural networks*, J. Comput. Phys. 474
    (arXiv:2009.04544).

    Parameters
    ----------
    rate
        How fast.
    every
        After so many steps.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.SelfAdaptive(rate=0.05).every
    10
    """

    rate: float = 0.1
    every: int = 10

    def __post_init__(self) -> None:
        read_count("every", self.every)
        if not 0 < self.rate < math.inf:
            raise ArgumentError(f"`rate` of `SelfAdaptive` must be positive and finite, got {self.rate}")

    def updated(self, present: TrainingFacts) -> PointWeights:
        squares = [residuals**2 for residuals in present.residuals()]
        mean = max(np.mean([square.mean() for square in squares]), np.finfo(np.float64).tiny)
        return [weights + self.rate / mean * square for weights, square in zip(present.weights, squares, strict=True)]


def _moved(present: PointWeights, sizes: np.ndarray, keep: float) -> PointWeights:
    """Weights on their way to the sum of all sizes over that of their own term."""
    wanted = sizes.sum() / np.maximum(sizes, np.finfo(np.float64).tiny ** 0.5)
    wanted[~np.isfinite(wanted) | (sizes == 0)] = 1.0
    found, start = [], 0
    for weights in present:
        columns = wanted[start : start + weights.shape[1]]
        found.append(keep * weights + (1 - keep) * columns)
        start += weights.shape[1]
    return found


def _check_share(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ArgumentError(f"`{name}` must be from 0 up to but without 1, got {value}")
