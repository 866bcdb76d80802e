"""Points in the unit cube: independent random ones, or sequences that fill it more evenly."""

from __future__ import annotations

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError

SAMPLERS = ("sobol", "halton", "latin", "uniform")


def sample_cube(sampler: str, number: int, dimension: int, seed: tuple[int, ...]) -> np.ndarray:
    """``number`` points of the open unit cube, of shape (number, dimension) in float64.

    Parameters
    ----------
    sampler
        ``'sobol'``, ``'halton'`` (both scrambled), ``'latin'`` (Latin hypercube) or ``'uniform'``.
    seed
        A tuple of ints; equal tuples give equal points, different ones independent points.
    """
    if dimension == 0:
        return np.zeros((number, 0))
    points = _draw(read_sampler(sampler), number, dimension, np.random.default_rng(seed))
    # Scrambled sequences may touch the faces, which belong to the conditions.
    edge = np.finfo(np.float32).eps
    return np.asarray(np.clip(points, edge, 1 - edge))


def read_sampler(sampler: object) -> str:
    """``sampler`` if it is one of :data:`SAMPLERS`."""
    if not isinstance(sampler, str):
        raise ArgumentTypeError(f"`sampler` must be a str, one of {', '.join(SAMPLERS)}; got {type(sampler).__name__}")
    if sampler not in SAMPLERS:
        raise ArgumentError(f"`sampler` must be one of {', '.join(SAMPLERS)}; got {sampler!r}")
    return sampler


def read_count(argument: str, number: object, lowest: int = 1) -> int:
    """An int that is not below ``lowest``: an empty set of points would make a loss of NaN."""
    if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
        raise ArgumentTypeError(f"`{argument}` must be an int, got {type(number).__name__}")
    if number < lowest:
        raise ArgumentError(f"`{argument}` must be {lowest} or more, got {number}")
    return int(number)


def _draw(sampler: str, number: int, dimension: int, random: np.random.Generator) -> np.ndarray:
    if sampler == "uniform":
        return random.random((number, dimension))
    from scipy.stats import qmc

    if sampler == "sobol":
        # A power of two keeps the sequence balanced (and SciPy quiet); any prefix of it is as good as it gets.
        return qmc.Sobol(dimension, rng=random).random_base2((number - 1).bit_length())[:number]
    sequence = qmc.Halton if sampler == "halton" else qmc.LatinHypercube
    return sequence(dimension, rng=random).random(number)
