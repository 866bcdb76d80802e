"""A run as one self-contained page of HTML; and what notebooks show of problems and solutions."""

from __future__ import annotations

import platform
import sys
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from html import escape
from importlib.metadata import PackageNotFoundError, version
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import dualtape as dt
from dualtape.pinn.pictures import as_png, check_target

if TYPE_CHECKING:
    from dualtape.pinn.problem import Problem
    from dualtape.pinn.solution import Solution

REPORTS = (".html", ".htm")
Rows = Iterable[tuple[str, str]]

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #1c2330; background: #fff; margin: 0 auto;
  padding: 1rem 1.25rem 3rem; max-width: 64rem; }}
h1 {{ font-size: 1.6rem; margin: 1rem 0 0; }}
h2 {{ font-size: 1.15rem; margin: 2rem 0 .5rem; border-bottom: 1px solid #d9dee7; padding-bottom: .25rem; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid #eef1f5;
  overflow-wrap: anywhere; }}
th {{ font-weight: 600; white-space: nowrap; width: 11rem; overflow-wrap: break-word; }}
img {{ max-width: 100%; height: auto; }}
pre {{ overflow-x: auto; background: #f6f8fa; padding: .75rem; font-size: .85rem; }}
figure {{ margin: 1rem 0; }}
figcaption, .when {{ color: #5b6575; font-size: .9rem; }}
@media (max-width: 40rem) {{ th {{ width: auto; white-space: normal; }} }}
</style>
</head>
<body>
<h1>{title}</h1>
<p class="when">{when}</p>
{body}
</body>
</html>
"""


def write_report(solution: Solution, path: str | PathLike[str], title: str) -> Path:
    """The page of :meth:`dualtape.pinn.Solution.report`."""
    place = check_target(path, REPORTS)
    parts = [
        _section("Result", _table(_result(solution))),
        _section("Pictures", "".join(_pictures(solution))),
        _section("Problem", _table(_stated(solution.problem))),
        _section("Training", _table(_training(solution)) + f"<pre>{escape(str(solution.history))}</pre>"),
        _section("Environment", _table(_environment(solution))),
    ]
    when = datetime.now(UTC).strftime("%d %B %Y, %H:%M UTC")
    page = _PAGE.format(
        title=escape(title or "Solution"), when=f"dualtape {dt.__version__}, {when}", body="\n".join(parts)
    )
    place.write_text(page, encoding="utf-8")
    return place


def solution_as_html(solution: Solution) -> str:
    """What a notebook shows of a solution."""
    pictures = _picture(lambda: solution.plot(), "") if solution.problem.domain.dimension <= 3 else ""
    return f"<p><code>{escape(repr(solution))}</code></p>{_table(_result(solution))}{pictures}"


def problem_as_html(problem: Problem) -> str:
    """What a notebook shows of a problem."""
    pictures = _picture(lambda: problem.plot(), "") if problem.domain.dimension <= 3 else ""
    return f"{_table(_stated(problem))}{pictures}"


def _result(solution: Solution) -> Iterator[tuple[str, str]]:
    if solution.problem.exact is not None:
        for norm, name in (("l2", "L2"), ("max", "largest")):
            error, kind = solution.measured(norm=norm)
            yield f"{kind} error, {name}", f"{error:.3e}"
    if len(solution.history):
        yield "loss", f"{solution.history.last:.3e}"
    yield "steps", str(len(solution.history))
    yield "seconds", f"{solution.seconds:.1f}"
    for parameter in solution.parameters:
        yield parameter.name, np.array2string(np.asarray(parameter.value()), precision=6)


def _stated(problem: Problem) -> Iterator[tuple[str, str]]:
    yield "domain", repr(problem.domain)
    yield "unknowns", ", ".join(problem.unknowns)
    for name, conditions in (("conditions", problem.conditions), ("exact conditions", problem.hard)):
        if conditions:
            yield name, ", ".join(condition.name for condition in conditions)


def _training(solution: Solution) -> Iterator[tuple[str, str]]:
    parameters = solution.network.trainable_params()
    yield "network", type(solution.network).__name__
    yield "weights", f"{sum(parameter.size for parameter in parameters)}, {parameters[0].dtype}"
    yield from solution.settings.items()
    yield "stages", ", ".join(f"{name}: {steps} steps" for name, steps in solution.history.stages)


def _environment(solution: Solution) -> Iterator[tuple[str, str]]:
    device = solution.network.trainable_params()[0].device
    info = device.info
    yield "device", f"{device.name}: {info.hardware}, {info.platform}, {info.version}"
    yield "system", f"{platform.system()} {platform.release()}, {platform.machine()}"
    yield "Python", sys.version.split()[0]
    for package in ("dualtape", "numpy", "scipy", "pyopencl"):
        try:
            yield package, version(package)
        except PackageNotFoundError:
            continue


def _pictures(solution: Solution) -> Iterator[str]:
    dimension = solution.problem.domain.dimension
    if dimension <= 3:
        yield _picture(lambda: solution.plot(), "The solution, and the loss over the steps")
        yield _picture(lambda: solution.problem.plot(), "The domain, with points as training takes them")
    if dimension <= 2:
        yield _picture(lambda: solution.plot_residual(), "What is left of the equations")
    if dimension > 3:
        yield _picture(lambda: _losses(solution), "The loss over the steps")
    for track in solution.tracks:
        yield _picture(track.plot, f"{track.name} over the steps")


def _losses(solution: Solution) -> Any:
    from dualtape.pinn.pictures import draw_losses, new_figure

    figure = new_figure(7, 4)
    draw_losses(figure.subplots(), solution.history)
    return figure


def _picture(drawn: Callable[[], Any], caption: str) -> str:
    data = b64encode(as_png(drawn())).decode()
    named = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f'<figure><img alt="{escape(caption or "a picture")}" src="data:image/png;base64,{data}">{named}</figure>'


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{body}"


def _table(rows: Rows) -> str:
    lines = (f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table>{''.join(lines)}</table>"
