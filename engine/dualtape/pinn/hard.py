"""Conditions that hold exactly: the network is put into a formula that fulfils them whatever it gives.

With values on the faces of a box, ``u = g + d * network``: g takes the given values on all of these faces, and d is 0
there and nowhere else. g is the Boolean sum of interpolations along each axis. Periodicity is a matter of the network's
inputs: the cosine and sine of an angle stand for the coordinate.

References: Lagaris, Likas & Fotiadis 1998, *Artificial neural networks for solving ordinary and partial differential
equations*, IEEE Trans. Neural Networks 9 (arXiv:physics/9705023); Gordon & Hall 1973, *Construction of curvilinear
co-ordinate systems*, Int. J. Numer. Methods Eng. 7; Dong & Ni 2021, *A method for representing periodic functions and
enforcing exactly periodic boundary conditions with deep neural networks*, J. Comput. Phys. 435 (arXiv:2007.07442).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, DeviceError
from dualtape.pinn.condition import Condition, HardValues
from dualtape.pinn.domains import Domain, Rectangle
from dualtape.pinn.fields import Points

Column = Callable[[dt.Tensor], Any]
"""From points of shape (N, d) to values of shape (N, 1), or a number."""


@dataclass
class _Axis:
    """What is given on the faces of one axis."""

    number: int
    low: float
    up: float
    faces: dict[str, HardValues] = field(default_factory=dict)
    rate: HardValues | None = None


class HardField:
    """One unknown that takes the given values on faces of a box.

    Parameters
    ----------
    conditions
        Those on this unknown, of kind ``initial`` or ``dirichlet``.
    like
        A parameter of the network, whose device and element type constants get.
    """

    def __init__(self, domain: Domain, conditions: Sequence[Condition], like: dt.Tensor) -> None:
        self._domain = domain
        self._like = like
        self._axes = _axes_of(domain, conditions)

    def __call__(self, points: dt.Tensor, output: dt.Tensor) -> dt.Tensor:
        """The unknown at points of shape (N, d), where the network gives ``output``, both of shape (N, 1)."""
        distance = reduce(operator.mul, (self._distance(axis, points) for axis in self._axes))
        return self.given(points) + distance * output

    def given(self, points: dt.Tensor) -> dt.Tensor:
        """g: the given values, carried on from the faces into the box."""
        return self._carried(points, self._axes)

    def _carried(self, points: dt.Tensor, axes: list[_Axis]) -> dt.Tensor:
        """The Boolean sum: what earlier axes give is set right on the faces of the last one."""
        if not axes:
            return dt.ops.zeros_like(points[:, :1])
        *before, axis = axes
        total = self._carried(points, before)
        for side, values in axis.faces.items():
            place = self._projected(axis, side, points)
            missing = self._datum(values, place) - self._carried(place, before)
            total = total + (missing * self._nearness(axis, side, points) if len(axis.faces) == 2 else missing)
        if axis.rate is not None:  # time comes first, and finds no earlier axis
            place = self._projected(axis, "-", points)
            total = total + self._datum(axis.rate, place) * (self._along(axis, points) - axis.low)
        return total

    def _distance(self, axis: _Axis, points: dt.Tensor) -> dt.Tensor:
        """0 on the faces of the axis where something is given, and of size 1 away from them."""
        from_low, from_up = (self._nearness(axis, side, points) for side in "+-")
        if len(axis.faces) == 2:
            return 4 * from_low * from_up
        if "+" in axis.faces:
            return from_up
        return from_low if axis.rate is None else from_low * from_low

    def _nearness(self, axis: _Axis, side: str, points: dt.Tensor) -> dt.Tensor:
        """1 on a face, 0 on the opposite one."""
        x, length = self._along(axis, points), axis.up - axis.low
        return (axis.up - x) * (1 / length) if side == "-" else (x - axis.low) * (1 / length)

    def _along(self, axis: _Axis, points: dt.Tensor) -> dt.Tensor:
        return points[:, axis.number : axis.number + 1]

    def _projected(self, axis: _Axis, side: str, points: dt.Tensor) -> dt.Tensor:
        """The points moved along the axis to its face."""
        keep = np.ones(self._domain.dimension)
        place = np.zeros(self._domain.dimension)
        keep[axis.number], place[axis.number] = 0.0, axis.low if side == "-" else axis.up
        factor, shift = (dt.Tensor(x.astype(self._like.dtype.numpy), device=self._like.device) for x in (keep, place))
        return points * factor + shift

    def _datum(self, values: HardValues, points: dt.Tensor) -> Any:
        return values.datum(Points(self._domain.coordinates, points))


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
    unknown = HardField(domain, conditions, like)
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
        gap = np.abs(np.asarray(found - wanted, np.float64)).max()
        if not gap <= _rounding(found, like):
            raise ArgumentError(
                f"`{condition.name}` is hard, and disagrees with other hard conditions where their faces meet, "
                f"by up to {gap:.1e}; make one of them soft, or let them agree"
            )


def _compare_ends(domain: Domain, unknown: HardField, name: str, like: dt.Tensor) -> None:
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


def _axes_of(domain: Domain, conditions: Sequence[Condition]) -> list[_Axis]:
    if not isinstance(domain, Rectangle):
        raise ArgumentError(
            f"`{conditions[0].name}` is hard, which needs a box such as pinn.Rectangle, not {type(domain).__name__}; "
            "give `transform` of `Problem` instead"
        )
    axes: dict[str, _Axis] = {}
    for condition in conditions:
        values = condition.hard
        assert values is not None
        for face in (face for on in values.faces for face in domain.parts_of(on)):
            number, _ = domain.face(face)
            name = domain.coordinates[number]
            axis = axes.setdefault(name, _Axis(number, float(domain.lower[number]), float(domain.upper[number])))
            if values.order:
                axis.rate = values
            elif face[-1] in axis.faces:
                raise ArgumentError(f"two hard conditions give values on {face!r}: one of them is `{condition.name}`")
            else:
                axis.faces[face[-1]] = values
    for name, axis in axes.items():
        if axis.rate is not None and set(axis.faces) != {"-"}:
            raise ArgumentError(f"a hard initial rate needs a hard initial value, and none on {name + '+'!r}")
    # Time comes first: what other axes add to it is 0 at the first moment, and so is its rate.
    return sorted(axes.values(), key=lambda axis: domain.coordinates[axis.number] != domain.time)
