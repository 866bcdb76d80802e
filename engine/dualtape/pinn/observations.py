"""What was observed: values of unknowns, of derivatives and fluxes, or their means over groups of points."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.condition import Arrays, Condition, read_factor, unknown_of
from dualtape.pinn.domains import Domain, Seed


def observations(
    points: Any,
    values: Any,
    *,
    of: str | None = None,
    operator: Callable[..., Any] | None = None,
    groups: Any = None,
    weight: float | None = None,
) -> Condition:
    """``u`` has the observed ``values``, of shape (N,) or (N, 1), at ``points`` of shape (N, d), inside the domain.

    Parameters
    ----------
    of
        Which unknown, by its name in the equation; needed only if there are several.
    operator
        What was observed if not an unknown: ``lambda u, p: u.x``, or ``lambda u, k, p: -k * u.y``.
    groups
        For each point the number of its group, from 0 on: what was observed are means over groups of points, and
        ``values`` has one for each group.
    weight
        Factor of this term in the loss; see :func:`dualtape.pinn.initial`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.observations([[0.0, 0.5], [1.0, 0.5]], [0.1, 0.2]).name
    'observations'
    """
    places, observed = (_numbers(name, given) for name, given in (("points", points), ("values", values)))
    if places.ndim != 2 or not places.size:
        raise ShapeError(f"`points` of `observations` must have shape (N, d) with N > 0, got {places.shape}")
    means = None if groups is None else _averaging(groups, len(places))
    number, each = (len(places), "points") if means is None else (len(means), "groups")
    if observed.shape not in ((number,), (number, 1)):
        raise ShapeError(
            f"`values` of `observations` must have shape ({number},) as there are {number} {each}, got {observed.shape}"
        )
    if not (np.isfinite(places).all() and np.isfinite(observed).all()):
        raise ArgumentError("`points` and `values` of `observations` must be finite; got infinities or NaNs")
    if operator is not None and not callable(operator):
        raise ArgumentTypeError(f"`operator` of `observations` must be a function, got {type(operator).__name__}")

    def equation(*fields_and_points: Any) -> Any:
        p = fields_and_points[-1]
        found = unknown_of(fields_and_points, of) if operator is None else operator(*fields_and_points)
        return found - p.values if means is None else dt.ops.matmul(p.means, found * 1.0) - p.values

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        check_points("observations", places, domain)
        found = {"points": places, "values": observed.reshape(-1, 1)}
        return found if means is None else found | {"means": means}

    def within(window: Domain) -> Condition:
        kept = in_window(places, window)
        if not kept.any():
            return nothing_in_window("observations", read_factor(weight))
        if means is None:
            return observations(places[kept], observed[kept], of=of, operator=operator, weight=weight)
        whole = ~(means[:, ~kept] != 0).any(axis=1)
        if len({*np.array(groups)[kept]}) > whole.sum():
            raise ArgumentError("a group of `observations` has points in two windows of `march`; cut time elsewhere")
        own = np.unique(np.array(groups)[kept], return_inverse=True)[1]
        return observations(places[kept], observed[whole], of=of, operator=operator, groups=own, weight=weight)

    rows = None if means is None else number
    return Condition("observations", equation, sample, read_factor(weight), rows=rows, within=within)


def in_window(places: np.ndarray, window: Domain) -> np.ndarray:
    """Which points are in a window of time, its ends included."""
    axis = window.axis(window.time or "")
    return np.asarray((window.lower[axis] <= places[:, axis]) & (places[:, axis] <= window.upper[axis]))


def nothing_in_window(name: str, weight: float | None) -> Condition:
    """A term that is 0, so that all windows have the same terms."""

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        return {"points": domain.points_inside(1, sampler, seed)}

    return Condition(name, lambda *fields_and_points: 0.0 * fields_and_points[0], sample, weight)


def check_points(condition: str, places: np.ndarray, domain: Domain) -> None:
    """Refuse points of other coordinates than the domain's, and points outside of it."""
    if places.shape[1] != domain.dimension:
        raise ShapeError(
            f"`points` of `{condition}` has {places.shape[1]} coordinates; "
            f"the domain has {domain.dimension}: {', '.join(domain.coordinates)}"
        )
    # Points on the boundary, as they come from files of few digits, are inside.
    room = 1e-6 * (domain.upper - domain.lower)
    outside = ~domain.inside(np.clip(places, domain.lower, domain.upper))
    outside &= ~_near(domain, places)
    outside |= ((places < domain.lower - room) | (places > domain.upper + room)).any(axis=1)
    if outside.any():
        first = int(np.flatnonzero(outside)[0])
        raise ArgumentError(
            f"{int(outside.sum())} of {len(places)} `points` of `{condition}` lie outside {domain}; the first is "
            f"number {first}, at {tuple(places[first].tolist())}"
        )


def _numbers(argument: str, given: Any) -> np.ndarray:
    try:
        return np.array(given, np.float64)
    except (TypeError, ValueError) as failure:
        raise ArgumentTypeError(
            f"`{argument}` of `observations` must be an array of numbers, got {type(given).__name__}"
        ) from failure


def _near(domain: Domain, places: np.ndarray) -> np.ndarray:
    try:
        return np.asarray(domain.signed_distance(places) <= 1e-6 * np.linalg.norm(domain.upper - domain.lower))
    except ArgumentError:  # a domain that has none
        return np.zeros(len(places), bool)


def _averaging(groups: Any, points: int) -> np.ndarray:
    """The matrix that takes values at points to their means over groups."""
    numbers = np.array(groups)
    if numbers.shape != (points,) or numbers.dtype.kind not in "iu":
        raise ShapeError(
            f"`groups` of `observations` must hold an int for each of {points} points, got {numbers.dtype} of shape "
            f"{numbers.shape}"
        )
    counts = np.bincount(numbers) if (numbers >= 0).all() else np.zeros(1)
    if not counts.all():
        raise ArgumentError("`groups` of `observations` must number groups from 0 on, none of them empty")
    return np.asarray((numbers == np.arange(len(counts))[:, None]) / counts[:, None])
