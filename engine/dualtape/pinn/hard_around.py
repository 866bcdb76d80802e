"""Values that hold exactly on parts of the boundary of any domain that has functions vanishing there, and at first.

References: Rvachev, Sheiko, Shapiro & Tsukanov 2001, *Transfinite interpolation over implicitly defined sets*, Computer
Aided Geometric Design 18; Sukumar & Srivastava 2022, *Exact imposition of boundary conditions with distance functions
in physics-informed deep neural networks*, CMAME 389.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.condition import Condition, HardFormula, HardValues
from dualtape.pinn.domains import Domain
from dualtape.pinn.fields import Points

SURVEYED = 128
"""Points of parts at which it is seen how a function rises from them."""


class Around(HardFormula):
    """On the boundary: the function that gives the values there is g within it, too.

    Of several conditions g is the mean of their functions, weighted by the inverse squares of the functions that vanish
    where each of them holds. With values and rates where time begins,
    ``g(x, t) + u0(x) - g(x, t0) + (v(x) - dg/dt(x, t0)) (t - t0)``.

    Parameters
    ----------
    conditions
        Those on this unknown, of kind ``initial`` or ``dirichlet``.
    like
        A parameter of the network, whose device and element type constants get.
    """

    def __init__(self, domain: Domain, conditions: Sequence[Condition], like: dt.Tensor) -> None:
        self._domain, self._like = domain, like
        self._around: dict[tuple[str, ...], HardValues] = {}
        self._start = self._rate = None
        for condition in conditions:
            self._take(condition)
        self._scales = {parts: self._scale(parts) for parts in (*self._around, self._parts) if parts}
        if self._rate is not None and self._start is None:
            raise ArgumentError("a hard initial rate needs a hard initial value")

    def _take(self, condition: Condition) -> None:
        values = condition.hard
        assert values is not None
        parts = tuple(dict.fromkeys(part for on in values.faces for part in self._domain.parts_of(on)))
        if parts == (f"{self._domain.time}-",):
            taken, name = (self._start, "_start") if not values.order else (self._rate, "_rate")
            twice = taken is not None
            setattr(self, name, values)
        else:
            twice = bool({*parts} & {*self._parts})
            self._around[parts] = values
        if twice:
            raise ArgumentError(f"two hard conditions give the same values: one of them is `{condition.name}`")

    @property
    def _parts(self) -> tuple[str, ...]:
        """All parts of the boundary on which something is given."""
        return tuple(part for parts in self._around for part in parts)

    def _scale(self, parts: tuple[str, ...]) -> float:
        """What a function that vanishes on parts is divided by: it rises from them to 1 over half the width, about.

        A factor as large as 1 everywhere begins with a network far from solutions that are small, and ends there.
        """
        sides = [up - low for name, (low, up) in self._domain.bounds.items() if name != self._domain.time]
        size = min(sides, default=2.0) / 2
        points, normals = self._domain.boundary(SURVEYED, parts)
        step = 1e-4 * size
        slopes = self._domain.vanishing_on(parts, points - step * normals) / step
        return float(np.abs(slopes).mean()) * size

    def _vanishing(self, parts: tuple[str, ...], points: dt.Tensor) -> dt.Tensor:
        found: dt.Tensor = self._domain.vanishing_on(parts, points).reshape(-1, 1) * (1 / self._scales[parts])
        return found

    def factor(self, points: dt.Tensor) -> dt.Tensor:
        """What vanishes on the parts, and the share of time that has passed, or its square."""
        found = dt.ops.ones_like(points[:, :1])
        if self._around:
            found = self._vanishing(self._parts, points)
        if self._start is not None:
            low, up = self._domain.bounds[self._time]
            share = (self._moment(points) - low) * (1 / (up - low))
            found = found * (share if self._rate is None else share * share)
        return found

    def given(self, points: dt.Tensor) -> dt.Tensor:
        """The given values, carried on from the boundary into the domain, and from the beginning in time."""
        found: dt.Tensor = 0.0 * points[:, :1]
        if self._around:
            found = found + self._on_parts(points)
        if self._start is None:
            return found
        began = self._at_start(points)
        found = found + self._datum(self._start, began)
        if self._around:
            found = found - self._on_parts(began)
        if self._rate is None:
            return found
        rate = self._datum(self._rate, began)
        if self._around:
            rate = rate - self._rate_around(began)
        low, _ = self._domain.bounds[self._time]
        whole: dt.Tensor = found + rate * (self._moment(points) - low)
        return whole

    def _rate_around(self, points: dt.Tensor) -> dt.Tensor:
        """How fast the values on the boundary change."""
        index = tuple(int(name == self._time) for name in self._domain.coordinates)
        (found,) = dt.partials(lambda x: 0.0 * x[:, :1] + self._on_parts(x), [index])(points)
        return found

    def _on_parts(self, points: dt.Tensor) -> Any:
        """The values on the parts, carried on inside."""
        values = [self._datum(each, points) for each in self._around.values()]
        if len(values) == 1:
            return values[0]
        squares = [dt.ops.square(self._vanishing(parts, points)) for parts in self._around]
        weights = [reduce(operator.mul, squares[:i] + squares[i + 1 :]) for i in range(len(squares))]
        total = reduce(operator.add, weights)
        # Where parts meet, and all weights are 0, they have the same value.
        meets = total <= 0
        safe = dt.ops.where(meets, 1.0, total)
        shares = [dt.ops.where(meets, 1 / len(values), weight / safe) for weight in weights]
        return reduce(operator.add, [share * value for share, value in zip(shares, values, strict=True)])

    @property
    def _time(self) -> str:
        assert self._domain.time is not None
        return self._domain.time

    def _moment(self, points: dt.Tensor) -> dt.Tensor:
        axis = self._domain.axis(self._time)
        return points[:, axis : axis + 1]

    def _at_start(self, points: dt.Tensor) -> dt.Tensor:
        """The points, moved to where time begins."""
        axis = self._domain.axis(self._time)
        keep, place = np.ones(self._domain.dimension), np.zeros(self._domain.dimension)
        keep[axis], place[axis] = 0.0, self._domain.lower[axis]
        factor, shift = (dt.Tensor(x.astype(self._like.dtype.numpy), device=self._like.device) for x in (keep, place))
        return points * factor + shift

    def _datum(self, values: HardValues, points: dt.Tensor) -> Any:
        return values.datum(Points(self._domain.coordinates, points))
