"""Conditions: what the solution must satisfy, and where; each is one term of the loss."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

import dualtape as dt
from dualtape.errors import ArgumentError, ArgumentTypeError, ShapeError
from dualtape.pinn.domain import Domain, Seed
from dualtape.pinn.fields import Field, Points
from dualtape.pinn.sampling import read_count

TIME = "t"
Datum = float | Callable[[Points], Any]
EquationRule = Callable[..., Any]
Arrays = dict[str, np.ndarray]
Faces = str | Sequence[str]
Sampling = Callable[[Domain, str, Seed], Arrays]


@dataclass(frozen=True)
class HardValues:
    """What an unknown is on faces, or with ``order`` 1 its first derivative in time, exactly."""

    faces: tuple[str, ...]
    datum: Callable[[Points], Any]
    of: str | None
    order: int = 0


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
        Factor of its mean square in the loss.
    paired
        Whether the second half of the points are partners of the first, so that a residual has N / 2 rows.
    parts
        The named parts of the boundary on which it holds, if they are what it holds on.
    hard, period
        If it holds exactly, and is no term of the loss: the values, or the coordinate that is periodic.
    """

    name: str
    equation: EquationRule
    sample: Sampling
    weight: float = 1.0
    paired: bool = False
    parts: tuple[str, ...] = ()
    hard: HardValues | None = None
    period: str | None = None

    @property
    def is_hard(self) -> bool:
        """Whether it holds exactly."""
        return self.hard is not None or self.period is not None


def initial(
    value: Datum,
    *,
    order: int = 0,
    of: str | None = None,
    points: int = 100,
    weight: float = 1.0,
    hard: bool = False,
) -> Condition:
    """``u = value`` where time begins; ``order=1`` gives the initial velocity ``u.t = value`` instead.

    Parameters
    ----------
    value
        A number, or a function of the points, as in ``lambda p: -dt.ops.sin(pi * p.x)``.
    of
        Which unknown, by its name in the equation; needed only if there are several.
    points
        How many points.
    weight
        Factor of this term in the loss.
    hard
        Let it hold exactly, in a box, by a formula around the network: it is no term of the loss then. Where faces
        meet, the values must be those of other hard conditions.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> still = [pinn.initial(lambda p: dt.ops.sin(p.x)), pinn.initial(0.0, order=1)]
    >>> [condition.name for condition in still]
    ['initial', 'initial t']
    """
    datum, times = _read_datum("initial", value), read_count("order", order, lowest=0)

    def equation(*fields_and_points: Any) -> Any:
        u, p = _unknown(fields_and_points, of), fields_and_points[-1]
        return (u.by(TIME * times) if times else u) - datum(p)

    if hard and times > 1:
        raise ArgumentError(f"`initial` of order {times} cannot be hard; expected order 0 or 1")
    faces = (TIME + "-",)
    exact = HardValues(faces, datum, of, times) if hard else None
    return _on_parts(f"initial {TIME * times}".rstrip(), equation, faces, points, weight, hard=exact)


def dirichlet(
    value: Datum,
    on: Faces,
    *,
    of: str | None = None,
    points: int = 100,
    weight: float = 1.0,
    hard: bool = False,
) -> Condition:
    """``u = value`` on faces such as ``"x-"``; ``points`` on each. For the rest see :func:`initial`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.dirichlet(lambda p: p.t, on=("x-", "x+"), weight=10.0).name
    'dirichlet x- x+'
    """
    datum, faces = _read_datum("dirichlet", value), _read_faces(on)
    name = f"dirichlet {' '.join(faces)}"
    exact = HardValues(faces, datum, of) if hard else None
    return _on_parts(name, lambda *args: _unknown(args, of) - datum(args[-1]), faces, points, weight, hard=exact)


def neumann(value: Datum, on: Faces, *, of: str | None = None, points: int = 100, weight: float = 1.0) -> Condition:
    """The outward normal derivative ``du/dn = value`` on faces; see :func:`dirichlet`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.neumann(0.0, on="y+").name
    'neumann y+'
    """
    return _flux("neumann", 0.0, 1.0, value, on, of, points, weight)


def robin(
    a: float, b: float, value: Datum, on: Faces, *, of: str | None = None, points: int = 100, weight: float = 1.0
) -> Condition:
    """``a * u + b * du/dn = value`` on faces, with the outward normal derivative; see :func:`dirichlet`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.robin(1.0, 0.5, lambda p: p.y, on="x+").name
    'robin x+'
    """
    return _flux("robin", a, b, value, on, of, points, weight)


def boundary(
    equation: EquationRule, on: Faces, *, points: int = 100, weight: float = 1.0, name: str | None = None
) -> Condition:
    """Any equation on faces: ``lambda u, p: u.x - u ** 4``; it finds the outward normals in ``p.normal``.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.boundary(lambda u, p: u.x - u**4, on="x-", name="radiation").name
    'radiation'
    """
    if not callable(equation):
        raise ArgumentTypeError(f"`equation` of `boundary` must be a function, got {type(equation).__name__}")
    faces = _read_faces(on)
    return _on_parts(name or f"boundary {' '.join(faces)}", equation, faces, points, weight)


