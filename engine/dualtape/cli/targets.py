"""Files that a command will write: refused before the work, if they could not be written after it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from dualtape.errors import ArgumentError


def require_target(path: Path | None, endings: Sequence[str], option: str) -> None:
    """Refuse a path that could not be written, in the words of the option that gave it."""
    from dualtape.pinn.pictures import check_target

    if path is None:
        return
    try:
        check_target(path, endings)
    except ArgumentError as failure:
        raise typer.BadParameter(str(failure), param_hint=option) from None
