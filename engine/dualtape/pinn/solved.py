"""An unknown of a trained solution, and its derivatives, as functions of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.fields import Points, read_derivative

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution


class SolvedField:
    """An unknown of a solution: ``solution.u(points)``, ``solution.u.xx(x=0.5, t=t)``.

    Given arrays or numbers it gives an array of their shape. Given the points of another problem's equation or
    condition, it gives a column there, with derivatives: the end of one problem is the beginning of the next by
    ``pinn.initial(lambda p: solution.u(p))``, and ``solution.u(p, t=1.0)`` is its value at another time.

    Examples
    --------
    >>> from dualtape import nn, pinn
    >>> problem = pinn.Problem(pinn.Rectangle(x=(0, 1), t=(0, 1)), lambda u, p: u.t + u.x)
    >>> solution = pinn.solve(problem, nn.MLP(2, 1), 2, lbfgs_steps=0, points=10, progress=False)
    >>> solution.u.xt(x=[0.0, 0.5, 1.0], t=0.5).shape
    (3,)
    """

    def __init__(self, solution: Solution, name: str, orders: tuple[str, ...] = ()) -> None:
        self._solution = solution
        self._name = name
        self._orders = orders

    def __call__(self, points: Any = None, **coordinates: Any) -> Any:
        """Its values; see :meth:`dualtape.pinn.Solution.evaluate`."""
        if isinstance(points, Points):
            return self._at_points(points, coordinates)
        return self._solution.evaluate(self._statement, points, **coordinates)

    def by(self, *orders: str) -> SolvedField:
        """Its derivative by a product of coordinates, as a function: ``solution.u.by("xx")`` is ``solution.u.xx``."""
        for part in orders:
            if read_derivative(part, self._coordinates) is None:
                raise ArgumentError(
                    f"`{self._name}.{part}` is no derivative: the coordinates are {', '.join(self._coordinates)}"
                )
        return SolvedField(self._solution, self._name, (*self._orders, *orders))

    def __getattr__(self, name: str) -> SolvedField:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.by(name)

    @property
    def _coordinates(self) -> tuple[str, ...]:
        return self._solution.problem.domain.coordinates

    def _statement(self, *fields_and_points: Any) -> Any:
        field = fields_and_points[self._solution.problem.unknowns.index(self._name)]
        return field.by(*self._orders) if self._orders else field

    def _at_points(self, points: Points, coordinates: dict[str, Any]) -> dt.Tensor:
        if unknown := {*coordinates} - {*self._coordinates}:
            raise ArgumentError(f"no coordinate {min(unknown)!r}; there are {', '.join(self._coordinates)}")
        zeros = points.points[:, :1] * 0.0
        given = {
            name: coordinates[name] if name in coordinates else getattr(points, name) for name in self._coordinates
        }
        columns = [(zeros + x) * 1.0 for x in given.values()]
        found: dt.Tensor = self._solution.evaluate(self._statement, dt.ops.cat(columns, 1))
        return found.reshape(-1, 1).astype(points.points.dtype)

    def __repr__(self) -> str:
        return ".".join([self._name, *(["".join(self._orders)] if self._orders else [])])
