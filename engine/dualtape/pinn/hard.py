"""Conditions that hold exactly: the network is put into a formula that fulfils them whatever it gives.

``u = g + d * network``: g takes the given values where they are given, and d is 0 there and nowhere else. Boxes have a
formula for values of their own on each face; other domains one for their whole boundary. Periodicity is a matter of the
network's inputs: the cosine and sine of an angle stand for the coordinate.

Reference: Dong & Ni 2021, *A method for representing periodic functions and enforcing exactly periodic boundary
conditions with deep neural networks*, J. Comput. Phys. 435 (arXiv:2007.07442).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, DeviceError
from dualtape.pinn.condition import Condition, HardFormula
from dualtape.pinn.domains import Domain, Rectangle
from dualtape.pinn.fields import Points
from dualtape.pinn.hard_around import Around
from dualtape.pinn.hard_on_faces import OnFaces

Column = Callable[[dt.Tensor], Any]
"""From points of shape (N, d) to values of shape (N, 1), or a number."""


def hard_formula(domain: Domain, conditions: Sequence[Condition], like: dt.Tensor) -> HardFormula:
    """The formula for one unknown, from the hard conditions on it."""
    if isinstance(domain, Rectangle):
        return OnFaces(domain, conditions, like)
    return Around(domain, conditions, like)


def check_hard(domain: Domain, conditions: Sequence[Condition], periods: set[str], like: dt.Tensor) -> None:
    """Refuse values on one unknown that disagree where faces meet, or are not periodic: they would not hold.

    On the host, where no kernels are compiled for it; on the device if the values hold tensors of it.
    """
    try:
        with dt.device("host"):
            _compare(domain, conditions, periods, like.to("host"))
    except DeviceError:
        _compare(domain, conditions, periods, like)


def _compare(domain: Domain, conditions: Sequence[Condition], periods: set[str], like: dt.Tensor) -> None:
    unknown = hard_formula(domain, conditions, like)
    for name in periods:
        _compare_ends(domain, unknown, name, like)
    for condition in conditions:
        values = condition.hard
        assert values is not None
        places, _ = domain.boundary(65, values.faces)
        points = dt.Tensor(places.astype(like.dtype.numpy), device=like.device)
        if values.order:
            index = tuple(int(name == domain.time) for name in domain.coordinates)
            found = dt.partials(unknown.given, [index])(points)[0]
        else:
            found = unknown.given(points)
        wanted = values.datum(Points(domain.coordinates, points))
        if not np.isfinite(np.asarray(wanted * 1.0)).all():
            raise ArgumentError(f"the values of `{condition.name}`, which is hard, are not finite everywhere")
        gap = np.abs(np.asarray(found - wanted, np.float64)).max()
        if not gap <= _rounding(found, like):
            raise ArgumentError(
                f"`{condition.name}` is hard, and disagrees with other hard conditions where their faces meet, "
                f"by up to {gap:.1e}; make one of them soft, or let them agree"
            )


def _compare_ends(domain: Domain, unknown: HardFormula, name: str, like: dt.Tensor) -> None:
    """Refuse values that are not periodic, up to the second derivative: the network cannot set that right."""
    places, _ = domain.boundary(65, [name + "-"])
    partners = places.copy()
    partners[:, domain.axis(name)] = domain.upper[domain.axis(name)]
    ends = [dt.Tensor(x.astype(like.dtype.numpy), device=like.device) for x in (places, partners)]
    indices = [tuple(order * int(axis == name) for axis in domain.coordinates) for order in range(3)]
    low, up = (dt.partials(unknown.given, indices)(points) for points in ends)
    for order, (one, other) in enumerate(zip(low, up, strict=True)):
        gap = np.abs(np.asarray(one - other, np.float64)).max()
        if not gap <= 1e3 * _rounding(one, like):
            what = "values" if order == 0 else f"derivatives of order {order}"
            raise ArgumentError(
                f"`periodic {name}` is hard, but the {what} of other hard conditions differ by {gap:.1e} between "
                f"{name + '-'!r} and {name + '+'!r}; make one of them soft"
            )


def _rounding(values: dt.Tensor, like: dt.Tensor) -> float:
    return float(1e3 * np.finfo(like.dtype.numpy).eps * (1 + np.abs(np.asarray(values)).max()))


def periodic_inputs(domain: Domain, conditions: Sequence[Condition]) -> Column:
    """From points to the network's inputs, where some coordinates are angles; see :func:`input_names`."""
    lengths, periods = domain.upper - domain.lower, periods_of(conditions)

    def inputs(points: dt.Tensor) -> dt.Tensor:
        columns = []
        for i, name in enumerate(domain.coordinates):
            x = points[:, i : i + 1]
            if name in periods:
                angle = (x - float(domain.lower[i])) * (2 * np.pi / float(lengths[i]))
                columns += [dt.ops.cos(angle), dt.ops.sin(angle)]
            else:
                columns.append(x)
        return dt.ops.concat(columns, axis=1)

    return inputs


def input_names(domain: Domain, conditions: Sequence[Condition]) -> tuple[str, ...]:
    """What the network is given: the coordinates, or cosine and sine of those that are periodic."""
    periods = periods_of(conditions)
    pairs = [(f"cos {name}", f"sin {name}") if name in periods else (name,) for name in domain.coordinates]
    return tuple(name for pair in pairs for name in pair)


def periods_of(conditions: Sequence[Condition]) -> set[str]:
    """The coordinates along which everything is periodic."""
    return {c.period for c in conditions if c.period is not None}
