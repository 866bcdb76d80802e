"""Points that follow time: the equations hold in a first part of it before they are asked for in the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.collocation import Drawing, Policy
from dualtape.pinn.history import History
from dualtape.pinn.sampling import read_count

_LARGEST_SHARE = 0.25  # of the time that joins at once
_LOST = 1e-2
"""A loss of so much of the largest one in the first part, at the first look, comes of a step that was too long."""


@dataclass(frozen=True)
class Growing(Policy):
    """The points are in the first part of the time, which grows when the equations hold there.

    A network that is asked for all times at once settles on what is easy late, as a state of rest, before it knows
    what happens first; a step in time at once is what a method of time steps takes. A part that was learned at the
    first look is followed by one twice as long, one that took four looks or more by one half as long. The stage ends
    when the whole time was learned.

    References: Wight & Zhao 2021, *Solving Allen-Cahn and Cahn-Hilliard equations using the adaptive physics informed
    neural networks*, Commun. Comput. Phys. 29, section 3.2 (arXiv:2007.04542); Krishnapriyan et al. 2021,
    *Characterizing possible failure modes in physics-informed neural networks*, NeurIPS 34, section 4.2.

    Parameters
    ----------
    every
        Look after so many steps.
    start
        The first part, as a share of the time, and how much joins it first.
    tolerance
        What counts as learned: a loss of so much of the largest one in the first part.
    patience
        Let it grow after so many steps in any case, as where the network cannot do better.
    number
        How many points, if the training has more: steps of least squares cost the square of it.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.LevenbergMarquardt(400, points=pinn.Growing(start=0.1)).points
    Growing(every=4, start=0.1, tolerance=1e-07, patience=40, number=200)
    """

    every: int = 4
    start: float = 0.025
    tolerance: float = 1e-7
    patience: int = 40
    number: int = 200

    begins_anew = True

    def __post_init__(self) -> None:
        read_count("every", self.every)
        read_count("patience", self.patience)
        read_count("number", self.number)
        for name in ("start", "tolerance"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ArgumentTypeError(f"`{name}` of `Growing` must be a number, got {type(value).__name__}")
            if not 0 < value < 1:
                raise ArgumentError(f"`{name}` of `Growing` must be between 0 and 1, got {value}")

    def redrawn(self, draw: Drawing, present: np.ndarray, residual: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        domain = draw.problem.domain
        if domain.time is None:
            raise ArgumentError(f"`Growing` needs a time, and {domain} has none: the coordinate `t`, or a `pinn.Time`")
        begin, end = domain.bounds[domain.time]
        share, _ = self.reached(draw.losses)
        part = domain.during(begin, begin + share * (end - begin)) if share < 1 else domain
        return part.points_inside(min(self.number, draw.number), draw.sampler, (draw.seed, draw.draws, 0))

    def is_over(self, history: History) -> bool:
        return self.reached(history.of_stage)[1]

    def reached(self, losses: np.ndarray) -> tuple[float, bool]:
        """The share of time after the losses of a stage's steps, and whether the whole of it was learned.

        It follows from them alone, so that a training that goes on from a file has it as it was.
        """
        share = joins = self.start
        learned = scale = 0.0
        waited = 0
        for done in range(self.every, len(losses) + 1, self.every):
            waited += self.every
            loss = losses[done - 1]
            if not learned:
                scale = losses[:done].max()
            lost = waited == self.every and loss > _LOST * scale
            if learned and joins > self.start / 8 and (lost or waited >= self.patience):
                joins /= 2
            elif loss <= self.tolerance * scale or waited >= self.patience:
                if share >= 1:
                    return 1.0, True
                joins = self._next(joins, waited // self.every)
                learned = share
            else:
                continue
            share, waited = min(learned + joins, 1.0), 0
        return share, False

    def _next(self, joins: float, looks: int) -> float:
        """How much joins after a part that was learned by so many looks."""
        if looks == 1:
            return min(2 * joins, _LARGEST_SHARE)
        return joins / 2 if looks >= 4 and joins > self.start / 8 else joins
