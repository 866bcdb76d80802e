"""Schedules that are made for the user: what `solve` does by itself, and from easy problems to hard ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentTypeError
from dualtape.pinn.growing import Growing
from dualtape.pinn.problem import Problem
from dualtape.pinn.stage import Schedule, TrainingStage, read_schedule
from dualtape.pinn.stages import LBFGS, Adam, LevenbergMarquardt, SSBroyden

# Up to so many weights the default keeps a matrix in full, of 128 MB then.
DENSE_WEIGHTS = 4_000
# Up to so many weights times points the default begins with least squares, whose steps then cost little more than a
# gradient: the first three digits of a pendulum and a beam came in a third to two thirds of the time, and the last as
# soon as otherwise. With ten times as many points that was over.
SMALL_JACOBIAN, _FIRST_STEPS = 100_000, 60


def default_points(problem: Problem) -> int:
    """How many points the equations are taken at: on a line fewer are as dense.

    Examples
    --------
    >>> from dualtape import pinn
    >>> from dualtape.pinn.schedules import default_points
    >>> default_points(pinn.Problem(pinn.Interval(t=(0, 1)), lambda u, p: u.t + u))
    500
    """
    return 500 if problem.domain.dimension == 1 else 2_500


def has_initial_values_alone(problem: Problem) -> bool:
    """Whether it is one of ordinary equations, and all that is given is where time begins."""
    conditions = (*problem.conditions, *problem.hard)
    return (
        problem.domain.time is not None
        and not problem.domain.space
        and bool(conditions)
        and all(condition.initial_order is not None for condition in conditions)
    )


def default_schedule(
    weights: int,
    steps: int = 200,
    curvature_steps: int = 20_000,
    points: int | None = None,
    initial_values: bool = False,
) -> Schedule:
    """What :func:`solve` does by itself: a stage to leave the start behind, then as much curvature as can be had.

    The latter is the matrix of :class:`SSBroyden` for up to 4000 weights, and the memory of :class:`LBFGS` for more.
    The former is :class:`Adam`, or :class:`LevenbergMarquardt` where the product of weights and points is at most 1e5.
    Where ``initial_values`` are all that is given to ordinary equations, with up to 4000 weights, it is
    :class:`LevenbergMarquardt` on points that are :class:`Growing` in time.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.default_schedule(weights=1_341), pinn.default_schedule(weights=100_000)
    (Adam(200) >> SSBroyden(20000), Adam(200) >> LBFGS(20000))
    >>> pinn.default_schedule(weights=321, points=64)
    LevenbergMarquardt(60) >> SSBroyden(20000)
    >>> pinn.default_schedule(weights=882, initial_values=True).stages[0]
    LevenbergMarquardt(800, points=Growing(every=4, start=0.025, tolerance=1e-07, patience=40, number=200))
    """
    curvature = SSBroyden(curvature_steps) if weights <= DENSE_WEIGHTS else LBFGS(curvature_steps)
    if initial_values and weights <= DENSE_WEIGHTS:
        return LevenbergMarquardt(4 * steps, points=Growing()) >> curvature
    if points is not None and weights * points <= SMALL_JACOBIAN:
        return LevenbergMarquardt(min(_FIRST_STEPS, steps)) >> curvature
    return Adam(steps) >> curvature


def curriculum(parameter: dt.Parameter, values: Sequence[float], stages: TrainingStage | Schedule) -> Schedule:
    """The same stages for one value of a Parameter after the other, from an easy problem to a hard one.

    Krishnapriyan et al. 2021, *Characterizing possible failure modes in physics-informed neural networks*, NeurIPS 34,
    section 4.1: a wave of speed 30 is learned by way of slower ones.

    Parameters
    ----------
    parameter
        One of the equations, made with ``requires_grad=False``; not trained.
    values
        The last one is that of the problem.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> speed = dt.Parameter(dt.Tensor([1.0]), name="speed", requires_grad=False)
    >>> pinn.curriculum(speed, (1.0, 30.0), pinn.Adam(200))
    Adam(200, holds={speed: 1.0}) >> Adam(200, holds={speed: 30.0})
    """
    if not isinstance(parameter, dt.Parameter):
        raise ArgumentTypeError(f"`parameter` of `curriculum` must be a Parameter, got {type(parameter).__name__}")
    if not isinstance(values, (Sequence, np.ndarray)) or not len(values):
        raise ArgumentTypeError(f"`values` of `curriculum` must be a tuple of numbers, got {values!r}")
    each = read_schedule(stages).stages
    return Schedule(tuple(replace(stage, holds={**stage.holds, parameter: x}) for x in values for stage in each))
