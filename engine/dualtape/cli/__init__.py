"""The command line: ``dualtape list``, ``solve``, ``report``, ``bench``, ``devices`` and ``mindspore``.

What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from typing import Annotated, NoReturn

import typer

import dualtape as dt
from dualtape.cli.listing import devices, show_problems
from dualtape.cli.measuring import bench
from dualtape.cli.reporting import report
from dualtape.cli.running import mindspore
from dualtape.cli.solving import solve
from dualtape.errors import DualtapeError

# What the shell reports of a program that SIGPIPE has ended.
_BROKEN_PIPE = 141
# So long another process waits before it ends with an error, lest the launcher end the first before that has told it.
_TOLD_AFTER = 1.0

app = typer.Typer(
    name="dualtape",
    help="Automatic differentiation for scientific computing, on OpenCL devices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; a failure is one line on stderr, and exit code 1.

    Of a job's processes the first alone prints, what is wrong with the arguments, too; how one fails, each tells.
    """
    try:
        try:
            with _silence() if dt.parallel.told_rank() else nullcontext():
                app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _end_unread()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # met while a command was printing: Typer has made 1 of it
            _end_unread()
        raise
    except (DualtapeError, KeyboardInterrupt) as failure:
        _fail(str(failure) or "stopped")
    except OSError as failure:
        _fail(f"{failure.strerror or failure}: {failure.filename}" if failure.filename else str(failure))


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing is printed, unless by a program of the user's."""
    if sys.argv[1:2] == ["mindspore"]:
        yield
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            yield
        except SystemExit as end:
            if end.code:
                time.sleep(_TOLD_AFTER)
            raise


def _end_unread() -> NoReturn:
    """Whoever read what is printed has enough, as in `dualtape list | head -1`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
    raise SystemExit(_BROKEN_PIPE) from None


def _fail(message: str) -> NoReturn:
    dt.parallel.fail(f"dualtape: {message}")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"dualtape {dt.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass


app.command("list")(show_problems)
app.command()(solve)
app.command()(report)
app.command()(bench)
app.command()(devices)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(mindspore)
