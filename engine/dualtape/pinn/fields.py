"""What an equation is written in: unknown fields with their derivatives as attributes, and points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import dualtape as dt
from dualtape.errors import ArgumentError
from dualtape.pinn.domains import OF_FIELDS

Orders = tuple[int, ...]


class Field(dt.Reference):
    """An unknown at N points: a tensor of shape (N, 1), whose derivatives are attributes.

    ``u.t`` is its first derivative by t, ``u.xx`` the second by x, ``u.xy`` the mixed one (also
    ``u.yx``): any product of coordinates. They are tensors of the same shape.

    Equations are given fields; they take part in operations as any tensor does.

    Examples
    --------
    >>> import dualtape as dt
    >>> u = Field("u", ("x", "t"), lambda index: dt.Tensor([[float(sum(index))]]))
    >>> print(u.xx + u.t * 10 + dt.ops.exp(u))
    [[13.]]
    """

    __slots__ = ("_coordinates", "_derivative", "_name", "_value")

    def __init__(self, name: str, coordinates: tuple[str, ...], derivative: Callable[[Orders], dt.Tensor]) -> None:
        self._name = name
        self._coordinates = coordinates
        self._derivative = derivative
        self._value = derivative((0,) * len(coordinates))

    @property
    def name(self) -> str:
        """Its name in the equation."""
        return self._name

    def __dualtape_tensor__(self) -> dt.Tensor:
        return self._value

    def value(self) -> dt.Tensor:
        """The tensor that it stands for."""
        return self._value

    def by(self, *orders: str) -> dt.Tensor:
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
        return self._derivative(total)

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

    __slots__ = ("_coordinates", "_data", "normal_coordinates", "points")

    def __init__(
        self,
        coordinates: tuple[str, ...],
        points: dt.Tensor,
        data: dict[str, dt.Tensor] | None = None,
        normal_coordinates: tuple[str, ...] = (),
    ) -> None:
        self._coordinates = coordinates
        self._data = data or {}
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
        return self._column(self.points, name)

    def normal_along(self, coordinate: str) -> dt.Tensor:
        """One component of the outward normals, of shape (N, 1)."""
        return self._column(self.normal, coordinate)

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


def fields_of(
    names: Sequence[str], coordinates: tuple[str, ...], derivatives: dict[Orders, dt.Tensor]
) -> tuple[Field, ...]:
    """A field for each unknown, from derivatives of shape (N, number of unknowns)."""

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

    return tuple(Field(name, coordinates, column(j)) for j, name in enumerate(names))
