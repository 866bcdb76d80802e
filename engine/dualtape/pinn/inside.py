"""Conditions elsewhere than on a boundary: in a part of the domain, at given points, and on integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.condition import Arrays, Condition, EquationRule, read_factor, read_weight, region_of
from dualtape.pinn.domains import Domain, Seed
from dualtape.pinn.observations import check_points, in_window, nothing_in_window
from dualtape.pinn.sampling import read_count


def inside(
    equation: EquationRule, region: Domain, *, points: int = 1000, weight: float = 1.0, name: str | None = None
) -> Condition:
    """An equation that holds in a part of the domain, as where there are several materials; see :func:`interface`.

    Parameters
    ----------
    equation
        ``lambda u, p: u.laplacian() - 1``, a residual or a tuple of them, of all unknowns.
    region
        The part, a domain of the same coordinates.
    points
        How many points.
    weight
        Factor of this term in the loss.
    name
        What losses call it.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.inside(lambda u, p: u.xx, pinn.Interval(x=(0, 0.5))).name
    'inside Interval(x=(0, 0.5))'
    """
    _check_equation("inside", equation)
    if not isinstance(region, Domain):
        raise ArgumentTypeError(f"`region` of `inside` must be a domain, got {type(region).__name__}")
    number, called = read_count("points", points), name or f"inside {region}"

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        return {"points": region_of(domain, region, called).points_inside(number, sampler, seed)}

    return Condition(called, equation, sample, read_weight(weight), region=region)


def at(points: Any, equation: EquationRule, *, weight: float | None = None, name: str | None = None) -> Condition:
    """An equation at given points, of shape (N, d), or at a single one: ``pinn.at((0, 0), lambda u, p: u - 1)``.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.at([[0.0, 0.5]], lambda u, p: u.x - 1, name="slope at the left").name
    'slope at the left'
    """
    _check_equation("at", equation)
    places = np.array(points, np.float64)
    places = places[None] if places.ndim == 1 else places
    if places.ndim != 2 or not places.size:
        raise ShapeError(f"`points` of `at` must have shape (N, d) with N > 0, got {places.shape}")
    if not np.isfinite(places).all():
        raise ArgumentError("`points` of `at` must be finite; got infinities or NaNs")

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        check_points("at", places, domain)
        return {"points": places}

    def within(window: Domain) -> Condition:
        kept, called = in_window(places, window), name or "at points"
        if not kept.any():
            return nothing_in_window(called, read_factor(weight))
        return at(places[kept], equation, weight=weight, name=called)

    return Condition(name or "at points", equation, sample, read_factor(weight), within=within)


def integral(
    integrand: EquationRule,
    value: float | dt.Parameter,
    *,
    over: Domain | None = None,
    points: int = 1000,
    weight: float | None = None,
    name: str = "integral",
) -> Condition:
    """The integral of ``integrand(*unknowns, p)`` is ``value``: a norm, a mass, a conserved energy.

    Parameters
    ----------
    over
        The domain to integrate over; the problem's own if it is not given.
    points
        About how many points the quadrature has: Gauss's in boxes, a Sobol sequence in other domains.
    weight, name
        As of :func:`initial`, and what losses call it.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.integral(lambda u, p: u * u, 1.0, name="norm").name
    'norm'
    """
    _check_equation("integral", integrand)
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating, dt.Parameter)):
        raise ArgumentTypeError(f"`value` of `integral` must be a number or a Parameter, got {type(value).__name__}")
    if over is not None and not isinstance(over, Domain):
        raise ArgumentTypeError(f"`over` of `integral` must be a domain, got {type(over).__name__}")
    number = read_count("points", points)

    def equation(*fields_and_points: Any) -> Any:
        weights = fields_and_points[-1].quadrature_weights
        found = integrand(*fields_and_points)
        if not isinstance(found, dt.Tensor) or found.shape != weights.shape:
            what = found.shape if isinstance(found, dt.Tensor) else type(found).__name__
            raise ShapeError(f"the integrand of `{name}` gave {what}; expected a column of shape {weights.shape}")
        return dt.ops.sum(found * weights, 0, keepdims=True) - value

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        places, weights = region_of(domain, over, name).quadrature(number)
        return {"points": places, "quadrature_weights": weights[:, None]}

    return Condition(name, equation, sample, read_factor(weight), region=over, rows=1)


def _check_equation(condition: str, equation: object) -> None:
    if not callable(equation):
        raise ArgumentTypeError(f"the equation of `{condition}` must be a function, got {type(equation).__name__}")
