"""Where two regions meet, each with an unknown of its own."""

from __future__ import annotations

from typing import Any

from dualtape.pinn.condition import (
    Condition,
    Datum,
    Faces,
    condition_on,
    read_datum,
    read_faces,
    spelled_parts,
    unknown_of,
)
from dualtape.pinn.domains import Domain


def interface(
    first: str,
    second: str,
    on: Faces,
    *,
    region: Domain,
    conductivities: tuple[Datum, Datum] = (1.0, 1.0),
    jump: Datum = 0.0,
    flux_jump: Datum = 0.0,
    points: int = 100,
    weight: float | None = None,
) -> Condition:
    """Two unknowns and their fluxes are equal on a boundary between two regions.

    ``first - second = jump`` and ``k1 * d first/dn - k2 * d second/dn = flux_jump``, with the normal that points out of
    ``region``. Two residuals, the second of them in the units of a flux.

    Parameters
    ----------
    first, second
        Names of the unknowns.
    on
        Parts of the boundary of ``region``; see :func:`dualtape.pinn.dirichlet`.
    region
        One of the two regions.
    conductivities
        k1 and k2: numbers, Parameters, or functions of the points.
    jump, flux_jump
        By how much value and flux of the first exceed those of the second.
    points
        How many points on each part.
    weight
        Factor of these terms in the loss; see :func:`dualtape.pinn.initial`.

    Examples
    --------
    >>> from dualtape import pinn
    >>> left = pinn.Rectangle(x=(0, 1), y=(0, 1))
    >>> pinn.interface("u", "v", "x+", region=left, conductivities=(1.0, 10.0)).name
    'interface x+'
    """
    ks = [read_datum("interface", k) for k in conductivities]
    jumps = [read_datum("interface", value) for value in (jump, flux_jump)]
    faces = read_faces(on)

    def equation(*fields_and_points: Any) -> Any:
        p = fields_and_points[-1]
        u, v = (unknown_of(fields_and_points, of) for of in (first, second))
        fluxes = [unknown.normal * k(p) for unknown, k in zip((u, v), ks, strict=True)]
        return u - v - jumps[0](p), fluxes[0] - fluxes[1] - jumps[1](p)

    return condition_on(f"interface {spelled_parts(faces)}", equation, faces, points, weight, region, flux=True)
