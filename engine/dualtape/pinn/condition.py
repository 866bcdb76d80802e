"""What a condition is: an equation, where it holds, and how its points are drawn; and how its arguments are read."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.domains import Domain, Predicate, Seed
from dualtape.pinn.fields import Field, Points
from dualtape.pinn.sampling import read_count

Datum = float | Callable[[Points], Any]
EquationRule = Callable[..., Any]
Arrays = dict[str, np.ndarray]
ChosenOn = tuple[str | Predicate, ...]
Faces = str | Predicate | Sequence[str | Predicate]
"""ChosenOn of a boundary: names, ``"boundary"`` for the whole of it, and functions such as ``lambda p: p.x < 0.1``."""
Sampling = Callable[[Domain, str, Seed], Arrays]


@dataclass(frozen=True)
class HardValues:
    """What an unknown is on faces, or with ``order`` 1 its first derivative in time, exactly."""

    faces: tuple[str, ...]
    datum: Callable[[Points], Any]
    of: str | None
    order: int = 0


class HardFormula(ABC):
    """``given(points) + factor(points) * network``: an unknown that has given values whatever the network is."""

    @abstractmethod
    def given(self, points: dt.Tensor) -> dt.Tensor:
        """A function that has the values, at points of shape (N, d): a column."""

    @abstractmethod
    def factor(self, points: dt.Tensor) -> dt.Tensor:
        """0 where values are given, and nowhere else: a column."""

    def __call__(self, points: dt.Tensor, output: dt.Tensor) -> dt.Tensor:
        """The unknown where the network gives ``output``, a column."""
        return self.given(points) + self.factor(points) * output


@dataclass(frozen=True)
class Condition:
    """An equation, the points at which it holds, and its weight in the loss.

    Build one with :func:`initial`, :func:`dirichlet`, :func:`neumann`, :func:`robin`, :func:`periodic`,
    :func:`boundary` or :func:`observations`.

    Attributes
    ----------
    name
        What losses and errors call it.
    equation
        ``(*unknowns, p) -> residual``, or a tuple of residuals; each of shape (N, 1).
    sample
        ``(domain, sampler, seed) -> arrays``: ``points`` and whatever else the equation finds in ``p``.
    weight
        Factor of its mean square in the loss; ``None`` lets :class:`Balanced` find it.
    paired
        Whether the second half of the points are partners of the first, so that a residual has N / 2 rows.
    parts
        The parts of the boundary on which it holds, if they are what it holds on.
    region
        The domain whose boundary that is, if it is not the problem's.
    rows
        How many rows a residual has, if not one for each point.
    datum, of
        The value that an unknown has there, and which one, if that is what the condition says.
    hard, period
        If it holds exactly, and is no term of the loss: the values, or the coordinate that is periodic.
    within
        Gives the condition in a window of the domain's time, if it holds at points that are given.
    initial_order
        Of an initial condition: 0 for values, 1 for velocities.
    points
        At how many points on each part of the boundary it holds.
    """

    name: str
    equation: EquationRule
    sample: Sampling
    weight: float | None = 1.0
    paired: bool = False
    parts: ChosenOn = ()
    region: Domain | None = None
    rows: int | None = None
    datum: Callable[[Points], Any] | None = None
    of: str | None = None
    hard: HardValues | None = None
    period: str | None = None
    initial_order: int | None = None
    points: int = 0
    within: Callable[[Domain], Condition] | None = None

    @property
    def is_hard(self) -> bool:
        """Whether it holds exactly."""
        return self.hard is not None or self.period is not None


def condition_on(
    name: str,
    equation: EquationRule,
    parts: ChosenOn,
    points: int,
    weight: float | None,
    region: Domain | None = None,
    flux: bool = False,
    hard: HardValues | None = None,
) -> Condition:
    """A condition at ``points`` points on each of some parts of the boundary, of the problem's domain or a region."""
    number = read_count("points", points)
    if region is not None and not isinstance(region, Domain):
        raise ArgumentTypeError(f"`region` must be a domain, got {type(region).__name__}")

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        around = region_of(domain, region, name)
        places, normals = around.boundary(number, parts, sampler, seed)
        if bare := [part for on in parts if flux for part in around.parts_of(on) if not around.parts[part]]:
            raise ArgumentError(
                f"`{name}` takes the derivative along normals, but `parts` of {type(around).__name__} gives "
                f"{bare[0]!r} no coordinates; expected those along which its normals have a component"
            )
        return {"points": places, "normal": normals}

    return Condition(name, equation, sample, read_factor(weight), parts=parts, region=region, hard=hard, points=number)


