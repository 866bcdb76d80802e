"""``dualtape mindspore``: programs of another library as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def mindspore(
    context: typer.Context,
    program: Annotated[Path, typer.Argument(help="A Python file that imports mindspore or luojianet_ms.")],
) -> None:
    """Run a program of MindSpore's or LuoJiaNET's as it is, with dualtape in the place of their library."""
    from dualtape.mindspore.runner import run_program

    if not program.is_file():
        raise typer.BadParameter(f"there is no file {str(program)!r}", param_hint="PROGRAM")
    run_program(str(program), context.args)
