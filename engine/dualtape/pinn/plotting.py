"""Pictures of solutions, by matplotlib's Agg canvas alone: no global state, no window."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError

if TYPE_CHECKING:
    from dualtape.pinn.domains import Domain
    from dualtape.pinn.solution import Solution

RESOLUTION = (257, 129)
SLICES = 4


def draw_solution(
    solution: Solution, path: str | PathLike[str] | None, unknown: str | None, at: Mapping[str, float] | None
) -> Any:
    """The figure of :meth:`dualtape.pinn.Solution.plot`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    domain, fixed = solution.problem.domain, dict(at or {})
    for name, value in fixed.items():
        if not domain.lower[domain.axis(name)] <= value <= domain.upper[domain.axis(name)]:
            raise ArgumentError(f"`at` of `plot` has {name}={value}, which lies outside {domain}")
    dimension = domain.dimension - len(fixed)
    if not 0 < dimension <= 2:
        raise ArgumentError(
            f"`plot` draws problems of one or two coordinates; this one has {dimension}"
            + (", so fix others, as in at={'t': 1.0}" if dimension else " that `at` does not fix")
        )
    unknowns = solution.problem.unknowns
    if unknown is not None and unknown not in unknowns:
        raise ArgumentError(f"`unknown` of `plot` is {unknown!r}; the unknowns are {', '.join(unknowns)}")
    drawn = range(len(unknowns)) if unknown is None else [unknowns.index(unknown)]
    figure = Figure(figsize=(12, 6.4 * len(drawn)), layout="constrained")
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(len(drawn), 1, squeeze=False)
    for number, part in zip(drawn, parts.ravel(), strict=True):
        (_draw_curve if dimension == 1 else _draw_plane)(part, solution, number, fixed)
    error = "" if solution.problem.exact is None else ", {1} $L^2$ error {0:.1e}".format(*solution.measured())
    figure.suptitle(f"{len(solution.history)} steps in {solution.seconds:.0f} s{error}", fontsize=11)
    if path is not None:
        place = Path(path)
        place = place if place.suffix else place.with_name(f"{place.name}.png")  # as matplotlib has it
        picture = BytesIO()  # an error while it is drawn leaves an old picture as it is
        figure.savefig(picture, dpi=150, format=place.suffix[1:])
        place.write_bytes(picture.getvalue())
    return figure


def _values(values: Any, number: int) -> np.ndarray:
    return np.asarray(values[number] if isinstance(values, (tuple, list)) else values)


def _on_grid(domain: Domain, grid: Sequence[np.ndarray], function: Callable[..., Any], number: int) -> np.ndarray:
    """An unknown on the grid; NaN, which is not drawn, outside the domain."""
    inside = domain.inside(np.stack(grid, axis=-1))
    if not inside.any():
        sizes = " x ".join(map(str, inside.shape))
        raise ArgumentError(f"none of the {sizes} points that `plot` draws lie inside {type(domain).__name__}")
    if inside.all():
        return _values(function(*grid), number)
    values = np.full(inside.shape, np.nan)
    values[inside] = _values(function(*(axis[inside] for axis in grid)), number)
    return values


def _grid(domain: Domain, fixed: dict[str, float], sizes: Sequence[int]) -> tuple[list[str], list[np.ndarray]]:
    """The coordinates that are not fixed, and for every coordinate an array of shape ``sizes``."""
    free = [name for name in domain.coordinates if name not in fixed]
    axes = [np.linspace(*domain.bounds[name], n) for name, n in zip(free, sizes, strict=True)]
    grid = dict(zip(free, np.meshgrid(*axes, indexing="ij"), strict=True))
    return free, [grid[name] if name in grid else np.full(tuple(sizes), fixed[name]) for name in domain.coordinates]


def _named(solution: Solution) -> Callable[..., Any]:
    """The solution as a function of coordinates in their order."""
    return lambda *grid: solution(**dict(zip(solution.problem.domain.coordinates, grid, strict=True)))


def _at(fixed: dict[str, float]) -> str:
    return "".join(f", {name} = {value:g}" for name, value in fixed.items())


def _draw_curve(figure: Any, solution: Solution, number: int, fixed: dict[str, float]) -> None:
    """One coordinate: curves, error, losses."""
    problem = solution.problem
    domain, name = problem.domain, problem.unknowns[number]
    (along,), grid = _grid(domain, fixed, (1001,))
    x = grid[domain.axis(along)]
    u = _on_grid(domain, grid, _named(solution), number)
    axes = figure.subplots(1, 2 if problem.exact is None else 3)
    axes[0].plot(x, u, label=name)
    if problem.exact is not None:
        exact = _on_grid(domain, grid, problem.exact, number)
        axes[0].plot(x, exact, "k--", linewidth=1, label="exact")
        axes[1].semilogy(x, np.abs(u - exact) + 1e-300)
        axes[1].set(title="absolute error", xlabel=along)
        axes[1].set_ylim(bottom=max(np.nanmax(np.abs(u - exact)) * 1e-6, 1e-16))
    axes[0].set(title=name + _at(fixed), xlabel=along)
    axes[0].legend()
    _draw_losses(axes[-1], solution)


