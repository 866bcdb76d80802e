"""What a program of the set is, and what most of them are made of: weights, networks, points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

import dualtape as dt
from dualtape import ops

Activation = Callable[[dt.Tensor], dt.Tensor]
Field = Callable[[dt.Tensor], dt.Tensor]
RNG = np.random.default_rng(23)


class Program(NamedTuple):
    """A loss whose value and gradient by its first argument are wanted.

    Attributes
    ----------
    loss
        From ``arguments``, as tensors, to a scalar.
    arguments
        Arrays in nested containers; those of floating point numbers take the element type of the test.
    kernels
        The number of points of each kernel of the training step, smallest first: none if it is replayed operation by
        operation, several of one number if the points are gone through in several stages. None where there is too
        little to do for the way to matter.
    left_out
        What the explanation says about that which does not run in blocks.
    """

    loss: Callable[..., dt.Tensor]
    arguments: Sequence[Any]
    kernels: tuple[int, ...] | None
    left_out: str = ""


def weights(*sizes: int) -> list[np.ndarray]:
    found: list[np.ndarray] = []
    for rows, columns in pairwise(sizes):
        found += [RNG.normal(size=(rows, columns)) / np.sqrt(rows), 0.1 * RNG.normal(size=columns)]
    return found


def network(layers: list[dt.Tensor], x: dt.Tensor, activation: Activation = ops.tanh) -> dt.Tensor:
    for i in range(0, len(layers) - 2, 2):
        x = activation(x @ layers[i] + layers[i + 1])
    return x @ layers[-2] + layers[-1]


def points(count: int, dimensions: int = 2) -> np.ndarray:
    return RNG.uniform(-1, 1, (count, dimensions))


def heat(field: Field, x: dt.Tensor) -> dt.Tensor:
    """The residual of the heat equation with a source."""
    u, u_t, u_xx = dt.partials(field, [(0, 0), (0, 1), (2, 0)])(x)
    return u_t - 0.3 * u_xx + u


def mean_square(x: dt.Tensor) -> dt.Tensor:
    return ops.square(x).mean()
