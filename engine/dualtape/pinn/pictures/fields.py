"""Pictures of a solution: unknowns along a line, in planes, in time; exact ones and errors where known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError
from dualtape.pinn.pictures.canvas import add_colour_bar, new_figure, save_figure
from dualtape.pinn.pictures.records import draw_losses
from dualtape.pinn.pictures.sections import grid_section, plane_section

if TYPE_CHECKING:
    from dualtape.pinn.domains import Domain
    from dualtape.pinn.solution import Solution

SLICES = 4
# Unknowns of a line share a picture as long as the largest of them are not further apart than this.
_SAME_SCALE = 20.0
# Planes that are longer than this stand below each other.
_LONG = 3.0


def draw_solution(
    solution: Solution, path: str | PathLike[str] | None, unknown: str | None, at: Mapping[str, float] | None
) -> Any:
    """The figure of :meth:`dualtape.pinn.Solution.plot`."""
    fixed = read_fixed(solution.problem.domain, at, 3)
    dimension = solution.problem.domain.dimension - len(fixed)
    drawn = [[number] for number in read_unknowns(solution, unknown)]
    if dimension == 1:
        drawn = _of_one_scale(solution, fixed, drawn)
    figure = new_figure(12, (7.6 if dimension == 3 else 6.4) * len(drawn))
    parts: Any = figure.subfigures(len(drawn), 1, squeeze=False)
    for numbers, part in zip(drawn, parts.ravel(), strict=True):
        if dimension == 1:
            _draw_curves(part, solution, numbers, fixed)
        else:
            {2: _draw_plane, 3: _draw_planes}[dimension](part, solution, numbers[0], fixed)
    error = "" if solution.problem.exact is None else ", {1} $L^2$ error {0:.1e}".format(*solution.measured())
    figure.suptitle(f"{len(solution.history)} steps in {solution.seconds:.0f} s{error}", fontsize=11)
    save_figure(figure, path)
    return figure


def read_fixed(domain: Domain, at: Mapping[str, float] | None, most: int) -> dict[str, float]:
    """Coordinates that are fixed, inside the domain, so that one to ``most`` are left."""
    fixed = dict(at or {})
    for name, value in fixed.items():
        if not domain.lower[domain.axis(name)] <= value <= domain.upper[domain.axis(name)]:
            raise ArgumentError(f"`at` of `plot` has {name}={value}, which lies outside {domain}")
    dimension = domain.dimension - len(fixed)
    if not 0 < dimension <= most:
        raise ArgumentError(
            f"`plot` draws problems of one to {('', 'one', 'two', 'three')[most]} coordinates; this one has {dimension}"
            + (", so fix others, as in at={'t': 1.0}" if dimension else " that `at` does not fix")
        )
    return fixed


def read_unknowns(solution: Solution, unknown: str | None) -> list[int]:
    """The numbers of the unknowns that are drawn."""
    unknowns = solution.problem.unknowns
    if unknown is not None and unknown not in unknowns:
        raise ArgumentError(f"`unknown` of `plot` is {unknown!r}; the unknowns are {', '.join(unknowns)}")
    return [*range(len(unknowns))] if unknown is None else [unknowns.index(unknown)]


def of_coordinates(solution: Solution) -> Callable[..., Any]:
    """The solution as a function of coordinates in their order."""
    return lambda *grid: solution(**dict(zip(solution.problem.domain.coordinates, grid, strict=True)))


def limits_around_zero(values: np.ndarray) -> tuple[float, float]:
    """Limits around zero, which the colour map shows white."""
    largest = float(np.nanmax(np.abs(values))) or 1.0
    return -largest, largest


def _at(fixed: Mapping[str, float]) -> str:
    return "".join(f", {name} = {value:g}" for name, value in fixed.items())


def _of_one_scale(solution: Solution, fixed: dict[str, float], drawn: list[list[int]]) -> list[list[int]]:
    """Unknowns along a line, those together that are of about one size."""
    section = grid_section(solution.problem.domain, fixed)
    sizes = {n: np.nanmax(np.abs(section.values(of_coordinates(solution), n))) for (n,) in drawn}
    rows: list[list[int]] = []
    for number, size in sizes.items():
        for row in rows:
            if size and 1 / _SAME_SCALE <= size / (sizes[row[0]] or math.inf) <= _SAME_SCALE:
                row.append(number)
                break
        else:
            rows.append([number])
    return rows


def _draw_curves(figure: Any, solution: Solution, numbers: list[int], fixed: dict[str, float]) -> None:
    """One coordinate: curves of unknowns, errors, losses."""
    problem, section = solution.problem, grid_section(solution.problem.domain, fixed)
    (along,) = section.free
    x, names = section.along(along), [problem.unknowns[number] for number in numbers]
    axes = figure.subplots(1, 2 if problem.exact is None else 3)
    for number, name in zip(numbers, names, strict=True):
        u = section.values(of_coordinates(solution), number)
        axes[0].plot(x, u, label=name)
        if problem.exact is not None:
            exact = section.values(problem.exact, number)
            axes[0].plot(x, exact, "k--", linewidth=1, label="exact" if number == numbers[-1] else None)
            error = np.abs(u - exact)
            # Where it passes through zero must not stretch the axis to nothing.
            axes[1].semilogy(x, np.maximum(error, max(np.nanmax(error) * 1e-6, 1e-16)), label=name)
            axes[1].set(title="absolute error", xlabel=along)
    axes[0].set(title=", ".join(names) + _at(fixed), xlabel=along)
    for each in axes[: 1 if problem.exact is None or len(numbers) == 1 else 2]:
        each.legend()
    draw_losses(axes[-1], solution.history)


def _draw_plane(figure: Any, solution: Solution, number: int, fixed: dict[str, float]) -> None:
    """Two coordinates: the planes of solution, exact solution and error; below, slices and losses."""
    problem = solution.problem
    name, plane = problem.unknowns[number], plane_section(problem.domain, fixed)
    u = plane.values(of_coordinates(solution), number)
    planes = [(name + _at(fixed), u, "RdBu_r", limits_around_zero(u))]
    if problem.exact is not None:
        exact = plane.values(problem.exact, number)
        error = np.abs(u - exact)
        planes.append(("exact", exact, "RdBu_r", limits_around_zero(u)))
        planes.append(("absolute error", error, "viridis", (0, np.nanmax(error))))
    across, up = (float(np.ptp(plane.along(x))) for x in plane.free)
    in_rows = plane.to_scale and across > _LONG * up
    above, below = figure.subfigures(2, 1, height_ratios=(1.6 if in_rows or len(planes) == 1 else 1, 1))
    shape = (len(planes), 1) if in_rows else (1, len(planes))
    several = above.subplots(*shape, squeeze=False).ravel()
    for axes, (title, values, colours, (low, high)) in zip(several, planes, strict=True):
        add_colour_bar(plane.paint(axes, values, cmap=colours, vmin=low, vmax=high), axes)
        axes.set(title=title)
        if in_rows and axes is not several[-1]:
            axes.set(xlabel="", xticklabels=[])
    *slices, losses = below.subplots(1, SLICES + 1, width_ratios=[*[1] * SLICES, 1.6])
    _draw_slices(slices, solution, number, fixed)
    draw_losses(losses, solution.history)


def _draw_slices(slices: list[Any], solution: Solution, number: int, fixed: dict[str, float]) -> None:
    """The unknown along the first coordinate at some values of the second."""
    problem, grid = solution.problem, grid_section(solution.problem.domain, fixed)
    first, second = grid.free
    a, b, u = grid.along(first), grid.along(second), grid.values(of_coordinates(solution), number)
    exact = None if problem.exact is None else grid.values(problem.exact, number)
    low, up = min(np.nanmin(u), 0.0), max(np.nanmax(u), 0.0)
    margin = 0.08 * (up - low or 1.0)
    # In time from the first moment to the last; in space away from the faces, where conditions hold.
    in_time = second == problem.domain.time
    part = np.linspace(0, 1, SLICES) if in_time else np.arange(1, SLICES + 1) / (SLICES + 1)
    for axes, j in zip(slices, np.rint(part * (u.shape[1] - 1)).astype(int), strict=True):
        axes.plot(a[:, j], u[:, j], label=problem.unknowns[number])
        if exact is not None:
            axes.plot(a[:, j], exact[:, j], "k--", linewidth=1, label="exact")
        axes.set(title=f"{second} = {b[0, j]:.3g}", xlabel=first, ylim=(low - margin, up + margin))
        if axes is not slices[0]:
            axes.set_yticklabels([])
    slices[0].legend(fontsize="small")


def _draw_planes(figure: Any, solution: Solution, number: int, fixed: dict[str, float]) -> None:
    """Three coordinates: planes at some times, or through the middle of space; below, their errors, and losses."""
    problem = solution.problem
    domain, name = problem.domain, problem.unknowns[number]
    planes = [plane_section(domain, cut) for cut in middle_planes(domain, fixed)]
    found = [plane.values(of_coordinates(solution), number) for plane in planes]
    exact = None if problem.exact is None else [plane.values(problem.exact, number) for plane in planes]
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1))
    _draw_row(above, planes, found, domain, name, "RdBu_r", limits_around_zero(np.concatenate([*map(np.ravel, found)])))
    if exact is None:
        draw_losses(below.subplots(), solution.history)
        return
    errors, losses = below.subfigures(1, 2, width_ratios=(len(planes), 1.2))
    wrong = [np.abs(u - e) for u, e in zip(found, exact, strict=True)]
    largest = max(float(np.nanmax(x)) for x in wrong)
    _draw_row(errors, planes, wrong, domain, "absolute error", "viridis", (0, largest))
    draw_losses(losses.subplots(), solution.history)


def middle_planes(domain: Domain, fixed: Mapping[str, float]) -> list[dict[str, float]]:
    """What else is fixed in each plane of three coordinates: some times, or the middle of each coordinate in turn."""
    if domain.time is not None and domain.time not in fixed:
        return [{**fixed, domain.time: float(t)} for t in np.linspace(*domain.bounds[domain.time], SLICES)]
    free = [name for name in domain.coordinates if name not in fixed]
    return [{**fixed, name: sum(domain.bounds[name]) / 2} for name in reversed(free)]


def _draw_row(
    figure: Any,
    planes: list[Any],
    values: list[np.ndarray],
    domain: Domain,
    title: str,
    colours: str,
    limits: tuple[float, float],
) -> None:
    image, several = None, figure.subplots(1, len(planes))
    for axes, plane, shown in zip(several, planes, values, strict=True):
        image = plane.paint(axes, shown, cmap=colours, vmin=limits[0], vmax=limits[1])
        held = {name: plane.along(name).ravel()[0] for name in domain.coordinates if name not in plane.free}
        axes.set(title=title + _at(held))
    figure.colorbar(image, ax=list(several))
