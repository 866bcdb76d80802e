"""Values that hold exactly on faces of a box, each of which may have its own.

References: Lagaris, Likas & Fotiadis 1998, *Artificial neural networks for solving ordinary and partial differential
equations*, IEEE Trans. Neural Networks 9 (arXiv:physics/9705023); Gordon & Hall 1973, *Construction of curvilinear
co-ordinate systems*, Int. J. Numer. Methods Eng. 7.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.condition import Condition, HardFormula, HardValues
from dualtape.pinn.domains import Rectangle
from dualtape.pinn.fields import Points


@dataclass
class _Axis:
    """What is given on the faces of one axis."""

    number: int
    low: float
    up: float
    faces: dict[str, HardValues] = field(default_factory=dict)
    rate: HardValues | None = None


class OnFaces(HardFormula):
    """On faces of a box: g is the Boolean sum of interpolations along each axis.

    Parameters
    ----------
    conditions
        Those on this unknown, of kind ``initial`` or ``dirichlet``.
    like
        A parameter of the network, whose device and element type constants get.
    """

    def __init__(self, domain: Rectangle, conditions: Sequence[Condition], like: dt.Tensor) -> None:
        self._domain = domain
        self._like = like
        self._axes = _axes_of(domain, conditions)

    def factor(self, points: dt.Tensor) -> dt.Tensor:
        """The product over all axes."""
        return reduce(operator.mul, (self._distance(axis, points) for axis in self._axes))

    def given(self, points: dt.Tensor) -> dt.Tensor:
        """The given values, carried on from the faces into the box."""
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


def _axes_of(domain: Rectangle, conditions: Sequence[Condition]) -> list[_Axis]:
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
