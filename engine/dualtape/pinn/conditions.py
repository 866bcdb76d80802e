"""Conditions: what the solution must satisfy, and where; each is one term of the loss."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from dualtape.errors import ArgumentError, ArgumentTypeError
from dualtape.pinn.condition import (
    Arrays,
    ChosenOn,
    Condition,
    Datum,
    EquationRule,
    Faces,
    HardValues,
    condition_on,
    read_datum,
    read_faces,
    read_factor,
    spelled_parts,
    unknown_of,
)
from dualtape.pinn.domains import Domain, Seed
from dualtape.pinn.sampling import read_count

TIME = "t"


def initial(
    value: Datum,
    *,
    order: int = 0,
    of: str | None = None,
    points: int = 100,
    weight: float | None = None,
    hard: bool = False,
) -> Condition:
    """``u = value`` where time begins; ``order=1`` gives the initial velocity ``u.t = value`` instead.

    Time is the coordinate ``t``, or that of a :class:`dualtape.pinn.Time`.

    Parameters
    ----------
    value
        A number, or a function of the points, as in ``lambda p: -dt.ops.sin(pi * p.x)``.
    of
        Which unknown, by its name in the equation; needed only if there are several.
    points
        How many points.
    weight
        Factor of this term in the loss; by default it is found in the training, by :class:`dualtape.pinn.Balanced`.
    hard
        Let it hold exactly, by a formula around the network: it is no term of the loss then. Where it meets other hard
        conditions, the values must be the same.

    Examples
    --------
    >>> import dualtape as dt
    >>> from dualtape import pinn
    >>> still = [pinn.initial(lambda p: dt.ops.sin(p.x)), pinn.initial(0.0, order=1)]
    >>> [condition.name for condition in still]
    ['initial', 'initial t']
    """
    datum, times = read_datum("initial", value), read_count("order", order, lowest=0)

    def equation(*fields_and_points: Any) -> Any:
        u, p = unknown_of(fields_and_points, of), fields_and_points[-1]
        (time,) = p.normal_coordinates or (TIME,)
        return (u.by(*[time] * times) if times else u) - datum(p)

    if hard and times > 1:
        raise ArgumentError(f"`initial` of order {times} cannot be hard; expected order 0 or 1")
    exact = HardValues(("initial",), datum, of, times) if hard else None
    made = condition_on(f"initial {TIME * times}".rstrip(), equation, ("initial",), points, weight, hard=exact)
    return replace(made, datum=None if times else datum, of=of, initial_order=times)


def dirichlet(
    value: Datum,
    on: Faces,
    *,
    of: str | None = None,
    points: int = 100,
    weight: float | None = None,
    region: Domain | None = None,
    hard: bool = False,
) -> Condition:
    """``u = value`` on parts of the boundary; ``points`` on each. For the rest see :func:`initial`.

    Parameters
    ----------
    on
        Names of parts such as ``"x-"``; ``"boundary"``, the whole of it but where time begins and ends; a function
        that chooses points of it, as in ``lambda p: p.x < 0.1``, given points with arrays of shape (N,) for
        coordinates; or a tuple of these.
    region
        The domain whose boundary that is, if not the problem's: a part of it, or one within it.
    hard
        Let it hold exactly: on whole faces of a box, or on the whole boundary of another domain with a smooth distance.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.dirichlet(lambda p: p.t, on=("x-", "x+"), weight=10.0).name
    'dirichlet x- x+'
    """
    datum, faces = read_datum("dirichlet", value), read_faces(on)
    name = f"dirichlet {spelled_parts(faces)}"
    exact = HardValues(_whole_faces(name, faces, region), datum, of) if hard else None
    made = condition_on(
        name, lambda *args: unknown_of(args, of) - datum(args[-1]), faces, points, weight, region, hard=exact
    )
    return replace(made, datum=datum, of=of)


def _whole_faces(name: str, faces: ChosenOn, region: Domain | None) -> tuple[str, ...]:
    """The names of parts on which values can hold exactly."""
    named = tuple(face for face in faces if isinstance(face, str))
    if region is not None or len(named) < len(faces):
        raise ArgumentError(f"`{name}` is hard, which needs whole parts of the problem's boundary, by their names")
    return named


def neumann(
    value: Datum,
    on: Faces,
    *,
    of: str | None = None,
    points: int = 100,
    weight: float | None = None,
    region: Domain | None = None,
) -> Condition:
    """The outward normal derivative ``du/dn = value`` on faces; see :func:`dirichlet`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.neumann(0.0, on="y+").name
    'neumann y+'
    """
    return _flux("neumann", 0.0, 1.0, value, on, of, points, weight, region)


def robin(
    a: float,
    b: float,
    value: Datum,
    on: Faces,
    *,
    of: str | None = None,
    points: int = 100,
    weight: float | None = None,
    region: Domain | None = None,
) -> Condition:
    """``a * u + b * du/dn = value`` on faces, with the outward normal derivative; see :func:`dirichlet`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.robin(1.0, 0.5, lambda p: p.y, on="x+").name
    'robin x+'
    """
    return _flux("robin", a, b, value, on, of, points, weight, region)


def boundary(
    equation: EquationRule,
    on: Faces,
    *,
    points: int = 100,
    weight: float | None = None,
    name: str | None = None,
    region: Domain | None = None,
) -> Condition:
    """Any equation on parts of the boundary: ``lambda u, p: u.normal + u**4``; see :func:`dirichlet`.

    ``u.normal`` is the derivative along the outward normal; the normals themselves are in ``p.normal``.

    Examples
    --------
    >>> from dualtape import pinn
    >>> pinn.boundary(lambda u, p: u.normal + u**4, on="x-", name="radiation").name
    'radiation'
    """
    if not callable(equation):
        raise ArgumentTypeError(f"`equation` of `boundary` must be a function, got {type(equation).__name__}")
    faces = read_faces(on)
    return condition_on(name or f"boundary {spelled_parts(faces)}", equation, faces, points, weight, region)


def periodic(
    coordinate: str,
    *,
    derivatives: int = 1,
    of: str | None = None,
    points: int = 100,
    weight: float | None = None,
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
        unknowns = fields_and_points[:-1] if of is None else (unknown_of(fields_and_points, of),)
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
    return Condition(f"periodic {coordinate}", equation, sample, read_factor(weight), paired=True, period=period)


def _flux(
    name: str,
    a: float,
    b: float,
    value: Datum,
    on: Faces,
    of: str | None,
    points: int,
    weight: float | None,
    region: Domain | None,
) -> Condition:
    datum, faces = read_datum(name, value), read_faces(on)

    def equation(*fields_and_points: Any) -> Any:
        u, p = unknown_of(fields_and_points, of), fields_and_points[-1]
        flux = u.normal * b
        return (u * a + flux if a else flux) - datum(p)

    return condition_on(f"{name} {spelled_parts(faces)}", equation, faces, points, weight, region, flux=True)
