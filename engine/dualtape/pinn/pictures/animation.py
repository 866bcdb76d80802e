"""A solution in the course of time: a GIF by Pillow, or an MP4 by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from io import BytesIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dualtape.errors import ArgumentError, MissingExtraError
from dualtape.pinn.pictures.canvas import add_colour_bar, check_target, new_figure
from dualtape.pinn.pictures.fields import limits_around_zero, of_coordinates, read_fixed, read_unknowns
from dualtape.pinn.pictures.sections import Section, grid_section, plane_section
from dualtape.pinn.sampling import read_count

if TYPE_CHECKING:
    from dualtape.pinn.solution import Solution

_DPI = 100


def animate_solution(
    solution: Solution,
    path: str | PathLike[str],
    unknown: str | None,
    at: Mapping[str, float] | None,
    frames: int,
    seconds: float,
) -> Path:
    """The file of :meth:`dualtape.pinn.Solution.animate`."""
    place, count = check_target(path, (".gif", ".mp4")), read_count("frames", frames, 2)
    domain = solution.problem.domain
    time = domain.time
    if time is None or time in (at or {}):
        raise ArgumentError(f"`animate` needs a problem in time, and does not fix it; {domain} has none to run through")
    if not seconds > 0:
        raise ArgumentError(f"`seconds` of `animate` must be positive, got {seconds}")
    ffmpeg = shutil.which("ffmpeg")
    if place.suffix.lower() == ".mp4" and ffmpeg is None:
        raise MissingExtraError("an MP4 needs the program ffmpeg, as by `apt install ffmpeg`; a .gif needs nothing")
    fixed = read_fixed(domain, {**(at or {}), time: domain.bounds[time][0]}, 2)
    number = read_unknowns(solution, unknown)[0]
    times = [float(t) for t in np.linspace(*domain.bounds[time], count)]
    pictures = _pictures(solution, number, fixed, time, times)
    if place.suffix.lower() == ".gif":
        place.write_bytes(_gif(pictures, 1000 * seconds / count))
    else:
        _write_mp4(str(ffmpeg), place, pictures, count / seconds)
    return place


def _pictures(
    solution: Solution, number: int, fixed: Mapping[str, float], time: str, times: list[float]
) -> Iterator[np.ndarray]:
    """One picture after the other, of shape (height, width, 3)."""
    problem = solution.problem
    in_plane = problem.domain.dimension - len(fixed) == 2
    sections = [(plane_section if in_plane else grid_section)(problem.domain, {**fixed, time: t}) for t in times]
    found = [section.values(of_coordinates(solution), number) for section in sections]
    exact = None if problem.exact is None else [section.values(problem.exact, number) for section in sections]
    low, up = limits_around_zero(np.concatenate([*map(np.ravel, found)]))
    for i, section in enumerate(sections):
        figure = new_figure(6, 4)
        axes = figure.subplots()
        axes.set(title=f"{problem.unknowns[number]}, {time} = {times[i]:.3f}")
        if in_plane:
            add_colour_bar(section.paint(axes, found[i], cmap="RdBu_r", vmin=low, vmax=up), axes)
        else:
            _draw_curve(axes, section, found[i], None if exact is None else exact[i])
            axes.set(ylim=(1.08 * low, 1.08 * up))
        figure.set_dpi(_DPI)
        figure.canvas.draw()
        yield np.asarray(figure.canvas.buffer_rgba())[..., :3]


def _draw_curve(axes: Any, section: Section, u: np.ndarray, exact: np.ndarray | None) -> None:
    (along,) = section.free
    axes.plot(section.along(along), u, label="solution")
    if exact is not None:
        axes.plot(section.along(along), exact, "k--", linewidth=1, label="exact")
        axes.legend(loc="upper right")
    axes.set(xlabel=along)


def _gif(pictures: Iterator[np.ndarray], milliseconds: float) -> bytes:
    from PIL import Image

    first, *rest = [Image.fromarray(picture).quantize(128) for picture in pictures]
    written = BytesIO()
    first.save(written, format="GIF", save_all=True, append_images=rest, duration=max(round(milliseconds), 20), loop=0)
    return written.getvalue()


def _write_mp4(ffmpeg: str, place: Path, pictures: Iterator[np.ndarray], rate: float) -> None:
    """Frames as they are to ffmpeg's standard input."""
    shown = list(pictures)
    height, width = (n // 2 * 2 for n in shown[0].shape[:2])  # the format wants even numbers
    command = [ffmpeg, "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"]
    command += ["-r", f"{rate:g}", "-i", "-", "-pix_fmt", "yuv420p", str(place)]
    frames = b"".join(np.ascontiguousarray(picture[:height, :width]).tobytes() for picture in shown)
    made = subprocess.run(command, input=frames, capture_output=True, check=False)
    if made.returncode:
        raise ArgumentError(f"ffmpeg could not write {str(place)!r}: {made.stderr.decode(errors='replace').strip()}")
