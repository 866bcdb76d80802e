"""Derivatives of fractional order along one coordinate, by Gauss-Jacobi quadrature."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.fields import Field, Points
from dualtape.pinn.sampling import read_count


def caputo(u: Field, p: Points, coordinate: str, order: float, start: float = 0.0, nodes: int = 16) -> dt.Tensor:
    r"""The Caputo derivative of an unknown, of an order that is no integer, from ``start`` to each point.

    With n the next integer above the order :math:`\alpha`,

    .. math:: \frac{1}{\Gamma(n - \alpha)} \int_{start}^x (x - s)^{n - \alpha - 1} u^{(n)}(s) ds,

    where Gauss-Jacobi quadrature has the singular factor as its weight, so that it converges as fast as for a smooth
    integrand: it is exact for polynomials u of degree up to ``2 nodes - 1 + n``.

    Parameters
    ----------
    u
        An unknown of the equation.
    p
        Its points, none of them below ``start``.
    coordinate
        Along which.
    order
        Above 0.
    start
        Where memory begins.
    nodes
        At how many places for each point the unknown's derivative is taken.

    Notes
    -----
    Podlubny 1999, *Fractional Differential Equations*, section 2.4; Golub & Welsch 1969, *Calculation of Gauss
    quadrature rules*, Mathematics of Computation 23.

    Examples
    --------
    >>> from dualtape import pinn
    >>> domain = pinn.Interval(t=(0, 1))
    >>> pinn.Problem(domain, lambda u, p: pinn.caputo(u, p, "t", 0.5) + u, [pinn.initial(1.0)])
    Problem(domain=Interval(t=(0, 1)), unknowns=('u',), conditions=['initial'])
    """
    _check(u, p, coordinate, order)
    return _memory(u, p, coordinate, order, float(start), read_count("nodes", nodes), 1.0)


def riesz(
    u: Field, p: Points, coordinate: str, order: float, between: tuple[float, float], nodes: int = 16
) -> dt.Tensor:
    r"""The fractional Laplacian :math:`(-\Delta)^{\alpha/2} u` on an interval outside of which u is 0.

    .. math:: \frac{{}_aD_x^\alpha u + {}_xD_b^\alpha u}{2 \cos(\pi \alpha / 2)}

    with Riemann and Liouville's derivatives from both ends, of an order between 1 and 2, each of which is a
    :func:`caputo` derivative and terms of the values at its end.

    Parameters
    ----------
    u, p, coordinate, nodes
        As of :func:`caputo`; points lie inside the interval.
    order
        :math:`\alpha`, above 1 and below 2.
    between
        The ends a and b.

    Notes
    -----
    Pang, Lu & Karniadakis 2019, *fPINNs: fractional physics-informed neural networks*, SIAM Journal on Scientific
    Computing 41, equation 2.5; quadrature takes the place of the finite differences there.
    """
    _check(u, p, coordinate, order)
    if not 1 < order < 2:
        raise ArgumentError(f"`order` of `riesz` must be above 1 and below 2, got {order}")
    a, b = map(float, between)
    if not a < b:
        raise ArgumentError(f"`between` of `riesz` must hold a lower and an upper end, got {between}")
    number = read_count("nodes", nodes)
    left = _memory(u, p, coordinate, order, a, number, 1.0) + _at_end(u, p, coordinate, order, a, 1.0)
    right = _memory(u, p, coordinate, order, b, number, -1.0) + _at_end(u, p, coordinate, order, b, -1.0)
    return (left + right) * (0.5 / math.cos(math.pi * order / 2))


def _memory(u: Field, p: Points, coordinate: str, order: float, end: float, nodes: int, side: float) -> dt.Tensor:
    """Caputo's derivative from an end on the left (side 1) or on the right (side -1)."""
    from scipy.special import roots_jacobi

    n = math.ceil(order)
    roots, weights = roots_jacobi(nodes, n - order - 1, 0.0)
    x = getattr(p, coordinate) * 1.0
    length = (x - end) * side
    places = [end + (x - end) * float((root + 1) / 2) for root in roots]
    others = {name: getattr(p, name) for name in u.coordinates if name != coordinate}
    everywhere = {name: dt.ops.cat([column * 1.0] * nodes) for name, column in others.items()}
    slopes = u.at(**{**everywhere, coordinate: dt.ops.cat(places)}).by(*[coordinate] * n)
    rows = x.shape[0]
    parts = [slopes[k * rows : (k + 1) * rows] * float(weight) for k, weight in enumerate(weights)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    scale = side**n * 2.0 ** (order - n) / math.gamma(n - order)
    found: dt.Tensor = total * dt.ops.pow(length, n - order) * scale
    return found


def _at_end(u: Field, p: Points, coordinate: str, order: float, end: float, side: float) -> dt.Tensor:
    """What Riemann and Liouville's derivative has beside Caputo's, between orders 1 and 2."""
    length = (getattr(p, coordinate) - end) * side
    there = u.at(**{coordinate: end})
    value = there * dt.ops.pow(length, -order) / math.gamma(1 - order)
    slope = there.by(coordinate) * dt.ops.pow(length, 1 - order) * (side / math.gamma(2 - order))
    found: dt.Tensor = value + slope
    return found


def _check(u: Any, p: Any, coordinate: str, order: Any) -> None:
    if not isinstance(u, Field) or not isinstance(p, Points):
        raise ArgumentTypeError("a fractional derivative is of an unknown at the points of its equation: (u, p, ...)")
    if coordinate not in u.coordinates:
        raise ArgumentError(f"no coordinate {coordinate!r}; there are {', '.join(u.coordinates)}")
    if isinstance(order, bool) or not isinstance(order, (int, float, np.floating)):
        raise ArgumentTypeError(f"`order` must be a number, got {type(order).__name__}")
    if not 0 < order < math.inf or order == int(order):
        raise ArgumentError(f"`order` must be positive and no integer, got {order}; see u.d({coordinate!r}, n)")