def _draw_plane(figure: Any, solution: Solution, number: int, fixed: dict[str, float]) -> None:
    """Two coordinates: the planes of solution, exact solution and error; below, slices and losses."""
    problem = solution.problem
    name, domain = problem.unknowns[number], problem.domain
    (first, second), grid = _grid(domain, fixed, RESOLUTION)
    a, b = grid[domain.axis(first)], grid[domain.axis(second)]
    u = _on_grid(domain, grid, _named(solution), number)
    exact = None if problem.exact is None else _on_grid(domain, grid, problem.exact, number)
    shading = "nearest" if np.isnan(u).any() else "gouraud"  # which would smear the edge of the domain
    above, below = figure.subfigures(2, 1, height_ratios=(1, 1))
    planes = [(name + _at(fixed), u, "RdBu_r", _symmetric(u))]
    if exact is not None:
        error = np.abs(u - exact)
        planes.append(("exact", exact, "RdBu_r", _symmetric(u)))
        planes.append(("absolute error", error, "viridis", (0, np.nanmax(error))))
    places = np.atleast_1d(above.subplots(1, len(planes)))
    for axes, (title, values, colours, (low, up)) in zip(places, planes, strict=True):
        # Time runs to the right, as in the literature.
        h, v, hn, vn = (b, a, second, first) if second == domain.time else (a, b, first, second)
        image = axes.pcolormesh(h, v, values, cmap=colours, vmin=low, vmax=up, shading=shading, rasterized=True)
        axes.set(title=title, xlabel=hn, ylabel=vn)
        above.colorbar(image, ax=axes)
    *slices, losses = below.subplots(1, SLICES + 1, width_ratios=[*[1] * SLICES, 1.6])
    _draw_slices(slices, name, (a, b), (first, second), second == domain.time, u, exact)
    _draw_losses(losses, solution)


def _draw_slices(
    slices: list[Any],
    name: str,
    plane: tuple[np.ndarray, np.ndarray],
    names: tuple[str, str],
    in_time: bool,
    u: np.ndarray,
    exact: np.ndarray | None,
) -> None:
    """The unknown along the first coordinate at some values of the second."""
    low, up = min(np.nanmin(u), 0.0), max(np.nanmax(u), 0.0)
    margin = 0.08 * (up - low or 1.0)
    (a, b), (first, second) = plane, names
    # In time from the first moment to the last; in space away from the faces, where conditions hold.
    part = np.linspace(0, 1, SLICES) if in_time else np.arange(1, SLICES + 1) / (SLICES + 1)
    for axes, j in zip(slices, np.rint(part * (u.shape[1] - 1)).astype(int), strict=True):
        axes.plot(a[:, j], u[:, j], label=name)
        if exact is not None:
            axes.plot(a[:, j], exact[:, j], "k--", linewidth=1, label="exact")
        axes.set(title=f"{second} = {b[0, j]:.3g}", xlabel=first, ylim=(low - margin, up + margin))
        if axes is not slices[0]:
            axes.set_yticklabels([])
    slices[0].legend(fontsize="small")


def _draw_losses(axes: Any, solution: Solution) -> None:
    history = solution.history
    axes.set(title="loss", xlabel="step")
    if not len(history):
        return
    steps = np.arange(1, len(history) + 1)
    axes.semilogy(steps, history.total, color="black", linewidth=1.2, label="total")
    if len(history.names) > 1:
        for name, values in zip(history.names, history.terms.T, strict=True):
            axes.semilogy(steps, np.maximum(values, 1e-300), linewidth=0.7, alpha=0.8, label=name)
        # A term that is satisfied exactly must not stretch the axis to nothing.
        axes.set_ylim(bottom=max(history.total.min() * 1e-3, 1e-30))
    for end in np.cumsum([steps for _, steps in history.stages])[:-1]:
        if 0 < end < len(history):
            axes.axvline(end, color="grey", linestyle=":", linewidth=1)
    axes.legend(fontsize="x-small", loc="upper right")


def _symmetric(values: np.ndarray) -> tuple[float, float]:
    """Limits around zero, which the colour map shows white."""
    largest = float(np.nanmax(np.abs(values))) or 1.0
    return -largest, largest
