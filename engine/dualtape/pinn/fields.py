"""What an equation is written in: unknown fields with their derivatives as attributes, and points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any, NoReturn

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains import OF_FIELDS, Domain
from dualtape.pinn.integrals import domain_integral, gauss_integral
from dualtape.pinn.quantities import Evaluation, Quantity, known_quantity, read_order, refuse_index

Orders = tuple[int, ...]


class Field(Quantity):
    """An unknown at N points: a tensor of shape (N, 1), whose derivatives are attributes.

    ``u.t`` is its first derivative by t, ``u.xx`` the second by x, ``u.xy`` the mixed one (also
    ``u.yx``): any product of coordinates. They are tensors of the same shape, and so are ``u.d("x", 3)``,
    ``u.laplacian()`` over the coordinates of space, and on a boundary ``u.normal``, the derivative along the outward
    normal; ``u.grad()`` is a :class:`dualtape.pinn.Vector`.

    Equations are given fields; they take part in operations as any tensor does.

    Attributes
    ----------
    asked
        Whether anything was made of it yet.

    Examples
    --------
    >>> import dualtape as dt
    >>> u = Field("u", ("x", "t"), lambda index: dt.Tensor([[float(sum(index))]]))
    >>> print(u.xx + u.t * 10 + dt.ops.exp(u))
    [[13.]]
    """

    __slots__ = ("_coordinates", "_derivative", "_name", "asked")

    def __init__(
        self,
        name: str,
        coordinates: tuple[str, ...],
        derivative: Callable[[Orders], dt.Tensor],
        evaluation: Evaluation | None = None,
    ) -> None:
        self._name = name
        self._coordinates = coordinates
        self._derivative = derivative
        super().__init__(
            lambda: derivative((0,) * len(coordinates)), evaluation, self._further_by((0,) * len(coordinates))
        )
        super().__dualtape_tensor__()
        self.asked = False

    def __dualtape_tensor__(self) -> dt.Tensor:
        self.asked = True
        return super().__dualtape_tensor__()

    @property
    def name(self) -> str:
        """Its name in the equation."""
        return self._name

    @property
    def coordinates(self) -> tuple[str, ...]:
        """What it depends on."""
        return self._coordinates

    def value(self) -> dt.Tensor:
        """The tensor that it stands for."""
        return self.__dualtape_tensor__()

    def by(self, *orders: str) -> Quantity:
        """The derivative by a product of coordinates: ``u.by('xx')`` is ``u.xx``, and so is ``u.by('x', 'x')``."""
        total = (0,) * len(self._coordinates)
        for part in orders:
            index = read_derivative(part, self._coordinates)
            if index is None:
                raise ArgumentError(
                    f"`{self._name}.{part}` is no derivative: the coordinates are {', '.join(self._coordinates)}, "
                    f"so write for example {self._name}.{self._coordinates[0] * 2}"
                )
            total = tuple(map(sum, zip(total, index, strict=True)))
        return self._of(total)

    def at(self, *points: Any, **coordinates: Any) -> Field:
        """The unknown at other points: ``u.at(p.x - 1, p.t)``, or ``u.at(x=p.x - 1)`` with the other coordinates kept.

        Its derivatives are those of the unknown there: ``u.at(x=0.0).x`` is the slope at 0. A number stands for a
        column of it; columns of another length than the points' are taken if all coordinates are given. So are
        points as a whole, ``u.at(q)``.
        """
        if self._evaluation is None:
            raise ArgumentError("`at` is taken in equations and conditions, and only there")
        self.asked = True
        found: Field = self._evaluation.elsewhere(self._name, points, coordinates)
        return found

    def __call__(self, *points: object, **coordinates: object) -> NoReturn:
        raise ArgumentTypeError(
            f"`{self._name}` stands for its values at the points of the equation; elsewhere it is "
            f"{self._name}.at(...), as in {self._name}.at({self._coordinates[0]}=0.0)"
        )

    def _of(self, index: Orders) -> Quantity:
        self.asked = True
        found = self._derivative(index)  # now, as equations are asked once what they use
        return known_quantity(found, self._evaluation, self._further_by(index))

    def _further_by(self, index: Orders) -> Callable[[str, int], Quantity]:
        def further(coordinate: str, order: int) -> Quantity:
            if coordinate not in self._coordinates:
                raise ArgumentError(f"no coordinate {coordinate!r}; there are {', '.join(self._coordinates)}")
            i = self._coordinates.index(coordinate)
            return self._of((*index[:i], index[i] + order, *index[i + 1 :]))

        return further

    def __getattribute__(self, name: str) -> Any:
        # Coordinates come before the methods of Tensor, which may share a short name with one.
        if name[0] == "_" or name in OF_FIELDS or read_derivative(name, self._coordinates) is None:
            return super().__getattribute__(name)
        return self.by(name)

    def __getattr__(self, name: str) -> Any:
        if name[0] == "_" or name in OF_FIELDS:
            raise AttributeError(f"a field has no attribute {name!r}")
        return self.by(name)


class Points:
    """N points in the order of the equation's coordinates: ``p.x`` is a tensor of shape (N, 1).

    Attributes
    ----------
    points
        All coordinates, of shape (N, d), as the network takes them.
    normal
        On a boundary: the outward normals, of shape (N, d).
    normal_coordinates
        On a boundary: the coordinates along which they may have a component.
    values
        Of observations: what was observed, of shape (N, 1).
    """

    __slots__ = ("_coordinates", "_data", "_evaluation", "normal_coordinates", "points")

    def __init__(
        self,
        coordinates: tuple[str, ...],
        points: dt.Tensor,
        data: dict[str, dt.Tensor] | None = None,
        normal_coordinates: tuple[str, ...] = (),
        evaluation: Evaluation | None = None,
    ) -> None:
        self._coordinates = coordinates
        self._data = data or {}
        self._evaluation = evaluation
        self.points = points
        self.normal_coordinates = normal_coordinates

    def __getattr__(self, name: str) -> dt.Tensor:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in self._data:
            return self._data[name]
        if name not in self._coordinates:
            known = ", ".join((*self._coordinates, "points", *self._data))
            raise ArgumentError(f"`p.{name}`: these points have no {name!r}; they have {known}")
        column = self._column(self.points, name)
        # Elsewhere than in equations, where functions of points are differentiated as a whole, it is a plain tensor.
        return column if self._evaluation is None else known_quantity(column, self._evaluation)

    def __getitem__(self, key: object) -> NoReturn:
        column = key[1] if isinstance(key, tuple) and len(key) == 2 else None
        place = (column.start or 0) if isinstance(column, slice) else column
        known = isinstance(place, int) and -len(self._coordinates) <= place < len(self._coordinates)
        refuse_index(key, self._coordinates[place if known and place is not None else 0])

    def normal_along(self, coordinate: str) -> dt.Tensor:
        """One component of the outward normals, of shape (N, 1)."""
        return self._column(self.normal, coordinate)

    def d(self, expression: dt.Tensor, coordinate: str, order: int = 1) -> Quantity:
        """The derivative of any expression at these points: ``p.d(dualtape.ops.exp(u) * u.x, "x")``."""
        read_order(coordinate, order)
        if self._evaluation is None:
            raise ArgumentError("derivatives of expressions are taken in equations and conditions, and only there")
        return self._evaluation.derivative(expression, coordinate, order)

    def integral(
        self, integrand: Callable[[dt.Tensor, Points], Any], lower: Any, upper: Any, nodes: int = 20
    ) -> dt.Tensor:
        """The integral of ``integrand(s, p)`` over s between numbers or columns, by Gauss-Legendre quadrature.

        At each point, ``nodes`` values of s are taken, all at once: ``s`` has shape (nodes N, 1), and the ``p`` that
        the integrand is given repeats these points as often. An unknown in it is asked where s is: a Volterra term is
        ``p.integral(lambda s, p: ops.exp(s - p.t) * u.at(s), 0.0, p.t)``. The result, of shape (N, 1), is exact for
        polynomials of degree ``2 nodes - 1``.
        """

        return gauss_integral(integrand, lower, upper, nodes, self.points[:, :1], self._repeated)

    def integral_over(self, domain: Domain, integrand: Callable[[Points, Points], Any], nodes: int = 64) -> dt.Tensor:
        """The integral of ``integrand(q, p)`` over a domain of these coordinates, for each point p: a column.

        As :meth:`integral`, with ``q`` all points of the domain's quadrature, of which there are about ``nodes``:
        ``p.integral_over(square, lambda q, p: ops.exp(-((p.x - q.x) ** 2)) * u.at(q))``.
        """
        if isinstance(domain, Domain) and domain.coordinates != self._coordinates:
            raise ArgumentError(
                f"the domain of `integral_over` has the coordinates {', '.join(domain.coordinates)}; the points have "
                f"{', '.join(self._coordinates)}"
            )
        made = lambda points: Points(self._coordinates, points)
        return domain_integral(integrand, domain, nodes, self.points, made, self._repeated)

    def _repeated(self, times: int) -> Points:
        """These points so many times, one set behind the other."""
        again = {name: dt.ops.cat([x] * times) for name, x in (("", self.points), *self._data.items())}
        return Points(self._coordinates, again.pop(""), again, self.normal_coordinates)

    def _column(self, whole: dt.Tensor, coordinate: str) -> dt.Tensor:
        i = self._coordinates.index(coordinate)
        return whole[:, i : i + 1]


@lru_cache(1024)
def read_derivative(orders: str, coordinates: tuple[str, ...]) -> Orders | None:
    """``'xxt'`` as the multi-index (2, 1) of the coordinates (x, t); ``None`` if it is no product of them.

    Examples
    --------
    >>> read_derivative("xxt", ("x", "t")), read_derivative("xz", ("x", "t"))
    ((2, 1), None)
    """
    readings = _readings(orders, coordinates)
    if len(readings) > 1:
        spelled = " or ".join(_spelled(index, coordinates, ", ") for index in sorted(readings, reverse=True))
        raise ArgumentError(f"the derivative {orders!r} may be by {spelled}; say which, as in u.by('x', 'y')")
    return next(iter(readings), None)


def _readings(orders: str, coordinates: tuple[str, ...]) -> set[Orders]:
    """Every product of coordinates whose names make up ``orders``: all beginnings are read, from the shortest on."""
    read: list[set[Orders]] = [set() for _ in range(len(orders) + 1)]
    read[0].add((0,) * len(coordinates))
    for start, indices in enumerate(read[:-1]):
        for i, name in enumerate(coordinates):
            if orders.startswith(name, start):
                read[start + len(name)] |= {(*index[:i], index[i] + 1, *index[i + 1 :]) for index in indices}
    return read[-1] if orders else set()


def _spelled(index: Orders, coordinates: tuple[str, ...], separator: str = "") -> str:
    return separator.join(name for name, n in zip(coordinates, index, strict=True) for _ in range(n)) or "of order 0"


def derivative_columns(
    names: Sequence[str], coordinates: tuple[str, ...], derivatives: dict[Orders, dt.Tensor]
) -> list[Callable[[Orders], dt.Tensor]]:
    """The derivatives of each unknown, from those of all of them, of shape (N, number of unknowns)."""

    def column(j: int) -> Callable[[Orders], dt.Tensor]:
        @cache
        def derivative(index: Orders) -> dt.Tensor:
            if index not in derivatives:
                raise ArgumentError(
                    f"the derivative {_spelled(index, coordinates)} of {names[j]!r} was not used when the equation "
                    "was first called; an equation must use the same derivatives at every call"
                )
            return derivatives[index] if len(names) == 1 else derivatives[index][:, j : j + 1]

        return derivative

    return [column(j) for j in range(len(names))]
