"""Values that hold exactly on the whole boundary of any domain that has a smooth distance, and where time begins.

Reference: Sukumar & Srivastava 2022, *Exact imposition of boundary conditions with distance functions in
physics-informed deep neural networks*, CMAME 389.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.condition import Condition, HardFormula, HardValues
from dualtape.pinn.domains import BOUNDARY, Domain
from dualtape.pinn.fields import Points


class Around(HardFormula):
    """On the whole boundary: the function that gives the values there is g within it, too.

    With values and rates where time begins, ``g(x, t) + u0(x) - g(x, t0) + (v(x) - dg/dt(x, t0)) (t - t0)``.

    Parameters
    ----------
    conditions
        Those on this unknown, of kind ``initial`` or ``dirichlet``.
    like
        A parameter of the network, whose device and element type constants get.
    """

    def __init__(self, domain: Domain, conditions: Sequence[Condition], like: dt.Tensor) -> None:
        self._domain, self._like = domain, like
        self._around, self._start, self._rate = (
            _only(domain, conditions, kind) for kind in ("boundary", "start", "rate")
        )
        if self._rate is not None and self._start is None:
            raise ArgumentError("a hard initial rate needs a hard initial value")
        sides = [up - low for name, (low, up) in domain.bounds.items() if name != domain.time]
        self._size = min(sides, default=2.0) / 2

    def factor(self, points: dt.Tensor) -> dt.Tensor:
        """The smooth distance in half widths of the domain, and the share of time that has passed, or its square."""
        found = dt.ops.ones_like(points[:, :1])
        if self._around is not None:
            found = self._domain.smooth_distance(points).reshape(-1, 1) * (1 / self._size)
        if self._start is not None:
            low, up = self._domain.bounds[self._time]
            share = (self._moment(points) - low) * (1 / (up - low))
            found = found * (share if self._rate is None else share * share)
        return found

    def given(self, points: dt.Tensor) -> dt.Tensor:
        """The given values, carried on from the boundary into the domain, and from the beginning in time."""
        found: dt.Tensor = 0.0 * points[:, :1]
        if self._around is not None:
            found = found + self._datum(self._around, points)
        if self._start is None:
            return found
        began = self._at_start(points)
        found = found + self._datum(self._start, began)
        if self._around is not None:
            found = found - self._datum(self._around, began)
        if self._rate is None:
            return found
        rate = self._datum(self._rate, began)
        if self._around is not None:
            rate = rate - self._rate_around(began)
        low, _ = self._domain.bounds[self._time]
        whole: dt.Tensor = found + rate * (self._moment(points) - low)
        return whole

    def _rate_around(self, points: dt.Tensor) -> dt.Tensor:
        """How fast the values on the boundary change."""
        index = tuple(int(name == self._time) for name in self._domain.coordinates)
        assert self._around is not None
        values = self._around
        (found,) = dt.partials(lambda x: 0.0 * x[:, :1] + self._datum(values, x), [index])(points)
        return found

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


def _only(domain: Domain, conditions: Sequence[Condition], kind: str) -> HardValues | None:
    """The one condition of a kind: on the boundary, or of values or rates where time begins."""
    found = None
    for condition in conditions:
        values = condition.hard
        assert values is not None
        parts = {part for on in values.faces for part in domain.parts_of(on)}
        begins = parts == {f"{domain.time}-"}
        if kind != ("boundary" if not begins else "rate" if values.order else "start"):
            continue
        if not begins and parts != {*domain.parts_of(BOUNDARY)}:
            missing = sorted({*domain.parts_of(BOUNDARY)} - parts)
            raise ArgumentError(
                f"`{condition.name}` is hard, which in another domain than a box such as pinn.Rectangle needs the "
                f"whole boundary, with one function for its values; this lacks {', '.join(missing)}"
            )
        if found is not None:
            raise ArgumentError(f"two hard conditions give the same values: one of them is `{condition.name}`")
        found = values
    return found
