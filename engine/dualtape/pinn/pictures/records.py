"""Curves over the steps of a training: losses, and values that were tracked."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError, ShapeError
from dualtape.pinn.pictures.canvas import new_figure, save_figure

if TYPE_CHECKING:
    from dualtape.pinn.history import History
    from dualtape.pinn.watching import Track


def draw_losses(axes: Any, history: History) -> None:
    """The loss and its terms; a dotted line where a stage ends."""
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
    axes.locator_params(axis="x", nbins=4)  # more numbers of five digits run into each other
    axes.legend(fontsize="x-small", loc="upper right")


def draw_track(track: Track, path: str | PathLike[str] | None, wanted: Any) -> Any:
    """The figure of :meth:`dualtape.pinn.Track.plot`."""
    if not len(track.steps):
        raise ArgumentError(f"the Track {track.name!r} has no values yet; give it to `solve` as `watch`")
    columns = track.values.reshape(len(track.steps), -1)
    true = None if wanted is None else np.ravel(np.asarray(wanted, np.float64))
    if true is not None and true.size not in (1, columns.shape[1]):
        raise ShapeError(f"`wanted` of `plot` has {true.size} values; the Track has {columns.shape[1]}")
    figure = new_figure(7, 4)
    axes = figure.subplots()
    names = [name.strip() for name in track.name.split(",")]
    labels = names if len(names) == columns.shape[1] else [f"{track.name} {i + 1}" for i in range(columns.shape[1])]
    for i, values in enumerate(columns.T):
        (line,) = axes.plot(track.steps, values, label=labels[i] if columns.shape[1] > 1 else track.name)
        if true is not None and (i < true.size):
            axes.axhline(true[i], color=line.get_color(), linestyle="--", linewidth=1, label=f"wanted: {true[i]:g}")
    axes.set(xlabel="step", title=track.name)
    axes.legend(fontsize="small")
    save_figure(figure, path)
    return figure