def region_of(domain: Domain, region: Domain | None, name: str) -> Domain:
    """The region, which must lie within the box of the domain, at times of the domain; the domain if there is none."""
    if region is None:
        return domain
    if region.coordinates != domain.coordinates:
        raise ArgumentError(
            f"`region` of `{name}` has the coordinates {', '.join(region.coordinates)}; the problem's domain has "
            f"{', '.join(domain.coordinates)}"
        )
    if domain.time is not None:
        axis = domain.axis(domain.time)
        begin, end = (max(x.lower[axis] for x in (domain, region)), min(x.upper[axis] for x in (domain, region)))
        if (begin, end) != (region.lower[axis], region.upper[axis]) and begin < end:
            region = region.during(float(begin), float(end))  # as in a window of time
    room = 1e-6 * (domain.upper - domain.lower)
    if (region.lower < domain.lower - room).any() or (region.upper > domain.upper + room).any():
        raise ArgumentError(f"the region of `{name}`, {region}, goes beyond the problem's domain, {domain}")
    return region


def unknown_of(fields_and_points: tuple[Any, ...], of: str | None) -> Field:
    """The unknown of this name among the arguments of an equation; without a name the only one."""
    fields: tuple[Field, ...] = fields_and_points[:-1]
    names = [u.name for u in fields]
    if of is None:
        if len(fields) > 1:
            raise ArgumentError(f"a condition must say with `of=` which unknown it is on: {', '.join(names)}")
        return fields[0]
    if of not in names:
        raise ArgumentError(f"`of` is {of!r}; the unknowns are {', '.join(names)}")
    return fields[names.index(of)]


def read_datum(condition: str, value: object) -> Callable[[Points], Any]:
    """A function of the points, which a number is, too."""
    if callable(value) and not isinstance(value, dt.Tensor):
        return value
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.integer, np.floating, dt.Parameter)):
        raise ArgumentTypeError(
            f"`value` of `{condition}` must be a number, a Parameter or a function of the points "
            f"such as `lambda p: p.x`, got {type(value).__name__}"
        )
    if not isinstance(value, dt.Parameter) and not math.isfinite(value):
        raise ArgumentError(f"`value` of `{condition}` must be finite, got {value}")
    return lambda p: value


def read_faces(on: object) -> ChosenOn:
    """A tuple of what chooses parts of a boundary."""
    faces = (on,) if isinstance(on, str) or callable(on) else tuple(on) if isinstance(on, Sequence) else None
    if not faces or not all(callable(face) or (isinstance(face, str) and len(face) > 1) for face in faces):
        raise ArgumentTypeError(
            f"`on` must name faces such as 'x-' or be a function such as `lambda p: p.x < 0.1`, or be a tuple of "
            f"these; got {on!r}"
        )
    if len(set(faces)) != len(faces):
        raise ArgumentError(f"`on` names a face twice: {faces}")
    return faces


def spelled_parts(parts: ChosenOn) -> str:
    """As in names of conditions."""
    return " ".join(part if isinstance(part, str) else "chosen" for part in parts)


def read_factor(weight: object) -> float | None:
    """A weight, or ``None`` for one that the training finds."""
    return None if weight is None else read_weight(weight)


def read_weight(weight: object) -> float:
    """A finite number that is not negative."""
    if isinstance(weight, bool) or not isinstance(weight, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"`weight` must be a number, got {type(weight).__name__}")
    if not math.isfinite(weight) or weight < 0:
        raise ArgumentError(f"`weight` must be finite and not negative, got {weight}")
    return float(weight)
