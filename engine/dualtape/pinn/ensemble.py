"""Several solutions of one problem: their mean, and how far they are from each other."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from os import PathLike
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError
from dualtape.pinn.history import History
from dualtape.pinn.problem import Problem
from dualtape.pinn.solution import Solution
from dualtape.pinn.stages import Adam
from dualtape.pinn.together import train_together


class Ensemble:
    """Solutions of one problem, trained from different first weights, points or data.

    Where they differ, at least one of them is wrong; where they agree, all may still be wrong in the same way. As an
    estimate of the uncertainty that comes of training: Lakshminarayanan, Pritzel & Blundell 2017, *Simple and scalable
    predictive uncertainty estimation using deep ensembles*, NeurIPS 30 (arXiv:1612.01474).

    Attributes
    ----------
    members
        The solutions.
    mean
        Their mean as a solution, with derivatives, residuals, integrals and the rest.

    Examples
    --------
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
    >>> options = {"optimizer": pinn.Adam(20), "points": 10, "progress": False}
    >>> members = [pinn.solve(problem, nn.MLP(1, 1, width=4, seed=seed), **options) for seed in range(3)]
    >>> ensemble = pinn.Ensemble(members)
    >>> ensemble(x=[0.0, 1.0]).shape, ensemble.spread(x=[0.0, 1.0]).shape
    ((2,), (2,))
    """

    def __init__(self, members: Sequence[Solution]) -> None:
        self.members = tuple(members)
        for i, member in enumerate(self.members):
            if not isinstance(member, Solution):
                raise ArgumentTypeError(f"member {i} of `Ensemble` must be a Solution, got {type(member).__name__}")
        if len(self.members) < 2:
            raise ArgumentError(f"an Ensemble has two members or more, got {len(self.members)}")
        first = self.problem
        for i, member in enumerate(self.members):
            there = member.problem
            if there.unknowns != first.unknowns or there.domain.coordinates != first.domain.coordinates:
                raise ArgumentError(
                    f"member {i} of `Ensemble` has the unknowns {', '.join(there.unknowns)} of "
                    f"{', '.join(there.domain.coordinates)}, and member 0 {', '.join(first.unknowns)} of "
                    f"{', '.join(first.domain.coordinates)}"
                )

        kinds = [member.network.trainable_params()[0].dtype for member in self.members]
        if other := [kind for kind in kinds if kind is not kinds[0]]:
            raise DTypeError(
                f"members of `Ensemble` are of {kinds[0]} and of {other[0]}; all must have one element type"
            )
        fields = [member.field for member in self.members]
        networks = dt.nn.CellList([member.network for member in self.members], auto_prefix=False)
        self.mean = Solution(
            first,
            networks,
            lambda points: reduce(operator.add, [field(points) for field in fields]) / len(fields),
            self.members[0].network.trainable_params()[0],
            History(self.members[0].history.names),
            sum(member.seconds for member in self.members),
        )

    @classmethod
    def train(
        cls,
        problem: Problem,
        networks: Sequence[dt.nn.Cell],
        optimizer: Adam,
        *,
        points: int = 2_500,
        sampler: str = "sobol",
        scaled: bool = True,
        seed: int = 0,
        progress: bool | None = None,
    ) -> Ensemble:
        """Train networks of one shape together: one kernel computes the losses and gradients of all of them.

        Each is trained as it would be alone, by :func:`dualtape.pinn.solve` with the same points in every step
        (``resample=0``); conditions that have no weight get 1. Go on with any of them by ``pinn.solve(problem,
        member.network)``. Ctrl-C stops all of them after the same step, and raises KeyboardInterrupt; the networks keep
        what they have learnt.

        Parameters
        ----------
        problem
            What all of them solve.
        networks
            Cells that differ in the values of their trainable parameters alone, as those of :class:`dualtape.nn.MLP`
            with other seeds do. They are trained in place; if one fails, none has changed.
        optimizer
            ``pinn.Adam(steps, learning_rate=...)``.
        points, sampler, scaled, seed, progress
            As of :func:`dualtape.pinn.solve`.

        Raises
        ------
        DivergedError
            The loss of a member became infinite or NaN.

        Examples
        --------
        >>> from dualtape import nn, pinn
        >>> problem = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x - u, [pinn.dirichlet(1.0, on="x-")])
        >>> networks = [nn.MLP(1, 1, width=4, seed=seed) for seed in range(3)]
        >>> pinn.Ensemble.train(problem, networks, pinn.Adam(20), points=10, progress=False)
        Ensemble(u: 3 members)
        """
        return cls(train_together(problem, networks, optimizer, points, sampler, scaled, seed, progress))

    @property
    def problem(self) -> Problem:
        """The problem of the first member."""
        return self.members[0].problem

    def __call__(self, points: Any = None, **coordinates: Any) -> Any:
        """The mean of the unknowns at points: an array, or a tuple of them; see :meth:`Solution.__call__`."""
        return self.mean(points, **coordinates)

    def spread(self, points: Any = None, **coordinates: Any) -> Any:
        """The standard deviation of the unknowns over the members at points (that of a sample, with n - 1)."""
        return self._each(lambda values: values.std(axis=0, ddof=1), points, coordinates)

    def values(self, points: Any = None, **coordinates: Any) -> Any:
        """The unknowns of all members at points: arrays of shape (members, ...)."""
        return self._each(lambda values: values, points, coordinates)

    def evaluate(self, expression: Callable[..., Any], points: Any = None, **coordinates: Any) -> np.ndarray:
        """What an expression is for each member, of shape (members, ...); see :meth:`Solution.evaluate`."""
        found = [member.evaluate(expression, points, **coordinates) for member in self.members]
        if isinstance(found[0], tuple):
            raise ArgumentError("`evaluate` of an Ensemble takes one expression at a time, and this one is a tuple")
        return np.stack([np.asarray(x) for x in found])

    def error(
        self, reference: Callable[..., Any] | np.ndarray | None = None, points: Any = None, norm: str = "l2"
    ) -> float:
        """The relative error of the mean; see :meth:`Solution.error`."""
        return self.mean.error(reference, points, norm)

    def plot(
        self,
        path: str | PathLike[str] | None = None,
        unknown: str | None = None,
        at: Mapping[str, float] | None = None,
        deviations: float = 2.0,
    ) -> Any:
        """Draw the mean with a band of so many standard deviations, or of two coordinates mean and spread as maps.

        Parameters
        ----------
        path
            Where to save the picture; its ending says the format.
        unknown
            Which unknown; the first by default.
        at
            Values of coordinates that are fixed, as in ``{"t": 1.0}``.
        deviations
            How wide the band is, to each side.

        Returns
        -------
        matplotlib.figure.Figure
            The figure.
        """
        from dualtape.pinn.bands import draw_ensemble

        return draw_ensemble(self, path, unknown, dict(at or {}), deviations)

    def _each(self, made: Callable[[np.ndarray], np.ndarray], points: Any, coordinates: dict[str, Any]) -> Any:
        found = [member(points, **coordinates) for member in self.members]
        if isinstance(found[0], tuple):
            together = zip(*found, strict=True)
            return tuple(made(np.stack([np.asarray(x) for x in values])) for values in together)
        return made(np.stack([np.asarray(x) for x in found]))

    def __len__(self) -> int:
        return len(self.members)

    def __repr__(self) -> str:
        return f"Ensemble({', '.join(self.problem.unknowns)}: {len(self)} members)"