def periodic(
    coordinate: str,
    *,
    derivatives: int = 1,
    of: str | None = None,
    points: int = 100,
    weight: float = 1.0,
    hard: bool = False,
) -> Condition:
    """Equal values, and normal derivatives up to an order, on two opposite faces; of all unknowns without ``of``.

    With ``hard`` all unknowns and all their derivatives are periodic, exactly: the network is given the cosine and sine
    of an angle in place of the coordinate, one input more; ``problem.inputs`` names all of them. Other hard conditions
    must be periodic then, too.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.periodic("x", derivatives=1).name
    'periodic x'
    """
    number, orders = read_count("points", points), range(read_count("derivatives", derivatives, lowest=0) + 1)

    def equation(*fields_and_points: Any) -> Any:
        unknowns = fields_and_points[:-1] if of is None else (_unknown(fields_and_points, of),)
        both = [u.by(coordinate * order) if order else u for u in unknowns for order in orders]
        half = both[0].shape[0] // 2
        return tuple(x[:half] - x[half:] for x in both)

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        points, _ = domain.boundary(number, [coordinate + "-"], sampler, seed)
        partners = points.copy()
        partners[:, domain.axis(coordinate)] = domain.upper[domain.axis(coordinate)]
        return {"points": np.concatenate([points, partners])}

    if hard and of is not None:
        raise ArgumentError("`periodic` is hard for all unknowns together; give no `of`")
    period = coordinate if hard else None
    return Condition(f"periodic {coordinate}", equation, sample, read_weight(weight), paired=True, period=period)


def observations(points: Any, values: Any, *, of: str | None = None, weight: float = 1.0) -> Condition:
    """``u`` has the observed ``values``, of shape (N,) or (N, 1), at ``points`` of shape (N, d).

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.observations([[0.0, 0.5], [1.0, 0.5]], [0.1, 0.2]).name
    'observations'
    """
    places, observed = np.array(points, np.float64), np.array(values, np.float64)
    if places.ndim != 2 or not places.size:
        raise ShapeError(f"`points` of `observations` must have shape (N, d) with N > 0, got {places.shape}")
    if observed.shape not in ((len(places),), (len(places), 1)):
        raise ShapeError(
            f"`values` of `observations` must have shape ({len(places)},) as there are {len(places)} points, "
            f"got {observed.shape}"
        )
    if not (np.isfinite(places).all() and np.isfinite(observed).all()):
        raise ArgumentError("`points` and `values` of `observations` must be finite; got infinities or NaNs")

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        if places.shape[1] != domain.dimension:
            raise ShapeError(
                f"`points` of `observations` has {places.shape[1]} coordinates; "
                f"the domain has {domain.dimension}: {', '.join(domain.coordinates)}"
            )
        return {"points": places, "values": observed.reshape(-1, 1)}

    return Condition("observations", lambda *args: _unknown(args, of) - args[-1].values, sample, read_weight(weight))


def read_weight(weight: object) -> float:
    """A finite number that is not negative."""
    if isinstance(weight, bool) or not isinstance(weight, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"`weight` must be a number, got {type(weight).__name__}")
    if not math.isfinite(weight) or weight < 0:
        raise ArgumentError(f"`weight` must be finite and not negative, got {weight}")
    return float(weight)


def _flux(
    name: str, a: float, b: float, value: Datum, on: Faces, of: str | None, points: int, weight: float
) -> Condition:
    datum, faces = _read_datum(name, value), _read_faces(on)

    def equation(*fields_and_points: Any) -> Any:
        u, p = _unknown(fields_and_points, of), fields_and_points[-1]
        fluxes = [b * p.normal_along(coordinate) * u.by(coordinate) for coordinate in p.normal_coordinates]
        return reduce(operator.add, [a * u, *fluxes] if a else fluxes) - datum(p)

    return _on_parts(f"{name} {' '.join(faces)}", equation, faces, points, weight, flux=True)


def _on_parts(
    name: str,
    equation: EquationRule,
    parts: tuple[str, ...],
    points: int,
    weight: float,
    flux: bool = False,
    hard: HardValues | None = None,
) -> Condition:
    number = read_count("points", points)

    def sample(domain: Domain, sampler: str, seed: Seed) -> Arrays:
        places, normals = domain.boundary(number, parts, sampler, seed)
        if bare := [part for part in parts if flux and not domain.parts[part]]:
            raise ArgumentError(
                f"`{name}` takes the derivative along normals, but `parts` of {type(domain).__name__} gives "
                f"{bare[0]!r} no coordinates; expected those along which its normals have a component"
            )
        return {"points": places, "normal": normals}

    return Condition(name, equation, sample, read_weight(weight), parts=parts, hard=hard)


def _unknown(fields_and_points: tuple[Any, ...], of: str | None) -> Field:
    fields: tuple[Field, ...] = fields_and_points[:-1]
    names = [u.name for u in fields]
    if of is None:
        if len(fields) > 1:
            raise ArgumentError(f"a condition must say with `of=` which unknown it is on: {', '.join(names)}")
        return fields[0]
    if of not in names:
        raise ArgumentError(f"`of` is {of!r}; the unknowns are {', '.join(names)}")
    return fields[names.index(of)]


def _read_datum(condition: str, value: object) -> Callable[[Points], Any]:
    if callable(value) and not isinstance(value, dt.Tensor):
        return value
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.integer, np.floating, dt.Parameter)):
        raise ArgumentTypeError(
            f"`value` of `{condition}` must be a number, a Parameter or a function of the points "
            f"such as `lambda p: p.x`, got {type(value).__name__}"
        )
    return lambda p: value


def _read_faces(on: object) -> tuple[str, ...]:
    faces = (on,) if isinstance(on, str) else tuple(on) if isinstance(on, Sequence) else None
    if not faces or not all(isinstance(face, str) and len(face) > 1 for face in faces):
        raise ArgumentTypeError(f"`on` must name faces such as 'x-', or be a tuple of such names; got {on!r}")
    if len(set(faces)) != len(faces):
        raise ArgumentError(f"`on` names a face twice: {faces}")
    return faces
