"""What a solution shows of itself: pictures, films and pages."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution


class Shown:
    """The part of a :class:`dualtape.pinn.Solution` that draws; matplotlib is imported when it is asked."""

    def plot(
        self,
        path: str | PathLike[str] | None = None,
        unknown: str | None = None,
        at: Mapping[str, float] | None = None,
    ) -> Any:
        """Draw the solution, the exact one and the error where it is known, slices, and the losses.

        Of three coordinates, planes are drawn: at four times, or through the middle of space. Where a domain does not
        fill its box, it is triangulated, and holes are left out.

        Parameters
        ----------
        path
            Where to save the picture; its ending says the format, as in ``"burgers.png"``.
        unknown
            Which unknown, if there are several; all of them, one below the other, by default.
        at
            Values of coordinates that are fixed, as in ``{"t": 1.0}``.

        Returns
        -------
        matplotlib.figure.Figure
            The figure, for changes of your own.
        """
        from dualtape.pinn.pictures import draw_solution

        return draw_solution(self._shown(), path, unknown, at)

    def plot_residual(self, path: str | PathLike[str] | None = None, at: Mapping[str, float] | None = None) -> Any:
        """Draw what is left of each equation, on a line or a plane; see :meth:`plot`."""
        from dualtape.pinn.pictures import draw_residuals

        return draw_residuals(self._shown(), path, at)

    def animate(
        self,
        path: str | PathLike[str],
        unknown: str | None = None,
        at: Mapping[str, float] | None = None,
        frames: int = 60,
        seconds: float = 4.0,
    ) -> Path:
        """Write a film of an unknown, by default the first, from the beginning of time to its end.

        Parameters
        ----------
        path
            A ``.gif``, or an ``.mp4``, for which there must be the program ffmpeg.
        unknown, at
            As of :meth:`plot`; one or two coordinates beside time are left.
        frames, seconds
            How many pictures, and how long they take.

        Returns
        -------
        pathlib.Path
            The file.
        """
        from dualtape.pinn.pictures import animate_solution

        return animate_solution(self._shown(), path, unknown, at, frames, seconds)

    def report(self, path: str | PathLike[str], title: str = "") -> Path:
        """Write one self-contained page: errors, settings, curves, pictures and the environment.

        Parameters
        ----------
        path
            A file that ends in ``.html``; everything is in it, and nothing is loaded from elsewhere.
        title
            What the page calls the problem.

        Returns
        -------
        pathlib.Path
            The file.
        """
        from dualtape.pinn.report import write_report

        return write_report(self._shown(), path, title)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from dualtape.pinn.report import solution_as_html

        return solution_as_html(self._shown())

    def _shown(self) -> Solution:
        return cast("Solution", self)
