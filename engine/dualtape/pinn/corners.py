"""Values that two conditions give to one point, as where a boundary and the beginning of time meet, or to one part."""

from __future__ import annotations

import warnings
from itertools import combinations

import numpy as np

import dualtape as dt
from dualtape.pinn.condition import Condition
from dualtape.pinn.domains import Domain
from dualtape.pinn.fields import Points
from dualtape.pinn.problem import Problem

NEIGHBOURS = 64
"""Points of a part that are moved to where another part meets it."""


def warn_of_contradictions(problem: Problem) -> None:
    """Warn of a point where two conditions ask for different values: training can satisfy one of them at most."""
    conditions = (*problem.conditions, *problem.hard)
    given = [condition for condition in conditions if condition.datum is not None and not condition.region]
    for one, other in combinations(given, 2):
        if one.of == other.of and not (one.is_hard and other.is_hard):  # those are refused where they disagree
            _compare(problem.domain, one, other)


def _compare(domain: Domain, one: Condition, other: Condition) -> None:
    for points in _shared(domain, one, other):
        values = [_values(condition, domain, points) for condition in (one, other)]
        difference = np.abs(values[0] - values[1])
        worst = int(np.argmax(difference))
        if difference[worst] > 1e-6 * max(1.0, float(np.abs(values).max())):
            place = ", ".join(f"{name}={x:g}" for name, x in zip(domain.coordinates, points[worst], strict=True))
            warnings.warn(
                f"`{one.name}` and `{other.name}` contradict at ({place}): {values[0][worst]:g} and "
                f"{values[1][worst]:g}; the solution cannot have both values",
                RuntimeWarning,
                stacklevel=4,
            )
            return


def _shared(domain: Domain, one: Condition, other: Condition) -> list[np.ndarray]:
    """Points of parts that two conditions share, and those of one part, moved to the flat face that the other is."""
    common = [part for part in _parts(domain, one) if part in _parts(domain, other)]
    found = [domain.on_part(part, NEIGHBOURS, "sobol", (0,))[0] for part in common]
    for first, second in ((one, other), (other, one)):
        for part in _parts(domain, first):
            for face in _parts(domain, second):
                coordinate = face[:-1]
                if part == face or domain.parts[face] != (coordinate,) or part[:-1] == coordinate:
                    continue
                axis = domain.axis(coordinate)
                points = domain.on_part(part, NEIGHBOURS, "sobol", (0,))[0].copy()
                points[:, axis] = (domain.upper if face[-1] == "+" else domain.lower)[axis]
                inside = domain.inside(points)
                if inside.any():
                    found.append(points[inside])
    return found


def _parts(domain: Domain, condition: Condition) -> list[str]:
    """The parts of a condition that have names; of those that a function chooses, it is not known where they end."""
    return [part for on in condition.parts if isinstance(on, str) for part in domain.parts_of(on)]


def _values(condition: Condition, domain: Domain, points: np.ndarray) -> np.ndarray:
    assert condition.datum is not None
    with dt.device("host"):
        found = condition.datum(Points(domain.coordinates, dt.Tensor(points)))
    return np.broadcast_to(np.asarray(found, np.float64).ravel(), len(points))
