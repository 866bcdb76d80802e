"""``dualtape report``: a page about a solution that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import dualtape as dt
from dualtape.cli.solving import SetOption
from dualtape.cli.targets import require_target
from dualtape.cli.tasks import read_settings, read_task


def report(
    solution: Annotated[Path, typer.Argument(help="What `dualtape solve --save` or `solution.save` wrote.")],
    problem: Annotated[
        str | None, typer.Argument(help="What was solved, as for `solve`: needed if conditions are exact.")
    ] = None,
    set: SetOption = None,
    output: Annotated[Path | None, typer.Option(help="The page.", show_default="SOLUTION.html")] = None,
) -> None:
    """Write one self-contained page about a solution: errors, curves, pictures, the environment."""
    from dualtape import pinn

    if not solution.is_file():
        raise typer.BadParameter(f"there is no file {str(solution)!r}", param_hint="SOLUTION")
    page = output or solution.with_suffix(".html")
    require_target(page, (".html", ".htm"), "--output")
    with dt.device("host"):
        task = None if problem is None else read_task(problem, read_settings(set or ()), {})
        found = pinn.load(solution, None if task is None else task.problem)
        found.report(page, solution.stem if task is None else task.title)
    print(f"page in {page}")
