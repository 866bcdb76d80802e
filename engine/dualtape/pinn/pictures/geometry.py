"""A problem before it is solved: its domain, the parts of the boundary by colour, and points as training takes them."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.pictures.canvas import new_figure, save_figure

if TYPE_CHECKING:
    from dualtape.pinn.problem import Problem


def draw_problem(problem: Problem, path: str | PathLike[str] | None, points: int, sampler: str) -> Any:
    """The figure of :meth:`dualtape.pinn.Problem.plot`."""
    domain = problem.domain
    if domain.dimension > 3:
        raise ArgumentError(f"`plot` draws domains of one to three coordinates; this one has {domain.dimension}")
    figure = new_figure(7, 5.5)
    solid = domain.dimension == 3
    axes = figure.add_subplot(projection="3d") if solid else figure.subplots()
    _scatter(axes, domain.points_inside(points, sampler), "inside", color="0.75", s=4)
    for part in domain.whole:
        on, normals = domain.boundary(max(points // 10, 8), [part], sampler)
        dots = _scatter(axes, on, part, s=8)
        if domain.dimension == 2:
            span = 0.05 * float((domain.upper - domain.lower).max())
            some = slice(None, None, max(len(on) // 8, 1))
            axes.quiver(
                *on[some].T, *(span * normals[some]).T, color=dots.get_facecolor()[0], angles="xy", width=3e-3,
                scale_units="xy", scale=1,
            )  # fmt: skip
    for condition in problem.conditions:
        if not condition.name.startswith(("observations", "at points")):
            continue
        _scatter(axes, condition.sample(domain, sampler, (0,))["points"], condition.name, marker="x", color="black")
    axes.set(**dict(zip(("xlabel", "ylabel", "zlabel"), domain.coordinates, strict=False)))
    if domain.dimension == 1:
        axes.set_yticks([])
    elif domain.time is None:
        axes.set_aspect("equal")
    names = [condition.name for condition in (*problem.hard, *problem.conditions)]
    axes.set_title("\n".join(names[:6]) + (f"\nand {len(names) - 6} more" if len(names) > 6 else ""), fontsize=8)
    figure.legend(*axes.get_legend_handles_labels(), fontsize="small", loc="outside right upper")
    save_figure(figure, path)
    return figure


def _scatter(axes: Any, points: np.ndarray, label: str, **looks: Any) -> Any:
    columns = [*points.T, *[np.zeros(len(points))] * (2 - points.shape[1])]
    return axes.scatter(*columns, label=label, **looks)
