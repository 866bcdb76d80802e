"""Univariate jets along many directions at once, and what they say of mixed derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dualtape.autodiff.algebra import MultiIndex, MultiIndices
from dualtape.autodiff.batching import BatchLevel
from dualtape.autodiff.jet import JetLevel
from dualtape.autodiff.plan import Directions
from dualtape.core.interpreter import entered, ground
from dualtape.functions.linear_algebra import tensordot
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor


def directional_derivatives(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], directions: Directions
) -> tuple[Any, Callable[[MultiIndex], Tensor | None]]:
    """The value of ``f`` and its derivative (``None`` for zero) at each of the planned indices, from one sweep."""
    rows = _constant(directions.rows, points)
    batch = BatchLevel(len(directions.rows))
    with entered(batch):
        level = JetLevel(MultiIndices([(directions.order,)]))
        lined_up = reshape(rows, shape=(len(directions.rows), *(1,) * (len(points.shape) - 1), points.shape[-1]))
        with entered(level):
            seed = broadcast_to(batch.batched(lined_up), shape=points.shape)
            value = f(level.jet(points, {(1,): seed}), *args)
        if not isinstance(value, Tensor):
            return value, lambda index: None
        primal, coefficient = level.coefficients(value)
        found = {k: coefficient((k,)) for k in range(1, directions.order + 1)}
        everywhere = {k: batch.all_examples(x) for k, x in found.items() if x is not None}

    def derivative(index: MultiIndex) -> Tensor | None:
        coefficients = everywhere.get(sum(index))
        if coefficients is None:
            return None
        return tensordot(_constant(directions.weights[index], points), coefficients, 1)

    return primal, derivative


def _constant(array: np.ndarray, like: Tensor) -> Tensor:
    return ground().constant(array.astype(like.dtype.numpy), like.device)
