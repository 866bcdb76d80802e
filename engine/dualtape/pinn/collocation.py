"""The points at which the loss is taken: drawn by seed, redrawn in the course of training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dualtape.errors import ArgumentTypeError, ShapeError
from dualtape.pinn.conditions import Arrays
from dualtape.pinn.problem import Problem

CANDIDATES = 8  # for each point


def draw_batches(problem: Problem, number: int, sampler: str, seed: int, draws: int) -> list[Arrays]:
    """One set of points for the equations and one for each condition; ``draws`` counts the times it was done before."""
    sets = [{"points": problem.domain.points_inside(number, sampler, (seed, draws, 0))}]
    for i, condition in enumerate(problem.conditions):
        arrays = condition.sample(problem.domain, sampler, (seed, draws, i + 1))
        if not isinstance(arrays, dict) or "points" not in arrays:
            raise ArgumentTypeError(
                f"`sample` of `{condition.name}` returned {type(arrays).__name__}; expected a dict of arrays, "
                "{'points': ...}, with whatever else the equation finds in `p`"
            )
        if not arrays["points"].size:
            raise ShapeError(f"`{condition.name}` has no points; expected at least one")
        sets.append(arrays)
    return sets


def draw_where_large(
    problem: Problem, number: int, sampler: str, seed: int, draws: int, residual: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Points for the equations, half of them spread evenly and half where ``residual`` is large.

    Those are taken from many candidates with a probability in proportion to the residual's size, after Wu et al. 2023,
    *A comprehensive study of non-adaptive and residual-based adaptive sampling for physics-informed neural networks*.
    """
    adaptive = number // 2
    even = problem.domain.points_inside(number - adaptive, sampler, (seed, draws, 0))
    candidates = problem.domain.points_inside(CANDIDATES * number, sampler, (seed, draws, 0, 1))
    size = np.abs(residual(candidates).astype(np.float64)).ravel()
    size[~np.isfinite(size)] = 0  # the loss there will tell
    density = size + 0.1 * size.mean() + np.finfo(np.float64).tiny
    random = np.random.default_rng((seed, draws))
    chosen = random.choice(len(candidates), adaptive, replace=False, p=density / density.sum(), shuffle=False)
    return np.concatenate([even, candidates[chosen]])
