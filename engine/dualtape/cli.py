"""The command line: ``dualtape solve burgers``, ``dualtape mindspore program.py`` and ``dualtape devices``.

What takes long to import is imported by the command that needs it.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import dualtape as dt
from dualtape.errors import DualtapeError

app = typer.Typer(
    name="dualtape",
    help="Automatic differentiation for scientific computing, on OpenCL devices.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

INSTALL = """No OpenCL device was found; everything runs on the host. To add one, install a platform:
  Linux on x86-64   pip install pocl-binary-distribution
  Debian, Ubuntu    apt install pocl-opencl-icd
  a GPU             its vendor's driver, with OpenCL"""


# The problems that ``solve`` knows, and the element types to train in.
ProblemName = StrEnum("ProblemName", ["burgers", "poisson", "heat", "wave"])
Precision = StrEnum("Precision", ["float32", "float64"])


def main() -> None:
    """Run the command line; a failure is one line on stderr, and exit code 1."""
    try:
        app()
    except DualtapeError as failure:
        _fail(str(failure))
    except OSError as failure:
        _fail(f"{failure.strerror or failure}: {failure.filename}" if failure.filename else str(failure))


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


@app.command()
def devices() -> None:
    """List the devices: the host, and every OpenCL device."""
    from rich.console import Console
    from rich.table import Table

    table = Table("device", "platform", "version", "processor", "memory", "fp64", box=None, pad_edge=False)
    for device in dt.devices():
        info = device.info
        memory = f"{info.memory / 2**30:.1f} GiB" if info.memory else "?"
        float64 = "yes" if info.has_float64 else "no"
        table.add_row(device.name, info.platform, info.version, info.hardware, memory, float64)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    if len(dt.devices()) == 1:
        print(f"\n{INSTALL}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def mindspore(
    context: typer.Context,
    program: Annotated[Path, typer.Argument(help="A Python file that imports mindspore or luojianet_ms.")],
) -> None:
    """Run a program of MindSpore's or LuoJiaNET's as it is, with dualtape in the place of their library."""
    from dualtape.mindspore.runner import run_program

    if not program.is_file():
        raise typer.BadParameter(f"there is no file {str(program)!r}", param_hint="PROGRAM")
    run_program(str(program), context.args)


def _require_picture(path: Path) -> None:
    """Refuse, before hours of training, a picture that could not be written after them."""
    if not path.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {str(path.parent)!r}", param_hint="--output")
    if path.suffix.lower() not in (".png", ".pdf", ".svg", ".jpg", ".jpeg"):
        raise typer.BadParameter("the picture must end in .png, .pdf, .svg or .jpg", param_hint="--output")
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{str(path)!r} is not a file", param_hint="--output")
    if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
        raise typer.BadParameter(f"{str(path)!r} cannot be written", param_hint="--output")


@app.command()
def solve(
    problem: Annotated[ProblemName, typer.Argument(help="What to solve.", show_default=False)],
    steps: Annotated[int, typer.Option(min=0, help="Steps of Adam.")] = 200,
    curvature_steps: Annotated[
        int, typer.Option(min=0, help="Steps after them, at most, of SSBroyden, or of L-BFGS for a large network.")
    ] = 20_000,
    width: Annotated[int, typer.Option(min=1, help="Units of a hidden layer.")] = 20,
    depth: Annotated[int, typer.Option(min=1, help="Number of hidden layers.")] = 4,
    points: Annotated[int, typer.Option(min=1, help="Points inside the domain.")] = 2_500,
    device: Annotated[
        str | None, typer.Option(help="As `dualtape devices` names it.", show_default="opencl if there is one")
    ] = None,
    dtype: Annotated[Precision, typer.Option(help="Element type.")] = Precision.float64,
    seed: Annotated[int, typer.Option(min=0, help="Of network and points.")] = 0,
    output: Annotated[Path | None, typer.Option(help="The picture.", show_default="PROBLEM.png")] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="Where to save the run.", show_default="PROBLEM.safetensors")
    ] = None,
    no_checkpoint: Annotated[bool, typer.Option("--no-checkpoint", help="Save no run.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint, if it exists.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work: to see that it runs.")] = False,
    progress: Annotated[bool, typer.Option(help="Show how it goes.")] = True,
) -> None:
    """Train a network on a known problem; save a picture and a checkpoint; print the error.

    By all processes of `mpiexec -n 4 dualtape solve ...`, if it is started so.
    """
    from dualtape import nn, pinn

    comm = dt.parallel.world()
    dt.parallel.divide_cores(comm)
    ranks = dt.parallel.Ranks(comm)
    picture = output or Path(f"{problem}.png")
    if no_checkpoint and (checkpoint or resume):
        given = "--checkpoint" if checkpoint else "--resume"
        raise typer.BadParameter(f"goes together with no {given}", param_hint="--no-checkpoint")
    saved = None if no_checkpoint else checkpoint or Path(f"{problem}.safetensors")
    _require_picture(picture)
    if quick:
        steps, curvature_steps, points = steps // 10, curvature_steps // 10, max(points // 4, 1)
    task: pinn.Problem = getattr(pinn, problem.value)()
    chosen = device if device is not None else dt.parallel.own_device(comm).name
    with dt.device(chosen) as where:
        if ranks.is_first:
            print(f"{problem} on {where}" + (f", by {ranks.size} processes" if ranks.size > 1 else ""))
        network = nn.MLP(len(task.inputs), 1, width=width, depth=depth, dtype=getattr(dt, dtype), seed=seed)
        weights = sum(parameter.size for parameter in network.trainable_params())
        try:
            solution = pinn.solve(
                task,
                network,
                optimizer=pinn.default_schedule(weights, steps, curvature_steps),
                points=points,
                seed=seed,
                checkpoint=saved,
                resume=resume,
                progress=None if progress else False,
                comm=comm,
            )
        except KeyboardInterrupt as stop:
            _fail(f"{stop}; the checkpoint is in {saved}: go on from there with --resume" if saved else str(stop))
        if not ranks.is_first:
            return
        solution.plot(picture)
        error = solution.error()
    reference = "Cole-Hopf" if problem is ProblemName.burgers else "exact"
    print(f"relative L2 error against the {reference} solution: {error:.1e}")
    print(f"{solution.seconds:.0f} s; picture in {picture}" + (f", checkpoint in {saved}" if saved else ""))
