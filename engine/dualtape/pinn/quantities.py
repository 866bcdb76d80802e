"""Expressions of an equation: tensors at its points, which know how to be differentiated by a coordinate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, NoReturn

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError


class Evaluation(ABC):
    """One call of an equation at some points, as its expressions see it.

    Attributes
    ----------
    coordinates
        Of the domain.
    space
        Those that are not time.
    normals
        At a boundary, the components of its outward normals by coordinate.
    """

    coordinates: tuple[str, ...]
    space: tuple[str, ...]
    normals: dict[str, dt.Tensor]

    @abstractmethod
    def derivative(self, expression: dt.Tensor, coordinate: str, order: int) -> Quantity:
        """The derivative of an expression of this call."""

    @abstractmethod
    def elsewhere(self, name: str, points: tuple[Any, ...], coordinates: dict[str, Any]) -> Any:
        """An unknown at other points."""


class Quantity(dt.Reference):
    """A tensor of an equation, of shape (N, 1): an unknown, a derivative, a coordinate, what operators make of them.

    ``(k * u.x).d("x")`` is its derivative by a coordinate, and ``laplacian()`` and ``grad()`` are made of such. What a
    function of ``dualtape.ops`` makes of it is a plain Tensor; ``p.d(tensor, "x")`` differentiates that.
    """

    __slots__ = ("_evaluation", "_further", "_known", "_make")

    def __init__(
        self,
        make: Callable[[], dt.Tensor],
        evaluation: Evaluation | None,
        further: Callable[[str, int], Quantity] | None = None,
    ) -> None:
        self._make = make
        self._evaluation = evaluation
        self._further = further
        self._known: dt.Tensor | None = None

    def __dualtape_tensor__(self) -> dt.Tensor:
        # What nobody looks at is never computed.
        if self._known is None:
            self._known = self._make()
        return self._known

    @property
    def is_pending(self) -> bool:
        """Whether it is not computed yet."""
        return self._known is None

    def d(self, coordinate: str, order: int = 1) -> Quantity:
        """Its derivative by a coordinate, of any order."""
        read_order(coordinate, order)
        if self._further is not None:
            return self._further(coordinate, order)
        return self._call().derivative(self, coordinate, order)

    def laplacian(self) -> Quantity:
        """The sum of its second derivatives by all coordinates of space."""
        found: Quantity = total([self.d(name, 2) for name in _space_of(self._call())])
        return found

    def grad(self) -> Vector:
        """Its first derivatives by all coordinates of space."""
        return Vector(*(self.d(name) for name in _space_of(self._call())))

    @property
    def normal(self) -> Quantity:
        """Its derivative along the outward normal of a boundary."""
        found: Quantity = total([self.d(name) * part for name, part in normals_of(self._call()).items()])
        return found

    def _call(self) -> Evaluation:
        if self._evaluation is None:
            raise ArgumentError("derivatives of expressions are taken in equations and conditions, and only there")
        return self._evaluation

    def __getattr__(self, name: str) -> Any:
        evaluation = None if name[0] == "_" else self._evaluation
        if evaluation is not None and name.strip("".join(evaluation.coordinates)) == "":
            raise ArgumentError(
                f"`.{name}` of an expression: only unknowns have derivatives as attributes. Write (...).d({name[0]!r}) "
                f"for that of an expression, and the whole derivative at once for an unknown, as in u.{name[0] * 2}"
            )
        raise AttributeError(f"an expression has no attribute {name!r}")

    def __bool__(self) -> bool:
        raise ArgumentTypeError(
            "`if`, `and`, `max` and `min` ask for one truth, and an equation is for all points at once: write "
            "ops.where(u > 0, a, b), ops.maximum(u, 0.0), (a > 0) & (b > 0)"
        )

    def __float__(self) -> float:
        raise ArgumentTypeError(
            "functions of `math`, and `float`, take one number, and an equation is for all points at once: write "
            "dualtape.ops.sin(p.x), or numpy.sin(p.x)"
        )


def known_quantity(
    tensor: dt.Tensor, evaluation: Evaluation | None, further: Callable[[str, int], Quantity] | None = None
) -> Quantity:
    """A quantity that is a tensor already."""
    found = Quantity(lambda: tensor, evaluation, further)
    found.__dualtape_tensor__()
    return found


def _carried(name: str) -> Callable[..., Any]:
    """An operator of tensors, whose result is an expression again."""
    of_tensors = getattr(dt.Tensor, name)

    def operator(self: Quantity, *others: Any) -> Any:
        if any(isinstance(other, Vector) for other in others):
            return NotImplemented
        if any(isinstance(x, Quantity) and x.is_pending for x in (self, *others)):
            # Not yet, so that the derivatives of several expressions can be taken together.
            return Quantity(lambda: of_tensors(self, *others), self._evaluation)
        found = of_tensors(self, *others)
        return found if found is NotImplemented else known_quantity(found, self._evaluation)

    operator.__name__ = name
    return operator


for _operator in ("add", "sub", "mul", "truediv", "pow"):
    setattr(Quantity, f"__{_operator}__", _carried(f"__{_operator}__"))
    setattr(Quantity, f"__r{_operator}__", _carried(f"__r{_operator}__"))
for _operator in ("neg", "abs", "lt", "le", "gt", "ge"):
    setattr(Quantity, f"__{_operator}__", _carried(f"__{_operator}__"))


class Vector:
    """A vector at each point, by its components along the coordinates of space.

    Examples
    --------
    >>> from dualtape import pinn
    >>> domain = pinn.Rectangle(x=(0, 1), y=(0, 1))
    >>> pinn.Problem(domain, lambda u, v, p: pinn.Vector(u, v).div() + pinn.Vector(u, v).curl())
    Problem(domain=Rectangle(x=(0, 1), y=(0, 1)), unknowns=('u', 'v'), conditions=[])
    """

    def __init__(self, *components: Any) -> None:
        if not components or not all(isinstance(component, dt.Tensor) for component in components):
            raise ArgumentTypeError("a Vector is made of unknowns and expressions, as in pinn.Vector(u, v)")
        self.components = components

    def div(self) -> Quantity:
        """Its divergence: the first component's derivative by the first coordinate, and so on, added up."""
        pairs = zip(self.components, self._space(len(self.components)), strict=True)
        found: Quantity = total([component.d(name) for component, name in pairs])
        return found

    def curl(self) -> Any:
        """Its curl: a :class:`Vector` in space, and in the plane the one component that is not 0."""
        space = self._space(len(self.components))
        if len(space) == 2:
            (u, v), (x, y) = self.components, space
            return v.d(x) - u.d(y)
        if len(space) != 3:
            raise ArgumentError(f"`curl` is of vectors in two or three dimensions; this one has {len(space)}")
        (u, v, w), (x, y, z) = self.components, space
        return Vector(w.d(y) - v.d(z), u.d(z) - w.d(x), v.d(x) - u.d(y))

    def laplacian(self) -> Vector:
        """That of each component."""
        return Vector(*(component.laplacian() for component in self.components))

    def dot(self, other: Vector) -> Any:
        """The sum of the products of components; with ``u.grad()`` it is the derivative along this vector."""
        if len(other.components) != len(self.components):
            raise ArgumentError(f"`dot` of vectors of {len(self.components)} and {len(other.components)} components")
        return total([a * b for a, b in zip(self.components, other.components, strict=True)])

    @property
    def normal(self) -> Any:
        """Its component along the outward normal of a boundary: a flux through it."""
        call = self._call()
        normals = normals_of(call)
        pairs = zip(self.components, self._space(len(self.components)), strict=True)
        return total([component * normals[name] for component, name in pairs if name in normals])

    def __mul__(self, factor: Any) -> Vector:
        return Vector(*(component * factor for component in self.components))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Vector:
        return Vector(*(component / divisor for component in self.components))

    def __add__(self, other: Vector) -> Vector:
        return Vector(*(a + b for a, b in zip(self.components, other.components, strict=True)))

    def __sub__(self, other: Vector) -> Vector:
        return Vector(*(a - b for a, b in zip(self.components, other.components, strict=True)))

    def __neg__(self) -> Vector:
        return Vector(*(-component for component in self.components))

    def __getitem__(self, i: int) -> Any:
        return self.components[i]

    def __len__(self) -> int:
        return len(self.components)

    def _call(self) -> Evaluation:
        for component in self.components:
            if isinstance(component, Quantity):
                return component._call()
        raise ArgumentError("a Vector of constants has no derivatives")

    def _space(self, number: int) -> tuple[str, ...]:
        space = self._call().space
        if number != len(space):
            raise ArgumentError(f"a Vector of {number} components, where space has {len(space)}: {', '.join(space)}")
        return space


