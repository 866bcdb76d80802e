"""An equation and what it asks of the unknowns: it is called once to see which derivatives, and then for numbers.

A derivative of an expression, ``(k * u.x).d("x")``, is that of the equation itself up to this call: the equation is
called again at points that carry a tangent, until it has made the expression. So everything in it is differentiated,
functions and networks of the user's own included, and nothing is cut without a word. Of that call, what the expression
does not need is dead code, which a compiled step leaves out. Derivatives that are taken one after the other, before any
of them is used, are a round: one such call gives them all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, DTypeError, ShapeError, TracingError
from dualtape.pinn.condition import EquationRule
from dualtape.pinn.domains import Domain
from dualtape.pinn.explaining import explain_failure
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
    rounds
        The derivatives of expressions that it takes, in rounds.
    asks_elsewhere
        Whether it asks for unknowns by `at`.
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
        self.rounds: list[Round] = []
        self.asks_elsewhere = False

    def record(self, points: dt.Tensor, data: Data) -> tuple[Any, ...]:
        """Call it once, to see which derivatives it asks for: the shape and element type of each residual.

        Nothing is computed, which would take kernels of its own for each operation.
        """
        used: dict[Orders, None] = {}
        self.rounds = []
        asks: list[str] = []

        def residuals(points: dt.Tensor, data: Data) -> tuple[Any, ...]:
            def recorded(index: Orders) -> dt.Tensor:
                used[index] = None
                return points[:, :1]

            call = _Recording(self, points, data, [recorded] * len(self.names), used)
            found = call.run()
            asks.extend(field.name for field in call.fields if field.asked)
            return found

        found: tuple[Any, ...] = dt.eval_shape(residuals, points, data)
        self.indices, self.asks = tuple(used), tuple(asks)
        return found

    def residuals(self, points: dt.Tensor, data: Data, derivatives: dict[Orders, dt.Tensor]) -> tuple[Any, ...]:
        """What it gives at points where the derivatives of all unknowns are known."""
        columns = derivative_columns(self.names, self.domain.coordinates, derivatives)
        return _Call(self, points, data, columns).run()

    def places_elsewhere(self, points: dt.Tensor, data: Data) -> list[dt.Tensor]:
        """The points at which a recorded equation asks for unknowns by `at`."""
        if not self.asks_elsewhere:
            return []
        derivatives = derivatives_of(self.unknowns, self.indices)(points)
        call = _Looking(self, points, data, derivative_columns(self.names, self.domain.coordinates, derivatives))
        call.run()
        return call.places

    def expressions(self, taken: Round, points: dt.Tensor, data: Data) -> dt.Tensor:
        """The expressions whose derivatives a round takes, side by side, as a function of the points."""
        derivatives = derivatives_of(self.unknowns, taken.before)(points)
        columns = derivative_columns(self.names, self.domain.coordinates, derivatives)
        call = _Replay(self, points, data, columns, taken)
        try:
            call.run()
        except _Reached:
            zeros = 0.0 * points[:, :1]  # a constant's derivative is 0
            for x in call.expressions:
                if isinstance(x, dt.Tensor) and x.dtype.is_complex:
                    raise DTypeError(
                        "`d` takes derivatives of real expressions, and got a complex one; take its real and its "
                        "imaginary part apart, or those of a `ComplexField`, which is differentiated itself"
                    ) from None
                if x.shape != zeros.shape:
                    raise ShapeError(
                        f"`d` was asked for the derivative of an expression of shape {x.shape} at {points.shape[0]} "
                        f"points; expected {zeros.shape}"
                    ) from None
            found = [_tensor(expression + zeros) for expression in call.expressions]
            whole: dt.Tensor = found[0] if len(found) == 1 else dt.ops.cat(found, 1)
            return whole
        raise _changed()


@dataclass
class Round:
    """Derivatives of expressions that are taken together.

    Attributes
    ----------
    first
        The number of the first of them, in the order in which the equation takes them.
    indices
        By which coordinates, and how often, each is taken.
    before
        The derivatives of unknowns that the equation uses until then.
    """

    first: int
    indices: list[Orders]
    before: tuple[Orders, ...]


def _changed() -> ArgumentError:
    return ArgumentError(
        "an equation took other derivatives of expressions than at its first call; it must take the same at every call"
    )


def _tensor(x: Any) -> Any:
    """What an expression stands for: transformations see no derivative behind what stands for a tensor."""
    return x.__dualtape_tensor__() if isinstance(x, Quantity) else x


def _real_residuals(residual: Any) -> tuple[Any, ...]:
    """A complex residual as two, its real and its imaginary part."""
    if not isinstance(residual, dt.Tensor) or not residual.dtype.is_complex:
        return (residual,)
    return dt.ops.real(residual), dt.ops.imag(residual)


class _Reached(BaseException):
    """The expressions that a call was made for are there; no fault, and nothing for the equation to catch."""


class _Call(Evaluation):
    """One call of an equation."""

    def __init__(
        self,
        statement: Statement,
        points: dt.Tensor,
        data: Data,
        columns: Sequence[Column],
    ) -> None:
        self.statement = statement
        self.coordinates, self.space = statement.domain.coordinates, statement.domain.space
        self._points, self._data = points, data
        self._taken = 0
        self._found: dict[int, dict[Orders, dt.Tensor]] = {}
        self._p = Points(self.coordinates, points, data, statement.across, self)
        self.normals = {name: self._p.normal_along(name) for name in statement.across if "normal" in data}
        self.fields = [
            Field(name, self.coordinates, column, self)
            for name, column in zip(statement.names, columns, strict=True)
        ]  # fmt: skip

    def run(self) -> tuple[Any, ...]:
        """Call the equation: its residuals."""
        try:
            found = self.statement.equation(*self.fields, self._p)
        except (AttributeError, ArgumentError, ArgumentTypeError, TracingError) as failure:
            explain_failure(failure, self.coordinates)
            raise
        residuals = map(_tensor, found if isinstance(found, (tuple, list)) else (found,))
        return tuple(part for residual in residuals for part in _real_residuals(residual))

    def derivative(self, expression: dt.Tensor, coordinate: str, order: int) -> Quantity:
        number, self._taken = self._taken, self._taken + 1
        axis = self.statement.domain.axis(coordinate)
        index = tuple(order if i == axis else 0 for i in range(len(self.coordinates)))
        return self._differentiated(number, expression, index)

    def _differentiated(self, number: int, expression: dt.Tensor, index: Orders) -> Quantity:
        """The derivative that is taken as the ``number``-th."""
        return Quantity(lambda: self._of_round(number, index), self)

    def _of_round(self, number: int, index: Orders) -> dt.Tensor:
        for taken in self.statement.rounds:
            place = number - taken.first
            if 0 <= place < len(taken.indices) and taken.indices[place] == index:
                whole = self._derivatives(taken)[index]
                return whole if len(taken.indices) == 1 else whole[:, place : place + 1]
        raise _changed()

    def _derivatives(self, taken: Round) -> dict[Orders, dt.Tensor]:
        """Those of all expressions of a round, by its multi-indices."""
        if taken.first not in self._found:
            different = tuple(dict.fromkeys(taken.indices))
            expressions = lambda points: self.statement.expressions(taken, points, self._data)
            self._found[taken.first] = derivatives_of(expressions, different)(self._points)
        return self._found[taken.first]

    def elsewhere(self, name: str, points: tuple[Any, ...], coordinates: dict[str, Any]) -> Field:
        places = self._places(points, coordinates)
        self.statement.asks_elsewhere = True
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
        for name, x in zip(self.coordinates, columns, strict=True):
            low, up = self.statement.domain.bounds[name]
            room = 1e-6 * (up - low)
            if isinstance(x, (int, float)) and not low - room <= x <= up + room:
                raise ArgumentError(
                    f"`at` of {name}={x:g} is outside the domain, where {name} is from {low:g} to {up:g}"
                )
        rows = {x.shape[0] for x in columns if isinstance(x, dt.Tensor) and x.shape and x.shape[0] > 1}
        number = max(rows, default=1)
        if len(rows) > 1 or any(isinstance(x, dt.Tensor) and x.shape not in ((), (1, 1), (number, 1)) for x in columns):
            shapes = ", ".join(str(getattr(x, "shape", x)) for x in columns)
            raise ShapeError(f"`at` takes columns of one length, and numbers; got {shapes}. Give all coordinates")
        like = self._points[:1, :1] * 0.0
        zeros = dt.ops.broadcast_to(like, (number, 1))
        return dt.ops.cat([zeros + x for x in columns], 1)


class _Recording(_Call):
    """A call that writes down which derivatives of expressions are taken, and in which rounds."""

    def __init__(
        self,
        statement: Statement,
        points: dt.Tensor,
        data: Data,
        columns: Sequence[Column],
        used: dict[Orders, None],
    ) -> None:
        super().__init__(statement, points, data, columns)
        self._used = used
        self._open = False

    def _differentiated(self, number: int, expression: dt.Tensor, index: Orders) -> Quantity:
        _tensor(expression)  # may use derivatives of the round, which ends it
        if not self._open:
            self.statement.rounds.append(Round(number, [], ()))
            self._open = True
        self.statement.rounds[-1].indices.append(index)
        self.statement.rounds[-1].before = tuple(self._used)
        return Quantity(self._use, self)

    def _use(self) -> dt.Tensor:
        self._open = False
        return dt.ops.ones_like(self._points[:, :1])


class _Looking(_Call):
    """A call that keeps the points at which unknowns are asked for by `at`."""

    def __init__(self, statement: Statement, points: dt.Tensor, data: Data, columns: Sequence[Column]) -> None:
        super().__init__(statement, points, data, columns)
        self.places: list[dt.Tensor] = []

    def _places(self, points: tuple[Any, ...], coordinates: dict[str, Any]) -> dt.Tensor:
        self.places.append(super()._places(points, coordinates))
        return self.places[-1]


class _Replay(_Call):
    """A call for the expressions of one round."""

    def __init__(
        self, statement: Statement, points: dt.Tensor, data: Data, columns: Sequence[Column], taken: Round
    ) -> None:
        super().__init__(statement, points, data, columns)
        self._round = taken
        self.expressions: list[dt.Tensor] = []

    def _differentiated(self, number: int, expression: dt.Tensor, index: Orders) -> Quantity:
        place = number - self._round.first
        if place < 0:
            return super()._differentiated(number, expression, index)
        if self._round.indices[place] != index:
            raise _changed()
        self.expressions.append(expression)
        if place == len(self._round.indices) - 1:
            raise _Reached
        return Quantity(_unknown_yet, self)


def _unknown_yet() -> dt.Tensor:
    raise _changed()


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
