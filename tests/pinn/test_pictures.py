"""Pictures, films, logs and pages of problems and solutions."""

from __future__ import annotations

import csv
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event

import dualtape as dt
from dualtape import errors, nn, pinn
from dualtape.pinn.pictures.canvas import new_figure
from dualtape.pinn.pictures.sections import plane_section

SQUARE = pinn.Rectangle(x=(0, 1), y=(0, 1))
PLATE = SQUARE - pinn.Disk((0.5, 0.5), 0.25).named("hole")


def solved(problem: pinn.Problem, **options: Any) -> pinn.Solution:
    network = nn.MLP(len(problem.inputs), len(problem.unknowns), width=4, depth=1, dtype=dt.float64, seed=0)
    options = {"optimizer": pinn.Adam(3), "points": 20, "progress": False} | options
    return pinn.solve(problem, network, **options)


@pytest.fixture(scope="module")
def heated() -> pinn.Solution:
    """On a plate with a hole, in time; its solution is known."""
    with dt.device("host"):
        return solved(
            pinn.Problem(
                PLATE * pinn.Interval(t=(0, 1)),
                lambda u, p: u.t - u.laplacian(),
                [pinn.neumann(0.0, on="hole"), pinn.at((0.1, 0.1, 0.1), lambda u, p: u - 1)],
                exact=lambda x, y, t: x * y * t,
            )
        )


def area_of(section: Any) -> float:
    corners = np.stack([section.along(name) for name in section.free], axis=-1)[section.triangles]
    (a, b), (c, d) = (corners[:, 1] - corners[:, 0]).T, (corners[:, 2] - corners[:, 0]).T
    return float(np.abs(a * d - b * c).sum() / 2)


@pytest.mark.parametrize(
    ("domain", "fixed", "area"),
    [
        (PLATE, {}, PLATE.measure()),
        (pinn.Polygon([(0, 0), (1, 0), (1, -1), (-1, -1), (-1, 1), (0, 1)]), {}, 3.0),
        (pinn.Shell((0, 0), 0.5, 1.0), {}, np.pi * 0.75),
        (pinn.Ball((0, 0, 0), 1.0), {"z": 0.6}, np.pi * 0.64),
        (PLATE * pinn.Interval(t=(0, 1)), {"t": 0.3}, PLATE.measure()),
        (pinn.Disk((0, 0), 1.0) | pinn.Disk((5, 0), 1.0), {}, 2 * np.pi),
    ],
    ids=["hole", "corner", "ring", "ball", "in time", "apart"],
)
def test_triangles_cover_the_domain_and_leave_out_holes(
    domain: pinn.Domain, fixed: dict[str, float], area: float
) -> None:
    section = plane_section(domain, fixed)
    assert area_of(section) == pytest.approx(area, rel=2e-3)
    assert domain.inside(np.stack(section.coordinates, axis=-1)).all()


def test_a_domain_that_fills_its_box_is_a_grid() -> None:
    assert plane_section(SQUARE, {}).triangles is None


def test_lengths_in_space_are_equal_and_times_are_not() -> None:
    """Squares were drawn as rectangles."""
    for domain, aspect in ((SQUARE, 1.0), (pinn.Rectangle(x=(0, 1), t=(0, 1)), "auto")):
        axes = new_figure(4, 3).subplots()
        section = plane_section(domain, {})
        section.paint(axes, section.coordinates[0])
        assert axes.get_aspect() == aspect


def test_planes_of_three_coordinates(heated: pinn.Solution) -> None:
    titles = [axes.get_title() for axes in heated.plot().axes]
    assert {"u, t = 0", "u, t = 1", "absolute error, t = 1", "loss"} <= set(titles)
    solid = solved(pinn.Problem(pinn.Ball((0, 0, 0), 1.0), lambda u, p: u.laplacian() - 1))
    titles = [axes.get_title() for axes in solid.plot().axes]
    assert {"u, z = 0", "u, y = 0", "u, x = 0", "loss"} <= set(titles)


def test_problems_are_drawn_before_they_are_solved(heated: pinn.Solution, tmp_path: Path) -> None:
    for number, problem in enumerate([heated.problem, pinn.heat(), pinn.Problem(PLATE, lambda u, p: u.laplacian())]):
        figure = problem.plot(tmp_path / f"{number}.png", points=50)
        labels = figure.legends[0].get_texts()
        assert {"inside", *problem.domain.whole} <= {text.get_text() for text in labels}
    line = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x, [pinn.observations([[0.5]], [1.0])])
    assert "observations" in {text.get_text() for text in line.plot().legends[0].get_texts()}


