"""Figures that are drawn without a window, and the files they are written to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from dualtape.errors import ArgumentError

PICTURES = (".png", ".pdf", ".svg", ".jpg", ".jpeg")


def new_figure(width: float, height: float) -> Any:
    """An empty figure, of inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def add_colour_bar(image: Any, axes: Any) -> None:
    """Right beside a picture and as high as it is, whatever room its aspect leaves free."""
    axes.figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.04, 1)))


def save_figure(figure: Any, path: str | PathLike[str] | None) -> None:
    """Write a figure, if there is a path; an error while it is drawn leaves an old picture as it is."""
    if path is None:
        return
    place = Path(path)
    place = place if place.suffix else place.with_name(f"{place.name}.png")  # as matplotlib has it
    picture = BytesIO()
    figure.savefig(picture, dpi=150, format=place.suffix[1:])
    place.write_bytes(picture.getvalue())


def as_png(figure: Any, dpi: int = 100) -> bytes:
    """A figure as the bytes of a PNG."""
    picture = BytesIO()
    figure.savefig(picture, dpi=dpi, format="png")
    return picture.getvalue()


def check_target(path: str | PathLike[str], endings: Sequence[str]) -> Path:
    """Refuse, before hours of work, a file that could not be written after them.

    Raises
    ------
    ArgumentError
        There is no such folder, the file cannot be written, or its name ends in nothing that is known.
    """
    place = Path(path)
    if not fspath(path):
        raise ArgumentError(f"the name of the file is empty; expected one that ends in {_listed(endings)}")
    if not place.absolute().parent.is_dir():
        raise ArgumentError(f"there is no folder {str(place.parent)!r} for {place.name!r}")
    if place.suffix.lower() not in endings:
        raise ArgumentError(f"{str(place)!r} must end in {_listed(endings)}")
    if place.exists() and not place.is_file():
        raise ArgumentError(f"{str(place)!r} is not a file")
    if not os.access(place if place.exists() else place.absolute().parent, os.W_OK):
        raise ArgumentError(f"{str(place)!r} cannot be written")
    return place


def _listed(endings: Sequence[str]) -> str:
    *some, last = endings
    return f"{', '.join(some)} or {last}" if some else last
