"""Univariate jets along many directions at once, and what they say of mixed derivatives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from dualtape.autodiff.fields.directions import Directions
from dualtape.autodiff.levels import (
    BatchLevel,
    Coefficient,
    CollapsedJetLevel,
    JetLevel,
    MultiIndices,
    sum_of_second_derivatives,
)
from dualtape.core.interpreter import entered, ground, value_of
from dualtape.functions.linear_algebra import tensordot
from dualtape.primitives.broadcasting import broadcast_to
from dualtape.primitives.movement import reshape
from dualtape.tensor import Tensor

Derivative = Callable[[Hashable], Coefficient]


def directional_derivatives(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], directions: Directions
) -> tuple[Any, Derivative]:
    """The value of ``f``, and its derivative (``None`` for zero) by each of the planned forms, from one sweep."""
    with entered(BatchLevel(len(directions.rows))) as batch:
        level = JetLevel(MultiIndices([(directions.order,)]))
        value, found = _coefficients(f, points, args, level, batch.batched(_lined_up(directions, points)))
        everywhere = {degree: batch.all_examples(x) for degree, x in found.items()}
    return value, lambda key: _recombined(directions, key, everywhere)


def collapsed_derivatives(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], directions: Directions
) -> tuple[Any, Derivative]:
    """As :func:`directional_derivatives`, with one form of the highest order: of its terms only the sum is kept."""
    order = directions.order
    top = next(key for key, degree in directions.degrees.items() if degree == order)
    weights = directions.weights[top]
    if order == 1:
        value, found = _coefficients(
            f, points, args, JetLevel(), ground().constant_like(weights @ directions.rows, points)
        )
        return value, lambda key: found.get(1)
    if order == 2:
        rows = ground().constant_like(directions.rows, points)
        value, slopes, total = sum_of_second_derivatives(
            f, points, args, rows, ground().constant_like(weights / 2, points)
        )
        everywhere = {} if slopes is None else {1: slopes}
    else:
        with entered(BatchLevel(len(directions.rows))) as batch:
            level = CollapsedJetLevel(order, batch, ground().constant_like(weights, points))
            value, found = _coefficients(f, points, args, level, batch.batched(_lined_up(directions, points)))
            total = found.pop(order, None)
            everywhere = {degree: batch.all_examples(x) for degree, x in found.items()}
    return value, lambda key: total if key == top else _recombined(directions, key, everywhere)


def _lined_up(directions: Directions, points: Tensor) -> Tensor:
    """The directions along a first axis, and the coordinates along the last one of the points."""
    rows = ground().constant_like(directions.rows, points)
    return reshape(rows, shape=(len(directions.rows), *(1,) * (len(points.shape) - 1), points.shape[-1]))


def _coefficients(
    f: Callable[..., Any], points: Tensor, args: tuple[Any, ...], level: JetLevel, seed: Tensor
) -> tuple[Any, dict[int, Tensor]]:
    """The value of ``f`` and its Taylor coefficients by order, without those that are zero."""
    with entered(level):
        value = value_of(f(level.jet(points, {(1,): broadcast_to(seed, shape=points.shape)}), *args))
    if not isinstance(value, Tensor):
        return value, {}
    primal, coefficient = level.coefficients(value)
    found = {order: coefficient((order,)) for order in range(1, len(level.algebra.indices) + 1)}
    return primal, {order: x for order, x in found.items() if x is not None}


def _recombined(directions: Directions, key: Hashable, everywhere: dict[int, Tensor]) -> Coefficient:
    coefficients = everywhere.get(directions.degrees[key])
    if coefficients is None:
        return None
    return tensordot(ground().constant_like(directions.weights[key], coefficients), coefficients, 1)