def test_residuals_are_drawn_for_each_equation(heated: pinn.Solution) -> None:
    assert heated.plot_residual(at={"t": 0.5}).axes[0].get_title() == "|residual|"
    pair = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, v, p: (u.x - v, v.x + u))
    assert [axes.get_title() for axes in solved(pair).plot_residual().axes] == ["|residual 1|", "|residual 2|"]
    with pytest.raises(errors.ArgumentError, match="one to two coordinates; this one has 3"):
        heated.plot_residual()


def test_a_film_has_its_frames_and_its_length(heated: pinn.Solution, tmp_path: Path) -> None:
    film = heated.animate(tmp_path / "heat.gif", frames=4, seconds=2.0)
    with Image.open(film) as opened:
        assert opened.n_frames == 4
        lengths = []
        for frame in range(4):
            opened.seek(frame)
            lengths.append(opened.info["duration"])
    assert sum(lengths) == 2000
    line = heated.animate(tmp_path / "line.gif", at={"x": 0.1}, frames=2)
    assert line.exists()


def test_a_film_in_mp4_says_what_it_needs(
    heated: pinn.Solution, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(errors.MissingExtraError, match="apt install ffmpeg"):
        heated.animate(tmp_path / "heat.mp4")
    told = tmp_path / "ffmpeg"
    told.write_text(f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'wb').write(sys.stdin.buffer.read())\n")
    told.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(told))
    assert heated.animate(tmp_path / "heat.mp4", frames=2).stat().st_size == 2 * 600 * 400 * 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s, f: s.animate(f / "no" / "film.gif"), "there is no folder"),
        (lambda s, f: s.animate(f / "film.png"), "must end in .gif or .mp4"),
        (lambda s, f: s.animate(f / "film.gif", at={"t": 0.5}), "needs a problem in time"),
        (lambda s, f: s.animate(f / "film.gif", seconds=-1), "must be positive, got -1"),
        (lambda s, f: s.animate(f / "film.gif", frames=1), "`frames` must be 2 or more"),
        (lambda s, f: s.report(f / "no" / "run.html"), "there is no folder"),
        (lambda s, f: s.report(f / "run.pdf"), "must end in .html or .htm"),
        (lambda s, f: s.report(""), "the name of the file is empty"),
        (lambda s, f: pinn.CSVLog(f / "no" / "run.csv"), "there is no folder"),
        (lambda s, f: pinn.CSVLog(f / "run.txt"), "must end in .csv"),
        (lambda s, f: pinn.TensorBoardLog(f / "no" / "runs"), "there is no folder"),
        (lambda s, f: pinn.Track(lambda s: 0.0).plot(), "has no values yet"),
    ],
)
def test_what_cannot_be_written_is_refused(heated: pinn.Solution, call: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(errors.ArgumentError, match=re.escape(message)):
        call(heated, tmp_path)


def growth(**options: Any) -> pinn.Solution:
    rate = dt.Parameter(dt.Tensor([0.5], dt.float64), name="rate")
    problem = pinn.Problem(
        pinn.Interval(t=(0, 1)),
        lambda u, p: u.t - rate * u,
        [pinn.initial(1.0, hard=True), pinn.observations([[1.0]], [np.e])],
        exact=np.exp,
    )
    return solved(problem, optimizer=pinn.Adam(5), parameters=[rate], **options)


def test_a_report_that_could_not_be_written_is_refused_before_training(tmp_path: Path) -> None:
    seen: list[object] = []
    with pytest.raises(errors.ArgumentError, match="there is no folder"):
        growth(report=tmp_path / "no" / "run.html", watch=seen.append, watch_every=1)
    assert seen == []


def test_a_report_is_one_page_with_everything_in_it(tmp_path: Path) -> None:
    log = pinn.CSVLog(tmp_path / "run.csv", every=2)
    errors_seen = pinn.Track(lambda s: s.error(), every=2, name="error & more")
    solution = growth(report=tmp_path / "run.html", watch=[log, errors_seen])
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    for text in ("relative error, L2", "rate", "Adam(5)", "initial", "dualtape", "numpy", "error &amp; more"):
        assert text in page
    assert page.count("data:image/png;base64,") == 4
    assert re.findall(r"(?:src|href)=\"(?!data:)", page) == []
    rows = [*csv.DictReader((tmp_path / "run.csv").read_text(encoding="utf-8").splitlines())]
    assert [row["step"] for row in rows] == ["2", "4", "5"]
    assert float(rows[-1]["error"]) == solution.error()
    assert float(rows[-1]["loss"]) == solution.history.last
    assert float(rows[-1]["parameter/rate"]) == solution.parameters[0].asnumpy().item()
    assert solution.settings["seed"] == "0"


def test_events_for_tensorboard(tmp_path: Path) -> None:
    solution = growth(watch=pinn.TensorBoardLog(tmp_path / "events", every=5))
    (file,) = (tmp_path / "events").iterdir()
    written, found, at = file.read_bytes(), [], 0
    while at < len(written):  # the length, its checksum, the event, its checksum
        (length,) = struct.unpack_from("<Q", written, at)
        found.append(Event.FromString(written[at + 12 : at + 12 + length]))
        at += 16 + length
    scalars = {value.tag: value.simple_value for event in found for value in event.summary.value}
    assert scalars["loss"] == np.float32(solution.history.last)
    assert {event.step for event in found} == {0, 5}


def test_tensorboard_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX.event_file_writer", None)
    with pytest.raises(errors.MissingExtraError, match=r'pip install "dualtape\[tensorboard\]"'):
        pinn.TensorBoardLog(tmp_path / "events")


def test_parameters_over_the_steps(tmp_path: Path) -> None:
    a, b = (dt.Parameter(dt.Tensor([x]), name=name) for name, x in (("a", 1.0), ("b", 2.0)))
    track = pinn.Track([a, b])
    solution = growth(watch=track)
    figure = track.plot(tmp_path / "ab.png", wanted=[1.5, 2.5])
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["a", "wanted: 1.5", "b", "wanted: 2.5"]
    with pytest.raises(errors.ShapeError, match="3 values; the Track has 2"):
        track.plot(wanted=[1, 2, 3])
    assert solution.tracks == (track,)


def test_notebooks_show_problems_solutions_and_histories() -> None:
    solution = growth()
    assert "data:image/png" in solution._repr_html_()
    assert "Interval(t=(0, 1))" in solution.problem._repr_html_()
    assert solution.history._repr_html_().startswith("<pre>   step")


def test_drawing_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, dualtape.pinn; print([m for m in ('PIL', 'matplotlib', 'tensorboardX') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_error_on_a_line_fills_its_picture() -> None:
    """The axis went up to 1e3 for an error of 1e-12, as far above it as the error's zeros were below."""
    line = pinn.Problem(pinn.Interval(x=(0, 1)), lambda u, p: u.x, [pinn.dirichlet(0.0, on="x-", hard=True)])
    line.exact = np.zeros_like
    low, up = solved(line).plot().axes[1].get_ylim()
    assert up / low < 1e8


def test_unknowns_on_a_line_share_a_picture_if_their_sizes_are_alike() -> None:
    pair = pinn.Problem(
        pinn.Interval(t=(0, 1)),
        lambda u, v, w, p: (u.t, v.t, w.t),
        [pinn.initial(size, of=name, hard=True) for size, name in ((1.0, "u"), (3.0, "v"), (1e4, "w"))],
    )
    solution = solved(pair)
    assert [axes.get_title() for axes in solution.plot().axes] == ["u, v", "loss", "w", "loss"]
    assert [axes.get_title() for axes in solution.plot(unknown="v").axes] == ["v", "loss"]


def test_colour_bars_are_as_high_as_their_pictures() -> None:
    """Beside a long channel the bar was twice as high as the channel."""
    channel = pinn.Rectangle(x=(0, 22), y=(0, 4)) - pinn.Disk((2, 2), 0.5)
    known = pinn.Problem(channel, lambda u, p: u.laplacian(), exact=lambda x, y: x)
    figure = solved(known).plot()
    figure.canvas.draw()
    planes = [axes for axes in figure.axes if axes.get_title() in ("u", "exact", "absolute error")]
    assert len({round(axes.get_position().x0, 6) for axes in planes}) == 1  # below each other
    for axes in planes:
        (bar,) = axes.child_axes
        box, picture = (each.get_window_extent(figure.canvas.get_renderer()) for each in (bar, axes))
        assert abs(box.height - picture.height) < 1
        assert 0 < box.x0 - picture.x1 < 30
