"""An equation and what it asks of the unknowns: it is called once to see which derivatives, and then for numbers.

A derivative of an expression, ``(k * u.x).d("x")``, is that of the equation itself up to this call: the equation is
called again at points that carry a tangent, until it has made the expression. So everything in it is differentiated,
functions and networks of the user's own included, and nothing is cut without a word. Of that call, what the expression
does not need is dead code, which a compiled step leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.conditions import EquationRule
from dualtape.pinn.domains import Domain
from dualtape.pinn.fields import Field, Orders, Points, derivative_columns
from dualtape.pinn.quantities import Evaluation, Quantity

Unknowns = Callable[[dt.Tensor], dt.Tensor]
Column = Callable[[Orders], dt.Tensor]
Data = dict[str, dt.Tensor]


class Statement:
    """An equation of some unknowns, at points and with data.

    Attributes
    ----------
    indices
        The derivatives that it asks the unknowns for.
    asks
        The names of those unknowns that it asks for anything.
    """

    def __init__(
        self, equation: EquationRule, domain: Domain, across: tuple[str, ...], names: Sequence[str], unknowns: Unknowns
    ) -> None:
        self.equation = equation
        self.domain = domain
        self.across = across
        self.names = tuple(names)
        self.unknowns = unknowns
        self.indices: tuple[Orders, ...] = ()
        self.asks: tuple[str, ...] = ()
        # The derivatives of unknowns that are used before each derivative of an expression.
        self._before: list[tuple[Orders, ...]] = []

    def record(self, points: dt.Tensor, data: Data) -> tuple[Any, ...]:
        """Call it on ones, to see which derivatives it asks for; what it gives has the shapes of its residuals."""
        used: dict[Orders, None] = {}
        self._before = []

        def recorded(index: Orders) -> dt.Tensor:
            used[index] = None
            return dt.ops.ones_like(points[:, :1])

        def before() -> dt.Tensor:
            self._before.append(tuple(used))
            return dt.ops.ones_like(points[:, :1])

        call = _Call(self, points, data, [recorded] * len(self.names), recording=before)
        found = call.run()
        self.indices = tuple(used)
        self.asks = tuple(field.name for field in call.fields if field.asked)
        return found

    def residuals(self, points: dt.Tensor, data: Data, derivatives: dict[Orders, dt.Tensor]) -> tuple[Any, ...]:
        """What it gives at points where the derivatives of all unknowns are known."""
        columns = derivative_columns(self.names, self.domain.coordinates, derivatives)
        return _Call(self, points, data, columns).run()

    def expression(self, number: int, points: dt.Tensor, data: Data) -> dt.Tensor:
        """The expression whose derivative it takes as the ``number``-th, as a function of the points."""
        derivatives = derivatives_of(self.unknowns, self._before[number])(points)
        columns = derivative_columns(self.names, self.domain.coordinates, derivatives)
        try:
            _Call(self, points, data, columns, stop=number).run()
        except _Reached as reached:
            found: dt.Tensor = _tensor(reached.expression + 0.0 * points[:, :1])  # a constant's derivative is 0
            if found.shape != (points.shape[0], 1):
                raise ShapeError(
                    f"`d` was asked for the derivative of an expression of shape {reached.expression.shape} at "
                    f"{points.shape[0]} points; expected {(points.shape[0], 1)}"
                ) from None
            return found
        raise ArgumentError(
            "an equation took fewer derivatives of expressions than at its first call; it must take the same at every "
            "call"
        )


def _tensor(x: Any) -> Any:
    """What an expression stands for: transformations see no derivative behind what stands for a tensor."""
    return x.__dualtape_tensor__() if isinstance(x, Quantity) else x


class _Reached(BaseException):
    """The expression that a call was made for is there; no fault, and nothing for the equation to catch."""

    def __init__(self, expression: dt.Tensor) -> None:
        super().__init__("an expression")
        self.expression = expression


class _Call(Evaluation):
    """One call of an equation."""

    def __init__(
        self,
        statement: Statement,
        points: dt.Tensor,
        data: Data,
        columns: Sequence[Column],
        stop: int | None = None,
        recording: Callable[[], dt.Tensor] | None = None,
    ) -> None:
        self.statement = statement
        self.coordinates, self.space = statement.domain.coordinates, statement.domain.space
        self._points, self._data, self._stop, self._recording = points, data, stop, recording
        self._taken = 0
        self._p = Points(self.coordinates, points, data, statement.across, self)
        self.normals = {name: self._p.normal_along(name) for name in statement.across if "normal" in data}
        self.fields = [
            Field(name, self.coordinates, column, self)
            for name, column in zip(statement.names, columns, strict=True)
        ]  # fmt: skip

    def run(self) -> tuple[Any, ...]:
        """Call the equation: its residuals."""
        found = self.statement.equation(*self.fields, self._p)
        return tuple(map(_tensor, found)) if isinstance(found, (tuple, list)) else (_tensor(found),)

    def derivative(self, expression: dt.Tensor, coordinate: str, order: int) -> Quantity:
        number, self._taken = self._taken, self._taken + 1
        axis = self.statement.domain.axis(coordinate)
        if number == self._stop:
            raise _Reached(expression)
        if self._recording is not None:
            ones = self._recording()
            return Quantity(lambda: ones, self)
        index = tuple(order if i == axis else 0 for i in range(len(self.coordinates)))

        def make() -> dt.Tensor:
            sweep = dt.partials(lambda points: self.statement.expression(number, points, self._data), [index])
            found: dt.Tensor = sweep(self._points)[0]
            return found

        return Quantity(make, self)

    def elsewhere(self, name: str, points: tuple[Any, ...], coordinates: dict[str, Any]) -> Field:
        places = self._places(points, coordinates)
        j = self.statement.names.index(name)

        def column(index: Orders) -> dt.Tensor:
            found = derivatives_of(self.statement.unknowns, (index,))(places)[index]
            return found[:, j : j + 1]

        return Field(name, self.coordinates, column, _Elsewhere(self.coordinates, self.space))

    def _places(self, points: tuple[Any, ...], coordinates: dict[str, Any]) -> dt.Tensor:
        if len(points) == 1 and isinstance(points[0], Points) and not coordinates:
            return points[0].points
        if points and (coordinates or len(points) != len(self.coordinates)):
            raise ArgumentError(
                f"`at` takes all coordinates, {', '.join(self.coordinates)}, or some by name; got {len(points)}"
                + (f" and {', '.join(coordinates)}" if coordinates else "")
            )
        given = dict(zip(self.coordinates, points, strict=True)) if points else coordinates
        for name in given:
            self.statement.domain.axis(name)
        columns = [given.get(name, getattr(self._p, name)) for name in self.coordinates]
        rows = {x.shape[0] for x in columns if isinstance(x, dt.Tensor) and x.shape and x.shape[0] > 1}
        number = max(rows, default=1)
        if len(rows) > 1 or any(isinstance(x, dt.Tensor) and x.shape not in ((), (1, 1), (number, 1)) for x in columns):
            shapes = ", ".join(str(getattr(x, "shape", x)) for x in columns)
            raise ShapeError(f"`at` takes columns of one length, and numbers; got {shapes}. Give all coordinates")
        like = self._points[:1, :1] * 0.0
        zeros = dt.ops.broadcast_to(like, (number, 1))
        return dt.ops.cat([zeros + x for x in columns], 1)


class _Elsewhere(Evaluation):
    """Other points than those of the equation, where unknowns have derivatives and expressions have none."""

    def __init__(self, coordinates: tuple[str, ...], space: tuple[str, ...]) -> None:
        self.coordinates, self.space, self.normals = coordinates, space, {}

    def derivative(self, expression: dt.Tensor, coordinate: str, order: int) -> Quantity:
        raise ArgumentError(
            "`d` of an expression of `u.at(...)`: write derivatives of the unknown there, as in u.at(x=0.0).xx, or "
            "p.d(expression, 'x') for the derivative by the equation's own coordinates"
        )

    def elsewhere(self, name: str, points: tuple[Any, ...], coordinates: dict[str, Any]) -> Any:
        raise ArgumentError("`at` of `at`: ask the unknown of the equation itself, u.at(...)")


def derivatives_of(unknowns: Unknowns, indices: tuple[Orders, ...]) -> Callable[[dt.Tensor], dict[Orders, dt.Tensor]]:
    """The function from points to the derivatives of all unknowns at exactly these multi-indices."""
    if not any(any(index) for index in indices):
        return lambda points: dict.fromkeys(indices, unknowns(points))
    sweep = dt.partials(unknowns, indices)
    return lambda points: dict(zip(indices, sweep(points), strict=True))