def normals_of(evaluation: Evaluation) -> dict[str, dt.Tensor]:
    """The components of outward normals, which there are on a boundary only."""
    if not evaluation.normals:
        raise ArgumentError("`.normal` is the derivative along a boundary's normal, and these points have no normals")
    return evaluation.normals


def _space_of(evaluation: Evaluation) -> tuple[str, ...]:
    """The coordinates of space, of which there must be one."""
    if not evaluation.space:
        raise ArgumentError("`laplacian` and `grad` are over the coordinates of space, and there is none but time")
    return evaluation.space


def total(terms: list[Any]) -> Any:
    """Their sum, from left to right."""
    found = terms[0]
    for term in terms[1:]:
        found = found + term
    return found


def read_order(coordinate: object, order: object) -> None:
    """Refuse what is no coordinate's name, or no order."""
    if not isinstance(coordinate, str):
        raise ArgumentTypeError(f"`d` takes the name of a coordinate, as in u.d('x', 2); got {coordinate!r}")
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ArgumentError(f"the order of a derivative must be 1 or more, got {order!r}")


def refuse_index(key: object, coordinate: str) -> NoReturn:
    """What ``p[:, 0:1]`` should have been."""
    parts = key if isinstance(key, tuple) else (key,)
    raise ArgumentTypeError(
        f"`p[{', '.join(map(_spelled, parts))}]`: points are asked by name, write p.{coordinate}; "
        "all coordinates are p.points"
    )


def _spelled(key: object) -> str:
    """As it stands in brackets."""
    if not isinstance(key, slice):
        return repr(key)
    ends = ("" if x is None else repr(x) for x in (key.start, key.stop))
    return ":".join([*ends, repr(key.step)] if key.step is not None else ends)
