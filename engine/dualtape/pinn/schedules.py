"""Schedules that are made for the user: what `solve` does by itself, and from easy problems to hard ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentTypeError
from dualtape.pinn.stage import Schedule, TrainingStage, read_schedule
from dualtape.pinn.stages import LBFGS, Adam, LevenbergMarquardt, SSBroyden

# Up to so many weights the default keeps a matrix in full, of 128 MB then.
DENSE_WEIGHTS = 4_000
# Up to so many weights times points the default begins with least squares, whose steps then cost little more than a
# gradient: the first three digits of a pendulum and a beam came in a third to two thirds of the time, and the last as
# soon as otherwise. With ten times as many points that was over.
SMALL_JACOBIAN, _FIRST_STEPS = 100_000, 60


def default_schedule(
    weights: int, steps: int = 200, curvature_steps: int = 20_000, points: int | None = None
) -> Schedule:
    """What :func:`solve` does by itself: a stage to leave the start behind, then as much curvature as can be had.

    The latter is the matrix of :class:`SSBroyden` for up to 4000 weights, and the memory of :class:`LBFGS` for more.
    The former is :class:`Adam`, or :class:`LevenbergMarquardt` where the product of weights and points is at most 1e5.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.default_schedule(weights=1_341), pinn.default_schedule(weights=100_000)
    (Adam(200) >> SSBroyden(20000), Adam(200) >> LBFGS(20000))
    >>> pinn.default_schedule(weights=321, points=64)
    LevenbergMarquardt(60) >> SSBroyden(20000)
    """
    curvature = SSBroyden(curvature_steps) if weights <= DENSE_WEIGHTS else LBFGS(curvature_steps)
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
