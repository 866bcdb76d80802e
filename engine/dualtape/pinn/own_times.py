"""Which times a window of a march asks the unknowns for: its network knows those of the window alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.collocation import Drawing
from dualtape.pinn.objective import equation_term
from dualtape.pinn.problem import Problem
from dualtape.pinn.statement import Statement

# Nodes of quadratures lie between points, so that few of these tell whether an equation leaves its window.
_POINTS = 64


def require_own_times(window: Problem, whole: tuple[float, float], like: dt.Tensor) -> None:
    """Refuse a window whose equations take unknowns from other windows, as delays and integrals over time do.

    Times outside of the ``whole`` march are nobody's: there an equation has values of its own. ``like`` has the element
    type and the device of the network.
    """
    domain = window.domain
    moment = domain.time or ""
    low, up = domain.bounds[moment]
    room = 1e-6 * (up - low)
    drawing = Drawing(window, _POINTS, "sobol", 0, 0, np.empty(0))
    batches = [{"points": drawing.even(_POINTS)}, *drawing.conditions()]
    for condition, arrays in zip((equation_term(window), *window.conditions), batches, strict=True):
        across = (condition.region or domain).across(condition.parts)
        for places in _asked(
            Statement(condition.equation, domain, across, window.unknowns, _zeros(window)), arrays, like
        ):
            times = places[:, domain.axis(moment)]
            others = ((times < low - room) | (times > up + room)) & (times >= whole[0]) & (times <= whole[1])
            if others.any():
                raise ArgumentError(
                    f"`march` cannot have `{condition.name}`, which asks for an unknown at {moment}="
                    f"{times[others][0]:.6g} in the window from {low:g} to {up:g}, whose network does not know it. "
                    "Solve the whole time at once, by `solve`"
                )


def _zeros(window: Problem) -> Any:
    number = len(window.unknowns)
    return lambda points: dt.ops.cat([points[:, :1] * 0.0] * number, 1) if number > 1 else points[:, :1] * 0.0


def _asked(statement: Statement, arrays: dict[str, Any], like: dt.Tensor) -> Sequence[np.ndarray]:
    """The points at which an equation asks for unknowns by `at`."""
    batch = {name: dt.Tensor(np.asarray(x).astype(like.dtype.numpy), device=like.device) for name, x in arrays.items()}
    points = batch.pop("points")
    statement.record(points, batch)
    return [places.asnumpy() for places in statement.places_elsewhere(points, batch)]
