"""Where the equations hold, and where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.pinn.pictures.canvas import add_colour_bar, new_figure, save_figure
from dualtape.pinn.pictures.fields import read_fixed
from dualtape.pinn.pictures.sections import Section, grid_section, plane_section

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution


def draw_residuals(solution: Solution, path: str | PathLike[str] | None, at: Mapping[str, float] | None) -> Any:
    """The figure of :meth:`dualtape.pinn.Solution.plot_residual`."""
    domain = solution.problem.domain
    fixed = read_fixed(domain, at, 2)
    section = (grid_section if domain.dimension - len(fixed) == 1 else plane_section)(domain, fixed)
    count = len(_several(solution.residual(domain.points_inside(1))))
    figure = new_figure(4.6 * count + 1, 4)
    for number, axes in enumerate(np.atleast_1d(figure.subplots(1, count))):
        values = np.abs(section.values(lambda *x: _several(solution.residual(np.stack(x, axis=-1))), number))
        _draw(axes, section, values)
        axes.set(title=f"|residual{f' {number + 1}' if count > 1 else ''}|")
    save_figure(figure, path)
    return figure


def _draw(axes: Any, section: Section, values: np.ndarray) -> None:
    from matplotlib.colors import LogNorm

    largest = float(np.nanmax(values)) or 1.0
    lowest = max(float(np.nanquantile(values, 0.01)), largest * 1e-6)
    if len(section.free) == 1:
        axes.semilogy(section.along(section.free[0]), np.maximum(values, lowest * 1e-2))
        axes.set(xlabel=section.free[0])
        return
    colours = {"cmap": "magma", "norm": LogNorm(lowest, largest if largest > lowest else lowest * 10)}
    add_colour_bar(section.paint(axes, np.maximum(values, lowest), **colours), axes)


def _several(values: Any) -> tuple[Any, ...]:
    return values if isinstance(values, tuple) else (values,)
