"""Pictures of ensembles: a mean with a band around it, or mean and spread as maps."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError

if TYPE_CHECKING:
    from dualtape.pinn.ensemble import Ensemble

_CURVE, _MAP = 257, (129, 129)


def draw_ensemble(
    ensemble: Ensemble,
    path: str | PathLike[str] | None,
    unknown: str | None,
    fixed: dict[str, float],
    deviations: float,
) -> Any:
    """The figure of :meth:`dualtape.pinn.Ensemble.plot`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    problem = ensemble.problem
    domain, unknowns = problem.domain, problem.unknowns
    for name in fixed:
        domain.axis(name)
    free = [name for name in domain.coordinates if name not in fixed]
    if not 0 < len(free) <= 2:
        raise ArgumentError(
            f"`plot` draws ensembles along one or two coordinates; {len(free)} are free. Fix others, as in "
            "at={'t': 1.0}"
        )
    if unknown is not None and unknown not in unknowns:
        raise ArgumentError(f"`unknown` of `plot` is {unknown!r}; the unknowns are {', '.join(unknowns)}")
    number = 0 if unknown is None else unknowns.index(unknown)
    figure = Figure(figsize=(7 if len(free) == 1 else 12, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    sizes = (_CURVE,) if len(free) == 1 else _MAP
    axes = np.meshgrid(*(np.linspace(*domain.bounds[n], k) for n, k in zip(free, sizes, strict=True)), indexing="ij")
    grid = np.stack([axes[free.index(n)] if n in free else np.full(sizes, fixed[n]) for n in domain.coordinates], -1)
    values = ensemble.values(grid)
    values = np.asarray(values[number] if isinstance(values, tuple) else values)
    values = np.where(domain.inside(grid), values, np.nan)
    mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    if len(free) == 1:
        _draw_band(figure.subplots(), axes[0], values, mean, deviations * spread, free[0])
    else:
        for axis, shown, title in zip(figure.subplots(1, 2), (mean, spread), ("mean", "spread"), strict=True):
            image = axis.pcolormesh(*axes, shown, shading="gouraud", cmap="RdBu_r" if title == "mean" else "viridis")
            figure.colorbar(image, ax=axis)
            axis.set(title=title, xlabel=free[0], ylabel=free[1])
    at = "".join(f", {name} = {value:g}" for name, value in fixed.items())
    figure.suptitle(f"{unknowns[number]}{at}: {len(ensemble)} members", fontsize=11)
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _draw_band(axis: Any, x: np.ndarray, values: np.ndarray, mean: np.ndarray, width: np.ndarray, name: str) -> None:
    axis.plot(x, values.T, color="0.7", linewidth=0.6)
    axis.fill_between(x, mean - width, mean + width, alpha=0.3, label="band")
    axis.plot(x, mean, label="mean")
    axis.set(xlabel=name)
    axis.legend()
